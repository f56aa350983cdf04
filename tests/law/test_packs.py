"""Packs read at a date, and what the 修武 pack holds against the table of deadlines."""

from datetime import date

import pytest

from yishu.kernel.references import Reference
from yishu.law import packs, values, vocabulary
from yishu.law.kinds import Clock, OptionList, Procedure, RequiredList
from yishu.law.reading import WHOLE_TEXT

XIUWU = "cn-henan-jiaozuo-xiuwu"
VIEW = packs.load(XIUWU).at(date(2026, 9, 18))


def references(value):
    """Every reference inside a value."""
    found = [value.reference]
    inner = value.value
    if isinstance(inner, Clock):
        found += [inner.reference, *([inner.extension.reference] if inner.extension else [])]
    elif isinstance(inner, RequiredList):
        found += [field.reference for field in inner.fields]
    elif isinstance(inner, OptionList):
        found += [option.reference for option in inner.options]
    elif isinstance(inner, Procedure):
        for step in inner.steps.values():
            found += [step.reference, *(o.reference for o in step.outcomes.values())]
            found += [reference for o in step.outcomes.values() for reference in o.because.values()]
    return found


@pytest.mark.parametrize("pack_id", packs.pack_ids())
def test_every_value_of_every_pack_has_its_reference(pack_id):
    pack = packs.load(pack_id)
    for value in (v for variants in pack.values.values() for v in variants):
        for reference in references(value):
            assert reference.pack == pack_id
            annexes = {annex.short_name: annex for annex in pack.annexes.values()}
            assert reference.instrument in (pack.short_name, *annexes)
            assert reference.article
            if reference.article != WHOLE_TEXT:
                assert pack.at(date(2026, 9, 18)).article(reference.row or reference.article).summary


def test_every_article_and_row_of_the_pack_has_a_summary():
    assert len(VIEW.pack.articles) == 39
    assert len(VIEW.pack.rows) == 73
    assert all(a.summary for a in (*VIEW.pack.articles.values(), *VIEW.pack.rows.values()))


@pytest.mark.parametrize(
    ("key", "days", "period", "article", "row"),
    [
        ("catalogue.change.file", 10, "", "第十条", "XW-10.1"),
        ("catalogue.change.review", 5, "", "第十条", "XW-10.2"),
        ("share.uncond.review", 0, "immediate", "第十九条第一项", "XW-19.1.a"),
        ("share.cond.reply", None, "unset", "第十九条第一项", "XW-19.1.b"),
        ("share.provide", None, "unset", "第十七条第二项", "XW-17.2"),
        ("check.verify", 10, "", "第十四条第二款", "XW-14.3"),
        ("assessment", None, "yearly", "第三十三条", "XW-33"),
        ("risk.assessment", None, "periodic", "第三十二条", "XW-32"),
        ("rectification", None, "per_case", "第三十六条", "XW-36"),
    ],
)
def test_xiuwu_clock_is_what_the_text_sets(key, days, period, article, row):
    clock = values.clock(VIEW, key)
    assert (clock.working_days, clock.period) == (days, period)
    assert clock.reference == Reference(XIUWU, "修武办法", article, row)


@pytest.mark.parametrize(
    "key",
    [
        "share.cond.compliance",
        "share.dedicated.access",
        "api.extra.extension",
        "check.correct",
        "open.objection.reply",
        "open.cond.reply",
        "open.uncond.access",
        "report.dept.annual",
        "report.authority.annual",
        "incident.response",
    ],
)
def test_xiuwu_clock_that_only_other_texts_set_is_said_to_be_unset(key):
    clock = values.clock(VIEW, key)
    assert (clock.working_days, clock.period, clock.extension) == (None, "unset", None)
    assert clock.reference.article == WHOLE_TEXT and clock.note


def test_xiuwu_check_may_be_extended_by_ten_in_total_with_the_responsible_persons_consent():
    extension = values.clock(VIEW, "check.verify").extension
    assert extension is not None
    assert (extension.working_days, extension.approver, extension.total) == (10, "responsible", True)
    others = [v.value for v in VIEW.values("clocks") if v.value.extension and v.value.key != "check.verify"]
    assert others == []


def test_xiuwu_retention_and_grading_are_said_to_be_unset():
    for key in ("log.retention", "security.grading", "sharing.dispute_path", "sharing.withheld_basis"):
        assert VIEW.get(key).value is None
        assert VIEW.get(key).note


def test_xiuwu_access_is_direct_for_unconditional_and_by_application_for_the_rest():
    assert VIEW.get("sharing.access.unconditional").value == "direct"
    assert VIEW.get("sharing.access.unconditional").reference.row == "XW-19.1.a"
    for kind in ("conditional", "withheld"):
        assert VIEW.get(f"sharing.access.{kind}").value == "application"
        assert values.option(VIEW, "share_types", kind).facts["decided_by"] == "authority"
    assert values.flag(VIEW, "opening.enabled") == (False, VIEW.get("opening.enabled").reference)
    assert values.text(VIEW, "ownership.label")[0] == "归政府所有"


@pytest.mark.parametrize(
    ("key", "members"),
    [
        ("org_kinds", ["government", "authorised_institution", "authorised_organisation", "township"]),
        ("source_kinds", ["direct", "third_party", "authorised", "system"]),
        ("share_types", ["unconditional", "conditional", "withheld"]),
        (
            "use_purposes",
            ["administrative_basis", "work_reference", "data_verification", "business_coordination", "other"],
        ),
        ("delivery_modes", ["lookup", "query", "export", "push"]),
        ("base_libraries", ["population", "legal_entity", "geography", "certificate"]),
        ("stores", ["sharing_system", "base", "theme", "pool"]),
        ("evaluation_aspects", ["collection", "sharing", "application", "security"]),
        ("sanctions", ["correction_order", "public_criticism", "discipline"]),
    ],
)
def test_xiuwu_closed_list_has_the_members_of_the_text_in_its_order(key, members):
    assert [option.key for option in values.options(VIEW, key)] == members


def test_xiuwu_prohibited_acts_are_the_seven_items_each_with_its_row():
    acts = values.options(VIEW, "prohibited_acts")
    assert [act.reference.row for act in acts] == [f"XW-35.{n}" for n in range(1, 8)]
    assert all(act.facts["detectors"] for act in acts)


def test_xiuwu_application_demands_the_three_parts_and_the_purpose():
    fields = values.required(VIEW, "sharing.application")
    assert [(f.name, f.reference.row) for f in fields] == [
        ("law_basis", "XW-19.1.b"),
        ("duty_basis", "XW-19.1.b"),
        ("need", "XW-19.1.b"),
        ("purpose", "XW-17.2"),
    ]


def test_procedures_run_from_start_to_every_final_state():
    for procedure in values.procedures(VIEW):
        reached, todo = set(), [procedure.start]
        while todo:
            place = todo.pop()
            if place not in reached:
                reached.add(place)
                todo += [o.to for o in procedure.steps[place].outcomes.values()] if place in procedure.steps else []
        assert reached == {*procedure.steps, *procedure.finals}


def test_catalogue_review_step_carries_its_clock_and_requirements():
    step = values.procedure(VIEW, "catalogue.review").steps["review"]
    assert step.clock == values.clock(VIEW, "catalogue.change.review")
    assert step.role == "authority"
    assert set(step.outcomes["approve"].requires) == {"share_type", "secrecy_review", "grades"}
    assert step.outcomes["approve"].because["secrecy_review"].row == "XW-30"
    assert step.outcomes["return"].requires == ("reason",)
    assert values.procedure(VIEW, "catalogue.review").steps["revision"].clock is None


def test_words_of_roles_and_requirements_cover_the_packs():
    for procedure in values.procedures(VIEW):
        for step in procedure.steps.values():
            assert step.role in vocabulary.ROLES
            assert all(n in vocabulary.REQUIREMENTS for o in step.outcomes.values() for n in o.requires)


def test_article_by_row_by_place_and_by_article():
    assert VIEW.article("XW-19.1.b").reference.article == "第十九条第一项"
    assert VIEW.article("第十九条第二项").reference.row == "XW-19.2"
    assert VIEW.article("第十九条").reference == Reference(XIUWU, "修武办法", "第十九条")
    assert VIEW.article("第九条第二款").summary == VIEW.article("第九条").summary
    with pytest.raises(packs.Missing):
        VIEW.article("第四十条")
    with pytest.raises(packs.Missing):
        VIEW.article("XW-40")


def test_missing_value_names_pack_and_key():
    with pytest.raises(packs.Missing) as caught:
        VIEW.get("sharing.access.sideways")
    assert caught.value.object == f"{XIUWU} sharing.access.sideways"
    with pytest.raises(packs.Missing) as caught:
        values.option(VIEW, "org_kinds", "guild")
    assert "options.org_kinds.guild" in caught.value.what
    with pytest.raises(TypeError):
        values.flag(VIEW, "ownership.label")
    with pytest.raises(TypeError):
        values._typed(VIEW, "clocks.check.verify", Procedure)


def test_empty_parent_says_that_its_text_is_not_at_hand():
    with pytest.raises(packs.Missing) as caught:
        values.clock(packs.load("cn-henan-jiaozuo").at(date(2026, 1, 1)), "check.verify")
    assert caught.value.why == "文本未收录"


def test_line_of_parents_goes_from_county_to_nation():
    line = packs.line(VIEW.pack)
    assert [p.id for p in line] == [XIUWU, "cn-henan-jiaozuo", "cn-henan", "cn"]
    assert [p.status for p in line[1:]] == ["not_included", "not_included", "in_force"]


def test_standing_tells_whether_the_text_is_law(pack_folder):
    pack = packs.load("sample", pack_folder.parent)
    assert [
        packs.standing(pack, day).key
        for day in (date(2022, 1, 4), date(2022, 1, 5), date(2027, 1, 5), date(2027, 1, 6))
    ] == [
        "not_yet",
        "in_force",
        "in_force",
        "expired",
    ]
    assert pack.at(date(2030, 1, 1)).get("opening.enabled").value is False
    assert VIEW.standing().is_law
    assert VIEW.standing().words == "施行中（施行日期未载明）"
    assert not packs.load("cn-henan").at(date(2026, 1, 1)).standing().is_law


def test_values_by_prefix_are_those_of_the_day():
    keys = [value.key for value in VIEW.values("sharing.access")]
    assert set(keys) == {"sharing.access.unconditional", "sharing.access.conditional", "sharing.access.withheld"}
    assert {value.key for value in VIEW.values()} >= set(VIEW.pack.values)
    assert VIEW.values("sharing.acc") == ()
    assert VIEW.has("clocks.check.verify")
    assert not VIEW.has("check.verify")


def test_ownership_label_no_stays_a_text(pack_folder):
    assert packs.load("sample", pack_folder.parent).at(date(2023, 1, 1)).get("ownership.label").value == "no"


def test_summaries_of_the_pack_are_those_of_the_acceptance_table():
    from tests.conformance.table import read_table

    table = {row.id: row.summary for row in read_table().values() if row.id.startswith("XW-")}
    assert {row: article.summary for row, article in VIEW.pack.rows.items()} == table
