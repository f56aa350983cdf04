"""Writes about departments and machine clients (jurisdictions: ``orgs.tenants``, people: ``orgs.accounts``): each verb is one transaction with its ledger event.

``by`` None means the platform itself (first visit, demonstration); a person must hold the role the verb asks for.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from yishu.kernel import codes
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, Problem
from yishu.kernel.events import publish
from yishu.kernel.time import shanghai_date
from yishu.ledger import actions as ledger
from yishu.orgs import queries
from yishu.orgs.accounts import (
    change_password,
    create_person,
    grant_role,
    reset_password,
    revoke_role,
    unlock_person,
    update_person,
)
from yishu.orgs.guards import not_found, require, require_here
from yishu.orgs.messages import ClientChanged, DepartmentChanged
from yishu.orgs.models import (
    CHANGE_WORDS,
    Area,
    Client,
    Department,
    DepartmentChange,
    Jurisdiction,
    Person,
    RoleKind,
)
from yishu.orgs.tenants import create_jurisdiction

__all__ = [
    "change_password",
    "create_client",
    "create_department",
    "create_jurisdiction",
    "create_person",
    "disable_client",
    "grant_role",
    "reset_password",
    "revoke_role",
    "rotate_secret",
    "unlock_person",
    "update_department",
    "update_person",
]

PROFILE_FIELDS: Mapping[str, str] = {key: words for key, words in CHANGE_WORDS.items() if key != "created"}
"""Fields of a department whose changes are kept (XW-5.2), with their titles."""


@transaction.atomic
def create_department(
    *,
    jurisdiction: Jurisdiction,
    name: str,
    uscc: str,
    kind: str,
    by: Person | None,
    at: datetime,
    short_name: str = "",
    is_authority: bool = False,
    unit: str = "",
    parent: Department | None = None,
    area: Area | None = None,
    profile: Mapping[str, str] | None = None,
) -> Department:
    """Register a department. ``kind`` is a key of the pack's ``org_kinds`` (XW-2.2), or ``vendor``.

    ``parent``: the department it is an inner unit or subordinate of; ``area``: the zone it belongs to; ``profile``: further
    texts the pack's ``department.profile`` names. Raises ``Invalid`` with every problem, ``NotFound`` across tenants.
    """
    require(by, RoleKind.ADMIN, None, at, within=jurisdiction)
    _check_place(jurisdiction, None, parent, area)
    _check_reach(area, by, at)
    fields = {"name": name, "short_name": short_name, "uscc": uscc, "kind": kind, "unit": unit}
    cleaned = _clean(jurisdiction, None, fields, at)
    made = Department.objects.create(
        jurisdiction=jurisdiction,
        is_authority=is_authority,
        parent=parent,
        area=area,
        profile=_texts(profile),
        created_at=at,
        **cleaned,
    )
    DepartmentChange.objects.create(department=made, at=at, by=by, field="created", after=made.name)
    ledger.record(kind="event", by=by, at=at, department=made.pk, facts={"event": "orgs.department_created"})
    publish(DepartmentChanged(made.pk))
    return made


@transaction.atomic
def update_department(
    *, department: Department, changes: Mapping[str, object], by: Person | None, at: datetime
) -> Department:
    """Change fields of a department (keys of ``PROFILE_FIELDS``; ``responsible`` a Person or None, ``officers`` People).

    Each real change becomes a history row with the value before and after (XW-5.2). Raises ``Invalid`` with every problem.
    """
    row = Department.objects.select_for_update(of=("self",)).select_related("jurisdiction").get(pk=department.pk)
    require_here(by, RoleKind.ADMIN, row, at)
    unknown = set(changes) - set(PROFILE_FIELDS)
    if unknown:
        raise TypeError(f"not fields of a department's profile: {sorted(unknown)}")
    texts = {k: str(v) for k, v in changes.items() if k in ("name", "short_name", "uscc", "kind", "unit")}
    cleaned: dict[str, object] = dict(_clean(row.jurisdiction, row, texts, at))
    plain = ("is_authority", "active", "responsible", "parent", "area")
    cleaned |= {k: v for k, v in changes.items() if k in plain}
    if "profile" in changes:
        given = changes["profile"]
        cleaned["profile"] = row.profile | _texts(given if isinstance(given, Mapping) else {})
    _check_people(row, changes)
    _check_place(row.jurisdiction, row, cleaned.get("parent"), cleaned.get("area"))
    if "area" in cleaned:
        _check_reach(cleaned["area"], by, at)
    changed: list[str] = []
    for field, value in cleaned.items():
        before = getattr(row, field)
        if before != value:
            _remember(row, field, _words(before), _words(value), by, at)
            setattr(row, field, value)
            changed.append(field)
    row.save()
    if "officers" in changes:
        officers = changes["officers"]
        if not isinstance(officers, Sequence):
            raise TypeError("officers is a sequence of people")
        before_people = list(row.officers.order_by("name"))
        after_people = sorted(officers, key=lambda p: p.name)
        if {p.pk for p in before_people} != {p.pk for p in after_people}:
            _remember(row, "officers", "、".join(map(str, before_people)), "、".join(map(str, after_people)), by, at)
            row.officers.set(officers)
            changed.append("officers")
    if changed:
        ledger.record(
            kind="event", by=by, at=at, department=row.pk, facts={"event": "orgs.department_changed", "items": changed}
        )
        publish(DepartmentChanged(row.pk))
    return row


@transaction.atomic
def create_client(*, department: Department, name: str, by: Person | None, at: datetime) -> tuple[Client, str]:
    """Make a machine client of a department; returns it with its secret, which is never shown again.

    An administrator may, and a consumer of the department for their own programs. Raises ``Invalid`` for a name in use.
    """
    _require_client_keeper(by, department, at)
    name = name.strip()
    if not 2 <= len(name) <= 80:
        raise Invalid(
            "机器客户端没有建立",
            remedy="请填写 2 至 80 个字的名称",
            problems=[Problem("名称", "名称为 2 至 80 个字", code="orgs.client_name")],
        )
    if queries.clients_of(department).filter(name=name).exists():
        raise Invalid(
            "机器客户端没有建立",
            remedy="请换一个名称，或在原客户端上更换密钥",
            problems=[Problem("名称", "本部门已有同名的机器客户端", code="orgs.client_name_taken")],
        )
    secret = secrets.token_urlsafe(32)
    made = Client.objects.create(
        department=department,
        name=name,
        client_id=f"yc-{secrets.token_hex(8)}",
        secret_digest=secret_digest(secret),
        created_by=by or Person.objects.order_by("id")[0],
        created_at=at,
    )
    _tell_client(made, "orgs.client_created", by, at)
    return made, secret


@transaction.atomic
def rotate_secret(*, client: Client, by: Person | None, at: datetime) -> str:
    """Give a client a new secret and return it, shown once; the old one stops working at once."""
    row = Client.objects.select_for_update(of=("self",)).select_related("department__jurisdiction").get(pk=client.pk)
    _require_client_keeper(by, row.department, at)
    if row.disabled_at is not None:
        raise Conflict(
            "该机器客户端已停用，不能更换密钥", object_=row.name, remedy="请新建机器客户端", code="orgs.client_disabled"
        )
    secret = secrets.token_urlsafe(32)
    row.secret_digest = secret_digest(secret)
    row.save(update_fields=["secret_digest"])
    _tell_client(row, "orgs.client_secret_rotated", by, at)
    return secret


@transaction.atomic
def disable_client(*, client: Client, by: Person | None, at: datetime) -> Client:
    """Switch a client off for good; a second time changes nothing."""
    row = Client.objects.select_for_update(of=("self",)).select_related("department__jurisdiction").get(pk=client.pk)
    _require_client_keeper(by, row.department, at)
    if row.disabled_at is None:
        row.disabled_at = at
        row.save(update_fields=["disabled_at"])
        _tell_client(row, "orgs.client_disabled", by, at)
    return row


def secret_digest(secret: str) -> str:
    """How a client's secret is stored: SHA-256 in hex. The secret has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _tell_client(client: Client, event: str, by: Person | None, at: datetime) -> None:
    ledger.record(
        kind="event",
        by=by,
        at=at,
        department=client.department_id,
        facts={"event": event, "client": client.client_id},
    )
    publish(ClientChanged(UUID(str(client.pk))))


def _require_client_keeper(by: Person | None, department: Department, at: datetime) -> None:
    if by is None:
        return
    if queries.jurisdiction_id_of(by) != department.jurisdiction_id:
        raise not_found()
    if queries.may_act(by, RoleKind.ADMIN, None, at).allowed:
        return
    decision = queries.may_act(by, RoleKind.CONSUMER, department, at)
    if not decision.allowed:
        raise NotAllowed(decision.reason, remedy=decision.remedy, code=decision.code)


def _clean(
    jurisdiction: Jurisdiction, row: Department | None, given: Mapping[str, str], at: datetime
) -> dict[str, str]:
    cleaned = {key: value.strip() for key, value in given.items()}
    problems: list[Problem] = []
    others = Department.objects.filter(jurisdiction=jurisdiction)
    if row is not None:
        others = others.exclude(pk=row.pk)
    if "name" in cleaned:
        if not 2 <= len(cleaned["name"]) <= 120:
            problems.append(Problem("名称", "名称为 2 至 120 个字", code="orgs.department_name"))
        elif others.filter(name=cleaned["name"]).exists():
            problems.append(Problem("名称", "已有同名部门", "请核对是否重复登记", "orgs.department_name_taken"))
    if "uscc" in cleaned:
        cleaned["uscc"] = codes.normalise_identifier(cleaned["uscc"])
        problem = codes.uscc_problem(cleaned["uscc"])
        if problem:
            problems.append(Problem("统一社会信用代码", codes.PROBLEMS[problem], "请按登记证书核对", f"orgs.{problem}"))
        elif others.filter(uscc=cleaned["uscc"]).exists():
            problems.append(
                Problem("统一社会信用代码", "该代码已登记给另一部门", "请核对是否重复登记", "orgs.uscc_taken")
            )
    if "kind" in cleaned:
        kinds = queries.kinds_of(jurisdiction, shanghai_date(at))
        if cleaned["kind"] not in {option.key for option in kinds}:
            words = "、".join(option.title for option in kinds)
            problems.append(
                Problem("部门类别", f"应为：{words}", "", "orgs.kind_not_listed", kinds[0].reference if kinds else None)
            )
    if problems:
        raise Invalid(
            "部门信息没有保存", remedy="请按提示改正后重新提交", problems=problems, code="orgs.department_invalid"
        )
    return cleaned


MAX_LEVELS = 4
"""Most levels of departments under one another: department, inner unit, subordinate, its office."""


def _check_place(jurisdiction: Jurisdiction, row: Department | None, parent: object, area: object) -> None:
    """Parent and area stand in the same tenant; nobody is, over however many levels, their own parent."""
    if isinstance(area, Area) and area.jurisdiction_id != jurisdiction.pk:
        raise not_found()
    above, levels = parent, 0
    while isinstance(above, Department):
        levels += 1
        if above.jurisdiction_id != jurisdiction.pk:
            raise not_found()
        if (row is not None and above.pk == row.pk) or levels >= MAX_LEVELS:
            what = "上级部门不能是本部门或其下属" if row is not None and above.pk == row.pk else "部门层级过多"
            raise Invalid(
                "部门信息没有保存",
                remedy="请另选上级部门",
                problems=[Problem("上级部门", what, "", "orgs.parent_circle")],
                code="orgs.department_invalid",
            )
        above = above.parent


def _check_reach(area: object, by: Person | None, at: datetime) -> None:
    """An area's administrator registers and keeps departments in the area: none of them comes to stand over the rest of the tenant."""
    area_id = area.pk if isinstance(area, Area) else None
    if by is not None and not queries.reaches(by, RoleKind.ADMIN, area_id, at):
        raise Invalid(
            "部门信息没有保存",
            remedy="请选择您管理的片区；其他片区和不属于片区的部门由本行政区域的系统管理员登记",
            problems=[Problem("片区", "不在您管理的片区内", "", "orgs.area_only")],
            code="orgs.department_invalid",
        )


def _texts(given: Mapping[str, object] | None) -> dict[str, str]:
    """Profile texts as they are stored: names of at most 40 characters, texts of at most 2,000 without control characters."""
    return {
        str(name)[:40]: "".join(c for c in str(text) if c == "\n" or c.isprintable()).strip()[:2000]
        for name, text in (given or {}).items()
    }


def _check_people(row: Department, changes: Mapping[str, object]) -> None:
    responsible, officers = changes.get("responsible"), changes.get("officers") or ()
    problems = []
    if isinstance(responsible, Person) and responsible.department_id != row.pk:
        problems.append(Problem("主要负责人", "不是本部门的人员", "请先调整其所属部门", "orgs.not_in_department"))
    if isinstance(officers, Sequence) and any(p.department_id != row.pk for p in officers):
        problems.append(Problem("专职人员", "有人不是本部门的人员", "请先调整其所属部门", "orgs.not_in_department"))
    if problems:
        raise Invalid(
            "部门信息没有保存", remedy="请按提示改正后重新提交", problems=problems, code="orgs.department_invalid"
        )


def _remember(row: Department, field: str, before: str, after: str, by: Person | None, at: datetime) -> None:
    DepartmentChange.objects.create(department=row, at=at, by=by, field=field, before=before, after=after)


def _words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        return "；".join(f"{name}：{text}" for name, text in value.items() if text)
    return str(value)
