"""What holds for every pack that ships, as written and overlaid: every key answered, every step with a way on, every reference real."""

import dataclasses
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yishu.cli import main
from yishu.kernel.references import Reference
from yishu.law import check, packs, values, vocabulary
from yishu.law.kinds import Clock, Procedure

DAY = date(2026, 9, 18)
FULL = [pack_id for pack_id in packs.pack_ids() if not packs.load(pack_id).is_empty]
LAWS = [packs.Law(pack_id, mode) for pack_id in FULL for mode in packs.MODES]
TABLE = [
    "catalogue.change.file",
    "catalogue.change.review",
    "share.uncond.review",
    "share.cond.compliance",
    "share.cond.reply",
    "share.dedicated.access",
    "share.provide",
    "api.extra.extension",
    "check.verify",
    "check.correct",
    "open.objection.reply",
    "open.cond.reply",
    "open.uncond.access",
    "report.dept.annual",
    "report.authority.annual",
    "assessment",
    "risk.assessment",
    "incident.response",
    "rectification",
    "log.retention",
    "rules.validity",
]


def test_five_jurisdictions_and_the_nation_are_there():
    assert len(FULL) == 5
    assert {"cn", "cn-henan-jiaozuo-xiuwu", "cn-shanxi-xinzhou", "cn-henan-jiyuan", "cn-hunan-changsha-yuhua"} == set(
        FULL
    )


@pytest.mark.parametrize("pack_id", FULL)
def test_every_pack_answers_for_every_key_of_the_vocabulary(pack_id):
    assert check.unanswered(packs.load(pack_id), DAY) == ()


@pytest.mark.parametrize("pack_id", packs.pack_ids())
@pytest.mark.parametrize("mode", packs.MODES)
def test_packs_explain_answers_for_every_deadline_in_every_pack(pack_id, mode, capsys):
    for key in TABLE:
        for asked in (key, f"clocks.{key}"):
            assert main(["packs", "explain", pack_id, asked, "--on", "2026-09-18", "--mode", mode]) == 0
            out = capsys.readouterr().out
            assert "值：" in out
            assert "出处：" in out


@pytest.mark.parametrize("pack_id", [pack_id for pack_id in FULL if pack_id != "cn"])
def test_every_local_pack_decides_under_the_nation_from_august_2025(pack_id):
    overlay = packs.load(pack_id).overlay
    assert overlay is not None
    assert (overlay.since, overlay.national) == (date(2025, 8, 1), "cn")
    law = packs.Law(pack_id, "overlaid")
    assert law.at(date(2025, 7, 31)).held == packs.Law(pack_id).at(date(2025, 7, 31)).held
    assert [d.key for d in law.at(date(2025, 8, 1)).decisions()] == list(overlay.decisions)
    for decision in overlay.decisions.values():
        assert decision.note.reason
        assert (decision.note.local.pack, decision.note.national.pack) == (pack_id, "cn")


def references(held: object) -> Iterator[Reference]:
    """Every reference anywhere inside a value."""
    if isinstance(held, Reference):
        yield held
    elif isinstance(held, dict):
        for inner in held.values():
            yield from references(inner)
    elif isinstance(held, tuple):
        for inner in held:
            yield from references(inner)
    elif dataclasses.is_dataclass(held):
        for field in dataclasses.fields(held):
            yield from references(getattr(held, field.name))


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_every_reference_inside_every_value_leads_to_a_place_of_its_text(law):
    view = law.at(DAY)
    for value in view.values():
        found = list(references(value))
        assert found, value.key
        for reference in found:
            pack = packs.load(reference.pack)
            annexes = [annex.short_name for annex in pack.annexes.values()]
            assert reference.instrument in (pack.short_name, *annexes), (value.key, reference)
            if reference.article != "全文":
                assert pack.at(DAY).article(reference.row or reference.article).summary


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_every_step_of_every_procedure_has_a_way_on_by_a_role_of_the_vocabulary(law):
    for procedure in values.procedures(law.at(DAY)):
        reached, open_ = set(), [procedure.start]
        while open_:
            name = open_.pop()
            if name in reached or name in procedure.finals:
                continue
            reached.add(name)
            step = procedure.steps[name]
            assert step.role in vocabulary.ROLES
            assert step.outcomes, f"{procedure.key}.{name}"
            open_ += [outcome.to for outcome in step.outcomes.values()]
        assert reached == set(procedure.steps)
        assert all(ends(procedure, name) for name in procedure.steps)


def ends(procedure: Procedure, start: str) -> bool:
    """Whether a final state can be reached from a step."""
    seen, open_ = set(), [start]
    while open_:
        name = open_.pop()
        if name in procedure.finals:
            return True
        if name not in seen:
            seen.add(name)
            open_ += [outcome.to for outcome in procedure.steps[name].outcomes.values()]
    return False


@given(st.sampled_from(LAWS), st.data())
def test_any_walk_through_a_procedure_can_still_end(law, data):
    procedure = data.draw(st.sampled_from(values.procedures(law.at(DAY))))
    name = procedure.start
    for _ in range(12):
        if name in procedure.finals:
            return
        name = data.draw(st.sampled_from(list(procedure.steps[name].outcomes.values()))).to
    assert name in procedure.finals or ends(procedure, name)


@given(st.sampled_from(LAWS), st.dates(date(2004, 1, 1), date(2040, 12, 31)))
def test_every_law_reads_on_any_day_and_never_changes_between_its_dates(law, day):
    view = law.at(day)
    assert set(view.held) == set(packs.Law(law.pack, law.mode).at(day).held)
    overlay = packs.load(law.pack).overlay
    if law.mode == "overlaid" and (overlay is None or day < overlay.since):
        assert view.held == packs.Law(law.pack).at(day).held


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_no_extension_stands_without_a_bound_and_an_approver(law):
    for value in law.at(DAY).values("clocks"):
        clock: Clock = value.value
        if clock.extension:
            assert clock.extension.working_days > 0
            assert clock.extension.approver in vocabulary.ROLES
