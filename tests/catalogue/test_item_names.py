"""Item names and formats that would do harm later: in other departments' spreadsheets, or when a file is checked."""

import pytest

from tests.catalogue.test_rules import LAW
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.item_rules import item_problems


def codes(item):
    return [problem.code for problem in item_problems(0, item, law=LAW)]


@pytest.mark.parametrize("name", ["=1+1", "+a", "-a", "@x", "＝cmd", "|x"])
def test_item_name_like_a_formula_is_refused(name):
    assert codes(ItemDraft(name)) == ["catalogue.formula_name"]


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a)\1", r"(?<!x)y", "a)|(?:b", "(a{1000}){1000}", "["])
def test_pattern_that_the_checking_engine_does_not_take_is_refused_at_the_catalogue(pattern):
    assert codes(ItemDraft("名称", pattern=pattern)) == ["catalogue.pattern"]


def test_plain_pattern_passes():
    assert codes(ItemDraft("名称", pattern="1[3-9][0-9]{9}")) == []
