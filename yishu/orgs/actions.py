"""Writes about jurisdictions, departments and machine clients: each verb is one transaction with its ledger event.

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
from yishu.law import packs, values
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
from yishu.orgs.guards import require
from yishu.orgs.messages import ClientChanged, DepartmentChanged
from yishu.orgs.models import CHANGE_WORDS, Client, Department, DepartmentChange, Jurisdiction, Person, RoleKind

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
def create_jurisdiction(
    *, pack: str, by: Person | None, at: datetime, mode: str = Jurisdiction.Mode.AS_WRITTEN, name: str = ""
) -> Jurisdiction:
    """Found a jurisdiction on its pack; name and division code are the pack's. Raises ``law.packs.NoPack``, ``Conflict``."""
    require(by, RoleKind.ADMIN, None, at)
    found = packs.load(pack)
    if Jurisdiction.objects.filter(pack=pack).exists():
        raise Conflict(
            "该行政区域已经建立", object_=found.name, remedy="无需重复建立，请直接使用", code="orgs.jurisdiction_exists"
        )
    made = Jurisdiction.objects.create(
        pack=pack, division_code=found.division_code, name=name or found.name, mode=mode, created_at=at
    )
    ledger.record(
        kind="event",
        by=by,
        at=at,
        facts={"event": "orgs.jurisdiction_created", "pack": pack, "object_id": str(made.pk)},
    )
    return made


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
) -> Department:
    """Register a department. ``kind`` is a key of the pack's ``org_kinds`` (XW-2.2). Raises ``Invalid`` with every problem."""
    require(by, RoleKind.ADMIN, None, at)
    fields = {"name": name, "short_name": short_name, "uscc": uscc, "kind": kind, "unit": unit}
    cleaned = _clean(jurisdiction, None, fields, at)
    made = Department.objects.create(jurisdiction=jurisdiction, is_authority=is_authority, created_at=at, **cleaned)
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
    require(by, RoleKind.ADMIN, None, at)
    row = Department.objects.select_for_update().get(pk=department.pk)
    unknown = set(changes) - set(PROFILE_FIELDS)
    if unknown:
        raise TypeError(f"not fields of a department's profile: {sorted(unknown)}")
    texts = {k: str(v) for k, v in changes.items() if k in ("name", "short_name", "uscc", "kind", "unit")}
    cleaned: dict[str, object] = dict(_clean(row.jurisdiction, row, texts, at))
    cleaned |= {k: v for k, v in changes.items() if k in ("is_authority", "active", "responsible")}
    _check_people(row, changes)
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
    row = Client.objects.select_for_update().get(pk=client.pk)
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
    row = Client.objects.select_for_update().get(pk=client.pk)
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
    if by is None or queries.may_act(by, RoleKind.ADMIN, None, at).allowed:
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
        kinds = values.options(queries.law_view(jurisdiction, shanghai_date(at)), "org_kinds")
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
    return str(value)
