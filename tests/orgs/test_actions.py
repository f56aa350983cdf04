"""Organisations' actions: what they write, what they refuse, what they tell."""

import hashlib

import pytest
from django.db import connection

from yishu.kernel import events
from yishu.kernel.errors import Conflict, Invalid, NotAllowed
from yishu.orgs import actions, queries
from yishu.orgs.messages import ClientChanged
from yishu.orgs.models import Client, DepartmentChange, Person, Role

pytestmark = pytest.mark.django_db


def ledger_rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger.inbox")
        return cursor.fetchone()[0]


def codes_of(error: Invalid) -> set[str]:
    return {problem.code for problem in error.problems}


def test_create_department_kind_outside_the_pack_is_refused_with_its_article(office, at):
    with pytest.raises(Invalid) as refused:
        actions.create_department(
            jurisdiction=office.place, name="某某公司", uscc=office.police.uscc, kind="company", by=office.admin, at=at
        )
    assert codes_of(refused.value) == {"orgs.kind_not_listed", "orgs.uscc_taken"}
    kind = next(p for p in refused.value.problems if p.where == "部门类别")
    assert kind.reference is not None and kind.reference.row == "XW-2.2"


def test_may_own_resources_township_is_refused_with_its_article(office, at):
    assert queries.may_own_resources(office.police, at.date()).allowed
    actions.update_department(department=office.police, changes={"kind": "township"}, by=office.admin, at=at)
    office.police.refresh_from_db()
    decision = queries.may_own_resources(office.police, at.date())
    assert not decision.allowed and decision.reference is not None


@pytest.mark.parametrize(
    ("uscc", "code"), [("123", "orgs.uscc_format"), ("114108210000000200", "orgs.uscc_organisation_check")]
)
def test_create_department_bad_uscc_is_refused(office, at, uscc, code):
    with pytest.raises(Invalid) as refused:
        actions.create_department(jurisdiction=office.place, name="某局", uscc=uscc, kind="government", by=None, at=at)
    assert codes_of(refused.value) == {code}


def test_update_department_each_change_keeps_before_and_after(office, at):
    assert [f.name for f in queries.missing_profile(office.estate, at.date())] == ["responsible", "unit", "officers"]
    actions.update_department(
        department=office.estate,
        changes={
            "responsible": office.clerk,
            "unit": "信息中心",
            "officers": [office.clerk],
            "name": office.estate.name,
        },
        by=office.admin,
        at=at,
    )
    office.estate.refresh_from_db()
    assert queries.missing_profile(office.estate, at.date()) == ()
    rows = DepartmentChange.objects.filter(department=office.estate).exclude(field="created")
    assert {(r.field, r.before, r.after, r.by) for r in rows} == {
        ("responsible", "", "易经办", office.admin),
        ("unit", "", "信息中心", office.admin),
        ("officers", "", "易经办", office.admin),
    }


def test_update_department_person_of_another_department_is_refused(office, at):
    with pytest.raises(Invalid) as refused:
        actions.update_department(
            department=office.police, changes={"responsible": office.clerk}, by=office.admin, at=at
        )
    assert codes_of(refused.value) == {"orgs.not_in_department"}


def test_actions_without_the_role_are_refused(office, at):
    with pytest.raises(NotAllowed) as refused:
        actions.create_person(username="xinren", name="新人", department=office.police, by=office.clerk, at=at)
    assert refused.value.code == "orgs.role_needed" and "系统管理" in refused.value.what
    assert not Person.objects.filter(username="xinren").exists()


def test_grant_role_admin_and_auditor_stay_apart(office, at):
    for person, wanted in ((office.admin, "auditor"), (office.auditor, "admin")):
        with pytest.raises(NotAllowed) as refused:
            actions.grant_role(person=person, kind=wanted, by=office.admin, at=at)
        assert refused.value.code == "orgs.roles_apart"


def test_grant_role_authority_outside_the_authority_department_is_refused(office, at):
    with pytest.raises(NotAllowed) as refused:
        actions.grant_role(person=office.clerk, kind="authority", by=office.admin, at=at)
    assert refused.value.code == "orgs.not_authority_department"


def test_grant_role_twice_holds_it_once_with_one_ledger_entry(office, at):
    before = ledger_rows()
    for _ in range(2):
        actions.grant_role(person=office.reviewer, kind="consumer", by=office.admin, at=at)
    assert Role.objects.filter(person=office.reviewer, kind="consumer").count() == 1
    assert ledger_rows() == before + 1


def test_may_act_follows_grant_and_revocation_and_department(office, at):
    assert queries.may_act(office.clerk, "provider", office.estate, at).allowed
    assert not queries.may_act(office.clerk, "provider", office.police, at).allowed
    role = Role.objects.get(person=office.clerk, kind="provider")
    actions.revoke_role(role=role, by=office.admin, at=at)
    decision = queries.may_act(office.clerk, "provider", office.estate, at)
    assert not decision.allowed and decision.remedy
    assert queries.roles_of(office.clerk) == {"consumer"}


def test_revoke_role_last_administrator_stays(office, at):
    with pytest.raises(Conflict) as refused:
        actions.revoke_role(role=Role.objects.get(kind="admin"), by=office.admin, at=at)
    assert refused.value.code == "orgs.last_administrator"


def test_update_person_switched_off_loses_every_role(office, at):
    actions.update_person(
        person=office.clerk, name="易经办", department=office.estate, email="", active=False, by=office.admin, at=at
    )
    office.clerk.refresh_from_db()
    assert queries.roles_of(office.clerk) == frozenset()
    assert not queries.may_act(office.clerk, "consumer", None, at).allowed


def test_update_person_moved_loses_roles_of_the_old_department(office, at):
    actions.update_person(
        person=office.clerk, name="易经办", department=office.police, email="", active=True, by=office.admin, at=at
    )
    assert not Role.objects.filter(person=office.clerk, revoked_at=None).exists()


@pytest.mark.parametrize("username", ["11010519491231002X", "13812345678", "a", "有 空格", "-x", "a" * 41])
def test_create_person_unfit_username_is_refused(office, at, username):
    with pytest.raises(Invalid) as refused:
        actions.create_person(username=username, name="新人", department=office.police, by=office.admin, at=at)
    assert codes_of(refused.value) == {"orgs.username"}


def test_create_person_same_name_in_other_case_is_refused(office, at):
    with pytest.raises(Invalid) as refused:
        actions.create_person(username="ＪＩＮＧban", name="新人", department=office.police, by=office.admin, at=at)
    assert codes_of(refused.value) == {"orgs.username_taken"}


def test_create_client_secret_is_stored_as_digest_and_told_upward(office, at):
    told = []
    events.subscribe(ClientChanged, told.append)
    made, secret = actions.create_client(department=office.estate, name="不动产登记系统", by=office.clerk, at=at)
    assert len(secret) >= 43
    assert made.secret_digest == hashlib.sha256(secret.encode()).hexdigest()
    again = actions.rotate_secret(client=made, by=office.clerk, at=at)
    made.refresh_from_db()
    assert again != secret and made.secret_digest == hashlib.sha256(again.encode()).hexdigest()
    actions.disable_client(client=made, by=office.clerk, at=at)
    with pytest.raises(Conflict):
        actions.rotate_secret(client=made, by=office.clerk, at=at)
    assert told == [ClientChanged(made.pk)] * 3


def test_create_client_for_another_department_is_refused(office, at):
    with pytest.raises(NotAllowed):
        actions.create_client(department=office.police, name="别人的系统", by=office.clerk, at=at)
    assert not Client.objects.exists()


def test_create_client_same_name_twice_is_refused(office, at):
    actions.create_client(department=office.estate, name="系统", by=office.clerk, at=at)
    with pytest.raises(Invalid) as refused:
        actions.create_client(department=office.estate, name="系统", by=office.clerk, at=at)
    assert codes_of(refused.value) == {"orgs.client_name_taken"}


def test_update_person_who_leaves_is_no_longer_responsible_and_the_history_says_so(office, at):
    changes = {"responsible": office.clerk, "officers": [office.clerk]}
    actions.update_department(department=office.estate, changes=changes, by=None, at=at)
    actions.update_person(
        person=office.clerk, name="易经办", department=office.police, email="", active=True, by=office.admin, at=at
    )
    office.estate.refresh_from_db()
    assert office.estate.responsible is None and not office.estate.officers.exists()
    rows = DepartmentChange.objects.filter(department=office.estate, before="易经办", after="", by=office.admin)
    assert {row.field for row in rows} == {"responsible", "officers"}
