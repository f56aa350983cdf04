"""Reads: loads a person may see, resources a person may load, the state of a resource's pool."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from yishu.catalogue.models import Resource
from yishu.collection.errors import NoLoad
from yishu.collection.models import Load
from yishu.orgs.models import Person, RoleKind
from yishu.orgs.queries import held_roles, read_over
from yishu.orgs.rules import may_work

COLLECTION = "collection"
"""The work (``orgs.rules.VENDOR_WORK``) under which somebody from a vendor loads for the department that gave it to them."""
SORTS = {
    "received": "received_at",
    "resource": "resource__title",
    "rows": "rows_kept",
    "rejected": "rows_rejected",
    "state": "state",
}


def visible_loads(person: Person, at: datetime) -> QuerySet[Load]:
    """The loads of the departments a person is provider or responsible person of, collects for as a vendor, or looks over."""
    scope = Q(resource__department__in=read_over(person, "receipts", at))
    for role in held_roles(person, at):
        collects = role.kind == RoleKind.VENDOR and may_work(role.scope, COLLECTION)
        if collects or role.kind in (RoleKind.PROVIDER, RoleKind.RESPONSIBLE):
            scope |= Q(resource__department=role.department_id)
    return Load.objects.filter(scope).select_related("resource", "resource__department", "started_by")


def visible_load(person: Person, load_id: UUID, at: datetime) -> Load:
    """One of them; raises ``NoLoad``."""
    load = visible_loads(person, at).filter(pk=load_id).first()
    if load is None:
        raise NoLoad()
    return load


def found_loads(
    loads: QuerySet[Load], *, text: str = "", state: str = "", resource: str = "", sort: str = ""
) -> QuerySet[Load]:
    """Loads by text (resource title or code, file name), state and resource id, in order; the latest first by default."""
    if text := text.replace("\x00", ""):
        loads = loads.filter(
            Q(resource__title__icontains=text) | Q(resource__code__icontains=text) | Q(file_name__icontains=text)
        )
    if state in Load.State.values:
        loads = loads.filter(state=state)
    if resource.isdecimal():
        loads = loads.filter(resource=int(resource[:18]))
    column = SORTS.get(sort.removeprefix("-"))
    if column is None:
        return loads.order_by("-received_at", "pk")
    return loads.order_by(("-" if sort.startswith("-") else "") + column, "-received_at", "pk")


def loadable_resources(person: Person, at: datetime) -> QuerySet[Resource]:
    """The published resources a person may load: those of departments they are provider of or collect for as a vendor, by title."""
    departments = {
        role.department_id
        for role in held_roles(person, at).filter(kind__in=(RoleKind.PROVIDER, RoleKind.VENDOR))
        if role.kind == RoleKind.PROVIDER or may_work(role.scope, COLLECTION)
    }
    found = Resource.objects.filter(department__in=departments, version__gt=0)
    return found.exclude(state=Resource.State.RETIRED).select_related("department").order_by("title")


@dataclass(frozen=True, slots=True)
class PoolState:
    """How fresh a resource's pool is: what is served, and a later load that has not (yet) become it."""

    current: Load | None
    latest: Load | None

    @property
    def broken(self) -> bool:
        """Whether the latest load failed, so that what is served is older than what was sent."""
        return self.latest is not None and self.latest.state == Load.State.FAILED


def pool_state(resource_id: int) -> PoolState:
    """The state of a resource's pool, as the flow strip shows it."""
    loads = Load.objects.filter(resource=resource_id).order_by("-received_at")
    return PoolState(loads.filter(state=Load.State.PUBLISHED).first(), loads.first())
