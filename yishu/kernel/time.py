"""Dates as the law counts them: Asia/Shanghai. Imports nothing of Yishu."""

from datetime import date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China's one time zone. Fixed at +08:00: every date the platform handles lies after the last summer time (1991)."""

_WEEKDAYS = "一二三四五六日"


def shanghai_date(moment: datetime) -> date:
    """The calendar date in Asia/Shanghai of an aware moment.

    Raises ValueError for a naive moment: guessing its zone could move a deadline by a day.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without time zone has no certain date")
    return moment.astimezone(SHANGHAI).date()


def in_words(day: date, *, year: bool = False) -> str:
    """A date for people: ``9月24日 周四``, with ``year`` ``2026年9月24日 周四``."""
    text = f"{day.month}月{day.day}日 周{_WEEKDAYS[day.weekday()]}"
    return f"{day.year}年{text}" if year else text
