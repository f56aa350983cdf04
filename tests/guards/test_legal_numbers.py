"""No legal number stands in Python: terms, extensions and periods of retention are read from the packs.

What an AST can see honestly: a whole number handed to anything that counts working days, given to a name that speaks of days, months, extensions or
deadlines, or used as a span of days. Numbers of the platform's own (how long a link lives, how many rows a page has) are listed with their reason.
"""

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from yishu.law import packs
from yishu.law.kinds import Clock

ROOT = Path(__file__).parents[2] / "yishu"
COUNTING = {"due", "due_or_none", "extended", "working_days_between", "Extension", "Clock"}
"""Functions whose numbers are terms."""
NAMES = re.compile(r"(^|_)(working_days|days|months|deadline|extension|retention|due)(_|$)", re.IGNORECASE)
"""Names of what a law limits."""
SPANS = {"timedelta": ("days", "weeks"), "relativedelta": ("days", "weeks", "months", "years")}
OWN: dict[tuple[str, str], str] = {
    ("law/clocks.py", "AMBER_DAYS"): "when a light turns amber is the platform's choice",
    ("law/clocks.py", "MAX_WORKING_DAYS"): "a bound against mistakes, ten years",
    ("law/clocks.py", "due(1)"): "the next working day",
    ("law/clocks.py", "days"): "an extension is of one day at least",
    ("cases/notices.py", "MAIL_DAYS"): "how long a reminder is tried",
    ("cases/urging.py", "timedelta(days=366)"): "a bound against slips of the hand",
    (
        "config/environment.py",
        "escalate_days",
    ): "from when the leading group is told is the operator's setting (XZ-1.4.a names no day)",
    ("catalogue/autosave.py", "KEPT_DAYS"): "how long an unsaved draft is kept",
    ("collection/sweeping.py", "timedelta(days=30)"): "how long a failed upload's file is kept",
    ("sharing/forms.py", "timedelta(days=364)"): "what the form suggests; the applicant writes the term",
}
STORIES = "config/demo/"
"""The demonstration's moments are a story, not a rule."""
"""(file, what) → why the number is no law. Steps of one day (``timedelta(days=1)``) and zero need no entry."""


def numbers(tree: ast.AST) -> Iterator[tuple[int, str, int]]:
    """Each number that counts days or months: line, what it is given to, the number."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                name = getattr(target, "id", getattr(target, "attr", ""))
                if NAMES.search(name) and (number := _number(node.value)) is not None:
                    yield node.lineno, name, number
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for name in (getattr(s, "id", getattr(s, "attr", "")) for s in sides):
                for number in (_number(s) for s in sides):
                    if NAMES.search(name) and number is not None:
                        yield node.lineno, name, number


def _call(node: ast.Call) -> Iterator[tuple[int, str, int]]:
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    for keyword in node.keywords:
        number = _number(keyword.value)
        if number is None or not keyword.arg:
            continue
        if name in SPANS:
            if keyword.arg in SPANS[name]:
                yield node.lineno, f"{name}({keyword.arg}={number})", number
        elif NAMES.search(keyword.arg):
            yield node.lineno, f"{name}({keyword.arg}={number})", number
    if name in COUNTING or name == "timedelta":
        for argument in node.args:
            number = _number(argument)
            if number is not None:
                yield node.lineno, f"{name}({number})", number


def _number(node: ast.AST | None) -> int | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _number(node.operand)
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def found(root: Path) -> list[tuple[str, int, str, int]]:
    """Every such number under a folder that is no step of one day."""
    rows = []
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root).as_posix()
        if "migrations" in path.parts or file.startswith(STORIES):
            continue
        for line, what, number in numbers(ast.parse(path.read_text(encoding="utf-8"))):
            if number != 0 and not (what.startswith("timedelta") and number == 1):
                rows.append((file, line, what, number))
    return rows


def test_no_legal_number_stands_in_python():
    strange = [f"{file}:{line} {what}" for file, line, what, _ in found(ROOT) if (file, what) not in OWN]
    assert strange == []


def test_every_number_of_the_allow_list_is_still_there():
    held = {(file, what) for file, _, what, _ in found(ROOT)}
    assert [entry for entry in OWN if entry not in held] == []


def test_numbers_of_the_packs_are_in_no_list_of_the_platforms_own():
    """Where a number of the platform's own equals one of the packs, its reason says what it is instead."""
    terms = {
        value.value.working_days
        for pack_id in packs.pack_ids()
        for value in packs.load(pack_id).at(date(2026, 9, 18)).values("clocks")
        if isinstance(value.value, Clock) and value.value.working_days
    }
    assert terms >= {5, 10, 15}
    for file, _, what, number in found(ROOT):
        if number in terms:
            assert OWN[file, what]


@pytest.mark.parametrize(
    "source",
    [
        "due(start, 10, calendar)",
        "clocks.due(start, 10, calendar)",
        "step(working_days=5)",
        "x = timedelta(days=15)",
        "REPLY_DAYS = 10",
        "self.retention_months: int = 36",
        "if working_days > 10: pass",
        "extended(term, 5, calendar)",
    ],
)
def test_guard_sees_a_planted_number(source, tmp_path):
    (tmp_path / "planted.py").write_text(source)
    assert [row[3] for row in found(tmp_path)]
