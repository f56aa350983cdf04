"""Writes nodes as Turtle, RDF/XML or JSON-LD, one after the other, so that a catalogue of any size needs no memory. Django-free."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

PREFIXES: Final[Mapping[str, str]] = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "yishu": "urn:yishu:terms:",
}
_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class Iri:
    """A reference to another node."""

    value: str


@dataclass(frozen=True, slots=True)
class Text:
    """A literal: in a ``language`` (``zh``) or of a ``datatype`` (``xsd:date``), else plain."""

    value: str
    language: str = ""
    datatype: str = ""


Value = Iri | Text


@dataclass(frozen=True, slots=True)
class Node:
    """One subject: its IRI, its types and its properties (short names, ``dct:title``); ``within``: the catalogue that lists it."""

    iri: str
    types: tuple[str, ...]
    properties: tuple[tuple[str, Value], ...]
    within: str = ""


def full(short: str) -> str:
    """The whole IRI of a short name."""
    prefix, _, local = short.partition(":")
    return PREFIXES[prefix] + local


def safe_iri(iri: str) -> str:
    """An IRI without the characters that none may hold, percent-encoded."""
    return _IN_IRI.sub(lambda m: "".join(f"%{b:02X}" for b in m.group().encode("utf-8", "replace")), iri)


def _plain(text: str) -> str:
    return _NOT_XML.sub("", text)


def turtle(nodes: Iterable[Node]) -> Iterator[str]:
    """Turtle: prefixes, then a block per node."""
    yield "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())
    for node in nodes:
        lines = [f"a {', '.join(node.types)}"] if node.types else []
        lines += [f"{name} {_turtle_value(value)}" for name, value in node.properties]
        listed = f"<{safe_iri(node.within)}> dcat:dataset <{safe_iri(node.iri)}> .\n" if node.within else ""
        yield f"\n<{safe_iri(node.iri)}> " + " ;\n    ".join(lines) + f" .\n{listed}"


def _turtle_value(value: Value) -> str:
    if isinstance(value, Iri):
        return f"<{safe_iri(value.value)}>"
    quoted = '"' + "".join(_ESCAPES.get(c, c) for c in _plain(value.value)) + '"'
    return (
        f"{quoted}@{value.language}" if value.language else f"{quoted}^^{value.datatype}" if value.datatype else quoted
    )


def rdf_xml(nodes: Iterable[Node]) -> Iterator[str]:
    """RDF/XML: one ``rdf:Description`` per node."""
    spaces = "".join(f' xmlns:{prefix}="{iri}"' for prefix, iri in PREFIXES.items())
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF{spaces}>\n'
    for node in nodes:
        lines = [f'  <rdf:type rdf:resource="{full(kind)}"/>' for kind in node.types]
        lines += [f"  {_xml_value(name, value)}" for name, value in node.properties]
        about = quoteattr(safe_iri(node.iri))
        yield "\n".join([f"<rdf:Description rdf:about={about}>", *lines, "</rdf:Description>\n"])
        if node.within:
            yield f"<rdf:Description rdf:about={quoteattr(safe_iri(node.within))}><dcat:dataset rdf:resource={about}/></rdf:Description>\n"
    yield "</rdf:RDF>\n"


def _xml_value(name: str, value: Value) -> str:
    if isinstance(value, Iri):
        return f"<{name} rdf:resource={quoteattr(safe_iri(value.value))}/>"
    kind = (
        f' xml:lang="{value.language}"'
        if value.language
        else f' rdf:datatype="{full(value.datatype)}"'
        if value.datatype
        else ""
    )
    return f"<{name}{kind}>{escape(_plain(value.value))}</{name}>"


def json_ld(nodes: Iterable[Node], context: Mapping[str, Any]) -> Iterator[str]:
    """JSON-LD with its context inside (nothing is to be fetched): ``@graph`` holds a line per node.

    ``context``: short key of the document → property and how its values are written; see ``dcat.CONTEXT``.
    """
    keys = {spec["@id"]: (key, spec) for key, spec in context.items() if isinstance(spec, dict) and "@id" in spec}
    shown = json.dumps({**PREFIXES, **context}, ensure_ascii=False, indent=1)
    yield f'{{"@context": {shown},\n"@graph": ['
    first = True
    for node in nodes:
        row: dict[str, Any] = {"@id": safe_iri(node.iri), "@type": list(node.types)}
        for name, value in node.properties:
            key, written = _json_value(name, value, keys)
            row.setdefault(key, []).append(written)
        if node.within:
            row["inCatalogue"] = [safe_iri(node.within)]
        yield ("\n" if first else ",\n") + json.dumps(
            {k: v[0] if len(v) == 1 and k[0] != "@" else v for k, v in row.items()}, ensure_ascii=False
        )
        first = False
    yield "\n]}\n"


def _json_value(name: str, value: Value, keys: Mapping[str, tuple[str, Mapping[str, Any]]]) -> tuple[str, Any]:
    key, spec = keys.get(name, (name, {}))
    if isinstance(value, Iri):
        iri = safe_iri(value.value)
        return key, iri if spec.get("@type") == "@id" else {"@id": iri}
    text = _plain(value.value)
    if value.language:
        return key, text if spec.get("@language") == value.language else {"@value": text, "@language": value.language}
    if value.datatype:
        return key, text if spec.get("@type") == value.datatype else {"@value": text, "@type": value.datatype}
    return key, text if "@language" not in spec and "@type" not in spec else {"@value": text}


Writer = Callable[[Iterable[Node]], Iterator[str]]
