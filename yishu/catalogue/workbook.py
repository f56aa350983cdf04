"""Reads an uploaded template as rows of text (``pages.workbooks``), with the catalogue's error code. Django-free."""

from yishu.pages.workbooks import (
    LONGEST_CELL,
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_PARTS,
    MOST_ROWS,
    MOST_UNPACKED,
    Cell,
    Row,
)
from yishu.pages.workbooks import read_rows as _read_rows

__all__ = [
    "LONGEST_CELL", "MOST_BYTES", "MOST_COLUMNS", "MOST_PARTS", "MOST_ROWS", "MOST_UNPACKED", "Cell", "Row", "read_rows",
]  # fmt: skip


def read_rows(content: bytes, sheet: str = "") -> list[Row]:
    """The rows of the sheet named ``sheet``, else of the first one. Raises Invalid (``catalogue.workbook``) saying why not."""
    return _read_rows(content, sheet, code="catalogue.workbook")
