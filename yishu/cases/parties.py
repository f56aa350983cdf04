"""Who acts on a case: the departments whose people hold a step's role, and what a person may see and decide."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from yishu.cases import rules
from yishu.cases.models import Case
from yishu.cases.procedures import present_step, procedure_of
from yishu.law.decision import Decision
from yishu.orgs.models import Department, Person, Role, RoleKind
from yishu.orgs.queries import held_roles, may_act
from yishu.orgs.rules import ALONE, reads_of

OVERSEERS = (RoleKind.AUDITOR, RoleKind.LEADER, RoleKind.GOVERNMENT)
"""Who may read every case of the jurisdiction without deciding any for it; inspectors as their office needs (``reads_of``)."""


@dataclass(slots=True)
class Parties:
    """The departments of one jurisdiction that act by their standing, read once for a page of cases."""

    jurisdiction_id: int
    _authorities: list[Department] | None = None
    _holders: dict[str, list[Department]] = field(default_factory=dict)
    _all_read: bool = False

    @property
    def authorities(self) -> list[Department]:
        """The active authorities, those of zones (片区) included."""
        if self._authorities is None:
            found = Department.objects.filter(jurisdiction_id=self.jurisdiction_id, is_authority=True, active=True)
            self._authorities = list(found)
        return self._authorities

    def authority_of(self, department: Department) -> list[Department]:
        """The authorities that look after a department: its zone's, else the jurisdiction's."""
        own = [a for a in self.authorities if a.area_id is not None and a.area_id == department.area_id]
        return own or [a for a in self.authorities if a.area_id is None]

    def holders(self, role: str) -> list[Department]:
        """The departments of the jurisdiction in which somebody holds a role now (government, leader …)."""
        if not self._all_read:
            roles = Role.objects.filter(
                revoked_at=None, department__jurisdiction_id=self.jurisdiction_id, department__active=True,
                person__is_active=True,
            ).exclude(kind__in=[RoleKind.AUTHORITY, RoleKind.CONSUMER, *rules.AT_PROVIDER])  # fmt: skip
            for row in roles.select_related("department").distinct("kind", "department_id"):
                self._holders.setdefault(row.kind, []).append(row.department)
            self._all_read = True
        return self._holders.get(role, [])

    @property
    def roles_held(self) -> Mapping[str, frozenset[int]]:
        """Every such role somebody holds, with the ids of the departments."""
        self.holders("")
        return {role: frozenset(d.pk for d in found) for role, found in self._holders.items()}


Held = Mapping[str, frozenset[int]]
"""Role kind → ids of the departments it is held in."""


def held(person: Person, at: datetime | None = None) -> Held:
    """Department ids a person acts in by role (role kind → ids), also as a substitute; inactive departments left out."""
    found: dict[str, set[int]] = {}
    for kind, department_id in held_roles(person, at or timezone.now()).values_list("kind", "department_id"):
        found.setdefault(kind, set()).add(department_id)
    return {kind: frozenset(ids) for kind, ids in found.items()}


def acting_department(case: Case, role: str, parties: Parties | None = None, step: str = "") -> Iterable[Department]:
    """The departments whose people with ``role`` act on a case at a step (default: its present one).

    The authority of the jurisdiction or zone; the provider (else who opened the case) for provider, reviewer, secrecy reviewer, head
    and delegate; the applicant; for every other role whoever holds it in the jurisdiction, and the authority while nobody does.
    """
    known = parties or Parties(case.jurisdiction_id)
    side = rules.side_of(role, step or case.step)
    if side == "authority":
        return known.authority_of(case.department)
    if side == "applicant":
        return [case.department]
    if side == "provider":
        return [case.provider or case.department]
    return known.holders(role) or known.authority_of(case.department)


def whose_turn(case: Case, parties: Parties | None = None) -> str:
    """Departments and role that act now, in words; empty once the case is closed."""
    step = present_step(case)
    if step is None:
        return ""
    names = "、".join(d.short_name or d.name for d in acting_department(case, step.role, parties))
    return f"{names}（{RoleKind(step.role).label}）"


def may_act_as(case: Case, role: str, person: Person, at: datetime, step: str = "") -> Decision:
    """Whether a person may act in a role on a case; the refusal names whose turn it is."""
    names = []
    for department in acting_department(case, role, step=step):
        decision = may_act(person, role, department, at)
        if not decision.allowed and role in rules.OVER_UNITS and department.parent is not None:
            decision = may_act(person, role, department.parent, at)
        if decision.allowed:
            return decision
        names.append(department.name)
    label = RoleKind(role).label
    return Decision(
        False,
        f"办件 {case.number} 现在由{'、'.join(names) or '主管部门'}的{label}办理",
        reference=procedure_of(case).reference,
        remedy=f"请联系{'、'.join(names) or '主管部门'}的{label}办理，或向系统管理员申请该角色",
        code="cases.wrong_role",
    )


def may_act_on(case: Case, person: Person, at: datetime) -> Decision:
    """Whether a person may decide the case's present step, with the reason and whose turn it is."""
    step = present_step(case)
    if step is None:
        return Decision(False, f"办件 {case.number} 已办结", code="cases.closed", remedy="如需再次办理，请重新发起")
    return may_act_as(case, step.role, person, at)


def authority_cases(jurisdiction_id: int, ids: frozenset[int]) -> Q:
    """Which departments' cases go to the authorities ``ids`` (a condition on cases): a zone's to its own authority, all others to the jurisdiction's."""
    authorities = list(
        Department.objects.filter(jurisdiction_id=jurisdiction_id, is_authority=True, active=True).values_list(
            "pk", "area_id"
        )
    )
    mine = {area for pk, area in authorities if pk in ids}
    zones = {area for _, area in authorities if area is not None}
    if None in mine and not zones:
        return Q()
    found = Q(department__area__in=mine - {None})
    if None in mine:
        found |= Q(department__area=None) | ~Q(department__area__in=zones)
    return found


def _at_provider(kind: str, ids: frozenset[int]) -> Q:
    found = Q(provider_id__in=ids) | Q(provider=None, department_id__in=ids)
    if kind in rules.OVER_UNITS:
        found |= Q(provider__parent__in=ids) | Q(provider=None, department__parent__in=ids)
    return found


def _at_applicant(kind: str, ids: frozenset[int]) -> Q:
    found = Q(department_id__in=ids)
    return found | Q(department__parent__in=ids) if kind in rules.OVER_UNITS else found


def visible_cases(person: Person, known: Held | None = None) -> QuerySet[Case]:
    """Cases a person may read: all of the jurisdiction (or zone) for authority and overseers, else those of their departments."""
    home = person.department
    if home is None:
        return Case.objects.none()
    cases = Case.objects.filter(jurisdiction_id=home.jurisdiction_id)
    roles = held(person) if known is None else known
    areas = _areas_watched(person, roles)
    if None in areas:
        return cases
    # Who moved to another department leaves the old one's cases behind, also those they opened.
    seen = Q(opened_by=person) & (Q(department_id=home.pk) | Q(provider_id=home.pk))
    if ids := roles.get(RoleKind.AUTHORITY):
        over = authority_cases(home.jurisdiction_id, ids)
        if not over:
            return cases
        seen |= over
    # Somebody from a vendor works for a department and an inspector looks at it: neither reads its cases for that.
    mine = frozenset(pk for kind, ids in roles.items() if kind not in ALONE for pk in ids)
    seen |= Q(department_id__in=mine) | Q(provider_id__in=mine)
    units = frozenset(pk for kind, ids in roles.items() if kind in rules.OVER_UNITS for pk in ids)
    if units:
        seen |= Q(department__parent__in=units) | Q(provider__parent__in=units)
    if areas:
        seen |= Q(department__area__in=areas) | Q(provider__area__in=areas)
    if others := [kind for kind in roles if rules.side_of(kind) == "any"]:
        seen |= Q(step_side="any", step_role__in=others) | Q(extension_role__in=others)
    return cases.filter(seen)


def _areas_watched(person: Person, roles: Held) -> frozenset[int | None]:
    """The zones whose cases somebody reads by looking over them (audit, leading group, inspection); with None, the jurisdiction's."""
    watching = [kind for kind in (*OVERSEERS, RoleKind.INSPECTOR) if kind in roles]
    if not watching:
        return frozenset()
    rows = held_roles(person, timezone.now()).filter(kind__in=watching)
    found = rows.values_list("kind", "office", "department__area_id")
    return frozenset(area for kind, office, area in found if "cases" in reads_of(kind, office))


def waiting_for(person: Person, known: Held | None = None) -> QuerySet[Case]:
    """Open cases a person may decide now: their present step, or an extension asked for; as a substitute too."""
    home = person.department
    if home is None:
        return Case.objects.none()
    turn = Q(pk__in=())
    for kind, ids in (held(person) if known is None else known).items():
        side = rules.side_of(kind)
        if side == "authority":
            where = authority_cases(home.jurisdiction_id, ids)
            turn |= Q(where, step_side=side) | Q(where, extension_role=kind)
        elif side == "any":
            turn |= Q(step_side=side, step_role=kind) | Q(extension_role=kind)
        elif side == "applicant":
            turn |= Q(_at_applicant(kind, ids), step_side=side, step_role=kind)
            turn |= Q(_at_applicant(kind, ids), extension_role=kind)
        else:
            turn |= Q(_at_provider(kind, ids), step_side=side, step_role=kind)
            turn |= Q(_at_provider(kind, ids), extension_role=kind)
            if kind in rules.AT_PROVIDER:  # a step of the applicant's own (consumer_…) names the same roles
                turn |= Q(_at_applicant(kind, ids), step_side="applicant", step_role=kind)
    return Case.objects.filter(turn, jurisdiction_id=home.jurisdiction_id, closed_at=None)
