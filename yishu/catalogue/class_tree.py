"""The levels below 类 and 项 that a jurisdiction gave itself: 目 and 细目 by code. Pure, Django-free."""

from collections.abc import Mapping
from dataclasses import dataclass, field

CATEGORY_DIGITS = 3
"""Digits of a 目 (guide 1272: 类 1, 项 2, 目 3, 细目 any)."""
PATH_DIGITS = 3
"""Digits of 类 and 项 together: the path under which a 目 stands."""


@dataclass(frozen=True, slots=True)
class ClassTree:
    """Active 目 and 细目: ``nodes`` maps the digits of the levels above (``307``, ``307016``) to code and title."""

    nodes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def under(self, path: str) -> Mapping[str, str]:
        """Code and title of what stands directly under ``path``; empty when the jurisdiction has not divided it."""
        return self.nodes.get(path, {})

    def title(self, path: str, code: str) -> str:
        """The name of one node, or empty."""
        return self.under(path).get(code, "")

    def words(self, attribute_class: str, item_class: str, category: str, subcategory: str) -> str:
        """目 and 细目 in words: ``016 食品经营 · 细目 01 许可``; codes alone where the tree has no name for them."""
        path = attribute_class + item_class
        parts = [f"目 {category or '—'} {self.title(path, category)}".strip()]
        if subcategory:
            parts.append(f"细目 {subcategory} {self.title(path + category, subcategory)}".strip())
        return " · ".join(parts)


EMPTY = ClassTree()
"""For a jurisdiction that has not divided anything: any well-formed code is accepted."""
