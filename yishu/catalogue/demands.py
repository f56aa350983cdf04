"""What a pack demands of a catalogue entry, gathered once per pack and date. Django-free; no legal content of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from yishu.kernel.references import Reference
from yishu.law import packs, values, vocabulary
from yishu.law.kinds import Option, RequiredField

_VALUES = tuple(vocabulary.VALUES)
_LISTS = tuple(vocabulary.OPTION_FACTS)
_FORMS = vocabulary.FORMS


@dataclass(frozen=True, slots=True, eq=False)
class Demands:
    """The pack's part of the catalogue form: closed lists, required fields, single values, each with its article.

    A value, list or form the pack does not hold is absent: the law is silent, nothing is demanded.
    """

    law: packs.Law
    on: date
    lists: Mapping[str, tuple[Option, ...]]
    forms: Mapping[str, tuple[RequiredField, ...]]
    values: Mapping[str, Any]
    references: Mapping[str, Reference]

    def options(self, name: str) -> tuple[Option, ...]:
        """A closed list's options in the order of the text; empty when the pack closes no such list."""
        return self.lists.get(name, ())

    def option(self, name: str, key: str) -> Option | None:
        """One option by its key, or None."""
        return next((o for o in self.options(name) if o.key == key), None)

    def title(self, name: str, key: str) -> str:
        """What people read for a stored option key; the key itself when the pack does not know it."""
        found = self.option(name, key)
        return found.title if found else key

    def reference(self, key: str) -> Reference | None:
        """The article behind a single value, or None where the pack is silent."""
        return self.references.get(key)

    def field_reference(self, name: str) -> Reference | None:
        """The article that demands a form field, or None."""
        for fields in self.forms.values():
            for field in fields:
                if field.name == name:
                    return field.reference
        return None

    @property
    def opening(self) -> bool:
        """Whether the regulation covers opening to the public at all (修武办法 does not)."""
        return self.values.get("opening.enabled") is True

    @property
    def source_unique(self) -> bool:
        """Whether one datum has one source, so that a second claimant must explain itself."""
        return self.values.get("collection.source_unique") is True


@lru_cache(maxsize=64)
def demands(law: packs.Law, on: date) -> Demands:
    """The demands of ``law`` as they stand at ``on`` (Asia/Shanghai date)."""
    view = law.at(on)
    lists: dict[str, tuple[Option, ...]] = {}
    for name in _LISTS:
        try:
            lists[name] = tuple(values.options(view, name))
        except packs.Missing:
            continue
    forms: dict[str, tuple[RequiredField, ...]] = {}
    for name in _FORMS:
        try:
            forms[name] = tuple(values.required(view, name))
        except packs.Missing:
            continue
    found: dict[str, Any] = {}
    references: dict[str, Reference] = {}
    for key in _VALUES:
        try:
            value = view.get(key)
        except packs.Missing:
            continue
        found[key], references[key] = value.value, value.reference
    return Demands(law, on, lists, forms, found, references)
