"""Clocks as pure functions: when a term ends, what was counted, how it stands and how to say so."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from yishu.kernel.time import SHANGHAI, in_words, shanghai_date
from yishu.law.calendar import Calendar, OutsideCalendar
from yishu.law.kinds import Clock, Extension

Light = Literal["green", "amber", "red"]
Day = date
"""The type, under a name the field ``Due.date`` does not hide."""
AMBER_DAYS = 2
"""Working days left from which a clock shows amber."""
AMBER_SHARE = 5
"""Amber also from one in this many working days left (20 %)."""
MAX_WORKING_DAYS = 2500
"""No term is longer (ten years); a larger number is a mistake."""


@dataclass(frozen=True, slots=True)
class Due:
    """When a term ends: the end of day ``date`` (Asia/Shanghai).

    ``counted`` are the working days in order, the last of them ``date``; ``skipped`` the days between that do not count, each with
    its reason in Chinese (``周末``, ``国庆节``). ``provisional``: a day beyond the published notices was judged (暂定).
    """

    date: Day
    provisional: bool
    counted: tuple[Day, ...]
    skipped: tuple[tuple[Day, str], ...]
    start: Day
    working_days: int


def due(start: datetime | date, term: Clock | int, calendar: Calendar) -> Due:
    """When a term of working days that began at ``start`` ends. The start day is not counted; 0 ends on the start day.

    A moment counts by its date in Asia/Shanghai. Raises ValueError for a clock without number (ask ``term.working_days`` first)
    or a number outside 0…2500, ``OutsideCalendar`` before the calendar begins. Source: 民法典 第二百零一条.
    """
    days = term if isinstance(term, int) else term.working_days
    if days is None:
        raise ValueError("the law sets no number of working days for this clock")
    if not 0 <= days <= MAX_WORKING_DAYS:
        raise ValueError(f"not a term: {days} working days")
    first = shanghai_date(start) if isinstance(start, datetime) else start
    if first < calendar.first_day:
        raise OutsideCalendar(
            f"工作日历从 {calendar.first_day.isoformat()} 开始，不能计算 {first.isoformat()} 起的时限",
            object_=first.isoformat(),
            remedy="请核对起算日期；更早的时限请人工计算",
        )
    counted: list[date] = []
    skipped: list[tuple[date, str]] = []
    day = first
    provisional = False
    while len(counted) < days:
        day += timedelta(days=1)
        provisional = provisional or not calendar.known(day)
        if calendar.is_working(day):
            counted.append(day)
        else:
            skipped.append((day, calendar.why(day)))
    return Due(day, provisional, tuple(counted), tuple(skipped), first, days)


def receipt_day(moment: datetime, clock: Clock | None, calendar: Calendar) -> date:
    """The day (Asia/Shanghai) that counts as the day of receipt, from which a term then runs.

    As the clock's ``after_hours`` says: ``same_day`` (also where the text is silent: the platform's default) is the day itself;
    ``next_working_day HH:MM`` moves what comes in behind office hours to the next working day, and without hours what comes in on a
    day that is not worked. Raises ValueError for a moment without time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    local = moment.astimezone(SHANGHAI)
    day = local.date()
    rule, _, until = (clock.after_hours or "same_day").partition(" ") if clock else ("same_day", "", "")
    if rule == "same_day":
        return day
    if calendar.is_working(day) and not (until and local.time() > time.fromisoformat(until)):
        return day
    return due(day, 1, calendar).date


def stops_during_correction(clock: Clock | None) -> bool:
    """Whether a clock stands still while what is missing is asked for (补正). Where the text is silent it does: the platform's default."""
    return clock is None or clock.stops_during_correction is not False


def remaining_after_pause(term: Due | date, paused_on: date, calendar: Calendar) -> int:
    """The working days a stopped clock goes on with: those behind the day it stopped, that day itself counted as used; 0 when overdue."""
    end = term.date if isinstance(term, Due) else term
    return working_days_between(paused_on, end, calendar)


def extended(term: Due | date, days: int, calendar: Calendar, *, extension: Extension | None, granted: int = 0) -> Due:
    """When a term ends that is made longer by ``days`` working days, from its own end on.

    ``granted`` are working days given before. Raises ValueError where the law allows no extension, for less than one day, or for more than
    is left: all extensions together when the law sets a total, else each of them. A new term begins at the end of the old one.
    """
    left = extension_left(extension, granted)
    if not 1 <= days <= left:
        raise ValueError(f"the law allows {left} working days of extension here, not {days}")
    end = term.date if isinstance(term, Due) else term
    longer = due(end, days, calendar)
    if not isinstance(term, Due):
        return longer
    return Due(
        date=longer.date,
        provisional=term.provisional or longer.provisional,
        counted=term.counted + longer.counted,
        skipped=term.skipped + longer.skipped,
        start=term.start,
        working_days=term.working_days + days,
    )


def extension_left(extension: Extension | None, granted: int = 0) -> int:
    """How many working days a clock may still be extended by; 0 where the law allows none."""
    if extension is None:
        return 0
    return max(0, extension.working_days - granted) if extension.total else extension.working_days


def due_or_none(start: datetime | date, clock: Clock | None, calendar: Calendar) -> Due | None:
    """As ``due``; None where there is no clock or the law gives it no number of days."""
    if clock is None or clock.working_days is None:
        return None
    return due(start, clock, calendar)


def working_days_between(after: date, until: date, calendar: Calendar) -> int:
    """Working days after one date up to and including another; 0 when ``until`` is not later. Raises ``OutsideCalendar``."""
    return sum(calendar.is_working(after + timedelta(days=n)) for n in range(1, (until - after).days + 1))


def light(term: Due | date, today: date, calendar: Calendar, total: int) -> Light:
    """How a term stands: ``red`` overdue, ``amber`` at most 2 working days or 20 % of ``total`` left, else ``green``."""
    end = term.date if isinstance(term, Due) else term
    if today > end:
        return "red"
    left = working_days_between(today, end, calendar)
    return "amber" if left <= AMBER_DAYS or left * AMBER_SHARE <= total else "green"


def left_in_words(term: Due | date, today: date, calendar: Calendar, *, provisional: bool = False) -> str:
    """How much is left: ``还剩 3 个工作日，9月24日 周四截止``; overdue ``已逾期 2 个工作日，…``; ``（暂定）`` behind a provisional date.

    ``provisional`` speaks for a bare date; a ``Due`` knows. The year is named when it is not this one.
    """
    end = term.date if isinstance(term, Due) else term
    doubtful = term.provisional if isinstance(term, Due) else provisional
    when = f"{in_words(end, year=end.year != today.year)}截止{'（暂定）' if doubtful else ''}"
    if today > end:
        late = working_days_between(end, today, calendar)
        return f"已逾期 {late} 个工作日，{when}" if late else f"已逾期，{when}"
    if today == end:
        return f"今天截止，{when}"
    return f"还剩 {working_days_between(today, end, calendar)} 个工作日，{when}"
