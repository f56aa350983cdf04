"""What a person gets who may not, or comes too late: over HTTP, as the pages say it."""

import time
from contextlib import ExitStack

import pytest


@pytest.fixture
def browser(demonstration, example):
    """Opens a browser without scripts for a person."""
    with ExitStack() as people:
        yield lambda name: people.enter_context(example.Browser(demonstration.web, name, demonstration.password))


@pytest.fixture
def review(browser, example) -> str:
    """The address of a new review that waits for the authority."""
    return example.describe(browser("weijian"), f"家庭医生签约信息（退回{time.monotonic_ns() % 10**9}）")


def approval(page):
    """The authority's approval on a case's page, filled in."""
    form = page.form(action="/approve/")
    for name, value in {"reviewer": "任向明", "conclusion": "passed", "reviewed_on": time.strftime("%Y-%m-%d")}.items():
        form.set(name, value)
    for field in form.fields:
        if field.name.startswith("grade_"):
            form.set(field.name, "2")
    form.set("reason", "同意发布，类型无误")
    return form


def test_decision_after_case_moved_on_is_refused_and_keeps_what_was_typed(browser, review):
    first, second = browser("shuju"), browser("shuju2")
    early, late = first.open(review), second.open(review)
    form = early.form(action="/return/")
    form.set("reason", "请核对摘要")
    assert early.send(form).said.startswith("已办理")

    answer = late.send(approval(late))
    assert answer.status == 409
    assert "舒知行" in answer.alerts, "who decided"
    assert "退回修改" in answer.alerts, "what was decided"
    assert "您的意见没有写入" in answer.alerts
    assert "cases.moved" in answer.alerts
    assert "同意发布，类型无误" in answer.answer.text, "what was typed is still there"
    history = second.open(review).answer.text.partition("办理记录")[2]
    assert "任向明" not in history, "nothing was written"


def test_decision_by_wrong_role_is_refused_with_the_role_it_needs(browser, review):
    form = approval(browser("shuju").open(review))
    for name, status in (("weijian", 403), ("jiaoti", 404)):  # who may see the case, and who may not
        person = browser(name)
        page = person.open("/")
        token = next(f for g in page.forms for f in g.fields if f.name == "csrfmiddlewaretoken")
        form.fields = [f for f in form.fields if f.name != token.name] + [token]
        answer = page.send(form)
        assert answer.status == status, answer.alerts
        assert "任向明" not in answer.facts.values()
    assert not [f for f in browser("weijian").open(review).forms if f.action.endswith("/approve/")]
    page = browser("shuju").open(review)
    assert page.form(action="/approve/"), "the case still waits"


def test_upload_to_resource_not_published_is_refused(browser, example):
    clerk = browser("weijian")
    draft = clerk.open("/catalogue/mine/", state="draft").link("预防接种单位名录").split("/")[-3]
    page = clerk.open("/collection/loads/new/")
    form = page.form("resource")
    field = next(f for f in form.fields if f.name == "resource")
    assert draft not in dict(field.options), "not offered"
    field.value = draft
    answer = page.send(form, file=("提前.csv", example.file_of_people()))
    assert answer.status == 422
    assert "已审核发布" in answer.alerts, answer.alerts
    assert "第七条" in answer.alerts, "with the article"
