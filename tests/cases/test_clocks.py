"""Clocks of real cases: extension in two acts, correction, the outer clock, history that replays to the row."""

import random
from datetime import date, datetime, timedelta

import pytest
from django.db import connection

from yishu.cases import actions, extensions, rules
from yishu.cases.history import happened, state_of
from yishu.cases.procedures import procedure_of
from yishu.cases.registry import handler
from yishu.kernel.errors import Conflict, Invalid, NotAllowed
from yishu.kernel.time import SHANGHAI
from yishu.law import calendar, clocks
from yishu.orgs.models import Person, Role

from .conftest import APPROVAL, AT, make_county

pytestmark = pytest.mark.django_db


def moment(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


@pytest.fixture
def head(county):
    person = Person.objects.create(username="qian", name="钱局长", department=county.provider, created_at=AT)
    Role.objects.create(person=person, department=county.provider, kind="responsible", granted_at=AT)
    return person


def open_check(county, **more):
    return actions.open_case(
        procedure="correction",
        jurisdiction=county.jurisdiction,
        subject_id="1",
        title="校核：食品经营许可证信息",
        department=county.consumer,
        provider=county.provider,
        by=county.user,
        at=AT,
        facts={"resource": "307016/000001"},
        **more,
    )


def test_extension_asked_by_the_actor_and_granted_by_the_head_moves_the_end(county, head):
    case = open_check(county)
    before = case.due_on
    case = extensions.extend_clock(case_id=case.pk, days=4, reason="须外调档案", by=county.clerk, at=AT)
    assert (case.extension_asked, case.extension_role, case.due_on) == (4, "responsible", before)
    case = extensions.extend_clock(case_id=case.pk, days=3, reason="同意", by=head, at=AT)
    assert (case.extension_asked, case.extended_days) == (None, 3)
    assert case.due_on == clocks.due(before, 3, calendar.standard()).date
    assert [(e.outcome, e.role, e.days) for e in case.events.all()][1:] == [
        (rules.ASKED, "provider", 4),
        (rules.GRANTED, "responsible", 3),
    ]
    with connection.cursor() as cursor:
        cursor.execute("select convert_from(entry, 'utf8') from ledger.inbox order by at")
        entries = [row[0] for row in cursor.fetchall()]
    assert sum("extension.granted" in e and '"days":3' in e for e in entries) == 1
    assert not any("外调" in e for e in entries)


def test_extensions_together_never_beyond_the_pack(county, head):
    case = open_check(county)
    most = extensions.extension_of(case).working_days
    with pytest.raises(Invalid) as caught:
        extensions.extend_clock(case_id=case.pk, days=most + 1, reason="x", by=county.clerk, at=AT)
    assert caught.value.code == "cases.extension_too_long" and caught.value.reference
    for days in (most - 1, 1):
        extensions.extend_clock(case_id=case.pk, days=days, reason="须外调", by=county.clerk, at=AT)
        extensions.extend_clock(case_id=case.pk, days=days, reason="同意", by=head, at=AT)
    with pytest.raises(Invalid):
        extensions.extend_clock(case_id=case.pk, days=1, reason="再延", by=county.clerk, at=AT)


def test_extension_granted_for_more_than_was_asked_is_refused(county, head):
    case = open_check(county)
    extensions.extend_clock(case_id=case.pk, days=2, reason="须外调", by=county.clerk, at=AT)
    with pytest.raises(Invalid):
        extensions.extend_clock(case_id=case.pk, days=3, reason="同意", by=head, at=AT)


def test_extension_nobody_asked_for_is_refused_to_the_approver(county, head):
    case = open_check(county)
    with pytest.raises(Conflict) as caught:
        extensions.extend_clock(case_id=case.pk, days=2, reason="同意", by=head, at=AT)
    assert caught.value.code == "cases.extension_not_asked"


def test_extension_after_the_end_is_refused(county, head):
    case = open_check(county)
    late = datetime.combine(case.due_on + timedelta(days=1), AT.timetz())
    with pytest.raises(Conflict) as caught:
        extensions.extend_clock(case_id=case.pk, days=2, reason="须外调", by=county.clerk, at=late)
    assert caught.value.code == "cases.extension_too_late"


@pytest.mark.parametrize("who", ["user", "auditor", "reviewer"])
def test_extension_by_somebody_else_is_refused(county, head, who):
    case = open_check(county)
    with pytest.raises(NotAllowed):
        extensions.extend_clock(case_id=case.pk, days=2, reason="x", by=getattr(county, who), at=AT)


def test_extension_refused_leaves_the_clock_as_it_was(county, head):
    case = open_check(county)
    before = case.due_on
    extensions.extend_clock(case_id=case.pk, days=2, reason="须外调", by=county.clerk, at=AT)
    case = extensions.refuse_extension(case_id=case.pk, reason="材料齐全，不必延长", by=head, at=AT)
    assert (case.extension_asked, case.due_on, case.events.count()) == (None, before, 3)


def test_extension_where_the_law_knows_none_is_refused_with_the_article(county, review):
    with pytest.raises(Invalid) as caught:
        extensions.extend_clock(case_id=review().pk, days=1, reason="x", by=county.reviewer, at=AT)
    assert caught.value.code == "cases.no_extension" and caught.value.reference.pack == "cn-henan-jiaozuo-xiuwu"


def test_decision_ends_what_was_asked(county, head):
    case = open_check(county)
    extensions.extend_clock(case_id=case.pk, days=2, reason="须外调", by=county.clerk, at=AT)
    run = procedure_of(case)
    outcome = next(iter(run.steps[case.step].outcomes.values()))
    facts = {name: {"x": "y"} if name != "reason" else "" for name in outcome.requires}
    case = actions.act(
        case_id=case.pk, outcome=outcome.key, seen_revision=2, by=county.clerk, at=AT, reason="已核对", facts=facts
    )
    assert case.extension_asked is None and case.extension_role == ""


def test_return_shows_what_is_left_and_resubmission_goes_on_with_it(county, review):
    case = review()
    case = actions.act(
        case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=moment(9, 22), reason="请补充"
    )
    assert (case.paused_left, case.due_on, case.ends_on) == (2, None, None)
    case = actions.act(case_id=case.pk, outcome="resubmit", seen_revision=2, by=county.clerk, at=moment(10, 9))
    assert (case.paused_left, case.due_on, case.clock_from) == (None, date(2026, 10, 12), date(2026, 10, 9))


def test_clock_told_to_begin_earlier_counts_from_there(county):
    case = open_check(county, clock_from=date(2026, 9, 10))
    assert case.clock_from == date(2026, 9, 10)
    assert case.events.get().clock_from == date(2026, 9, 10)
    run = procedure_of(case)
    assert case.due_on == clocks.due(date(2026, 9, 10), run.steps[case.step].clock, calendar.standard()).date


def test_outer_clock_is_shown_and_counts_for_the_nearest_end(db):
    county = make_county("cn-henan-jiyuan", "济源示范区")
    county.jurisdiction.mode = "overlaid"
    county.jurisdiction.save()
    case = open_check(county)
    run = procedure_of(case)
    outer = clocks.due(AT, run.outer, calendar.standard()).date
    assert case.outer_due_on == outer
    assert case.ends_on == min(filter(None, (case.due_on, outer)))


def test_random_walks_of_real_cases_replay_to_their_rows(county, head):
    chance = random.Random(20260918)
    people = [county.reviewer, county.clerk, county.user, head, county.auditor]
    whole = {"share_type": "conditional", "grades": {"i0001": 1}} | APPROVAL
    for number in range(25):
        at = AT + timedelta(days=number)
        procedure = chance.choice(["catalogue.review", "sharing.application", "correction"])
        case = actions.open_case(
            procedure=procedure, jurisdiction=county.jurisdiction, subject_id="1", title="x",
            department=county.consumer if procedure != "catalogue.review" else county.provider,
            provider=county.provider, by=county.user, at=at, facts={"resource": "307016/000001"},
        )  # fmt: skip
        for _ in range(chance.randint(1, 6)):
            at += timedelta(hours=chance.randint(1, 100))
            run = procedure_of(case)
            if case.closed_at:
                break
            outcome = chance.choice(list(run.steps[case.step].outcomes.values()))
            facts = {name: whole.get(name, {"x": "y"}) for name in outcome.requires if name != "reason"}
            for by in people:
                try:
                    if chance.random() < 0.3:
                        case = extensions.extend_clock(case_id=case.pk, days=1, reason="须延", by=by, at=at)
                    else:
                        case = actions.act(
                            case_id=case.pk, outcome=outcome.key, seen_revision=case.revision, by=by, at=at,
                            reason="理由", facts=facts,
                        )  # fmt: skip
                    break
                except (NotAllowed, Invalid, Conflict):
                    continue
        case.refresh_from_db()
        run = procedure_of(case)
        events = list(case.events.order_by("seq"))
        assert [e.seq for e in events] == list(range(1, case.revision + 1))
        assert rules.replay(run, map(happened, events), calendar.standard()) == state_of(case, run)
        for event in events[1:]:
            step = run.steps[event.from_step]
            named = {step.role} | ({step.clock.extension.approver} if step.clock and step.clock.extension else set())
            assert event.role in named and event.by.roles.filter(kind=event.role).exists()


def test_handler_of_every_wired_procedure_is_found():
    assert handler("catalogue.review") and handler("sharing.application")
