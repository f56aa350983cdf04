"""Terms in working days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yishu.law import packs, values
from yishu.law.calendar import OutsideCalendar, standard
from yishu.law.clocks import due, due_or_none, left_in_words, light, working_days_between

VIEW = packs.load("cn-henan-jiaozuo-xiuwu").at(date(2026, 9, 18))


@pytest.mark.parametrize(
    ("start", "days", "end", "provisional"),
    [
        (date(2026, 9, 18), 5, date(2026, 9, 24), False),
        (date(2026, 9, 24), 10, date(2026, 10, 15), False),
        (date(2026, 2, 13), 10, date(2026, 3, 5), False),
        (date(2026, 12, 18), 10, date(2027, 1, 4), True),
        (date(2026, 12, 18), 9, date(2026, 12, 31), False),
        (date(2026, 9, 19), 1, date(2026, 9, 20), False),
        (date(2026, 9, 26), 0, date(2026, 9, 26), False),
        (date(2003, 12, 31) + timedelta(days=1), 1, date(2004, 1, 2), False),
    ],
)
def test_due_counts_working_days_after_the_start(start, days, end, provisional):
    result = due(start, days, standard())
    assert (result.date, result.provisional) == (end, provisional)
    assert len(result.counted) == days


def test_due_says_which_days_count_and_why_others_do_not():
    result = due(date(2026, 9, 24), 10, standard())
    assert result.counted[0] == date(2026, 9, 28)
    assert result.counted[-1] == date(2026, 10, 15)
    assert date(2026, 10, 10) in result.counted
    reasons = dict(result.skipped)
    assert reasons[date(2026, 9, 25)] == "中秋节"
    assert reasons[date(2026, 10, 7)] == "国庆节"
    assert reasons[date(2026, 10, 11)] == "周末"


def test_due_of_a_moment_goes_by_the_date_in_shanghai():
    assert due(datetime(2026, 9, 17, 16, 0, tzinfo=UTC), 5, standard()).start == date(2026, 9, 18)
    assert due(datetime(2026, 9, 17, 15, 59, tzinfo=UTC), 5, standard()).start == date(2026, 9, 17)


def test_due_by_the_packs_clock_is_five_working_days():
    assert due(date(2026, 9, 18), values.clock(VIEW, "catalogue.change.review"), standard()).date == date(2026, 9, 24)


def test_due_where_the_text_sets_no_number_is_refused_or_none():
    silent = values.clock(VIEW, "share.cond.reply")
    with pytest.raises(ValueError, match="no number"):
        due(date(2026, 9, 18), silent, standard())
    assert due_or_none(date(2026, 9, 18), silent, standard()) is None
    assert due_or_none(date(2026, 9, 18), None, standard()) is None
    found = due_or_none(date(2026, 9, 18), values.clock(VIEW, "check.verify"), standard())
    assert found is not None
    assert found.working_days == 10


def test_due_before_the_calendar_is_refused():
    with pytest.raises(OutsideCalendar):
        due(date(2003, 12, 31), 3, standard())


@pytest.mark.parametrize("days", [-1, 2501])
def test_due_of_an_impossible_term_is_refused(days):
    with pytest.raises(ValueError, match="not a term"):
        due(date(2026, 1, 5), days, standard())


@given(st.dates(min_value=date(2004, 1, 1), max_value=date(2035, 12, 31)), st.integers(0, 60))
def test_due_accounts_for_every_day_once(start, days):
    calendar = standard()
    result = due(start, days, calendar)
    between = [start + timedelta(days=n) for n in range(1, (result.date - start).days + 1)]
    assert sorted([*result.counted, *(day for day, _ in result.skipped)]) == between
    assert all(calendar.is_working(day) for day in result.counted)
    assert all(not calendar.is_working(day) and why for day, why in result.skipped)
    assert working_days_between(start, result.date, calendar) == days
    assert result.date == (result.counted[-1] if days else start)
    assert result.provisional == any(not calendar.known(day) for day in between)


@pytest.mark.parametrize(
    ("today", "total", "colour", "words"),
    [
        (date(2026, 9, 18), 5, "green", "还剩 5 个工作日，9月24日 周四截止"),
        (date(2026, 9, 21), 5, "green", "还剩 3 个工作日，9月24日 周四截止"),
        (date(2026, 9, 22), 5, "amber", "还剩 2 个工作日，9月24日 周四截止"),
        (date(2026, 9, 24), 5, "amber", "今天截止，9月24日 周四截止"),
        (date(2026, 9, 25), 5, "red", "已逾期，9月24日 周四截止"),
        (date(2026, 9, 29), 5, "red", "已逾期 2 个工作日，9月24日 周四截止"),
        (date(2026, 9, 18), 25, "amber", "还剩 5 个工作日，9月24日 周四截止"),
    ],
)
def test_light_and_words_follow_what_is_left(today, total, colour, words):
    assert light(date(2026, 9, 24), today, standard(), total) == colour
    assert left_in_words(date(2026, 9, 24), today, standard()) == words


def test_left_in_words_of_a_provisional_date_says_so():
    result = due(date(2026, 12, 18), 10, standard())
    assert left_in_words(result, date(2026, 12, 18), standard()) == "还剩 10 个工作日，2027年1月4日 周一截止（暂定）"
    assert left_in_words(result.date, date(2026, 12, 18), standard()).endswith("周一截止")
    assert left_in_words(result.date, date(2026, 12, 18), standard(), provisional=True).endswith("（暂定）")
    assert light(result, date(2026, 12, 18), standard(), 10) == "green"
