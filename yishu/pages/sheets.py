"""Excel workbooks pages hand out: text stays text whatever it begins with, so that no cell can run as a formula."""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from yishu.kernel.time import SHANGHAI

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_CHARACTERS = 32_767
"""Characters an Excel cell holds; longer text is cut."""
MOST_ROWS = 100_000
"""Rows a sheet is given; callers narrow their lists, a page is no dump."""
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
NOT_IN_TITLES = re.compile(r"[\\*?:/\[\]\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet: its head and its width in characters."""

    title: str
    width: int = 18


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: ``rows`` hold as many values as there are columns (text, numbers, flags, dates, moments, None)."""

    title: str
    columns: Sequence[str | Column]
    rows: Iterable[Sequence[Any]]


def plain(value: Any) -> Any:
    """A value as a cell may hold it: moments in Asia/Shanghai, flags as 是/否, text without control characters, cut to what fits."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return _ILLEGAL.sub("", str(value))[:MOST_CHARACTERS]


def put(cell: Any, value: Any) -> Any:
    """Set an openpyxl cell's value (``plain``) so that it can never be read as a formula; returns the cell.

    Text keeps every character: the cell is marked as text (and as quoted where it begins like a formula), nothing is put
    in front, so that an exported template imports again unchanged.
    """
    text = plain(value)
    cell.value = text
    if isinstance(text, str):
        cell.data_type = "s"
        if text.startswith(RISKY):
            cell.quotePrefix = True
    return cell


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """An .xlsx file of the sheets, heads frozen and filterable. At most ``MOST_ROWS`` rows each."""
    book = Workbook(write_only=True)
    head, fill = Font(bold=True), PatternFill("solid", start_color="EDF0F4")
    for sheet in sheets:
        page = book.create_sheet(NOT_IN_TITLES.sub(" ", sheet.title)[:31] or "表")
        columns = [c if isinstance(c, Column) else Column(c) for c in sheet.columns]
        for number, column in enumerate(columns, 1):
            page.column_dimensions[get_column_letter(number)].width = column.width
        page.freeze_panes = "A2"
        top = []
        for column in columns:
            cell = put(WriteOnlyCell(page), column.title)
            cell.font, cell.fill, cell.alignment = head, fill, Alignment(vertical="center")
            top.append(cell)
        page.append(top)
        written = 0
        for row in sheet.rows:
            if written == MOST_ROWS:
                break
            page.append([put(WriteOnlyCell(page), value) for value in row])
            written += 1
        page.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{written + 1}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def file_response(name: str, content: bytes, content_type: str = XLSX) -> HttpResponse:
    """A file to save under ``name`` (Chinese allowed), never shown in the page or kept by a cache."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def sheet_response(name: str, columns: Sequence[str | Column], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """One list as an .xlsx file to save; ``name`` without ending names file and sheet."""
    return file_response(f"{name}.xlsx", workbook([Sheet(name, columns, rows)]))
