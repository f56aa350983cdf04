"""Responsibility lists: made from the catalogue, demands and source decisions; versioned; acknowledged; measured.

A list keeps lines, not copies: a line stands in the versions from ``since`` to before ``until``, so that a publication
writes what it changes and nothing else. A law without responsibility lists (``catalogue.responsibility_list``) gets none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from yishu.catalogue.models import Resource, SearchEntry
from yishu.catalogue.queries import published
from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.errors import Conflict, Invalid
from yishu.kernel.references import Reference
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind
from yishu.stewardship import access, registry, rules
from yishu.stewardship.models import (
    Cluster,
    Demand,
    Member,
    Responsibility,
    ResponsibilityList,
    ResponsibilityVersion,
)
from yishu.stewardship.notices import tell_department

KEY = "catalogue.responsibility_list"
FACTS = ("resource_id", "title", "code", "elements", "cadence", "unit", "basis")


@dataclass(frozen=True, slots=True)
class Line:
    """What a line of a list should say."""

    kind: str
    subject_id: int
    title: str
    resource_id: int | None = None
    code: str = ""
    elements: tuple[str, ...] = ()
    cadence: str = ""
    unit: str = ""
    basis: str = ""


def applies(jurisdiction: Jurisdiction, at: datetime) -> bool:
    """Whether the law of the day knows responsibility lists."""
    return access.flag(access.law_of(jurisdiction, at), KEY)


def reference(jurisdiction: Jurisdiction, at: datetime) -> Reference | None:
    """The article behind responsibility lists, or behind their absence."""
    return access.reference(access.law_of(jurisdiction, at), KEY)


def follow_publication(*, spec: ResourceSpec, by: Person | None, at: datetime) -> None:
    """Bring the department's list up to date with a published version, in the publishing transaction."""
    department = Department.objects.select_related("jurisdiction").get(pk=spec.department_id)
    if applies(department.jurisdiction, at):
        _change(
            department, put=[resource_line(spec, department)], cause=ResponsibilityVersion.Cause.PUBLICATION,
            subject=spec.title, by=by, at=at,
        )  # fmt: skip


def follow_retirement(*, resource: Resource, by: Person | None, at: datetime) -> None:
    """Take a retired resource off the list, in the retiring transaction."""
    ends = [(Responsibility.Kind.RESOURCE, resource.pk)]
    cause = ResponsibilityVersion.Cause.RETIREMENT
    _change(resource.department, ends=ends, cause=cause, subject=resource.title, by=by, at=at)


def put_demand(*, demand: Demand, department: Department, basis: str, by: Person, at: datetime) -> None:
    """Put a demand on a department's list as its duty; the caller has checked who decides."""
    line = Line(
        Responsibility.Kind.DEMAND, demand.pk, demand.title, elements=tuple(demand.items), unit=department.unit or department.name,
        basis=basis[:300],
    )  # fmt: skip
    cause = ResponsibilityVersion.Cause.DEMAND
    _change(department, put=[line], cause=cause, subject=demand.title, by=by, at=at)


def end_demand(*, demand: Demand, by: Person | None, at: datetime) -> None:
    """Take a demand off the list it was put on, when it is met otherwise or withdrawn."""
    if demand.duty_of is not None:
        ends = [(Responsibility.Kind.DEMAND, demand.pk)]
        cause = ResponsibilityVersion.Cause.DEMAND
        _change(demand.duty_of, ends=ends, cause=cause, subject=demand.title, by=by, at=at)


def follow_decision(*, cluster: Cluster, by: Person, at: datetime) -> None:
    """After a decision on a source: the source's list gains the datum, the others' resources lose it."""
    if not applies(cluster.jurisdiction, at):
        return
    members = list(cluster.members.select_related("datum"))
    involved = {m.datum.department_id for m in members} | ({cluster.source_id} if cluster.source_id else set())
    cause = ResponsibilityVersion.Cause.SOURCE
    for department in Department.objects.filter(pk__in=involved).select_related("jurisdiction").order_by("pk"):
        own = sorted({m.datum.resource_id for m in members if m.datum.department_id == department.pk})
        put = [resource_line(published(id=pk), department) for pk in own]
        ends: list[tuple[str, int]] = []
        if department.pk == cluster.source_id:
            put.append(_source_line(cluster, members, department))
        else:
            ends.append((Responsibility.Kind.SOURCE, cluster.pk))
        _change(department, put=put, ends=ends, cause=cause, subject=cluster.name, by=by, at=at)


def _source_line(cluster: Cluster, members: Sequence[Member], department: Department) -> Line:
    held = next((m.datum for m in members if m.ruling == Member.Ruling.SOURCE), None)
    return Line(
        Responsibility.Kind.SOURCE, cluster.pk, cluster.name, resource_id=held.resource_id if held else None, elements=(cluster.name,),
        unit=department.unit or department.name, basis=cluster.reason[:300],
    )  # fmt: skip


def resource_line(spec: ResourceSpec, department: Department) -> Line:
    """The line of a published resource: its items less those that were decided to come from elsewhere."""
    given_up = set(
        Member.objects.filter(datum__resource_id=spec.id, ruling=Member.Ruling.USE).values_list(
            "datum__column", flat=True
        )
    )
    return Line(
        Responsibility.Kind.RESOURCE,
        spec.id,
        spec.title,
        resource_id=spec.id,
        code=spec.code,
        elements=tuple(i.name for i in spec.items if i.column not in given_up),
        cadence=spec.update_cycle,
        unit=str(spec.elements.get("unit") or department.unit or department.name)[:120],
        basis="总目录分解",
    )


@transaction.atomic
def rebuild(*, jurisdiction: Jurisdiction, by: Person, at: datetime) -> int:
    """Break the whole catalogue down into the departments' lists (XW-9.1); returns how many lists changed.

    For a platform whose catalogue is older than its lists; publications keep them up to date by themselves.
    Raises NotAllowed unless by the authority, Conflict where the law knows no such lists.
    """
    access.require_authority(by, jurisdiction, at, reference(jurisdiction, at))
    if not applies(jurisdiction, at):
        raise Conflict(
            "本地规定没有责任清单", remedy="采集责任以目录中的提供方为准", reference=reference(jurisdiction, at), code="stewardship.no_lists",
        )  # fmt: skip
    changed = 0
    for department in Department.objects.filter(jurisdiction=jurisdiction).order_by("pk"):
        ids = list(SearchEntry.objects.filter(department=department).order_by("pk").values_list("pk", flat=True))
        put = [resource_line(published(id=pk), department) for pk in ids]
        gone = Responsibility.objects.filter(
            listing_id=department.pk, until=None, kind=Responsibility.Kind.RESOURCE
        ).exclude(subject_id__in=ids)
        ends = [(Responsibility.Kind.RESOURCE, pk) for pk in gone.values_list("subject_id", flat=True)]
        cause = ResponsibilityVersion.Cause.REBUILD
        changed += _change(department, put=put, ends=ends, cause=cause, subject="全部目录", by=by, at=at)
    return changed


def _change(
    department: Department,
    *,
    put: Iterable[Line] = (),
    ends: Iterable[tuple[str, int]] = (),
    cause: ResponsibilityVersion.Cause,
    subject: str,
    by: Person | None,
    at: datetime,
) -> bool:
    """Write a new version when something changes. The list's row is locked to the end of the transaction."""
    ResponsibilityList.objects.get_or_create(department=department)
    held = ResponsibilityList.objects.select_for_update().get(pk=department.pk)
    lines = list(put)
    keys = {(line.kind, line.subject_id) for line in lines} | set(ends)
    wanted = Q(pk__in=())
    for kind in {k for k, _ in keys}:
        wanted |= Q(kind=kind, subject_id__in=[s for k, s in keys if k == kind])
    current = {(e.kind, e.subject_id): e for e in held.entries.filter(wanted, until=None)}
    stale: list[int] = []
    fresh: list[Responsibility] = []
    for line in lines:
        values: dict[str, Any] = {name: getattr(line, name) for name in FACTS}
        values["elements"] = list(line.elements)
        old = current.get((line.kind, line.subject_id))
        if old and all(getattr(old, name) == value for name, value in values.items()):
            continue
        stale += [old.pk] if old else []
        fresh.append(
            Responsibility(listing=held, kind=line.kind, subject_id=line.subject_id, since=held.number + 1, **values)
        )
    stale += [current[key].pk for key in ends if key in current]
    if not stale and not fresh:
        return False
    held.number += 1
    held.save(update_fields=["number"])
    Responsibility.objects.filter(pk__in=stale).update(until=held.number)
    Responsibility.objects.bulk_create(fresh)
    ResponsibilityVersion.objects.create(
        listing=held,
        number=held.number,
        cause=cause,
        subject=subject[:200],
        added=len(fresh),
        ended=len(stale),
        made_at=at,
    )
    _ask_to_acknowledge(department, held, at)
    access.note(
        "list_changed", kind="responsibility_list", id=department.pk, by=by, at=at, department=department.pk,
        version=held.number, action=cause.value, count=len(fresh) + len(stale),
    )  # fmt: skip
    return True


def _ask_to_acknowledge(department: Department, held: ResponsibilityList, at: datetime) -> None:
    """Tell the responsible people once until they acknowledge, however many versions follow one another."""
    last = held.versions.exclude(acknowledged_at=None).values_list("number", flat=True).first() or 0
    tell_department(
        department, (RoleKind.RESPONSIBLE,), f"list.{department.pk}.after.{last}", f"责任清单有新版，请确认：{department.name}",
        f"/stewardship/responsibilities/{department.pk}/", at,
    )  # fmt: skip


@transaction.atomic
def acknowledge_list(*, department_id: int, seen_version: int, by: Person, at: datetime) -> ResponsibilityVersion:
    """The department's responsible person acknowledges the current version, and with it what came before.

    Raises NotFound, NotAllowed, Conflict when the list has changed since it was read or is acknowledged already.
    """
    department = department_of(by, department_id)
    access.require_role(by, department, at, RoleKind.RESPONSIBLE)
    held = ResponsibilityList.objects.select_for_update().filter(pk=department.pk).first()
    if held is None or held.number == 0:
        raise Conflict(
            "本部门还没有责任清单", remedy="目录发布后自动形成", object_=department.name, code="stewardship.no_list"
        )
    if held.number != seen_version:
        raise Conflict(
            f"责任清单已更新为第 {held.number} 版，您看到的是第 {seen_version} 版", remedy="请刷新后核对新版再确认",
            object_=department.name, code="stewardship.list_changed", extra={"version": held.number},
        )  # fmt: skip
    version = held.versions.get(number=held.number)
    if version.acknowledged_at:
        raise Conflict(
            "本版责任清单已经确认", remedy="无需重复确认", object_=department.name, code="stewardship.acknowledged"
        )
    version.acknowledged_by, version.acknowledged_at = by, at
    version.save(update_fields=["acknowledged_by", "acknowledged_at"])
    access.note(
        "list_acknowledged", kind="responsibility_list", id=department.pk, by=by, at=at, department=department.pk,
        version=version.number,
    )  # fmt: skip
    return version


def department_of(person: Person, department_id: int) -> Department:
    """A department of the person's own jurisdiction. Raises NotFound."""
    rows = Department.objects.select_related("jurisdiction").filter(jurisdiction=access.home_of(person))
    found = rows.filter(pk=department_id).first()
    if found is None:
        raise access.nothing()
    return found


def lines_of(department: Department, number: int | None = None) -> QuerySet[Responsibility]:
    """The lines of a department's list, of the current version or an earlier one, by title."""
    lines = Responsibility.objects.filter(listing_id=department.pk).select_related("resource")
    if number is None:
        return lines.filter(until=None).order_by("title", "pk")
    return lines.filter(Q(until=None) | Q(until__gt=number), since__lte=number).order_by("title", "pk")


def versions_of(department: Department) -> QuerySet[ResponsibilityVersion]:
    """The versions of a department's list, newest first."""
    return ResponsibilityVersion.objects.filter(listing_id=department.pk).select_related("acknowledged_by")


def fulfilment(lines: Sequence[Responsibility], at: datetime) -> dict[int, rules.Kept]:
    """For each line, by primary key: loaded and fresh at a moment? A duty without a resource yet is missing."""
    newest = registry.newest_loads([e.resource_id for e in lines if e.resource_id])
    return {e.pk: rules.kept(e.cadence, newest.get(e.resource_id or 0), at) for e in lines}


def fulfilled(lines: Sequence[Responsibility], at: datetime) -> rules.Coverage:
    """The share of lines kept (XW-9.2, JY-18): loaded within their cadence."""
    held = fulfilment(lines, at).values()
    return rules.Coverage(sum(k.state == "fresh" for k in held), len(held))


@dataclass(frozen=True, slots=True)
class Standing:
    """One department's list in one line: version, who acknowledged it, how it is kept."""

    department: Department
    number: int
    version: ResponsibilityVersion | None
    kept: rules.Coverage


def standings(departments: Sequence[Department], at: datetime) -> list[Standing]:
    """The lists of some departments with their measure, in the given order. Four queries, however many departments."""
    ids = [d.pk for d in departments]
    numbers = dict(ResponsibilityList.objects.filter(pk__in=ids).values_list("pk", "number"))
    lines: dict[int, list[Responsibility]] = {}
    rows = Responsibility.objects.filter(listing_id__in=ids, until=None).only(
        "pk", "listing_id", "cadence", "resource_id"
    )
    for line in rows:
        lines.setdefault(line.listing_id, []).append(line)
    newest = registry.newest_loads({e.resource_id for es in lines.values() for e in es if e.resource_id})
    versions = {
        v.listing_id: v
        for v in ResponsibilityVersion.objects.filter(listing_id__in=ids)
        .select_related("acknowledged_by")
        .order_by("listing_id", "-number")
        .distinct("listing_id")
    }
    found = []
    for department in departments:
        own = lines.get(department.pk, [])
        fresh = sum(rules.kept(e.cadence, newest.get(e.resource_id or 0), at).state == "fresh" for e in own)
        found.append(
            Standing(
                department, numbers.get(department.pk, 0), versions.get(department.pk), rules.Coverage(fresh, len(own))
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Outside:
    """A datum a department goes on collecting although it is not on its list: where, and what to do."""

    resource: Resource
    item: str
    source: str
    newest: datetime | None


def outside_list(department: Department) -> list[Outside]:
    """清单外采集: items decided to come from another department that are still loaded after the decision (XW-12.1)."""
    members = Member.objects.filter(
        datum__department=department, ruling=Member.Ruling.USE, cluster__state=Cluster.State.DECIDED
    ).select_related("datum__resource", "cluster__source")
    newest = registry.newest_loads({m.datum.resource_id for m in members})
    found = []
    for member in members:
        last = newest.get(member.datum.resource_id)
        if last and member.cluster.decided_at and last > member.cluster.decided_at:
            source = member.cluster.source.name if member.cluster.source else ""
            found.append(Outside(member.datum.resource, member.datum.name, source, last))
    return found


def check_version(text: str, current: int) -> int | None:
    """The version number a page asks for, None for the current one. Raises Invalid for what cannot be one."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 0 < int(text) <= current):
        raise Invalid("没有这个版本", remedy="请从版本列表中选择", code="stewardship.no_version", status=404)
    return None if int(text) == current else int(text)
