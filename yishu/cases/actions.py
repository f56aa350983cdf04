"""Writes: open a case, decide its present step. Each is one transaction with its event and its ledger entry."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from yishu.cases import requirements, rules
from yishu.cases.history import put_state, state_of, write
from yishu.cases.models import Case
from yishu.cases.numbers import next_number
from yishu.cases.parties import may_act_on
from yishu.cases.procedures import procedure as procedure_at
from yishu.cases.procedures import procedure_of, step_title
from yishu.cases.registry import number_word
from yishu.cases.rules import OPENED
from yishu.cases.urgings import tell_answered
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from yishu.kernel.time import SHANGHAI, shanghai_date
from yishu.law.decision import Decision
from yishu.orgs import calendars
from yishu.orgs.models import Department, Jurisdiction, Person
from yishu.orgs.queries import held_roles

__all__ = ["OPENED", "CaseMoved", "act", "locked", "moved", "on_behalf", "open_case"]


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
    clock_from: date | None = None,
    word: str = "",
) -> Case:
    """Open a case of ``procedure`` at its first step under the law of ``at``'s date, in the caller's transaction if any.

    ``facts`` are kept in the first event; ``facts["resource"]`` (a resource code) is also named in the ledger.
    The first clock starts at ``at``, or at ``clock_from`` where the law counts from another day (a change of law).
    ``word``: the word of the case number where a procedure's owner has more than one.
    Raises ``law.packs.Missing`` when the pack has no such procedure and NotAllowed across jurisdictions.
    """
    for party in (department, provider):
        if party is not None and party.jurisdiction_id != jurisdiction.pk:
            raise NotAllowed(
                "部门不属于本行政区域，不能发起办件", remedy="请核对部门", object_=party.name, code="cases.foreign"
            )
    on = shanghai_date(at)
    run = procedure_at(jurisdiction.law, procedure, on)
    days = calendars.steady()
    case = Case(
        number=next_number(
            jurisdiction=jurisdiction, word=word or number_word(procedure), year=at.astimezone(SHANGHAI).year
        ),
        jurisdiction=jurisdiction,
        procedure=procedure,
        law_on=on,
        law_mode=jurisdiction.mode,
        title=title[:200],
        subject_id=subject_id,
        department=department,
        provider=provider,
        opened_by=by,
        opened_at=at,
        step_since=at,
    )
    put_state(case, run, rules.opened(run, at, days, clock_from), days)
    case.save(force_insert=True)
    write(case, OPENED, "", by=by, role="", at=at, reason="", facts=facts, clock_from=clock_from)
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
    automatic: bool = False,
) -> Case:
    """Decide the present step of a case: move it along ``outcome``, start the next clock, write event and ledger entry.

    Of two concurrent decisions one wins: the row is locked and ``seen_revision`` must be the case's revision, else
    ``CaseMoved``. Raises NotFound (no such case in the person's jurisdiction), NotAllowed (not their step, with the
    article), Invalid (unknown outcome, or something the outcome ``requires`` is missing, with the article). ``automatic``: the
    platform takes the step because what the step waits for came true; ``by`` is who caused it, and need not hold the role.
    """
    given = dict(facts or {})
    reason = reason.strip()
    case = locked(case_id, by=by, seen_revision=seen_revision)
    may = Decision(True, "平台按条件自动办理") if automatic else may_act_on(case, by, at)
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
    requirements.check(case, chosen, reason, given)
    days = calendars.steady()
    before = state_of(case, run)
    longer = rules.extension_left(run, before) if chosen.extends else None
    if longer == 0:
        raise Invalid(
            f"“{chosen.title}”：时限不能再延长", remedy="请在时限内办理", object_=case.number,
            reference=chosen.reference, code="cases.extension_used_up",
        )  # fmt: skip
    after = rules.decided(run, before, outcome, at, days, longer)
    put_state(case, run, after, days)
    since = case.step_since
    if case.step != before.step:
        case.step_since = at
    case.closed_at = at if after.closed else None
    case.save()
    given |= on_behalf(may, case, step.role, by, at)
    write(case, outcome, before.step, by=by, role=step.role, at=at, reason=reason, facts=given, days=longer)
    if case.step != before.step:
        tell_answered(case, since, at)
    return case


def locked(case_id: UUID, *, by: Person, seen_revision: int | None) -> Case:
    """An open case of the person's jurisdiction, its row locked until the transaction ends.

    Raises NotFound, and ``CaseMoved`` when it is closed or its revision is not ``seen_revision`` (None: whatever it is).
    """
    case = Case.objects.select_for_update(of=("self",)).select_related("jurisdiction").filter(pk=case_id).first()
    if case is None or by.department is None or by.department.jurisdiction_id != case.jurisdiction_id:
        raise NotFound("没有这个办件，或您无权查看", remedy="请从工作台进入自己的办件", code="cases.not_found")
    if case.closed_at or (seen_revision is not None and case.revision != seen_revision):
        raise moved(case)
    return case


def on_behalf(may: Decision, case: Case, role: str, by: Person, at: datetime) -> dict[str, str]:
    """What an event keeps when a substitute acted (代): for whom."""
    if not may.reason.startswith("代"):
        return {}
    whose = held_roles(by, at).filter(kind=role).exclude(person=by).values_list("person_id", "person__name").first()
    return {"for_person": str(whose[0]), "for_name": whose[1]} if whose else {}


def moved(case: Case) -> CaseMoved:
    """The conflict that tells who moved a case, how, when, and what to do now."""
    last = case.events.select_related("by", "by__department").order_by("-seq")[0]
    run = procedure_of(case)
    step = run.steps.get(last.from_step)
    taken = step.outcomes.get(last.outcome) if step else None
    what = taken.title if taken else rules.EXTENSION_WORDS.get(last.outcome, "提交")
    when = last.at.astimezone(SHANGHAI).strftime("%Y年%m月%d日 %H:%M")
    who = f"{last.by.department.name}的{last.by.name}" if last.by.department else last.by.name
    return CaseMoved(
        f"办件 {case.number} 已由{who}于 {when} 办理：{what}",
        why=f"办件现在处于“{step_title(case, case.step)}”，您看到的是此前的状态；您的意见没有写入",
        remedy="请刷新办件页查看最新状态；如意见仍然需要，请在新的步骤中办理",
        object_=case.number,
        extra={"revision": case.revision, "step": case.step},
    )
