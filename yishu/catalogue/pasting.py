"""Rows copied from a spreadsheet become items. Pure, Django-free."""

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from yishu.catalogue import guide
from yishu.catalogue.demands import Demands
from yishu.catalogue.rules import DATA_TYPES

COLUMNS = ("信息项名称", "数据类型", "数据长度", "必填", "标识", "说明")
MOST_ROWS = 500
_TYPES = {title: key for key, (title, _) in DATA_TYPES.items()}
_YES = frozenset({"是", "必填", "y", "yes", "1", "true", "√"})
_HEADS: Mapping[str, int] = {
    "信息项名称": 0, "名称": 0, "字段名称": 0, "字段中文名": 0, "数据项名称": 0, "数据类型": 1, "类型": 1, "字段类型": 1, "数据长度": 2,
    "长度": 2, "字段长度": 2, "数据长度（字节）": 2, "必填": 3, "是否必填": 3, "标识": 4, "说明": 5, "备注": 5, "描述": 5, "字段说明": 5,
}  # fmt: skip
"""Heads people use → place in ``COLUMNS``."""


def pasted_items(text: str, law: Demands) -> list[dict[str, Any]]:
    """Rows of tab-separated text as the grid's values, at most 500.

    With a heading row the columns may stand in any order (unknown ones are left out); without one they are ``COLUMNS`` in order,
    all but the name optional. Cells with line breaks, as spreadsheets quote them, stay one cell. What is not understood stays
    empty rather than guessed: the grid shows it for checking.
    """
    found: list[dict[str, Any]] = []
    places = tuple(range(len(COLUMNS)))
    for number, cells in enumerate(_cells(text)):
        heads = [_HEADS.get(cell) for cell in cells]
        if number == 0 and 0 in heads:
            if heads != list(range(len(heads))):  # a heading that stops early leaves the other columns where they are
                places = tuple(heads.index(i) if i in heads else -1 for i in range(len(COLUMNS)))
            continue
        row = [cells[p] if 0 <= p < len(cells) else "" for p in places]
        name = row[0][:80]
        if name and name not in _HEADS:
            found.append(_row(name, row, law))
        if len(found) == MOST_ROWS:
            break
    return found


def _cells(text: str) -> list[list[str]]:
    plain = text.replace("\x00", "")
    try:
        rows = list(csv.reader(io.StringIO(plain, newline=""), delimiter="\t"))
    except csv.Error:
        rows = [line.split("\t") for line in plain.splitlines()]
    return [[" ".join(cell.split()).strip('"') for cell in row] for row in rows[: MOST_ROWS * 4]]


def _row(name: str, cells: list[str], law: Demands) -> dict[str, Any]:
    digits = re.fullmatch(r"[0-9]{1,7}", cells[2])
    kinds = guide.entries(law, "identifiers")
    identifier = next((e for e in kinds if cells[4] in (e.key, e.title)), None)
    if identifier is None:
        identifier = next((e for e in kinds if name == e.title), None)
    return {
        "column": "",
        "name": name,
        "data_type": data_type(cells[1]),
        "length": int(digits[0]) if digits else None,
        "required": cells[3].casefold() in _YES,
        "identifier": identifier.key if identifier else "",
        "mask": identifier.mask if identifier else "",
        "description": cells[5][:300],
    }


def data_type(text: str) -> str:
    """The guide's letter for what people write (``字符型C``, ``C``, ``日期``, ``varchar(20)``); ``C`` when unknown."""
    return known_data_type(text) or "C"


def known_data_type(text: str) -> str:
    """The guide's letter for what people write; empty when it is none of the words in use."""
    plain = text.strip()
    if plain.upper() in DATA_TYPES:
        return plain.upper()
    for title, key in _TYPES.items():
        if plain.startswith(title) or (plain and title.startswith(plain)):
            return key
    if plain[1:] in _TYPES and plain[0] == _TYPES[plain[1:]]:
        return plain[0]
    folded = plain.casefold()
    for start, key in (("varchar", "C"), ("char", "C"), ("string", "C"), ("text", "M"), ("int", "I"), ("bigint", "I"), ("decimal", "N"),
                       ("number", "N"), ("datetime", "T"), ("timestamp", "T"), ("date", "D"), ("bool", "L"), ("float", "F"), ("double", "B")):  # fmt: skip
        if folded.startswith(start):
            return key
    return ""
