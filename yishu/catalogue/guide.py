"""The enumerations of guide 1272 as a jurisdiction's law holds them: its own lists, else the guide's. Django-free, pure.

The lists stand in the packs (``options``: ``catalogue_classes``, ``format_classes`` …), the guide's in pack ``cn``; a local pack
inherits them or writes its own (济源's eleven themes).
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from yishu.catalogue.demands import Demands
from yishu.kernel.references import Reference
from yishu.law.kinds import Option

ITEM_LISTS = {"1": "catalogue_base_items", "2": "catalogue_theme_items", "3": "catalogue_department_items"}
"""类 → the list of its 项."""
IDENTIFIER_MASKS = {"person_id": "person_id", "identity_document": "text", "uscc": "uscc"}
"""The mask (``security.masks``) that fits an identifier of each kind."""
SURVEY_FIGURES = {
    "data_total": "数据存储总量",
    "records_total": "结构化信息记录总数",
    "shared_data": "已共享的数据存储量",
    "shared_records": "已共享的结构化记录数",
    "open_data": "已开放的数据存储量",
    "open_records": "已开放的结构化记录数",
}
"""The six figures of the guide's template (资源大普查), whole numbers; unknown is 0."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One allowed value: stored ``key``, shown ``title``, the article that holds it, and what the list ties to it."""

    key: str
    title: str
    reference: Reference | None = None
    hint: str = ""
    of: str = ""
    identifier: bool = False
    mask: str = ""
    types: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    structured: bool = False
    describe: bool = False
    items: tuple["Entry", ...] = ()


def _entry(option: Option) -> Entry:
    facts = option.facts
    return Entry(
        key=option.key,
        title=option.title,
        reference=option.reference,
        hint=str(facts.get("hint") or ""),
        of=str(facts.get("of") or ""),
        identifier=_yes(facts.get("identifier")),
        mask=IDENTIFIER_MASKS.get(option.key, ""),
        types=tuple(facts.get("types") or ()),
        modes=tuple(facts.get("modes") or ()),
        structured=_yes(facts.get("structured")),
        describe=_yes(facts.get("describe")),
    )


def _yes(value: object) -> bool:
    return str(value).lower() == "true"


@lru_cache(maxsize=2048)
def entries(law: Demands, name: str) -> tuple[Entry, ...]:
    """The values of one list of the packs (``format_classes``, ``update_cycles`` …), in the order of the text.

    ``classes`` gives 类 with their 项 as ``items``; a list the law does not hold is empty.
    """
    if name != "classes":
        return tuple(_entry(option) for option in law.options(name))
    return tuple(
        replace(_entry(top), items=entries(law, ITEM_LISTS[top.key]) if top.key in ITEM_LISTS else ())
        for top in law.options("catalogue_classes")
    )


def entry(law: Demands, name: str, key: str) -> Entry | None:
    """One value of a list by its key, or None."""
    return next((e for e in entries(law, name) if e.key == key), None)


def identifies(law: Demands, identifier: str, subject_kind: str) -> bool:
    """Whether an item's identifier kind identifies subjects of this kind (自然人: 公民身份号码 or any valid document)."""
    found = entry(law, "identifiers", identifier)
    return found is not None and found.of == subject_kind


def title(law: Demands, name: str, key: str) -> str:
    """What people read for a stored key; the key itself when the law does not know it."""
    found = entry(law, name, key)
    return found.title if found else key


def class_title(law: Demands, attribute_class: str, item_class: str) -> str:
    """类 and 项 in words: ``部门信息资源目录 · 国务院``."""
    top = entry(law, "classes", attribute_class)
    if top is None:
        return ""
    below = next((i for i in top.items if i.key == item_class), None)
    return f"{top.title} · {below.title}" if below else top.title
