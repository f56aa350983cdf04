"""Catalogue pages through Django's test client."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from yishu.cases.models import Case
from yishu.catalogue import actions, queries, registry
from yishu.catalogue.models import Resource, Version
from yishu.catalogue.ports import PageAction, PagePanel

from .conftest import AT

pytestmark = pytest.mark.django_db


def client_of(person):
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


ITEM_NAMES = ("统一社会信用代码", "单位名称")


def form_data(do="save", rows=2, **changes):
    data = {
        "do": do,
        "revision": "0",
        "title": "食品经营许可证信息",
        "summary": "持证单位和有效期",
        "classification": "3-07",
        "category": "016",
        "subcategory": "",
        "unit": "",
        "source_kind": "system",
        "subject_kind": "legal_entity",
        "base_library": "",
        "format": "3:postgresql",
        "format_note": "",
        "update_cycle": "daily",
        "share_type": "unconditional",
        "share_condition": "",
        "share_scope": "",
        "share_basis": "",
        "use_purposes": ["administrative_basis"],
        "mode": "platform:interface",
        "related_codes": "",
        "duplicate_note": "",
        "items-TOTAL_FORMS": str(rows),
        "items-INITIAL_FORMS": "0",
        "items-0-name": ITEM_NAMES[0],
        "items-0-data_type": "C",
        "items-0-length": "18",
        "items-0-identifier": "uscc",
        "items-0-is_key": "on",
        "items-1-name": ITEM_NAMES[1],
        "items-1-data_type": "C",
        "items-1-codes": "",
    }
    return data | changes


def test_new_resource_saved_through_the_form_is_a_draft(county):
    client = client_of(county.market_clerk)
    page = client.get("/catalogue/new/")
    assert page.status_code == 200 and "编制信息资源" in page.content.decode()
    answer = client.post("/catalogue/new/", form_data())
    resource = Resource.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/catalogue/{resource.pk}/edit/"
    assert resource.use_purposes == ["administrative_basis"] and resource.format_type == "postgresql"
    assert [(i.name, i.identifier, i.is_key) for i in resource.items.all()] == [
        (ITEM_NAMES[0], "uscc", True),
        (ITEM_NAMES[1], "", False),
    ]
    assert ITEM_NAMES[0] in client.get(answer["Location"]).content.decode()


def test_story_from_form_to_published_resource_in_pages(county):
    clerk, reviewer = client_of(county.market_clerk), client_of(county.reviewer)
    answer = clerk.post("/catalogue/new/", form_data(do="submit"))
    case = Case.objects.get()
    assert answer["Location"] == f"/cases/{case.pk}/"
    assert "307016/000001" in clerk.get(answer["Location"]).content.decode()

    waiting = reviewer.get("/").content.decode()
    assert case.number in waiting and "截止" in waiting
    shown = reviewer.get(f"/cases/{case.pk}/").content.decode()
    assert "核定共享类型" in shown and "保密审查结论" in shown and ITEM_NAMES[1] in shown

    decision = {
        "revision": "1",
        "share_type": "unconditional",
        "grade_i0001": "2",
        "grade_i0002": "1",
        "reviewer": "郑保密",
        "conclusion": "",
        "reviewed_on": timezone.localdate().isoformat(),
    }
    refused = reviewer.post(f"/cases/{case.pk}/approve/", decision)
    text = refused.content.decode()
    assert refused.status_code == 422 and "保密审查" in text and "第三十条" in text and "郑保密" in text
    assert not Version.objects.exists()

    accepted = reviewer.post(f"/cases/{case.pk}/approve/", decision | {"conclusion": "passed"})
    assert accepted.status_code == 302
    spec = queries.published(code="307016/000001")
    page = clerk.get(f"/catalogue/{spec.id}/").content.decode()
    assert "林审核" in page and "保密审查" in page and "无条件共享" in page and "修改目录" in page
    assert "食品经营许可证信息" in clerk.get("/catalogue/?q=食品").content.decode()
    assert "食品经营许可证信息" in clerk.get("/catalogue/mine/").content.decode()


def test_submission_with_problems_saves_the_draft_and_links_each_field(county):
    client = client_of(county.market_clerk)
    answer = client.post(
        "/catalogue/new/", form_data(do="submit", source_kind="", summary="", **{"items-0-identifier": ""})
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#id_source_kind"' in text and 'href="#id_summary"' in text and 'href="#items"' in text
    assert "第二条第一款" in text and "第十二条" in text
    assert Resource.objects.get().state == "draft" and "食品经营许可证信息" in text


@pytest.mark.article("XW-3.1")
def test_form_of_a_pack_without_opening_hides_the_open_part_and_stores_no(county):
    client = client_of(county.market_clerk)
    text = client.get("/catalogue/new/").content.decode()
    assert 'name="is_open"' not in text and "不含数据开放" in text and "第三条" in text
    client.post("/catalogue/new/", form_data(is_open="on", open_condition="x"))
    assert Resource.objects.get().is_open is False


def test_row_added_without_javascript_keeps_everything_typed(county):
    client = client_of(county.market_clerk)
    answer = client.post(
        "/catalogue/new/", form_data(do="add_row", title="", summary="打了一半", **{"items-1-length": "abc"})
    )
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "打了一半" in text and 'name="items-2-name"' in text and 'value="abc"' in text
    assert 'name="items-TOTAL_FORMS" value="3"' in text
    assert "is-invalid" not in text and not Resource.objects.exists()


def test_pasted_rows_become_items(county):
    client = client_of(county.market_clerk)
    paste = "信息项名称\t数据类型\t长度\t必填\n许可证编号\t字符型\t40\t是\n发证日期\t日期\n"
    answer = client.post("/catalogue/new/", form_data(do="paste", paste=paste))
    text = answer.content.decode()
    assert "已加入 2 个信息项" in text and "许可证编号" in text and "发证日期" in text and ITEM_NAMES[1] in text


def test_row_with_wrong_values_is_shown_with_what_was_typed(county):
    client = client_of(county.market_clerk)
    answer = client.post("/catalogue/new/", form_data(**{"items-1-name": ITEM_NAMES[0], "items-0-length": "abc"}))
    text = answer.content.decode()
    assert answer.status_code == 422 and "与前面的信息项同名" in text and 'value="abc"' in text
    assert not Resource.objects.exists()


def test_deleted_row_is_gone_after_saving(county):
    client = client_of(county.market_clerk)
    client.post("/catalogue/new/", form_data(**{"items-1-DELETE": "on"}))
    assert [i.name for i in Resource.objects.get().items.all()] == [ITEM_NAMES[0]]


def test_edit_saved_over_somebody_elses_change_is_refused_and_keeps_the_typing(county, draft_of):
    resource = draft_of()
    client = client_of(county.market_clerk)
    answer = client.post(f"/catalogue/{resource.pk}/edit/", form_data(revision="0", summary="我的改动"))
    text = answer.content.decode()
    assert answer.status_code == 409 and "已被他人修改" in text and "我的改动" in text


def test_form_bomb_is_answered_without_a_crash(county):
    client = client_of(county.market_clerk)
    for total in ("999999999", "99999", "-1", "x", ""):
        for do in ("save", "add_row"):
            answer = client.post("/catalogue/new/", form_data(do=do, **{"items-TOTAL_FORMS": total}))
            assert answer.status_code in (200, 302, 422)
            # As many rows as were sent (and the one added), however many were declared.
            assert len(re.findall(r'name="items-[0-9]+-name"', answer.content.decode())) <= 3


def test_hostile_text_is_shown_escaped(county):
    client = client_of(county.market_clerk)
    evil = "<script>alert(1)</script>"
    client.post("/catalogue/new/", form_data(title=evil, summary=evil, **{"items-1-name": evil}))
    resource = Resource.objects.get()
    for path in (f"/catalogue/{resource.pk}/edit/", "/catalogue/mine/"):
        text = client.get(path).content.decode()
        assert evil not in text and "&lt;script&gt;" in text


def test_new_without_provider_role_is_refused(county):
    assert client_of(county.auditor).get("/catalogue/new/").status_code == 403


def test_edit_of_another_departments_resource_is_not_found(county, draft_of):
    resource = draft_of()
    assert client_of(county.police_clerk).get(f"/catalogue/{resource.pk}/edit/").status_code == 404


def test_resource_page_of_another_tenant_is_not_found(county, elsewhere, draft_of, publish):
    spec = publish(draft_of())
    stranger = client_of(elsewhere.market_clerk)
    assert stranger.get(f"/catalogue/{spec.id}/").status_code == 404
    assert stranger.get(f"/catalogue/{spec.id}/versions/1/").status_code == 404
    assert spec.title not in stranger.get("/catalogue/?q=食品").content.decode()


def test_earlier_version_stays_readable_and_says_so(county, draft_of, publish):
    resource = draft_of()
    publish(resource)
    resource.refresh_from_db()
    from yishu.catalogue.snapshots import item_drafts, resource_draft

    actions.save_draft(
        resource_id=resource.pk,
        seen_revision=resource.revision,
        draft=resource_draft(resource),
        items=item_drafts(resource)[:3],
        by=county.market_clerk,
        at=AT,
    )
    publish(resource)
    client = client_of(county.police_clerk)
    text = client.get(f"/catalogue/{resource.pk}/versions/1/").content.decode()
    assert "已被新版替换" in text and "发证日期" in text
    assert "发证日期" not in client.get(f"/catalogue/{resource.pk}/").content.decode()
    assert client.get(f"/catalogue/{resource.pk}/versions/9/").status_code == 404


def test_panels_of_later_contexts_stand_on_the_resource_page(county, draft_of, publish, monkeypatch):
    class Panels:
        def actions(self, spec, person):
            return [
                PageAction("上传数据", f"/collection/loads/new/?resource={spec.id}", rank=90),
                PageAction("申请共享", "/x/", rank=10),
            ]

        def panels(self, spec, person):
            return [PagePanel("流转", "catalogue/parts/facts.html", {"facts": []})]

    monkeypatch.setattr(registry, "_panels", [Panels()])
    spec = publish(draft_of())
    text = client_of(county.police_clerk).get(f"/catalogue/{spec.id}/").content.decode()
    assert text.index("申请共享") < text.index("上传数据") and "流转" in text


def test_shared_catalogue_is_published_by_share_type(county, draft_of, publish):
    publish(draft_of())
    publish(draft_of(title="经营异常名录", share_type="withheld", share_basis="某条例第二条", duplicate_note="不同"))
    client = client_of(county.police_clerk)
    text = client.get("/catalogue/?share_type=withheld").content.decode()
    assert "经营异常名录" in text and "食品经营许可证信息" not in text
    assert "经营异常名录" not in client.get("/catalogue/?share_type=unconditional").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "' or 1=1 --",
        "%",
        "_",
        "\\",
        "食品%' --",
        "\x00",
        "a" * 5000,
        "🦄",
        "<script>",
        "{{7*7}}",
        "食 品",
        "﷽",
    ],
)
def test_search_with_hostile_text_answers_calmly(county, draft_of, publish, query):
    publish(draft_of())
    answer = client_of(county.police_clerk).get(
        "/catalogue/", {"q": query, "department": query, "sort": query, "page": query}
    )
    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode().split("<main", 1)[1]


def test_catalogue_pages_need_a_sign_in(county, draft_of, publish):
    spec = publish(draft_of())
    for path in (
        "/",
        "/catalogue/",
        "/catalogue/new/",
        "/catalogue/mine/",
        f"/catalogue/{spec.id}/",
        f"/catalogue/{spec.id}/edit/",
    ):
        answer = Client().get(path)
        assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]


def test_mine_says_the_next_step(county, draft_of):
    draft_of()
    text = client_of(county.market_clerk).get("/catalogue/mine/").content.decode()
    assert "补充完整后提交审核" in text
    assert "没有符合条件的资源" in client_of(county.market_clerk).get("/catalogue/mine/?q=没有").content.decode()


def test_returned_resource_shows_the_reason_where_it_is_edited(county, draft_of):
    resource = draft_of()
    case = actions.submit_resource(resource_id=resource.pk, seen_revision=1, by=county.market_clerk, at=AT)
    actions.return_resource(case_id=case.pk, seen_revision=1, reason="摘要过于笼统", by=county.reviewer, at=AT)
    text = client_of(county.market_clerk).get(f"/catalogue/{resource.pk}/edit/").content.decode()
    assert "摘要过于笼统" in text and "退回" in text
    assert date(2026, 9, 18).isoformat() in text


def test_own_catalogue_opens_in_every_state_and_costs_the_same_for_many(county, draft_of):
    """A resource on its way out must not keep the whole list from opening; cases are read once for the page."""
    client, counts = client_of(county.market_clerk), []
    for number, state in enumerate(Resource.State.values):
        Resource.objects.filter(pk=draft_of(title=f"资源{number}").pk).update(state=state)
        with CaptureQueriesContext(connection) as caught:
            text = client.get("/catalogue/mine/").content.decode()
        counts.append(len(caught))
        assert f"资源{number}" in text
    assert "停用正在办理" in text and counts[-1] <= counts[1]
