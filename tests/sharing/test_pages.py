"""Sharing's pages by Django's client: what a person sees, types, loses nothing of, and may not do."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from yishu.kernel.time import shanghai_date
from yishu.orgs import actions as orgs
from yishu.sharing import actions
from yishu.sharing.models import Application, Grant


@pytest.fixture
def enter(world, client):
    def run(name):
        client.force_login(world.people[name], backend="allauth.account.auth_backends.AuthenticationBackend")
        type(world.people[name]).objects.filter(pk=world.people[name].pk).update(must_change_password=False)
        return client

    return run


@pytest.fixture
def typed():
    today = shanghai_date(timezone.now())
    return {
        "items": ["i0001", "i0002"], "law_basis": "社会救助有关规定", "duty_basis": "部门职责第三项", "need": "核对<登记>情况",
        "purpose": "data_verification", "mode": "lookup", "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=100)).isoformat(), "undertaking": "on",
        "filter_1_column": "i0003", "filter_1_op": "in", "filter_1_values": "1、2",
    }  # fmt: skip


@pytest.fixture
def grant(world, conditional, asked):
    at = timezone.now()
    today = shanghai_date(at)
    application = actions.submit_application(
        resource_id=conditional.pk, department=world.departments["civil"], by=world.user, at=at,
        request=asked(starts_on=today, ends_on=today + timedelta(days=30)),
    )  # fmt: skip
    return actions.approve_application(
        application_id=application.pk, seen_revision=application.case.revision, items=application.items, row_filter=(), masks={},
        starts_on=today, ends_on=today + timedelta(days=30), by=world.reviewer, at=at,
    )  # fmt: skip


def test_application_in_three_steps_keeps_what_was_typed_and_reaches_the_authority(enter, conditional, typed, world):
    page = enter("user")
    url = reverse("sharing-apply", args=[conditional.pk])
    first = page.get(url).content.decode()
    assert "要什么" in first and "第十九条第一项" in first and 'name="items"' in first
    assert not re.search(r'name="items"[^>]*checked', first), "least data: nothing is ticked"
    second = page.post(url, {"step": "1", "go": "2", "items": typed["items"]})
    assert second.status_code == 200
    assert (
        second.content.decode().count('type="hidden" name="items"') == 2 and "法律政策依据" in second.content.decode()
    )
    stuck = page.post(url, {"step": "2", "go": "3", "items": typed["items"], "need": typed["need"]})
    text = stuck.content.decode()
    assert (
        stuck.status_code == 422
        and "请填写法律政策依据" in text
        and "核对&lt;登记&gt;情况" in text
        and "XW-19.1.b" in text
    )
    third = page.post(url, typed | {"step": "2", "go": "3"})
    assert third.status_code == 200 and 'name="law_basis" value="社会救助有关规定"' in third.content.decode()
    done = page.post(url, typed | {"step": "3", "go": "submit"})
    application = Application.objects.get()
    assert done.status_code == 302 and done.url == reverse("case", args=[application.case_id])
    assert application.row_filter == [{"column": "i0003", "op": "in", "values": ["1", "2"]}]
    assert "核对&lt;登记&gt;情况" in page.get(done.url).content.decode()


def test_application_submitted_incomplete_lists_every_error_with_its_step(enter, conditional, typed):
    del typed["undertaking"]
    answer = enter("user").post(
        reverse("sharing-apply", args=[conditional.pk]),
        typed
        | {
            "step": "3",
            "go": "submit",
            "items": [],
            "duty_basis": "",
            "filter_1_column": "i0005",
            "filter_1_op": "range",
            "filter_1_values": "x、y",
        },
    )
    text = answer.content.decode()
    assert answer.status_code == 422 and not Application.objects.exists()
    assert "请至少勾选一个信息项" in text
    answer = enter("user").post(
        reverse("sharing-apply", args=[conditional.pk]),
        typed | {"step": "3", "go": "submit", "filter_1_values": "", "filter_1_op": "eq"},
    )
    assert "请确认使用承诺" in answer.content.decode() and answer.status_code == 422


def test_authority_decides_on_the_case_page_narrowing_items_masks_and_term(enter, conditional, typed, world):
    page = enter("user")
    page.post(reverse("sharing-apply", args=[conditional.pk]), typed | {"step": "3", "go": "submit"})
    application = Application.objects.get()
    page = enter("reviewer")
    shown = page.get(reverse("case", args=[application.case_id])).content.decode()
    assert "部门职责第三项" in shown and "批准使用" in shown and "不予批准" in shown
    decide = reverse("case-decide", args=[application.case_id, "approve"])
    given = {
        "revision": application.case.revision, "items": ["i0001"], "mask_i0001": "hide", "mask_i0002": "name", "starts_on": typed["starts_on"],
        "ends_on": typed["ends_on"], "filter_1_column": "i0005", "filter_1_op": "range", "filter_1_values": "2020-01-01、",
    }  # fmt: skip
    answer = page.post(decide, given | {"ends_on": "2199-01-01"})
    assert answer.status_code == 422 and "超出了申请的期限" in answer.content.decode()
    answer = page.post(decide, given)
    assert answer.status_code == 302, answer.content.decode()
    grant = Grant.objects.get()
    assert grant.items == ["i0001"] and grant.masks == {"i0001": "hide"}
    assert [c["column"] for c in grant.row_filter] == ["i0003", "i0005"], "what was asked is kept, the authority adds"


def test_refusal_and_return_on_the_case_page_demand_reason_and_basis(enter, conditional, typed, world):
    enter("user").post(reverse("sharing-apply", args=[conditional.pk]), typed | {"step": "3", "go": "submit"})
    application = Application.objects.get()
    page, revision = enter("reviewer"), application.case.revision
    refuse = reverse("case-decide", args=[application.case_id, "refuse"])
    for given in ({"reason": "与职责无关"}, {"basis": "某规定"}):
        assert page.post(refuse, given | {"revision": revision}).status_code == 422
    back = reverse("case-decide", args=[application.case_id, "return"])
    assert page.post(back, {"revision": revision, "reason": "请补充职责依据"}).status_code == 302
    page = enter("user")
    assert "请补充职责依据" in page.get(reverse("case", args=[application.case_id])).content.decode()
    again = reverse("case-decide", args=[application.case_id, "resubmit"])
    assert page.post(again, typed | {"revision": revision + 1, "need": ""}).status_code == 422
    assert page.post(again, typed | {"revision": revision + 1, "need": "补充后的需求"}).status_code == 302
    application.refresh_from_db()
    assert application.state == "submitted" and application.need == "补充后的需求"
    assert (
        enter("reviewer")
        .post(refuse, {"revision": revision + 2, "reason": "与职责无关", "basis": "某规定"})
        .status_code
        == 302
    )
    application.refresh_from_db()
    assert application.state == "refused"


@pytest.mark.article("XW-19.1.a")
def test_direct_access_page_gives_a_grant_at_once(enter, open_resource, typed):
    page = enter("user")
    resource = page.get(f"/catalogue/{open_resource.pk}/").content.decode()
    assert "直接获取" in resource and "申请共享" not in resource
    assert page.get(reverse("sharing-apply", args=[open_resource.pk])).url == reverse(
        "sharing-direct", args=[open_resource.pk]
    )
    url = reverse("sharing-direct", args=[open_resource.pk])
    assert "直接获取" in page.get(url).content.decode()
    without = {k: v for k, v in typed.items() if k != "undertaking"}
    assert page.post(url, without).status_code == 422 and not Grant.objects.exists()
    done = page.post(url, typed)
    assert done.status_code == 302
    text = page.get(done.url).content.decode()
    assert "curl" in text and "/oauth/token" in text and "联机查询" in text and "第二十五条" in text
    again = page.post(url, typed)
    assert again.status_code == 409 and "已为这一用途直接获取" in again.content.decode()


def test_pages_of_people_without_the_role_are_refused(enter, conditional, open_resource, grant):
    for name in ("giver", "reviewer", "auditor"):
        page = enter(name)
        for url in (
            reverse("sharing-apply", args=[conditional.pk]),
            reverse("sharing-direct", args=[open_resource.pk]),
        ):
            assert page.get(url).status_code == 403
        assert page.get(reverse("sharing-lookup", args=[grant.pk])).status_code == 403
        assert page.get(reverse("sharing-grant", args=[grant.pk])).status_code == 200
    page = enter("other")
    for name in ("sharing-grant", "sharing-lookup"):
        assert page.get(reverse(name, args=[grant.pk])).status_code == 404
    assert page.post(reverse("sharing-revoke", args=[grant.pk]), {"reason": "x"}).status_code == 404


def test_pages_without_sign_in_lead_to_it(client, grant, conditional):
    for url in (
        reverse("sharing-mine"), reverse("sharing-grant", args=[grant.pk]), reverse("sharing-receipts"),
        reverse("sharing-apply", args=[conditional.pk]), reverse("sharing-receipt", args=[grant.pk]),
    ):  # fmt: skip
        answer = client.get(url)
        assert answer.status_code == 302 and "/accounts/login/" in answer.url


def test_list_searches_filters_sorts_and_says_what_to_do_when_empty(enter, grant):
    page = enter("user")
    for query in (
        "",
        "?q=常住",
        "?state=active",
        "?side=used",
        "?sort=-ends",
        "?tab=applications",
        "?tab=applications&state=approved",
    ):
        assert "常住人口登记信息" in page.get(reverse("sharing-mine") + query).content.decode(), query
    for query in (
        "?q=没有这个",
        "?state=revoked",
        "?side=given",
        "?q=%00",
        "?q=';--",
        "?tab=applications&state=refused",
    ):
        answer = page.get(reverse("sharing-mine") + query)
        assert answer.status_code == 200
    assert "清除全部条件" in page.get(reverse("sharing-mine") + "?q=没有这个").content.decode()
    assert "还没有授权" in enter("other").get(reverse("sharing-mine")).content.decode()
    assert "修武县民政局" in enter("giver").get(reverse("sharing-mine") + "?side=given").content.decode()


def test_revocation_on_the_page_is_for_the_authority_and_shows_its_reason(enter, grant):
    url, revoke = reverse("sharing-grant", args=[grant.pk]), reverse("sharing-revoke", args=[grant.pk])
    assert "收回授权" not in enter("user").get(url).content.decode()
    assert enter("user").post(revoke, {"reason": "x"}).status_code == 403
    page = enter("reviewer")
    assert "收回授权" in page.get(url).content.decode()
    assert page.post(revoke, {"reason": ""}).status_code == 422
    assert page.post(revoke, {"reason": "超范围<使用>"}).status_code == 302
    text = enter("user").get(url).content.decode()
    assert "超范围&lt;使用&gt;" in text and reverse("sharing-lookup", args=[grant.pk]) not in text
    assert enter("user").get(reverse("sharing-lookup", args=[grant.pk])).status_code == 403


def test_clients_are_chosen_on_the_grant_page(enter, grant, world):
    mine, _ = orgs.create_client(department=world.departments["civil"], name="救助系统", by=None, at=timezone.now())
    foreign, _ = orgs.create_client(department=world.departments["health"], name="别家", by=None, at=timezone.now())
    page, url = enter("user"), reverse("sharing-clients", args=[grant.pk])
    assert page.post(url, {"clients": [foreign.pk]}).status_code == 422
    assert page.post(url, {"clients": [mine.pk]}).status_code == 302
    assert mine.client_id in page.get(reverse("sharing-grant", args=[grant.pk])).content.decode()


def test_resource_page_offers_application_and_shows_who_uses_it(enter, grant, conditional):
    text = enter("other").get(f"/catalogue/{conditional.pk}/").content.decode()
    assert "申请共享" in text and "正在使用" not in text
    assert "正在使用" in enter("giver").get(f"/catalogue/{conditional.pk}/").content.decode()


def test_lookup_with_a_dead_gateway_says_so_and_leaves_no_key_in_the_address(enter, grant, settings):
    from dataclasses import replace

    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, gateway_url="http://127.0.0.1:9")
    url = reverse("sharing-lookup", args=[grant.pk])
    page = enter("user")
    assert "公民身份号码" in page.get(url).content.decode()
    answer = page.post(url, {"keys": "11010519491231002X"})
    assert answer.status_code == 503 and "网关暂时没有应答" in answer.content.decode()
    assert page.post(url, {"keys": " "}).status_code == 422
    assert page.post(url, {"keys": "\n".join("x" * 11)}).status_code == 422
