"""Completeness of the catalogue: registered system tables against published resources (XW-35.1, JY-16.1, YH-9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from yishu.catalogue.models import Resource
from yishu.kernel.errors import Conflict, Invalid, NotFound
from yishu.orgs.models import VENDOR_KIND, Department, Jurisdiction, Person, RoleKind
from yishu.registers import queries as registers
from yishu.registers.models import Entry
from yishu.stewardship import access
from yishu.stewardship.candidates import Match, suggestions
from yishu.stewardship.models import TableMapping
from yishu.stewardship.rules import Coverage

KINDS = ("data_table",)
CLERKS = (RoleKind.PROVIDER, RoleKind.RESPONSIBLE)


@dataclass(frozen=True, slots=True)
class Table:
    """A registered table and what became of it. ``state``: covered, not_duty, or gap (no resource, no reason: 漏报)."""

    entry: Entry
    state: str
    resource: Resource | None = None
    mapping: TableMapping | None = None
    note: str = ""

    @property
    def system(self) -> str:
        """The system the table belongs to."""
        return str(self.entry.fields.get("system", ""))

    @property
    def words(self) -> str:
        """The state in Chinese."""
        return {"covered": "已编入目录", "not_duty": "不属于履职数据", "gap": "未编目"}[self.state]


def tables(jurisdiction: Jurisdiction, department: Department | None = None) -> list[Table]:
    """The registered tables of a jurisdiction or department with their state, by department and name.

    A table is covered by a mapping to a published resource, or by the catalogue code its registration names; a retired
    resource covers nothing.
    """
    entries = registers.entries(jurisdiction, KINDS[0])
    if department is not None:
        entries = entries.filter(department=department)
    rows = list(entries)
    mapped = {
        m.table_id: m
        for m in TableMapping.objects.filter(table__in=rows, current=True).select_related("resource", "by")
    }
    codes = {c for e in rows if (c := _code(e))}
    published = Resource.objects.filter(jurisdiction=jurisdiction, version__gt=0).exclude(state=Resource.State.RETIRED)
    by_code = {(r.department_id, r.code): r for r in published.filter(code__in=codes)}
    return [_table(entry, mapped.get(entry.pk), by_code.get((entry.department_id, _code(entry)))) for entry in rows]


def _code(entry: Entry) -> str:
    return str(entry.fields.get("resource") or "").strip().replace("-", "/")


def _table(entry: Entry, mapping: TableMapping | None, named: Resource | None) -> Table:
    if mapping and mapping.ruling == TableMapping.Ruling.NOT_DUTY:
        return Table(entry, "not_duty", mapping=mapping, note=mapping.reason)
    if mapping and mapping.resource and mapping.resource.state != Resource.State.RETIRED and mapping.resource.version:
        return Table(entry, "covered", mapping.resource, mapping)
    if named:
        return Table(entry, "covered", named, mapping, "登记时已写明目录代码")
    note = "对应的资源已停用" if mapping else str(entry.fields.get("reason") or "")[:200]
    return Table(entry, "gap", mapping=mapping, note=note)


def coverage(rows: Sequence[Table]) -> Coverage:
    """The share of tables answered for: covered, or no data of duty with a reason."""
    return Coverage(sum(t.state != "gap" for t in rows), len(rows))


@dataclass(frozen=True, slots=True)
class Standing:
    """One department's completeness."""

    department: Department
    rows: tuple[Table, ...]

    @property
    def coverage(self) -> Coverage:
        """Answered for, of all registered."""
        return coverage(self.rows)

    @property
    def gaps(self) -> int:
        """Tables without a resource or reason: what XW-35.1's detector reports."""
        return sum(t.state == "gap" for t in self.rows)


def standings(jurisdiction: Jurisdiction) -> list[Standing]:
    """Every active department with the state of its registered tables; departments without any come with none."""
    held: dict[int, list[Table]] = {}
    for table in tables(jurisdiction):
        held.setdefault(table.entry.department_id, []).append(table)
    departments = Department.objects.filter(jurisdiction=jurisdiction, active=True).exclude(kind=VENDOR_KIND)
    return [Standing(d, tuple(held.get(d.pk, ()))) for d in departments]


def gaps(jurisdiction: Jurisdiction) -> list[Table]:
    """Registered tables no resource covers: the finding of 漏报 (XW-35.1), for supervision."""
    return [t for t in tables(jurisdiction) if t.state == "gap"]


def likely(table: Table) -> list[Match]:
    """Published resources of the same department that a table may belong to."""
    entry = table.entry
    found = suggestions(entry.jurisdiction_id, entry.title, ())
    return [m for m in found if m.entry.department_id == entry.department_id][:3]


@transaction.atomic
def map_table(
    *, entry_id: int, ruling: str, by: Person, at: datetime, resource_id: int | None = None, reason: str = "", seen: int | None = None
) -> TableMapping:  # fmt: skip
    """Say which resource covers a registered table, or why it holds no data of duty. The earlier answer is kept.

    ``seen`` is the primary key of the answer that was shown (None: none yet). Raises NotFound, NotAllowed, Conflict, Invalid.
    """
    entry = (
        Entry.objects.select_for_update(of=("self",))
        .select_related("department__jurisdiction")
        .filter(pk=entry_id, kind__in=KINDS, active=True, jurisdiction=access.home_of(by))
        .first()
    )
    if entry is None:
        raise access.nothing()
    access.require_role(by, entry.department, at, *CLERKS)
    now = TableMapping.objects.filter(table=entry, current=True).first()
    if (now.pk if now else None) != seen:
        raise Conflict(
            f"“{entry.title}”的对应关系已被他人修改",
            remedy="请刷新后核对",
            object_=entry.title,
            code="stewardship.mapping_moved",
        )
    resource = None
    if ruling == TableMapping.Ruling.COVERED:
        own = Resource.objects.filter(department=entry.department, version__gt=0).exclude(state=Resource.State.RETIRED)
        resource = own.filter(pk=resource_id or 0).first()
        if resource is None:
            raise Invalid(
                "请选择本部门已发布的资源", remedy="没有相应资源的，请先编制目录并发布", object_=entry.title, code="stewardship.no_resource",
            )  # fmt: skip
    elif ruling == TableMapping.Ruling.NOT_DUTY:
        if not reason.strip():
            raise Invalid(
                "不属于履职数据的，须写明理由", remedy="请写明理由，如系统配置表、日志表", object_=entry.title, code="stewardship.missing_reason",
            )  # fmt: skip
    else:
        raise NotFound("没有这种结论", remedy="请从页面给出的选项中选择", code="stewardship.ruling")
    if now:
        now.current = False
        now.save(update_fields=["current"])
    made = TableMapping.objects.create(
        department=entry.department,
        table=entry,
        ruling=ruling,
        resource=resource,
        reason=reason.strip()[:500],
        by=by,
        at=at,
    )
    access.note(
        "table_mapped", kind="data_table", id=entry.pk, by=by, at=at, department=entry.department_id,
        resource=(resource.code or "") if resource else "", outcome=ruling,
    )  # fmt: skip
    return made
