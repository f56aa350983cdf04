"""The working-day calendar: the State Council's yearly notices as a table, and Monday–Friday less statutory days beyond it."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

import chinese_calendar

from yishu.kernel.errors import PublicError
from yishu.law.statutory import statutory_days

WEEKEND = "周末"
NEW_YEAR = "元旦"
_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}


class OutsideCalendar(PublicError):
    """The day lies before the calendar begins; nothing can be said about it."""

    code = "law.outside_calendar"
    status = 422


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked (Asia/Shanghai dates).

    ``off`` holds the days off a notice names (weekends inside a holiday too), ``worked`` the weekend days it has worked; each with the
    holiday's Chinese name. ``years`` are the years whose notice is in. Later years are provisional (暂定); days before the
    first year are refused.
    """

    off: Mapping[date, str] = field(repr=False)
    worked: Mapping[date, str] = field(repr=False)
    years: frozenset[int]

    @property
    def first_day(self) -> date:
        """The first day the calendar can judge."""
        return date(min(self.years), 1, 1)

    def known(self, day: date) -> bool:
        """Whether the year's notice is in, so that the answer will not change."""
        return day.year in self.years

    def is_working(self, day: date) -> bool:
        """Whether the day is a working day; provisional where ``known`` is false. Raises ``OutsideCalendar`` before ``first_day``."""
        self._check(day)
        if self.known(day):
            return day in self.worked or (day.weekday() < 5 and day not in self.off)
        return day.weekday() < 5 and day not in statutory_days(day.year)

    def why(self, day: date) -> str:
        """Why a day is what it is: ``周末``, ``国庆节``, ``国庆节（暂定）``, ``调休上班（国庆节）``, or "" for an ordinary working day."""
        self._check(day)
        if self.known(day):
            if day in self.worked:
                return f"调休上班（{self.worked[day]}）"
            return self.off.get(day) or (WEEKEND if day.weekday() >= 5 else "")
        name = statutory_days(day.year).get(day)
        return f"{name}（暂定）" if name else (WEEKEND if day.weekday() >= 5 else "")

    def with_year(self, year: int, *, off: Mapping[date, str], worked: Mapping[date, str]) -> "Calendar":
        """The calendar with one year's notice put in or replaced.

        Raises ValueError for a day of another year, a worked day that is no weekend, a day both off and worked, or a year
        that would leave a gap.
        """
        strange = [day for day in (*off, *worked) if day.year != year]
        strange += [day for day in worked if day.weekday() < 5 or day in off]
        if strange:
            raise ValueError(f"not possible in the notice of {year}: {', '.join(day.isoformat() for day in strange)}")
        if year not in self.years and year not in (max(self.years) + 1, min(self.years) - 1):
            raise ValueError(f"the notice of {year} would leave a gap")
        return Calendar(
            off=MappingProxyType({d: n for d, n in self.off.items() if d.year != year} | dict(off)),
            worked=MappingProxyType({d: n for d, n in self.worked.items() if d.year != year} | dict(worked)),
            years=self.years | {year},
        )

    def with_notice(self, notice: "Notice") -> "Calendar":
        """The calendar with a notice put in or replaced; raises as ``with_year``.

        A notice also names the last days of December before its year when New Year's holiday reaches into them (2022-12-31); such days of
        the notice's own December are the next notice's, and stay.
        """
        year = notice.year

        def merged(held: Mapping[date, str], given: Mapping[date, str]) -> dict[date, str]:
            later = {
                day: name for day, name in held.items() if (day.year, day.month) == (year, 12) and name == NEW_YEAR
            }
            return later | {day: name for day, name in given.items() if day.year == year}

        found = self.with_year(year, off=merged(self.off, notice.off), worked=merged(self.worked, notice.worked))
        if year - 1 not in found.years:
            return found
        before = {day: name for day, name in notice.off.items() if day.year == year - 1}
        before_worked = {day: name for day, name in notice.worked.items() if day.year == year - 1}
        return Calendar(
            off=MappingProxyType(dict(found.off) | before),
            worked=MappingProxyType(dict(found.worked) | before_worked),
            years=found.years,
        )

    def _check(self, day: date) -> None:
        if day < self.first_day:
            raise OutsideCalendar(
                f"工作日历从 {self.first_day.isoformat()} 开始，不能判断 {day.isoformat()}",
                object_=day.isoformat(),
                remedy="请核对日期；更早的时限请人工计算",
            )


@dataclass(frozen=True, slots=True)
class Notice:
    """放假安排: one year's notice, as ``law.notices`` reads it or a form gives it. ``off`` and ``worked`` are days with the holiday's name,
    of its year or of the December before."""

    year: int
    title: str
    off: Mapping[date, str]
    worked: Mapping[date, str]


def _no_notices() -> tuple[Notice, ...]:
    return ()


_source: list[Callable[[], tuple[Notice, ...]]] = [_no_notices]
_current: list[tuple[tuple[Notice, ...], Calendar]] = []


def install_source(source: Callable[[], tuple[Notice, ...]] | None) -> None:
    """Let ``current`` ask ``source`` for notices put in by people (None: no longer). The control plane reads them from its database.

    The source is asked at every ``current``; it keeps its own cache and gives the same tuple while nothing changed.
    """
    _source[0] = source or _no_notices
    _current.clear()


def current() -> Calendar:
    """The calendar in force: ``standard`` with every installed notice put in, years in order; a later notice of a year replaces an earlier.

    A notice that would leave a gap between years is left out until the years before it are in.
    """
    notices = _source[0]()
    if not notices:
        return standard()
    if _current and _current[0][0] == notices:
        return _current[0][1]
    calendar = standard()
    for notice in sorted(notices, key=lambda n: n.year):
        if notice.year in calendar.years or notice.year == max(calendar.years) + 1:
            calendar = calendar.with_notice(notice)
    _current[:] = [(notices, calendar)]
    return calendar


@functools.cache
def standard() -> Calendar:
    """The calendar of the library ``chinesecalendar`` (State Council notices, 2004 to the last year it holds)."""
    constants = chinese_calendar.constants
    off = {day: _NAMES[name] for day, name in constants.holidays.items()}
    worked = {day: _NAMES[name] for day, name in constants.workdays.items()}
    years = frozenset(range(min(off).year, max(off).year + 1))
    return Calendar(MappingProxyType(off), MappingProxyType(worked), years)
