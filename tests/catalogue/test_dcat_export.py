"""The catalogue as Excel, JSON-LD, Turtle and RDF/XML."""

import io
import json
from pathlib import Path

import openpyxl
import pytest
from rdflib import DCAT, DCTERMS, RDF, Graph, Literal, URIRef
from rdflib.compare import isomorphic
from rdflib.plugins.parsers.jsonld import to_rdf

from yishu.catalogue import exporting
from yishu.catalogue.dcat_reading import Whole
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.rdf_writing import Iri, Node, Text, json_ld, rdf_xml, turtle
from yishu.pages.streamed_sheets import streamed_sheet

from .test_pages import client_of

SHAPES = Path(__file__).parents[3] / "shared" / "data" / "shapes" / "dcat-ap-SHACL.ttl"
HOSTILE = '许可"证\\<a>&\n\t\u202e％{}|'


def _graph(text, form):
    graph = Graph()
    if form == "json-ld":
        whole = Whole(default_union=True)
        to_rdf(json.loads(text), whole)
        for triple in whole.triples((None, None, None)):
            graph.add(triple)
    else:
        graph.parse(data=text, format=form)
    return graph


def test_node_with_hostile_text_reads_back_the_same_in_every_form():
    node = Node(
        'urn:x:a b"<>',
        ("dcat:Dataset",),
        (
            ("dct:title", Text(HOSTILE, "zh")),
            ("dct:identifier", Text(HOSTILE + "\x00\x0b")),
            ("dct:issued", Text("2026-09-18", datatype="xsd:date")),
            ("dct:publisher", Iri("urn:x:p")),
        ),
        "urn:x:catalogue",
    )
    read = _graph("".join(turtle([node])), "turtle")
    subject = URIRef("urn:x:a%20b%22%3C%3E")
    assert (subject, DCTERMS.title, Literal(HOSTILE, lang="zh")) in read
    assert (subject, DCTERMS.identifier, Literal(HOSTILE)) in read
    assert (URIRef("urn:x:catalogue"), DCAT.dataset, subject) in read
    assert isomorphic(read, _graph("".join(rdf_xml([node])), "xml"))
    document = "".join(json_ld([node], {"inCatalogue": {"@reverse": "dcat:dataset", "@type": "@id"}}))
    assert isomorphic(read, _graph(document, "json-ld"))


def test_sheet_of_risky_text_holds_text_and_no_formula():
    content = b"".join(streamed_sheet("a/b", ["列一", "列二"], [("=1+1", 3), ("@x\x01", None), ("<&>", True)]))
    book = openpyxl.load_workbook(io.BytesIO(content))
    rows = [[c.value for c in row] for row in book.worksheets[0].iter_rows()]
    assert rows == [["列一", "列二"], ["=1+1", 3], ["@x", None], ["<&>", "是"]]
    cell = book.worksheets[0]["A2"]
    assert cell.data_type == "s" and cell.quotePrefix


@pytest.fixture
def published(county, draft_of, publish):
    publish(draft_of())
    items = (
        ItemDraft("登记证编号", length=40, required=True, is_key=True),
        ItemDraft("设备名称", length=20),
    )
    publish(draft_of(title="特种设备<登记>", update_cycle="monthly", subject_kind="other", items=items))
    return client_of(county.market_clerk)


@pytest.mark.django_db
def test_export_in_three_rdf_forms_says_the_same_and_names_every_resource(published):
    def taken(ending, query=""):
        response = published.get(f"/catalogue/open/catalogue.{ending}{query}")
        assert response.status_code == 200 and response.streaming
        return b"".join(response.streaming_content).decode()

    read = _graph(taken("ttl"), "turtle")
    assert isomorphic(read, _graph(taken("rdf"), "xml"))
    document = taken("json")
    assert isomorphic(read, _graph(document, "json-ld"))
    titles = {str(t) for d in read.subjects(RDF.type, DCAT.Dataset) for t in read.objects(d, DCTERMS.title)}
    assert titles == {"食品经营许可证信息", "特种设备<登记>"}
    assert all(t.language == "zh" for t in read.objects(None, DCTERMS.title))
    dataset = read.value(predicate=DCTERMS.title, object=Literal("特种设备<登记>", lang="zh"))
    assert str(read.value(dataset, DCTERMS.accrualPeriodicity)).endswith("/frequency/MONTHLY")
    assert str(read.value(dataset, DCTERMS.accessRights)).endswith("/access-right/RESTRICTED")
    narrowed = json.loads(taken("json", "?q=特种"))
    assert sum("dcat:Dataset" in n["@type"] for n in narrowed["@graph"]) == 1


@pytest.mark.django_db
def test_export_is_valid_dcat_ap(published):
    if not SHAPES.exists():
        pytest.skip("../shared absent")
    pyshacl = pytest.importorskip("pyshacl")
    text = b"".join(published.get("/catalogue/open/catalogue.ttl").streaming_content).decode()
    shapes = _graph(SHAPES.read_text(encoding="utf-8"), "turtle")
    valid, _, report = pyshacl.validate(_graph(text, "turtle"), shacl_graph=shapes, advanced=True)
    assert valid, report


@pytest.mark.django_db
def test_excel_export_holds_a_row_per_resource_and_other_tenants_none(published, elsewhere):
    content = b"".join(published.get("/catalogue/open/catalogue.xlsx").streaming_content)
    rows = list(openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True))
    assert rows[0] == tuple(c.title for c in exporting.COLUMNS)
    assert {r[1] for r in rows[1:]} == {"食品经营许可证信息", "特种设备<登记>"}
    theirs = client_of(elsewhere.market_clerk).get("/catalogue/open/catalogue.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(b"".join(theirs.streaming_content))).worksheets[0].max_row == 1
    assert published.get("/catalogue/open/catalogue.exe").status_code == 404


@pytest.mark.django_db
def test_open_page_names_the_filters_it_exports_with(published):
    page = published.get("/catalogue/open/?q=特种&update_cycle=monthly").content.decode()
    assert "更新周期：每月" in page and "catalogue.ttl?q=" in page
