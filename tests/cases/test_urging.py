"""督办: who may urge which case, what it leaves, that it decides nothing; the leading group's daily notice."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from yishu.cases import actions, reminders
from yishu.cases.models import Notice, Urging
from yishu.cases.urging import urge_case
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from yishu.kernel.time import shanghai_date
from yishu.law import calendar
from yishu.orgs.models import Person, Role

from .conftest import APPROVAL, AT, open_review
from .test_pages import client_of, plain_handler  # noqa: F401

pytestmark = pytest.mark.django_db


def person(county, kind, username="ling"):
    made = Person.objects.create(username=username, name="凌组长", department=county.consumer, created_at=AT)
    Role.objects.create(person=made, department=county.consumer, kind=kind, granted_at=AT)
    return made


@pytest.fixture
def late(county):
    """An overdue review with its leader and a moment after its end."""
    case = open_review(county)
    return case, person(county, "leader"), AT.replace(day=case.due_on.day, month=case.due_on.month) + timedelta(days=4)


def urge(case, by, at, **changes):
    given = {"note": "请抓紧办理并说明原因", "wanted_on": shanghai_date(at) + timedelta(days=3)} | changes
    return urge_case(case_id=case.pk, by=by, at=at, **given)


def test_urging_late_case_tells_those_who_act_and_changes_no_step_or_clock(late, county):
    case, leader, at = late
    made = urge(case, leader, at)
    before = (case.step, case.revision, case.due_on, case.clocks)
    case.refresh_from_db()
    assert (case.step, case.revision, case.due_on, case.clocks) == before and case.events.count() == 1
    told = set(Notice.objects.filter(key=f"urging:{made.pk}").values_list("person_id", flat=True))
    assert told == {county.reviewer.pk, county.second_reviewer.pk}
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from ledger.inbox")
        assert cursor.fetchone()[0] == 2


def test_urging_shown_on_case_page_and_work_list_until_the_case_moves(late, county):
    case, leader, at = late
    page = client_of(leader).get(f"/cases/{case.pk}/").content.decode()
    assert "写入督办意见" in page
    urge(case, leader, at)
    page = client_of(county.reviewer).get(f"/cases/{case.pk}/").content.decode()
    assert "请抓紧办理并说明原因" in page and "写入督办意见" not in page
    listed = client_of(county.reviewer).get("/", {"tab": "open", "urged": "1"}).content.decode()
    assert case.number in listed and "督办" in listed
    actions.act(
        case_id=case.pk, outcome="approve", seen_revision=case.revision, by=county.reviewer, at=at, facts=APPROVAL
    )
    assert "已办理" in client_of(leader).get(f"/cases/{case.pk}/").content.decode()
    assert "已有进展" in Notice.objects.get(person=leader).title
    assert case.number not in client_of(leader).get("/", {"tab": "done", "urged": "1"}).content.decode()


def test_urging_by_post_keeps_what_was_typed_when_refused(late):
    case, leader, _ = late
    browser = client_of(leader)
    given = {"note": "请说明逾期原因", "wanted_on": "2020-01-01", "revision": case.revision}
    answer = browser.post(f"/cases/{case.pk}/urging/", given)
    assert answer.status_code == 422 and "请说明逾期原因" in answer.content.decode()
    assert browser.post(f"/cases/{case.pk}/urging/", given | {"revision": "7"}).status_code == 409
    assert browser.post(f"/cases/{case.pk}/urging/", given | {"note": "催\x00办办办"}).status_code == 422
    assert not Urging.objects.exists()


@pytest.mark.parametrize("who", ["clerk", "auditor", "user", "reviewer"])
def test_urging_by_others_or_by_whose_turn_it_is_refused(who, late, county):
    case, _, at = late
    with pytest.raises(NotAllowed):
        urge(case, getattr(county, who), at)


def test_urging_case_in_time_or_of_another_tenant_refused(late, elsewhere):
    case, leader, at = late
    with pytest.raises(NotAllowed, match="不需要督办"):
        urge(case, leader, AT)
    with pytest.raises(NotFound):
        urge(case, person(elsewhere, "leader", "other"), at)


def test_urging_twice_before_its_date_refused_and_again_after_it(late):
    case, leader, at = late
    urge(case, leader, at)
    with pytest.raises(Conflict, match="已督办"):
        urge(case, leader, at + timedelta(days=1))
    urge(case, leader, at + timedelta(days=4))
    assert case.urgings.count() == 2


@pytest.mark.parametrize("changes", [{"note": "催"}, {"note": "催" * 501}, {"wanted_on": AT.date()}])
def test_urging_without_note_or_with_past_date_refused(changes, late):
    case, leader, at = late
    with pytest.raises(Invalid):
        urge(case, leader, at, **changes)


def test_urging_cannot_be_changed_or_deleted(late):
    made = urge(*late)
    for change in (lambda: made.delete(), lambda: Urging.objects.update(note="改动的意见")):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_leaders_are_told_once_a_working_day_of_cases_long_overdue(late, county):
    case, leader, _ = late
    day, days = case.due_on, 0
    while days < 3:
        day += timedelta(days=1)
        days += calendar.current().is_working(day)
        reminders.sweep_clocks(AT.replace(month=day.month, day=day.day))
        assert Notice.objects.filter(person=leader).count() == (days >= 3)
    reminders.sweep_clocks(AT.replace(month=day.month, day=day.day, hour=15))
    notice = Notice.objects.get(person=leader)
    assert "1 件办件逾期满 3 个工作日" in notice.title and notice.url == "/?tab=open&light=red&sort=due"
    assert client_of(leader).get(notice.url).context["page"].paginator.count == 1
