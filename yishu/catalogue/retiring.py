"""停用: a resource's way out — replacement, transition, retention, notice to everyone who uses it, then the end (XZ-5.7.b, TL-27.3).

Where the pack has a procedure it is followed; where the text is silent the department retires directly, and the page says so. The
data are never deleted. Nothing ends before the announced day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from yishu.cases import actions as cases
from yishu.cases.models import Case
from yishu.cases.notices import notify
from yishu.cases.queries import procedure_of
from yishu.catalogue import access, registry
from yishu.catalogue.access import law_of
from yishu.catalogue.demands import Demands
from yishu.catalogue.indexing import mark_state
from yishu.catalogue.messages import ResourceRetired
from yishu.catalogue.models import Resource, Retirement, RetirementNotice
from yishu.kernel import events
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from yishu.kernel.time import shanghai_date
from yishu.law import packs
from yishu.ledger.actions import record
from yishu.orgs.models import Department, Person, RoleKind
from yishu.orgs.queries import may_act, people_with

PROCEDURE, RETIRED = "catalogue.retirement", "retired"
TITLES = {
    "reason": "停用原因", "replacement": "替代资源", "transition": "过渡安排", "retention": "数据留存安排", "ends_on": "停用日期",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What the wizard asks: why, what instead, how to move over, how the data stay, and the last day (Asia/Shanghai)."""

    reason: str
    transition: str
    retention: str
    ends_on: date | None
    replacement_id: int | None = None


def plan_problems(plan: Plan, law: Demands, today: date) -> list[Problem]:
    """What a plan still lacks. A replacement is demanded where the pack's form lists one; the rest everywhere."""
    demanded = {f.name: f.reference for f in law.forms.get("catalogue.retirement", ())}
    problems = [
        Problem(TITLES[name], "没有填写", "请填写", f"catalogue.missing_{name}", demanded.get(name))
        for name in ("reason", "transition", "retention")
        if not str(getattr(plan, name)).strip()
    ]
    if plan.replacement_id is None and "replacement" in demanded:
        problems.append(
            Problem(
                TITLES["replacement"],
                "没有选择",
                "请选择使用部门今后可用的资源",
                "catalogue.missing_replacement",
                demanded["replacement"],
            )
        )
    if plan.ends_on is None or plan.ends_on < today:
        problems.append(
            Problem(TITLES["ends_on"], "没有填写，或早于今天", "请填写停止服务的日期", "catalogue.missing_ends_on")
        )
    return problems


@transaction.atomic
def announce_retirement(*, resource_id: int, plan: Plan, by: Person, at: datetime) -> Retirement:
    """Start a resource's retirement: plan kept, case opened where the pack has one, every department that uses it notified.

    Raises NotAllowed, NotFound, Invalid with every problem of the plan, Conflict unless the resource is published and unchanged.
    """
    resource = access.locked(resource_id, by, at)
    if resource.state != Resource.State.PUBLISHED:
        raise Conflict(
            f"“{resource.title}”现在是“{resource.get_state_display()}”，不能停用", remedy="请先办完修改、审核，再停用", object_=resource.title,
            code="catalogue.not_retirable",
        )  # fmt: skip
    law = law_of(resource, at)
    problems = plan_problems(plan, law, shanghai_date(at))
    others = Resource.objects.filter(jurisdiction_id=resource.jurisdiction_id, state=Resource.State.PUBLISHED).exclude(
        pk=resource.pk
    )
    replacement = others.filter(pk=plan.replacement_id).first() if plan.replacement_id is not None else None
    if plan.replacement_id is not None and replacement is None:
        problems.append(
            Problem(TITLES["replacement"], "不是在用的资源", "请选择本行政区域已发布的资源", "catalogue.replacement")
        )
    if problems:
        raise Invalid(
            f"停用“{resource.title}”还有 {len(problems)} 处需要改正", remedy="请按所列改正，已填内容不会丢失", object_=resource.title,
            reference=problems[0].reference, problems=problems, code="catalogue.retirement_not_ready",
        )  # fmt: skip
    assert plan.ends_on is not None  # noqa: S101  (narrows the type)
    retirement = Retirement.objects.create(
        resource=resource, reason=plan.reason.strip()[:2000], replacement=replacement, transition=plan.transition.strip()[:2000],
        retention=plan.retention.strip()[:2000], ends_on=plan.ends_on, announced_by=by, announced_at=at,
    )  # fmt: skip
    _set_state(resource, Resource.State.RETIRING, at)
    retirement.case = _open_case(retirement, by, at)
    retirement.save(update_fields=["case"])
    _tell_users(retirement, at)
    _record(retirement, "catalogue.retirement_announced", by, at)
    return retirement


def _set_state(resource: Resource, state: Resource.State, at: datetime) -> None:
    resource.state, resource.updated_at = state, at
    resource.revision += 1
    resource.save(update_fields=["state", "updated_at", "revision"])
    mark_state(resource)


def facts_of(retirement: Retirement) -> dict[str, Any]:
    """What the pack's outcomes ask for and the plan already holds."""
    replacement = retirement.replacement.code if retirement.replacement else "无"
    return {
        "replacement": {
            "resource": replacement or "无",
            "transition": retirement.transition,
            "retention": retirement.retention,
        },
        "ends_on": retirement.ends_on.isoformat(),
        "resource": retirement.resource.code or "",
    }


def _open_case(retirement: Retirement, by: Person, at: datetime) -> Case | None:
    """The pack's procedure, at the step after the announcement when it begins with one; None where the text has none."""
    resource = retirement.resource
    try:
        case = cases.open_case(
            procedure=PROCEDURE, jurisdiction=resource.jurisdiction, subject_id=str(retirement.pk), title=f"停用：{resource.title}",
            department=resource.department, provider=resource.department, by=by, at=at, facts=facts_of(retirement),
        )  # fmt: skip
    except packs.Missing:
        return None
    outcome = procedure_of(case).steps[case.step].outcomes.get("announce")
    if outcome is not None and set(outcome.requires) <= {"replacement", "reason"}:
        case = cases.act(
            case_id=case.pk, outcome="announce", seen_revision=case.revision, by=by, at=at, reason=retirement.reason,
            facts=facts_of(retirement),
        )  # fmt: skip
    return case


def _tell_users(retirement: Retirement, at: datetime) -> None:
    """A notice to every department that may use the resource now, in its people's lists, to be acknowledged."""
    resource = retirement.resource
    using = sorted(registry.consumers_of(resource.pk, at) - {resource.department_id})
    departments = Department.objects.filter(pk__in=using, jurisdiction_id=resource.jurisdiction_id)
    for department in departments.order_by("pk"):
        RetirementNotice.objects.create(retirement=retirement, department=department, sent_at=at)
        for person in people_with(RoleKind.CONSUMER, department):
            notify(
                person=person, key=f"retirement:{retirement.pk}", at=at, url=f"/catalogue/retirements/{retirement.pk}/",
                title=f"“{resource.title}”将于 {retirement.ends_on.isoformat()} 停用，请确认过渡安排",
            )  # fmt: skip


def _record(retirement: Retirement, event: str, by: Person | None, at: datetime) -> None:
    resource = retirement.resource
    record(
        kind="event", by=by, at=at, department=resource.department_id, resource=resource.code or "", case=retirement.case_id,
        facts={
            "event": event, "object": "catalogue.retirement", "object_id": str(retirement.pk), "ends_on": retirement.ends_on.isoformat(),
            "count": retirement.notices.count(),
        },
    )  # fmt: skip


@transaction.atomic
def acknowledge(*, notice_id: int, reply: str, by: Person, at: datetime) -> RetirementNotice:
    """A using department says it knows, with its opinion if any; once. Raises NotFound, NotAllowed, Conflict."""
    rows = RetirementNotice.objects.select_for_update(of=("self",)).select_related("department", "retirement__resource")
    home = by.department.jurisdiction_id if by.department else 0
    notice = rows.filter(pk=notice_id, department__jurisdiction_id=home).first()
    if notice is None:
        raise NotFound("没有这个停用通知", remedy="请从提醒中进入", code="catalogue.no_notice")
    if not any(may_act(by, role, notice.department, at).allowed for role in (RoleKind.CONSUMER, RoleKind.RESPONSIBLE)):
        raise NotAllowed(
            f"停用通知由{notice.department.name}的使用方经办或主要负责人确认",
            remedy="请转该部门人员确认",
            code="catalogue.not_consumer",
        )
    if notice.acknowledged_at is not None:
        raise Conflict("停用通知已经确认", remedy="不需要再次确认", code="catalogue.acknowledged")
    notice.acknowledged_by, notice.acknowledged_at, notice.reply = by, at, reply.replace("\x00", "").strip()[:1000]
    notice.save(update_fields=["acknowledged_by", "acknowledged_at", "reply"])
    resource = notice.retirement.resource
    record(
        kind="event", by=by, at=at, department=notice.department_id, resource=resource.code or "", case=notice.retirement.case_id,
        facts={"event": "catalogue.retirement_acknowledged", "object": "catalogue.retirement", "object_id": str(notice.retirement_id)},
    )  # fmt: skip
    return notice


@transaction.atomic
def decide_retirement(
    *, case_id: UUID, outcome: str, seen_revision: int, reason: str, given: Mapping[str, Any], by: Person, at: datetime
) -> Case:
    """Take one outcome of the pack's procedure; its end retires the resource (not before the announced day) or cancels.

    ``given``: what the outcome demands beyond the plan (``minutes`` …). Raises as ``cases.act``.
    """
    facts = {**facts_of(_of_case(case_id)), **given}
    case = cases.act(
        case_id=case_id, outcome=outcome, seen_revision=seen_revision, by=by, at=at, reason=reason, facts=facts
    )
    retirement = _locked(_of_case(case_id).pk)
    if case.closed_at is None:
        return case
    if case.step == RETIRED:
        if retirement.ends_on <= shanghai_date(at):
            _complete(retirement, by, at)
    else:
        _cancel(retirement, by, at)
    return case


def _of_case(case_id: UUID) -> Retirement:
    return Retirement.objects.select_related("resource", "replacement").get(case_id=case_id)


def _locked(retirement_id: int) -> Retirement:
    rows = Retirement.objects.select_for_update(of=("self",))
    return rows.select_related("resource__department", "resource__jurisdiction", "replacement", "case").get(
        pk=retirement_id
    )


@transaction.atomic
def finish_retirement(*, retirement_id: int, by: Person, at: datetime) -> Retirement:
    """End a direct retirement on or after its day, by hand. Raises NotAllowed, NotFound, Conflict (too early, or a case runs)."""
    retirement = _running(retirement_id, by, at)
    if shanghai_date(at) < retirement.ends_on:
        raise Conflict(
            "还没有到停用日期",
            remedy="到期后平台自动停用",
            object_=retirement.resource.title,
            code="catalogue.too_early",
        )
    _complete(retirement, by, at)
    return retirement


@transaction.atomic
def cancel_retirement(*, retirement_id: int, by: Person, at: datetime) -> Retirement:
    """Give a direct retirement up; the resource serves on. Raises NotAllowed, NotFound, Conflict."""
    retirement = _running(retirement_id, by, at)
    _cancel(retirement, by, at)
    return retirement


def _running(retirement_id: int, by: Person, at: datetime) -> Retirement:
    home = by.department.jurisdiction_id if by.department else 0
    if not Retirement.objects.filter(pk=retirement_id, resource__jurisdiction_id=home).exists():
        raise NotFound("没有这个停用事项", remedy="请从“停用事项”进入", code="catalogue.no_retirement")
    retirement = _locked(retirement_id)
    access.must_provide(retirement.resource.department, by, at)
    if retirement.completed_at or retirement.cancelled_at:
        raise Conflict("停用事项已经办结", remedy="请刷新页面", code="catalogue.retirement_done")
    if retirement.case is not None and retirement.case.closed_at is None:
        raise Conflict(
            "停用事项正在办理", remedy=f"请在办件 {retirement.case.number} 中办理", code="catalogue.retirement_in_case"
        )
    return retirement


def _complete(retirement: Retirement, by: Person | None, at: datetime) -> None:
    """The end: state, search mark, event. Data, versions and receipts stay."""
    resource = _own(retirement.resource_id)
    _set_state(resource, Resource.State.RETIRED, at)
    retirement.completed_at = at
    retirement.save(update_fields=["completed_at"])
    retirement.resource = resource
    _record(retirement, "catalogue.retired", by, at)
    events.publish(
        ResourceRetired(
            resource_id=resource.pk, code=resource.code or "", replacement_id=retirement.replacement_id, at=at
        )
    )


def _cancel(retirement: Retirement, by: Person, at: datetime) -> None:
    resource = _own(retirement.resource_id)
    _set_state(resource, Resource.State.PUBLISHED, at)
    retirement.cancelled_at = at
    retirement.save(update_fields=["cancelled_at"])
    _record(retirement, "catalogue.retirement_cancelled", by, at)
    for notice in retirement.notices.select_related("department"):
        for person in people_with(RoleKind.CONSUMER, notice.department):
            notify(
                person=person, key=f"retirement-cancelled:{retirement.pk}", at=at, url=f"/catalogue/{resource.pk}/",
                title=f"“{resource.title}”不再停用，继续提供",
            )  # fmt: skip


def _own(resource_id: int) -> Resource:
    rows = Resource.objects.select_for_update(of=("self",)).select_related("jurisdiction", "department")
    return rows.get(pk=resource_id)


def finish_due(at: datetime, limit: int = 200) -> int:
    """Retire every resource whose day has come and whose case (if any) has ended so; returns how many. Each is one transaction."""
    today = shanghai_date(at)
    rows = Retirement.objects.filter(completed_at=None, cancelled_at=None, ends_on__lte=today)
    done = 0
    for pk in rows.order_by("ends_on", "pk").values_list("pk", flat=True)[:limit]:
        with transaction.atomic():
            retirement = _locked(pk)
            ended = retirement.case is None or retirement.case.step == RETIRED
            if ended and not retirement.completed_at and not retirement.cancelled_at:
                _complete(retirement, None, at)
                done += 1
    return done


def running_for(resource_id: int) -> Retirement | None:
    """The retirement a resource is going through, or None."""
    rows = Retirement.objects.filter(resource_id=resource_id, completed_at=None, cancelled_at=None)
    return rows.select_related("replacement").first()


def replacements(resource_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """What to use instead of retired resources: id → id and title of the replacement; those without one are left out."""
    rows = Retirement.objects.filter(resource_id__in=list(resource_ids), replacement__isnull=False).exclude(
        completed_at=None
    )
    return {
        r: (pk, title) for r, pk, title in rows.values_list("resource_id", "replacement_id", "replacement__title") if pk
    }
