"""CSV files people take away: column templates, and rejected rows for the department that has to correct them."""

import csv
import io
import re
from collections.abc import Iterator

from yishu.catalogue.rules import ResourceSpec
from yishu.collection import store
from yishu.collection.models import Load
from yishu.collection.plane import reject_batches
from yishu.lake.engine import open_engine
from yishu.lake.tables import Lake
from yishu.quality.rules import REASONS

_FORMULA = re.compile(r"\s*[=+\-@\t\r|%＝＋－＠]")
"""What a spreadsheet may take for a formula's beginning; the full-width forms too, which East Asian ones accept."""
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
MEMORY = "256MB"
"""For one download: several run in the web process at once."""
BOM = "\ufeff"
"""Lets Excel read the file as UTF-8."""


def neutral(cell: str | None) -> str:
    """A cell no spreadsheet takes for a formula: an apostrophe in front of what begins like one; plain numbers stay."""
    text = cell or ""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def template_csv(spec: ResourceSpec) -> str:
    """One line with the item names, to start a file from."""
    return BOM + _lines([[neutral(item.name) for item in spec.items]])


def rejects_csv(load: Load, spec: ResourceSpec) -> Iterator[str]:
    """The rejected rows of a load in pieces: row number, item, reason, then the row's cells as they came, neutralised.

    ``spec`` is the version the load was checked against.
    """
    if load.rejects_version is None:
        return
    names = {item.column: item.name for item in spec.items}
    yield BOM + _lines([["行号", "信息项", "原因", *map(neutral, names.values())]])
    with open_engine(store.scratch(), memory_limit=MEMORY) as engine:
        for batch in reject_batches(engine, Lake(store.lake_root()), spec, load.rejects_version):
            rows = batch.to_pylist()
            yield _lines(
                [
                    [str(row["_row"]), neutral(names.get(row["_item"])), REASONS.get(row["_code"], row["_code"])]
                    + [neutral(row.get(column)) for column in names]
                    for row in rows
                ]
            )


def _lines(rows: list[list[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()
