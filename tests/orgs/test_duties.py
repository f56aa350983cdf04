"""AB角 and hand-over: who may act for whom, until when, and what is left afterwards."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from yishu.orgs import actions, duties, queries
from yishu.orgs.models import HandOver, Role, Substitute

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague(office, at, password):
    made, _ = actions.create_person(
        username="tongshi", name="童代行", department=office.estate, password=password, by=None, at=at
    )
    return made


@pytest.fixture
def named(office, colleague, at):
    """The colleague stands in for the clerk as provider, for three days."""
    return duties.name_substitute(
        person=office.clerk, substitute=colleague, department=office.estate, kinds=["provider"], since=at,
        until=at + timedelta(days=3), by=office.clerk, at=at,
    )  # fmt: skip


def test_substitute_acts_in_the_period_with_the_named_roles_only(office, colleague, named, at):
    decision = queries.may_act(colleague, "provider", office.estate, at)
    assert decision.allowed and decision.reason.startswith("代易经办")
    assert queries.acts_for(colleague, "provider", office.estate, at) == office.clerk
    assert queries.acts_for(office.clerk, "provider", office.estate, at) is None
    assert not queries.may_act(colleague, "consumer", office.estate, at).allowed
    assert queries.may_act(office.clerk, "provider", office.estate, at).allowed
    for moment in (at - timedelta(seconds=1), at + timedelta(days=3)):
        assert not queries.may_act(colleague, "provider", office.estate, moment).allowed


def test_substitute_ends_with_the_role_the_account_or_by_hand(office, colleague, named, at):
    role = Role.objects.get(person=office.clerk, kind="provider")
    actions.revoke_role(role=role, by=office.admin, at=at)
    assert queries.roles_of(colleague, at) == frozenset()
    actions.grant_role(person=office.clerk, kind="provider", by=None, at=at)
    assert queries.roles_of(colleague, at) == {"provider"}
    duties.end_substitute(substitute=named, by=colleague, at=at)
    assert queries.roles_of(colleague, at) == frozenset()


def test_substitute_of_somebody_moved_or_switched_off_has_nothing(office, colleague, named, at):
    actions.update_person(
        person=office.clerk, name="易经办", department=office.police, email="", active=True, by=office.admin, at=at
    )
    named.refresh_from_db()
    assert named.revoked_at == at and queries.roles_of(colleague, at) == frozenset()


def test_stand_in_of_a_responsible_person_passes_nothing_on(office, colleague, at):
    """What is lent for a time is not made one's own by handing work over, or by being named again for longer."""
    actions.grant_role(person=office.clerk, kind="responsible", by=None, at=at)
    given = {"department": office.estate, "kinds": ["responsible"], "at": at}
    period = {"since": at, "until": at + timedelta(days=3)}
    duties.name_substitute(person=office.clerk, substitute=colleague, by=office.clerk, **given, **period)
    assert queries.may_act(colleague, "responsible", office.estate, at).allowed
    with pytest.raises(NotAllowed):
        duties.hand_over(giver=office.clerk, taker=colleague, by=colleague, **given)
    with pytest.raises(NotAllowed):
        longer = {"since": at, "until": at + timedelta(days=3000)}
        duties.name_substitute(person=office.clerk, substitute=colleague, by=colleague, **given, **longer)
    assert not Role.objects.filter(person=colleague).exists() and Substitute.objects.count() == 1


def test_substitute_is_not_passed_on_and_keeps_roles_apart(office, colleague, named, at, password):
    third, _ = actions.create_person(
        username="disan", name="第三人", department=office.estate, password=password, by=None, at=at
    )
    with pytest.raises(Invalid):  # the colleague holds nothing of their own
        duties.name_substitute(
            person=colleague, substitute=third, department=office.estate, kinds=["provider"], since=at,
            until=at + timedelta(days=1), by=colleague, at=at,
        )  # fmt: skip
    with pytest.raises(NotAllowed) as refused:
        actions.grant_role(person=colleague, kind="auditor", by=office.admin, at=at)
    assert refused.value.code == "orgs.roles_apart"


def test_substitute_named_by_a_stranger_or_from_elsewhere_is_refused(office, colleague, town, at):
    given = {
        "person": office.clerk, "substitute": colleague, "department": office.estate, "kinds": ["provider"], "since": at,
        "until": at + timedelta(days=1), "at": at,
    }  # fmt: skip
    with pytest.raises(NotAllowed):
        duties.name_substitute(**given, by=colleague)
    with pytest.raises(NotFound):
        duties.name_substitute(**given, by=town("cn-henan-jiaozuo-xiuwu", "邻县").admin)
    with pytest.raises(Invalid):
        duties.name_substitute(**given | {"substitute": office.reviewer}, by=office.clerk)
    with pytest.raises(Invalid):
        duties.name_substitute(**given | {"until": at - timedelta(days=1)}, by=office.clerk)
    assert not Substitute.objects.exists()


def test_substitute_named_and_ended_through_the_pages(office, colleague, browser_of):
    browser = browser_of(office.clerk)
    url = reverse("orgs-substitute-new")
    today = timezone.localdate()
    given = {"substitute": colleague.pk, "kinds": ["provider"], "since": today, "until": today, "note": "出差\x00"}
    assert browser.post(url, given | {"note": "出差", "until": today - timedelta(days=1)}).status_code == 422
    assert browser.post(url, given | {"note": "出差"}).status_code == 302
    page = browser_of(colleague).get(reverse("orgs-me")).content.decode()
    assert "代易经办" in page and "提供方经办" in page
    made = Substitute.objects.get()
    assert browser_of(office.reviewer).post(reverse("orgs-substitute-end", args=[made.pk])).status_code == 404
    assert browser.post(reverse("orgs-substitute-end", args=[made.pk])).status_code == 302
    assert "提前结束" in browser.get(reverse("orgs-substitutes")).content.decode()
    assert browser_of(colleague).get(url + f"?person={office.clerk.pk}").status_code == 403


def test_hand_over_moves_the_roles_at_once_and_keeps_the_history(office, colleague, at):
    made = duties.hand_over(
        giver=office.clerk, taker=colleague, department=office.estate, kinds=["provider", "consumer"], by=office.admin, at=at
    )  # fmt: skip
    assert queries.roles_of(office.clerk, at) == frozenset()
    assert queries.roles_of(colleague, at) == {"provider", "consumer"}
    assert made.open_cases == 0 and HandOver.objects.count() == 1
    with pytest.raises(Conflict):
        duties.hand_over(
            giver=office.clerk, taker=colleague, department=office.estate, kinds=["provider"], by=office.admin, at=at
        )


def test_hand_over_by_the_responsible_person_only_in_their_department(office, colleague, at, browser_of, password):
    head, _ = actions.create_person(
        username="juzhang", name="局长", department=office.estate, password=password, by=None, at=at
    )
    actions.grant_role(person=head, kind="responsible", by=None, at=at)
    page = browser_of(head)
    assert "易经办" in page.get(reverse("orgs-hand-overs")).content.decode()
    url = reverse("orgs-hand-over-new", args=[office.clerk.pk])
    assert page.post(url, {"taker": colleague.pk, "kinds": ["provider"], "note": ""}).status_code == 302
    assert queries.roles_of(office.clerk) == {"consumer"} and queries.roles_of(colleague) == {"provider"}
    assert page.get(reverse("orgs-hand-over-new", args=[office.reviewer.pk])).status_code == 403
    assert browser_of(office.clerk).get(url).status_code == 403


def test_hand_over_that_fails_halfway_changes_nothing(office, colleague, at):
    actions.update_person(
        person=colleague, name="童代行", department=office.estate, email="", active=False, by=office.admin, at=at
    )
    with pytest.raises(Invalid):
        duties.hand_over(
            giver=office.clerk, taker=colleague, department=office.estate, kinds=["provider"], by=office.admin, at=at
        )
    assert queries.roles_of(office.clerk, at) == {"provider", "consumer"}


def test_responsible_person_passes_on_no_management_or_audit_role(office, at, password):
    head, _ = actions.create_person(
        username="juzhang", name="局长", department=office.authority, password=password, by=None, at=at
    )
    actions.grant_role(person=head, kind="responsible", by=None, at=at)
    given = {"department": office.authority, "kinds": ["admin"], "by": head, "at": at}
    with pytest.raises(NotAllowed):
        duties.hand_over(giver=office.admin, taker=head, **given)
    with pytest.raises(NotAllowed):
        duties.name_substitute(
            person=office.admin, substitute=office.reviewer, since=at, until=at + timedelta(days=1), **given
        )
    assert queries.roles_of(office.admin, at) == {"admin"}
