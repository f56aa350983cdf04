"""A revocation or a disabled program is never brought back by something that republishes at the same moment."""

import contextlib
import threading
import time
from datetime import date

import pytest
from django.db import connection, transaction

from yishu.catalogue.models import Resource
from yishu.kernel.errors import Conflict
from yishu.orgs import actions as orgs
from yishu.orgs.messages import DepartmentChanged
from yishu.sharing import actions, reactions
from yishu.sharing.adapters import republish_grants
from yishu.sharing.models import Grant


@pytest.fixture
def committed(transactional_db, world, open_resource):
    """A grant of one department, committed."""
    world.grant = actions.take_direct_access(
        resource_id=open_resource.pk, department=world.departments["civil"], purpose="data_verification",
        starts_on=date(2026, 9, 18), ends_on=date(2027, 9, 17), by=world.user, at=world.at,
    )  # fmt: skip
    return world


def meanwhile(change, republish):
    """Run ``change`` in a transaction, start ``republish`` beside it, commit once it waits, and let it finish."""
    errors = []

    def run():
        try:
            with transaction.atomic():
                republish()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        change()
        beside = threading.Thread(target=run)
        beside.start()
        for _ in range(200):
            with connection.cursor() as cursor:
                cursor.execute("select count(*) from pg_locks where not granted and pid <> pg_backend_pid()")
                if cursor.fetchone()[0]:
                    break
            time.sleep(0.05)
        else:
            errors.append(RuntimeError("nobody waits"))
    beside.join(60)
    assert not errors


def active(table, column, value):
    with connection.cursor() as cursor:
        cursor.execute(f"select active from gateway.{table} where {column} = %s", [value])
        return cursor.fetchone()[0]


def all_grants():
    republish_grants()


@pytest.mark.parametrize("how", ["prepare", "department"])
def test_grant_revoked_while_grants_are_republished_stays_revoked(committed, how):
    department = committed.departments["civil"].pk
    republish = (
        all_grants if how == "prepare" else lambda: reactions.on_department_changed(DepartmentChanged(department))
    )

    def revoke():
        actions.revoke_grant(grant_id=committed.grant.pk, reason="不再需要", by=committed.reviewer, at=committed.at)

    meanwhile(revoke, republish)
    assert active("grant_", "id", committed.grant.pk) is False


def test_program_disabled_while_its_department_is_republished_stays_disabled(committed):
    department = committed.departments["civil"]
    program, _ = orgs.create_client(department=department, name="救助系统", by=None, at=committed.at)
    meanwhile(
        lambda: orgs.disable_client(client=program, by=None, at=committed.at),
        lambda: reactions.on_department_changed(DepartmentChanged(department.pk)),
    )
    assert active("client", "client_id", program.client_id) is False


@pytest.mark.parametrize("first", ["retired", "published"])
def test_grant_made_while_the_resource_is_retired_or_published_anew_does_not_outlive_it(
    committed, open_resource, first
):
    def move():
        row = Resource.objects.select_for_update().get(pk=open_resource.pk)
        if first == "retired":
            row.state = Resource.State.RETIRED
        else:
            row.version += 1
        row.save()

    refused = []

    def take():
        try:
            actions.take_direct_access(
                resource_id=open_resource.pk, department=committed.departments["civil"],
                purpose="work_reference", starts_on=date(2026, 9, 18), ends_on=date(2027, 9, 17), by=committed.user,
                at=committed.at,
            )  # fmt: skip
        except Conflict as error:
            refused.append(error.code)
            raise

    with contextlib.suppress(AssertionError):  # the refusal is what ``meanwhile`` would report
        meanwhile(move, take)
    assert refused == ["sharing.resource_moved"] and Grant.objects.count() == 1
