"""Reads: which procedure a case runs, who may act on it now, the work list, a case's line."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import Q, QuerySet

from yishu.cases.models import Case, CaseEvent
from yishu.kernel.errors import NotFound
from yishu.kernel.time import shanghai_date
from yishu.law import packs, values
from yishu.law.decision import Decision
from yishu.orgs.models import Department, Person, Role, RoleKind
from yishu.orgs.queries import may_act
from yishu.pages.parts import LineStep


@lru_cache(maxsize=256)
def procedure(pack: str, key: str, on: date) -> values.Procedure:
    """The procedure ``key`` of a pack as it stands at ``on`` (Asia/Shanghai date). Raises ``law.packs.Missing``."""
    return values.procedure(packs.load(pack).at(on), key)


def procedure_of(case: Case) -> values.Procedure:
    """The procedure a case runs, as it stood when the case was opened."""
    return procedure(case.jurisdiction.pack, case.procedure, case.law_on)


def present_step(case: Case) -> values.Step | None:
    """The step a case stands at, or None once it is closed."""
    return None if case.closed_at else procedure_of(case).steps[case.step]


def step_title(case: Case, key: str) -> str:
    """A step's or final state's title in the case's procedure."""
    run = procedure_of(case)
    return run.steps[key].title if key in run.steps else run.finals[key]


def held(person: Person) -> Mapping[str, frozenset[int]]:
    """Department ids a person holds each role in now (role kind → ids), inactive departments left out."""
    found: dict[str, set[int]] = {}
    roles = Role.objects.filter(person=person, revoked_at=None, department__active=True)
    for kind, department_id in roles.values_list("kind", "department_id"):
        found.setdefault(kind, set()).add(department_id)
    return {kind: frozenset(ids) for kind, ids in found.items()}


def acting_department(case: Case, role: str) -> Iterable[Department]:
    """The departments whose people with ``role`` act on a case: the authority, its provider, or its applicant."""
    if role == RoleKind.AUTHORITY:
        return Department.objects.filter(jurisdiction_id=case.jurisdiction_id, is_authority=True, active=True)
    if role in (RoleKind.PROVIDER, RoleKind.RESPONSIBLE):
        return [case.provider or case.department]
    return [case.department]


def may_act_on(case: Case, person: Person, at: datetime) -> Decision:
    """Whether a person may decide the case's present step, with the reason and whose turn it is."""
    step = present_step(case)
    if step is None:
        return Decision(False, f"办件 {case.number} 已办结", code="cases.closed", remedy="如需再次办理，请重新发起")
    names = []
    for department in acting_department(case, step.role):
        decision = may_act(person, step.role, department, at)
        if decision.allowed:
            return decision
        names.append(department.name)
    role = RoleKind(step.role).label
    return Decision(
        False,
        f"办件 {case.number} 现在由{'、'.join(names) or '主管部门'}的{role}办理",
        reference=procedure_of(case).reference,
        remedy=f"请联系{'、'.join(names) or '主管部门'}的{role}人员办理，或向系统管理员申请该角色",
        code="cases.wrong_role",
    )


def visible_cases(person: Person) -> QuerySet[Case]:
    """Cases a person may read: all of the jurisdiction for authority and auditors, else those of their departments."""
    home = person.department
    if home is None:
        return Case.objects.none()
    cases = Case.objects.filter(jurisdiction_id=home.jurisdiction_id)
    roles = held(person)
    over = Department.objects.filter(jurisdiction_id=home.jurisdiction_id)
    authority = over.filter(pk__in=roles.get(RoleKind.AUTHORITY, ()), is_authority=True)
    auditor = over.filter(pk__in=roles.get(RoleKind.AUDITOR, ()))
    if authority.exists() or auditor.exists():
        return cases
    mine = {pk for ids in roles.values() for pk in ids}
    # Who moved to another department leaves the old one's cases behind, also those they opened.
    own = Q(opened_by=person) & (Q(department_id=home.pk) | Q(provider_id=home.pk))
    return cases.filter(Q(department_id__in=mine) | Q(provider_id__in=mine) | own)


def case_for(person: Person, case_id: UUID) -> Case:
    """One case a person may read. Raises NotFound alike when it does not exist and when it is not theirs to see."""
    case = (
        visible_cases(person)
        .select_related("jurisdiction", "department", "provider", "opened_by")
        .filter(pk=case_id)
        .first()
    )
    if case is None:
        raise NotFound("没有这个办件，或您无权查看", remedy="请从工作台进入自己的办件", code="cases.not_found")
    return case


def waiting_for(person: Person) -> QuerySet[Case]:
    """Open cases whose present step a person may decide (substitutes included: everyone holding the role sees them)."""
    home = person.department
    if home is None:
        return Case.objects.none()
    roles = held(person)
    turn = Q(pk__in=())
    authority = Department.objects.filter(
        pk__in=roles.get(RoleKind.AUTHORITY, ()), jurisdiction_id=home.jurisdiction_id, is_authority=True
    )
    if authority.exists():
        turn |= Q(step_role=RoleKind.AUTHORITY)
    for kind in (RoleKind.PROVIDER, RoleKind.RESPONSIBLE):
        ids = roles.get(kind, frozenset())
        turn |= Q(step_role=kind) & (Q(provider_id__in=ids) | Q(provider=None, department_id__in=ids))
    turn |= Q(step_role=RoleKind.CONSUMER, department_id__in=roles.get(RoleKind.CONSUMER, frozenset()))
    return Case.objects.filter(turn, jurisdiction_id=home.jurisdiction_id, closed_at=None)


def clock_of(case: Case) -> values.Clock | None:
    """The clock that runs on a case's present step, or None when the law sets none or the case is closed."""
    step = present_step(case)
    return step.clock if step and step.clock and step.clock.working_days is not None else None


def took_in_words(start: datetime, end: datetime) -> str:
    """How long something took, for people: calendar days, hours or minutes."""
    minutes = max(0, int((end - start).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} 分钟"
    if minutes < 24 * 60:
        return f"{minutes // 60} 小时"
    return f"{(shanghai_date(end) - shanghai_date(start)).days} 天"


def case_line(case: Case, events: Iterable[CaseEvent]) -> tuple[LineStep, ...]:
    """The procedure as a line: what was done (who, when, how long), what is now, what may come, what was not taken."""
    run = procedure_of(case)
    line: list[LineStep] = []
    since: datetime | None = None
    taken: set[str] = set()
    aside: list[str] = []
    for event in events:
        step = run.steps.get(event.from_step)
        line.append(
            LineStep(
                title=step.title if step else "提交",
                state="done",
                who=event.by.name,
                when=event.at,
                took=took_in_words(since, event.at) if since else "",
                note=step.outcomes[event.outcome].title if step else "",
                reference=step.outcomes[event.outcome].reference if step else None,
            )
        )
        taken |= {event.from_step, event.to_step}
        if step:
            aside += [o.to for o in step.outcomes.values()]
        since = event.at
    now = run.steps.get(case.step)
    if now is None:
        line.append(LineStep(title=run.finals[case.step], state="done", when=case.closed_at))
        ahead: list[str] = []
    else:
        clock = clock_of(case)
        line.append(
            LineStep(
                title=now.title, state="now", who=whose_turn(case), due_on=case.due_on,
                provisional=case.due_provisional, reference=clock.reference if clock else None,
            )
        )  # fmt: skip
        ahead = [o.to for o in now.outcomes.values()]
    titles = {key: step.title for key, step in run.steps.items()} | dict(run.finals)
    line += [LineStep(title=titles[key], state="ahead") for key in dict.fromkeys(ahead) if key != case.step]
    left = [key for key in dict.fromkeys(aside) if key not in taken and key not in ahead]
    return tuple(line + [LineStep(title=titles[key], state="aside") for key in left])


def whose_turn(case: Case) -> str:
    """Departments and role that act now, in words; empty once the case is closed."""
    step = present_step(case)
    if step is None:
        return ""
    names = "、".join(d.short_name or d.name for d in acting_department(case, step.role))
    return f"{names}（{RoleKind(step.role).label}）"
