"""The working-day calendar, against its source and the known notices."""

from datetime import date, timedelta

import chinese_calendar
import pytest

from yishu.law.calendar import Calendar, OutsideCalendar, standard
from yishu.law.statutory import statutory_days


def test_standard_calendar_says_what_its_source_says_on_every_day():
    calendar = standard()
    day = date(2004, 1, 1)
    differing = []
    while day <= date(2026, 12, 31):
        if calendar.is_working(day) != chinese_calendar.is_workday(day) or not calendar.known(day):
            differing.append(day)
        day += timedelta(days=1)
    assert differing == []


def test_standard_calendar_of_2026_has_the_days_of_the_notice():
    calendar = standard()
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(day in calendar.off for day in days) == 33
    assert [day for day in days if day in calendar.worked] == [
        date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "working", "why"),
    [
        (date(2026, 9, 20), True, "调休上班（国庆节）"),
        (date(2026, 9, 21), True, ""),
        (date(2026, 9, 19), False, "周末"),
        (date(2026, 9, 25), False, "中秋节"),
        (date(2026, 9, 26), False, "中秋节"),
        (date(2015, 9, 3), False, "抗战胜利纪念日"),
        (date(2027, 1, 1), False, "元旦（暂定）"),
        (date(2027, 1, 2), False, "周末"),
        (date(2027, 1, 4), True, ""),
        (date(2027, 2, 5), False, "春节（暂定）"),
        (date(2027, 2, 8), False, "春节（暂定）"),
        (date(2027, 2, 9), True, ""),
        (date(2027, 4, 5), False, "清明节（暂定）"),
        (date(2027, 6, 9), False, "端午节（暂定）"),
        (date(2027, 9, 15), False, "中秋节（暂定）"),
    ],
)
def test_day_is_what_it_is_for_a_reason(day, working, why):
    assert standard().is_working(day) is working
    assert standard().why(day) == why


def test_day_before_the_calendar_is_refused_with_its_beginning():
    with pytest.raises(OutsideCalendar) as caught:
        standard().is_working(date(2003, 12, 31))
    assert "2004-01-01" in caught.value.what
    assert caught.value.object == "2003-12-31"
    with pytest.raises(OutsideCalendar):
        standard().why(date(1999, 10, 1))


def test_statutory_days_of_2027_are_thirteen_less_overlaps():
    days = statutory_days(2027)
    assert len(days) == 13
    assert [day for day, name in days.items() if name == "国庆节"] == [date(2027, 10, n) for n in (1, 2, 3)]


def test_statutory_days_where_two_festivals_meet_count_once():
    assert statutory_days(2031)[date(2031, 10, 1)] == "国庆节"
    assert len(statutory_days(2031)) == 12


def test_statutory_days_beyond_the_table_are_the_fixed_ones():
    assert len(statutory_days(2090)) == 6
    assert not standard().is_working(date(2090, 10, 2))


def notice(calendar: Calendar) -> Calendar:
    return calendar.with_year(2027, off={date(2027, 1, 4): "元旦"}, worked={date(2027, 1, 9): "元旦"})


def test_notice_put_in_makes_its_year_certain():
    calendar = notice(standard())
    assert calendar.known(date(2027, 1, 4))
    assert not calendar.is_working(date(2027, 1, 4))
    assert calendar.why(date(2027, 1, 9)) == "调休上班（元旦）"
    assert calendar.is_working(date(2027, 1, 1))
    assert not standard().known(date(2027, 1, 4))


@pytest.mark.parametrize(
    ("year", "off", "worked"),
    [
        (2027, {date(2028, 1, 1): "元旦"}, {}),
        (2027, {}, {date(2027, 1, 4): "元旦"}),
        (2027, {date(2027, 1, 9): "元旦"}, {date(2027, 1, 9): "元旦"}),
        (2029, {date(2029, 1, 1): "元旦"}, {}),
    ],
)
def test_notice_that_cannot_be_is_refused(year, off, worked):
    with pytest.raises(ValueError, match=str(year)):
        standard().with_year(year, off=off, worked=worked)
