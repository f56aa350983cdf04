"""Work list and case page through Django's test client."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from yishu.cases import actions
from yishu.cases.forms import DecisionForm
from yishu.cases.registry import Registered, _procedures

from .conftest import open_review

pytestmark = pytest.mark.django_db


class PlainHandler:
    """The smallest real handler: shows the reason field, decides through the engine."""

    def summary(self, case):
        return "pages/parts/empty_state.html", {}

    def form(self, case, outcome, data, person):
        return DecisionForm(case, outcome, data)

    def decide(self, *, case, outcome, form, seen_revision, by, at):
        return actions.act(
            case_id=case.pk,
            outcome=outcome,
            seen_revision=seen_revision,
            by=by,
            at=at,
            reason=form.cleaned_data["reason"],
        )


@pytest.fixture(autouse=True)
def plain_handler(monkeypatch):
    monkeypatch.setitem(_procedures, "catalogue.review", Registered(PlainHandler(), "目录"))


def client_of(person):
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def text_of(person, path="/", **query):
    answer = client_of(person).get(path, query)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode().split("<main", 1)[1]


def test_work_list_shows_what_waits_for_the_role_with_its_clock(county):
    case = open_review(county, at=timezone.now())
    text = text_of(county.reviewer)
    assert case.number in text and "主管审核" in text and "截止" in text and "第十条" in text
    assert case.number in text_of(county.second_reviewer)
    assert case.number not in text_of(county.clerk)
    assert "没有等您办理的办件" in text_of(county.clerk)


def test_work_list_tabs_show_opened_and_done(county):
    case = open_review(county, at=timezone.now())
    assert case.number in text_of(county.clerk, tab="mine")
    assert case.number not in text_of(county.user, tab="mine")
    actions.act(
        case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=timezone.now(), reason="补充"
    )
    assert case.number in text_of(county.clerk)
    actions.act(case_id=case.pk, outcome="withdraw", seen_revision=2, by=county.clerk, at=timezone.now())
    assert case.number in text_of(county.clerk, tab="done")
    assert case.number not in text_of(county.clerk, tab="mine")


def test_work_list_filters_overdue_department_and_text(county):
    now = timezone.now()
    late = open_review(county, title="逾期的资源", at=now - timedelta(days=60))
    fresh = open_review(county, title="新报的资源", at=now)
    overdue = text_of(county.reviewer, overdue="1")
    assert late.number in overdue and fresh.title not in overdue and "已逾期" in overdue
    assert late.title not in text_of(county.reviewer, q="新报")
    assert fresh.title in text_of(county.reviewer, department=str(county.provider.pk))
    assert "没有符合条件的办件" in text_of(county.reviewer, department="999999")
    assert "没有符合条件的办件" in text_of(county.reviewer, procedure="sharing.application")
    both = text_of(county.reviewer)
    assert both.index(late.title) < both.index(fresh.title)
    other = text_of(county.reviewer, sort="-due")
    assert other.index(fresh.title) < other.index(late.title)


@pytest.mark.parametrize("hostile", ["' or 1=1 --", "%", "\x00", "<script>alert(1)</script>", "9" * 400, "{{7*7}}"])
def test_work_list_with_hostile_query_answers_calmly(county, hostile):
    open_review(county)
    answer = client_of(county.reviewer).get(
        "/",
        {"q": hostile, "procedure": hostile, "department": hostile, "sort": hostile, "page": hostile, "tab": hostile},
    )
    assert answer.status_code == 200 and "<script>alert" not in answer.content.decode()


def test_auditor_reads_all_cases_but_decides_none(county):
    case = open_review(county)
    text = text_of(county.auditor, f"/cases/{case.pk}/")
    assert "办理记录" in text and "/approve/" not in text and "现在由" in text
    assert (
        client_of(county.auditor).post(f"/cases/{case.pk}/return/", {"revision": "1", "reason": "x"}).status_code == 403
    )
    case.refresh_from_db()
    assert case.revision == 1


@pytest.mark.parametrize("outcome", ["return", "approve"])
def test_decision_by_wrong_role_is_told_before_what_the_form_lacks(county, outcome):
    case = open_review(county)
    answer = client_of(county.clerk).post(f"/cases/{case.pk}/{outcome}/", {"revision": "1"})
    text = answer.content.decode()
    assert answer.status_code == 403 and "cases.wrong_role" in text and "政务服务和大数据管理局的数据主管办理" in text
    assert case.events.count() == 1


def test_case_of_others_is_not_found(county, elsewhere):
    case = open_review(county)
    for person in (county.user, elsewhere.reviewer, elsewhere.auditor):
        assert client_of(person).get(f"/cases/{case.pk}/").status_code == 404
        assert client_of(person).post(f"/cases/{case.pk}/return/", {"revision": "1"}).status_code == 404


def test_case_page_offers_allowed_outcomes_with_what_happens_next(county):
    case = open_review(county)
    text = text_of(county.reviewer, f"/cases/{case.pk}/")
    assert "办件办结：已发布" in text and "转入“提供部门修改”，由提供方经办办理" in text
    assert f"/cases/{case.pk}/approve/" in text and f"/cases/{case.pk}/resubmit/" not in text
    assert "摘要过于笼统" not in text or "常用理由" in text


def test_decision_without_reason_shows_the_form_again_with_the_article(county):
    case = open_review(county)
    answer = client_of(county.reviewer).post(f"/cases/{case.pk}/return/", {"revision": "1", "reason": " "})
    text = answer.content.decode()
    assert answer.status_code == 422 and "请写明理由" in text and "第八条第二款" in text


def test_decision_with_a_wording_takes_it_for_the_reason(county):
    case = open_review(county)
    wording = "信息项不完整，请补充标识项和数据类型、长度。"
    answer = client_of(county.reviewer).post(f"/cases/{case.pk}/return/", {"revision": "1", "wording": wording})
    assert answer.status_code == 302
    assert case.events.get(seq=2).reason == wording


@pytest.mark.parametrize("outcome", ["return", "approve"])
def test_decision_on_a_moved_case_is_told_in_the_page_and_keeps_the_text(county, outcome):
    case = open_review(county)
    actions.act(
        case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=timezone.now(), reason="先退"
    )
    answer = client_of(county.second_reviewer).post(
        f"/cases/{case.pk}/{outcome}/", {"revision": "1", "reason": "我的长篇意见"}
    )
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "林审核" in text and "退回修改" in text and "我的长篇意见" in text
    assert case.events.count() == 2


def test_decision_that_moved_back_to_the_same_step_is_still_refused(county):
    case = open_review(county)
    now = timezone.now()
    actions.act(case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=now, reason="先退")
    actions.act(case_id=case.pk, outcome="resubmit", seen_revision=2, by=county.clerk, at=now)
    answer = client_of(county.second_reviewer).post(f"/cases/{case.pk}/return/", {"revision": "1", "reason": "旧意见"})
    assert answer.status_code == 409 and "赵经办" in answer.content.decode() and "旧意见" in answer.content.decode()
    case.refresh_from_db()
    assert case.revision == 3


def test_decision_with_a_broken_revision_is_refused(county):
    case = open_review(county)
    for revision in ("", "x", "-1", "9" * 50):
        answer = client_of(county.reviewer).post(f"/cases/{case.pk}/return/", {"revision": revision, "reason": "理由"})
        assert answer.status_code == 409
    assert client_of(county.reviewer).post(f"/cases/{case.pk}/invented/", {"revision": "1"}).status_code == 404
    assert client_of(county.reviewer).get(f"/cases/{case.pk}/return/").status_code == 405


def test_case_line_shows_done_now_and_not_taken(county):
    case = open_review(county)
    now = timezone.now()
    actions.act(case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=now, reason="先退")
    actions.act(case_id=case.pk, outcome="withdraw", seen_revision=2, by=county.clerk, at=now)
    text = text_of(county.clerk, f"/cases/{case.pk}/")
    assert "y-step-done" in text and "y-step-aside" in text and "已撤回" in text and "用时" in text
    assert "已发布" in text and "y-step-now" not in text
