"""Refusals of authenticated callers: recorded in the ledger first, then answered."""

import re
from datetime import datetime
from uuid import UUID

from yishu.gateway.committer import Committer
from yishu.gateway.rules import NOT_GRANTED, Grant, Subject, may_look_up
from yishu.kernel.codes import resource_code_problem
from yishu.kernel.errors import NotAllowed, NotFound, PublicError
from yishu.kernel.references import Reference
from yishu.law.decision import Decision
from yishu.ledger.entries import REFUSAL, Entry
from yishu.ledger.facts import Fact, personal

_SEGMENT = re.compile(r"[0-9]{1,24}-[0-9]{1,12}", re.ASCII)


def resource_code(segment: str) -> str | None:
    """The resource code written in a URL with ``-`` for ``/``; None when no resource can have that code."""
    if not _SEGMENT.fullmatch(segment):
        return None
    code = segment.replace("-", "/")
    return None if resource_code_problem(code) else code


def refusal_of(decision: Decision, grant: Grant | None) -> PublicError:
    """The error a caller gets. "Not granted" has nothing in it that depends on the resource: existing or not, the same bytes."""
    if decision.code == NOT_GRANTED or grant is None:
        return NotFound(decision.reason, remedy=decision.remedy, code=NOT_GRANTED)
    return NotAllowed(
        decision.reason,
        remedy=decision.remedy,
        code=decision.code,
        object_=str(grant.id),
        reference=decision.reference or _reference(grant),
        extra={"article": grant.spec["article"]} if grant.spec.get("article") else None,
    )


async def refuse(
    committer: Committer,
    subject: Subject,
    call: str,
    now: datetime,
    *,
    code: str = "",
    grant: Grant | None = None,
    decision: Decision | None = None,
    withdrawn: UUID | None = None,
    served: bool = False,
) -> PublicError:
    """Record a refusal durably and return the error to raise.

    ``served`` says that the resource exists; a made-up code that looks like a person's number is not recorded.
    ``withdrawn`` is the receipt id of a delivery entry whose answer was held back because the grant changed meanwhile.
    Raises ``Unavailable`` (503) when the ledger cannot take the entry.
    """
    if decision is None:
        decision = may_look_up(None, now.date())
    error = refusal_of(decision, grant)
    facts: dict[str, Fact] = {"call": call, "code": error.code, "status": error.status}
    if withdrawn is not None:
        facts["request"] = str(withdrawn)
    grant_id = None if grant is None else grant.id
    department = str(subject.department_id)
    if personal(code) and grant is None and not served:
        code = ""
    entry = Entry(REFUSAL, now, subject.actor, department, code, grant_id, facts=facts)
    await committer.record(entry)
    return error


def _reference(grant: Grant) -> Reference | None:
    """The article the grant rests on, as compiled into its spec (``reference``: pack, instrument, article, row)."""
    found = grant.spec.get("reference")
    if not isinstance(found, dict):
        return None
    return Reference(*(str(found.get(name, "")) for name in ("pack", "instrument", "article", "row")))
