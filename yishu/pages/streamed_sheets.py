"""One large sheet as an .xlsx file that is written while it is sent: memory stays the same whatever the number of rows.

Cells are inline text or numbers, never formulas; text that begins like one carries the mark that spreadsheets set for a typed quote.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from yishu.pages.sheets import NOT_IN_TITLES, RISKY, Column, plain

MOST_ROWS = 1_048_575
"""Rows below the head that a sheet can hold."""
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
    f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/><Override PartName="/xl/styles.xml" '
    f'ContentType="{_TYPE}.styles+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
    f'Id="rId1" Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{_REL}/styles" Target="styles.xml"/>'
    f"</Relationships>",
    # Style 1: head, bold; style 2: text with the quote mark.
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/>'
    f'<name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill '
    f'patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    f'<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf fontId="1" applyFont="1"/><xf quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    f"</styleSheet>",
}


class _Pipe(io.RawIOBase):
    """Holds what the archive writes until it is taken; cannot be rewound, so the archive never looks back."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def writable(self) -> bool:
        """It is written to."""
        return True

    def write(self, data: Any) -> int:
        """Keep a piece."""
        piece = bytes(data)
        self._held.append(piece)
        return len(piece)

    def take(self) -> bytes:
        """What came since the last time."""
        held, self._held = b"".join(self._held), []
        return held


def streamed_sheet(title: str, columns: Sequence[str | Column], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The bytes of an .xlsx file with one sheet, head frozen; ``rows`` as in ``sheets.Sheet``, at most ``MOST_ROWS`` of them."""
    pipe, heads = _Pipe(), [c if isinstance(c, Column) else Column(c) for c in columns]
    name = escape(NOT_IN_TITLES.sub(" ", title)[:31] or "表", {'"': "&quot;"})
    with ZipFile(pipe, "w", ZIP_DEFLATED) as archive:
        for path, text in _PARTS.items():
            archive.writestr(path, _XML + text)
        book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets><sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>'
        archive.writestr("xl/workbook.xml", _XML + book)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            widths = "".join(
                f'<col min="{n}" max="{n}" width="{c.width}" customWidth="1"/>' for n, c in enumerate(heads, 1)
            )
            part.write(
                (
                    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
                    f'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>{widths}</cols><sheetData>'
                    f"{_row([c.title for c in heads], 1)}"
                ).encode()
            )
            for number, row in enumerate(rows):
                if number == MOST_ROWS:
                    break
                part.write(_row(row).encode())
                if number % 200 == 199:
                    yield pipe.take()
            part.write(b"</sheetData></worksheet>")
    yield pipe.take()


def _row(values: Sequence[Any], style: int = 0) -> str:
    return f"<row>{''.join(_cell(plain(value), style) for value in values)}</row>"


def _cell(value: Any, style: int) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    marked = style or (2 if value.startswith(RISKY) else 0)
    shown = f' s="{marked}"' if marked else ""
    return f'<c t="inlineStr"{shown}><is><t xml:space="preserve">{escape(value)}</t></is></c>'
