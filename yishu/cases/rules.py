"""The procedure engine as pure decisions: what a case's events make of it, step by step and clock by clock.

A clock belongs to its key, not to a step: two steps in a row under one clock share it. It stands still while the case is away
for 补正 and goes on with what was left, unless the law says that it runs on (``Clock.stops_during_correction``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from yishu.kernel.time import shanghai_date
from yishu.law import clocks
from yishu.law.calendar import Calendar
from yishu.law.kinds import Clock, Outcome, Procedure, Step

OPENED = "open"
"""Outcome of every case's first event."""
ASKED, GRANTED, REFUSED = "extension.asked", "extension.granted", "extension.refused"
"""Outcomes of the events that extend a clock; no pack's outcome holds a dot."""
EXTENSION_WORDS: Mapping[str, str] = {ASKED: "申请延长时限", GRANTED: "同意延长时限", REFUSED: "不同意延长时限"}
RETURN = "return"
"""An outcome called so, or beginning so (``return_to_applicant``), sends the case away to be put right."""
CORRECTING = ("provider", "consumer")
"""Who puts right what was sent back (提供方、使用方)."""
Side = Literal["authority", "provider", "applicant", "any"]
AT_PROVIDER = frozenset({"provider", "reviewer", "secrecy_reviewer", "office_head", "responsible", "delegate"})
"""Roles that act for the department the data come from; where a case has none, for the one that opened it."""
OVER_UNITS = frozenset({"reviewer", "secrecy_reviewer", "office_head", "responsible"})
"""Roles a department holds for its inner units too."""
APPLICANT_STEP = "consumer_"
"""A step whose key begins so is the applicant's, whatever its role: both sides have heads and reviewers."""
NO_CLOCKS: Mapping[str, "Running"] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that counts: ``days`` working days after ``start`` (Asia/Shanghai date, not counted), extensions included."""

    key: str
    start: date
    days: int
    extended: int = 0
    stopped: bool = False
    """It stands still; ``days`` is what is left."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a case stands after its events. ``clock`` runs on the present step, ``outer`` over all steps.

    ``kept`` holds clocks whose step the case left for 补正, by clock key; ``asked`` the working days of an extension somebody asked
    for and nobody answered yet.
    """

    step: str
    revision: int = 0
    closed: bool = False
    clock: Running | None = None
    outer: Running | None = None
    kept: Mapping[str, Running] = field(default_factory=lambda: NO_CLOCKS)
    asked: int | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a case as far as it decides where the case stands. ``days``: working days asked for or granted."""

    outcome: str
    at: datetime
    from_step: str = ""
    to_step: str = ""
    clock_from: date | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Dates:
    """A state's dates. ``ends_on`` is the nearer of both ends; from ``amber_on`` on, the light is amber (None: no clock)."""

    due_on: date | None
    provisional: bool
    outer_due_on: date | None
    ends_on: date | None
    amber_on: date | None


def opened(run: Procedure, at: datetime, calendar: Calendar, clock_from: date | None = None) -> State:
    """A case just opened at the procedure's first step. ``clock_from`` starts the first clock on an earlier (or later) day."""
    outer = None
    if run.outer is not None and run.outer.working_days is not None:
        outer = Running(run.outer.key, clock_from or _received(at, run.outer, calendar), run.outer.working_days)
    return _enter(run, State("", outer=outer), run.start, at, calendar, clock_from=clock_from)


def decided(
    run: Procedure, state: State, outcome: str, at: datetime, calendar: Calendar, days: int | None = None
) -> State:
    """The state after the present step's ``outcome``. Raises KeyError for an outcome the step does not have.

    ``days``: working days by which an outcome that ``extends`` extends the clock; default all that is left to extend.
    """
    step = run.steps[state.step]
    chosen = step.outcomes[outcome]
    if chosen.extends:
        return granted(run, state, days or extension_left(run, state))
    return _enter(run, state, chosen.to, at, calendar, correction=is_correction(run, step, chosen))


def side_of(role: str, step: str = "") -> Side:
    """Whose people act in a role at a step: the authority's, the provider's, the applicant's, or whoever holds it here (``any``)."""
    if role == "authority":
        return "authority"
    if role == "consumer" or (role in AT_PROVIDER and step.startswith(APPLICANT_STEP)):
        return "applicant"
    return "provider" if role in AT_PROVIDER else "any"


def is_correction(run: Procedure, step: Step, outcome: Outcome) -> bool:
    """Whether an outcome sends the case back to provider or applicant to put something right (补正), outside any clock."""
    ahead = run.steps.get(outcome.to)
    back = outcome.key == RETURN or outcome.key.startswith(f"{RETURN}_")
    return back and ahead is not None and ahead.role in CORRECTING and _days(ahead.clock) is None


def _days(clock: Clock | None) -> int | None:
    return clock.working_days if clock is not None else None


def _received(at: datetime, clock: Clock, calendar: Calendar) -> date:
    return clocks.receipt_day(at, clock, calendar)


def _enter(
    run: Procedure,
    state: State,
    key: str,
    at: datetime,
    calendar: Calendar,
    *,
    correction: bool = False,
    clock_from: date | None = None,
) -> State:
    """Stand at step or final state ``key``; every event counts one revision."""
    step = run.steps.get(key)
    if step is None:
        return State(key, state.revision + 1, closed=True)
    kept, clock, outer = dict(state.kept), state.clock, state.outer
    if correction:
        if clock is not None:
            kept[clock.key] = _away(run, clock, at, calendar)
        if outer is not None:
            outer = _away(run, outer, at, calendar)
    elif outer is not None and outer.stopped and run.outer is not None:
        outer = replace(outer, start=_received(at, run.outer, calendar), stopped=False)
    term = step.clock
    if term is None or term.working_days is None:
        on = [c for c in kept.values() if not c.stopped]
        clock = on[0] if on else None
    elif clock is None or clock.key != term.key or correction:
        left = kept.pop(term.key, None)
        start = clock_from or _received(at, term, calendar)
        if left is None:
            clock = Running(term.key, start, term.working_days)
        else:
            clock = replace(left, start=start, stopped=False) if left.stopped else left
    else:
        kept.pop(term.key, None)
    return State(key, state.revision + 1, clock=clock, outer=outer, kept=MappingProxyType(kept))


def _away(run: Procedure, clock: Running, at: datetime, calendar: Calendar) -> Running:
    """A clock while the case is away for 补正: standing still with what is left, unless the law has it run on."""
    term = clock_named(run, clock.key)
    if clock.stopped or not clocks.stops_during_correction(term):
        return clock
    left = clocks.remaining_after_pause(end_of(clock, calendar), shanghai_date(at), calendar)
    return replace(clock, days=min(left, clock.days), stopped=True)


def clock_named(run: Procedure, key: str) -> Clock | None:
    """The clock of a key in a procedure: a step's or the outer one."""
    if run.outer is not None and run.outer.key == key:
        return run.outer
    return next((s.clock for s in run.steps.values() if s.clock is not None and s.clock.key == key), None)


def end_of(clock: Running, calendar: Calendar) -> date:
    """The day a running clock ends with."""
    return clocks.due(clock.start, clock.days, calendar).date


def extension_left(run: Procedure, state: State) -> int:
    """Working days by which the present step's clock may still be extended; 0 where the law knows no extension."""
    term = clock_named(run, state.clock.key) if state.clock else None
    if state.clock is None or state.closed or term is None or term.extension is None:
        return 0
    own = run.steps[state.step].clock
    if own is None or own.key != term.key:
        return 0  # it belongs to a step the case has left for 补正
    return clocks.extension_left(term.extension, state.clock.extended)


def asked(state: State, days: int) -> State:
    """An extension of so many working days is asked for."""
    return replace(state, revision=state.revision + 1, asked=days)


def refused(state: State) -> State:
    """The extension asked for is refused; the clock runs as it did."""
    return replace(state, revision=state.revision + 1, asked=None)


def granted(run: Procedure, state: State, days: int) -> State:
    """The step's clock goes on ``days`` working days longer, and the outer one as far as its own extension goes.

    Raises ValueError beyond what the pack allows in all.
    """
    left = extension_left(run, state)
    if state.clock is None or not 0 < days <= left:
        raise ValueError(f"an extension of {days} working days, where {left} are left")
    outer = state.outer
    if outer is not None and run.outer is not None and run.outer.extension is not None:
        more = min(days, run.outer.extension.working_days - outer.extended)
        outer = replace(outer, days=outer.days + more, extended=outer.extended + more)
    clock = replace(state.clock, days=state.clock.days + days, extended=state.clock.extended + days)
    return replace(state, revision=state.revision + 1, clock=clock, outer=outer, asked=None)


def replay(run: Procedure, events: Iterable[Happened], calendar: Calendar) -> State:
    """The state a case's events lead to, in their order, under a calendar. Raises ValueError when the first does not open it."""
    state: State | None = None
    for event in events:
        if state is None:
            if event.outcome != OPENED:
                raise ValueError("a history begins with the opening")
            state = opened(run, event.at, calendar, event.clock_from)
        elif event.outcome == ASKED:
            state = asked(state, event.days or 0)
        elif event.outcome == GRANTED:
            state = granted(run, state, event.days or 0)
        elif event.outcome == REFUSED:
            state = refused(state)
        else:
            state = decided(run, state, event.outcome, event.at, calendar, event.days)
    if state is None:
        raise ValueError("a case without history")
    return state


def dates(run: Procedure, state: State, calendar: Calendar) -> Dates:
    """The dates of a state under a calendar."""
    ends: list[tuple[date, bool, int]] = []
    step_end: tuple[date, bool] | None = None
    outer_end: date | None = None
    for clock in (state.clock, state.outer):
        if clock is None or clock.stopped:
            continue
        due = clocks.due(clock.start, clock.days, calendar)
        ends.append((due.date, due.provisional, clock.days))
        if clock is state.clock:
            step_end = (due.date, due.provisional)
        else:
            outer_end = due.date
    if not ends:
        return Dates(None, False, None, None, None)
    nearest, _, total = min(ends)
    return Dates(
        step_end[0] if step_end else None,
        step_end[1] if step_end else ends[0][1],
        outer_end,
        nearest,
        amber_from(nearest, total, calendar),
    )


def amber_from(end: date, total: int, calendar: Calendar) -> date:
    """The first day on which ``clocks.light`` shows amber for a clock of ``total`` working days that ends on ``end``."""
    limit = max(clocks.AMBER_DAYS, total // clocks.AMBER_SHARE)
    day, left = end, 0
    while day > calendar.first_day:
        left += calendar.is_working(day)
        if left > limit:
            break
        day -= timedelta(days=1)
    return day


def as_json(state: State) -> dict[str, Any]:
    """A state's clocks as a case's row keeps them."""
    return {
        "run": _clock_json(state.clock),
        "outer": _clock_json(state.outer),
        "kept": [_clock_json(clock) for clock in state.kept.values()],
    }


def _clock_json(clock: Running | None) -> dict[str, Any] | None:
    if clock is None:
        return None
    return {
        "key": clock.key,
        "start": clock.start.isoformat(),
        "days": clock.days,
        "extended": clock.extended,
        "stopped": clock.stopped,
    }


def _clock_of(document: Mapping[str, Any] | None) -> Running | None:
    if not document:
        return None
    return Running(
        document["key"],
        date.fromisoformat(document["start"]),
        document["days"],
        document["extended"],
        document["stopped"],
    )


def from_json(document: Mapping[str, Any], *, step: str, revision: int, closed: bool, asked_days: int | None) -> State:
    """The state of ``as_json`` with the row's other columns."""
    kept = [clock for clock in map(_clock_of, document.get("kept") or ()) if clock is not None]
    return State(
        step,
        revision,
        closed,
        _clock_of(document.get("run")),
        _clock_of(document.get("outer")),
        MappingProxyType({clock.key: clock for clock in kept}),
        asked_days,
    )
