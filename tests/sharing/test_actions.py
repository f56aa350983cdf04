"""Applications and grants by their public actions: what 修武 lets happen, what it refuses, and what the gateway then reads."""

import json
from datetime import date, timedelta

import pytest
from django.db import connection

from yishu.cases.actions import CaseMoved
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from yishu.orgs import actions as orgs
from yishu.sharing import actions
from yishu.sharing.adapters import epoch, republish_grants
from yishu.sharing.models import Application, Grant
from yishu.sharing.rules import RowCondition


def codes(caught):
    return [p.code for p in caught.value.problems]


def spec(row):
    return row.spec if isinstance(row.spec, dict) else json.loads(row.spec)


@pytest.fixture
def take(world, open_resource, at):
    def run(**changes):
        whole = {
            "resource_id": open_resource.pk, "department": world.departments["civil"], "purpose": "work_reference",
            "starts_on": date(2026, 9, 18), "ends_on": date(2027, 9, 17), "by": world.user, "at": at,
        }  # fmt: skip
        return actions.take_direct_access(**(whole | changes))

    return run


@pytest.fixture
def submit(world, conditional, asked, at):
    def run(by=None, resource=None, department=None, **changes):
        return actions.submit_application(
            resource_id=(resource or conditional).pk, department=department or world.departments["civil"], request=asked(**changes),
            by=by or world.user, at=at,
        )  # fmt: skip

    return run


@pytest.fixture
def approve(world, at):
    def run(application, **changes):
        whole = {
            "application_id": application.pk, "seen_revision": application.case.revision, "items": application.items,
            "row_filter": (), "masks": {}, "starts_on": application.starts_on, "ends_on": application.ends_on,
            "by": world.reviewer, "at": at,
        }  # fmt: skip
        return actions.approve_application(**(whole | changes))

    return run


@pytest.mark.article("XW-19.1.a")
def test_direct_access_to_unconditional_data_is_active_at_once_and_recorded(take, gateway_row, world):
    grant = take(items=["i0002", "i0001"])
    row = gateway_row(grant)
    assert (
        grant.state == Grant.State.ACTIVE
        and row.active
        and "{table}" in row.lookup_sql
        and row.key_identifier == "person_id"
    )
    assert [i["name"] for i in spec(row)["items"]] == ["公民身份号码", "姓名"] and spec(row)["article"] == "XW-19.1.a"
    with connection.cursor() as cursor:
        cursor.execute(
            "select convert_from(entry, 'UTF8')::jsonb from ledger.inbox where convert_from(entry, 'UTF8')::jsonb->>'grant' = %s",
            [str(grant.pk)],
        )
        entry = cursor.fetchone()[0]
    entry = entry if isinstance(entry, dict) else json.loads(entry)
    assert entry["facts"]["event"] == "sharing.direct_access_taken" and entry["facts"]["law"] == "XW-19.1.a"
    assert entry["actor"] == f"person:{world.user.pk}"


def test_direct_access_without_choice_gives_the_key_item_alone(take):
    assert take().items == ["i0001"]


def test_direct_access_twice_for_one_purpose_is_refused_but_another_purpose_is_not(take):
    take()
    with pytest.raises(Conflict):
        take()
    take(purpose="data_verification")


def test_direct_access_to_conditional_data_is_refused_with_the_article(take, conditional):
    with pytest.raises(NotAllowed) as caught:
        take(resource_id=conditional.pk)
    assert caught.value.code == "sharing.needs_application" and caught.value.reference.row == "XW-19.1.b"


def test_direct_access_by_wrong_role_other_department_or_missing_resource_is_refused(take, world):
    for changes, error in (
        ({"by": world.giver}, NotAllowed), ({"by": world.other}, NotAllowed), ({"by": world.reviewer}, NotAllowed),
        ({"resource_id": 10**9}, NotFound), ({"purpose": "恶意"}, Invalid), ({"items": ["i9999"]}, Invalid),
        ({"ends_on": date(2026, 9, 17)}, Invalid), ({"starts_on": date(2028, 1, 1)}, Invalid),
    ):  # fmt: skip
        with pytest.raises(error):
            take(**changes)
    assert not Grant.objects.exists()


@pytest.mark.parametrize("share_type", ["conditional", "withheld"])
def test_application_with_its_parts_is_decided_by_the_authority_alone(
    world, submit, approve, publish, share_type, gateway_row
):
    resource = publish(share_type, title="社会救助对象信息")
    application = submit(resource=resource)
    assert application.case.step_role == "authority" and not Grant.objects.exists()
    for person in (world.giver, world.user, world.auditor):
        with pytest.raises((NotAllowed, NotFound)):
            approve(application, by=person)
    grant = approve(application)
    application.refresh_from_db()
    assert application.state == Application.State.APPROVED and application.case.pk == grant.application.case_id
    assert gateway_row(grant).active and spec(gateway_row(grant))["article"] == "XW-19.1.b"


def test_application_missing_parts_lists_each_with_its_article(submit):
    with pytest.raises(Invalid) as caught:
        submit(law_basis=" ", duty_basis="", need="", purpose="")
    missing = {p.where: p.reference.row for p in caught.value.problems if p.code == "sharing.missing_part"}
    assert missing == {"law_basis": "XW-19.1.b", "duty_basis": "XW-19.1.b", "need": "XW-19.1.b", "purpose": "XW-17.2"}
    assert not Application.objects.exists()


def test_application_for_unconditional_data_or_impossible_content_is_refused(submit, open_resource):
    with pytest.raises(NotAllowed) as caught:
        submit(resource=open_resource)
    assert caught.value.code == "sharing.needs_no_application" and caught.value.reference.row == "XW-19.1.a"
    for changes in (
        {"items": ()}, {"items": ("i0001", "nonsense")}, {"purpose": "nonsense"}, {"mode": "export"}, {"mode": "nonsense"},
        {"row_filter": (RowCondition("i0002", "eq", ("a\x00",)),)}, {"ends_on": date(2020, 1, 1), "starts_on": date(2019, 1, 1)},
    ):  # fmt: skip
        with pytest.raises(Invalid):
            submit(**changes)


def test_application_names_one_of_the_four_modes_and_those_not_served_yet_are_refused(submit):
    assert submit(mode="query").mode == "query"
    with pytest.raises(Invalid) as caught:
        submit(mode="push")
    assert "sharing.mode_not_served" in codes(caught)


def test_approval_carries_default_masks_of_grade_three_and_up(submit, approve):
    grant = approve(submit(items=("i0001", "i0002", "i0003", "i0004")))
    assert grant.masks == {"i0001": "person_id", "i0002": "name", "i0004": "address"}


def test_approval_lifting_a_mask_needs_a_reason_and_keeps_it_on_record(submit, approve):
    application = submit()
    with pytest.raises(Invalid) as caught:
        approve(application, masks={"i0002": ""})
    assert codes(caught) == ["sharing.unmask_reason"]
    grant = approve(application, masks={"i0002": ""}, reason="须与证件逐字核对")
    assert grant.masks == {"i0001": "person_id"}
    event = application.case.events.latest("seq")
    assert event.facts["unmasked"] == ["i0002"] and event.reason == "须与证件逐字核对"


def test_approval_may_narrow_but_not_widen(submit, approve):
    asked_filter = RowCondition("i0003", "eq", ("1",))
    application = submit(row_filter=(asked_filter,))
    more = RowCondition("i0005", "range", ("2020-01-01", ""))
    for changes, code in (
        ({"items": ["i0001", "i0004"], "row_filter": (asked_filter,)}, "sharing.widened"),
        ({"items": ["i0001"]}, "sharing.widened"),
        ({"row_filter": (asked_filter,), "ends_on": date(2030, 1, 1)}, "sharing.term_widened"),
        ({"row_filter": (asked_filter,), "starts_on": date(2026, 9, 1)}, "sharing.term_widened"),
    ):
        with pytest.raises(Invalid) as caught:
            approve(application, **changes)
        assert code in codes(caught)
    grant = approve(application, items=["i0001"], row_filter=(asked_filter, more), ends_on=date(2026, 12, 31))
    assert grant.items == ["i0001"] and len(grant.row_filter) == 2 and grant.ends_on == date(2026, 12, 31)


def test_refusal_without_reason_or_basis_is_itself_refused(submit, world, at):
    application = submit()
    given = {
        "application_id": application.pk,
        "seen_revision": application.case.revision,
        "by": world.reviewer,
        "at": at,
    }
    for changes in ({"reason": "", "basis": "某规定"}, {"reason": "与职责无关", "basis": " "}):
        with pytest.raises(Invalid):
            actions.refuse_application(**given, **changes)
    refused = actions.refuse_application(**given, reason="与职责无关", basis="某规定第二条")
    assert refused.state == Application.State.REFUSED and not Grant.objects.exists()


def test_returned_application_can_be_resubmitted_or_withdrawn_by_its_department_only(submit, world, asked, at, approve):
    application = submit()

    def given():
        application.refresh_from_db()
        application.case.refresh_from_db()
        return {"application_id": application.pk, "seen_revision": application.case.revision, "at": at}

    actions.return_application(**given(), reason="请补充职责依据", by=world.reviewer)
    with pytest.raises((NotAllowed, NotFound)):
        actions.resubmit_application(**given(), request=asked(), by=world.other)
    with pytest.raises(Invalid):
        actions.resubmit_application(**given(), request=asked(duty_basis=""), by=world.user)
    actions.resubmit_application(**given(), request=asked(duty_basis="三定规定第五条", items=("i0001",)), by=world.user)
    application.refresh_from_db()
    assert application.state == Application.State.SUBMITTED and application.items == ["i0001"]
    actions.return_application(**given(), reason="请再补充", by=world.reviewer)
    actions.withdraw_application(**given(), by=world.user)
    application.refresh_from_db()
    assert application.state == Application.State.WITHDRAWN
    with pytest.raises(CaseMoved):
        approve(application, seen_revision=given()["seen_revision"])


def test_second_decision_on_the_same_view_is_told_the_case_moved(submit, approve):
    application = submit()
    seen = application.case.revision
    approve(application, seen_revision=seen)
    with pytest.raises(CaseMoved):
        approve(application, seen_revision=seen)
    assert Grant.objects.count() == 1


def test_revocation_moves_the_epoch_and_closes_the_gateway_row(submit, approve, world, at, gateway_row):
    grant = approve(submit())
    row = gateway_row(grant)
    assert row.department_id == world.departments["civil"].pk and spec(row)["purpose"] == "data_verification"
    before = epoch()
    for person, error in (
        (world.user, NotAllowed),
        (world.giver, NotAllowed),
        (world.other, NotFound),
        (world.auditor, NotAllowed),
    ):
        with pytest.raises(error):
            actions.revoke_grant(grant_id=grant.pk, reason="x", by=person, at=at)
    with pytest.raises(Invalid):
        actions.revoke_grant(grant_id=grant.pk, reason=" ", by=world.reviewer, at=at)
    assert epoch() == before
    revoked = actions.revoke_grant(grant_id=grant.pk, reason="超范围使用", by=world.reviewer, at=at)
    assert epoch() > before and not gateway_row(grant).active and revoked.revoked_reason == "超范围使用"
    with pytest.raises(Conflict):
        actions.revoke_grant(grant_id=grant.pk, reason="超范围使用", by=world.reviewer, at=at)


def test_clients_of_the_department_may_be_bound_to_a_grant_and_others_may_not(take, world, at, gateway_row):
    grant = take()
    mine, _ = orgs.create_client(department=world.departments["civil"], name="救助系统", by=None, at=at)
    foreign, _ = orgs.create_client(department=world.departments["health"], name="别家系统", by=None, at=at)
    with pytest.raises(Invalid):
        actions.set_grant_clients(grant_id=grant.pk, client_ids=[foreign.pk], by=world.user, at=at)
    with pytest.raises(NotFound):
        actions.set_grant_clients(grant_id=grant.pk, client_ids=[mine.pk], by=world.other, at=at)
    before = epoch()
    actions.set_grant_clients(grant_id=grant.pk, client_ids=[mine.pk], by=world.user, at=at)
    assert gateway_row(grant).clients == [mine.client_id] and epoch() > before


def test_client_changes_reach_the_gateway_in_the_same_transaction(world, at):
    def row(client):
        with connection.cursor() as cursor:
            cursor.execute("select secret_digest, active from gateway.client where client_id = %s", [client.client_id])
            return cursor.fetchone()

    client, secret = orgs.create_client(department=world.departments["civil"], name="救助系统", by=None, at=at)
    assert row(client) == (client.secret_digest, True) and secret not in str(row(client))
    orgs.rotate_secret(client=client, by=None, at=at)
    client.refresh_from_db()
    assert row(client) == (client.secret_digest, True)
    orgs.disable_client(client=client, by=None, at=at)
    assert row(client)[1] is False


def test_new_version_keeps_grants_whose_items_persist(submit, approve, publish, conditional, gateway_row):
    grant = approve(submit())
    publish("conditional", without=("住址",), resource=conditional)
    grant.refresh_from_db()
    assert grant.resource_version == 2 and gateway_row(grant).active and spec(gateway_row(grant))["version"] == 2


def test_new_version_without_a_granted_item_ends_the_grant_with_the_reason(
    submit, approve, publish, conditional, gateway_row
):
    grant = approve(submit())
    publish("conditional", without=("姓名",), resource=conditional)
    grant.refresh_from_db()
    assert grant.state == Grant.State.REVOKED and "新版目录" in grant.revoked_reason and not gateway_row(grant).active


def test_data_made_conditional_ends_direct_access_to_it(take, publish, open_resource, gateway_row):
    grant = take()
    publish("conditional", title=open_resource.title, resource=open_resource)
    grant.refresh_from_db()
    assert grant.state == Grant.State.REVOKED and not gateway_row(grant).active


def test_grant_of_a_department_switched_off_is_closed(take, world, at, gateway_row):
    grant = take()
    orgs.update_department(
        department=world.departments["civil"], changes={"active": False}, by=None, at=at + timedelta(days=1)
    )
    assert not gateway_row(grant).active


def test_republish_after_an_upgrade_compiles_active_grants_anew(take, gateway_row):
    grant = take()
    compiled = gateway_row(grant).lookup_sql
    with connection.cursor() as cursor:
        cursor.execute("update gateway.grant_ set lookup_sql = 'text of an older program' where id = %s", [grant.pk])
    assert republish_grants() == 1
    assert gateway_row(grant).lookup_sql == compiled
