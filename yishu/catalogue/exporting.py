"""The published catalogue, filtered as the search page is, as a stream of rows: Excel, JSON(-LD), Turtle, RDF/XML."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import F, QuerySet

from yishu.catalogue import dcat, guide, rdf_writing, search
from yishu.catalogue.dcat import Entry, Frame, Office
from yishu.catalogue.demands import Demands
from yishu.catalogue.models import Resource, Version
from yishu.catalogue.rules import from_json
from yishu.kernel.errors import NotFound
from yishu.orgs.models import Department, Jurisdiction
from yishu.pages.sheets import XLSX, Column
from yishu.pages.streamed_sheets import streamed_sheet

CHUNK = 500
"""Rows read at a time."""
FORMATS: Mapping[str, tuple[str, str]] = {
    "xlsx": ("Excel", XLSX),
    "json": ("JSON（JSON-LD）", "application/ld+json; charset=utf-8"),
    "ttl": ("DCAT-AP 3，Turtle", "text/turtle; charset=utf-8"),
    "rdf": ("DCAT-AP 3，RDF/XML", "application/rdf+xml; charset=utf-8"),
}
"""Ending → title and media type."""
COLUMNS: Sequence[Column] = (
    Column("信息资源代码", 26), Column("信息资源名称", 36), Column("信息资源提供方", 26), Column("提供方代码", 22), Column("信息资源摘要", 50),
    Column("类", 14), Column("基础库", 14), Column("主题库", 14), Column("来源方式", 16), Column("格式分类", 12), Column("格式类型", 14),
    Column("信息项", 60), Column("信息项数", 10), Column("共享类型", 14), Column("共享条件", 30), Column("共享方式", 14), Column("开放类型", 14),
    Column("更新周期", 12), Column("发布日期", 14), Column("版本", 8), Column("状态", 14),
)  # fmt: skip


def published_versions(jurisdiction: Jurisdiction, text: str, filters: Mapping[str, str]) -> QuerySet[Version]:
    """The current version of every resource that literally matches, by id; retired ones only when ``state`` asks for them."""
    entries = search.matching(jurisdiction.pk, text, filters)
    if not filters.get("state"):
        entries = entries.exclude(retired=True)
    versions = Version.objects.filter(number=F("resource__version"), resource__search_entry__in=entries)
    return versions.order_by("resource_id")


def entries(versions: QuerySet[Version]) -> Iterator[Entry]:
    """The versions as export entries, read ``CHUNK`` at a time through a cursor of the database."""
    rows = versions.values_list("snapshot", "resource__search_entry__state", "resource__search_entry__published_on")
    for snapshot, state, published_on in rows.iterator(chunk_size=CHUNK):
        yield Entry(from_json(snapshot), state, published_on)


def frame(jurisdiction: Jurisdiction, law: Demands, base: str, on: date) -> Frame:
    """What stands around the datasets of a jurisdiction: its offices and the lists of its law."""
    departments = Department.objects.filter(jurisdiction=jurisdiction).order_by("pk")
    offices = tuple(Office(d.pk, d.name, d.uscc) for d in departments)
    authority = departments.filter(is_authority=True, area=None).first() or departments.first()
    if authority is None:
        raise NotFound("目录还没有部门", remedy="请先登记部门", code="catalogue.export_empty")
    themes = {f"{name}:{o.key}": o.title for name in ("base_libraries", "theme_libraries") for o in law.options(name)}
    themes |= {f"classes:{c.key}": c.title for c in guide.entries(law, "classes")}
    modes = {e.key: e.title for e in guide.entries(law, "share_mode_types")}
    modes |= {o.key: o.title for o in law.options("open_modes")}
    office = Office(authority.pk, authority.name, authority.uscc)
    return Frame(base.rstrip("/"), jurisdiction.name, office, offices, themes, modes, on)


def nodes(found: Iterator[Entry], around: Frame) -> Iterator[rdf_writing.Node]:
    """Everything an RDF form of the catalogue says, the frame first."""
    yield from dcat.frame_nodes(around)
    for entry in found:
        yield from dcat.resource_nodes(entry, around)


def stream(ending: str, versions: QuerySet[Version], around: Frame, law: Demands) -> Iterator[bytes]:
    """The bytes of one export (``FORMATS``)."""
    found = entries(versions)
    if ending == "xlsx":
        uscc = {o.id: o.uscc for o in around.offices}
        yield from streamed_sheet(f"{around.jurisdiction}目录", COLUMNS, (sheet_row(e, law, uscc) for e in found))
        return
    if ending == "json":
        pieces = rdf_writing.json_ld(nodes(found, around), dcat.CONTEXT)
    else:
        pieces = (rdf_writing.turtle if ending == "ttl" else rdf_writing.rdf_xml)(nodes(found, around))
    held: list[str] = []
    for piece in pieces:
        held.append(piece)
        if len(held) == CHUNK:
            yield "".join(held).encode()
            held.clear()
    yield "".join(held).encode()


def sheet_row(entry: Entry, law: Demands, uscc: Mapping[int, str]) -> tuple[Any, ...]:
    """A resource as a row of ``COLUMNS``, keys in words."""
    spec = entry.spec
    e = spec.elements

    def listed(options: str, name: str) -> str:
        return law.title(options, str(e.get(name) or ""))

    return (
        spec.code, spec.title, spec.department_name, uscc.get(spec.department_id, ""), e.get("summary", ""),
        guide.title(law, "classes", str(e.get("attribute_class", ""))), listed("base_libraries", "base_library"),
        listed("theme_libraries", "theme_library"), listed("source_kinds", "source_kind"),
        guide.title(law, "format_classes", str(e.get("format_class", ""))), e.get("format_type", ""),
        "、".join(i.name for i in spec.items), len(spec.items), law.title("share_types", spec.share_type), e.get("share_condition", ""),
        guide.title(law, "share_mode_types", str(e.get("share_mode_type", ""))), listed("open_types", "open_type"),
        guide.title(law, "update_cycles", spec.update_cycle), entry.published_on, spec.version,
        Resource.State(entry.state).label,
    )  # fmt: skip
