"""Reads a DCAT file: its datasets in plain words and, per dataset and property, what was not understood. Nothing is fetched. Django-free.

Refused whole: what is no RDF, files too large, XML with a document type (entities), JSON-LD whose context stands elsewhere, graphs of
more statements than allowed. Blank nodes, missing titles and any language are read as far as they go.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

import defusedxml.sax
from defusedxml.common import DefusedXmlException
from rdflib import DCAT, DCTERMS, FOAF, RDF, SKOS, BNode, Dataset, Graph, Literal, URIRef
from rdflib.plugins.parsers.jsonld import to_rdf
from rdflib.plugins.stores.memory import Memory
from rdflib.term import Node

from yishu.catalogue.rdf_writing import PREFIXES
from yishu.kernel.errors import Invalid

MOST_BYTES = 5 * 1024 * 1024
MOST_STATEMENTS = 200_000
MOST_DATASETS = 2_000
MOST_ITEMS = 500
MOST_SHARED = 100
"""Labels of one thing, and formats of one dataset, that are looked at: what many datasets share is read once for each of them."""
_ENDINGS = {
    "ttl": "turtle",
    "nt": "turtle",
    "rdf": "xml",
    "xml": "xml",
    "owl": "xml",
    "jsonld": "json-ld",
    "json": "json-ld",
}
_DEEPEST = 60
_BASE = "urn:yishu:import:"
YISHU = PREFIXES["yishu"]
_SHORT = {
    **{iri: prefix for prefix, iri in PREFIXES.items()},
    "http://www.w3.org/ns/prov#": "prov",
    "http://schema.org/": "schema",
}
# A literal that is not what its datatype says is read as text; rdflib would log a traceback for each.
logging.getLogger("rdflib.term").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Said:
    """A literal or a reference: ``text`` for people (a label where the file holds one), ``iri`` of a reference, ``language``."""

    text: str
    iri: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class ReadItem:
    """One item of our own export."""

    name: str
    data_type: str
    length: int | None
    required: bool
    description: str


@dataclass(slots=True)
class ReadDataset:
    """One dataset: ``properties`` by short name (``dct:title``); ``formats`` and links of its distributions; ``items`` of our own files."""

    iri: str
    properties: dict[str, list[Said]] = field(default_factory=dict)
    formats: list[str] = field(default_factory=list)
    links: int = 0
    items: list[ReadItem] = field(default_factory=list)

    def first(self, name: str) -> Said | None:
        """The value of a property that a reader of Chinese wants: Chinese, without language, English, any."""
        return next(iter(sorted(self.properties.get(name, ()), key=_preference)), None)


class Whole(Dataset):
    """A dataset whose default graph has the old name too: rdflib's JSON-LD reader asks for it (7.6), and rdflib warns when it does."""

    @property
    def default_context(self) -> Graph:
        """The default graph."""
        graph: Graph = self.default_graph
        return graph

    @default_context.setter
    def default_context(self, graph: Graph) -> None:
        self._default_context = graph


class _TooMany(Exception):
    pass


class _Counting(Memory):
    """A store that gives up before a small file becomes a large graph."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0

    def add(self, triple: Any, context: Any, quoted: bool = False) -> None:
        """Keep one statement."""
        self.taken += 1
        if self.taken > MOST_STATEMENTS:
            raise _TooMany
        super().add(triple, context, quoted)


def read_datasets(name: str, content: bytes) -> list[ReadDataset]:
    """The datasets of a file, by IRI, those without one last. Raises Invalid when it cannot be read as DCAT, saying why."""
    graph = _graph(name, content)
    found = sorted(
        set(graph.subjects(RDF.type, DCAT.Dataset)),
        key=lambda s: (isinstance(s, BNode), str(graph.value(s, DCTERMS.title)) if isinstance(s, BNode) else str(s)),
    )
    if not found:
        raise _refused("文件里没有数据集（dcat:Dataset）", "请导出为 DCAT 目录后再上传")
    if len(found) > MOST_DATASETS:
        raise _refused(f"超过 {MOST_DATASETS} 个数据集", "请分成几个文件")
    return [_dataset(graph, subject) for subject in found]


def _refused(what: str, remedy: str) -> Invalid:
    return Invalid(f"没有导入：{what}", remedy=remedy, code="catalogue.dcat")


def _graph(name: str, content: bytes) -> Graph:
    if len(content) > MOST_BYTES:
        raise _refused(f"文件超过 {MOST_BYTES // 1024 // 1024} MiB", "请分成几个文件")
    kind = _ENDINGS.get(name.rpartition(".")[2].casefold())
    if kind is None:
        raise _refused("只接受 .ttl、.rdf、.xml、.jsonld、.json 文件", "请导出为其中一种格式")
    if kind == "xml":
        _check_xml(content)
    document = _checked_json(content) if kind == "json-ld" else None
    # What JSON-LD puts into graphs of its own counts too.
    graph: Graph = Graph(store=_Counting()) if document is None else Whole(store=_Counting(), default_union=True)
    try:
        if document is None:
            graph.parse(data=content, format=kind, publicID=_BASE)
        else:
            to_rdf(document, graph, _BASE)
    except _TooMany as error:
        raise _refused(f"超过 {MOST_STATEMENTS:,} 条陈述", "请分成几个文件") from error
    except RecursionError as error:
        raise _refused("文件嵌套过深", "请用常用工具重新导出") from error
    except Exception as error:  # a damaged file raises whatever rdflib's parser met; nothing was written
        raise _refused(f"内容不是有效的 {kind}", "请核对文件是否完整，或换一种格式导出") from error
    return graph


def _check_xml(content: bytes) -> None:
    try:
        defusedxml.sax.parseString(content, ContentHandler(), forbid_dtd=True)
    except DefusedXmlException as error:
        raise _refused("文件含有 XML 文档类型或实体定义", "请另存为不带 DOCTYPE 的 RDF/XML，或改用 Turtle") from error
    except (SAXException, ValueError, LookupError) as error:
        raise _refused("内容不是完整的 XML", "请核对文件是否完整，或换一种格式导出") from error


def _checked_json(content: bytes) -> Any:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _refused("内容不是有效的 JSON", "请核对文件是否完整") from error
    for depth, value in _walk(document):
        if depth > _DEEPEST:
            raise _refused("文件嵌套过深", "请用常用工具重新导出")
        context = value.get("@context") if isinstance(value, dict) else None
        listed = context if isinstance(context, list) else [context]
        if any(isinstance(c, str) or (isinstance(c, dict) and "@import" in c) for c in listed):
            raise _refused("上下文（@context）是一个网址，平台不连接网络", "请把上下文写进文件，或导出为 Turtle")
    return document


def _walk(document: Any) -> Iterator[tuple[int, Any]]:
    waiting = [(0, document)]
    while waiting:
        depth, value = waiting.pop()
        yield depth, value
        if depth <= _DEEPEST:
            inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            waiting += [(depth + 1, v) for v in inner]


def clean(text: str, most: int) -> str:
    """Text on one line without control characters, cut to ``most`` characters. Of a huge text only the beginning is looked at."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[: 8 * most]).split())[:most]


def short(iri: str) -> str:
    """A property's IRI as people write it: ``dct:title``; the IRI itself where its vocabulary is unknown."""
    for whole, prefix in _SHORT.items():
        if iri.startswith(whole):
            return f"{prefix}:{iri[len(whole) :]}"
    return iri[:120]


def _preference(said: Said) -> tuple[int, str]:
    language = said.language.casefold()
    order = 0 if language.startswith("zh") else 1 if not language else 2 if language.startswith("en") else 3
    return order, said.text


def _said(graph: Graph, node: Node) -> Said:
    if isinstance(node, Literal):
        return Said(clean(str(node), 4000), language=node.language or "")
    labels = [
        _said(graph, o)
        for p in (FOAF.name, SKOS.prefLabel, DCTERMS.title, URIRef(PREFIXES["vcard"] + "fn"))
        for o in islice(graph.objects(node, p), MOST_SHARED)
        if isinstance(o, Literal)
    ]
    label = next(iter(sorted(labels, key=_preference)), None)
    iri = str(node)[:500] if isinstance(node, URIRef) else ""
    return Said(label.text if label else clean(iri, 500), iri, label.language if label else "")


def _dataset(graph: Graph, subject: Node) -> ReadDataset:
    found = ReadDataset(str(subject) if isinstance(subject, URIRef) else "")
    for predicate, value in graph.predicate_objects(subject):
        name = short(str(predicate))
        if predicate in (RDF.type, DCAT.distribution) or name == "yishu:item":
            continue
        found.properties.setdefault(name, []).append(_said(graph, value))
    for distribution in sorted(graph.objects(subject, DCAT.distribution), key=str):
        found.links += 1
        for predicate in (DCTERMS["format"], DCAT.mediaType):
            values = islice(graph.objects(distribution, predicate), MOST_SHARED - len(found.formats))
            found.formats += [_said(graph, value).text for value in values]
    items = sorted(graph.objects(subject, URIRef(f"{YISHU}item")), key=str)[:MOST_ITEMS]
    found.items = [item for item in (_item(graph, node) for node in items) if item.name]
    return found


def _item(graph: Graph, node: Node) -> ReadItem:
    def value(name: str) -> str:
        held = graph.value(node, URIRef(YISHU + name), any=True)
        return clean(str(held), 300) if held is not None else ""

    length = value("length")
    known = length.isascii() and length.isdigit() and len(length) < 6
    described = graph.value(node, DCTERMS.description, any=True)
    return ReadItem(
        value("itemName")[:80], value("dataType")[:1], int(length) if known else None, value("required") == "true",
        clean(str(described), 300) if described is not None else "",
    )  # fmt: skip
