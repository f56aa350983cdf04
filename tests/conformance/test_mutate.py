"""The mutation run: it lists a planted value that no test notices, and each kind of value is changed in every way."""

import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tests.conformance.mutations import OTHER, changed, in_scope, mutations
from tests.conformance.table import law_value_problems, read_table
from yishu.law import packs

ROOT = Path(__file__).parents[2]
XIUWU = "cn-henan-jiaozuo-xiuwu"
KEY = "clocks.check.verify"


def run(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_planted.py").write_text("import pytest\nfrom datetime import date\n" + source)
    command = [sys.executable, "-m", "tests.conformance.mutate", "--pack", XIUWU, "--key", KEY, "--scope", "all"]
    return subprocess.run(
        [*command, "--jobs", "1", *options, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )


SEES = f"""
from yishu.law import packs
def days(): return packs.load("{XIUWU}").at(date(2026, 9, 18)).get("{KEY}").value.working_days

@pytest.mark.law_value(pack="{XIUWU}", key="{KEY}")
def test_days(): assert days() == 10

@pytest.mark.law_value("XW-14.3")
def test_broken(): assert days() == 11

@pytest.mark.law_value("XW-1")
def test_of_something_else(): assert False
"""


def test_mutation_run_lists_a_planted_value_no_test_notices(tmp_path):
    done = run(tmp_path, SEES)
    assert done.returncode == 1, done.stderr
    missed = [line for line in done.stdout.splitlines() if line.startswith("没有测试发现")]
    assert missed == [line for line in missed if f"{XIUWU} {KEY}：" in line]
    assert any("延长 10 → 11" in line for line in missed)
    assert not any("个工作日" in line and "→" in line and "延长" not in line for line in missed)
    assert "未经变异也不通过，未使用" in done.stdout
    assert "test_of_something_else" not in done.stdout
    assert f"2 noticed, {len(missed)} not noticed" in done.stdout.splitlines()[-1]


def test_mutation_run_through_the_platform_leaves_table_tests_out(tmp_path):
    done = run(tmp_path, SEES, "--through-platform")
    assert done.returncode == 1
    assert " 0 noticed" in done.stdout.splitlines()[-1]


def test_mutations_differ_from_the_pack_in_one_value_each():
    pack = packs.load(XIUWU)
    counts = Counter()
    for mutation in mutations(pack):
        counts[mutation.key] += 1
        kept = {key: value for key, value in mutation.pack.values.items() if value != pack.values[key]}
        overlaid = mutation.pack.overlay != pack.overlay
        assert (list(kept) == [mutation.key]) is not overlaid, str(mutation)
        assert mutation.references and mutation.change
    assert set(counts) >= set(pack.values)


@pytest.mark.parametrize("pack_id", packs.pack_ids())
def test_every_mutation_of_every_pack_can_still_be_resolved(pack_id):
    for mutation in list(mutations(packs.load(pack_id)))[::40]:
        assert mutation.pack.at(date(2026, 9, 18), "overlaid").held


@pytest.mark.parametrize(
    ("held", "key", "others"),
    [
        (True, "opening.enabled", [False, None]),
        (None, "opening.enabled", [True]),
        (36, "log.retention_months", [37, 35, None]),
        (None, "log.retention_months", [1]),
        ("direct", "sharing.access.unconditional", ["application", None]),
        ("区政府", "ownership.label", [OTHER, None]),
    ],
)
def test_single_values_are_changed_in_each_way(held, key, others):
    assert [value for value, _, _ in changed(held, key)] == others


def test_scope_of_this_step_is_organisation_and_catalogue():
    assert in_scope("clocks.catalogue.change.file", "step2")
    assert in_scope("registers.system", "step2")
    assert not in_scope("clocks.share.provide", "step2")
    assert in_scope("clocks.share.provide", "all")


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (pytest.mark.law_value("XW-99"), "names no row"),
        (pytest.mark.law_value(), "takes rows, or"),
        (pytest.mark.law_value("XW-1", pack="cn", key="x"), "takes rows, or"),
        (pytest.mark.law_value(pack="cn"), "takes rows, or"),
    ],
)
def test_law_value_mark_that_names_nothing_is_a_problem(mark, words):
    assert words in law_value_problems("t", [mark.mark], read_table())[0]
    assert law_value_problems("t", [pytest.mark.law_value("XW-1", "XW-2.1").mark], read_table()) == []
