"""The conformance plugin, driven as people drive it: a pytest run in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.table import Row, Tally, marker_problems, read_table

ROOT = Path(__file__).parents[2]


def run(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_sample.py").write_text("import pytest\n" + source)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.plugins.conformance", *options, str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def row_line(output: str, row: str) -> str:
    return next(line for line in output.splitlines() if line.startswith(f"{row} "))


def test_conformance_run_counts_hard_rows_and_ends_with_the_count(tmp_path):
    done = run(
        tmp_path,
        """
@pytest.mark.article("XW-2.1", "XW-1")
def test_one(): pass

@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.article("XW-2.2")
def test_two(n): assert n == 1

@pytest.mark.article("XW-7")
def test_three(): pass

@pytest.mark.article("XW-7", "XW-9.1")
@pytest.mark.skip(reason="sample")
def test_four(): pass

@pytest.mark.article("XW-9.2")
@pytest.mark.xfail(strict=False, reason="sample")
def test_five(): assert False

@pytest.fixture
def broken(): yield; raise RuntimeError("teardown")

@pytest.mark.article("XW-16")
def test_six(broken): pass
""",
        "--conformance",
    )
    hard = sum(row.tag == "H" for row in read_table().values())
    assert done.stdout.splitlines()[-1] == f"conformance: 1 passed, 5 failed, {hard - 6} uncovered of {hard} [H] rows"
    assert row_line(done.stdout, "XW-2.1").startswith("XW-2.1 [H] 通过")
    assert row_line(done.stdout, "XW-1").startswith("XW-1 [I] 通过")
    for row in ("XW-2.2", "XW-7", "XW-9.1", "XW-9.2", "XW-16"):
        assert row_line(done.stdout, row).startswith(f"{row} [H] 未过"), row
    assert row_line(done.stdout, "JY-3").startswith("JY-3 [H] 未覆盖")
    assert "failed test_sample.py::test_two ×2" in done.stdout
    assert done.returncode == 1


def test_conformance_run_lists_every_row_of_the_table(tmp_path):
    done = run(tmp_path, "def test_none(): pass\n", "--conformance")
    listed = re.findall(r"^(\S+) \[[HSI]\]", done.stdout, re.MULTILINE)
    assert listed == list(read_table())
    assert done.returncode == 0


@pytest.mark.parametrize("options", [(), ("--conformance",)])
def test_marker_with_unknown_row_stops_the_run_and_names_test_and_row(tmp_path, options):
    done = run(tmp_path, '@pytest.mark.article("XW-99.z")\ndef test_one(): pass\n', *options)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "test_sample.py::test_one" in done.stderr
    assert "'XW-99.z'" in done.stderr


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ('article("XW-2.1", "XW-2.2", "XW-3.1", "XW-3.2")', "names 4 rows, at most 3"),
        ('article("XW-2.1", "XW-2.1")', "names a row twice"),
        ("article()", "takes one to three row ids"),
        ("article(7)", "names no row of docs/articles.toml: 7"),
    ],
)
def test_marker_that_says_too_much_or_nothing_stops_the_run(tmp_path, marker, words):
    done = run(tmp_path, f"@pytest.mark.{marker}\ndef test_one(): pass\n")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert words in done.stderr


def test_plain_run_prints_no_table(tmp_path):
    done = run(tmp_path, '@pytest.mark.article("XW-2.1")\ndef test_one(): pass\n')
    assert done.returncode == 0
    assert "conformance:" not in done.stdout


def test_table_holds_every_row_once_with_a_short_summary():
    rows = read_table()
    assert {row.tag for row in rows.values()} == {"H", "S", "I"}
    assert {row_id.split("-")[0] for row_id in rows} == {"XW", "XZ", "JY", "YH", "TL"}
    assert [row.id for row in rows.values() if len(row.summary) > 30] == []


def test_table_agrees_with_the_acceptance_list():
    source = ROOT.parent / "shared" / "articles.md"
    if not source.exists():
        pytest.skip("the acceptance list is not beside the project (../shared/articles.md)")
    pattern = re.compile(r"^\| ((?:XW|XZ|JY|YH)-\S+) \|.*\[([HSI])\]", re.MULTILINE)
    wanted = pattern.findall(source.read_text(encoding="utf-8"))
    assert [(row.id, row.tag) for row in read_table().values() if not row.id.startswith("TL-")] == wanted


def test_tally_of_a_test_that_never_ran_does_not_pass():
    tally = Tally({"XW-1": Row("XW-1", "H", "x", "y")})
    tally.carry("a", ["XW-1"])
    tally.report("a", "passed", decisive=False)
    assert tally.state("XW-1") == "failed"
    assert marker_problems("a", ["XW-1"], tally.rows) == []
