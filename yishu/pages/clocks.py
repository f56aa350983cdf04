"""What a clock light says, in words: days left, due day, the days counted and those not counted."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from yishu.kernel.time import in_words
from yishu.law.calendar import Calendar, current
from yishu.law.clocks import Due, left_in_words, light

Dueness = date | Due | None
LIGHT_WORDS = {"green": "时限充裕", "amber": "时限临近", "red": "已逾期"}


@dataclass(frozen=True, slots=True)
class ClockFace:
    """``light`` is ``green``, ``amber``, ``red`` or ``none`` (the text sets no term); the lists are in words for people."""

    light: Literal["green", "amber", "red", "none"]
    words: str
    light_words: str = ""
    due_on: date | None = None
    counted: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


def clock_face(
    due: Dueness,
    *,
    today: date,
    total: int | None = None,
    provisional: bool = False,
    start: date | None = None,
    calendar: Calendar | None = None,
) -> ClockFace:
    """The face of a clock on a day. ``total`` is the term in working days (default: what ``Due`` says, else 0)."""
    if due is None:
        return ClockFace("none", "文本未规定时限")
    days = calendar or current()
    if isinstance(due, Due):
        end, length, counted, skipped = due.date, due.working_days, due.counted, due.skipped
    else:
        end, length = due, total or 0
        counted, skipped = _between(start, end, days) if start else ((), ())
    shade = light(end, today, days, length)
    doubtful = due.provisional if isinstance(due, Due) else provisional
    return ClockFace(
        shade,
        left_in_words(end, today, days, provisional=doubtful),
        LIGHT_WORDS[shade],
        end,
        tuple(in_words(day) for day in counted),
        tuple((in_words(day), why) for day, why in skipped),
    )


def _between(start: date, end: date, calendar: Calendar) -> tuple[tuple[date, ...], tuple[tuple[date, str], ...]]:
    every = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    counted = tuple(day for day in every if calendar.is_working(day))
    return counted, tuple((day, calendar.why(day)) for day in every if not calendar.is_working(day))
