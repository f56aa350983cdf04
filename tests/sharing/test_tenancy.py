"""One department's grants, receipts and programs under another's hands, an auditor's, an administrator's, and somebody's switched off."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from yishu.kernel.time import shanghai_date
from yishu.ledger.actions import record
from yishu.orgs import actions as orgs
from yishu.sharing import actions


@pytest.fixture
def enter(world, client):
    def run(name):
        person = world.people[name]
        type(person).objects.filter(pk=person.pk).update(must_change_password=False)
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return run


@pytest.fixture
def administrator(world):
    made, _ = orgs.create_person(
        username="guanli", name="管平台", department=world.departments["data"], by=None, at=world.at,
        password="Mima-2026-Shufu",
    )  # fmt: skip
    orgs.grant_role(person=made, kind="admin", by=None, at=world.at)
    world.people["administrator"] = made
    return made


@pytest.fixture
def application(world, conditional, asked):
    at = timezone.now()
    today = shanghai_date(at)
    return actions.submit_application(
        resource_id=conditional.pk, department=world.departments["civil"], by=world.user, at=at,
        request=asked(starts_on=today, ends_on=today + timedelta(days=30)),
    )  # fmt: skip


@pytest.fixture
def grant(world, application):
    return actions.approve_application(
        application_id=application.pk, seen_revision=application.case.revision, items=application.items, row_filter=(), masks={},
        starts_on=application.starts_on, ends_on=application.ends_on, by=world.reviewer, at=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def receipt(world, grant):
    with transaction.atomic():
        return record(
            kind="delivery", by=world.user, at=timezone.now(), department=world.departments["civil"].pk,
            resource=grant.resource.code, grant=grant.pk, facts={"records": 1, "key_count": 1},
        )  # fmt: skip


def test_other_department_finds_nothing_of_a_grant_and_cannot_touch_it(enter, grant, receipt):
    page = enter("other")
    base = f"/sharing/grants/{grant.pk}/"
    for url in (base, f"{base}lookup/", f"/sharing/receipts/{receipt}/", f"/sharing/receipts/{receipt}/json/"):
        assert page.get(url).status_code == 404, url
        absent = url.replace(str(grant.pk), str(uuid4())).replace(str(receipt), str(uuid4()))
        assert page.get(absent).status_code == 404
    for url, data in ((f"{base}lookup/", {"keys": "x"}), (f"{base}revoke/", {"reason": "x"}), (f"{base}clients/", {})):
        assert page.post(url, data).status_code == 404, url
    assert page.get(f"/cases/{grant.application.case_id}/").status_code == 404
    grant.refresh_from_db()
    assert grant.state == "active"


@pytest.mark.parametrize("name", ["auditor", "administrator", "giver"])
def test_reader_or_administrator_or_provider_takes_no_action_of_consumer_or_authority(
    enter, administrator, application, grant, name
):
    page = enter(name)
    base = f"/sharing/grants/{grant.pk}/"
    for url, data in ((f"{base}lookup/", {"keys": "x"}), (f"{base}revoke/", {"reason": "x"}), (f"{base}clients/", {})):
        assert page.post(url, data).status_code in (403, 404), url
    answer = page.post(f"/sharing/apply/{grant.resource_id}/", {"step": "3"})
    assert answer.status_code == 403
    grant.refresh_from_db()
    assert grant.state == "active" and not grant.clients.exists()


@pytest.mark.parametrize("name", ["auditor", "administrator", "giver", "user", "other"])
def test_application_is_decided_by_nobody_but_the_authority(enter, administrator, application, name):
    answer = enter(name).post(f"/cases/{application.case_id}/refuse/", {"revision": "1", "reason": "x", "basis": "y"})
    assert answer.status_code in (403, 404)
    application.refresh_from_db()
    assert application.state == "submitted"


@pytest.mark.parametrize("name", ["auditor", "other", "giver", "reviewer"])
def test_program_of_another_department_gets_no_new_secret_and_is_not_disabled(enter, world, name):
    program, _ = orgs.create_client(department=world.departments["civil"], name="救助系统", by=None, at=world.at)
    page = enter(name)
    for verb in ("rotate", "disable"):
        assert page.post(f"/orgs/clients/{program.pk}/{verb}/").status_code == 403
    before = program.secret_digest
    program.refresh_from_db()
    assert program.secret_digest == before and program.disabled_at is None


def test_live_session_ends_with_the_account_and_power_ends_with_the_role(enter, administrator, grant, world):
    page = enter("user")
    url = f"/sharing/grants/{grant.pk}/lookup/"
    assert page.get(url).status_code == 200
    orgs.revoke_role(role=world.user.roles.get(), by=administrator, at=timezone.now())
    assert page.get(url).status_code == 404
    orgs.update_person(
        person=world.user, name=world.user.name, department=world.user.department, email="", active=False,
        by=administrator, at=timezone.now(),
    )  # fmt: skip
    assert page.get("/").status_code == 302 and "/accounts/login/" in page.get("/")["Location"]


def test_pages_with_personal_data_are_kept_by_no_cache(enter, grant, receipt):
    page = enter("user")
    for url in (f"/sharing/grants/{grant.pk}/lookup/", f"/sharing/receipts/{receipt}/", "/sharing/receipts/", "/"):
        assert "no-store" in page.get(url)["Cache-Control"], url
