"""Who may see and do what here, in one place: jurisdiction, roles, whose lists."""

from datetime import datetime

from django.db.models import QuerySet

from yishu.kernel.errors import NotAllowed, NotFound
from yishu.kernel.references import Reference
from yishu.kernel.time import shanghai_date
from yishu.law import values
from yishu.law.packs import Missing, View
from yishu.ledger.actions import record
from yishu.ledger.facts import Fact
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind
from yishu.orgs.queries import authority_of, held_roles, may_act

_OVERSEE = (RoleKind.AUTHORITY, RoleKind.AUDITOR, RoleKind.INSPECTOR, RoleKind.LEADER, RoleKind.GOVERNMENT)
CLERKS = (RoleKind.PROVIDER, RoleKind.CONSUMER)


def home_of(person: Person) -> Jurisdiction:
    """The jurisdiction a person works in. Raises NotAllowed for an account without department."""
    if person.department is None:
        raise NotAllowed(
            "您的账号没有所属部门", remedy="请联系系统管理员设置所属部门", code="stewardship.no_department"
        )
    return person.department.jurisdiction


def law_of(jurisdiction: Jurisdiction, at: datetime) -> View:
    """The law of a jurisdiction at a moment's date."""
    return jurisdiction.law.at(shanghai_date(at))


def reference(view: View, key: str) -> Reference | None:
    """The article behind a single value, None where the law is silent."""
    try:
        return view.get(key).reference
    except Missing:
        return None


def flag(view: View, key: str) -> bool:
    """Whether the law says yes; silence is no."""
    try:
        return values.flag(view, key)[0] is True
    except Missing:
        return False


def oversees(person: Person, at: datetime) -> bool:
    """Whether a person sees the whole jurisdiction: the authority, auditors, inspectors, leading group, government."""
    roles = held_roles(person, at).filter(kind__in=_OVERSEE, department__jurisdiction=home_of(person))
    return any(r.kind != RoleKind.AUTHORITY or r.department.is_authority for r in roles.select_related("department"))


def is_authority(person: Person, at: datetime, department: Department | None = None) -> bool:
    """Whether a person acts for the authority of their jurisdiction, or for the one that looks after ``department``.

    An area's authority (片区) decides for the area's departments, never for the jurisdiction as a whole.
    """
    held = held_roles(person, at).filter(
        kind=RoleKind.AUTHORITY, department__is_authority=True, department__jurisdiction=home_of(person)
    )
    if department is None:
        return held.filter(department__area=None).exists()
    return held.filter(department__in=authority_of(department)).exists()


def own_departments(person: Person, at: datetime, *kinds: str) -> QuerySet[Department]:
    """The active departments of their jurisdiction a person holds one of the roles in (any role when none is named)."""
    held = held_roles(person, at)
    if kinds:
        held = held.filter(kind__in=kinds)
    ids = held.values_list("department_id", flat=True)
    return Department.objects.filter(pk__in=list(ids), jurisdiction=home_of(person), active=True)


def require_authority(
    by: Person, jurisdiction: Jurisdiction, at: datetime, ref: Reference | None = None, department: Department | None = None
) -> None:  # fmt: skip
    """Raise NotAllowed unless ``by`` acts for the authority of the jurisdiction, or of ``department``; NotFound from elsewhere."""
    same_home(by, jurisdiction)
    if not is_authority(by, at, department):
        raise NotAllowed(
            "由数据主管部门办理，您没有这个角色",
            remedy="请联系数据主管部门经办人员",
            reference=ref,
            code="stewardship.authority_only",
        )


def require_role(by: Person, department: Department, at: datetime, *kinds: str) -> None:
    """Raise NotAllowed unless ``by`` holds one of the roles in the department; NotFound from elsewhere."""
    same_home(by, department.jurisdiction)
    answers = [may_act(by, kind, department, at) for kind in kinds]
    if not any(a.allowed for a in answers):
        raise NotAllowed(
            answers[0].reason, remedy=answers[0].remedy, object_=department.name, code="stewardship.role_needed"
        )


def same_home(by: Person, jurisdiction: Jurisdiction) -> None:
    """Raise NotFound for somebody of another jurisdiction: what is not theirs does not exist."""
    if by.department is None or by.department.jurisdiction_id != jurisdiction.pk:
        raise nothing()


def nothing() -> NotFound:
    """The answer for what does not exist or may not be known."""
    return NotFound("没有这条记录，或您无权查看", remedy="请从列表重新进入", code="stewardship.not_found")


def note(
    event: str, *, kind: str, id: object, by: Person | None, at: datetime, department: int | None = None, resource: str = "", **facts: Fact
) -> None:  # fmt: skip
    """Write one event of this context to the ledger: ``stewardship.<event>`` about ``stewardship.<kind>``."""
    record(
        kind="event", by=by, at=at, department=department, resource=resource,
        facts={"event": f"stewardship.{event}", "object": f"stewardship.{kind}", "object_id": str(id), **facts},
    )  # fmt: skip
