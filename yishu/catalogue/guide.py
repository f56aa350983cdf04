"""The enumerations of guide 1272, read from ``data/guide-1272.yaml``. Django-free, pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).parent / "data" / "guide-1272.yaml"


@dataclass(frozen=True, slots=True)
class Entry:
    """One allowed value: stored ``key``, shown ``title``, and what the guide ties to it."""

    key: str
    title: str
    hint: str = ""
    of: str = ""
    identifier: str = ""
    mask: str = ""
    types: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    structured: bool = False
    describe: bool = False
    items: tuple["Entry", ...] = ()


def _entry(raw: Mapping[str, Any]) -> Entry:
    flags: dict[str, Any] = {name: raw.get(name) == "yes" for name in ("structured", "describe")}
    texts: dict[str, Any] = {
        name: raw[name] for name in ("key", "title", "hint", "of", "identifier", "mask") if name in raw
    }
    return Entry(
        **texts,
        **flags,
        types=tuple(raw.get("types", ())),
        modes=tuple(raw.get("modes", ())),
        items=tuple(_entry(item) for item in raw.get("items", ())),
    )


@cache
def _guide() -> Mapping[str, tuple[Entry, ...]]:
    document = yaml.load(SOURCE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  (strings only)
    return {name: tuple(_entry(e) for e in entries) for name, entries in document.items() if name != "source"}


def entries(name: str) -> tuple[Entry, ...]:
    """The values of one enumeration (``classes``, ``formats``, ``update_cycles`` …), in the guide's order."""
    return _guide()[name]


def entry(name: str, key: str) -> Entry | None:
    """One value of an enumeration by its key, or None."""
    return next((e for e in entries(name) if e.key == key), None)


def identifies(identifier: str, subject_kind: str) -> bool:
    """Whether an item's identifier kind identifies subjects of this kind (自然人: 公民身份号码 or any valid document)."""
    found = entry("identifiers", identifier)
    return found is not None and found.of == subject_kind


def title(name: str, key: str) -> str:
    """What people read for a stored key; the key itself when the guide does not know it."""
    found = entry(name, key)
    return found.title if found else key


def class_title(attribute_class: str, item_class: str) -> str:
    """类 and 项 in words: ``部门信息资源目录 · 国务院``."""
    top = entry("classes", attribute_class)
    if top is None:
        return ""
    below = next((i for i in top.items if i.key == item_class), None)
    return f"{top.title} · {below.title}" if below else top.title
