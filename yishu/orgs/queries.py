"""Reads: who holds which role (or stands in for whom), what a department lacks, what stands in the lists of a tenant."""

from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from yishu.kernel.references import Reference
from yishu.kernel.time import shanghai_date
from yishu.law import packs, values
from yishu.law.decision import Decision
from yishu.law.kinds import Option, RequiredField
from yishu.orgs import rules
from yishu.orgs.models import VENDOR_KIND, Client, Department, Jurisdiction, Person, Role, RoleKind, Substitute

VENDOR_LIMITED = "org.vendor_scope_limited"


def any_person() -> bool:
    """Whether the platform has been set up."""
    return Person.objects.exists()


def jurisdiction_of(person: Person) -> Jurisdiction | None:
    """A person's tenant: their department's jurisdiction; None for somebody without a department."""
    return person.department.jurisdiction if person.department else None


def jurisdiction_id_of(person: Person) -> int | None:
    """Primary key of a person's tenant, or None."""
    return person.department.jurisdiction_id if person.department else None


def law_view(jurisdiction: Jurisdiction, day: date) -> packs.View:
    """The jurisdiction's law at a date (Asia/Shanghai), in the jurisdiction's mode."""
    return jurisdiction.law.at(day)


def standing_in(person: Person, at: datetime) -> QuerySet[Substitute]:
    """For whom a person stands in at a moment (AB角), the latest first."""
    found = Substitute.objects.filter(substitute=person, since__lte=at, until__gt=at)
    found = found.filter(Q(revoked_at=None) | Q(revoked_at__gt=at), person__is_active=True)
    return found.select_related("person", "department")


def held_roles(person: Person, at: datetime) -> QuerySet[Role]:
    """The roles a person acts with at a moment: their own, and those of people they stand in for.

    Only within their own tenant, in active departments, and until the role's end; none for somebody switched off. A row's
    ``person`` is whose role it is: not ``person`` where they stand in.
    """
    home = jurisdiction_id_of(person)
    if not person.is_active or home is None:
        return Role.objects.none()
    whose = Q(person=person)
    for stand_in in standing_in(person, at):
        whose |= Q(person=stand_in.person, department=stand_in.department, kind__in=stand_in.kinds)
    return Role.objects.filter(
        whose,
        Q(revoked_at=None) | Q(revoked_at__gt=at),
        Q(until=None) | Q(until__gt=at),
        granted_at__lte=at,
        department__active=True,
        department__jurisdiction=home,
    )


def roles_of(person: Person, at: datetime | None = None) -> frozenset[str]:
    """The keys of all roles a person acts with (``authority``, ``provider`` …), in whichever department; default now."""
    return frozenset(held_roles(person, at or timezone.now()).values_list("kind", flat=True))


def departments_as(person: Person, at: datetime, *kinds: str) -> QuerySet[Department]:
    """The departments in which a person acts in one of the roles at a moment."""
    held = held_roles(person, at).filter(kind__in=kinds)
    return Department.objects.filter(pk__in=held.values("department"))


def may_act(person: Person, role: str, department: Department | None, at: datetime, *, work: str = "") -> Decision:
    """Whether a person may act in a role for a department at a moment; department None: in any of their tenant.

    ``authority`` counts only in a department that is the authority. ``work`` (a key of ``rules.VENDOR_WORK``) lets a vendor do
    that piece of work for the department that gave it to them, within its term. A substitute's answer begins with 代. The
    answer says what is missing.
    """
    if not person.is_active:
        return Decision(False, "该账号已停用", remedy="请联系系统管理员", code="orgs.person_inactive")
    title = RoleKind(role).label
    held = held_roles(person, at)
    wanted = _in(held.filter(kind=role), role, department).select_related("person", "department")
    found = sorted(wanted, key=lambda r: r.person_id != person.pk)
    if found:
        where = department.name if department else "所在部门"
        for_whom = "" if found[0].person_id == person.pk else f"代{found[0].person.name}"
        return Decision(True, f"{for_whom}在{where}担任“{title}”")
    vendor = _as_vendor(person, held, department, at, work)
    if vendor is not None:
        return vendor
    where = f"{department.name}的" if department else ""
    return Decision(
        False,
        f"需要由{where}“{title}”办理，您没有这个角色",
        remedy=f"请转{where}“{title}”人员办理；如职责有调整，请联系系统管理员授予角色",
        code="orgs.role_needed",
    )


def _in(held: QuerySet[Role], role: str, department: Department | None) -> QuerySet[Role]:
    if role == RoleKind.AUTHORITY:
        held = held.filter(department__is_authority=True)
    return held if department is None else held.filter(department=department)


def _as_vendor(
    person: Person, held: QuerySet[Role], department: Department | None, at: datetime, work: str
) -> Decision | None:
    """The answer to somebody from a vendor: their work for this department, or why not; None for everybody else."""
    mine = list(held.filter(kind=RoleKind.VENDOR)) if person.department else []
    ever = mine or list(Role.objects.filter(person=person, kind=RoleKind.VENDOR, revoked_at=None))
    jurisdiction = jurisdiction_of(person)
    if not ever or jurisdiction is None:
        return None
    reference = vendor_reference(jurisdiction, at)
    if not mine:
        return Decision(
            False, "委托期限已过，不能再办理", reference, "如需继续承担，请由委托部门重新授权", "orgs.vendor_term_over"
        )
    here = [r for r in mine if department is None or r.department_id == department.pk]
    if any(rules.may_work(r.scope, work) for r in here):
        return Decision(True, f"受委托承担“{rules.VENDOR_WORK[work]}”", reference)
    given = "、".join(rules.VENDOR_WORK[key] for role in here for key in role.scope if key in rules.VENDOR_WORK)
    what = f"“{rules.VENDOR_WORK[work]}”" if work else "该事项"
    return Decision(
        False,
        f"{what}不在委托范围内，您受委托的是：{given or '其他部门的事项'}",
        reference,
        "请由委托部门的人员办理，或由其调整委托事项",
        "orgs.vendor_out_of_scope",
    )


def vendor_reference(jurisdiction: Jurisdiction, at: datetime) -> Reference | None:
    """The article that limits vendors to what they were given, where the law has one (JY-10)."""
    held = law_view(jurisdiction, shanghai_date(at)).held.get(VENDOR_LIMITED)
    return held.reference if held is not None and (held.value is not None or held.reference.row) else None


def areas_as(person: Person, kind: str, at: datetime) -> frozenset[int] | None:
    """Where a role reaches to: None for the whole tenant, else the areas (片区) of the departments it is held in; none when not held.

    A role held in an area's department is that area's: who administers or decides there does not do so for the rest of the tenant.
    """
    held = held_roles(person, at).filter(kind=kind)
    found = set(held.values_list("department__area_id", flat=True))
    return None if None in found else frozenset(found)


def reaches(person: Person, kind: str, area_id: int | None, at: datetime) -> bool:
    """Whether a role a person acts with reaches a department of this area (None: one of no area, or the tenant as a whole)."""
    areas = areas_as(person, kind, at)
    return areas is None or area_id in areas


def acts_for(person: Person, role: str, department: Department | None, at: datetime) -> Person | None:
    """For whom a person acts when they act in a role: themselves not counted, so None for somebody with the role of their own."""
    found = list(_in(held_roles(person, at).filter(kind=role), role, department).select_related("person"))
    if any(r.person_id == person.pk for r in found):
        return None
    return found[0].person if found else None


def read_over(person: Person, what: str, at: datetime) -> QuerySet[Department]:
    """The departments whose ``catalogue``, ``cases`` or ``receipts`` a person reads by looking over them.

    The authority, auditors, inspectors (as their office needs), the leading group and the government: their jurisdiction's, or
    only their area's where their department is an area's authority. Reads of one's own department are not meant here.
    """
    scope = Q(pk__in=())
    for role in held_roles(person, at).select_related("department"):
        if what not in rules.reads_of(role.kind, role.office):
            continue
        if role.kind == RoleKind.AUTHORITY and not role.department.is_authority:
            continue
        if role.department.area_id is None:
            return Department.objects.filter(jurisdiction=role.department.jurisdiction_id)
        scope |= Q(area=role.department.area_id)
    return Department.objects.filter(scope)


def departments_seen(person: Person) -> QuerySet[Department]:
    """The departments an administrator, the authority, an auditor or an inspector sees in lists; an area's people the area's."""
    home = person.department
    if home is None:
        return Department.objects.none()
    everything = Department.objects.filter(jurisdiction=home.jurisdiction_id)
    return everything if home.area_id is None else everything.filter(area=home.area_id)


def people_seen(person: Person) -> QuerySet[Person]:
    """The people of those departments."""
    return Person.objects.filter(department__in=departments_seen(person))


def authority_of(department: Department) -> QuerySet[Department]:
    """The authority that looks after a department: its area's where it has one with an authority, else the jurisdiction's."""
    found = Department.objects.filter(jurisdiction=department.jurisdiction_id, is_authority=True, active=True)
    if department.area_id is not None:
        areas_own = found.filter(area=department.area_id)
        if areas_own.exists():
            return areas_own
    return found.filter(area=None)


def kinds_of(jurisdiction: Jurisdiction, day: date) -> tuple[Option, ...]:
    """The kinds of organisation that may be registered: the pack's ``org_kinds``, and technical service providers.

    The latter own nothing and apply for nothing; they exist so that their people can be given work for a term.
    """
    view = law_view(jurisdiction, day)
    listed = values.options(view, "org_kinds")
    if any(option.key == VENDOR_KIND for option in listed):
        return listed
    reference = view.get(VENDOR_LIMITED).reference if view.has(VENDOR_LIMITED) else view.pack.whole()
    nothing = {"may_own_resources": False, "may_apply": False}
    return (*listed, Option(VENDOR_KIND, "技术服务单位", reference, "按委托提供技术支撑，不是政务部门", nothing))


def required_profile(jurisdiction: Jurisdiction, day: date) -> tuple[RequiredField, ...]:
    """The fields the law demands in a department's profile (pack form ``department.profile``)."""
    view = law_view(jurisdiction, day)
    return values.required(view, "department.profile") if view.has("required.department.profile") else ()


def missing_profile(department: Department, day: date) -> tuple[RequiredField, ...]:
    """What a department's profile still lacks (XW-5.2); a vendor is no department of the government and has none."""
    if department.kind == VENDOR_KIND:
        return ()
    profile = rules.Profile(
        department.responsible_id is not None,
        department.unit,
        department.officers.count(),
        {str(k): str(v) for k, v in department.profile.items()},
    )
    return rules.missing_profile(profile, required_profile(department.jurisdiction, day))


def may_own_resources(department: Department, day: date) -> Decision:
    """Whether a department may own resources (XW-2.2)."""
    return _kind_may(department, day, apply=False)


def may_apply(department: Department, day: date) -> Decision:
    """Whether a department may apply for data (XW-2.2)."""
    return _kind_may(department, day, apply=True)


def _kind_may(department: Department, day: date, *, apply: bool) -> Decision:
    if not department.active:
        return Decision(False, "该部门已停用", remedy="请联系系统管理员", code="orgs.department_inactive")
    kinds = kinds_of(department.jurisdiction, day)
    return (rules.may_apply if apply else rules.may_own_resources)(department.kind, kinds)


def clients_of(department: Department) -> QuerySet[Client]:
    """The machine clients of a department that may still be used, by name."""
    return Client.objects.filter(department=department, disabled_at=None)


def people_with(
    role: str, department: Department | None = None, *, jurisdiction: Jurisdiction | None = None
) -> QuerySet[Person]:
    """The active people who hold a role of their own now, by name, in a department or a jurisdiction."""
    now = timezone.now()
    held = Role.objects.filter(Q(until=None) | Q(until__gt=now), kind=role, revoked_at=None, department__active=True)
    if department is not None:
        held = held.filter(department=department)
    if jurisdiction is not None:
        held = held.filter(department__jurisdiction=jurisdiction)
    return Person.objects.filter(is_active=True, pk__in=held.values("person")).order_by("name")
