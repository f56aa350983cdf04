"""The acceptance's real and generated files, with the expected rejects worked out here, independently."""

import csv
import json
import subprocess
import sys

import pytest

from tests.collection.county import SHARED, served
from yishu.collection.downloads import rejects_csv
from yishu.collection.models import Load
from yishu.kernel import codes

ABSENT = pytest.mark.skipif(not SHARED.exists(), reason="../shared absent")
JIANGSU = SHARED / "data" / "enterprises" / "2006_江苏.csv"
HENAN = SHARED / "data" / "enterprises" / "2019_河南.csv"


def expected_rejects(path):
    """Row number → code, by the kernel's own checks; rows beyond that which lack a name or hold invisible characters: none."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for number, row in enumerate(rows, 1):
        problem = codes.uscc_problem(codes.normalise_identifier(row["统一社会信用代码"]))
        if problem:
            found[number] = (row["统一社会信用代码"], problem)
    return len(rows), found


@ABSENT
def test_jiangsu_2006_rejects_exactly_its_wrong_codes_and_says_which(world):
    read, wrong = expected_rejects(JIANGSU)
    short = [code for code, _ in wrong.values() if len(code) != 18]
    assert len(short) == 160
    load = world.load_file(JIANGSU, world.enterprises, world.market)
    assert load.state == Load.State.PUBLISHED, load.error
    assert (load.rows_read, load.rows_rejected) == (read, len(wrong))
    assert {r["code"] for r in load.report["reasons"]} == {problem for _, problem in wrong.values()}
    text = "".join(rejects_csv(load, world.enterprises)).removeprefix("\ufeff")
    told = {int(row["行号"]): row["统一社会信用代码"] for row in csv.DictReader(text.splitlines())}
    assert told == {number: code for number, (code, _) in wrong.items()}


@ABSENT
def test_henan_2019_loads_whole(world):
    read, wrong = expected_rejects(HENAN)
    assert (read, wrong) == (6278, {})
    load = world.load_file(HENAN, world.enterprises, world.market)
    assert (load.state, load.rows_read, load.rows_rejected) == (Load.State.PUBLISHED, 6278, 0)
    assert load.rows_kept + load.rows_superseded == 6278
    assert len(served(world.enterprises)) == load.rows_kept


REASONS = {
    ("id_check_digit", "公民身份号码"): "id_check_digit",
    ("id_birth_date", "公民身份号码"): "id_birth_date",
    ("id_format", "公民身份号码"): "id_length",
    ("code", "性别代码"): "sex_code",
    ("required", "姓名"): "name_missing",
    ("pattern", "联系电话"): "phone_format",
    ("date_format", "更新日期"): "updated_format",
}


@ABSENT
def test_generated_population_rejects_exactly_its_defects_twice_the_same(world, tmp_path):
    path = tmp_path / "population.csv"
    script = SHARED / "yardsticks" / "generate_population.py"
    subprocess.run([sys.executable, str(script), "200000", str(path)], check=True, capture_output=True, cwd=tmp_path)
    facts = json.loads((tmp_path / "population.csv.json").read_text())
    first = world.load_file(path, world.population, world.clerk)
    rows = served(world.population)
    assert {REASONS[r["code"], r["name"]]: r["rows"] for r in first.report["reasons"]} == facts["defects"]
    assert (first.rows_read, first.rows_kept) == (facts["rows"], facts["distinct_valid_ids"])
    assert first.rows_superseded == facts["valid_rows"] - facts["distinct_valid_ids"]
    second = world.load_file(path, world.population, world.clerk)
    assert served(world.population) == rows and len(rows) == facts["distinct_valid_ids"]
    assert second.report["reasons"] == first.report["reasons"]
