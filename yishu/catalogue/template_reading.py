"""Rows of a filled template become resources with their items, and everything wrong with them is told at once. Pure, Django-free."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yishu.catalogue.demands import Demands
from yishu.catalogue.grid import MOST_ITEMS, read_codes
from yishu.catalogue.item_rules import has_hidden
from yishu.catalogue.pasting import known_data_type
from yishu.catalogue.template_columns import (
    CHOICE,
    CHOICES,
    CODES,
    FLAG,
    ITEM,
    LINES,
    NUMBER,
    RESOURCE,
    Column,
    chosen,
    columns_of,
    fold,
    nearest,
    pairs_of,
)
from yishu.catalogue.workbook import Row

HEAD_WITHIN = 10
"""Rows within which the heading is looked for."""
_FEWEST_HEADS = 3
_SERIES = 3
"""So many names in a row that differ only by a number counting up look like a dragged fill handle."""
_ITEM_SERIES = 5
_YES, _NO = frozenset({"是", "1", "y", "yes", "true", "√", "有"}), frozenset({"否", "0", "n", "no", "false", "×", "无"})
_SPLIT = re.compile(r"[、,，;；\n]+")
_YEARS = range(1900, 2101)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: sheet row, column title, what and what to do. ``error``: the resource is not taken; else only a note."""

    row: int
    column: str
    what: str
    remedy: str
    code: str
    error: bool = True

    def as_dict(self) -> dict[str, Any]:
        """As ``ImportBatch.report`` holds it."""
        return {
            "row": self.row, "field": self.column, "what": self.what, "remedy": self.remedy, "code": f"catalogue.{self.code}",
            "error": self.error,
        }  # fmt: skip


@dataclass(slots=True)
class Parsed:
    """One resource of the file: only the fields the file fills are in ``values``; items by field, with their sheet rows."""

    row: int
    title: str
    code: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)
    item_rows: list[int] = field(default_factory=list)
    faults: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: resources in order and all findings, by row."""

    resources: tuple[Parsed, ...]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Line:
    """One data row: text by column key."""

    number: int
    texts: dict[str, str]


def read_template(rows: Sequence[Row], law: Demands, *, provider: str, provider_code: str) -> Reading:
    """Read the rows of a filled template for one department.

    ``provider``, ``provider_code``: name and 统一社会信用代码 the provider columns must agree with. Nothing is stored.
    """
    columns = columns_of(law)
    findings: list[Finding] = []
    head = _heading(rows, columns, findings)
    if head is None:
        return Reading((), tuple(findings))
    at, places = head
    lines = [line for row in rows[at + 1 :] if (line := _line(row, places, findings)) is not None]
    if not lines:
        findings.append(Finding(rows[at].number, "", "表头下面没有内容", "请每个信息项填一行", "template_empty"))
    groups = _groups(lines, findings)
    findings += _series(groups)
    resources = [_resource(group, columns, law, provider, provider_code, findings) for group in groups]
    findings += _repeated(resources)
    for parsed, group in zip(resources, groups, strict=True):
        numbers = {line.number for line in group}
        parsed.faults = sum(f.error and f.row in numbers for f in findings)
    return Reading(tuple(resources), tuple(sorted(findings, key=lambda f: f.row)))


def _heading(
    rows: Sequence[Row], columns: Sequence[Column], findings: list[Finding]
) -> tuple[int, dict[int, Column]] | None:
    known = {fold(name): column for column in columns for name in column.names}
    for at, row in enumerate(rows[:HEAD_WITHIN]):
        found = {i: known[fold(c.text)] for i, c in enumerate(row.cells) if fold(c.text) in known}
        keys = [column.key for column in found.values()]
        if len(found) < _FEWEST_HEADS or "title" not in keys:
            continue
        for i, cell in enumerate(row.cells):
            if cell.text and i not in found:
                findings.append(
                    Finding(row.number, cell.text[:40], "不认识这一列，没有读取", "列名请与模板一致；本地不用的列可以删去", "unknown_column", error=False)
                )  # fmt: skip
            elif i in found and keys.index(found[i].key) != list(found).index(i):
                findings.append(Finding(row.number, found[i].title, "这一列出现了两次", "请只保留一列", "column_twice"))
        return at, found
    number = rows[0].number if rows else 1
    findings.append(
        Finding(number, "", "没有找到表头", "表头须有“信息资源名称”等列名；请用“下载模板”的模板填写", "no_heading")
    )
    return None


def _line(row: Row, places: Mapping[int, Column], findings: list[Finding]) -> _Line | None:
    texts: dict[str, str] = {}
    for place, column in places.items():
        cell = row.cells[place] if place < len(row.cells) else None
        if cell is None or not cell.text:
            continue
        if cell.formula:
            findings.append(
                Finding(row.number, column.title, "单元格是公式或错误值", "请复制后“选择性粘贴—数值”", "formula_cell")
            )
        elif has_hidden(cell.text):
            findings.append(
                Finding(row.number, column.title, "含有看不见的字符", "请重新键入，不要从网页粘贴", "hidden_characters")
            )
        else:
            texts.setdefault(column.key, cell.text)
    filled = set(texts) - {"number"}
    return _Line(row.number, texts) if filled else None


def _groups(lines: Sequence[_Line], findings: list[Finding]) -> list[list[_Line]]:
    """Rows of one resource together: a new one begins where another title stands; a blank title continues (merged cells)."""
    groups: list[list[_Line]] = []
    title, code = "", ""
    for line in lines:
        named, coded = line.texts.get("title", ""), line.texts.get("code", "")
        if not named and not groups:
            findings.append(
                Finding(line.number, "信息资源名称", "没有信息资源名称", "每个资源的第一行须填名称", "missing_title")
            )
            groups.append([])
        elif named and fold(named) != fold(title):
            if coded and coded == code:
                findings.append(
                    Finding(line.number, "信息资源代码", f"代码 {coded[:40]} 与上面的资源相同，名称却不同", "请核对代码和名称；新资源的代码请留空", "code_shared")
                )  # fmt: skip
            groups.append([])
            title, code = named, ""
        elif coded and code and coded != code:
            findings.append(
                Finding(line.number, "信息资源代码", f"同一资源的代码不统一：{coded[:40]} 与 {code[:40]}", "同一资源的各行代码须相同，可只填第一行", "code_differs")
            )  # fmt: skip
        code = code or coded
        groups[-1].append(line)
    return groups


def _stem(text: str) -> tuple[str, int] | None:
    found = re.fullmatch(r"(.*?[^0-9])([0-9]{1,6})", text.strip())
    if found is None or (len(found[2]) == 4 and int(found[2]) in _YEARS):
        return None
    return found[1], int(found[2])


def _runs(names: Sequence[tuple[int, str]], shortest: int) -> Iterator[list[tuple[int, str]]]:
    """Runs of names that differ only by a number counting up."""
    run: list[tuple[int, str]] = []
    for number, name in [*names, (0, "")]:
        now, before = _stem(name), _stem(run[-1][1]) if run else None
        if now and before and now[0] == before[0] and now[1] == before[1] + 1:
            run.append((number, name))
            continue
        if len(run) >= shortest:
            yield run
        run = [(number, name)] if now else []


def _series(groups: Sequence[Sequence[_Line]]) -> Iterator[Finding]:
    """填充柄: names of resources (one row each) or of items that were dragged down instead of copied."""
    singles = [(g[0].number, g[0].texts.get("title", "") if len(g) == 1 else "") for g in groups]
    for run in _runs(singles, _SERIES):
        for number, name in run:
            yield Finding(
                number, "信息资源名称", f"“{name[:40]}”等 {len(run)} 个名称只有末尾数字递增，疑似由填充柄拖拽生成",
                "同一资源的各行名称须相同；确是不同资源的，请改为能区分内容的名称", "dragged_title",
            )  # fmt: skip
    for group in groups:
        for run in _runs([(line.number, line.texts.get("name", "")) for line in group], _ITEM_SERIES):
            yield Finding(
                run[0][0], "信息项名称", f"“{run[0][1][:40]}”起 {len(run)} 个信息项名称只有末尾数字递增，疑似由填充柄拖拽生成",
                "请核对信息项名称", "dragged_items", error=False,
            )  # fmt: skip


def _repeated(resources: Sequence[Parsed]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    codes: dict[str, int] = {}
    for parsed in resources:
        name = fold(parsed.title)
        if name and name in seen:
            yield Finding(
                parsed.row, "信息资源名称", f"与第 {seen[name]} 行的资源同名", "同一资源的各行须连在一起；不同资源请改名", "title_twice",
            )  # fmt: skip
        if parsed.code and parsed.code in codes:
            yield Finding(
                parsed.row, "信息资源代码", f"代码与第 {codes[parsed.code]} 行的资源相同", "请核对代码", "code_twice"
            )
        seen.setdefault(name, parsed.row)
        codes.setdefault(parsed.code, parsed.row)


def _resource(
    group: Sequence[_Line],
    columns: Sequence[Column],
    law: Demands,
    provider: str,
    provider_code: str,
    findings: list[Finding],
) -> Parsed:
    first = group[0]
    parsed = Parsed(first.number, first.texts.get("title", ""))
    keys: dict[str, str] = {}
    given: dict[str, tuple[int, str]] = {}
    for line in group:
        for column in columns:
            text = line.texts.get(column.key, "")
            if not text or column.level == ITEM or column.key in ("number", "title"):
                continue
            held = given.setdefault(column.key, (line.number, text))
            if fold(held[1]) != fold(text) and column.key not in ("code",):
                findings.append(
                    Finding(line.number, column.title, f"与第 {held[0]} 行不一致（“{text[:30]}”与“{held[1][:30]}”）", "同一资源的各行须相同，可只填第一行", "not_uniform")
                )  # fmt: skip
    parsed.code = given.get("code", (0, ""))[1].replace("-", "/")
    _provider(given, provider, provider_code, findings)
    if parsed.title:
        given["title"] = (first.number, parsed.title)
    for column in columns:
        if column.level == RESOURCE and column.key in given:
            number, text = given[column.key]
            found = _value(column, text, law, keys, number, findings)
            if found is not None:
                _put(parsed.values, column, found, keys)
    _notes(parsed.values)
    _items(group, columns, law, parsed, findings)
    return parsed


def _provider(given: Mapping[str, tuple[int, str]], provider: str, provider_code: str, findings: list[Finding]) -> None:
    for key, title, ours in (
        ("provider", "信息资源提供方", provider),
        ("provider_code", "资源提供方代码", provider_code),
    ):
        number, text = given.get(key, (0, ""))
        if text and fold(text) != fold(ours):
            findings.append(
                Finding(number, title, f"“{text[:40]}”不是所选的部门", f"请填写“{ours}”或留空；其他部门的资源由该部门导入", f"other_{key}")
            )  # fmt: skip


def _put(values: dict[str, Any], column: Column, found: Any, keys: dict[str, str]) -> None:
    if column.key.startswith("survey_"):
        values.setdefault("survey", {})[column.key.removeprefix("survey_")] = found
    else:
        values[column.key] = found
    if column.kind == CHOICE:
        keys[column.key] = found


def _notes(values: dict[str, Any]) -> None:
    """The template's one column 共享条件/不予共享依据 goes where the share type says."""
    note = values.pop("share_note", "")
    if not note:
        return
    if values.get("share_type") == "withheld":
        values.setdefault("share_basis", note)
    else:
        values["share_condition"] = note


def _items(
    group: Sequence[_Line], columns: Sequence[Column], law: Demands, parsed: Parsed, findings: list[Finding]
) -> None:
    seen: dict[str, int] = {}
    for line in group:
        texts = {c.key: line.texts[c.key] for c in columns if c.level == ITEM and c.key in line.texts}
        if not texts:
            continue
        name = texts.get("name", "")
        if not name:
            findings.append(
                Finding(
                    line.number, "信息项名称", "没有信息项名称", "请填写名称，或清空这一行的信息项各列", "item_unnamed"
                )
            )
        elif fold(name) in seen:
            findings.append(
                Finding(line.number, "信息项名称", f"与第 {seen[fold(name)]} 行的信息项同名", "请改名或删除一行", "item_name_twice")
            )  # fmt: skip
        seen.setdefault(fold(name), line.number)
        item: dict[str, Any] = {}
        for column in columns:
            if column.key in texts and column.level == ITEM:
                found = _value(column, texts[column.key], law, {}, line.number, findings)
                if found is not None:
                    item["share_type" if column.key == "item_share_type" else column.key] = found
        parsed.items.append(item)
        parsed.item_rows.append(line.number)
    if len(parsed.items) > MOST_ITEMS:
        findings.append(
            Finding(parsed.row, "信息项名称", f"有 {len(parsed.items)} 个信息项，超过 {MOST_ITEMS} 个", "请把资源分成几个", "too_many_items")
        )  # fmt: skip


def _value(
    column: Column, text: str, law: Demands, keys: Mapping[str, str], number: int, findings: list[Finding]
) -> Any:
    """The value a cell means, or None after telling why it means none."""

    def tell(what: str, remedy: str, code: str) -> None:
        findings.append(Finding(number, column.title, what, remedy, code))

    if column.kind == CHOICE:
        return _choice(column, text, pairs_of(column, law, keys), tell)
    if column.kind == CHOICES:
        several = [
            _choice(column, part, pairs_of(column, law, keys), tell) for part in _SPLIT.split(text) if part.strip()
        ]
        return None if None in several else list(dict.fromkeys(several))
    if column.kind == FLAG:
        word = fold(text)
        if word not in _YES | _NO:
            tell(f"“{text[:30]}”不是“是”或“否”", "请填“是”或“否”", "not_a_flag")
            return None
        return word in _YES
    if column.kind == NUMBER:
        if not re.fullmatch(r"[0-9]{1,15}", text.replace(",", "").replace("，", "")):
            tell(f"“{text[:30]}”不是整数", "只填数字；不知道的填 0", "not_a_number")
            return None
        return int(text.replace(",", "").replace("，", ""))
    if len(text) > column.length:
        tell(f"有 {len(text)} 个字，超过 {column.length} 个", f"请缩短到 {column.length} 个字以内", "too_long")
        return None
    return _plain(column, text, tell)


def _plain(column: Column, text: str, tell: Any) -> Any:
    if column.kind == LINES:
        return [part.strip() for part in _SPLIT.split(text) if part.strip()]
    if column.kind == CODES:
        try:
            return read_codes(text.replace("；", "\n").replace(";", "\n"))
        except ValueError as error:
            tell(str(error), "每个代码只写一次", "codes_twice")
            return None
    if column.key in ("category", "subcategory"):
        digits = re.match(r"[0-9]+", text)
        if digits is None:
            tell(f"“{text[:20]}”没有数字编码", "请填写本地编码表中的数字编码", column.key)
            return None
        return digits[0].zfill(3) if column.key == "category" else digits[0]  # 016 kept as the number 16
    return " ".join(text.split()) if column.key in ("title", "name") else text


def _choice(column: Column, text: str, pairs: Sequence[tuple[str, str]], tell: Any) -> str | None:
    key = (known_data_type(text) or None) if column.key == "data_type" else chosen(text, pairs)
    if key is None:
        near = nearest(text, pairs)
        shown = "、".join(title for _, title in list(pairs)[:8]) + ("等" if len(pairs) > 8 else "")
        tell(
            f"“{text[:30]}”不在可选范围内", f"是否应为“{near}”？" if near else f"可选：{shown}", f"unknown_{column.key}"
        )
    return key
