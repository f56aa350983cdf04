"""Extending a step's clock, where the law knows an extension: asked for by who acts, granted by whom the law names."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from yishu.cases import rules
from yishu.cases.actions import locked, on_behalf
from yishu.cases.history import put_state, state_of, write
from yishu.cases.models import Case
from yishu.cases.parties import may_act_as
from yishu.cases.procedures import procedure_of
from yishu.kernel.errors import Conflict, Invalid, NotAllowed
from yishu.kernel.time import shanghai_date
from yishu.law.decision import Decision
from yishu.law.kinds import Extension, Procedure
from yishu.orgs import calendars
from yishu.orgs.models import Person, RoleKind


def extension_of(case: Case) -> Extension | None:
    """The extension the present step's clock knows, or None."""
    step = procedure_of(case).steps.get(case.step) if case.closed_at is None else None
    return step.clock.extension if step and step.clock and step.clock.working_days is not None else None


def days_left_to_extend(case: Case) -> int:
    """Working days by which the running clock may still be extended; 0 where it may not."""
    run = procedure_of(case)
    return rules.extension_left(run, state_of(case, run))


def may_extend(case: Case, person: Person, at: datetime) -> str:
    """What a person can do about extending now: ``ask``, ``grant`` (answer what was asked, or extend by themselves) or ""."""
    extension = extension_of(case)
    if extension is None or not days_left_to_extend(case) or _expired(case, at):
        return ""
    step_role = procedure_of(case).steps[case.step].role
    approves = extension.approver == step_role or case.extension_asked
    if approves and may_act_as(case, extension.approver, person, at).allowed:
        return "grant"
    acts = not case.extension_asked and extension.approver != step_role
    return "ask" if acts and may_act_as(case, step_role, person, at).allowed else ""


def _expired(case: Case, at: datetime) -> bool:
    return case.due_on is None or shanghai_date(at) > case.due_on


@transaction.atomic
def extend_clock(
    *, case_id: UUID, days: int, reason: str, by: Person, at: datetime, seen_revision: int | None = None
) -> Case:
    """Ask for an extension of the present step's clock by ``days`` working days, or grant it.

    Where the approver the pack names is not the step's own role, the first call (by who acts) asks and the second (by the approver) grants;
    otherwise one call extends. Both before the clock ends. Raises Invalid (no extension in the law, too many days, no reason),
    Conflict (expired, nothing asked, already asked), NotAllowed, NotFound, CaseMoved.
    """
    case = locked(case_id, by=by, seen_revision=seen_revision)
    run, calendar = procedure_of(case), calendars.steady()
    step, extension, left = run.steps[case.step], extension_of(case), days_left_to_extend(case)
    _check(case, extension, left, days, reason.strip(), at)
    assert extension is not None  # noqa: S101  (_check refuses None)
    before, approver = state_of(case, run), extension.approver
    approval = may_act_as(case, approver, by, at)
    if approval.allowed and (case.extension_asked or approver == step.role):
        if case.extension_asked and days > case.extension_asked:
            raise _too_many(case, extension, case.extension_asked, "不能超过申请的天数")
        after, outcome, role, may = rules.granted(run, before, days), rules.GRANTED, approver, approval
    else:
        may = may_act_as(case, step.role, by, at)
        if approver == step.role or not may.allowed:
            refusal = approval if may.allowed or not case.extension_asked else may
            if approval.allowed:
                raise Conflict(
                    "办理部门还没有申请延长时限", remedy="请由办理部门先提出申请", object_=case.number,
                    reference=extension.reference, code="cases.extension_not_asked",
                )  # fmt: skip
            raise _not_allowed(case, refusal)
        if case.extension_asked:
            raise Conflict(
                f"已申请延长 {case.extension_asked} 个工作日，正待{RoleKind(approver).label}答复",
                remedy="请等待答复", object_=case.number, reference=extension.reference, code="cases.extension_asked",
            )  # fmt: skip
        after, outcome, role = rules.asked(before, days), rules.ASKED, step.role
    put_state(case, run, after, calendar)
    case.save()
    facts = on_behalf(may, case, role, by, at)
    write(case, outcome, case.step, by=by, role=role, at=at, reason=reason.strip(), facts=facts, days=days)
    return case


@transaction.atomic
def refuse_extension(*, case_id: UUID, reason: str, by: Person, at: datetime, seen_revision: int | None = None) -> Case:
    """Refuse the extension asked for; the clock runs as it did. Raises as ``extend_clock``."""
    case = locked(case_id, by=by, seen_revision=seen_revision)
    run, extension = procedure_of(case), extension_of(case)
    asked = case.extension_asked
    if extension is None or asked is None:
        raise Conflict(
            "没有待答复的延长申请", remedy="请刷新办件页", object_=case.number, code="cases.extension_not_asked"
        )
    may = may_act_as(case, extension.approver, by, at)
    if not may.allowed:
        raise _not_allowed(case, may)
    if not reason.strip():
        raise _without_reason(case, extension)
    put_state(case, run, rules.refused(state_of(case, run)), calendars.steady())
    case.save()
    facts = on_behalf(may, case, extension.approver, by, at)
    write(
        case, rules.REFUSED, case.step, by=by, role=extension.approver, at=at, reason=reason.strip(), facts=facts,
        days=asked,
    )  # fmt: skip
    return case


def _check(case: Case, extension: Extension | None, left: int, days: int, reason: str, at: datetime) -> None:
    if extension is None:
        step = procedure_of(case).steps[case.step]
        raise Invalid(
            f"“{step.title}”的时限不能延长", why="文本没有规定延长", remedy="请在时限内办理", object_=case.number,
            reference=step.clock.reference if step.clock else step.reference, code="cases.no_extension",
        )  # fmt: skip
    if _expired(case, at):
        raise Conflict(
            "时限已经届满，不能再延长", remedy="请尽快办结，逾期情况照实记录", object_=case.number,
            reference=extension.reference, code="cases.extension_too_late",
        )  # fmt: skip
    if not 0 < days <= left:
        raise _too_many(
            case, extension, left, f"累计最多延长 {extension.working_days} 个工作日" if extension.total else ""
        )
    if not reason:
        raise _without_reason(case, extension)


def _without_reason(case: Case, extension: Extension) -> Invalid:
    return Invalid(
        "缺少理由", remedy="请写明理由", object_=case.number, reference=extension.reference,
        code="cases.extension_without_reason",
    )  # fmt: skip


def _too_many(case: Case, extension: Extension, left: int, why: str) -> Invalid:
    return Invalid(
        f"只能延长 1 至 {left} 个工作日" if left else "时限不能再延长", why=why, remedy="请改正延长的工作日数",
        object_=case.number, reference=extension.reference, code="cases.extension_too_long",
    )  # fmt: skip


def _not_allowed(case: Case, may: Decision) -> NotAllowed:
    return NotAllowed(
        may.reason, remedy=may.remedy, object_=case.number, reference=may.reference, code=may.code or "cases.wrong_role"
    )


def approver_words(run: Procedure, case: Case) -> str:
    """Who answers a request to extend, in words; empty where the law knows no extension."""
    step = run.steps.get(case.step)
    extension = step.clock.extension if step and step.clock else None
    return RoleKind(extension.approver).label if extension else ""
