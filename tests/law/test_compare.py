"""Packs side by side: what differs, what is silent, what is not at hand."""

from datetime import date

import pytest

from yishu.cli import main
from yishu.law import packs
from yishu.law.compare import KINDS, compare

DAY = date(2026, 9, 18)
XIUWU = "cn-henan-jiaozuo-xiuwu"


def rows(*ids, mode="as_written", day=DAY):
    return {row.key: row for row in compare([packs.load(i).at(day, mode) for i in ids])}


def test_compare_of_a_pack_with_itself_finds_no_difference():
    found = rows(XIUWU, XIUWU)
    assert found
    assert not any(row.differs for row in found.values())


def test_compare_finds_where_two_texts_differ_and_cites_both():
    row = rows(XIUWU, "cn")["clocks.check.verify"]
    assert row.differs
    assert (row.kind, row.title) == ("clocks", "校核")
    assert [cell.lines[0] for cell in row.cells] == ["10 个工作日", "10 个工作日"]
    assert [cell.reference.pack for cell in row.cells] == [XIUWU, "cn"]


def test_compare_counts_no_difference_from_a_text_not_at_hand():
    found = rows(XIUWU, "cn-henan")
    assert not any(row.differs for row in found.values())
    assert {cell.state for row in found.values() for cell in row.cells if cell.pack == "cn-henan"} == {"empty"}


def test_compare_lists_every_key_once_by_kind():
    found = compare([packs.load(i).at(DAY) for i in (XIUWU, "cn")])
    kinds = [row.kind for row in found]
    assert kinds == sorted(kinds, key=list(KINDS).index)
    assert len({row.key for row in found}) == len(found)
    assert {row.key for row in found} >= set(packs.load(XIUWU).values)


def test_packs_compare_prints_differences_and_counts(capsys):
    assert main(["packs", "compare", XIUWU, "cn", "--on", "2026-09-18"]) == 0
    out = capsys.readouterr().out
    assert "≠ clocks.check.verify（校核）" in out
    assert "＝" not in out
    assert out.splitlines()[-1].endswith("（2026-09-18，依本级文本）")
    assert main(["packs", "compare", XIUWU, "cn", "--on", "2026-09-18", "--all"]) == 0
    assert "＝" in capsys.readouterr().out


@pytest.mark.parametrize("pack_id", packs.pack_ids())
@pytest.mark.parametrize("mode", packs.MODES)
def test_every_value_of_every_pack_can_be_said_in_words(pack_id, mode):
    for row in compare([packs.load(pack_id).at(DAY, mode)]):
        for cell in row.cells:
            assert cell.lines
            assert all(line.strip() for line in cell.lines)
