"""What changed between two states of a resource: elements in words, items by their column. Pure apart from the words' law."""

from collections.abc import Sequence
from dataclasses import dataclass

from yishu.catalogue.class_tree import EMPTY, ClassTree
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.presentation import ItemRow, draft_of, fact_rows, item_rows, spec_rows
from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.references import Reference

_ITEM_WORDS = (
    ("name", "名称"),
    ("type_title", "数据类型"),
    ("length", "数据长度"),
    ("required", "必填"),
    ("identifier", "标识"),
    ("is_key", "主标识"),
    ("newest_by", "以此取最新"),
    ("is_base", "基础数据项"),
    ("share_title", "共享类型"),
    ("sensitivity", "敏感属性"),
    ("grade", "级别"),
    ("mask", "默认脱敏"),
    ("limits", "格式和取值"),
    ("description", "说明"),
)
_UNSAID = {"信息资源代码", "信息资源提供方", "提供方代码"}
"""Given by the platform, not edited: they tell nothing about a change."""


@dataclass(frozen=True, slots=True)
class Side:
    """One state of a resource in words: ``title`` says which (第 2 版, 修改稿)."""

    title: str
    facts: Sequence[tuple[str, str, Reference | None]]
    items: Sequence[ItemRow]


@dataclass(frozen=True, slots=True)
class Change:
    """One value before and after; empty where it did not exist."""

    label: str
    before: str
    after: str
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class ItemChange:
    """One item that stayed and how it changed."""

    name: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs between two states; all empty when nothing does."""

    elements: tuple[Change, ...]
    added: tuple[ItemRow, ...]
    removed: tuple[ItemRow, ...]
    changed: tuple[ItemChange, ...]
    moved: tuple[str, ...]
    """Names of items whose place among those that stayed is another."""

    @property
    def count(self) -> int:
        """How many things differ."""
        return len(self.elements) + len(self.added) + len(self.removed) + len(self.changed) + len(self.moved)


def version_side(spec: ResourceSpec, law: Demands, tree: ClassTree = EMPTY) -> Side:
    """A published version."""
    facts = fact_rows(draft_of(spec), law, code="", department=None, tree=tree)
    return Side(f"第 {spec.version} 版", _facts(facts), spec_rows(spec, law))


def draft_side(
    draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands, title: str, tree: ClassTree = EMPTY
) -> Side:
    """A working copy, or what somebody typed."""
    facts = fact_rows(draft, law, code="", department=None, tree=tree)
    return Side(title, _facts(facts), item_rows(items, draft.share_type, law))


def _facts(facts: Sequence[object]) -> list[tuple[str, str, Reference | None]]:
    return [(f.label, f.text, f.reference) for f in facts if f.label not in _UNSAID]  # type: ignore[attr-defined]


def difference(before: Side, after: Side) -> Difference:
    """What changed from one state to another. Items are the same when their column is; an item without column is new."""
    left, right = {i.column: i for i in before.items}, {i.column: i for i in after.items if i.column}
    stayed_before = [c for c in left if c in right]
    stayed_after = [c for c in right if c in left]
    return Difference(
        elements=_elements(before, after),
        added=tuple(i for i in after.items if i.column not in left),
        removed=tuple(i for c, i in left.items() if c not in right),
        changed=tuple(
            ItemChange(right[c].name, found) for c in stayed_after if (found := _item_changes(left[c], right[c]))
        ),
        moved=_moved(stayed_before, stayed_after, right),
    )


def _elements(before: Side, after: Side) -> tuple[Change, ...]:
    old = {label: (text, ref) for label, text, ref in before.facts}
    new = {label: (text, ref) for label, text, ref in after.facts}
    labels = [*old, *(label for label in new if label not in old)]
    return tuple(
        Change(label, old.get(label, ("", None))[0], new.get(label, ("", None))[0], (new.get(label) or old[label])[1])
        for label in labels
        if old.get(label, ("", None))[0] != new.get(label, ("", None))[0]
    )


def _item_changes(old: ItemRow, new: ItemRow) -> tuple[Change, ...]:
    found = []
    for name, label in _ITEM_WORDS:
        left, right = _words(getattr(old, name)), _words(getattr(new, name))
        unset = name in ("grade", "share_title") and not right  # given at review: not yet said is no change
        if left != right and not unset:
            found.append(Change(label, left, right))
    return tuple(found)


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return "" if value is None else str(value)


def _moved(before: Sequence[str], after: Sequence[str], rows: dict[str, ItemRow]) -> tuple[str, ...]:
    """The fewest items that must have been moved: those outside a longest run that kept its order."""
    place = {column: number for number, column in enumerate(before)}
    best: list[list[str]] = []  # patience: best[n] is a kept run of length n + 1 with the lowest last place
    for column in after:
        length = next((n for n, run in enumerate(best) if place[run[-1]] > place[column]), len(best))
        run = [*(best[length - 1] if length else []), column]
        best[length : length + 1] = [run]
    kept = set(best[-1]) if best else set()
    return tuple(rows[c].name for c in after if c not in kept)
