"""Reads a year's notice of holidays (放假安排) from the open JSON format ``{"year": …, "papers": […], "days": [{name, date, isOffDay}]}``.

Source of the format: the project NateScarlet/holiday-cn, which transcribes the State Council's yearly notices.
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from yishu.kernel.errors import Invalid, Problem
from yishu.law.calendar import Notice, standard

MAX_BYTES = 256 * 1024
"""No notice is longer; a larger file is not read at all."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
MAX_NAME = 40
MAX_TITLE = 200


class BadNotice(Invalid):
    """The file is no notice that can be used; ``problems`` lists everything wrong with it."""

    code = "law.bad_notice"


def read_notice(raw: bytes) -> Notice:
    """The notice a file holds. Raises ``BadNotice`` listing every problem in Chinese; nothing of such a file is used.

    A day off may be any day; a worked day must be a Saturday or Sunday, for other days are worked without a notice. Ordinary days the file
    repeats (a weekday that is worked) are refused, so that a mistaken file does not pass.
    """
    document = _document(raw)
    problems: list[Problem] = []
    year = document.get("year")
    if isinstance(year, bool) or not isinstance(year, int) or not min(standard().years) <= year <= date.max.year:
        raise _bad([Problem("year", f"应为 {min(standard().years)} 年以后的年份（整数）", code="law.bad_notice")])
    days = document.get("days")
    if not isinstance(days, list) or not days:
        raise _bad([Problem("days", "应为放假和调休日期的列表，至少一天", code="law.bad_notice")])
    off: dict[date, str] = {}
    worked: dict[date, str] = {}
    for number, entry in enumerate(days, start=1):
        found = list(_day_problems(entry, year))
        if not found:
            day = date.fromisoformat(entry["date"])
            if day in off or day in worked:
                found.append(f"{day.isoformat()} 出现两次")
            elif not entry["isOffDay"] and day.weekday() < 5:
                found.append(f"{day.isoformat()} 不是周末，不需要写明上班")
            else:
                (off if entry["isOffDay"] else worked)[day] = entry["name"].strip()
        problems += [Problem(f"days 第 {number} 项", words, code="law.bad_notice") for words in found]
    if problems:
        raise _bad(problems)
    return Notice(year, _title(document, year), off, worked)


def _document(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_BYTES:
        raise _bad([Problem("文件", f"不超过 {MAX_BYTES // 1024} KB", code="law.bad_notice")])
    try:
        document = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise _bad([Problem("文件", "应为 UTF-8 编码的 JSON", code="law.bad_notice")]) from None
    if not isinstance(document, dict):
        raise _bad([Problem("文件", "最外层应为 {year, papers, days}", code="law.bad_notice")])
    return document


def _day_problems(entry: object, year: int) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield "应为 {name, date, isOffDay}"
        return
    name, text, is_off = entry.get("name"), entry.get("date"), entry.get("isOffDay")
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        yield f"name 应为节日名称，不超过 {MAX_NAME} 字"
    if not isinstance(is_off, bool):
        yield "isOffDay 应为 true（放假）或 false（上班）"
    try:
        day = date.fromisoformat(text) if isinstance(text, str) and _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        yield "date 应为真实的日期 YYYY-MM-DD"
    elif day.year != year and (day.year, day.month) != (year - 1, 12):
        yield f"{day.isoformat()} 不在 {year} 年（元旦假期可以含上年 12 月的日期）"


def _title(document: dict[str, Any], year: int) -> str:
    """Where the notice was published, when the file says so; else what it is."""
    papers = document.get("papers")
    first = papers[0] if isinstance(papers, list) and papers else ""
    usable = isinstance(first, str) and first.startswith("https://") and first.isprintable() and len(first) <= MAX_TITLE
    return first if usable else f"{year} 年部分节假日安排"


def _bad(problems: list[Problem]) -> BadNotice:
    return BadNotice(
        f"放假安排有 {len(problems)} 处不能使用",
        object_="放假安排",
        remedy="请核对国务院办公厅当年通知后改正，再重新导入",
        problems=problems,
    )
