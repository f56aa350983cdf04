"""AB角 and hand-over: who stands in for whom for a time, and roles given to somebody else for good."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from yishu.kernel.errors import Conflict, Invalid, NotAllowed, Problem
from yishu.kernel.events import publish
from yishu.kernel.time import shanghai_date
from yishu.ledger import actions as ledger
from yishu.orgs import ports, queries, rules
from yishu.orgs.accounts import grant_role, kinds_held
from yishu.orgs.guards import not_found
from yishu.orgs.messages import PersonChanged
from yishu.orgs.models import Department, HandOver, Person, Role, RoleKind, Substitute


def may_arrange(by: Person, person: Person, department: Department, at: datetime) -> bool:
    """Whether somebody may name a substitute for a person: the person, the department's responsible person, an administrator."""
    if queries.jurisdiction_id_of(by) != department.jurisdiction_id:
        return False
    if by.pk == person.pk and by.is_active:
        return True
    return _leads(by, department, at) or _administers(by, department, at)


def _leads(by: Person, department: Department, at: datetime) -> bool:
    """Whether somebody is the department's responsible person in their own right: a stand-in does not pass on what is only lent."""
    own = queries.acts_for(by, RoleKind.RESPONSIBLE, department, at) is None
    return own and queries.may_act(by, RoleKind.RESPONSIBLE, department, at).allowed


def _administers(by: Person, department: Department, at: datetime) -> bool:
    allowed = queries.may_act(by, RoleKind.ADMIN, None, at).allowed
    return allowed and queries.reaches(by, RoleKind.ADMIN, department.area_id, at)


def own_kinds(person: Person, department: Department, at: datetime) -> list[str]:
    """The kinds of role a person holds themselves in a department and can have somebody stand in for, in the order of the list."""
    own = Role.objects.filter(
        Q(until=None) | Q(until__gt=at), person=person, department=department, revoked_at=None, department__active=True
    )
    found = set(own.values_list("kind", flat=True)) - rules.ALONE
    return [kind for kind in RoleKind.values if kind in found]


@transaction.atomic
def name_substitute(
    *,
    person: Person,
    substitute: Person,
    department: Department,
    kinds: Sequence[str],
    since: datetime,
    until: datetime,
    by: Person,
    at: datetime,
    note: str = "",
) -> Substitute:
    """Let somebody of the same department act with a person's roles for a period. Clocks run on meanwhile.

    Roles that must stay apart stay apart for substitutes too; vendors' and inspectors' are not passed on, and nobody passes on
    what they only stand in for. Raises ``NotAllowed``, ``Invalid`` with every problem, ``NotFound`` across tenants.
    """
    both = {p.pk: p for p in _two(person, substitute)}
    person, substitute = both[person.pk], both[substitute.pk]
    if not may_arrange(by, person, department, at):
        if queries.jurisdiction_id_of(by) != department.jurisdiction_id:
            raise not_found()
        raise NotAllowed(
            "只能由本人、本部门主要负责人或系统管理员指定AB角",
            remedy="请联系本部门主要负责人",
            code="orgs.may_not_arrange",
        )
    chosen = list(dict.fromkeys(kinds))
    if by.pk != person.pk:
        _refuse_guarded(chosen, by, at)
    problems = _period_problems(since, until, at)
    if substitute.pk == person.pk or substitute.department_id != department.pk or not substitute.is_active:
        problems.append(Problem("代行人", "请选择本部门另一名启用的人员", "", "orgs.substitute_person"))
    if not chosen or not set(chosen) <= set(own_kinds(person, department, at)):
        problems.append(Problem("代行角色", "请选择被代行人在本部门担任的角色", "", "orgs.substitute_kinds"))
    if len(note) > 200 or "\x00" in note:
        problems.append(Problem("说明", "不超过 200 个字", "", "orgs.note"))
    if problems:
        raise Invalid(
            "AB角没有保存", remedy="请按提示改正后重新提交", problems=problems, code="orgs.substitute_invalid"
        )
    _keep_apart(substitute, department, chosen, at)
    made = Substitute.objects.create(
        person=person,
        substitute=substitute,
        department=department,
        kinds=chosen,
        since=since,
        until=until,
        note=note.strip(),
        made_by=by,
        made_at=at,
    )
    _tell("orgs.substitute_named", substitute, department, chosen, by, at, since=since, until=until)
    return made


@transaction.atomic
def end_substitute(*, substitute: Substitute, by: Person, at: datetime) -> Substitute:
    """End a substitution before its time; a second time changes nothing. Also the substitute may step back."""
    row = (
        Substitute.objects.select_for_update(of=("self",))
        .select_related("person", "substitute", "department__jurisdiction")
        .get(pk=substitute.pk)
    )
    if queries.jurisdiction_id_of(by) != row.department.jurisdiction_id:
        raise not_found()
    if by.pk != row.substitute_id and not may_arrange(by, row.person, row.department, at):
        raise NotAllowed(
            "只能由本人、代行人、本部门主要负责人或系统管理员结束",
            remedy="请联系本部门主要负责人",
            code="orgs.may_not_arrange",
        )
    if row.revoked_at is None:
        row.revoked_at = at
        row.save(update_fields=["revoked_at"])
        _tell("orgs.substitute_ended", row.substitute, row.department, row.kinds, by, at)
    return row


@transaction.atomic
def hand_over(
    *,
    giver: Person,
    taker: Person,
    department: Department,
    kinds: Sequence[str],
    by: Person,
    at: datetime,
    note: str = "",
) -> HandOver:
    """Give roles in a department to somebody else for good, in one transaction; open cases go along, since roles decide them.

    The department's responsible person or an administrator does it. Raises ``NotAllowed``, ``Invalid``, ``Conflict`` when the
    giver no longer holds a role, ``NotFound`` across tenants.
    """
    both = {p.pk: p for p in _two(giver, taker)}
    giver, taker = both[giver.pk], both[taker.pk]
    if queries.jurisdiction_id_of(by) != department.jurisdiction_id:
        raise not_found()
    if not (_administers(by, department, at) or _leads(by, department, at)):
        raise NotAllowed(
            "工作移交由本部门主要负责人或系统管理员办理", remedy="请联系本部门主要负责人", code="orgs.may_not_hand_over"
        )
    chosen = list(dict.fromkeys(kinds))
    _refuse_guarded(chosen, by, at)
    problems = []
    if taker.pk == giver.pk or taker.department_id != department.pk or not taker.is_active:
        problems.append(Problem("接收人", "请选择本部门另一名启用的人员", "", "orgs.hand_over_taker"))
    if not chosen or set(chosen) & rules.ALONE or not set(chosen) <= set(RoleKind.values):
        problems.append(Problem("移交角色", "请选择要移交的角色", "", "orgs.hand_over_kinds"))
    if len(note) > 500 or "\x00" in note:
        problems.append(Problem("移交说明", "不超过 500 个字", "", "orgs.note"))
    if problems:
        raise Invalid("工作没有移交", remedy="请按提示改正后重新提交", problems=problems, code="orgs.hand_over_invalid")
    waiting = ports.open_cases(giver.pk, department.pk)
    held = list(
        Role.objects.select_for_update(of=("self",))
        .filter(person=giver, department=department, kind__in=chosen, revoked_at=None)
        .order_by("pk")
    )
    if {role.kind for role in held} != set(chosen):
        raise Conflict(
            "移交人已不担任所选角色，没有移交",
            object_=giver.name,
            remedy="请刷新后重新选择",
            code="orgs.hand_over_moved",
        )
    for role in held:
        role.revoked_at = at
        role.save(update_fields=["revoked_at"])
    for role in held:  # the platform grants: the responsible person may hand over but not grant
        grant_role(person=taker, kind=role.kind, department=department, until=role.until, by=None, at=at)
    Substitute.objects.filter(person=giver, department=department, revoked_at=None).update(revoked_at=at)
    made = HandOver.objects.create(
        giver=giver,
        taker=taker,
        department=department,
        kinds=chosen,
        note=note.strip(),
        open_cases=waiting,
        by=by,
        at=at,
    )
    _tell("orgs.handed_over", taker, department, chosen, by, at, count=waiting, giver=giver)
    publish(PersonChanged(giver.pk))
    return made


def substitutes_seen(person: Person, at: datetime) -> QuerySet[Substitute]:
    """Substitutions a person sees: their own, those of departments they are responsible for, an administrator's tenant's."""
    home = queries.jurisdiction_id_of(person)
    rows = Substitute.objects.filter(department__jurisdiction=home) if home else Substitute.objects.none()
    if not queries.may_act(person, RoleKind.ADMIN, None, at).allowed:
        led = queries.departments_as(person, at, RoleKind.RESPONSIBLE)
        rows = rows.filter(Q(person=person) | Q(substitute=person) | Q(department__in=led))
    return rows.select_related("person", "substitute", "department", "made_by")


def hand_overs_seen(person: Person, at: datetime) -> QuerySet[HandOver]:
    """Hand-overs a person sees, by the same rule; auditors see their tenant's."""
    home = queries.jurisdiction_id_of(person)
    rows = HandOver.objects.filter(department__jurisdiction=home) if home else HandOver.objects.none()
    if not queries.roles_of(person, at) & {RoleKind.ADMIN, RoleKind.AUDITOR}:
        led = queries.departments_as(person, at, RoleKind.RESPONSIBLE)
        rows = rows.filter(Q(giver=person) | Q(taker=person) | Q(department__in=led))
    return rows.select_related("giver", "taker", "department", "by")


def arranged_departments(person: Person, at: datetime) -> QuerySet[Department]:
    """The departments in which a person hands over work: those they are responsible for, an administrator's tenant's."""
    if queries.may_act(person, RoleKind.ADMIN, None, at).allowed:
        return queries.departments_seen(person).filter(active=True)
    return queries.departments_as(person, at, RoleKind.RESPONSIBLE)


def _refuse_guarded(kinds: Sequence[str], by: Person, at: datetime) -> None:
    """Management and audit roles are passed on by administrators only."""
    if rules.GUARDED & set(kinds) and not queries.may_act(by, RoleKind.ADMIN, None, at).allowed:
        raise NotAllowed(
            "系统管理、审计和监督检查角色只能由系统管理员移交",
            remedy="请联系系统管理员",
            code="orgs.may_not_hand_over",
        )


def _two(first: Person, second: Person) -> list[Person]:
    """Both rows, locked in one order."""
    rows = Person.objects.select_for_update(of=("self",)).select_related("department__jurisdiction")
    return list(rows.filter(pk__in={first.pk, second.pk}).order_by("pk"))


def _period_problems(since: datetime, until: datetime, at: datetime) -> list[Problem]:
    if until <= since or until <= at:
        return [Problem("至", "须晚于开始日期，且不早于今天", "", "orgs.substitute_period")]
    return []


def _keep_apart(substitute: Person, department: Department, kinds: Sequence[str], at: datetime) -> None:
    for kind in kinds:
        decision = rules.may_hold(kinds_held(substitute, at), kind, in_authority=department.is_authority)
        if not decision.allowed:
            raise NotAllowed(decision.reason, object_=substitute.name, remedy="请另选代行人", code=decision.code)


def _tell(
    event: str,
    person: Person,
    department: Department,
    kinds: Sequence[str],
    by: Person,
    at: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    count: int | None = None,
    giver: Person | None = None,
) -> None:
    facts: dict[str, str | int | Sequence[str]] = {"event": event, "person": str(person.pk), "items": list(kinds)}
    if since and until:
        facts |= {"starts_on": shanghai_date(since).isoformat(), "ends_on": shanghai_date(until).isoformat()}
    if count is not None:
        facts["count"] = count
    if giver is not None:
        facts |= {"object": "orgs.person", "object_id": str(giver.pk)}
    ledger.record(kind="event", by=by, at=at, department=department.pk, facts=facts)
    publish(PersonChanged(person.pk))
