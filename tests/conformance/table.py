"""The acceptance table and its tally: which tests carry a row, and whether the row holds."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "docs" / "articles.toml"
TAGS = ("H", "S", "I")
MAX_ROWS = 3
"""Most rows one test may carry: a test that claims more proves none of them."""
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
UNCOVERED = "uncovered"
WORDS = {PASSED: "通过", FAILED: "未过", UNCOVERED: "未覆盖"}


@dataclass(frozen=True, slots=True)
class Row:
    """One demand: its id, tag (H, S, I), jurisdiction and our own short summary."""

    id: str
    tag: str
    jurisdiction: str
    summary: str


def read_table(path: Path = TABLE) -> dict[str, Row]:
    """All rows by id, in the order of the file. Raises ValueError for a row with a wrong tag or a foreign prefix."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = {}
    for prefix, entries in document["rows"].items():
        jurisdiction = document["instruments"][prefix]["jurisdiction"]
        for row_id, entry in entries.items():
            if entry["tag"] not in TAGS or not row_id.startswith(f"{prefix}-") or not entry["summary"]:
                raise ValueError(f"{path.name}: row {row_id} is not well-formed")
            rows[row_id] = Row(row_id, entry["tag"], jurisdiction, entry["summary"])
    return rows


def marker_problems(test: str, ids: Iterable[object], rows: Mapping[str, Row]) -> list[str]:
    """What is wrong with the ids a test names: unknown rows, too many, twice the same, not a text."""
    named = list(ids)
    problems = [
        f"{test}: @pytest.mark.article names no row of docs/articles.toml: {i!r}" for i in named if i not in rows
    ]
    if len(named) > MAX_ROWS:
        problems.append(f"{test}: @pytest.mark.article names {len(named)} rows, at most {MAX_ROWS} are allowed")
    if len(set(named)) < len(named):
        problems.append(f"{test}: @pytest.mark.article names a row twice")
    return problems


def law_value_problems(test: str, marks: Iterable[pytest.Mark], rows: Mapping[str, Row]) -> list[str]:
    """What is wrong with the values a test says it notices: neither rows nor pack and key, or unknown ones."""
    problems = []
    for mark in marks:
        problems += [
            f"{test}: @pytest.mark.law_value names no row of docs/articles.toml: {i!r}"
            for i in mark.args
            if i not in rows
        ]
        if bool(mark.args) == bool(mark.kwargs) or (mark.kwargs and set(mark.kwargs) != {"pack", "key"}):
            problems.append(f"{test}: @pytest.mark.law_value takes rows, or pack= and key=")
    return problems


@dataclass(slots=True)
class Tally:
    """Results of one run: ``carriers`` row → tests, ``results`` test → passed, failed or skipped."""

    rows: Mapping[str, Row]
    carriers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    results: dict[str, str] = field(default_factory=dict)

    def carry(self, test: str, ids: Iterable[str]) -> None:
        """Note that a collected test carries rows; until it reports, it has not passed."""
        for row in ids:
            self.carriers[row].append(test)

    def report(self, test: str, outcome: str, *, decisive: bool) -> None:
        """Note one phase of a test: a failure stays, a skip is no pass, and only the call itself (``decisive``) can pass."""
        if outcome == FAILED or self.results.get(test) == FAILED:
            self.results[test] = FAILED
        elif outcome == SKIPPED:
            self.results[test] = SKIPPED
        elif decisive:
            self.results.setdefault(test, PASSED)

    def state(self, row: str) -> str:
        """``passed`` when at least one test carries the row and all that do passed; ``uncovered`` when none does; else ``failed``."""
        tests = self.carriers.get(row, [])
        if not tests:
            return UNCOVERED
        return PASSED if all(self.results.get(test) == PASSED for test in tests) else FAILED

    def lines(self) -> list[str]:
        """Every row with its tag, result, summary and tests, by jurisdiction."""
        text = []
        jurisdiction = ""
        for row in self.rows.values():
            if row.jurisdiction != jurisdiction:
                jurisdiction = row.jurisdiction
                text.append(f"── {jurisdiction}")
            text.append(f"{row.id} [{row.tag}] {WORDS[self.state(row.id)]} {row.summary}")
            text += [f"    {result} {test}" for test, result in self._tests(row.id)]
        return text

    def last_line(self) -> str:
        """The count over the [H] rows."""
        states = [self.state(row.id) for row in self.rows.values() if row.tag == "H"]
        passed, failed, uncovered = (states.count(state) for state in (PASSED, FAILED, UNCOVERED))
        return f"conformance: {passed} passed, {failed} failed, {uncovered} uncovered of {len(states)} [H] rows"

    def _tests(self, row: str) -> list[tuple[str, str]]:
        """Each test function that carries the row once, with how its cases went."""
        cases: dict[str, list[str]] = defaultdict(list)
        for test in self.carriers.get(row, []):
            cases[test.split("[")[0]].append(self.results.get(test, "not run"))
        found = []
        for test, results in cases.items():
            worst = next((r for r in (FAILED, "not run", SKIPPED) if r in results), PASSED)
            found.append((test if len(results) == 1 else f"{test} ×{len(results)}", worst))
        return found
