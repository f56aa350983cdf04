"""What one 信息项 must be, by itself: guide 1272's data types against what the item claims. Pure, Django-free."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

import pyarrow
import pyarrow.compute

from yishu.catalogue import guide
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.rules import DATA_TYPES, UNCONDITIONAL
from yishu.kernel.errors import Problem
from yishu.kernel.references import Reference
from yishu.security import masks

NUMERIC, TEMPORAL, TEXTUAL = frozenset("NYBIF"), frozenset("DT"), frozenset("CMG")
_FORMULA = re.compile(r"\s*[=+\-@|%＝＋－＠]")
"""Names with which a spreadsheet would begin a formula: they head the files that other departments download."""
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class FieldProblem(Problem):
    """A problem that knows its form field; ``row`` is the item's place in the grid (0 first), None for the resource."""

    field: str = ""
    row: int | None = None


def has_hidden(text: str) -> bool:
    """Whether a text holds zero-width, bidirectional or control characters, which make two equal-looking names differ."""
    return _HIDDEN.search(text) is not None


def item_problem(
    row: int, item: ItemDraft, field: str, what: str, remedy: str, code: str, reference: Reference | None = None
) -> FieldProblem:
    """A problem of one field of the item in ``row`` (0 first)."""
    where = f"信息项第 {row + 1} 行" + (f"“{item.name}”" if item.name else "")
    return FieldProblem(
        where=where, what=what, remedy=remedy, code=f"catalogue.{code}", reference=reference, field=field, row=row
    )


def item_problems(row: int, item: ItemDraft, *, law: Demands) -> Iterator[FieldProblem]:
    """What is wrong with one item by itself; ``row`` is its place in the grid (0 first)."""
    standard = law.field_reference("name") or law.reference("catalogue.standard")
    yield from _name(row, item, standard)
    if item.data_type not in DATA_TYPES:
        names = "、".join(t for t, _ in DATA_TYPES.values())
        yield item_problem(row, item, "data_type", "没有这种数据类型", f"请选择：{names}", "data_type", standard)
        return
    yield from _typed(row, item, law, standard)
    yield from _values(row, item, standard)
    if item.mask and not masks.fits(item.mask, item.data_type):
        yield item_problem(
            row, item, "mask", "这种脱敏方式不适用于该数据类型", "请改选其他脱敏方式，或不脱敏", "mask_type"
        )
    if item.share_type and law.option("share_types", item.share_type) is None:
        yield item_problem(
            row, item, "share_type", "没有这种共享类型", "请重新选择，或留空表示与资源相同", "share_type"
        )
    yield from _demanded(row, item, law)


def _name(row: int, item: ItemDraft, standard: Reference | None) -> Iterator[FieldProblem]:
    if not item.name:
        yield item_problem(row, item, "name", "没有信息项名称", "请填写名称，或删除这一行", "item_unnamed", standard)
    elif has_hidden(item.name) or item.name != item.name.strip():
        yield item_problem(row, item, "name", "名称含有看不见的字符", "请重新键入名称", "hidden_characters", standard)
    elif _FORMULA.match(item.name):
        yield item_problem(
            row, item, "name", "名称以公式符号开头", "请去掉开头的 = + - @ 等符号", "formula_name", standard
        )


def _typed(row: int, item: ItemDraft, law: Demands, standard: Reference | None) -> Iterator[FieldProblem]:
    """What an item is used for against its data type."""
    kind = item.data_type
    if item.identifier and (guide.entry(law, "identifiers", item.identifier) is None or kind not in TEXTUAL):
        yield item_problem(
            row, item, "identifier", "标识项必须是字符型", "请把数据类型改为字符型", "identifier_type", standard
        )
    if item.newest_by and kind not in TEMPORAL:
        yield item_problem(
            row, item, "newest_by", "取最新依据必须是日期", "请选择日期型或日期时间型的信息项", "newest_by_type", standard
        )  # fmt: skip
    if item.is_key and kind not in TEXTUAL | {"I"}:
        yield item_problem(
            row, item, "is_key", "主标识必须是字符型或整型", "请把数据类型改为字符型", "key_type", standard
        )


def _values(row: int, item: ItemDraft, standard: Reference | None) -> Iterator[FieldProblem]:
    """Length, pattern and limits."""
    if item.length is not None and not 1 <= item.length <= 1_000_000:
        yield item_problem(
            row, item, "length", "数据长度超出范围", "请填写 1 到 1000000 之间的字节数", "length", standard
        )
    if item.pattern:
        try:
            # The engine that will use it: RE2, fixed time; no look-around, no back-references.
            pyarrow.compute.match_substring_regex(pyarrow.array([""]), item.pattern)
        except pyarrow.ArrowInvalid:
            yield item_problem(
                row, item, "pattern", "格式不是有效的正则表达式（RE2，不能用环视和反向引用）", "例如 [0-9]{6}；不限制格式可留空",
                "pattern", standard,
            )  # fmt: skip
    for field in ("minimum", "maximum"):
        if not _fits(item.data_type, getattr(item, field)):
            yield item_problem(
                row, item, field, "最小值或最大值与数据类型不符", "数值填数字，日期填 2026-01-31 的形式", field, standard
            )  # fmt: skip


_DECIDED_LATER = frozenset({"share_type", "grade", "name", "data_type"})
"""Empty share type means the resource's; grades are given at review; names and types are told above."""


def _demanded(row: int, item: ItemDraft, law: Demands) -> Iterator[FieldProblem]:
    for field in law.forms.get("catalogue.item", ()):
        if field.name not in _DECIDED_LATER and getattr(item, field.name, 0) in ("", None):
            yield item_problem(
                row, item, field.name, f"没有填写{field.title}", "请填写后再提交", f"missing_item_{field.name}",
                field.reference,
            )  # fmt: skip


def _fits(kind: str, text: str) -> bool:
    if not text:
        return True
    try:
        if kind in TEMPORAL:
            date.fromisoformat(text[:10])
        elif kind in NUMERIC:
            return Decimal(text).is_finite()
        else:
            return False
    except (ValueError, InvalidOperation):
        return False
    return True


def effective_share_type(item: ItemDraft, resource_share_type: str) -> str:
    """The share type that counts for an item: base items are unconditional, others their own or the resource's."""
    if item.is_base:
        return UNCONDITIONAL
    return item.share_type or resource_share_type
