"""Reads: who holds which role, what a department lacks, what stands in the lists."""

from datetime import date, datetime

from django.db.models import Q, QuerySet

from yishu.law import packs, values
from yishu.law.decision import Decision
from yishu.law.kinds import RequiredField
from yishu.orgs import rules
from yishu.orgs.models import Client, Department, Jurisdiction, Person, Role, RoleKind


def any_person() -> bool:
    """Whether the platform has been set up."""
    return Person.objects.exists()


def the_jurisdiction() -> Jurisdiction | None:
    """The platform's jurisdiction; None before the first visit."""
    return Jurisdiction.objects.order_by("id").first()


def law_view(jurisdiction: Jurisdiction, day: date) -> packs.View:
    """The jurisdiction's pack at a date (Asia/Shanghai)."""
    return packs.load(jurisdiction.pack).at(day)


def held_roles(person: Person, at: datetime) -> QuerySet[Role]:
    """The roles a person holds at a moment, in active departments; none for someone switched off."""
    if not person.is_active:
        return Role.objects.none()
    return Role.objects.filter(
        Q(revoked_at=None) | Q(revoked_at__gt=at), person=person, granted_at__lte=at, department__active=True
    )


def roles_of(person: Person) -> frozenset[str]:
    """The keys of all roles a person holds now (``authority``, ``provider`` …), in whichever department."""
    if not person.is_active:
        return frozenset()
    found = Role.objects.filter(person=person, revoked_at=None, department__active=True)
    return frozenset(found.values_list("kind", flat=True))


def may_act(person: Person, role: str, department: Department | None, at: datetime) -> Decision:
    """Whether a person may act in a role for a department at a moment; department None: in any.

    ``authority`` counts only in a department that is the authority. The answer says what is missing.
    """
    if not person.is_active:
        return Decision(False, "该账号已停用", remedy="请联系系统管理员", code="orgs.person_inactive")
    title = RoleKind(role).label
    held = held_roles(person, at).filter(kind=role)
    if role == RoleKind.AUTHORITY:
        held = held.filter(department__is_authority=True)
    if department is not None:
        held = held.filter(department=department)
    if held.exists():
        where = department.name if department else "所在部门"
        return Decision(True, f"在{where}担任“{title}”")
    where = f"{department.name}的" if department else ""
    return Decision(
        False,
        f"需要由{where}“{title}”办理，您没有这个角色",
        remedy=f"请转{where}“{title}”人员办理；如职责有调整，请联系系统管理员授予角色",
        code="orgs.role_needed",
    )


def required_profile(jurisdiction: Jurisdiction, day: date) -> tuple[RequiredField, ...]:
    """The fields the law demands in a department's profile (pack form ``department.profile``)."""
    view = law_view(jurisdiction, day)
    return values.required(view, "department.profile") if view.has("required.department.profile") else ()


def missing_profile(department: Department, day: date) -> tuple[RequiredField, ...]:
    """What a department's profile still lacks (XW-5.2)."""
    profile = rules.Profile(department.responsible_id is not None, department.unit, department.officers.count())
    return rules.missing_profile(profile, required_profile(department.jurisdiction, day))


def may_own_resources(department: Department, day: date) -> Decision:
    """Whether a department may own resources and apply for them (XW-2.2)."""
    if not department.active:
        return Decision(False, "该部门已停用", remedy="请联系系统管理员", code="orgs.department_inactive")
    return rules.may_own_resources(department.kind, values.options(law_view(department.jurisdiction, day), "org_kinds"))


def clients_of(department: Department) -> QuerySet[Client]:
    """The machine clients of a department that may still be used, by name."""
    return Client.objects.filter(department=department, disabled_at=None)


def people_with(role: str, department: Department | None = None) -> QuerySet[Person]:
    """The active people who hold a role now, by name."""
    found = Person.objects.filter(is_active=True, roles__kind=role, roles__revoked_at=None)
    if department is not None:
        found = found.filter(roles__department=department)
    return found.distinct().order_by("name")
