"""What the packs of 条例 809, 修武 and 雨花 hold, against tables read off the texts (``tests/law/pack_values``).

One test per key and mode: it fails when any number, word, field, step, option or register field of that key changes.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from yishu.law import packs
from yishu.law.kinds import Clock, OptionList, Procedure, Register, RequiredList

TABLES = Path(__file__).parent / "pack_values"
PACKS = {"cn": "cn", "xiuwu": "cn-henan-jiaozuo-xiuwu", "yuhua": "cn-hunan-changsha-yuhua"}
DAY = date(2026, 9, 18)
UNSET = "unset"
Table = dict[str, tuple[str, str]]


def table(name: str) -> tuple[Table, set[str], set[str], dict[str, str]]:
    """A table file: key → (place, words), the unset keys, the silent keys, and the overlay's decisions (key → outcome or adapted words)."""
    held: Table = {}
    unset: set[str] = set()
    silent: set[str] = set()
    overlay: dict[str, str] = {}
    section = ""
    for line in (TABLES / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line.strip("[]")
        elif section in ("unset", "silent"):
            (unset if section == "unset" else silent).update(line.split())
        elif section == "overlay":
            key, _, words = line.partition(" | ")
            overlay[key] = words
        else:
            key, place, words = line.split(" | ")
            held[key if section == "values" else f"{section}.{key}"] = (place, words)
    return held, unset, silent, overlay


def _flag(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(value)
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _clock(clock: Clock) -> str:
    words = [] if clock.working_days is None else [str(clock.working_days)]
    words += [clock.period] if clock.period else []
    words += [clock.actor, f"{clock.starts_at}>{clock.ends_with}"]
    if clock.extension:
        words += [f"+{clock.extension.working_days}", clock.extension.approver]
        words += ["total"] if clock.extension.total else ["each"]
    if clock.stops_during_correction is not None:
        words.append("stops" if clock.stops_during_correction else "runs on")
    words += [clock.after_hours] if clock.after_hours else []
    return " ".join(words)


def _procedure(procedure: Procedure) -> str:
    steps = []
    for step in procedure.steps.values():
        outcomes = (
            f"{o.key}>{o.to}{''.join(f'!{r}' for r in o.requires)}{' extends' if o.extends else ''}"
            for o in step.outcomes.values()
        )
        steps.append(f"{step.key}/{step.role}{f'@{step.clock_key}' if step.clock_key else ''}: {' '.join(outcomes)}")
    outer = f"outer {procedure.outer_key}; " if procedure.outer_key else ""
    first = "" if procedure.start == next(iter(procedure.steps)) else f"starts {procedure.start}; "
    return f"{first}{outer}{'; '.join(steps)}; = {' '.join(procedure.finals)}"


def _options(options: OptionList) -> str:
    words = []
    for option in options.options:
        facts = ",".join(f"{name}={_flag(value)}" for name, value in option.facts.items())
        words.append(f"{option.key}{{{facts}}}" if facts else option.key)
    return " ".join(words)


def _register(register: Register) -> str:
    fields = []
    for field in register.fields:
        said = {word: f"!{act}" for word, act in field.breaches} | {word: f">{name}" for word, name in field.demands}
        choices = f"[{'/'.join(c + said.get(c, '') for c in field.choices)}]" if field.choices else ""
        fields.append(f"{field.name}{'*' if field.required else '?'}{field.kind}{choices}")
    review = f"/{register.review_months}" if register.review_months else ""
    called = "" if register.title_field == register.fields[0].name else f" called {register.title_field}"
    return f"{register.kept_by}{review} {' '.join(fields)}{called}"


def words(value: Any) -> str:
    """A value as the tables write it."""
    if isinstance(value, Clock):
        return _clock(value)
    if isinstance(value, Procedure):
        return _procedure(value)
    if isinstance(value, OptionList):
        return _options(value)
    if isinstance(value, RequiredList):
        return " ".join(field.name for field in value.fields)
    if isinstance(value, Register):
        return _register(value)
    return UNSET if value is None else _flag(value)


def expected_overlaid(name: str) -> dict[str, str]:
    """What every key reads under the overlay, from the tables alone: decided, else local, else filled by the national regulation."""
    held, unset, silent, overlay = table(name)
    national = table("cn")[0]
    found = {}
    for key in {*held, *unset, *silent, *national}:
        local = held[key][1] if key in held else UNSET if key in unset else ""
        other = national[key][1] if key in national else ""
        outcome = overlay.get(key, "")
        if outcome in ("national", "local"):
            found[key] = other if outcome == "national" else local
        else:
            silence = not local or local.startswith(UNSET)
            filled = other and not other.startswith(UNSET)
            found[key] = outcome or (other if silence and filled else local or other)
    return found


def _cases() -> Iterator[Any]:
    for name, pack in PACKS.items():
        held, unset, _, _ = table(name)
        for key, (place, text) in held.items():
            yield _case(name, pack, key, place, text)
        for key in sorted(unset):
            yield _case(name, pack, key, "", UNSET)


def _case(name: str, pack: str, key: str, place: str, text: str) -> Any:
    marks = [pytest.mark.law_value(pack=pack, key=key)]
    if "-" in place:
        marks.append(pytest.mark.law_value(place))
    return pytest.param(pack, key, place, text, marks=marks, id=f"{name}-{key}")


def _overlaid_cases() -> Iterator[Any]:
    for name in ("xiuwu", "yuhua"):
        overlay = table(name)[3]
        for key, text in sorted(expected_overlaid(name).items()):
            if text:
                outcome = overlay.get(key, "")
                outcome = outcome if outcome in ("national", "local") else "adapted" if outcome else ""
                mark = pytest.mark.law_value(pack=PACKS[name], key=key)
                yield pytest.param(PACKS[name], key, text, outcome, marks=mark, id=f"{name}-{key}")


@pytest.mark.parametrize(("pack", "key", "place", "text"), list(_cases()))
def test_pack_as_written_holds_what_its_text_says(pack, key, place, text):
    value = packs.Law(pack).at(DAY).get(key)
    assert words(value.value) == text
    if place:
        assert place in (value.reference.row, value.reference.article)
    else:
        assert value.note


@pytest.mark.parametrize(("pack", "key", "text", "outcome"), list(_overlaid_cases()))
def test_pack_under_the_overlay_reads_as_decided(pack, key, text, outcome):
    value = packs.Law(pack, "overlaid").at(DAY).get(key)
    assert words(value.value) == text
    assert (value.overlay.outcome if value.overlay and value.overlay.decided else "") == outcome


@pytest.mark.parametrize(("name", "pack"), list(PACKS.items()))
def test_pack_holds_nothing_that_the_table_does_not_list(name, pack):
    held, unset, silent, overlay = table(name)
    view = packs.Law(pack).at(DAY)
    guide = {key for key in view.held if view.held[key].reference.pack != pack}
    assert set(view.held) - guide == {*held, *unset}
    for key in silent - guide:
        with pytest.raises(packs.Missing) as caught:
            view.get(key)
        assert caught.value.why
    decided = packs.load(pack).overlay
    assert set(decided.decisions if decided else ()) == set(overlay)


@pytest.mark.parametrize("pack", ["cn-henan-jiaozuo-xiuwu", "cn-hunan-changsha-yuhua"])
def test_pack_takes_the_guides_lists_from_the_nation(pack):
    national = packs.Law("cn").at(DAY)
    for mode in ("as_written", "overlaid"):
        view = packs.Law(pack, mode).at(DAY)
        for key in ("format_classes", "data_types", "grades", "identifiers", "update_cycles", "catalogue_theme_items"):
            assert view.get(f"options.{key}").value == national.get(f"options.{key}").value


@pytest.mark.parametrize("pack", ["cn-henan-jiaozuo-xiuwu", "cn-hunan-changsha-yuhua"])
def test_pack_before_the_regulation_is_in_force_reads_as_written(pack):
    alone, before = packs.Law(pack).at(date(2025, 7, 31)), packs.Law(pack, "overlaid").at(date(2025, 7, 31))
    assert {k: words(v.value) for k, v in before.held.items()} == {k: words(v.value) for k, v in alone.held.items()}
    assert packs.Law(pack, "overlaid").at(date(2025, 8, 1)).get("log.retention_months").value == 36


def test_packs_stand_where_their_validity_puts_them():
    on = {
        ("cn", date(2025, 7, 31)): "not_yet",
        ("cn", date(2025, 8, 1)): "in_force",
        ("cn-henan-jiaozuo-xiuwu", DAY): "in_force",
        ("cn-hunan-changsha-yuhua", date(2021, 5, 13)): "not_yet",
        ("cn-hunan-changsha-yuhua", date(2021, 5, 14)): "in_force",
        ("cn-hunan-changsha-yuhua", date(2023, 5, 13)): "in_force",
        ("cn-hunan-changsha-yuhua", date(2023, 5, 14)): "expired",
    }
    assert {key: packs.Law(key[0]).at(key[1]).standing().key for key in on} == on


@pytest.mark.parametrize("pack", ["cn-henan", "cn-henan-jiaozuo", "cn-hunan", "cn-hunan-changsha"])
def test_parent_whose_text_is_not_at_hand_says_so(pack):
    found = packs.load(pack)
    assert (found.status, found.values, found.articles) == ("not_included", {}, {})
    assert "未收录" in found.note
