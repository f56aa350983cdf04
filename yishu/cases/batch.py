"""Several cases that wait at the same step, decided with one outcome and one reason: each its own transaction and report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db.models import QuerySet

from yishu.cases.actions import CaseMoved
from yishu.cases.models import Case
from yishu.cases.parties import waiting_for
from yishu.cases.ports import BatchHandler
from yishu.cases.procedures import procedure_of
from yishu.cases.registry import handler
from yishu.kernel.errors import Invalid, PublicError
from yishu.kernel.references import Reference
from yishu.law.kinds import Outcome
from yishu.orgs.models import Person

MOST = 200
"""Cases decided at once; more would keep the request too long."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one case: ``done``, ``moved`` (somebody was first) or ``refused`` (why and what to do in words)."""

    case: Case
    state: Literal["done", "moved", "refused"]
    words: str
    remedy: str = ""
    reference: Reference | None = None


def outcomes_for(case: Case) -> tuple[Outcome, ...]:
    """The outcomes of a case's present step that may be taken for several cases at once."""
    try:
        owner = handler(case.procedure)
    except KeyError:
        return ()
    if not isinstance(owner, BatchHandler) or case.closed_at:
        return ()
    step = procedure_of(case).steps[case.step]
    return tuple(step.outcomes[key] for key in owner.batch_outcomes(case.step) if key in step.outcomes)


def selected(person: Person, ids: Sequence[UUID]) -> QuerySet[Case]:
    """The chosen cases that wait for a person, oldest deadline first. Raises Invalid for more than ``MOST``."""
    if len(ids) > MOST:
        raise Invalid(f"一次最多办理 {MOST} 件", remedy="请分几次办理", code="cases.batch_too_large")
    rows = waiting_for(person).filter(pk__in=ids).select_related("jurisdiction", "department", "provider", "opened_by")
    return rows.order_by("ends_on", "pk")


def same_step(cases: Sequence[Case]) -> bool:
    """Whether all cases wait at one step of one procedure."""
    return len({(case.procedure, case.step) for case in cases}) == 1


def decide_batch(
    *, chosen: Sequence[tuple[UUID, int]], outcome: str, reason: str, by: Person, at: datetime
) -> tuple[Line, ...]:
    """Take ``outcome`` for every chosen case (id, revision seen), each in a transaction of its own.

    The report has a line for every case the person may see; one that fails does not hold up the others. Raises Invalid when the
    cases wait at different steps, or the outcome may not be taken for several at once.
    """
    seen = dict(chosen)
    cases = list(selected(by, list(seen)))
    if not cases:
        raise Invalid("所选办件都已不在您的待办中", remedy="请回到工作台重新选择", code="cases.batch_empty")
    if not same_step(cases):
        raise Invalid("所选办件不在同一步骤", remedy="请先按程序筛选，再选择同一步骤的办件", code="cases.batch_mixed")
    if outcome not in {o.key for o in outcomes_for(cases[0])}:
        raise Invalid("这种处理结果不能批量办理", remedy="请逐件办理", code="cases.batch_not_allowed")
    return tuple(_decide(case, outcome, reason, seen[case.pk], by, at) for case in cases)


def _decide(case: Case, outcome: str, reason: str, revision: int, by: Person, at: datetime) -> Line:
    owner = handler(case.procedure)
    assert isinstance(owner, BatchHandler)  # noqa: S101  (outcomes_for said so)
    form = owner.form(case, outcome, owner.batch_data(case, outcome, reason), by)
    if not form.is_valid():
        words = "；".join(str(text) for texts in form.errors.values() for text in texts)
        return Line(case, "refused", words, "请打开办件逐项填写后办理")
    try:
        owner.decide(case=case, outcome=outcome, form=form, seen_revision=revision, by=by, at=at)
    except CaseMoved as error:
        return Line(case, "moved", error.what, error.remedy)
    except PublicError as error:
        return Line(case, "refused", error.what, error.remedy, error.reference)
    step = procedure_of(case).steps[case.step]
    return Line(case, "done", step.outcomes[outcome].title)
