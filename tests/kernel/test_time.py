"""Dates in Asia/Shanghai."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from yishu.kernel.time import SHANGHAI, in_words, shanghai_date


def test_shanghai_date_late_evening_in_utc_is_the_next_day():
    assert shanghai_date(datetime(2026, 9, 23, 16, 0, tzinfo=UTC)) == date(2026, 9, 24)
    assert shanghai_date(datetime(2026, 9, 23, 15, 59, 59, tzinfo=UTC)) == date(2026, 9, 23)
    assert shanghai_date(datetime(2026, 9, 24, 0, 0, tzinfo=SHANGHAI)) == date(2026, 9, 24)
    assert shanghai_date(datetime(2026, 9, 24, 10, tzinfo=timezone(timedelta(hours=-10)))) == date(2026, 9, 25)


def test_shanghai_date_without_zone_is_refused():
    with pytest.raises(ValueError, match="without time zone"):
        shanghai_date(datetime(2026, 9, 24, 8))  # noqa: DTZ001  (what is refused)


def test_in_words_names_month_day_and_weekday():
    assert in_words(date(2026, 9, 24)) == "9月24日 周四"
    assert in_words(date(2027, 1, 3), year=True) == "2027年1月3日 周日"
