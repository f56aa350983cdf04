"""Writes the guide's filling template: empty with lists to choose from, or filled with resources, merged or repeated.."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.datavalidation import DataValidation

from yishu.catalogue import guide
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.grid import codes_text
from yishu.catalogue.template_columns import CHOICE, CHOICES, FLAG, ITEM, Column, columns_of, pairs_of
from yishu.pages.sheets import put

SHEET, LISTS, NOTES = "目录", "选项", "填报说明"
_ROWS_WITH_LISTS = 3_000
"""Rows of the empty template that offer lists to choose from."""
_HEAD, _OURS = PatternFill("solid", start_color="DCE6F2"), PatternFill("solid", start_color="EDF0F4")


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource to write; ``shown`` holds what the platform gives: code, provider, provider_code, published_on."""

    draft: ResourceDraft
    items: Sequence[ItemDraft]
    shown: Mapping[str, str]


def template(law: Demands, entries: Iterable[Entry] = (), *, merged: bool = True) -> bytes:
    """The template as .xlsx with the entries filled in: resource cells ``merged`` over their items' rows, or repeated."""
    book = Workbook()
    page = book.active
    page.title = SHEET
    columns = columns_of(law)
    _heads(page, columns)
    row = 2
    for number, entry in enumerate(entries, 1):
        row = _write(page, columns, law, entry, number, row, merged=merged)
    _lists(book, page, columns, law, max(row, _ROWS_WITH_LISTS))
    _notes(book, columns, law)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _heads(page: Any, columns: Sequence[Column]) -> None:
    first_own = next((n for n, c in enumerate(columns) if c.key == "source_kind"), len(columns))
    for number, column in enumerate(columns, 1):
        cell = put(page.cell(1, number), column.title)
        cell.font, cell.fill = Font(bold=True), _HEAD if number <= first_own else _OURS
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        page.column_dimensions[get_column_letter(number)].width = column.width
    page.freeze_panes = "A2"


def _write(
    page: Any, columns: Sequence[Column], law: Demands, entry: Entry, number: int, row: int, *, merged: bool
) -> int:
    """Write one resource from ``row`` on; returns the next free row."""
    height = max(1, len(entry.items))
    for place, column in enumerate(columns, 1):
        if column.level == ITEM:
            for offset, item in enumerate(entry.items):
                put(page.cell(row + offset, place), _item_words(column, item, law))
            continue
        words = str(number) if column.key == "number" else _words(column, entry, law)
        for offset in range(1 if merged else height):
            put(page.cell(row + offset, place), words)
        if merged and height > 1:
            # ``merge_cells`` compares with every range there is: quadratic. These cannot overlap.
            page.merged_cells.ranges.add(CellRange(min_col=place, min_row=row, max_col=place, max_row=row + height - 1))
            page.cell(row, place).alignment = Alignment(vertical="top", wrap_text=True)
    return row + height


def _words(column: Column, entry: Entry, law: Demands) -> str | int:
    draft, key = entry.draft, column.key
    if key in entry.shown:
        return entry.shown[key]
    if key.startswith("survey_"):
        return draft.survey.get(key.removeprefix("survey_"), 0)
    if key == "share_note":
        return draft.share_basis if draft.share_type == "withheld" else draft.share_condition
    if key == "share_basis" and draft.share_type == "withheld":
        return ""
    chosen = {
        "attribute_class": draft.attribute_class,
        "format_class": draft.format_class,
        "share_mode_class": draft.share_mode_class,
    }
    return _said(column, getattr(draft, key, ""), law, chosen)


def _item_words(column: Column, item: ItemDraft, law: Demands) -> str | int:
    key = "share_type" if column.key == "item_share_type" else column.key
    value = getattr(item, key)
    if key == "length":
        return "" if value is None else int(value)
    if key == "codes":
        return codes_text(value)
    if key in ("share_type", "identifier", "sensitivity", "mask") and not value:
        return ""
    return _said(column, value, law, {})


def _said(column: Column, value: Any, law: Demands, chosen: Mapping[str, str]) -> str:
    if column.kind == FLAG:
        return "" if value is None else "是" if value else "否"
    if column.kind in (CHOICE, CHOICES):
        titles = dict(pairs_of(column, law, chosen))
        several = value if isinstance(value, tuple | list) else (value,)
        return "、".join(titles.get(v, str(v)) for v in several if v)
    return "\n".join(value) if isinstance(value, tuple | list) else str(value)


def _lists(book: Workbook, page: Any, columns: Sequence[Column], law: Demands, rows: int) -> None:
    """A sheet with the closed lists, and cells that offer them; cascades offer all, the import tells what does not fit."""
    lists = book.create_sheet(LISTS)
    place = 0
    for number, column in enumerate(columns, 1):
        titles = [t for _, t in pairs_of(column, law, {})] if column.kind == CHOICE else []
        titles = list(dict.fromkeys(titles)) if titles else ["是", "否"] if column.kind == FLAG else []
        if not titles:
            continue
        place += 1
        put(lists.cell(1, place), column.title).font = Font(bold=True)
        for offset, title in enumerate(titles, 2):
            put(lists.cell(offset, place), title)
        letter, target = get_column_letter(place), get_column_letter(number)
        rule = DataValidation(
            type="list", formula1=f"={LISTS}!${letter}$2:${letter}${len(titles) + 1}", allow_blank=True, showErrorMessage=True,
            errorTitle="不在可选范围内", error=f"请从列表中选择{column.title}"[:200],
        )  # fmt: skip
        page.add_data_validation(rule)
        rule.add(f"{target}2:{target}{rows}")


def _notes(book: Workbook, columns: Sequence[Column], law: Demands) -> None:
    notes = book.create_sheet(NOTES)
    notes.column_dimensions["A"].width, notes.column_dimensions["B"].width = 26, 90
    standard = law.reference("catalogue.standard")
    lines = [
        ("排列", "每个信息项一行；资源各列可以只填第一行（或合并单元格），也可以逐行重复。"),
        ("代码、提供方、日期", "信息资源代码、发布日期由平台生成，新资源请留空；提供方可以留空。"),
        ("更新已有资源", "填写平台给的信息资源代码；没有代码的，按名称对应本部门的草稿。没有填写的列不改动原有内容。"),
        ("资源大普查", f"{'、'.join(guide.SURVEY_FIGURES.values())}：只填整数，不知道的填 0。"),
        ("多个取值", "具体用途、开放方式等可选多项的列，用顿号隔开；关联资源代码每个一行。"),
        ("代码表", "“代码”列每行一个：代码 空格 含义。"),
        ("公式", "不接受公式，请粘贴为数值。"),
        ("依据", f"列的顺序依编制指南（发改高技〔2017〕1272号）{f'；本地引用：{standard}' if standard else ''}；浅灰色的列为本地规定和平台所需。"),
    ]  # fmt: skip
    for number, (head, text) in enumerate(lines, 1):
        put(notes.cell(number, 1), head).font = Font(bold=True)
        put(notes.cell(number, 2), text).alignment = Alignment(wrap_text=True)
    for number, column in enumerate(columns, len(lines) + 2):
        put(notes.cell(number, 1), column.title)
        reference = law.field_reference(column.key)
        words = [
            f"依据 {reference}" if reference else "",
            f"最多 {column.length} 字" if column.kind == "text" and column.level != "shown" else "",
        ]
        put(notes.cell(number, 2), "；".join(w for w in words if w))
