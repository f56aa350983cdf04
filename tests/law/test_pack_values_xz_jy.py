"""What the packs of 忻州 and 济源 hold, against tables read off the texts (``tests/law/pack_values``).

One test per key and mode: it fails when any number, word, field, step, option or register field of that key changes.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.law.test_pack_values_cn_xw_yh import DAY, UNSET, expected_overlaid, table, words
from yishu.law import packs, values, vocabulary

XINZHOU, JIYUAN = "cn-shanxi-xinzhou", "cn-henan-jiyuan"
PACKS = {"xinzhou": XINZHOU, "jiyuan": JIYUAN}


def _as_written() -> Iterator[Any]:
    for name, pack in PACKS.items():
        held, unset, _, _ = table(name)
        for key, (place, text) in (*held.items(), *((key, ("", UNSET)) for key in sorted(unset))):
            marks = [pytest.mark.law_value(pack=pack, key=key)]
            if "-" in place:
                marks.append(pytest.mark.law_value(place))
            yield pytest.param(pack, key, place, text, marks=marks, id=f"{name}-{key}")


def _overlaid() -> Iterator[Any]:
    for name, pack in PACKS.items():
        overlay = table(name)[3]
        for key, text in sorted(expected_overlaid(name).items()):
            if text:
                outcome = overlay.get(key, "")
                outcome = outcome if outcome in ("national", "local") else "adapted" if outcome else ""
                mark = pytest.mark.law_value(pack=pack, key=key)
                yield pytest.param(pack, key, text, outcome, marks=mark, id=f"{name}-{key}")


@pytest.mark.parametrize(("pack", "key", "place", "text"), [*_as_written()])
def test_pack_as_written_holds_what_its_text_says(pack, key, place, text):
    value = packs.Law(pack).at(DAY).get(key)
    assert words(value.value) == text
    if place:
        assert place in (value.reference.row, value.reference.article)
    else:
        assert value.note


@pytest.mark.parametrize(("pack", "key", "text", "outcome"), [*_overlaid()])
def test_pack_under_the_overlay_reads_as_decided(pack, key, text, outcome):
    value = packs.Law(pack, "overlaid").at(DAY).get(key)
    assert words(value.value) == text
    assert (value.overlay.outcome if value.overlay and value.overlay.decided else "") == outcome


@pytest.mark.parametrize(("name", "pack"), PACKS.items())
def test_pack_holds_nothing_that_the_table_does_not_list(name, pack):
    held, unset, silent, overlay = table(name)
    view = packs.Law(pack).at(DAY)
    inherited = {key for key in view.held if view.held[key].reference.pack != pack}
    assert set(view.held) - inherited == {*held, *unset}
    for key in silent - inherited:
        with pytest.raises(packs.Missing) as caught:
            view.get(key)
        assert caught.value.why
    decided = packs.load(pack).overlay
    assert set(decided.decisions if decided else ()) == set(overlay)


@pytest.mark.parametrize("pack", PACKS.values())
def test_pack_answers_for_every_key_of_the_vocabulary(pack):
    view = packs.Law(pack).at(DAY)
    answered = {*view.held, *packs.load(pack).silent}
    asked = {
        *vocabulary.VALUES,
        *(f"clocks.{key}" for key in vocabulary.CLOCKS),
        *(f"options.{key}" for key in vocabulary.OPTION_FACTS),
        *(f"procedures.{key}" for key in vocabulary.PROCEDURES),
        *(f"required.{key}" for key in vocabulary.FORMS),
        *(f"registers.{key}" for key in vocabulary.REGISTERS),
    }
    assert asked - answered == set()


@pytest.mark.parametrize("pack", PACKS.values())
def test_pack_takes_the_guides_lists_from_the_nation(pack):
    national = packs.Law("cn").at(DAY)
    for mode in ("as_written", "overlaid"):
        view = packs.Law(pack, mode).at(DAY)
        for key in (
            "format_classes",
            "data_types",
            "grades",
            "identifiers",
            "update_cycles",
            "use_purposes",
            "catalogue_department_items",
        ):
            assert view.get(f"options.{key}").value == national.get(f"options.{key}").value


@pytest.mark.parametrize("pack", PACKS.values())
def test_pack_before_the_regulation_is_in_force_reads_as_written(pack):
    alone, before = packs.Law(pack).at(date(2025, 7, 31)), packs.Law(pack, "overlaid").at(date(2025, 7, 31))
    assert {k: words(v.value) for k, v in before.held.items()} == {k: words(v.value) for k, v in alone.held.items()}
    assert packs.Law(pack, "overlaid").at(date(2025, 8, 1)).get("log.retention_months").value == 36


def test_packs_stand_where_their_validity_puts_them():
    on = {
        (XINZHOU, date(2022, 1, 4)): "not_yet",
        (XINZHOU, date(2022, 1, 5)): "in_force",
        (XINZHOU, date(2027, 1, 5)): "in_force",
        (XINZHOU, date(2027, 1, 6)): "expired",
        (JIYUAN, DAY): "draft",
    }
    assert {key: packs.Law(key[0]).at(key[1]).standing().key for key in on} == on


def test_province_whose_text_is_not_at_hand_says_so():
    found = packs.load("cn-shanxi")
    assert (found.status, found.values, found.articles, found.parent) == ("not_included", {}, {}, "cn")
    assert "未收录" in found.note


@pytest.mark.parametrize(("pack", "articles", "rows"), [(XINZHOU, 35, 74), (JIYUAN, 65, 119)])
def test_pack_summarises_every_article_and_row_of_its_text(pack, articles, rows):
    found = packs.load(pack)
    assert (len(found.articles), len(found.rows)) == (articles, rows)
    assert all(a.summary for a in (*found.articles.values(), *found.rows.values()))


@pytest.mark.parametrize(
    ("pack", "conflicts"),
    [(XINZHOU, {3, 6, 7, 10, 11, 12, 14, 16, 17, 18, 22, 23}), (JIYUAN, {*range(1, 7), 9, 12, *range(14, 22)})],
)
def test_overlay_decides_every_known_conflict_that_concerns_the_pack(pack, conflicts):
    overlay = packs.load(pack).overlay
    assert overlay is not None
    assert {number for d in overlay.decisions.values() for number in d.note.conflicts} == conflicts
    assert not any(d.note.accepted_looser for d in overlay.decisions.values())


def test_correction_of_jiyuan_runs_under_one_clock_of_ten_days_once_overlaid():
    written = values.procedure(packs.Law(JIYUAN).at(DAY), "correction")
    assert written.outer is None
    overlaid = values.procedure(packs.Law(JIYUAN, "overlaid").at(DAY), "correction")
    assert overlaid.outer is not None
    assert (overlaid.outer.working_days, overlaid.outer.extension) == (10, None)
    assert overlaid.steps["check"].clock.working_days + overlaid.steps["reload"].clock.working_days == 15
