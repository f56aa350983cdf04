"""Reads: which registers the law opens, their entries, who may write them. Every query stays in one jurisdiction."""

from datetime import date

from django.db.models import Q, QuerySet

from yishu.kernel.errors import NotFound
from yishu.law import values
from yishu.law.kinds import Option, Register
from yishu.law.packs import Missing
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind
from yishu.orgs.queries import areas_as, may_act, roles_of
from yishu.registers import rules
from yishu.registers.models import Entry, Filing

READ_ALL = frozenset(
    {
        RoleKind.AUTHORITY, RoleKind.AUDITOR, RoleKind.INSPECTOR, RoleKind.LEADER, RoleKind.GOVERNMENT, RoleKind.OPERATOR
    }
)  # fmt: skip
_OPEN = frozenset({"guide", "standard"})
"""Registers everybody signed in may read: how to use the platform, and its standards (XZ-5.4.3, XW-11.2)."""


def registers(jurisdiction: Jurisdiction, on: date) -> tuple[Register, ...]:
    """Every register the jurisdiction's law opens on an Asia/Shanghai date, in the order of its pack."""
    return values.registers(jurisdiction.law.at(on))


def register(jurisdiction: Jurisdiction, kind: str, on: date) -> Register:
    """One register. Raises NotFound when the law opens none of that kind, with what it says instead."""
    try:
        return values.register(jurisdiction.law.at(on), kind)
    except Missing as error:
        raise NotFound(
            "本行政区域没有这种登记簿", why=error.why or "", remedy="请从登记簿页选择", code="registers.no_register"
        ) from error


def entries(jurisdiction: Jurisdiction, kind: str) -> QuerySet[Entry]:
    """The entries in force of one register, by title."""
    found = Entry.objects.filter(jurisdiction=jurisdiction, kind=kind, active=True)
    return found.select_related("department").order_by("title", "pk")


def visible_entries(person: Person, kind: str = "") -> QuerySet[Entry]:
    """Entries a person may read: the whole jurisdiction's for the authority and who oversees it, else those of their department.

    Guides and standards are open to everybody in the jurisdiction. ``kind`` empty: of every register.
    """
    if person.department is None:
        return Entry.objects.none()
    found = Entry.objects.filter(jurisdiction_id=person.department.jurisdiction_id)
    found = found.select_related("department", "jurisdiction")
    if kind:
        found = found.filter(kind=kind)
    if roles_of(person) & READ_ALL or kind in _OPEN:
        return found
    return found.filter(department=person.department) | found.filter(kind__in=_OPEN)


def stating_breaches(found: QuerySet[Entry], held: Register) -> QuerySet[Entry]:
    """Those entries of a register in force that state a forbidden act (XZ-5.1.a, JY-31, YH-14.2); none where the pack names no act."""
    where = Q(pk__in=[])
    for field in held.fields:
        words = [word for word, _ in field.breaches]
        where |= Q(**{f"fields__{field.name}__in": words}) if words else Q(pk__in=[])
    return found.filter(where, kind=held.key, active=True)


def acts_stated(held: Register, entry: Entry, on: date) -> list[Option]:
    """The forbidden acts an entry in force states, as the jurisdiction's law lists them, each with its article."""
    view, found = entry.jurisdiction.law.at(on), []
    for key in rules.breaches(held, entry.fields) if entry.active else ():
        for name in ("prohibited_acts", "sanctioned_acts"):
            listed = values.options(view, name) if view.has(f"options.{name}") else ()
            found += [act for act in listed if act.key == key]
    return found


def entry_for(person: Person, entry_id: int) -> Entry:
    """One entry a person may read. Raises NotFound alike for one that is not there and one that is not theirs to see."""
    found = visible_entries(person).filter(pk=entry_id).first()
    if found is None:
        raise NotFound("没有这项登记，或您无权查看", remedy="请从登记簿进入", code="registers.not_found")
    return found


def departments_to_write(person: Person, held_by: Register, at: object) -> list[Department]:
    """Departments a person may enter lines for: any for the authority, their own for a department's provider or responsible."""
    home = person.department
    if home is None:
        return []
    if may_act(person, RoleKind.AUTHORITY, None, at).allowed:  # type: ignore[arg-type]
        rows = Department.objects.filter(jurisdiction_id=home.jurisdiction_id, active=True)
        areas = areas_as(person, RoleKind.AUTHORITY, at)  # type: ignore[arg-type]
        return list(rows if areas is None else rows.filter(area__in=areas))
    if held_by.kept_by == "authority":
        return []
    kinds = (RoleKind.PROVIDER, RoleKind.RESPONSIBLE, RoleKind.OPERATOR)
    return [home] if any(may_act(person, kind, home, at).allowed for kind in kinds) else []  # type: ignore[arg-type]


def filings(person: Person) -> QuerySet[Filing]:
    """Filings a person may read: all of the jurisdiction for the authority and overseers, else their department's."""
    if person.department is None:
        return Filing.objects.none()
    found = Filing.objects.filter(department__jurisdiction_id=person.department.jurisdiction_id)
    found = found.select_related("department", "person", "case", "submitted_by")
    return found if roles_of(person) & READ_ALL else found.filter(department=person.department)


def filing_in_force(department: Department) -> Filing | None:
    """The department's filing that stands, or None."""
    return department.filings.filter(superseded_at=None).exclude(filed_at=None).first()
