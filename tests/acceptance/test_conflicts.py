"""The 23 places where the texts contradict each other, are silent or can be read two ways: each is decided, and what the decision does.

Numbers are those of the list of known conflicts (``conflict:`` in the packs' overlays, § in docs/decisions/0013-text-and-table.md).
"""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.catalogue.conftest import PERMIT_ITEMS
from tests.catalogue.test_basis import CONDITIONAL, PDF, WITHHELD
from tests.catalogue.test_changes import after, change, changed
from tests.catalogue.town import (
    AT,
    JIYUAN,
    XINZHOU,
    XIUWU,
    YUHUA,
    Town,
    forward,
    make_town,
    new_resource,
    publish,
    submit,
    take,
)
from yishu.cases.queries import procedure_of
from yishu.catalogue import attachments, leads
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.models import ChangeEvent, Resource
from yishu.kernel.errors import Invalid, NotAllowed
from yishu.law import packs
from yishu.sharing import actions as sharing

DECISIONS = Path(__file__).parents[2] / "docs" / "decisions" / "0013-text-and-table.md"


@dataclass(frozen=True)
class Decided:
    """Where a conflict is decided: pack → overlay keys with their outcomes; ``record``: the sentence of the decision record."""

    keys: dict[str, dict[str, str]]
    record: str = ""


N, L, A = "national", "local", "adapted"
CONFLICTS = {
    1: Decided({JIYUAN: {"sharing.withheld_basis": N, "sharing.conditional_basis": L, "options.basis_kinds": A}}, "both block"),
    2: Decided({JIYUAN: {"options.base_libraries": L}}, "five are locked"),
    3: Decided({
        XIUWU: {"sharing.access.unconditional": N, "sharing.access.withheld": L, "sharing.decided_by": N},
        JIYUAN: {"sharing.access.withheld": N, "sharing.decided_by": N},
    }, "withheld data stay applicable"),
    4: Decided({pack: {"clocks.share.uncond.review": N, "clocks.share.cond.reply": N, "clocks.share.provide": N} for pack in (XIUWU, JIYUAN, YUHUA)}),
    5: Decided({XIUWU: {"clocks.check.verify": N}, JIYUAN: {"clocks.check.whole": N, "clocks.check.verify": L, "procedures.correction": A}}, "one outer clock of ten"),
    6: Decided({
        XINZHOU: {"clocks.catalogue.change.file": N, "clocks.catalogue.change.review": N},
        YUHUA: {"clocks.catalogue.change.file": N, "clocks.catalogue.change.review": N},
        XIUWU: {"clocks.catalogue.change.file": L, "clocks.catalogue.change.review": N},
        JIYUAN: {"clocks.catalogue.change.file": L, "clocks.catalogue.change.review": N},
    }, "five days of review become two"),
    7: Decided({XINZHOU: {"clocks.share.uncond.review": N, "procedures.sharing.application.unconditional": N}}, "instantaneous"),
    8: Decided({YUHUA: {"catalogue.change_by": N, "procedures.catalogue.change": N, "clocks.check.verify": N, "procedures.enforcement": N}}, "apply for an update"),
    9: Decided({JIYUAN: {"authority.name": L}, YUHUA: {"platform.upstream": L}}),
    10: Decided({XINZHOU: {"clocks.share.cond.compliance": L, "procedures.sharing.application": A}}, "authority that runs the platform"),
    11: Decided({XINZHOU: {"clocks.share.cond.compliance": L, "clocks.share.cond.reply": L}}, "Submission starts the first"),
    12: Decided({XINZHOU: {"clocks.check.verify": L}, JIYUAN: {"clocks.check.verify": L, "correction.goes_to": L}}, "start with dispatch"),
    13: Decided({XIUWU: {"collection.full_data": L}}),
    14: Decided({pack: {"log.retention_months": N} for pack in (XIUWU, XINZHOU, JIYUAN, YUHUA)}, "three years"),
    15: Decided({JIYUAN: {"clocks.api.extra.extension": L, "clocks.open.objection.reply": L, "clocks.open.cond.reply": L}}, "whole extension"),
    16: Decided({pack: {"rules.validity": L} for pack in (XINZHOU, JIYUAN, YUHUA)}, "draft is no law"),
    17: Decided({XIUWU: {"sharing.own_platform_allowed": N}} | {pack: {"sharing.own_platform_allowed": L} for pack in (XINZHOU, JIYUAN, YUHUA)}),
    18: Decided({pack: {"sharing.suspend_first": N, "procedures.sharing.suspension": N} for pack in (XINZHOU, JIYUAN)}, "Suspension comes first"),
    19: Decided({JIYUAN: {"options.sanctioned_acts": A}}, "handing in"),
    20: Decided({JIYUAN: {"options.prohibited_acts": L, "options.sanctioned_acts": A}}, "no sanction of its own"),
    21: Decided({JIYUAN: {"required.load.exemption": L, "required.cadence.filing": L}}),
    22: Decided({XINZHOU: {"clocks.share.dedicated.access": L, "sharing.dedicated_lists": L}}, "binds listed departments"),
    23: Decided({XINZHOU: {"rules.validity": L}, YUHUA: {"rules.validity": L}}, "the day before"),
}  # fmt: skip


@pytest.mark.parametrize("number", range(1, 24))
def test_conflict_is_decided_in_the_overlay_with_both_articles_and_a_reason(number):
    decided = CONFLICTS[number]
    for pack_id, keys in decided.keys.items():
        decisions = packs.load(pack_id).overlay.decisions
        for key, outcome in keys.items():
            note = decisions[key].note
            assert number in note.conflicts and note.outcome == outcome, (pack_id, key)
            assert note.reason and note.local.article and note.national.pack == "cn"
    assert decided.record in re.sub(r"\s+", " ", DECISIONS.read_text())


def test_every_conflict_is_one_of_the_list_and_every_pack_s_decisions_name_it():
    named = {
        n
        for p in packs.pack_ids()
        if (o := packs.load(p).overlay)
        for d in o.decisions.values()
        for n in d.note.conflicts
    }
    assert named == set(CONFLICTS) == set(range(1, 24))


def _refused(town: Town, **given: object) -> set[str]:
    """Problem codes of a refused submission with a basis of that kind attached."""
    resource = _with_basis(town, **given)
    with pytest.raises(Invalid) as caught:
        submit(town, resource)
    return {p.code for p in caught.value.problems}


def _with_basis(town: Town, **given: object) -> Resource:
    resource = new_resource(town, duplicate_note="不同", **given)
    attachments.attach(resource_id=resource.pk, purpose="share_basis", file=PDF, by=town.people["provider"], at=AT)
    return resource


@pytest.mark.django_db
@pytest.mark.law_value(pack=JIYUAN, key="options.basis_kinds")
def test_conflict_1_both_grounds_block_and_central_policy_carries_withholding_only_as_written():
    for mode, carried in (("as_written", True), ("overlaid", False)):
        town = make_town(JIYUAN, mode, name=f"试区{mode}", prefix=mode)
        assert _refused(town, title="限制", **(CONDITIONAL | {"basis_kind": ""})) & {"catalogue.missing_basis_kind", "catalogue.basis_kind_missing", "catalogue.basis_refused"}  # fmt: skip
        publish(town, _with_basis(town, title="有条件的", **(CONDITIONAL | {"basis_kind": "central_policy"})))
        policy = WITHHELD | {"basis_kind": "central_policy"}
        if carried:
            publish(town, _with_basis(town, title="不予共享的", **policy))
        else:
            assert "catalogue.basis_refused" in _refused(town, title="不予共享的", **policy)
            publish(town, _with_basis(town, title="依法不予共享的", **(policy | {"basis_kind": "law"})))


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["as_written", "overlaid"])
def test_conflict_2_credit_is_a_locked_base_library_and_a_theme_as_well(mode):
    town = make_town(JIYUAN, mode)
    leads.name_lead(kind="base", library="credit", department=town.market, by=town.people["authority"], at=AT)
    items = (PERMIT_ITEMS[0], ItemDraft("信用等级", is_base=True, share_type="conditional"))
    resource = new_resource(town, items=items, base_library="credit")
    with pytest.raises(Invalid) as caught:
        submit(town, resource)
    assert "catalogue.base_item_locked" in {p.code for p in caught.value.problems}
    free = new_resource(town, title="公共信用", items=(PERMIT_ITEMS[0], replace(items[1], share_type="unconditional")), base_library="credit")  # fmt: skip
    assert publish(town, free).share_type == "unconditional"
    assert any("信用" in o.title for o in town.law.options("theme_libraries"))


@pytest.mark.django_db
def test_conflict_3_unconditional_data_are_taken_directly_as_written_and_applied_for_under_the_overlay():
    for mode in ("as_written", "overlaid"):
        town = make_town(XIUWU, mode, name=f"试县{mode}", prefix=mode)
        spec = publish(town, new_resource(town))
        given = {
            "resource_id": spec.id, "department": town.police, "purpose": "work_reference", "by": town.people["police"],
            "at": AT, "starts_on": AT.date(), "ends_on": AT.date() + timedelta(days=30),
        }  # fmt: skip
        if mode == "as_written":
            assert sharing.take_direct_access(**given).application is None
            continue
        with pytest.raises(NotAllowed) as refused:
            sharing.take_direct_access(**given)
        assert refused.value.code == "sharing.needs_application" and refused.value.reference.row.startswith("TL-")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pack", "file", "review"),
    [(XIUWU, (10, 10), (5, 2)), (JIYUAN, (5, 5), (5, 2)), (XINZHOU, (15, 10), (None, 2)), (YUHUA, (15, 10), (None, 2))],
    ids=["xiuwu", "jiyuan", "xinzhou", "yuhua"],
)
def test_conflict_6_the_shorter_term_of_change_and_review_stands_under_the_overlay(pack, file, review):
    for n, mode in enumerate(("as_written", "overlaid")):
        town = make_town(pack, mode, name=f"试地{n}", prefix=mode)
        event = change(town)
        assert event.case.due_on == after(file[n]).date()
        case = submit(town, new_resource(town))
        while case.closed_at is None and case.step_role != "authority":
            case = take(town, case, forward(case))
        if review[n] is None:
            assert case.closed_at is not None, "published without the authority"
        else:
            assert case.closed_at is None and case.due_on == after(review[n]).date()


@pytest.mark.django_db
def test_conflict_8_yuhua_updates_by_itself_as_written_and_submits_for_review_under_the_overlay():
    for mode, reviewed in (("as_written", False), ("overlaid", True)):
        town = make_town(YUHUA, mode, name=f"试区{mode}", prefix=mode)
        resource = new_resource(town)
        publish(town, resource, AT - timedelta(days=30))
        event = change(town, resource)
        changed(town, resource, AT)
        case = submit(town, resource)
        roles = {step.role for step in procedure_of(case).steps.values()}
        assert ("authority" in roles) is reviewed
        while case.closed_at is None:
            case = take(town, case, forward(case))
        assert ChangeEvent.objects.get(pk=event.pk).done_at == AT
        clock = town.jurisdiction.law.at(AT.date()).get("clocks.check.verify").value
        assert clock.working_days == (10 if reviewed else None)
        ladder = town.jurisdiction.law.at(AT.date())
        assert ladder.has("procedures.enforcement") is reviewed


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["as_written", "overlaid"])
def test_conflict_19_the_department_s_own_publication_is_handing_in_and_ends_its_clock(mode):
    town = make_town(JIYUAN, mode)
    resource = new_resource(town)
    publish(town, resource, AT - timedelta(days=30))
    event = change(town, resource)
    changed(town, resource, after(2))
    case = submit(town, resource, after(2))
    while case.step_role != "authority":
        assert ChangeEvent.objects.get(pk=event.pk).done_at is None, "registered and reviewed is not handed in"
        case = take(town, case, forward(case), after(3))
    assert ChangeEvent.objects.get(pk=event.pk).done_at == after(3)
    resource.refresh_from_db()
    assert resource.version == 1, "the authority publishes"


@pytest.mark.parametrize(
    ("pack", "last"), [(XINZHOU, date(2027, 1, 5)), (YUHUA, date(2023, 5, 13))], ids=["xinzhou", "yuhua"]
)
def test_conflict_23_each_text_ends_on_the_day_its_own_wording_gives(pack, last):
    held = packs.load(pack)
    assert packs.standing(held, last).is_law
    after_it = packs.standing(held, last + timedelta(days=1))
    assert after_it.key == "expired" and last.isoformat() in after_it.words
