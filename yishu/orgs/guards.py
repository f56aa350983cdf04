"""Refuses actions to people without the role."""

from datetime import datetime

from yishu.kernel.errors import NotAllowed
from yishu.orgs import queries
from yishu.orgs.models import Department, Person


def require(by: Person | None, role: str, department: Department | None, at: datetime) -> None:
    """Raise ``NotAllowed`` with the reason unless ``by`` may act in the role; None is the platform itself and may."""
    if by is None:
        return
    decision = queries.may_act(by, role, department, at)
    if not decision.allowed:
        raise NotAllowed(decision.reason, remedy=decision.remedy, reference=decision.reference, code=decision.code)
