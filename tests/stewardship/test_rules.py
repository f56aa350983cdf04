"""Names, sketches and scores without a database, and how precise they are on pairs labelled by hand."""

import csv
import hashlib
import hmac
import random
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yishu.stewardship import naming, rules, sketches
from yishu.stewardship.demand_rules import VERBS, verbs_of
from yishu.stewardship.models import Demand

from .conftest import AT

DATA = Path(__file__).parent / "data"
KINDS = {"l": "legal_entity", "p": "natural_person", "o": "other"}


def digest(text):
    return int(hmac.digest(b"key", text.encode(), hashlib.sha256).hex()[:13], 16)


def column(count, start=0, width=10):
    return [f"许可{n:0{width}d}" for n in range(start, start + count)]


def labelled(name):
    lines = [n for n in (DATA / name).read_text(encoding="utf-8").splitlines() if not n.startswith("#")]
    for row in csv.DictReader(lines):
        kind = KINDS[row["subject"]]
        left, right = (rules.Thing(row[s], row[f"{s}_title"], "C", kind) for s in ("left", "right"))
        yield row, rules.alike(left, right).score, row["same"] == "yes"


@pytest.mark.parametrize(
    ("name", "precise", "found"), [("labelled_pairs.csv", 0.95, 0.9), ("held_out_pairs.csv", 0.9, 0.8)]
)
def test_suspects_on_labelled_pairs_are_precise_and_mostly_found(name, precise, found):
    scored = list(labelled(name))
    hits = [same for _, score, same in scored if score >= rules.SUSPECT]
    wrong = [(r["left"], r["right"], s) for r, s, same in scored if (s >= rules.SUSPECT) != same]
    precision, recall = sum(hits) / len(hits), sum(hits) / sum(same for *_, same in scored)
    assert precision >= precise, (precision, wrong)
    assert recall >= found, (recall, wrong)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("身份证号", "公民身份号码"),
        ("企业 名称", "单位名称"),
        ("法人代表", "法定代表人姓名"),
        ("许可证号", "许可编号（必填）"),
    ],
)
def test_meaning_of_other_names_of_one_thing_is_the_same(left, right):
    assert naming.meaning(left) == naming.meaning(right)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_names_of_any_text_fold_once_and_never_fail(text):
    folded = naming.normal(text)
    assert naming.normal(folded) == folded and len(folded) <= naming.LONGEST
    assert len(naming.meaning(text)) <= 120
    assert naming.normal(naming.material(text)) == naming.material(text)
    assert folded in naming.near_keys(folded)


@given(st.text("许可证编号名称甲乙", min_size=4, max_size=12), st.integers(0, 11))
@settings(max_examples=100, deadline=None)
def test_names_one_edit_apart_share_a_near_key(name, place):
    shorter = name[: place % len(name)] + name[place % len(name) + 1 :]
    changed = name[: place % len(name)] + "丙" + name[place % len(name) + 1 :]
    assert naming.edits(name, changed) == 1
    for other in (shorter, changed):
        assert len(other) < 4 or set(naming.near_keys(name)) & set(naming.near_keys(other))


def test_sketches_estimate_overlap_and_hold_no_value():
    whole = sketches.sketch(column(4000), digest)
    half = sketches.sketch(column(2000, 1000), digest)
    apart = sketches.sketch(column(3000, 9000), digest)
    assert sketches.compare(whole, half).overlap > 0.75, "a part of the other"
    assert sketches.compare(whole, apart).overlap == 0
    assert sketches.from_json(sketches.to_json(whole)) == whole
    assert "许可" not in str(sketches.to_json(whole)) and len(whole.hashes) == sketches.SIZE


def test_sketches_of_few_different_values_tell_nothing():
    sexes = sketches.sketch(random.Random(1).choices("12", k=500), digest)
    assert not sketches.compare(sexes, sexes).telling
    same = rules.Thing("性别", "常住人口信息", "C", "natural_person")
    other = rules.Thing("性别", "学生学籍信息", "C", "natural_person")
    assert rules.alike(same, other, (sexes, sexes)).score == rules.alike(same, other).score


def test_values_turn_doubtful_names_into_clear_answers():
    left, right = (rules.Thing("许可证编号", t) for t in ("食品经营许可证信息", "食品经营许可名录"))
    one, other = sketches.sketch(column(500), digest), sketches.sketch(column(500, 90_000), digest)
    assert rules.alike(left, right, (one, one)).score > 0.9
    assert rules.alike(left, right, (one, other)).score < rules.SUSPECT < rules.alike(left, right).score


def test_demand_every_state_but_the_last_has_a_way_on_and_nobody_decides_alone():
    for state in Demand.State.values:
        verbs = verbs_of(state, own=True, authority=True)
        assert verbs or state == "withdrawn", state
        assert not set(verbs_of(state, own=True, authority=False)) & {v for v in VERBS.values() if v.by_authority}
    assert {v.to for v in VERBS.values()} <= set(Demand.State.values)


def test_duty_is_fresh_within_its_cadence_and_stale_after():
    days = rules.cycle_days()["monthly"]
    assert rules.kept("monthly", AT - timedelta(days=days), AT).state == "fresh"
    assert rules.kept("monthly", AT - timedelta(days=days + 1), AT).state == "stale"
    assert rules.kept("irregular", AT - timedelta(days=9999), AT).state == "fresh"
    assert rules.kept("daily", None, AT).state == "missing"


def test_coverage_never_says_whole_while_something_is_missing():
    assert rules.Coverage(199, 200).percent == 99 and rules.Coverage(2, 2).percent == 100
    assert rules.Coverage(0, 0).percent is None


def test_pasted_names_lose_numbers_blanks_and_repetitions():
    assert rules.split_names("1. 姓名\n（2）性别、民族\r\n\x00姓名\n\n") == ("姓名", "性别", "民族")
