"""Writes: open a case, decide its present step. Each is one transaction with its event and its ledger entry."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from yishu.cases.models import Case, CaseEvent
from yishu.cases.numbers import next_number
from yishu.cases.queries import may_act_on, procedure, procedure_of, step_title
from yishu.cases.registry import number_word
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from yishu.kernel.time import SHANGHAI, shanghai_date
from yishu.law import calendar, clocks, values
from yishu.law.vocabulary import REQUIREMENTS
from yishu.ledger.actions import record
from yishu.ledger.digests import Digester
from yishu.orgs.models import Department, Jurisdiction, Person

OPENED = "open"
"""Outcome of every case's first event."""

_REMEDIES: Mapping[str, str] = {
    "reason": "请写明理由",
    "basis": "请写明所依据的法律、法规或政策",
    "secrecy_review": "请填写保密审查的审查人、结论和日期",
    "grades": "请为每个信息项定级",
    "share_type": "请审核确定共享类型",
}


class CaseMoved(Conflict):
    """Somebody decided the case first; the text says who, what, when and what to do now. Nothing was written."""

    code = "cases.moved"


@transaction.atomic
def open_case(
    *,
    procedure: str,
    jurisdiction: Jurisdiction,
    subject_id: str,
    title: str,
    department: Department,
    provider: Department | None,
    by: Person,
    at: datetime,
    facts: Mapping[str, Any],
) -> Case:
    """Open a case of ``procedure`` at its first step under the law of ``at``'s date, in the caller's transaction if any.

    ``facts`` are kept in the first event; ``facts["resource"]`` (a resource code) is also named in the ledger.
    Raises ``law.packs.Missing`` when the pack has no such procedure and NotAllowed across jurisdictions.
    """
    for party in (department, provider):
        if party is not None and party.jurisdiction_id != jurisdiction.pk:
            raise NotAllowed(
                "部门不属于本行政区域，不能发起办件", remedy="请核对部门", object_=party.name, code="cases.foreign"
            )
    on = shanghai_date(at)
    run = _procedure(jurisdiction, procedure, on)
    case = Case(
        number=next_number(jurisdiction=jurisdiction, word=number_word(procedure), year=at.astimezone(SHANGHAI).year),
        jurisdiction=jurisdiction,
        procedure=procedure,
        law_on=on,
        title=title[:200],
        subject_id=subject_id,
        department=department,
        provider=provider,
        opened_by=by,
        opened_at=at,
        step_since=at,
    )
    _enter(case, run, run.start, at)
    case.revision = 1
    case.save(force_insert=True)
    _write(case, OPENED, "", by=by, role="", at=at, reason="", facts=facts)
    return case


@transaction.atomic
def act(
    *,
    case_id: UUID,
    outcome: str,
    seen_revision: int,
    by: Person,
    at: datetime,
    reason: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Case:
    """Decide the present step of a case: move it along ``outcome``, start the next clock, write event and ledger entry.

    Of two concurrent decisions one wins: the row is locked and ``seen_revision`` must be the case's revision, else
    ``CaseMoved``. Raises NotFound (no such case in the person's jurisdiction), NotAllowed (not their step, with the
    article), Invalid (unknown outcome, or something the outcome ``requires`` is missing, with the article).
    """
    given = dict(facts or {})
    reason = reason.strip()
    case = Case.objects.select_for_update(of=("self",)).select_related("jurisdiction").filter(pk=case_id).first()
    if case is None or by.department is None or by.department.jurisdiction_id != case.jurisdiction_id:
        raise NotFound("没有这个办件，或您无权查看", remedy="请从工作台进入自己的办件", code="cases.not_found")
    if case.revision != seen_revision or case.closed_at:
        raise _moved(case)
    may = may_act_on(case, by, at)
    if not may.allowed:
        raise NotAllowed(
            may.reason,
            remedy=may.remedy,
            object_=case.number,
            reference=may.reference,
            code=may.code or "cases.wrong_role",
        )
    run = procedure_of(case)
    step = run.steps[case.step]
    chosen = step.outcomes.get(outcome)
    if chosen is None:
        raise Invalid(
            f"“{step.title}”没有这种处理结果",
            remedy=f"请选择：{'、'.join(o.title for o in step.outcomes.values())}",
            object_=case.number,
            code="cases.unknown_outcome",
        )
    _check_requirements(case, chosen, reason, given)
    before = case.step
    _enter(case, run, chosen.to, at)
    case.revision += 1
    case.save()
    _write(case, outcome, before, by=by, role=step.role, at=at, reason=reason, facts=given)
    return case


def _procedure(jurisdiction: Jurisdiction, key: str, on: date) -> values.Procedure:
    return procedure(jurisdiction.pack, key, on)


def _enter(case: Case, run: values.Procedure, key: str, at: datetime) -> None:
    """Stand the case at step or final state ``key`` and start its clock; the start day is not counted."""
    case.step, case.step_since = key, at
    step = run.steps.get(key)
    case.step_role = step.role if step else ""
    case.due_on, case.due_provisional = None, False
    if step is None:
        case.closed_at = at
    elif step.clock is not None and step.clock.working_days is not None:
        due = clocks.due(at, step.clock, calendar.standard())
        case.due_on, case.due_provisional = due.date, due.provisional


def _check_requirements(case: Case, outcome: values.Outcome, reason: str, facts: Mapping[str, Any]) -> None:
    problems = []
    for name in outcome.requires:
        value = reason if name == "reason" else facts.get(name)
        if isinstance(value, Mapping):
            met = bool(value) and all(v not in (None, "", [], {}) for v in value.values())
        else:
            met = value not in (None, "", [], ())
        if not met:
            title = REQUIREMENTS.get(name, name)
            reference = outcome.because.get(name, outcome.reference)
            problems.append(
                Problem(title, f"缺少{title}", _REMEDIES.get(name, "请补充"), f"cases.missing_{name}", reference)
            )
    if problems:
        raise Invalid(
            f"“{outcome.title}”还缺少：{'、'.join(p.what.removeprefix('缺少') for p in problems)}",
            remedy="请补充后再次提交，已填内容不会丢失",
            object_=case.number,
            reference=problems[0].reference,
            problems=problems,
            code="cases.requirement_missing",
        )


def _write(
    case: Case,
    outcome: str,
    before: str,
    *,
    by: Person,
    role: str,
    at: datetime,
    reason: str,
    facts: Mapping[str, Any],
) -> None:
    """The event and the ledger entry; the entry holds keys and counts only, never what people wrote."""
    CaseEvent.objects.create(
        case=case,
        seq=case.revision,
        at=at,
        by=by,
        role=role,
        from_step=before,
        outcome=outcome,
        to_step=case.step,
        reason=reason,
        facts=dict(facts),
        due_on=case.due_on,
    )
    _record(case, outcome, before, by=by, role=role, at=at, reason=reason, facts=facts)


@cache
def _digester() -> Digester:
    return Digester.load(settings.ENVIRONMENT.home)


def _record(
    case: Case,
    outcome: str,
    before: str,
    *,
    by: Person,
    role: str,
    at: datetime,
    reason: str,
    facts: Mapping[str, Any],
) -> None:
    resource = facts.get("resource") or case.events.get(seq=1).facts.get("resource") or ""
    entry: dict[str, Any] = {
        "procedure": case.procedure,
        "object": case.procedure,
        "object_id": case.subject_id,
        "revision": case.revision,
        "jurisdiction": str(case.jurisdiction_id),
        "pack": case.jurisdiction.pack,
        "department_id": str(case.department_id),
    }
    if case.due_on:
        entry["due_on"] = case.due_on.isoformat()
    if facts.get("share_type"):
        entry["share_type"] = facts["share_type"]
    if reason:
        entry["reason"] = _digester().digest(reason, "reason")
    if before:
        reference = procedure_of(case).steps[before].outcomes[outcome].reference
        entry |= {"step": before, "outcome": outcome, "to_step": case.step, "role": role}
        entry |= {"law_on": case.law_on.isoformat(), "law": reference.row or str(reference)}
    else:
        entry |= {"event": "cases.opened", "step": case.step}
    record(
        kind="decision" if before else "event",
        by=by,
        at=at,
        department=by.department_id,
        resource=str(resource),
        case=case.pk,
        facts=entry,
    )


def _moved(case: Case) -> CaseMoved:
    last = case.events.select_related("by", "by__department").order_by("-seq")[0]
    run = procedure_of(case)
    step = run.steps.get(last.from_step)
    what = step.outcomes[last.outcome].title if step else "提交"
    when = last.at.astimezone(SHANGHAI).strftime("%Y年%m月%d日 %H:%M")
    who = f"{last.by.department.name}的{last.by.name}" if last.by.department else last.by.name
    return CaseMoved(
        f"办件 {case.number} 已由{who}于 {when} 办理：{what}",
        why=f"办件现在处于“{step_title(case, case.step)}”，您看到的是此前的状态；您的意见没有写入",
        remedy="请刷新办件页查看最新状态；如意见仍然需要，请在新的步骤中办理",
        object_=case.number,
        extra={"revision": case.revision, "step": case.step},
    )
