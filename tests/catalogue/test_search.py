"""Search: order, exactness, tenants, tokens."""

import pytest
from django.db import connection

from yishu.catalogue import queries, search
from yishu.catalogue.models import Resource, SearchEntry

from .conftest import AT

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("食品　经营", "食品 经营"),
        ("ＡＢＣ", "abc"),
        ("a\x00b", "a b"),
        ("x\ud83dy", "xy"),
        ("  ", ""),
        ("a\u200bb", "a b"),
    ],
)
def test_text_folded_for_comparison(text, folded):
    assert search.fold(text) == folded


def test_exact_title_stands_first_then_beginning_then_inside_then_other(county, draft_of, publish):
    for title, note in (
        ("食品生产许可台账", "一"),
        ("台账许可", "二"),
        ("许可", "三"),
        ("许可变更记录", "四"),
    ):
        publish(draft_of(title=title, summary=f"含许可{note}"))
    publish(draft_of(title="营业执照登记", summary="与许可有关"))
    found = [e.title for e in queries.published_resources(county.jurisdiction, "许可")]
    assert found[0] == "许可" and found[1] == "许可变更记录"
    assert set(found[2:4]) == {"食品生产许可台账", "台账许可"} and found[4] == "营业执照登记"


@pytest.mark.parametrize(
    "text", ["食品", "品经", "许可证编号", "市场监督", "持证单位", "307016/000001", "食 许", "ＦＯＯＤ"]
)
def test_title_summary_items_department_and_code_are_searched(county, draft_of, publish, text):
    publish(draft_of(summary="持证单位 food license"))
    assert queries.published_resources(county.jurisdiction, text).count() == 1


@pytest.mark.parametrize("text", ["%", "_", "食品经营许可证信息x", "' or ''='", "公安", "\\", "品食"])
def test_text_that_is_not_there_finds_nothing(county, draft_of, publish, text):
    publish(draft_of())
    assert queries.published_resources(county.jurisdiction, text).count() == 0


def test_filters_narrow_and_count(county, draft_of, publish):
    publish(draft_of())
    publish(draft_of(title="特种设备登记", update_cycle="monthly"))
    found = queries.published_resources(county.jurisdiction, "", {"update_cycle": "monthly"})
    assert [e.title for e in found] == ["特种设备登记"]
    counts = search.facet_counts(county.jurisdiction.pk, "", {"update_cycle": "monthly"}, "update_cycle")
    assert counts == [("daily", 1), ("monthly", 1)]
    department = search.facet_counts(county.jurisdiction.pk, "", {}, "department")
    assert department == [(str(county.market.pk), 2)]


def test_other_tenants_resources_are_never_found(county, elsewhere, draft_of, publish):
    publish(draft_of())
    assert not queries.published_resources(elsewhere.jurisdiction, "").exists()


def test_new_version_replaces_what_is_found(county, draft_of, publish):
    resource = draft_of()
    publish(resource)
    Resource.objects.filter(pk=resource.pk).update(title="改名后的资源", summary="新的摘要", state="draft")
    publish(resource)
    assert not queries.published_resources(county.jurisdiction, "食品").exists()
    assert queries.published_resources(county.jurisdiction, "改名").count() == 1


def test_search_among_many_uses_the_token_index(county, draft_of, publish):
    publish(draft_of())
    entry = SearchEntry.objects.get()
    resources = Resource.objects.bulk_create(
        Resource(
            jurisdiction=county.jurisdiction,
            department=county.market,
            title=f"r{n}",
            created_by=county.market_clerk,
            created_at=AT,
            updated_at=AT,
        )
        for n in range(3000)
    )
    words = ["水利工程", "林业采伐", "残疾人补贴", "公积金缴存", "婚姻登记", "车辆年检", "环境监测", "校舍安全"]
    for n, resource in enumerate(resources):
        text = f"{words[n % 8]}记录{n}"
        entry.pk, entry.resource, entry.title, entry.text = resource.pk, resource, text, text
        entry.folded_title, entry.tokens = text, sorted(search.tokens(text))
        entry._state.adding = True
        entry.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute("analyze catalogue_searchentry")
    plan = queries.published_resources(county.jurisdiction, "食品经营").explain()
    assert "search_tokens" in plan, plan
    assert queries.published_resources(county.jurisdiction, "食品经营").count() == 1
