"""The published form as JSON, the guide's lists, submission rules and pasted rows: all pure."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yishu.catalogue import guide
from yishu.catalogue.demands import demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.pasting import data_type, pasted_items
from yishu.catalogue.rules import DATA_TYPES, ItemSpec, ResourceSpec, from_json, to_json
from yishu.catalogue.submission_rules import submission_problems
from yishu.law.packs import Law

from .conftest import PERMIT_ITEMS, PERMITS

LAW = demands(Law("cn-henan-jiaozuo-xiuwu"), date(2026, 9, 18))
SPEC = ResourceSpec(
    id=7,
    code="307016/000001",
    version=2,
    title="许可",
    jurisdiction_id=1,
    pack="cn-henan-jiaozuo-xiuwu",
    department_id=3,
    department_name="市场监督管理局",
    share_type="conditional",
    items=(ItemSpec("i0001", "代码", "C", codes={"1": "男"}), ItemSpec("i0002", "日期", "D", newest_by=True, grade=3)),
    elements={"summary": "x"},
)


def problems(draft=PERMITS, items=PERMIT_ITEMS, kind="government", **changes):
    return submission_problems(replace(draft, **changes), items, law=LAW, department_kind=kind)


def codes(found):
    return {p.code.removeprefix("catalogue.") for p in found}


def test_specification_survives_json():
    assert from_json(to_json(SPEC)) == SPEC


def test_older_snapshot_without_new_fields_and_with_unknown_ones_is_readable():
    document = to_json(SPEC)
    document["later"] = 1
    del document["items"][0]["description"]
    document["items"][1]["later"] = 2
    assert from_json(document) == SPEC


def test_complete_draft_has_no_problems():
    assert problems() == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": ""}, "missing_title"),
        ({"title": "许可  信息"}, "hidden_characters"),
        ({"title": "许可\u200b信息"}, "hidden_characters"),
        ({"summary": ""}, "missing_summary"),
        ({"category": ""}, "missing_category"),
        ({"category": "1a2"}, "category"),
        ({"category": "１２３"}, "category"),
        ({"subcategory": "123456789"}, "subcategory"),
        ({"attribute_class": "1", "item_class": "08"}, "classification"),
        ({"format_type": "pdf"}, "format_cascade"),
        ({"format_class": "1", "format_type": "pdf"}, "format_mode"),
        ({"format_class": "6", "format_type": "自描述格式", "share_mode_type": "file"}, "missing_format_note"),
        ({"format_class": "9"}, "format_class"),
        ({"share_mode_class": "mail"}, "mode_cascade"),
        ({"update_cycle": "hourly"}, "update_cycle"),
        ({"update_cycle": ""}, "missing_update_cycle"),
        ({"source_kind": "invented"}, "unknown_source_kind"),
        ({"base_library": "invented"}, "unknown_base_library"),
        ({"share_type": "secret"}, "share_type"),
        ({"use_purposes": ("invented",)}, "use_purpose"),
        ({"related_codes": ("1/x",)}, "related_code"),
        ({"subject_kind": "invented"}, "subject_kind"),
        ({"subject_kind": "natural_person"}, "identifier_missing"),
        ({"base_library": "legal_entity"}, "base_items_missing"),
    ],
)
def test_draft_with_one_fault_has_exactly_that_problem(changes, code):
    found = problems(**changes)
    assert codes(found) == {code}, found
    assert all(p.what and p.remedy for p in found)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (ItemDraft("甲", data_type="Z"), "data_type"),
        (ItemDraft("甲", data_type="D", identifier="uscc"), "identifier_type"),
        (ItemDraft("甲", data_type="C", newest_by=True), "newest_by_type"),
        (ItemDraft("甲", data_type="D", is_key=True), "key_type"),
        (ItemDraft("甲", length=0), "length"),
        (ItemDraft("甲", pattern="["), "pattern"),
        (ItemDraft("甲", data_type="N", minimum="abc"), "minimum"),
        (ItemDraft("甲", data_type="N", maximum="NaN"), "maximum"),
        (ItemDraft("甲", data_type="D", maximum="2026-13-01"), "maximum"),
        (ItemDraft("甲", data_type="C", minimum="1"), "minimum"),
        (ItemDraft("甲", share_type="x"), "share_type"),
        (ItemDraft("甲", data_type="D", mask="phone"), "mask_type"),
        (ItemDraft("甲", is_base=True), "base_without_library"),
        (ItemDraft("甲\u202e"), "hidden_characters"),
        (ItemDraft(""), "item_unnamed"),
    ],
)
def test_item_with_one_fault_is_named_with_its_row(item, code):
    items = (replace(PERMIT_ITEMS[0], is_key=False), item)
    found = problems(items=items)
    assert codes(found) == {code}, found
    assert found[0].row == 1 and "第 2 行" in found[0].where


def test_two_keys_and_equal_names_are_found():
    twice = (PERMIT_ITEMS[0], ItemDraft("备注", is_key=True), ItemDraft("备注"))
    assert codes(problems(items=twice)) == {"item_name_twice", "is_key_twice"}


def test_resource_without_items_is_refused_unless_its_format_has_none():
    assert codes(problems(items=())) == {"no_items"}
    pictures = {"format_class": "4", "format_type": "jpg", "share_mode_type": "file", "subject_kind": "other"}
    assert problems(items=(), **pictures) == ()


def test_department_kind_that_may_not_own_resources_is_refused():
    assert codes(problems(kind="township")) == {"provider_kind"}
    assert codes(problems(kind="company")) == {"provider_kind"}


def test_every_problem_of_the_empty_draft_cites_an_article():
    found = problems(draft=ResourceDraft(title=""), items=())
    assert len(found) >= 7 and all(p.reference for p in found)


def test_guide_lists_are_complete():
    assert [c.key for c in guide.entries(LAW, "classes")] == ["1", "2", "3"]
    assert [len(c.items) for c in guide.entries(LAW, "classes")] == [5, 12, 8]
    assert [f.key for f in guide.entries(LAW, "format_classes")] == list("1234567")
    assert guide.class_title(LAW, "3", "07").endswith("各级政务部门")
    assert guide.title(LAW, "update_cycles", "invented") == "invented"


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("字符型C", "C"),
        ("日期", "D"),
        ("日期时间型", "T"),
        ("varchar(20)", "C"),
        ("n", "N"),
        ("整型", "I"),
        ("", "C"),
        ("?", "C"),
    ],
)
def test_data_type_as_people_write_it(text, letter):
    assert data_type(text) == letter


def test_pasted_rows_are_read_and_the_heading_skipped():
    rows = pasted_items("信息项名称\t数据类型\n公民身份号码\t字符型\t18\t是\n年龄\tint\n\n", LAW)
    assert [(r["name"], r["data_type"], r["length"], r["required"], r["identifier"]) for r in rows] == [
        ("公民身份号码", "C", 18, True, "person_id"),
        ("年龄", "I", None, False, ""),
    ]


@given(st.text())
def test_any_pasted_text_gives_rows_the_grid_can_show(text):
    for row in pasted_items(text, LAW):
        assert row["name"] and row["data_type"] in DATA_TYPES and len(row["name"]) <= 80
