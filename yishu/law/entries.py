"""A node of a pack file with its place: reads one kind of thing, and notes a problem instead of raising.

After a problem a read gives an empty value of the kind, so that one pass over a pack finds everything wrong with it; a
pack with any problem is never used.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date

from yishu.law.strict_yaml import Mapping, Node, PackProblem, Scalar
from yishu.law.strict_yaml import Sequence as SequenceNode

_NUMBER = re.compile(r"0|[1-9][0-9]{0,5}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Entry:
    """One node, or its absence (``node`` None), at a dotted key of a file."""

    def __init__(self, node: Node | None, *, file: str, line: int, key: str, problems: list[PackProblem]) -> None:
        self.node, self.file, self.line, self.key, self.problems = node, file, line, key, problems

    def __bool__(self) -> bool:
        return self.node is not None

    @property
    def is_sequence(self) -> bool:
        """Whether a list stands here."""
        return isinstance(self.node, SequenceNode)

    @property
    def is_mapping(self) -> bool:
        """Whether keys stand here."""
        return isinstance(self.node, Mapping)

    def problem(self, expected: str, *, line: int | None = None, key: str | None = None) -> None:
        """Note that something else is expected here."""
        self.problems.append(PackProblem(self.file, line or self.line, self.key if key is None else key, expected))

    def _child(self, node: Node | None, line: int, name: str) -> "Entry":
        key = name if name.startswith("[") else f".{name}"
        return Entry(node, file=self.file, line=line, key=f"{self.key}{key}".lstrip("."), problems=self.problems)

    def fields(self, required: Sequence[str] = (), optional: Sequence[str] = ()) -> dict[str, "Entry"]:
        """The named entries of a mapping; missing required ones and unknown ones are noted, absent ones are empty entries."""
        found = dict(self.entries())
        if self.node is not None and not isinstance(self.node, Mapping):
            return {name: self._child(None, self.line, name) for name in (*required, *optional)}
        known = (*required, *optional)
        for name, entry in found.items():
            if name not in known:
                entry.problem(f"不认识的键；这里可用：{'、'.join(known)}")
        for name in required:
            if name not in found and self.node is not None:
                words = (
                    "缺少出处（reference: {article: 第×条, row: 条目编号}）；每个值都要写明条文"
                    if name == "reference"
                    else "缺少此键"
                )
                self._child(None, self.line, name).problem(words)
        return {name: found.get(name) or self._child(None, self.line, name) for name in known}

    def entries(self) -> Iterator[tuple[str, "Entry"]]:
        """Every key of a mapping with its entry, in file order; a problem and nothing when it is no mapping."""
        if isinstance(self.node, Mapping):
            for name, node in self.node.entries.items():
                yield name, self._child(node, self.node.lines[name], name)
        elif self.node is not None:
            self.problem("应为“键: 值”的映射")

    def items(self) -> list["Entry"]:
        """The members of a list; a problem and nothing when it is no list."""
        if isinstance(self.node, SequenceNode):
            return [self._child(node, node.line, f"[{n}]") for n, node in enumerate(self.node.items)]
        if self.node is not None:
            self.problem("应为列表")
        return []

    def text(self) -> str:
        """A text that is not empty."""
        if isinstance(self.node, Scalar):
            if self.node.text.strip():
                return self.node.text
            self.problem("不得为空，应写文字")
        elif self.node is not None:
            self.problem("应为文字")
        return ""

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(item.text() for item in self.items())

    def choice(self, allowed: Sequence[str]) -> str:
        """One of the allowed words."""
        text = self.text()
        if text and text not in allowed:
            self.problem(f"应为以下之一：{'、'.join(allowed)}（现为“{text[:40]}”）")
            return ""
        return text

    def number(self, *, minimum: int = 0) -> int:
        """A whole number written in plain digits without leading zero."""
        if isinstance(self.node, Scalar):
            if self.node.plain and _NUMBER.fullmatch(self.node.text) and int(self.node.text) >= minimum:
                return int(self.node.text)
            self.problem(f"应为不小于 {minimum} 的整数，不加引号和前导零（现为“{self.node.text[:40]}”）")
        elif self.node is not None:
            self.problem("应为整数")
        return 0

    def flag(self) -> bool:
        """``true`` or ``false``."""
        return self.choice(("true", "false")) == "true"

    def day(self, *words: str) -> date | str | None:
        """A date ``YYYY-MM-DD``, or one of ``words`` as text."""
        text = self.text()
        if not text or text in words:
            return text or None
        if _DATE.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                pass
        self.problem(f"应为真实的日期 YYYY-MM-DD{''.join(f' 或 {w}' for w in words)}（现为“{text[:40]}”）")
        return None
