"""The statutory days off that are known ahead of the yearly notice, read from ``data/statutory_days.yaml``."""

import functools
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from yishu.law.entries import Entry
from yishu.law.strict_yaml import PackProblem, read_file

FILE = Path(__file__).parent / "data" / "statutory_days.yaml"


class BadTable(RuntimeError):
    """The shipped table is damaged; the installation must be repaired."""


@functools.cache
def statutory_days(year: int) -> Mapping[date, str]:
    """The days off of one year with their names, in date order; the moving ones only for years the table holds.

    Source: 全国年节及纪念日放假办法 (国务院令第795号). Raises ``BadTable`` when the file cannot be read.
    """
    fixed, moving, dates = _table()
    days = {date(year, month, day): name for name, month, day in fixed}
    for name, column, before, after in moving:
        festival = dates.get((year, column))
        if festival:
            for shift in range(-before, after + 1):
                days.setdefault(festival + timedelta(days=shift), name)
    return dict(sorted(days.items()))


@functools.cache
def _table() -> tuple[list[tuple[str, int, int]], list[tuple[str, str, int, int]], dict[tuple[int, str], date]]:
    mapping, problems = read_file(FILE, name=FILE.name)
    if mapping is None:
        raise BadTable(str(problems[0]))
    root = Entry(mapping, file=FILE.name, line=1, key="", problems=problems)
    f = root.fields(("instrument", "fixed", "moving", "dates"))
    fixed, moving = [], []
    for entry in f["fixed"].items():
        e = entry.fields(("name", "article", "month", "day"))
        fixed.append((e["name"].text(), e["month"].number(minimum=1), e["day"].number(minimum=1)))
    for entry in f["moving"].items():
        e = entry.fields(("name", "article", "column", "before", "after"))
        moving.append((e["name"].text(), e["column"].text(), e["before"].number(), e["after"].number()))
    dates = {}
    for year, row in f["dates"].entries():
        for column, cell in row.fields([column for _, column, _, _ in moving]).items():
            day = cell.day()
            if isinstance(day, date):
                dates[int(year), column] = day
    _raise(problems)
    return fixed, moving, dates


def _raise(problems: list[PackProblem]) -> None:
    if problems:
        raise BadTable("; ".join(map(str, problems)))
