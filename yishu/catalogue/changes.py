"""目录变更事项: a law or duty changed on a day, and the department's clock for its catalogue runs from that day.

Serves XW-10.1, XZ-3.2, JY-19.1, YH-10, TL-17. The clock ends as the pack says: when the update has reached the authority, or when it
is published; the platform sees to that itself, so nobody forgets to close the case.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from yishu.cases import actions as cases
from yishu.cases.models import Case
from yishu.cases.queries import procedure_of
from yishu.catalogue.access import must_provide
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.models import ChangeEvent, Resource
from yishu.catalogue.queries import PROCEDURE as REVIEW
from yishu.kernel.errors import Conflict, Invalid, NotFound, Problem
from yishu.kernel.time import shanghai_date
from yishu.law import packs, values
from yishu.law.kinds import Clock, Option
from yishu.ledger.actions import record
from yishu.orgs.models import Department, Person

PROCEDURE, CLOCK = "catalogue.change", "catalogue.change.file"
_ENDS_WITH_AUTHORITY = frozenset({"application_filed", "completed", "submitted"})
"""Ends of the clock that are reached once the update lies with the authority; where none reviews, with its publication."""
LATE = frozenset({"目录更新逾期", "时限逾期"})
"""Ways of detection in the packs' lists of forbidden acts that a late update meets."""


def file_clock(law: packs.Law, on: date) -> Clock | None:
    """The clock for the department's update on a day, or None where the law sets none."""
    try:
        return values.clock(law.at(on), CLOCK)
    except packs.Missing:
        return None


def late_acts(law: Demands) -> tuple[Option, ...]:
    """The forbidden acts that a late update of the catalogue points to, by the ways of detection the law lists (XW-35.7, XZ-7.4.5)."""
    return tuple(o for o in law.options("prohibited_acts") if LATE & set(o.facts.get("detectors") or ()))


@transaction.atomic
def record_change(
    *,
    department: Department,
    kind: str,
    changed_on: date,
    basis: str,
    resources: Sequence[Resource] = (),
    by: Person,
    at: datetime,
    note: str = "",
) -> ChangeEvent:
    """Record what changed and open its case; the clock starts at ``changed_on`` (Asia/Shanghai), also when recorded late.

    Raises NotAllowed unless ``by`` provides for the department, Invalid for a missing basis, a day to come or foreign resources.
    """
    must_provide(department, by, at)
    problems = _problems(department, kind, changed_on, basis, resources, shanghai_date(at))
    if problems:
        raise Invalid(
            f"变更事项还有 {len(problems)} 处需要改正", remedy="请按所列改正", reference=problems[0].reference, problems=problems,
            code="catalogue.change_not_ready",
        )  # fmt: skip
    change = ChangeEvent.objects.create(
        department=department, kind=kind, changed_on=changed_on, basis=basis.strip()[:2000], note=note.strip()[:2000],
        recorded_by=by, recorded_at=at,
    )  # fmt: skip
    change.resources.set(resources)
    _open(change, by, at)
    record(
        kind="event", by=by, at=at, department=department.pk, case=change.case_id,
        facts={"event": "catalogue.change_recorded", "object": "catalogue.change", "object_id": str(change.pk), "count": len(resources)},
    )  # fmt: skip
    return change


def _open(change: ChangeEvent, by: Person, at: datetime) -> None:
    """Open the event's case with the clock running from the day of the change; a law without the procedure leaves it without."""
    department = change.department
    try:
        change.case = cases.open_case(
            procedure=PROCEDURE, jurisdiction=department.jurisdiction, subject_id=str(change.pk),
            title=f"{ChangeEvent.Kind(change.kind).label}：{change.basis}"[:200], department=department, provider=department, by=by, at=at,
            facts={"change_basis": change.basis, "changed_on": change.changed_on.isoformat()}, clock_from=change.changed_on,
        )  # fmt: skip
    except packs.Missing:
        return
    change.save(update_fields=["case"])


def _problems(
    department: Department, kind: str, changed_on: date, basis: str, resources: Sequence[Resource], today: date
) -> list[Problem]:
    law = demands(department.jurisdiction.law, today)
    fields = {f.name: f.reference for f in law.forms.get("catalogue.change", ())}
    problems = []
    if kind not in ChangeEvent.Kind.values:
        problems.append(Problem("变化种类", "没有选择", "请选择法律法规修改或职能变化", "catalogue.change_kind"))
    if not basis.strip():
        code, reference = "catalogue.missing_change_basis", fields.get("change_basis")
        problems.append(Problem("变化依据", "没有填写", "请写明修改的法律法规或职能文件", code, reference))
    if changed_on > today:
        code, reference = "catalogue.change_in_future", fields.get("changed_on")
        problems.append(Problem("变化日期", "日期在今天之后", "请填写实际变化的日期", code, reference))
    if any(r.department_id != department.pk for r in resources):
        problems.append(Problem("涉及资源", "有资源不属于本部门", "请只选择本部门的资源", "catalogue.foreign_resource"))
    return problems


@transaction.atomic
def link_resource(*, change_id: int, resource: Resource, by: Person, at: datetime) -> ChangeEvent:
    """Name one more resource that the change makes necessary (a new one, or one forgotten). Raises NotAllowed, NotFound, Conflict."""
    change = _locked(change_id, by)
    must_provide(change.department, by, at)
    if resource.department_id != change.department_id:
        raise Invalid("资源不属于本部门", remedy="请选择本部门的资源", code="catalogue.foreign_resource")
    if change.done_at:
        raise Conflict("变更事项已经办结", remedy="仍需更新的请另登记一件", code="catalogue.change_done")
    change.resources.add(resource)
    record(
        kind="event", by=by, at=at, department=change.department_id, case=change.case_id, resource=resource.code or "",
        facts={"event": "catalogue.change_linked", "object": "catalogue.change", "object_id": str(change.pk)},
    )  # fmt: skip
    return change


def _locked(change_id: int, by: Person) -> ChangeEvent:
    home = by.department.jurisdiction_id if by.department else 0
    rows = ChangeEvent.objects.select_for_update(of=("self",)).select_related("department__jurisdiction")
    change = rows.filter(pk=change_id, department__jurisdiction_id=home).first()
    if change is None:
        raise NotFound("没有这个变更事项", remedy="请从“目录变更事项”进入", code="catalogue.no_change")
    return change


def advance(resource: Resource, review: Case, *, by: Person, at: datetime) -> None:
    """Close the resource's open change events whose update has come as far as the law's clock asks. In the caller's transaction."""
    open_events = ChangeEvent.objects.filter(resources=resource, done_at=None).select_related(
        "case__jurisdiction", "department"
    )
    for change in open_events.order_by("pk"):
        if change.case is not None and not pending(change):
            _finish(change, by, at)


def pending(change: ChangeEvent) -> list[Resource]:
    """The named resources whose update has not come as far as the law's clock asks; all of them, none, or some."""
    case = change.case
    law = case.law if case else change.department.jurisdiction.law
    clock = file_clock(law, case.law_on if case else change.changed_on)
    with_authority = clock is None or clock.ends_with in _ENDS_WITH_AUTHORITY
    return [r for r in change.resources.all() if not _updated(r, change, with_authority)]


def _updated(resource: Resource, change: ChangeEvent, with_authority: bool) -> bool:
    reviews = Case.objects.filter(procedure=REVIEW, subject_id=str(resource.pk)).select_related("jurisdiction")
    for review in reviews:
        if shanghai_date(review.opened_at) < change.changed_on:
            continue
        if review.closed_at:
            if review.step == "published":
                return True
            continue
        steps = procedure_of(review).steps
        authority = {key for key, step in steps.items() if step.role == "authority"}
        if with_authority and review.events.filter(to_step__in=authority).exists():
            return True
    return False


def _finish(change: ChangeEvent, by: Person, at: datetime) -> None:
    case = change.case
    assert case is not None  # noqa: S101  (narrows the type)
    if case.closed_at is None:
        cases.act(
            case_id=case.pk, outcome="submit", seen_revision=case.revision, by=by, at=at,
            facts={"change_basis": change.basis, "resources": change.resources.count()}, automatic=True,
        )  # fmt: skip
    change.done_at = at
    change.save(update_fields=["done_at"])


@transaction.atomic
def decide_change(*, case_id: UUID, outcome: str, seen_revision: int, reason: str, by: Person, at: datetime) -> Case:
    """Close a change's case from its page: filed once every named resource is, or withdrawn with a reason.

    Raises Invalid (``catalogue.change_pending``) naming the resources still to be updated, and as ``cases.act``.
    """
    case = Case.objects.select_related("jurisdiction").get(pk=case_id)
    change = _locked(int(case.subject_id), by)
    facts: dict[str, object] = {"change_basis": change.basis}
    if outcome == "submit":
        left = pending(change)
        if left or not change.resources.exists():
            names = "、".join(r.title for r in left[:5]) or "还没有指定涉及的资源"
            raise Invalid(
                f"还不能报送：{names}" + ("尚未更新报送" if left else ""), remedy="请先修改有关资源并提交；不需要更新的，请选择“无需更新”",
                object_=case.number, code="catalogue.change_pending",
            )  # fmt: skip
    case = cases.act(
        case_id=case.pk, outcome=outcome, seen_revision=seen_revision, by=by, at=at, reason=reason, facts=facts
    )
    if case.closed_at:
        change.done_at = at
        change.save(update_fields=["done_at"])
    return case
