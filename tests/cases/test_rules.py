"""The engine as pure rules, over every procedure of every pack in both modes."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yishu.cases import rules
from yishu.kernel.time import SHANGHAI
from yishu.law import calendar, clocks, packs, values
from yishu.law.vocabulary import ROLES

DAY = date(2026, 3, 2)
DAYS = calendar.standard()


@cache
def runs(clocked=False):
    """(where, procedure) of every pack in both modes; with ``clocked`` those with a number of working days somewhere."""
    found = [
        (f"{pack} {mode} {run.key}", run)
        for pack in packs.pack_ids()
        for mode in ("as_written", "overlaid")
        for run in values.procedures(packs.Law(pack, mode).at(DAY))
    ]
    return [one for one in found if not clocked or any(s.clock and s.clock.working_days for s in one[1].steps.values())]


def procedures(clocked=False):
    return st.deferred(lambda: st.sampled_from([run for _, run in runs(clocked)]))


def at(day: date, hour: int = 10) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)


def test_every_procedure_every_state_leads_to_an_end_and_names_known_roles():
    assert len(runs()) > 30
    for where, run in runs():
        assert run.start in run.steps, where
        check_ways_on(where, run)


def check_ways_on(where, run):
    reached, todo = set(), [run.start]
    while todo:
        key = todo.pop()
        if key in reached:
            continue
        reached.add(key)
        if key in run.steps:
            todo += [o.to for o in run.steps[key].outcomes.values()]
    assert reached <= set(run.steps) | set(run.finals), where
    assert all(run.steps[key].role in ROLES for key in reached if key in run.steps), where
    ends = set(run.finals)
    while True:
        more = {k for k, s in run.steps.items() if k not in ends and any(o.to in ends for o in s.outcomes.values())}
        if not more:
            break
        ends |= more
    assert reached <= ends, f"{where}: no way on from {reached - ends}"


@st.composite
def walks(draw, clocked=False, longest=14):
    """A procedure and a possible history: outcomes at moments that never go back, extensions within the law in between."""
    run = draw(procedures(clocked))
    moment = at(DAY + timedelta(days=draw(st.integers(0, 200))), draw(st.integers(0, 23)))
    events = [rules.Happened(rules.OPENED, moment, "", run.start)]
    state = rules.opened(run, moment, DAYS)
    for _ in range(draw(st.integers(0, longest))):
        if state.closed:
            break
        moment += timedelta(hours=draw(st.integers(0, 24 * 9)))
        before, left = state.step, rules.extension_left(run, state)
        choices = list(run.steps[state.step].outcomes)
        if left:
            choices.append(rules.GRANTED)
        outcome = draw(st.sampled_from(choices))
        days = None
        if outcome == rules.GRANTED:
            days = draw(st.integers(1, left))
            state = rules.granted(run, state, days)
        else:
            state = rules.decided(run, state, outcome, moment, DAYS)
        events.append(rules.Happened(outcome, moment, before, state.step, days=days))
    return run, events, state


@settings(max_examples=300, deadline=None)
@given(walks())
def test_replay_any_history_gives_the_state_it_led_to(walk):
    run, events, state = walk
    assert rules.replay(run, events, DAYS) == state
    assert state.revision == len(events)
    again = rules.from_json(
        rules.as_json(state), step=state.step, revision=state.revision, closed=state.closed, asked_days=state.asked
    )
    assert again == state


@settings(max_examples=300, deadline=None)
@given(walks(clocked=True))
def test_clocks_any_history_never_longer_than_the_pack_allows(walk):
    run, events, _ = walk
    for length in range(1, len(events) + 1):
        state = rules.replay(run, events[:length], DAYS)
        for running in (*filter(None, (state.clock, state.outer)), *state.kept.values()):
            term = rules.clock_named(run, running.key)
            most = term.extension.working_days if term.extension else 0
            assert running.extended <= most
            assert 0 <= running.days <= term.working_days + running.extended
        if state.clock and not state.clock.stopped:
            assert rules.end_of(state.clock, DAYS) >= state.clock.start


@settings(max_examples=200, deadline=None)
@given(procedures(clocked=True), st.integers(0, 250), st.integers(0, 30))
def test_due_date_later_opening_never_ends_earlier(run, start, later):
    first = rules.dates(run, rules.opened(run, at(DAY + timedelta(days=start)), DAYS), DAYS)
    second = rules.dates(run, rules.opened(run, at(DAY + timedelta(days=start + later)), DAYS), DAYS)
    assert (first.ends_on or date.min) <= (second.ends_on or date.max)


@given(procedures(clocked=True), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_extension_beyond_what_is_left_is_refused(run, days):
    state = rules.opened(run, at(DAY), DAYS)
    left = rules.extension_left(run, state)
    if days <= left:
        return
    with pytest.raises(ValueError):
        rules.granted(run, state, days)


@given(st.integers(0, 300), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_amber_from_is_the_first_amber_day(start, total):
    end = clocks.due(DAY + timedelta(days=start), total, DAYS).date
    amber = rules.amber_from(end, total, DAYS)
    assert clocks.light(end, amber, DAYS, total) == "amber"
    assert clocks.light(end, amber - timedelta(days=1), DAYS, total) == "green"


def review(**changes):
    """修武's sharing application as written, its review clock changed as asked."""
    run = values.procedure(packs.Law("cn-henan-jiaozuo-xiuwu").at(DAY), "sharing.application")
    step = run.steps["review"]
    clock = replace(step.clock, **changes)
    return replace(run, steps={**run.steps, "review": replace(step, clock=clock)})


def test_correction_stops_the_clock_and_it_goes_on_with_what_was_left():
    run = review(working_days=5)
    state = rules.opened(run, at(date(2026, 3, 2)), DAYS)  # Monday; ends on the 9th
    state = rules.decided(run, state, "return", at(date(2026, 3, 4)), DAYS)
    away = state.kept["share.cond.reply"]
    assert state.clock is None and (away.days, away.stopped) == (3, True)
    state = rules.decided(run, state, "resubmit", at(date(2026, 3, 20)), DAYS)
    assert rules.dates(run, state, DAYS).due_on == date(2026, 3, 25)
    assert not state.kept


def test_correction_where_the_law_says_so_the_clock_runs_on():
    run = review(working_days=5, stops_during_correction=False)
    state = rules.opened(run, at(date(2026, 3, 2)), DAYS)
    state = rules.decided(run, state, "return", at(date(2026, 3, 4)), DAYS)
    assert rules.dates(run, state, DAYS).due_on == date(2026, 3, 9)
    state = rules.decided(run, state, "resubmit", at(date(2026, 3, 20)), DAYS)
    assert rules.dates(run, state, DAYS).due_on == date(2026, 3, 9)


def test_overdue_clock_comes_back_from_correction_with_nothing_left():
    run = review(working_days=5)
    state = rules.opened(run, at(date(2026, 3, 2)), DAYS)
    state = rules.decided(run, state, "return", at(date(2026, 3, 16)), DAYS)
    state = rules.decided(run, state, "resubmit", at(date(2026, 3, 20)), DAYS)
    assert rules.dates(run, state, DAYS).due_on == date(2026, 3, 20)


def test_receipt_after_office_hours_counts_from_the_next_working_day():
    run = review(working_days=5, after_hours="next_working_day 17:30")
    friday = date(2026, 3, 6)
    assert rules.opened(run, at(friday, 16), DAYS).clock.start == friday
    assert rules.opened(run, at(friday, 18), DAYS).clock.start == date(2026, 3, 9)


def test_two_steps_under_one_clock_share_it():
    run = values.procedure(packs.Law("cn").at(DAY), "sharing.application")
    state = rules.opened(run, at(date(2026, 3, 2)), DAYS)
    state = rules.decided(run, state, next(iter(run.steps[state.step].outcomes)), at(date(2026, 3, 3)), DAYS)
    first = state.clock
    onward = next(o.key for o in run.steps[state.step].outcomes.values() if o.to == "provider_consent")
    state = rules.decided(run, state, onward, at(date(2026, 3, 10)), DAYS)
    assert state.step == "provider_consent" and state.clock == first


def test_outer_clock_runs_over_both_steps_and_is_the_nearer_end():
    run = values.procedure(packs.Law("cn-henan-jiyuan", "overlaid").at(DAY), "correction")
    state = rules.opened(run, at(date(2026, 3, 2)), DAYS)
    outer = rules.dates(run, state, DAYS).outer_due_on
    assert outer == clocks.due(date(2026, 3, 2), run.outer, DAYS).date
    step = run.steps[state.step]
    onward = next(o for o in step.outcomes.values() if o.to in run.steps and o.key != "return")
    moment = at(date(2026, 3, 9))
    state = rules.decided(run, state, onward.key, moment, DAYS)
    dates = rules.dates(run, state, DAYS)
    assert dates.outer_due_on == outer
    assert dates.ends_on == min(filter(None, (dates.due_on, outer)))


@pytest.mark.parametrize(
    "role, step, side",
    [
        ("authority", "review", "authority"),
        ("consumer", "supplement", "applicant"),
        ("office_head", "consumer_consent", "applicant"),
        ("office_head", "provider_consent", "provider"),
        ("responsible", "sign_off", "provider"),
        ("government", "decide", "any"),
    ],
)
def test_side_of_a_step_is_the_department_that_acts(role, step, side):
    assert rules.side_of(role, step) == side
