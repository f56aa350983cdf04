"""Sharing's pure rules, read against 修武's pack as written."""

import subprocess
import sys
from datetime import date
from types import SimpleNamespace

import pytest

from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.kernel.errors import Invalid
from yishu.law import packs
from yishu.sharing import rules
from yishu.sharing.rules import RowCondition

VIEW = packs.load("cn-henan-jiaozuo-xiuwu").at(date(2026, 9, 18))
ITEMS = (
    ItemSpec("i0001", "公民身份号码", "C", identifier="person_id", is_key=True, grade=3),
    ItemSpec("i0002", "姓名", "C", grade=3, mask="name"),
    ItemSpec("i0003", "金额", "Y", grade=2),
    ItemSpec("i0004", "日期", "D", grade=4),
    ItemSpec("i0005", "诊断", "M", grade=2, share_type="conditional"),
)


def spec(share_type="unconditional", items=ITEMS):
    return ResourceSpec(1, "307021/1", 1, "资源", 1, VIEW.pack.id, 1, "部门", share_type, items)


def test_access_of_each_share_type_is_what_the_text_says():
    found = {kind: rules.access(VIEW, kind) for kind in ("unconditional", "conditional", "withheld")}
    assert {k: d.code for k, d in found.items()} == {
        "unconditional": "direct",
        "conditional": "application",
        "withheld": "application",
    }
    assert all(d.allowed and d.reference for d in found.values())
    assert found["unconditional"].reference.row == "XW-19.1.a" and found["withheld"].reference.row == "XW-19.1.b"


def test_access_a_pack_does_not_offer_is_refused_with_its_reference():
    view = SimpleNamespace(
        get=lambda key: SimpleNamespace(value="none", reference=VIEW.get("sharing.access.withheld").reference)
    )
    decision = rules.access(view, "withheld")
    assert not decision.allowed and decision.reference and decision.remedy


def test_access_of_chosen_items_follows_the_strictest_of_them():
    assert rules.resource_access(VIEW, spec(), ["i0001", "i0003"]).code == "direct"
    assert rules.resource_access(VIEW, spec(), ["i0001", "i0005"]).code == "application"
    assert rules.resource_access(VIEW, spec("conditional"), ["i0001"]).code == "application"


def test_default_masks_are_the_catalogues_then_by_identifier_then_by_grade():
    assert rules.default_masks(spec(), [i.column for i in ITEMS]) == {
        "i0001": "person_id",
        "i0002": "name",
        "i0004": "date",
    }
    assert rules.default_masks(spec(), ["i0003"]) == {}
    assert [i.column for i in rules.lifted(spec(), ["i0001", "i0002"], {"i0001": "person_id", "i0002": ""})] == [
        "i0002"
    ]


def test_least_items_is_the_key_alone():
    assert rules.least_items(spec()) == ("i0001",)
    assert rules.least_items(spec(items=ITEMS[1:])) == ()


def test_can_look_up_needs_a_text_key_and_a_mode_that_serves():
    assert rules.can_look_up(spec(), ["lookup"]) and rules.can_look_up(spec(), ["query"])
    assert not rules.can_look_up(spec(), ["export"]) and not rules.can_look_up(spec(items=ITEMS[1:]), ["lookup"])


def test_narrows_accepts_less_and_refuses_more():
    asked = (RowCondition("i0002", "eq", ("甲",)),)
    more = RowCondition("i0003", "range", ("1", ""))
    assert rules.narrows(["i0001", "i0002"], asked, ["i0001"], (*asked, more))
    assert not rules.narrows(["i0001"], asked, ["i0001", "i0002"], asked)
    assert not rules.narrows(["i0001"], asked, ["i0001"], (more,))


@pytest.mark.parametrize(
    ("day", "active", "code"),
    [(date(2026, 1, 1), True, ""), (date(2026, 12, 31), True, ""), (date(2025, 12, 31), True, "sharing.not_begun"),
     (date(2027, 1, 1), True, "sharing.ended"), (date(2026, 6, 1), False, "sharing.revoked")],
)  # fmt: skip
def test_may_use_holds_through_the_last_day(day, active, code):
    decision = rules.may_use(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), active=active, today=day)
    assert (decision.allowed, decision.code) == (not code, code)


def test_continues_while_columns_and_types_stay():
    condition = (RowCondition("i0003", "range", ("1", "")),)
    assert rules.continues(spec(), items=["i0001"], row_filter=condition, was=spec()).allowed
    gone = spec(items=ITEMS[:2])
    assert not rules.continues(gone, items=["i0001"], row_filter=condition, was=spec()).allowed
    assert rules.continues(gone, items=["i0001"], row_filter=(), was=spec()).allowed
    retyped = spec(items=(ItemSpec("i0001", "号码", "I", is_key=True), *ITEMS[1:]))
    assert not rules.continues(retyped, items=["i0001"], row_filter=(), was=spec()).allowed


def test_check_grant_lists_everything_at_once():
    with pytest.raises(Invalid) as caught:
        rules.check_grant(
            spec(), items=["x", "x"], row_filter=[RowCondition("y", "eq", ("1",))], masks_={"i0003": "name"}
        )
    assert {p.code for p in caught.value.problems} == {
        "sharing.unknown_item",
        "sharing.bad_filter",
        "sharing.mask_not_chosen",
    }


def test_conditions_survive_storage():
    condition = RowCondition("i0002", "in", ("甲", "乙"))
    assert rules.conditions([condition.as_dict()]) == (condition,)


@pytest.mark.parametrize("module", ["rules", "plane", "requests", "examples", "online"])
def test_pure_modules_never_load_django(module):
    code = f"import sys, yishu.sharing.{module}; sys.exit(any(m == 'django' or m.startswith('django.') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
