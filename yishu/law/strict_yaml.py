"""YAML as packs use it: mappings, sequences and strings, each with its line. Nothing is guessed.

A scalar stays the text that was written (``no``, ``on``, ``2022-01-05`` and ``010`` are strings); duplicate keys, aliases,
anchors, tags, several documents, deep nesting and large files are refused. Read from parser events, so nesting cannot
exhaust the stack and no constructor ever runs.
"""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 16
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True, slots=True)
class PackProblem:
    """One thing wrong in a pack: file, line (from 1), dotted key, and what is expected there (Chinese)."""

    file: str
    line: int
    key: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.key or '（文件）'}：{self.expected}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string; ``plain`` when it was written without quotes, which numbers must be."""

    line: int
    text: str
    plain: bool


@dataclass(slots=True)
class Sequence:
    """A list of nodes."""

    line: int
    items: list["Node"] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """Entries by key, in file order; ``lines`` holds the line of each key."""

    line: int
    entries: dict[str, "Node"] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


class _Refused(Exception):
    def __init__(self, line: int, expected: str) -> None:
        self.line, self.expected = line, expected


def read_file(path: Path, *, name: str) -> tuple[Mapping | None, list[PackProblem]]:
    """The mapping a file holds, with the problems found; None when nothing of it can be read.

    ``name`` is how problems call the file. Never raises for what the file holds; OSError passes through.
    """
    raw = path.read_bytes()
    if len(raw) > MAX_BYTES:
        return None, [PackProblem(name, 1, "", f"文件不超过 {MAX_BYTES // 1024} KB（现为 {len(raw) // 1024} KB）")]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return None, [PackProblem(name, line, "", "文件应为 UTF-8 编码")]
    return read_text(text, name=name)


def read_text(text: str, *, name: str) -> tuple[Mapping | None, list[PackProblem]]:
    """As ``read_file``, for text at hand."""
    problems: list[PackProblem] = []
    control = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if control:
        return None, [PackProblem(name, text.count("\n", 0, control.start()) + 1, "", "文件含有不允许的控制字符")]
    try:
        node = _build(text, name, problems)
    except _Refused as refused:
        return None, [*problems, PackProblem(name, refused.line, "", refused.expected)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [
            *problems,
            PackProblem(name, mark.line + 1 if mark else 1, "", f"YAML 语法有误（{error.problem}）"),
        ]
    if not isinstance(node, Mapping):
        line = node.line if node else 1
        return None, [*problems, PackProblem(name, line, "", "文件最外层应为“键: 值”的映射")]
    return node, problems


def _build(text: str, name: str, problems: list[PackProblem]) -> Node | None:
    """Build nodes from parser events with an explicit stack of (container, its dotted path, pending key)."""
    root: Node | None = None
    stack: list[tuple[Sequence | Mapping, str]] = []
    pending: dict[int, tuple[str, int]] = {}
    documents = 0

    def path_of(container: Sequence | Mapping, path: str) -> str:
        if isinstance(container, Mapping):
            return f"{path}.{pending[id(container)][0]}".lstrip(".")
        return f"{path}[{len(container.items)}]"

    def place(node: Node) -> None:
        nonlocal root
        if not stack:
            root = node
            return
        container, path = stack[-1]
        if isinstance(container, Sequence):
            container.items.append(node)
            return
        key, line = pending.pop(id(container))
        if key in container.entries:
            problems.append(
                PackProblem(
                    name, line, f"{path}.{key}".lstrip("."), f"键不得重复（已写在第 {container.lines[key]} 行）"
                )
            )
            return
        container.entries[key], container.lines[key] = node, line

    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _Refused(line, "一个文件只能有一个 YAML 文档")
        elif isinstance(event, yaml.AliasEvent):
            raise _Refused(line, "不得使用引用（*名称），请写出内容")
        elif isinstance(event, yaml.NodeEvent):
            if event.anchor is not None:
                raise _Refused(line, "不得使用锚点（&名称）")
            tag = getattr(event, "tag", None)
            if tag is not None:
                raise _Refused(line, f"不得使用标签（{tag}）")
            awaits_key = bool(stack) and isinstance(stack[-1][0], Mapping) and id(stack[-1][0]) not in pending
            if isinstance(event, yaml.ScalarEvent):
                if awaits_key:
                    pending[id(stack[-1][0])] = (event.value, line)
                else:
                    place(Scalar(line, event.value, not event.style))
            else:
                if awaits_key:
                    raise _Refused(line, "键应为文字")
                if len(stack) >= MAX_DEPTH:
                    raise _Refused(line, f"嵌套不超过 {MAX_DEPTH} 层")
                path = path_of(*stack[-1]) if stack else ""
                node = Mapping(line) if isinstance(event, yaml.MappingStartEvent) else Sequence(line)
                place(node)
                stack.append((node, path))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            stack.pop()
    return root
