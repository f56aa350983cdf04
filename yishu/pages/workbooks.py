"""Reads an uploaded .xlsx as rows of text: bounded in every direction, nothing in it is run, followed or expanded. Django-free.

Refused: what is no .xlsx (renamed programs, .xls, .xlsm with macros, encrypted files), archives that unpack to more than is allowed,
XML with a document type (entities), more rows or columns than allowed. Formulas are marked, not computed; links to other files and
embedded objects are not read.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import openpyxl
from openpyxl import DEFUSEDXML
from openpyxl.utils.exceptions import InvalidFileException

from yishu.kernel.errors import Invalid

T = TypeVar("T")
CODE = "pages.workbook"
MOST_BYTES = 5 * 1024 * 1024
MOST_UNPACKED = 80 * 1024 * 1024
MOST_PARTS = 400
MOST_ROWS = 20_000
MOST_COLUMNS = 120
MOST_CELLS = 3_000_000
MOST_TAGS = 2_000_000
"""Rows, cells and strings of all sheets together: counted before anything parses them, since a tag of four bytes packs to nothing."""
MOST_MARKS = 60_000
"""Tags of everything else (styles, names, relations), of which each costs far more than a cell."""
LONGEST_CELL = 33_000
_TAG = re.compile(rb"<(?:[\w.-]+:)?(?:c|row|si|r|t)[\s/>]")
_FORBIDDEN = ("vbaproject", "activex/", "embeddings/", "externallinks/../", "macrosheets/")
_SHEETS = ("xl/worksheets/", "xl/sharedstrings.xml")
_MARK = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text (numbers without a trailing .0, dates as ISO) and whether it is a formula."""

    text: str = ""
    formula: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row with its number in the sheet (1 first)."""

    number: int
    cells: tuple[Cell, ...]


def read_rows(content: bytes, sheet: str = "", *, code: str = CODE) -> list[Row]:
    """The rows of the sheet named ``sheet``, else of the first one; empty rows left out.

    Raises Invalid under ``code`` saying why it cannot be read.
    """
    return _read(
        content, lambda book: list(_rows(book[sheet] if sheet in book.sheetnames else book.worksheets[0])), code
    )


def read_sheets(content: bytes, titles: Sequence[str], *, code: str = CODE) -> dict[str, list[Row]]:
    """The rows of the sheets with these titles, by title; a sheet the file lacks is left out. Raises as ``read_rows``."""
    return _read(content, lambda book: {t: list(_rows(book[t])) for t in titles if t in book.sheetnames}, code)


def _read(content: bytes, take: Callable[[Any], T], code: str) -> T:
    try:
        return _taken(content, take)
    except Invalid as error:
        error.code = code
        raise


def _taken(content: bytes, take: Callable[[Any], T]) -> T:
    if not DEFUSEDXML:
        raise RuntimeError("openpyxl runs without defusedxml")
    _must_be_safe(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    except (
        InvalidFileException,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        OSError,
        SyntaxError,
    ) as error:
        raise _refused("文件内容不完整或已损坏", "请用电子表格软件打开后另存为 .xlsx 再上传") from error
    try:
        if not book.worksheets:
            raise _refused("文件里没有工作表", "请从“下载模板”取得模板后填写")
        return take(book)
    except Invalid:
        raise
    except Exception as error:  # a damaged part raises whatever the parser met; nothing was written
        raise _refused("工作表读不出来", "请用电子表格软件打开后另存为 .xlsx 再上传") from error
    finally:
        book.close()


def _refused(what: str, remedy: str) -> Invalid:
    return Invalid(f"没有导入：{what}", remedy=remedy, code=CODE)


def _must_be_safe(content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise _refused(f"文件超过 {MOST_BYTES // 1024 // 1024} MiB", "请按部门或分类拆成几个文件")
    if not content.startswith(_MARK):
        raise _refused("不是 .xlsx 文件", "请用“下载模板”的模板填写；旧的 .xls 文件请另存为 .xlsx")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _parts_must_be_safe(archive)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise _refused("文件已损坏或加了密码", "请用电子表格软件打开、取消密码后另存为 .xlsx") from error


def _parts_must_be_safe(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = [part.filename.casefold() for part in parts]
    if len(parts) > MOST_PARTS or len(set(names)) != len(names):
        raise _refused("文件结构不正常", "请把内容复制到新下载的模板中再上传")
    if "[content_types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise _refused("不是 .xlsx 文件", "请用“下载模板”的模板填写")
    if any(mark in name for name in names for mark in _FORBIDDEN):
        raise _refused("文件含有宏或嵌入对象", "请另存为不带宏的 .xlsx，删除嵌入的文件和控件")
    if sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise _refused("文件解开后过大", "请删除无关的工作表和图片，只保留模板内容")
    room = MOST_UNPACKED
    tags = marks = 0
    for part in parts:
        if not part.filename.casefold().endswith((".xml", ".rels", ".vml")):
            continue
        with archive.open(part) as stream:
            text = stream.read(room + 1)  # what really comes out, whatever the archive says
        room -= len(text)
        if room < 0:
            raise _refused("文件解开后过大", "请删除无关的工作表和图片，只保留模板内容")
        text = text.replace(b"\x00", b"")
        head = text[:4096].upper()
        if b"<!DOCTYPE" in head or b"<!ENTITY" in text.upper():
            raise _refused("文件含有不允许的 XML 定义", "请用电子表格软件打开后另存为 .xlsx")
        if part.filename.casefold().startswith(_SHEETS):
            tags += sum(1 for _ in _TAG.finditer(text))
            marks += text.count(b"definedName")
        else:
            marks += text.count(b"<")
        if tags > MOST_TAGS or marks > MOST_MARKS:
            raise _refused("单元格或样式太多", "请把内容复制到新下载的模板中再上传")
        if b"MACROENABLED" in head and part.filename.casefold() == "[content_types].xml":
            raise _refused("文件含有宏", "请另存为不带宏的 .xlsx")


def _rows(page: Any) -> Iterator[Row]:
    page.reset_dimensions()  # what the file says about its size is not believed
    room = MOST_CELLS
    # Without a width, gaps between rows cost nothing and a row costs up to its last cell.
    for number, values in enumerate(page.iter_rows(max_row=MOST_ROWS + 1), 1):
        room -= len(values)
        if room < 0:
            raise _refused("单元格太多", "请删除模板以外的列和空白区域的格式")
        cells = tuple(_cell(value) for value in values[:MOST_COLUMNS])
        if any(cell.text for cell in cells):
            if number > MOST_ROWS:
                raise _refused(f"超过 {MOST_ROWS} 行", "请按部门或分类拆成几个文件")
            yield Row(number, cells)


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell()
    if cell.data_type == "f":
        return Cell(str(value)[:80], formula=True)
    if cell.data_type == "e":
        return Cell(str(value)[:80], formula=True)
    if isinstance(value, bool):
        return Cell("是" if value else "否")
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return Cell(str(int(value)))
    if isinstance(value, datetime):
        return Cell(value.date().isoformat() if value.time().isoformat() == "00:00:00" else value.isoformat(" "))
    if isinstance(value, date):
        return Cell(value.isoformat())
    return Cell(str(value).strip()[:LONGEST_CELL])
