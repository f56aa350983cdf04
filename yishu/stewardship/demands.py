"""Demand lists: what departments need from one another, reviewed, matched, turned into duties (XW-8.2, JY-16.2, TL-20)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from yishu.cases import actions as cases
from yishu.cases.queries import present_step
from yishu.catalogue.models import Resource
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, Problem
from yishu.law import values
from yishu.law.kinds import RequiredField
from yishu.law.packs import Missing, View
from yishu.ledger.actions import record
from yishu.ledger.digests import Digester
from yishu.orgs.models import Department, Person
from yishu.stewardship import access, lists
from yishu.stewardship.candidates import Match, suggestions
from yishu.stewardship.demand_rules import VERBS, Verb, may_edit
from yishu.stewardship.models import Demand, DemandEvent
from yishu.stewardship.notices import tell_authority, tell_department
from yishu.stewardship.rules import too_long

KEY = "catalogue.demand_list"
PROCEDURE = "demand.list"
NAMES: Mapping[str, str] = {
    "title": "title", "resource": "title", "wanted_resource": "title", "wanted": "title", "need": "title", "items": "items", "data_items": "items",
    "target": "target", "target_department": "target", "provider": "target", "basis": "basis", "duty_basis": "basis",
    "duty": "basis", "legal_basis": "basis", "purpose": "purpose", "use": "purpose",
}  # fmt: skip
"""Names packs use in the form ``demand`` → the demand's own fields; every other name is kept in ``Demand.fields``."""
_TEXTS = (("title", "需求资源名称", 120), ("basis", "履职依据", 2000), ("purpose", "用途", 2000))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A demand as typed. ``target`` is a department's primary key, None when it is not known who holds the data."""

    title: str
    items: tuple[str, ...] = ()
    target: int | None = None
    basis: str = ""
    purpose: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@cache
def _digester() -> Digester:
    return Digester.load(settings.ENVIRONMENT.home)


def required(view: View) -> tuple[RequiredField, ...]:
    """What the law demands in a demand; nothing where it is silent."""
    try:
        return values.required(view, "demand")
    except Missing:
        return ()


def extra_fields(view: View) -> tuple[RequiredField, ...]:
    """The demanded fields that are not the demand's own."""
    return tuple(f for f in required(view) if f.name not in NAMES)


def is_mandatory(view: View) -> bool:
    """Whether departments must keep a demand list, or may."""
    try:
        return bool(view.get(KEY).value == "required")
    except Missing:
        return False


@transaction.atomic
def create_demand(*, department: Department, wanted: Wanted, by: Person, at: datetime) -> Demand:
    """A new draft on a department's demand list. Raises NotAllowed (not the department's clerk), Invalid."""
    access.require_role(by, department, at, *access.CLERKS)
    demand = Demand(
        jurisdiction=department.jurisdiction, department=department, created_by=by, created_at=at, updated_at=at
    )
    _store(demand, wanted, at)
    _happened(demand, "create", "", by, at)
    return demand


@transaction.atomic
def save_demand(*, demand_id: int, seen_revision: int, wanted: Wanted, by: Person, at: datetime) -> Demand:
    """Change a draft or returned demand. Raises NotFound, NotAllowed, Conflict (old page, or under review), Invalid."""
    demand = _locked(demand_id, seen_revision, by)
    access.require_role(by, demand.department, at, *access.CLERKS)
    if not may_edit(demand.state):
        raise _not_now(demand, "修改")
    _store(demand, wanted, at)
    _happened(demand, "save", "", by, at)
    return demand


@transaction.atomic
def submit_demand(*, demand_id: int, seen_revision: int, by: Person, at: datetime) -> Demand:
    """Hand a demand to the authority, complete as the pack's form ``demand`` says. Raises Invalid listing what is missing."""
    demand = _moved(demand_id, seen_revision, VERBS["submit"], "", by, at)
    view = access.law_of(demand.jurisdiction, at)
    problems = [
        Problem(f.title, f"没有填写{f.title}", "请补充", "stewardship.missing_field", f.reference)
        for f in required(view)
        if not _filled(demand, f.name)
    ]
    if not (demand.purpose or demand.basis):
        problems.append(Problem("用途", "没有写明履职依据或用途", "请至少写明其中一项", "stewardship.missing_purpose"))
    if problems:
        raise Invalid(
            f"“{demand.title}”还缺少 {len(problems)} 项内容，没有提交", remedy="请补充后再次提交，草稿已保存", object_=demand.title,
            problems=problems, reference=problems[0].reference, code="stewardship.demand_incomplete",
        )  # fmt: skip
    _hand_in(demand, view, by, at)
    _happened(demand, "submit", "", by, at)
    tell_authority(
        demand.jurisdiction, f"demand.{demand.pk}.{demand.revision}", f"需求待审核：{demand.title}", url_of(demand), at
    )
    return demand


@transaction.atomic
def decide_demand(
    *,
    demand_id: int,
    seen_revision: int,
    verb: str,
    by: Person,
    at: datetime,
    reason: str = "",
    resource_id: int | None = None,
    department_id: int | None = None,
    seen_case: int | None = None,
) -> Demand:
    """The authority's decision: ``approve``, ``return``, ``match`` (``resource_id``), ``assign`` (``department_id``), ``upward``, ``reopen``.

    Where the law has the procedure ``demand.list``, its case moves along (``seen_case``: the revision its page showed).
    A demand turned into a duty stands on that department's responsibility list in the same transaction.
    Raises NotFound, NotAllowed, Conflict (old page, wrong state), Invalid (no reason, no such resource or department).
    """
    chosen = VERBS.get(verb)
    if chosen is None or not chosen.by_authority:
        raise Invalid("没有这种处理结果", remedy="请从页面给出的结果中选择", code="stewardship.unknown_verb")
    before = Demand.objects.select_related("duty_of").filter(pk=demand_id).first()
    demand = _moved(demand_id, seen_revision, chosen, reason, by, at)
    _advance(demand, "return" if verb == "return" else "approve", reason, seen_case, by, at)
    if verb in ("match", "reopen") and before is not None:
        lists.end_demand(demand=before, by=by, at=at)
        demand.duty_of = None
    demand.resource = _resource(demand, resource_id) if verb == "match" else None
    if verb == "assign":
        duty = Department.objects.filter(jurisdiction=demand.jurisdiction, pk=department_id or 0, active=True).first()
        if duty is None or duty.pk == demand.department_id:
            raise Invalid(
                "请选择承担采集责任的其他部门", remedy="请从本地部门中选择", object_=demand.title, code="stewardship.no_duty_department",
            )  # fmt: skip
        if not lists.applies(demand.jurisdiction, at):
            raise Conflict(
                "本地规定没有责任清单，不能转为采集责任", remedy="请匹配到目录资源，或转上级数据需求",
                reference=lists.reference(demand.jurisdiction, at), code="stewardship.no_lists",
            )  # fmt: skip
        demand.duty_of = demand.target = duty
        lists.put_demand(
            demand=demand, department=duty, basis=f"{demand.department.name}的需求：{reason}", by=by, at=at
        )
    _happened(demand, verb, reason, by, at)
    key, title = f"demand.{demand.pk}.{demand.revision}", f"需求{chosen.title}：{demand.title}"
    tell_department(demand.department, access.CLERKS, key, title, url_of(demand), at)
    if verb == "assign" and demand.duty_of:
        tell_department(demand.duty_of, ("responsible", "provider"), f"{key}.duty", title, url_of(demand), at)
    return demand


@transaction.atomic
def withdraw_demand(
    *, demand_id: int, seen_revision: int, by: Person, at: datetime, reason: str = "", seen_case: int | None = None
) -> Demand:
    """The department gives its demand up. Raises as ``submit_demand``."""
    demand = _moved(demand_id, seen_revision, VERBS["withdraw"], reason, by, at)
    _advance(demand, "withdraw", reason, seen_case, by, at)
    _happened(demand, "withdraw", reason, by, at)
    return demand


def _hand_in(demand: Demand, view: View, by: Person, at: datetime) -> None:
    """Open the case of the pack's procedure, or take it up again after it was sent back."""
    if demand.case is not None and demand.case.closed_at is None:
        _advance(demand, "resubmit", "", None, by, at)
    elif view.has(f"procedures.{PROCEDURE}"):
        demand.case = cases.open_case(
            procedure=PROCEDURE, jurisdiction=demand.jurisdiction, subject_id=str(demand.pk), title=demand.title,
            department=demand.department, provider=demand.target, by=by, at=at, facts={},
        )  # fmt: skip


def _advance(demand: Demand, outcome: str, reason: str, seen_case: int | None, by: Person, at: datetime) -> None:
    """Take the running case along an outcome, if there is one; what the pack demands of the outcome is checked there."""
    case = demand.case
    if case is None or case.closed_at is not None:
        return
    step = present_step(case)
    if step is not None and outcome == "withdraw" and outcome not in step.outcomes:
        raise Conflict(
            f"“{demand.title}”正在审核，不能撤回", remedy="请等待审核结果，或请数据主管部门退回", object_=case.number,
            reference=step.reference, code="stewardship.demand_state",
        )  # fmt: skip
    seen = case.revision if seen_case is None else seen_case
    cases.act(case_id=case.pk, outcome=outcome, seen_revision=seen, by=by, at=at, reason=reason)


def _resource(demand: Demand, resource_id: int | None) -> Resource:
    rows = Resource.objects.filter(jurisdiction=demand.jurisdiction, version__gt=0).exclude(
        state=Resource.State.RETIRED
    )
    found = rows.filter(pk=resource_id or 0).first()
    if found is None:
        raise Invalid(
            "没有选择目录中的资源", remedy="请从建议的资源中选择，或在目录中找到后填写其代码", object_=demand.title, code="stewardship.no_resource",
        )  # fmt: skip
    return found


def _locked(demand_id: int, seen_revision: int, by: Person) -> Demand:
    rows = Demand.objects.select_for_update(of=("self",)).select_related(
        "jurisdiction", "department__jurisdiction", "target", "case__jurisdiction"
    )
    demand = rows.filter(pk=demand_id, jurisdiction=access.home_of(by)).first()
    if demand is None:
        raise access.nothing()
    if demand.revision != seen_revision:
        raise Conflict(
            f"“{demand.title}”已被他人办理或修改，现在是“{demand.get_state_display()}”", remedy="请刷新后按最新内容办理", object_=demand.title,
            code="stewardship.demand_moved", extra={"revision": demand.revision},
        )  # fmt: skip
    return demand


def _not_now(demand: Demand, what: str) -> Conflict:
    return Conflict(
        f"“{demand.title}”现在是“{demand.get_state_display()}”，不能{what}", remedy="请刷新后查看可以办理的事项", object_=demand.title,
        code="stewardship.demand_state",
    )  # fmt: skip


def _moved(demand_id: int, seen_revision: int, verb: Verb, reason: str, by: Person, at: datetime) -> Demand:
    demand = _locked(demand_id, seen_revision, by)
    view = access.law_of(demand.jurisdiction, at)
    if verb.by_authority:
        access.require_authority(by, demand.jurisdiction, at, access.reference(view, KEY), demand.department)
    else:
        access.require_role(by, demand.department, at, *access.CLERKS)
    if demand.state not in verb.froms:
        raise _not_now(demand, verb.title)
    if verb.reason and not reason.strip():
        raise Invalid(
            f"“{verb.title}”须写明理由", remedy="请写明理由后再次提交", object_=demand.title, reference=access.reference(view, KEY),
            problems=[Problem("理由", "没有写明理由", "请写明理由", "stewardship.missing_reason")], code="stewardship.missing_reason",
        )  # fmt: skip
    demand.state = verb.to
    return demand


def _filled(demand: Demand, name: str) -> bool:
    own = NAMES.get(name)
    if own == "target":
        return True  # an unknown holder is an answer too
    return bool(getattr(demand, own) if own else str(demand.fields.get(name, "")).strip())


def _store(demand: Demand, wanted: Wanted, at: datetime) -> None:
    problems = [
        Problem(label, f"{label}超过 {most} 个字", "请精简", "stewardship.too_long")
        for name, label, most in _TEXTS
        if len(getattr(wanted, name)) > most
    ]
    if not wanted.title.strip():
        problems.append(Problem("需求资源名称", "没有填写名称", "请填写所需数据的名称", "stewardship.missing_title"))
    if long := too_long(wanted.items):
        problems.append(
            Problem("需求信息项", f"“{long[0]}…”过长", "每行一个信息项，不超过 80 字", "stewardship.too_long")
        )
    target = None
    if wanted.target is not None:
        target = Department.objects.filter(jurisdiction=demand.jurisdiction, pk=wanted.target).first()
        if target is None or target.pk == demand.department_id:
            problems.append(
                Problem("数据所在部门", "不是本地的其他部门", "请重新选择，不清楚可以不选", "stewardship.target")
            )
    if problems:
        raise Invalid(
            "需求没有保存",
            remedy="请按所列改正，已填内容均已保留",
            problems=problems,
            code="stewardship.demand_invalid",
        )
    demand.title, demand.items, demand.target = wanted.title.strip(), list(wanted.items), target
    demand.basis, demand.purpose = wanted.basis.strip(), wanted.purpose.strip()
    demand.fields = {k: v.strip()[:2000] for k, v in wanted.fields.items()}


def _happened(demand: Demand, verb: str, reason: str, by: Person, at: datetime) -> None:
    """Save with a new revision, history row and ledger entry."""
    demand.revision += 1
    demand.updated_at = at
    demand.save()
    DemandEvent.objects.create(
        demand=demand, seq=demand.revision, verb=verb, state=demand.state, reason=reason.strip()[:2000], by=by, at=at
    )
    facts: dict[str, str | int] = {"state": demand.state, "revision": demand.revision, "outcome": verb}
    if reason.strip():
        facts["reason"] = _digester().digest(reason.strip(), "reason")
    record(
        kind="event", by=by, at=at, department=by.department_id,
        facts={"event": "stewardship.demand", "object": "stewardship.demand", "object_id": str(demand.pk), **facts},
    )  # fmt: skip


def url_of(demand: Demand) -> str:
    """Where a demand stands."""
    return f"/stewardship/demands/{demand.pk}/"


def visible_demands(person: Person, at: datetime) -> QuerySet[Demand]:
    """The demands a person may see: all of the jurisdiction for those who oversee; else their departments', on either side.

    Drafts are their department's alone.
    """
    home = access.home_of(person)
    rows = Demand.objects.filter(jurisdiction=home).select_related("department", "target", "resource", "duty_of")
    own = list(access.own_departments(person, at).values_list("pk", flat=True))
    mine = rows.filter(department_id__in=own)
    if access.oversees(person, at):
        return mine | rows.exclude(state=Demand.State.DRAFT)
    asked = rows.filter(target_id__in=own) | rows.filter(duty_of_id__in=own)
    return mine | asked.exclude(state__in=(Demand.State.DRAFT, Demand.State.RETURNED))


def demand_for(person: Person, demand_id: int, at: datetime) -> Demand:
    """One of them. Raises NotFound alike when it does not exist and when it is not theirs to see."""
    demand = visible_demands(person, at).filter(pk=demand_id).first()
    if demand is None:
        raise access.nothing()
    return demand


def matches(demand: Demand) -> list[Match]:
    """Published resources that may meet a demand, with score and evidence, best first."""
    return suggestions(demand.jurisdiction_id, demand.title, demand.items, without=demand.department_id)


def refuse_unless_clerk(person: Person, at: datetime) -> Department:
    """The first department a person is a clerk of. Raises NotAllowed."""
    found = access.own_departments(person, at, *access.CLERKS).order_by("pk").first()
    if found is None:
        raise NotAllowed(
            "由部门经办人员提出，您没有这个角色", remedy="请联系系统管理员授予提供方或使用方经办角色", code="stewardship.role_needed",
        )  # fmt: skip
    return found
