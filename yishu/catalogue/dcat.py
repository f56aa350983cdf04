"""The catalogue in the words of DCAT-AP 3: one dataset per published resource, one distribution per way of delivery. Django-free.

Source: DCAT-AP 3.0.1; EU authority tables for frequencies, access rights, languages and file types. What guide 1272 has beyond DCAT
stands under ``yishu:`` (docs/open-formats.md). Contact is the department, never a person.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from yishu.catalogue.rdf_writing import Iri, Node, Text, Value
from yishu.catalogue.rules import DATA_TYPES, WITHHELD, ResourceSpec

_EU = "http://publications.europa.eu/resource/authority/"
LANGUAGE = f"{_EU}language/ZHO"
FREQUENCIES: Final[Mapping[str, tuple[str, str]]] = {
    "realtime": ("UPDATE_CONT", "实时"),
    "daily": ("DAILY", "每日"),
    "weekly": ("WEEKLY", "每周"),
    "monthly": ("MONTHLY", "每月"),
    "quarterly": ("QUARTERLY", "每季度"),
    "half_yearly": ("ANNUAL_2", "每半年"),
    "yearly": ("ANNUAL", "每年"),
    "irregular": ("IRREG", "不定期"),
    "other": ("OTHER", "其他"),
}
"""Key of guide 1272's 更新周期 → code of the EU frequency table."""
ACCESS: Final[Mapping[str, str]] = {"PUBLIC": "向社会无条件开放", "RESTRICTED": "部门间共享", "NON_PUBLIC": "不予共享"}
"""Code of the EU access right table → what it stands for here. Data shared unconditionally between departments are not public."""
FILE_TYPES: Final[Mapping[str, str]] = {
    "csv": "CSV", "doc": "DOC", "docx": "DOCX", "et": "XLS", "gif": "GIF", "html": "HTML", "jpg": "JPEG", "json": "JSON", "mp4": "MPEG4",
    "mpg": "MPEG4", "ofd": "PDF", "pdf": "PDF", "png": "PNG", "shp": "SHP", "tiff": "TIFF", "txt": "TXT", "wps": "DOC", "xls": "XLS",
    "xlsx": "XLSX", "xml": "XML", "zip": "ZIP", "access": "MDB", "dbf": "DBF",
}  # fmt: skip
"""Format type of guide 1272 (lower case) → EU file type; others are OP_DATPRO (data of a product's own form)."""
OTHER_FILE = "OP_DATPRO"
_TEXT: Final = {"@language": "zh"}
_LINK: Final = {"@type": "@id"}
_DATE: Final = {"@type": "xsd:date"}
CONTEXT: Final[Mapping[str, Any]] = {
    "title": {"@id": "dct:title", **_TEXT},
    "description": {"@id": "dct:description", **_TEXT},
    "identifier": {"@id": "dct:identifier"},
    "version": {"@id": "dcat:version"},
    "publisher": {"@id": "dct:publisher", **_LINK},
    "contactPoint": {"@id": "dcat:contactPoint", **_LINK},
    "issued": {"@id": "dct:issued", **_DATE},
    "modified": {"@id": "dct:modified", **_DATE},
    "theme": {"@id": "dcat:theme", **_LINK},
    "keyword": {"@id": "dcat:keyword", **_TEXT},
    "frequency": {"@id": "dct:accrualPeriodicity", **_LINK},
    "accessRights": {"@id": "dct:accessRights", **_LINK},
    "language": {"@id": "dct:language", **_LINK},
    "landingPage": {"@id": "dcat:landingPage", **_LINK},
    "distribution": {"@id": "dcat:distribution", **_LINK},
    "accessURL": {"@id": "dcat:accessURL", **_LINK},
    "format": {"@id": "dct:format", **_LINK},
    "name": {"@id": "foaf:name", **_TEXT},
    "shareType": {"@id": "yishu:shareType"},
    "shareCondition": {"@id": "yishu:shareCondition", **_TEXT},
    "openType": {"@id": "yishu:openType"},
    "updateCycle": {"@id": "yishu:updateCycle"},
    "state": {"@id": "yishu:state"},
    "item": {"@id": "yishu:item", **_LINK},
    "itemName": {"@id": "yishu:itemName", **_TEXT},
    "dataType": {"@id": "yishu:dataType"},
    "length": {"@id": "yishu:length", "@type": "xsd:integer"},
    "required": {"@id": "yishu:required", "@type": "xsd:boolean"},
    "inCatalogue": {"@reverse": "dcat:dataset", "@type": "@id"},
}
"""The context of the JSON export: a key of the document, the property it is, and how its values are written."""
ELEMENTS: Final = (
    "source_kind", "subject_kind", "base_library", "theme_library", "document_class", "format_class", "format_type", "share_mode_type",
    "attribute_class", "item_class", "category",
)  # fmt: skip
"""Elements of guide 1272 that are carried by key as ``yishu:<name>``, so that our own file comes back as it went."""


@dataclass(frozen=True, slots=True)
class Office:
    """A department as publisher and contact."""

    id: int
    name: str
    uscc: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource to export: its published version, its present state and the date of that version."""

    spec: ResourceSpec
    state: str
    published_on: date


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the datasets: ``base`` is the platform's address without a slash at its end.

    ``themes``: key (``theme_libraries:health``) → title; ``modes``: delivery modes by key; ``on``: the day of the export.
    """

    base: str
    jurisdiction: str
    authority: Office
    offices: tuple[Office, ...]
    themes: Mapping[str, str]
    modes: Mapping[str, str]
    on: date

    @property
    def catalogue(self) -> str:
        """The catalogue's IRI."""
        return f"{self.base}/catalogue/#catalogue"

    def office(self, id_: int) -> str:
        """A department's IRI."""
        return f"{self.base}/catalogue/#department-{id_}"

    def contact(self, id_: int) -> str:
        """The IRI of a department as contact."""
        return f"{self.base}/catalogue/#contact-{id_}"

    def theme(self, key: str) -> str:
        """A theme's IRI."""
        return f"{self.base}/catalogue/#theme-{key.replace(':', '-')}"

    def page(self, id_: int) -> str:
        """The page of a resource."""
        return f"{self.base}/catalogue/{id_}/"


def zh(text: str) -> Text:
    """A Chinese literal."""
    return Text(text, "zh")


def _day(day: date) -> Text:
    return Text(day.isoformat(), datatype="xsd:date")


def frame_nodes(frame: Frame) -> Iterator[Node]:
    """The catalogue itself and every closed list its datasets refer to; small whatever the catalogue's size."""
    scheme, page = f"{frame.base}/catalogue/#themes", f"{frame.base}/catalogue/"
    yield Node(
        frame.catalogue,
        ("dcat:Catalog",),
        (
            ("dct:title", zh(f"{frame.jurisdiction}政务数据目录")),
            ("dct:description", zh(f"{frame.jurisdiction}各部门经审核发布的政务信息资源目录")),
            ("dct:publisher", Iri(frame.office(frame.authority.id))),
            ("dct:language", Iri(LANGUAGE)),
            ("dct:modified", _day(frame.on)),
            ("foaf:homepage", Iri(page)),
            ("dcat:themeTaxonomy", Iri(scheme)),
        ),
    )
    yield Node(page, ("foaf:Document",), ())
    yield Node(LANGUAGE, ("dct:LinguisticSystem",), ())
    yield Node(scheme, ("skos:ConceptScheme",), (("dct:title", zh("基础库、主题库和目录分类")),))
    for key, title in frame.themes.items():
        yield Node(frame.theme(key), ("skos:Concept",), (("skos:prefLabel", zh(title)), ("skos:inScheme", Iri(scheme))))
    for code, title in FREQUENCIES.values():
        yield Node(f"{_EU}frequency/{code}", ("dct:Frequency",), (("skos:prefLabel", zh(title)),))
    for code, title in ACCESS.items():
        yield Node(f"{_EU}access-right/{code}", ("dct:RightsStatement",), (("skos:prefLabel", zh(title)),))
    for code in sorted({*FILE_TYPES.values(), OTHER_FILE}):
        yield Node(f"{_EU}file-type/{code}", ("dct:MediaTypeOrExtent",), ())
    for office in frame.offices:
        yield Node(
            frame.office(office.id),
            ("foaf:Agent",),
            (("foaf:name", zh(office.name)), ("dct:identifier", Text(office.uscc))),
        )
        yield Node(
            frame.contact(office.id),
            ("vcard:Kind", "vcard:Organization"),
            (("vcard:fn", zh(office.name)), ("vcard:hasURL", Iri(page))),
        )


def access_right(spec: ResourceSpec) -> str:
    """The EU access right of a resource: public only when the law lets it be opened without condition."""
    if spec.elements.get("is_open") and spec.elements.get("open_type") == "unconditional":
        return "PUBLIC"
    return "NON_PUBLIC" if spec.share_type == WITHHELD else "RESTRICTED"


def _themes(spec: ResourceSpec) -> Iterator[str]:
    e = spec.elements
    for list_, name in (("base_libraries", "base_library"), ("theme_libraries", "theme_library")):
        if e.get(name):
            yield f"{list_}:{e[name]}"
    if e.get("attribute_class"):
        yield f"classes:{e['attribute_class']}"


def resource_nodes(entry: Entry, frame: Frame) -> Iterator[Node]:
    """A resource: the dataset with its items, its page and its distributions."""
    spec = entry.spec
    page, e = frame.page(spec.id), spec.elements
    iri = f"{page}#resource"
    frequency = FREQUENCIES.get(spec.update_cycle)
    modes = [k for k in dict.fromkeys([str(e.get("share_mode_type") or ""), *(e.get("open_modes") or ())]) if k]
    file_type = FILE_TYPES.get(str(e.get("format_type", "")).lower(), OTHER_FILE)
    properties: list[tuple[str, Value]] = [
        ("dct:title", zh(spec.title)),
        ("dct:description", zh(str(e.get("summary") or spec.title))),
        ("dct:identifier", Text(spec.code)),
        ("dcat:version", Text(str(spec.version))),
        ("dct:publisher", Iri(frame.office(spec.department_id))),
        ("dcat:contactPoint", Iri(frame.contact(spec.department_id))),
        ("dct:modified", _day(entry.published_on)),
        ("dct:accessRights", Iri(f"{_EU}access-right/{access_right(spec)}")),
        ("dct:language", Iri(LANGUAGE)),
        ("dcat:landingPage", Iri(page)),
        *((("dct:accrualPeriodicity", Iri(f"{_EU}frequency/{frequency[0]}")),) if frequency else ()),
        *(("dcat:theme", Iri(frame.theme(key))) for key in _themes(spec) if key in frame.themes),
        *(("dcat:keyword", zh(item.name)) for item in spec.items),
        *(("dcat:distribution", Iri(f"{page}#{mode}")) for mode in modes),
        ("yishu:shareType", Text(spec.share_type)),
        ("yishu:updateCycle", Text(spec.update_cycle)),
        ("yishu:state", Text(entry.state)),
        *((("yishu:shareCondition", zh(str(e["share_condition"]))),) if e.get("share_condition") else ()),
        *((("yishu:openType", Text(str(e["open_type"]))),) if e.get("open_type") else ()),
        *((f"yishu:{name}", Text(str(e[name]))) for name in ELEMENTS if e.get(name)),
        *(("yishu:item", Iri(f"{page}#{item.column}")) for item in spec.items),
    ]
    yield Node(iri, ("dcat:Dataset",), tuple(properties), frame.catalogue)
    yield Node(page, ("foaf:Document",), ())
    for mode in modes:
        title = frame.modes.get(mode, mode)
        yield Node(
            f"{page}#{mode}",
            ("dcat:Distribution",),
            (
                ("dct:title", zh(title)),
                ("dcat:accessURL", Iri(page)),
                ("dct:format", Iri(f"{_EU}file-type/{file_type}")),
            ),
        )
    for item in spec.items:
        yield Node(
            f"{page}#{item.column}",
            ("yishu:Item",),
            (
                ("yishu:itemName", zh(item.name)),
                ("yishu:dataType", Text(item.data_type if item.data_type in DATA_TYPES else "C")),
                *((("yishu:length", Text(str(item.length), datatype="xsd:integer")),) if item.length else ()),
                ("yishu:required", Text("true" if item.required else "false", datatype="xsd:boolean")),
                *((("dct:description", zh(item.description)),) if item.description else ()),
            ),
        )
