"""DCAT files come in as drafts, with a report of everything that was not read; hostile ones are refused, nothing is fetched."""

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from yishu.catalogue import dcat_import, dcat_reading, importing
from yishu.catalogue.models import ImportBatch, Resource
from yishu.kernel.errors import Invalid, NotAllowed

from .conftest import AT
from .test_pages import client_of

CATALOGUES = Path(__file__).parents[3] / "shared" / "data" / "catalogues"
HEAD = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n"
DESTATIS = "http://publications.europa.eu/resource/authority/frequency/"


def _refusal(name, content):
    with pytest.raises(Invalid) as caught:
        dcat_reading.read_datasets(name, content)
    return caught.value.what


def test_dataset_with_several_languages_reads_the_chinese_one_and_blank_nodes():
    text = HEAD + (
        '[] a dcat:Dataset ; dct:title "Trees"@en , "树木"@zh , "Bäume"@de ; dct:publisher [ <http://xmlns.com/foaf/0.1/name> "林业局"@zh ] ;'
        ' dcat:distribution [ dct:format "text/csv" ] .'
    )
    (dataset,) = dcat_reading.read_datasets("a.ttl", text.encode())
    assert dataset.first("dct:title").text == "树木" and dataset.first("dct:publisher").text == "林业局"
    assert dataset.iri == "" and dataset.formats == ["text/csv"]


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><r>&b;</r>'
OUTSIDE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>'


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.rdf", BOMB.encode(), "文档类型"),
        ("a.rdf", OUTSIDE.encode("utf-16"), "文档类型"),
        ("a.rdf", b"<a><b>", "不是完整的 XML"),
        ("a.ttl", b"@prefix broken", "不是有效的 turtle"),
        ("a.ttl", HEAD.encode(), "没有数据集"),
        ("a.ttl", ("(" * 30_000).encode(), "嵌套过深"),
        ("a.ttl", b"x" * (dcat_reading.MOST_BYTES + 1), "MiB"),
        ("a.jsonld", b'{"@context": "https://www.w3.org/ns/dcat.jsonld", "@type": "Dataset"}', "网址"),
        ("a.jsonld", b'{"@graph": [{"@context": {"@import": "http://127.0.0.1/x"}}]}', "网址"),
        ("a.json", b"[" * 100_000, "JSON"),
        ("a.json", (b"[" * 200 + b"]" * 200), "嵌套过深"),
        ("a.zip", b"PK\x03\x04", "只接受"),
    ],
)
def test_hostile_or_broken_file_is_refused_with_words(name, content, words):
    assert words in _refusal(name, content)


def test_graph_larger_than_its_file_is_given_up(monkeypatch):
    monkeypatch.setattr(dcat_reading, "MOST_STATEMENTS", 50)
    text = HEAD + "\n".join(f"<urn:x:{n}> a dcat:Dataset ." for n in range(60))
    assert "条陈述" in _refusal("a.ttl", text.encode())


def _read(county, text, name="a.ttl"):
    return dcat_import.read_dcat(
        department=county.market, name=name, content=text.encode(), by=county.market_clerk, at=AT
    )


@pytest.mark.django_db
def test_file_becomes_drafts_only_when_confirmed_and_reports_what_it_left(county):
    text = HEAD + (
        f'<urn:x:1> a dcat:Dataset ; dct:title "公园名录"@zh ; dct:description "各处公园"@zh ; dct:accrualPeriodicity <{DESTATIS}MONTHLY> ;'
        ' dcat:theme <urn:theme:9> ; <urn:own:colour> "green" ; dcat:distribution [ dct:format "XLSX" ; dcat:accessURL <http://x.example/> ] .\n'
        '<urn:x:2> a dcat:Dataset ; dct:description "no title" .'
    )
    preview = _read(county, text)
    assert preview.taken == 1 and not Resource.objects.exists()
    report = {(r["row"], r["field"]): r for r in preview.batch.report}
    assert report[1, "urn:own:colour"]["what"].startswith("没有读懂") and not report[1, "urn:own:colour"]["error"]
    assert report[2, "dct:title"]["error"] and (1, "dcat:theme") in report and (1, "dcat:distribution") in report
    batch = importing.confirm_import(packed=preview.packed, by=county.market_clerk, at=AT)
    resource = Resource.objects.get()
    assert (resource.title, resource.update_cycle, resource.format_type, resource.state) == (
        "公园名录",
        "monthly",
        "xlsx",
        "draft",
    )
    assert batch.created == 1 and resource.department == county.market


@pytest.mark.django_db
def test_own_export_comes_back_with_items_and_elements(county, draft_of, publish):
    publish(draft_of())
    text = b"".join(client_of(county.market_clerk).get("/catalogue/open/catalogue.json").streaming_content).decode()
    preview = dcat_import.read_dcat(
        department=county.police, name="a.json", content=text.encode(), by=county.police_clerk, at=AT
    )
    (plan,) = preview.plans
    assert not plan.faults and [i.name for i in plan.items] == [
        "统一社会信用代码",
        "单位名称",
        "许可证编号",
        "发证日期",
    ]
    assert (plan.items[0].length, plan.items[0].required, plan.items[3].data_type) == (18, True, "D")
    draft = plan.draft
    assert (draft.category, draft.source_kind, draft.update_cycle, draft.format_type) == (
        "016",
        "system",
        "daily",
        "postgresql",
    )
    assert any("不是公安局" in r["what"] for r in preview.batch.report)


@pytest.mark.django_db
def test_resource_of_the_same_name_is_not_taken_twice(county, draft_of):
    draft_of(title="公园名录")
    preview = _read(
        county,
        HEAD
        + '<urn:x:1> a dcat:Dataset ; dct:title "公园 名录"@zh . <urn:x:2> a dcat:Dataset ; dct:title "公园名录" .',
    )
    assert [p.verb for p in preview.plans] == ["不导入", "不导入"]


@pytest.mark.django_db
def test_only_the_departments_provider_imports(county):
    with pytest.raises(NotAllowed):
        dcat_import.read_dcat(department=county.market, name="a.ttl", content=b"", by=county.police_clerk, at=AT)


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "count"), [("brandenburg_catalog.ttl", 112), ("destatis_catalog.rdf", 135)])
def test_real_catalogue_is_read_and_what_was_not_is_listed(county, name, count):
    if not CATALOGUES.exists():
        pytest.skip("../shared absent")
    content = (CATALOGUES / name).read_bytes()
    preview = dcat_import.read_dcat(department=county.market, name=name, content=content, by=county.market_clerk, at=AT)
    assert len(preview.plans) == count and preview.taken > count * 0.8
    assert len({r["row"] for r in preview.batch.report}) == count
    json.dumps(preview.batch.report)


@pytest.mark.django_db
def test_upload_page_shows_the_preview_and_keeps_what_is_wrong_at_the_top(county):
    client = client_of(county.market_clerk)
    file = SimpleUploadedFile("a.ttl", (HEAD + '<urn:x:1> a dcat:Dataset ; dct:title "<b>公园" .').encode())
    page = client.post("/catalogue/open/import/", {"department": str(county.market.pk), "file": file})
    assert page.status_code == 200 and "&lt;b&gt;公园" in page.content.decode()
    bad = SimpleUploadedFile("a.rdf", BOMB.encode())
    page = client.post("/catalogue/open/import/", {"department": str(county.market.pk), "file": bad})
    assert page.status_code == 422 and "文档类型" in page.content.decode()
    assert ImportBatch.objects.filter(kind="dcat").count() == 1


def test_what_many_datasets_share_is_not_read_at_length_for_each_of_them():
    """Hundreds of datasets with one publisher of thousands of names, or one distribution of thousands of formats: bounded."""
    names = "; ".join(f'<http://xmlns.com/foaf/0.1/name> "名{n}"' for n in range(3_000))
    formats = "; ".join(f'dct:format "F{n}"' for n in range(3_000))
    rows = "".join(
        f"<urn:d{n}> a dcat:Dataset ; dct:publisher <urn:p> ; dcat:distribution <urn:x> .\n" for n in range(300)
    )
    read = dcat_reading.read_datasets("a.ttl", f"{HEAD}<urn:p> {names} .\n<urn:x> {formats} .\n{rows}".encode())
    assert len(read) == 300 and {len(d.formats) for d in read} == {dcat_reading.MOST_SHARED}
    assert dcat_reading.clean("字" * 5_000_000, 10) == "字" * 10
