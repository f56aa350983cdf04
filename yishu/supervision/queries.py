"""Whose figures somebody may read: the departments they look over, a platform under theirs, their own department."""

from datetime import datetime

from django.db.models import F, QuerySet

from yishu.cases.models import Case
from yishu.cases.parties import visible_cases, waiting_for
from yishu.orgs.models import VENDOR_KIND, Department, Person, RoleKind
from yishu.orgs.queries import departments_as, jurisdiction_of, read_over, roles_of
from yishu.orgs.tenants import lower_standings
from yishu.supervision.figures import Overview, Row, figures_of

READERS = frozenset({RoleKind.AUTHORITY, RoleKind.LEADER, RoleKind.GOVERNMENT, RoleKind.AUDITOR, RoleKind.INSPECTOR})
"""Who looks over departments; inspectors and an area's authority as far as ``read_over`` lets them."""


def departments_over(person: Person, at: datetime) -> QuerySet[Department]:
    """The active departments a person looks over, technical service providers left out; none for whoever looks over nobody."""
    if not READERS & set(roles_of(person, at)):
        return Department.objects.none()
    return read_over(person, "catalogue", at).filter(active=True).exclude(kind=VENDOR_KIND)


def overview(person: Person, at: datetime) -> Overview | None:
    """The figures of the departments a person looks over; None for somebody who looks over none."""
    place = jurisdiction_of(person)
    departments = list(departments_over(person, at).order_by("name", "pk"))
    if place is None or not departments:
        return None
    return figures_of(place, departments, visible_cases(person), at)


def lower_overview(person: Person, pk: int, at: datetime) -> Overview | None:
    """The figures of a logical platform under a person's own, all together: counts, and no department or person by name (XZ-1.4).

    For the authority, leading group and government above it (``orgs.tenants.lower_standings``); None for everybody else.
    """
    place = next((s.jurisdiction for s in lower_standings(person, at) if s.jurisdiction.pk == pk), None)
    if place is None:
        return None
    departments = list(Department.objects.filter(jurisdiction=place, active=True).exclude(kind=VENDOR_KIND))
    found = figures_of(place, departments, Case.objects.filter(jurisdiction=place), at)
    return Overview(place, (), found.total)


def kinds_of(person: Person, at: datetime) -> frozenset[str]:
    """The roles a person acts with."""
    return frozenset(roles_of(person, at))


def own_departments(person: Person, at: datetime) -> tuple[int, ...]:
    """Ids of the departments whose page a person may open as one of its people: whoever provides for it or answers for it."""
    held = departments_as(person, at, RoleKind.RESPONSIBLE, RoleKind.PROVIDER, RoleKind.OFFICE_HEAD)
    return tuple(held.order_by("name").values_list("pk", flat=True))


def department_figures(person: Person, department_id: int, at: datetime) -> Row | None:
    """One department's figures, for its people and for whoever looks over it; None for everybody else."""
    found = departments_over(person, at).filter(pk=department_id).first()
    if found is None and department_id in own_departments(person, at):
        found = Department.objects.filter(pk=department_id).first()
    if found is None:
        return None
    department = Department.objects.select_related("jurisdiction", "responsible").get(pk=found.pk)
    return figures_of(department.jurisdiction, [department], visible_cases(person), at).rows[0]


def to_sign(person: Person, at: datetime) -> QuerySet[Case]:
    """The cases that wait for the person's own signature as responsible person of a department, the nearest end first."""
    mine = waiting_for(person).filter(step_role=RoleKind.RESPONSIBLE)
    return mine.select_related("jurisdiction", "department", "provider", "opened_by").order_by(
        F("ends_on").asc(nulls_last=True), "pk"
    )
