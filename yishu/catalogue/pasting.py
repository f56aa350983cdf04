"""Rows copied from a spreadsheet become items. Pure, Django-free."""

import re
from typing import Any

from yishu.catalogue import guide
from yishu.catalogue.rules import DATA_TYPES

COLUMNS = ("信息项名称", "数据类型", "数据长度", "必填", "标识", "说明")
MOST_ROWS = 500
_TYPES = {title: key for key, (title, _) in DATA_TYPES.items()}
_YES = frozenset({"是", "必填", "y", "yes", "1", "true", "√"})


def pasted_items(text: str) -> list[dict[str, Any]]:
    """Rows of tab-separated text (``COLUMNS`` in order, all but the name optional) as the grid's values, at most 500.

    A heading row is skipped. What is not understood stays empty rather than guessed: the grid shows it for checking.
    """
    found = []
    for line in text.splitlines()[: MOST_ROWS + 1]:
        cells = [cell.strip().strip('"') for cell in line.split("\t")] + [""] * len(COLUMNS)
        name = cells[0][:80]
        if not name or name in (COLUMNS[0], "名称", "字段名称"):
            continue
        found.append(_row(name, cells))
    return found[:MOST_ROWS]


def _row(name: str, cells: list[str]) -> dict[str, Any]:
    digits = re.fullmatch(r"[0-9]{1,7}", cells[2])
    identifier = next((e for e in guide.entries("identifiers") if cells[4] in (e.key, e.title)), None)
    if identifier is None:
        identifier = next((e for e in guide.entries("identifiers") if name == e.title), None)
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
    plain = text.strip()
    if plain.upper() in DATA_TYPES:
        return plain.upper()
    for title, key in _TYPES.items():
        if plain.startswith(title) or (plain and title.startswith(plain)):
            return key
    folded = plain.casefold()
    for start, key in (("varchar", "C"), ("char", "C"), ("text", "M"), ("int", "I"), ("bigint", "I"), ("decimal", "N"),
                       ("number", "N"), ("datetime", "T"), ("timestamp", "T"), ("date", "D"), ("bool", "L"), ("float", "F"), ("double", "B")):  # fmt: skip
        if folded.startswith(start):
            return key
    return "C"
