"""Terms in working days."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yishu.kernel.references import Reference
from yishu.kernel.time import SHANGHAI
from yishu.law import packs, values
from yishu.law.calendar import OutsideCalendar, standard
from yishu.law.clocks import (
    due,
    due_or_none,
    extended,
    extension_left,
    left_in_words,
    light,
    receipt_day,
    remaining_after_pause,
    stops_during_correction,
    working_days_between,
)
from yishu.law.kinds import Extension

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


def clock(**changes):
    return dataclasses.replace(values.clock(VIEW, "check.verify"), **changes)


SHANGHAI_EVENING = datetime(2026, 9, 18, 18, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("rule", "moment", "day"),
    [
        (None, SHANGHAI_EVENING, date(2026, 9, 18)),
        ("same_day", datetime(2026, 9, 19, 23, 59, tzinfo=SHANGHAI), date(2026, 9, 19)),
        ("same_day", datetime(2026, 9, 18, 16, 0, tzinfo=UTC), date(2026, 9, 19)),
        ("next_working_day", SHANGHAI_EVENING, date(2026, 9, 18)),
        ("next_working_day", datetime(2026, 9, 19, 9, 0, tzinfo=SHANGHAI), date(2026, 9, 20)),
        ("next_working_day", datetime(2026, 9, 26, 9, 0, tzinfo=SHANGHAI), date(2026, 9, 28)),
        ("next_working_day 17:30", datetime(2026, 9, 18, 17, 30, tzinfo=SHANGHAI), date(2026, 9, 18)),
        ("next_working_day 17:30", datetime(2026, 9, 18, 17, 31, tzinfo=SHANGHAI), date(2026, 9, 20)),
        ("next_working_day 17:30", datetime(2026, 9, 30, 18, 0, tzinfo=SHANGHAI), date(2026, 10, 8)),
    ],
)
def test_receipt_day_follows_the_rule_of_the_clock(rule, moment, day):
    assert receipt_day(moment, clock(after_hours=rule), standard()) == day


def test_receipt_day_without_a_clock_is_the_day_and_without_zone_is_refused():
    assert receipt_day(SHANGHAI_EVENING, None, standard()) == date(2026, 9, 18)
    with pytest.raises(ValueError, match="time zone"):
        receipt_day(datetime(2026, 9, 18, 9, 0), clock(), standard())  # noqa: DTZ001


@pytest.mark.parametrize(("rule", "stops"), [(None, True), (True, True), (False, False)])
def test_clock_stops_during_correction_unless_the_text_says_otherwise(rule, stops):
    assert stops_during_correction(clock(stops_during_correction=rule)) is stops


def test_stopped_clock_goes_on_with_what_was_left():
    term = due(date(2026, 9, 11), 10, standard())
    assert term.date == date(2026, 9, 24)
    left = remaining_after_pause(term, date(2026, 9, 16), standard())
    assert left == 7
    assert due(date(2026, 9, 22), left, standard()).date == date(2026, 10, 9)
    assert remaining_after_pause(term, date(2026, 9, 28), standard()) == 0


EXTENSION = Extension(10, "responsible", True, Reference("cn", "x", "y"))


def test_extended_term_goes_on_from_its_own_end():
    term = due(date(2026, 9, 11), 10, standard())
    longer = extended(term, 4, standard(), extension=EXTENSION)
    assert longer.date == due(date(2026, 9, 11), 14, standard()).date
    assert (longer.working_days, longer.start, len(longer.counted)) == (14, date(2026, 9, 11), 14)
    assert extended(term.date, 4, standard(), extension=EXTENSION).date == longer.date


@pytest.mark.parametrize(
    ("days", "granted", "extension"),
    [(11, 0, EXTENSION), (1, 10, EXTENSION), (0, 0, EXTENSION), (-1, 0, EXTENSION), (6, 5, EXTENSION), (1, 0, None)],
)
def test_extension_beyond_what_the_pack_allows_is_refused(days, granted, extension):
    with pytest.raises(ValueError, match="the law allows"):
        extended(date(2026, 9, 24), days, standard(), extension=extension, granted=granted)


def test_extension_that_is_not_total_bounds_each_time():
    each = dataclasses.replace(EXTENSION, total=False)
    assert extension_left(each, 30) == 10
    assert extension_left(EXTENSION, 4) == 6
    assert extension_left(None) == 0


DAYS = st.dates(min_value=date(2004, 1, 1), max_value=date(2032, 12, 31))


@given(DAYS, st.integers(0, 40), st.integers(0, 30), st.integers(0, 20))
def test_due_dates_are_monotone_in_start_and_length(start, days, later, more):
    calendar = standard()
    end = due(start, days, calendar).date
    assert due(start + timedelta(days=later), days, calendar).date >= end
    assert due(start, days + more, calendar).date >= end
    assert (due(start, days + more, calendar).date > end) is (more > 0)


@given(DAYS, st.integers(0, 30), st.lists(st.integers(-2, 15), max_size=6), st.integers(1, 12))
def test_extensions_together_never_pass_the_packs_total(start, days, asked, total):
    calendar = standard()
    extension = dataclasses.replace(EXTENSION, working_days=total)
    term, granted = due(start, days, calendar), 0
    for more in asked:
        try:
            longer = extended(term, more, calendar, extension=extension, granted=granted)
        except ValueError:
            assert not 1 <= more <= total - granted
            continue
        assert longer.date > term.date
        term, granted = longer, granted + more
    assert granted <= total
    assert term.date == due(start, days + granted, calendar).date


@given(DAYS, st.integers(0, 30), st.integers(0, 60), st.integers(0, 60))
def test_stopping_never_takes_days_away_nor_gives_any(start, days, until_pause, pause):
    calendar = standard()
    term = due(start, days, calendar)
    paused = min(start + timedelta(days=until_pause), term.date)
    left = remaining_after_pause(term, paused, calendar)
    resumed = due(paused + timedelta(days=pause), left, calendar)
    assert working_days_between(start, paused, calendar) + left == days
    assert resumed.date >= term.date if left or pause else resumed.date == paused
