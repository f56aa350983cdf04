"""When a year's notice is put in: open cases whose clocks looked at its days are computed anew, and whoever acts is told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from procrastinate.contrib.django import app

from yishu.cases import rules
from yishu.cases.history import happened, put_state, state_of
from yishu.cases.models import Case, CaseEvent, DueMove, Notice
from yishu.cases.notices import tell
from yishu.cases.procedures import procedure_of
from yishu.cases.reminders import Actors
from yishu.kernel.errors import Invalid
from yishu.kernel.time import in_words
from yishu.law import calendar
from yishu.law.calendar import Calendar
from yishu.law.packs import Missing
from yishu.law.statutory import statutory_days
from yishu.ledger.actions import record
from yishu.orgs import calendars
from yishu.orgs.models import Person

MOVE_JOB = "cases.move_deadlines"
BATCH = 200
"""Cases computed anew in one transaction."""


@dataclass(frozen=True, slots=True)
class Move:
    """A deadline that a notice moves: ``which`` is ``step`` or ``outer``."""

    case: Case
    which: str
    before: date
    after: date


def touched(year: int) -> QuerySet[Case]:
    """Open cases with a clock that may look at a day of a year (or of the December before it)."""
    begins = date(year - 1, 12, 1)
    reaches = Q(ends_on__gte=begins) | Q(due_on__gte=begins) | Q(outer_due_on__gte=begins)
    return Case.objects.filter(reaches | Q(paused_left__isnull=False), closed_at=None)


def anew(case: Case, events: list[CaseEvent], days: Calendar) -> rules.State | None:
    """A case's state under a calendar, from its history; None where the history does not lead to where it stands."""
    run = procedure_of(case)
    try:
        state = rules.replay(run, map(happened, events), days)
    except (ValueError, KeyError):
        return None
    return state if (state.step, state.revision) == (case.step, case.revision) else None


def _histories(cases: list[Case]) -> Mapping[UUID, list[CaseEvent]]:
    found: dict[UUID, list[CaseEvent]] = {}
    for event in CaseEvent.objects.filter(case__in=cases).order_by("case_id", "seq"):
        found.setdefault(event.case_id, []).append(event)
    return found


def _compute(cases: list[Case], days: Calendar) -> Iterator[tuple[Case, tuple[Move, ...]]]:
    """Set each case's columns as they stand under a calendar (nothing is saved); yields those that changed, with their moves."""
    histories = _histories(cases)
    for case in cases:
        before = (case.due_on, case.outer_due_on, case.due_provisional, case.clocks)
        try:
            run = procedure_of(case)
            state = anew(case, histories.get(case.pk, []), days) or state_of(case, run)
            put_state(case, run, state, days)
        except (Missing, KeyError):
            continue  # the pack lost what this case runs by: its date stays as it was
        if before == (case.due_on, case.outer_due_on, case.due_provisional, case.clocks):
            continue
        pairs = (("step", before[0], case.due_on), ("outer", before[1], case.outer_due_on))
        yield case, tuple(Move(case, which, old, new) for which, old, new in pairs if old and new and old != new)


def preview(year: int, days: Calendar, jurisdiction_id: int, most: int = 200) -> tuple[list[Move], int]:
    """The moves a calendar would bring to one jurisdiction's cases: of the first ``most`` cases, and how many may be touched in all."""
    cases = (
        touched(year).filter(jurisdiction_id=jurisdiction_id).select_related("jurisdiction").order_by("ends_on", "pk")
    )
    moves = [move for _, found in _compute(list(cases[:most]), days) for move in found]
    return moves, cases.count()


def move_deadlines(*, year: int, by: Person | None, at: datetime) -> int:
    """Compute every open case anew that may have looked at a day of the year's notice; returns how many deadlines moved.

    In batches, each one transaction: rows locked, ``DueMove`` rows, a ledger entry per moved case, notices to whoever acts.
    Idempotent: what was moved before is not moved again, so a run that was cut short is simply run again.
    """
    moved, last = 0, None
    while True:
        with transaction.atomic():
            days = calendars.steady()
            rows = touched(year).select_for_update(of=("self",))
            rows = rows.select_related("jurisdiction", "department", "provider").order_by("pk")
            cases = list((rows.filter(pk__gt=last) if last else rows)[:BATCH])
            if not cases:
                return moved
            last = cases[-1].pk
            moved += _move(cases, days, year, by, at)


def import_notice(*, notice: calendar.Notice, by: Person, at: datetime) -> tuple[bool, int]:
    """Put a year's notice in and move every deadline it touches; returns whether it was new, and how many deadlines moved.

    A job of the queue, laid down with the notice itself, finishes what this process may not live to finish. Raises as
    ``orgs.calendars.put_in``, and Invalid for a year that does not follow on those that are in.
    """
    check_year(notice.year)
    with transaction.atomic():
        _, new = calendars.put_in(notice=notice, by=by, at=at)
        if new:
            app.configure_task(MOVE_JOB).defer(year=notice.year)
    return new, move_deadlines(year=notice.year, by=by, at=at)


def check_year(year: int) -> None:
    """Raise Invalid for a year whose notice would leave a gap behind those that are in."""
    last = max(calendar.current().years)
    if year > last + 1:
        raise Invalid(
            f"不能先导入 {year} 年的放假安排", why=f"日历现有至 {last} 年", remedy=f"请先导入 {last + 1} 年的放假安排",
            object_=str(year), code="cases.calendar_gap",
        )  # fmt: skip


def _move(cases: list[Case], days: Calendar, year: int, by: Person | None, at: datetime) -> int:
    changed = list(_compute(cases, days))
    Case.objects.bulk_update(
        [case for case, _ in changed],
        ["due_on", "due_provisional", "outer_due_on", "ends_on", "amber_on", "clock_from", "paused_left", "clocks"],
    )
    moves = [move for _, found in changed for move in found]
    DueMove.objects.bulk_create(
        DueMove(case=m.case, which=m.which, before=m.before, after=m.after, notice_year=year, at=at) for m in moves
    )
    actors: dict[int, Actors] = {}
    notices = []
    for move in moves:
        case = move.case
        record(
            kind="event",
            by=by,
            at=at,
            case=case.pk,
            facts={
                "event": "cases.due_moved",
                "object": case.procedure,
                "object_id": case.subject_id,
                "revision": case.revision,
                "jurisdiction": str(case.jurisdiction_id),
                "starts_on": move.before.isoformat(),
                "due_on": move.after.isoformat(),
            },
        )
        if case.jurisdiction_id not in actors:
            actors[case.jurisdiction_id] = Actors(case.jurisdiction_id, at)
        known = actors[case.jurisdiction_id]
        title = f"截止日期由{in_words(move.before)}改为{in_words(move.after)}（{year}年放假安排）：{case.title}"
        key = f"moved:{case.pk}:{move.which}:{move.before.isoformat()}:{move.after.isoformat()}"
        url = f"/cases/{case.pk}/"
        notices += [
            Notice(person_id=person, key=key, title=title[:200], url=url, case=case, at=at) for person in known.of(case)
        ]
    tell(notices)
    return len(moves)


def changed_days(notice: calendar.Notice, before: Calendar, after: Calendar) -> list[tuple[date, str, str]]:
    """The days a notice makes different: day, what it was and what it becomes, in words."""
    found = []
    for day in sorted({*notice.off, *notice.worked, *_days_of(notice.year)}):
        old, new = _words(before, day), _words(after, day)
        if old != new:
            found.append((day, old, new))
    return found


def _days_of(year: int) -> Iterator[date]:
    return (date.fromordinal(n) for n in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1))


def _words(days: Calendar, day: date) -> str:
    why = days.why(day)
    kind = "工作日" if days.is_working(day) else "休息"
    return f"{kind} · {why}" if why else kind


def not_off(notice: calendar.Notice, after: Calendar) -> list[tuple[date, str]]:
    """The statutory holidays of the notice's year that it would have worked: most likely left out by mistake."""
    return [(day, name) for day, name in sorted(statutory_days(notice.year).items()) if after.is_working(day)]
