"""How the elements of guide 1272 hang together, and what each pack adds to them: pure rules over every pack."""

from dataclasses import replace
from datetime import date

import pytest

from yishu.catalogue import guide
from yishu.catalogue.choices import class_choices, format_choices, mode_choices
from yishu.catalogue.class_tree import ClassTree
from yishu.catalogue.demands import demands
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.element_rules import element_problems, opening_problems
from yishu.catalogue.item_rules import item_problems
from yishu.catalogue.rules import DATA_TYPES
from yishu.law.packs import Law

from .conftest import PERMIT_ITEMS, PERMITS

DAY = date(2022, 6, 1)
PACKS = ("cn-henan-jiaozuo-xiuwu", "cn-shanxi-xinzhou", "cn-henan-jiyuan", "cn-hunan-changsha-yuhua")


def law_of(pack, mode="as_written"):
    return demands(Law(pack, mode), DAY)


XIUWU = law_of(PACKS[0])


def codes(found):
    return {p.code.removeprefix("catalogue.") for p in found}


def elements(law=XIUWU, tree=None, **changes):
    return codes(element_problems(replace(PERMITS, **changes), law, *([tree] if tree else [])))


@pytest.mark.parametrize("pack", PACKS)
def test_every_pack_has_the_guides_lists(pack):
    law = law_of(pack)
    assert [c.key for c in guide.entries(law, "classes")] == ["1", "2", "3"]
    assert {e.key for e in guide.entries(law, "data_types")} == set(DATA_TYPES)
    assert all(e.title == DATA_TYPES[e.key][0] for e in guide.entries(law, "data_types"))
    for name in ("format_classes", "share_mode_classes", "share_mode_types", "update_cycles", "grades", "identifiers"):
        assert guide.entries(law, name), name
    assert len(format_choices(law)) > 5 and len(mode_choices(law)) == 3 and len(class_choices(law)) == 4


def test_themes_of_jiyuan_are_its_own_eleven():
    assert len(guide.entries(law_of("cn-henan-jiyuan"), "catalogue_theme_items")) == 11
    assert len(guide.entries(XIUWU, "catalogue_theme_items")) == 12


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"format_class": "1", "format_type": "pdf", "share_mode_type": "file"}, None),
        ({"format_class": "2", "format_type": "xlsx", "share_mode_type": "database"}, "format_mode"),
        ({"share_mode_type": "file"}, "format_mode"),
        ({"share_mode_type": "database"}, None),
        ({"format_class": "7", "format_type": "接口", "share_mode_type": "interface"}, None),
        ({"share_mode_class": "media", "share_mode_type": "paper", "is_digital": False}, None),
        ({"is_digital": False}, "not_digital"),
        ({"related_codes": ("307016/000001", "307016/000001")}, "related_code"),
        ({"related_codes": tuple(f"307016/{n:06}" for n in range(51))}, "related_code"),
        ({"survey": {"data_total": 5, "shared_data": 6}}, "survey"),
        ({"survey": {"data_total": 0, "shared_data": 6}}, None),
        ({"unit": "科\u202e室"}, "hidden_characters"),
        ({"attribute_class": "1", "item_class": "02"}, "missing_base_library"),
        ({"attribute_class": "1", "item_class": "02", "base_library": "legal_entity"}, None),
        ({"format_class": "", "format_type": ""}, "missing_format_type"),
    ],
)
def test_linked_elements_are_accepted_or_told(changes, code):
    assert elements(**changes) == ({code} if code else set())


def test_category_outside_the_jurisdictions_tree_is_told_with_what_there_is():
    tree = ClassTree({"307": {"016": "食品经营", "017": "药品经营"}, "307016": {"01": "许可"}})
    assert elements(tree=tree, subcategory="01") == set()
    assert elements(tree=tree, category="018") == {"category_unknown"}
    assert elements(tree=tree, subcategory="02") == {"subcategory_unknown"}
    assert elements(tree=tree, category="017", subcategory="99") == set(), "an undivided 目 takes any 细目"
    found = next(element_problems(replace(PERMITS, category="018"), XIUWU, tree))
    assert "016 食品经营" in found.remedy and found.reference


def test_themed_resource_of_jiyuan_needs_its_theme_library():
    law = law_of("cn-henan-jiyuan")
    item = guide.entries(law, "catalogue_theme_items")[0].key
    changes = {"attribute_class": "2", "item_class": item, "source_kind": "system", "open_type": "unconditional"}
    assert "missing_theme_library" in elements(law, **changes)
    library = law.options("theme_libraries")[0].key
    assert "missing_theme_library" not in elements(law, theme_library=library, **changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"open_type": "unconditional", "is_open": True}, None),
        ({"open_type": "conditional", "is_open": True, "open_condition": "实名", "open_basis": "甲法第一条", "open_basis_kind": "law"}, None),
        ({"open_type": "conditional", "is_open": True, "open_basis": "甲法第一条", "open_basis_kind": "law"}, "missing_open_condition"),
        ({"open_type": "withheld", "open_basis_kind": "law"}, "missing_open_basis"),
        ({"open_type": "withheld", "open_basis": "甲办法", "open_basis_kind": "internal_measure"}, "open_basis_refused"),
        ({"open_type": "sometimes"}, "open_type"),
    ],
)  # fmt: skip
def test_open_attributes_of_jiyuan(changes, code):
    found = codes(opening_problems(replace(PERMITS, **changes), law_of("cn-henan-jiyuan")))
    assert found == ({code} if code else set())


def test_item_fields_the_pack_demands_are_told_with_their_row():
    law = law_of("cn-henan-jiyuan")
    assert [*item_problems(0, PERMIT_ITEMS[0], law=law)] == []
    assert codes(item_problems(3, ItemDraft("", data_type="C"), law=law)) == {"item_unnamed"}
