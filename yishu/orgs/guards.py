"""Refuses actions to people without the role, and everything of another tenant."""

from datetime import datetime

from yishu.kernel.errors import NotAllowed, NotFound
from yishu.orgs import queries
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind


def require(
    by: Person | None, role: str, department: Department | None, at: datetime, *, within: Jurisdiction | None = None
) -> None:
    """Raise ``NotAllowed`` with the reason unless ``by`` may act in the role; None is the platform itself and may.

    ``within``: the jurisdiction of what is acted on. Another tenant's things do not exist for anybody: ``NotFound``.
    """
    if by is None:
        return
    if within is not None and queries.jurisdiction_id_of(by) != within.pk:
        raise not_found()
    decision = queries.may_act(by, role, department, at)
    if not decision.allowed:
        raise NotAllowed(decision.reason, remedy=decision.remedy, reference=decision.reference, code=decision.code)


def require_here(by: Person | None, role: str, of: Department | Person, at: datetime) -> None:
    """``require`` for something in the tenant of a department or person (somebody without a department has none: ``NotFound``)."""
    if by is None:
        return
    department = of if isinstance(of, Department) else of.department
    if department is None:
        raise not_found()
    require(by, role, None, at, within=department.jurisdiction)
    if role == RoleKind.ADMIN and not queries.reaches(by, role, department.area_id, at):
        raise not_found()  # an area's administrator sees and manages the area's departments only


def require_whole(by: Person | None, role: str, at: datetime, *, within: Jurisdiction) -> None:
    """``require`` for what concerns a tenant as a whole: a role held in an area's department is not enough."""
    require(by, role, None, at, within=within)
    if by is not None and not queries.reaches(by, role, None, at):
        raise NotAllowed(
            "这项操作涉及整个行政区域，片区人员不能办理",
            remedy=f"请联系本行政区域的{RoleKind(role).label}人员",
            code="orgs.area_only",
        )


def not_found() -> NotFound:
    """The one answer to a question about another tenant's things and about things that are not there."""
    return NotFound("没有这项记录，或您无权查看", remedy="请从列表重新进入", code="orgs.not_here")
