"""Search: order, exactness, words, pinyin, slips of the hand, tenants, bounded work."""

import pytest
from django.db import connection

from yishu.catalogue import folding, indexing, queries, search, suggestions
from yishu.catalogue.models import Resource, SearchEntry, SearchTerm
from yishu.catalogue.segmenting import content_words, cutter

from .conftest import AT
from .test_pages import client_of

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
    assert folding.fold(text) == folded


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


def _many(county, draft_of, publish, number, title):
    """So many further entries like a published one, titles as given."""
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
        for n in range(number)
    )
    values = {f.attname: getattr(entry, f.attname) for f in SearchEntry._meta.concrete_fields}
    rows = []
    for n, resource in enumerate(resources):
        named = values | {
            "resource_id": resource.pk,
            "title": title(n),
            "folded_title": title(n),
            "text": f"{title(n)}\n\n",
        }
        rows.append(SearchEntry(**named | {"keys": indexing.entry_keys(named)}))
    SearchEntry.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("analyze catalogue_searchentry")


WORDS = ["水利工程", "林业采伐", "残疾人补贴", "公积金缴存", "婚姻登记", "车辆年检", "环境监测", "校舍安全"]


def test_search_among_many_uses_the_index_and_says_when_there_is_more(county, draft_of, publish):
    _many(county, draft_of, publish, 3000, lambda n: f"{WORDS[n % 8]}{'记录' if n % 2 else '档案'}{n}")
    plan = queries.published_resources(county.jurisdiction, "食品经营").explain()
    assert "search_keys" in plan, plan
    here = county.jurisdiction.pk
    assert len(search.find(here, "食品经营", {}).hits) == 1
    records = search.find(here, "记录", {})
    assert records.more and len(records.hits) == search.MOST and all("记录" in h.title for h in records.hits)
    exact = search.find(here, "婚姻登记档案4", {})
    assert exact.hits[0].title == "婚姻登记档案4"
    assert sorted(h.id for h in search.find(here, "校舍安全", {}).hits) == sorted(
        SearchEntry.objects.filter(title__contains="校舍安全").values_list("pk", flat=True)
    )
    page = client_of(county.market_clerk).get("/catalogue/?q=记录").content.decode()
    assert "结果超过 1,000 个" in page and "1,000+" in page
    indexing.keep_terms(here, {"婚姻"})
    assert "婚姻" in client_of(county.market_clerk).get("/catalogue/suggest/?q=hunyin").content.decode()


@pytest.fixture
def titles(county, draft_of, publish):
    """Publishes resources of these titles, one after the other."""

    def make(*names):
        for name in names:
            publish(draft_of(title=name, summary=f"{name}的内容"))
        return county.jurisdiction.pk

    return make


def _found(here, text):
    return [hit.title for hit in suggestions.find_or_meant(here, text, {}).hits]


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("特种设备使用登记", 0),
        ("特种设备", 1),
        ("使用", 2),
        ("发证", 3),
        ("的内容", 4),
        ("特种设备的登记", 5),
        ("tzsb", 6),
        ("shebei", 6),
        ("tezhongshebei", 6),
        ("SYDJ", 6),
    ],
)
def test_tier_says_how_a_row_was_found(titles, text, tier):
    (hit,) = search.find(titles("特种设备使用登记"), text, {}).hits
    assert hit.tier == tier


@pytest.mark.parametrize("text", ["ebei", "zsbx", "tzs'b", "t.*", "%", "[a-z]"])
def test_pinyin_that_begins_inside_a_syllable_finds_nothing(titles, text):
    assert not search.find(titles("特种设备使用登记"), text, {}).hits


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("食品经营许可正", "食品经营许可证"),
        ("食品营经许可证", "食品经营许可证"),
        ("食品经营可证", ""),  # its words are all there
        ("食品经营许可可证", ""),
        ("食品许可证经菅", "食品许可证经营"),
        ("shpin", "shipin"),
        ("shipni", "shipin"),
    ],
)
def test_query_with_one_slip_finds_what_was_meant_and_says_so(titles, text, meant):
    here = titles("食品经营许可证", "婚姻登记")
    found = suggestions.find_or_meant(here, text, {})
    assert found.meant == meant and [h.title for h in found.hits] == ["食品经营许可证"]


@pytest.mark.parametrize("text", ["量子纠缠", "食物经营许叮证", "婚烟户籍"])
def test_query_further_off_finds_nothing(titles, text):
    assert _found(titles("食品经营许可证", "婚姻登记"), text) == []


def test_literal_result_is_never_replaced_by_a_likelier_one(titles):
    here = titles("婚姻登记", "婚姻登机")
    assert _found(here, "登机") == ["婚姻登机"]
    assert suggestions.find_or_meant(here, "登机", {}).meant == ""


def test_suggestions_are_words_and_titles_that_find_something(titles, elsewhere):
    here = titles("食品经营许可证", "食品生产许可证")
    found = suggestions.suggest(here, "食")
    assert "食品" in found and "食品生产许可证" in found
    assert "食品" in suggestions.suggest(here, "shi") and "食品" in suggestions.suggest(here, "sp")
    assert suggestions.suggest(elsewhere.jurisdiction.pk, "食") == []
    SearchEntry.objects.all().delete()
    assert SearchTerm.objects.exists() and suggestions.suggest(here, "食") == []


def test_words_are_cut_with_the_cache_in_the_home(settings):
    assert content_words("食品经营许可证的有效期") == ("食品", "经营", "许可证", "有效期")
    assert cutter().tmp_dir == str(settings.ENVIRONMENT.home / "jieba")


def test_slip_is_one_wrong_missing_additional_or_swapped_character():
    near = ["abcd", "acd", "abxd", "bacd", "abcde", "abdc"]
    assert [folding.one_slip("abcd", other) for other in near] == [False, True, True, True, True, True]
    assert not any(folding.one_slip("abcd", other) for other in ("axcy", "dcba", "ab", "badc"))
    assert all(folding.less_one("abcd") & folding.less_one(other) for other in near)


def test_alike_resources_are_found_through_few_rare_numbers(county, draft_of, publish):
    _many(county, draft_of, publish, 300, lambda n: f"许可证信息{WORDS[n % 8]}{n}")
    chosen = search.telling(folding.keys("t", {"食品", "品经", "许可", "可证", "信息"}), 0.7, 1)
    assert chosen and all(set(held) & folding.keys("t", {"食品", "品经"}) for held in chosen)
    similar = queries.similar_published(
        jurisdiction_id=county.jurisdiction.pk, department_id=county.police.pk, title="食品经营许可证的信息", items=()
    )
    assert [s.title for s in similar] == ["食品经营许可证信息"]


def test_search_page_offers_facets_and_a_retired_resource_is_marked(county, draft_of, publish):
    publish(draft_of())
    resource = Resource.objects.get()
    Resource.objects.filter(pk=resource.pk).update(state="retired")
    resource.refresh_from_db()
    indexing.mark_state(resource)
    publish(draft_of(title="特种设备登记", update_cycle="monthly", document_class="certificate"))
    client = client_of(county.market_clerk)
    page = client.get("/catalogue/").content.decode()
    assert "已停用" in page and "证照文书合同" in page and "来源方式" not in page
    assert [h.title for h in search.find(county.jurisdiction.pk, "", {"state": "retired"}).hits] == [
        "食品经营许可证信息"
    ]
    told = client.get("/catalogue/?q=特种设备登纪&update_cycle=monthly").content.decode()
    assert "没有找到“特种设备登纪”" in told and "特种设备登记</a>" in told
    hostile = client.get("/catalogue/", {"q": "<script>\x00'%", "department": "9" * 30, "sort": "x", "page": "-1"})
    assert hostile.status_code == 200 and b"<script>" not in hostile.content.split(b"<main", 1)[-1]
