"""Writes about people, their roles and passwords: each verb is one transaction with its ledger event."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from yishu.kernel.errors import Conflict, Invalid, NotAllowed, Problem
from yishu.kernel.events import publish
from yishu.ledger import actions as ledger
from yishu.orgs import rules, signin_names
from yishu.orgs.guards import not_found, require, require_here
from yishu.orgs.messages import PersonChanged
from yishu.orgs.models import VENDOR_KIND, Department, DepartmentChange, Person, Role, RoleKind, Substitute

_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@transaction.atomic
def create_person(
    *,
    username: str,
    name: str,
    department: Department | None,
    by: Person | None,
    at: datetime,
    password: str = "",
    email: str = "",
) -> tuple[Person, str]:
    """Make an account; returns the person and the password made for them, shown once.

    Without ``password`` one is made (16 characters) that must be changed at the first sign-in; a given one is checked like
    any other and stays (first visit, demonstration), and "" is returned. An administrator makes people of their own tenant only.
    Raises ``Invalid`` with every problem.
    """
    if department is None:
        require(by, RoleKind.ADMIN, None, at)
    else:
        require_here(by, RoleKind.ADMIN, department, at)
    username = rules.normalise_username(username)
    person = Person(
        username=username,
        name=name.strip(),
        department=department,
        email=email.strip(),
        created_at=at,
        must_change_password=not password,
    )
    problems = _name_problems(person)
    wrong = rules.username_problem(username)
    if wrong:
        problems.append(Problem("登录名", wrong, "", "orgs.username"))
    elif Person.objects.filter(username=username).exists():
        problems.append(Problem("登录名", "登录名已被使用", "请换一个登录名", "orgs.username_taken"))
    made = "" if password else initial_password()
    if password:
        problems += password_problems(password, person)
    if problems:
        raise Invalid("人员没有保存", remedy="请按提示改正后重新提交", problems=problems, code="orgs.person_invalid")
    person.set_password(password or made)
    person.save()
    _tell(person, "orgs.person_created", by, at)
    return person, made


@transaction.atomic
def update_person(
    *,
    person: Person,
    name: str,
    department: Department | None,
    email: str,
    active: bool,
    by: Person | None,
    at: datetime,
) -> Person:
    """Change a person's details. Leaving a department ends every role not held in the new one, being switched off all of them.

    Substitutions they are part of end too. Nobody switches themselves off, nobody moves to another tenant, and the last
    administrator stays. Raises ``Invalid``, ``NotAllowed``, ``Conflict``, ``NotFound`` for another tenant's people.
    """
    row = _locked(person, by, at)
    if (
        department is not None
        and row.department is not None
        and department.jurisdiction_id != row.department.jurisdiction_id
    ):
        raise not_found()
    if department is not None:
        require_here(by, RoleKind.ADMIN, department, at)
    old = row.department
    moved = old != department
    if by is not None and row.pk == by.pk and not active:
        raise NotAllowed("不能停用自己的账号", remedy="请由另一名系统管理员办理", code="orgs.not_oneself")
    ending = Role.objects.filter(person=row, revoked_at=None)
    if active:
        ending = ending.exclude(department=department) if moved else ending.none()
    if ending.filter(kind=RoleKind.ADMIN).exists():
        _keep_an_administrator(row)
    row.name, row.department, row.email, row.is_active = name.strip(), department, email.strip(), active
    problems = _name_problems(row)
    if problems:
        raise Invalid("人员没有保存", remedy="请按提示改正后重新提交", problems=problems, code="orgs.person_invalid")
    for role in ending:
        role.revoked_at = at
        role.save(update_fields=["revoked_at"])
    row.save()
    if moved or not active:
        _leave(row, old, by, at)
        Substitute.objects.filter(Q(person=row) | Q(substitute=row), revoked_at=None).update(revoked_at=at)
    _tell(row, "orgs.person_changed" if active else "orgs.person_disabled", by, at)
    return row


@transaction.atomic
def grant_role(
    *,
    person: Person,
    kind: str,
    by: Person | None,
    at: datetime,
    department: Department | None = None,
    until: datetime | None = None,
    office: str = "",
    scope: Sequence[str] = (),
) -> Role:
    """Give a person a role in a department (default: their own). Holding it already, alike, changes nothing.

    ``until``: end of a term, needed for vendors; ``scope``: a vendor's work (``rules.VENDOR_WORK``), their department being the
    one that gives it; ``office``: an inspector's. Raises ``NotAllowed`` where roles must stay apart (``rules.KINDS_APART``) or
    the department is not the authority, ``Invalid`` for wrong particulars, ``NotFound`` across tenants.
    """
    row = _locked(person, by, at)
    where = department or row.department
    if where is None or kind not in RoleKind.values:
        raise Invalid("角色没有授予", remedy="请选择部门和角色", code="orgs.role_incomplete")
    if row.department is None or where.jurisdiction_id != row.department.jurisdiction_id:
        raise not_found()
    require_here(by, RoleKind.ADMIN, where, at)
    _check_particulars(row, where, kind, until=until, office=office, scope=scope, at=at)
    if not row.is_active:
        raise Conflict(
            "该账号已停用，不能授予角色", object_=row.name, remedy="请先启用账号", code="orgs.person_inactive"
        )
    decision = rules.may_hold(kinds_held(row, at), kind, in_authority=where.is_authority)
    if not decision.allowed:
        raise NotAllowed(decision.reason, object_=row.name, remedy=decision.remedy, code=decision.code)
    particulars = {"until": until, "office": office, "scope": sorted(set(scope))}
    held = Role.objects.filter(person=row, department=where, kind=kind, revoked_at=None).first()
    if held is not None:
        if all(getattr(held, name) == value for name, value in particulars.items()):
            return held
        held.revoked_at = at
        held.save(update_fields=["revoked_at"])
    role = Role.objects.create(person=row, department=where, kind=kind, granted_by=by, granted_at=at, **particulars)
    _tell(row, "orgs.role_granted", by, at, role=kind)
    return role


def kinds_held(person: Person, at: datetime) -> set[str]:
    """The kinds of role a person holds, or stands in for now or later: what separation of roles looks at."""
    own = Role.objects.filter(Q(until=None) | Q(until__gt=at), person=person, revoked_at=None)
    found = set(own.values_list("kind", flat=True))
    for kinds in Substitute.objects.filter(substitute=person, revoked_at=None, until__gt=at).values_list(
        "kinds", flat=True
    ):
        found.update(kinds)
    return found


@transaction.atomic
def revoke_role(*, role: Role, by: Person | None, at: datetime) -> Role:
    """End a role; a second time changes nothing. The last administrator stays."""
    row = Role.objects.select_for_update(of=("self",)).select_related("person", "department").get(pk=role.pk)
    require_here(by, RoleKind.ADMIN, row.department, at)
    if row.revoked_at is None:
        if row.kind == RoleKind.ADMIN:
            _keep_an_administrator(row.person)
        row.revoked_at = at
        row.save(update_fields=["revoked_at"])
        _tell(row.person, "orgs.role_revoked", by, at, role=row.kind)
    return row


@transaction.atomic
def reset_password(*, person: Person, by: Person | None, at: datetime) -> str:
    """Make a new password for somebody, shown once; they must change it at the next sign-in, and a lock-out ends."""
    row = _locked(person, by, at)
    made = initial_password()
    row.set_password(made)
    row.must_change_password = True
    row.save(update_fields=["password", "must_change_password"])
    _unlock(row)
    _tell(row, "orgs.password_reset", by, at)
    return made


@transaction.atomic
def change_password(*, person: Person, old: str, new: str, at: datetime) -> Person:
    """Let a person set their own password. Raises ``Invalid`` for a wrong old one, a weak new one, or the same one."""
    row = Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    problems = []
    if not row.check_password(old):
        problems.append(Problem("现在的密码", "不正确", "请重新输入", "orgs.password_wrong"))
    problems += password_problems(new, row)
    if not problems and old == new:
        problems.append(Problem("新密码", "与现在的密码相同", "请换一个密码", "orgs.password_same"))
    if problems:
        raise Invalid("密码没有修改", remedy="请按提示改正后重新提交", problems=problems, code="orgs.password_invalid")
    row.set_password(new)
    row.must_change_password = False
    row.save(update_fields=["password", "must_change_password"])
    _tell(row, "orgs.password_changed", row, at)
    return row


@transaction.atomic
def unlock_person(*, person: Person, by: Person | None, at: datetime) -> int:
    """End a lock-out before its time; returns how many failed attempts were forgotten."""
    require_here(by, RoleKind.ADMIN, person, at)
    count = _unlock(person)
    _tell(person, "orgs.person_unlocked", by, at)
    return count


def initial_password() -> str:
    """A password people can type: four groups of four letters and digits without look-alikes, 92 random bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def password_problems(password: str, person: Person) -> list[Problem]:
    """What is wrong with a new password, by Django's validators."""
    try:
        validate_password(password, person)
    except ValidationError as error:
        return [Problem("新密码", text, "", "orgs.password_weak") for text in error.messages]
    return []


def _locked(person: Person, by: Person | None, at: datetime) -> Person:
    """The person's row, locked, for an administrator of their tenant. Raises ``NotFound`` for another tenant's."""
    row = Person.objects.select_for_update(of=("self",)).select_related("department__jurisdiction").get(pk=person.pk)
    if row.department is None:
        require(by, RoleKind.ADMIN, None, at)
    else:
        require_here(by, RoleKind.ADMIN, row.department, at)
    return row


def _check_particulars(
    person: Person,
    where: Department,
    kind: str,
    *,
    until: datetime | None,
    office: str,
    scope: Sequence[str],
    at: datetime,
) -> None:
    wrong = rules.term_problem(kind, office=office, scope=scope, has_end=until is not None)
    problems = [Problem(wrong[0], wrong[1], "", "orgs.role_particulars")] if wrong else []
    if until is not None and until <= at:
        problems.append(Problem("有效至", "须晚于现在", "", "orgs.role_term"))
    outside = person.department is not None and person.department.kind == VENDOR_KIND
    if outside != (kind == RoleKind.VENDOR):
        what = (
            "技术服务单位的人员只能授予“技术服务单位”角色"
            if outside
            else "“技术服务单位”角色只能授予技术服务单位的人员"
        )
        problems.append(Problem("角色", what, "", "orgs.role_vendor"))
    if kind == RoleKind.VENDOR and where.kind == VENDOR_KIND:
        problems.append(Problem("在哪个部门", "请选择委托的部门", "", "orgs.role_vendor_department"))
    if problems:
        raise Invalid("角色没有授予", remedy="请按提示改正", problems=problems, code="orgs.role_particulars")


def _leave(person: Person, old: Department | None, by: Person | None, at: datetime) -> None:
    """Who moves away is no longer responsible person or officer of the old department; its history says so (XW-5.2)."""
    if old is None:
        return
    row = Department.objects.select_for_update().get(pk=old.pk)
    if row.responsible_id == person.pk:
        row.responsible = None
        row.save(update_fields=["responsible"])
        DepartmentChange.objects.create(department=row, at=at, by=by, field="responsible", before=person.name)
    if row.officers.filter(pk=person.pk).exists():
        before = "、".join(officer.name for officer in row.officers.order_by("name"))
        row.officers.remove(person)
        after = "、".join(officer.name for officer in row.officers.order_by("name"))
        DepartmentChange.objects.create(department=row, at=at, by=by, field="officers", before=before, after=after)


def _unlock(person: Person) -> int:
    count: int = AxesProxyHandler.reset_attempts(username=signin_names.digest(person.username))
    return count


def _name_problems(person: Person) -> list[Problem]:
    if 2 <= len(person.name) <= 60:
        return []
    return [Problem("姓名", "姓名为 2 至 60 个字", "", "orgs.person_name")]


def _keep_an_administrator(leaving: Person) -> None:
    """A tenant keeps an administrator. Two who revoke each other at once must not both succeed: rows are locked in one order."""
    others: QuerySet[Role] = Role.objects.select_for_update(of=("self",)).filter(
        kind=RoleKind.ADMIN, revoked_at=None, person__is_active=True
    )
    if leaving.department is not None:
        # The row may already carry the new department; both stand in the same tenant.
        others = others.filter(department__jurisdiction=leaving.department.jurisdiction_id)
    if not [role for role in others.order_by("pk") if role.person_id != leaving.pk]:
        raise Conflict(
            "至少要有一名系统管理员，操作没有执行",
            remedy="请先为另一人授予“系统管理”角色",
            code="orgs.last_administrator",
        )


def _tell(person: Person, event: str, by: Person | None, at: datetime, **facts: str) -> None:
    ledger.record(
        kind="event",
        by=by,
        at=at,
        department=person.department_id,
        facts={"event": event, "person": str(person.pk), **facts},
    )
    publish(PersonChanged(person.pk))
