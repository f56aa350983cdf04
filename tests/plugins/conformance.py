"""pytest plugin: every ``@pytest.mark.article`` names rows of docs/articles.toml, and ``--conformance`` reports every row."""

from collections.abc import Iterator

import pytest

from tests.conformance.table import Tally, law_value_problems, marker_problems, read_table

_TALLY = pytest.StashKey[Tally]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--conformance``: list every row of the acceptance table with its tests and result."""
    parser.getgroup("yishu").addoption(
        "--conformance", action="store_true", help="list every row of docs/articles.toml with its tests and result"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read the table and declare the marker, so that a run elsewhere knows it too."""
    config.addinivalue_line("markers", "article(id, ...): rows of docs/articles.toml this test carries (at most 3)")
    config.addinivalue_line(
        "markers",
        "law_value(row, ..., pack=, key=): a value of a pack this test notices; claims no demand of the table",
    )
    config.stash[_TALLY] = Tally(read_table())


def _ids(item: pytest.Item) -> list[object]:
    return [row for mark in item.iter_markers("article") for row in mark.args]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse the whole run when a marker names what the table does not hold; then note who carries what."""
    tally = config.stash[_TALLY]
    problems: list[str] = []
    for item in items:
        marks = list(item.iter_markers("article"))
        if any(not mark.args or mark.kwargs for mark in marks):
            problems.append(f"{item.nodeid}: @pytest.mark.article takes one to three row ids")
        problems += marker_problems(item.nodeid, _ids(item), tally.rows)
        problems += law_value_problems(item.nodeid, item.iter_markers("law_value"), tally.rows)
    if problems:
        raise pytest.UsageError("\n".join(problems))
    for item in items:
        tally.carry(item.nodeid, [str(row) for row in _ids(item)])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note how each phase of each test went. An expected failure is a skip: it proves nothing."""
    report = yield
    item.config.stash[_TALLY].report(item.nodeid, report.outcome, decisive=report.when == "call")
    return report


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Print the table last of all, behind pytest's own summary: its last line is the count."""
    tally = config.stash.get(_TALLY, None)
    if tally is None or not config.getoption("--conformance"):
        return
    print()
    print("\n".join(tally.lines()))
    print()
    print(tally.last_line(), flush=True)
