"""Writes of registers: add, change, close. Each is one transaction with its history row and ledger entry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from yishu.kernel.errors import Conflict, Invalid, NotAllowed
from yishu.kernel.time import shanghai_date
from yishu.law.kinds import Register
from yishu.ledger.actions import record
from yishu.orgs.models import Department, Person
from yishu.pages.uploads import Accepted
from yishu.registers import queries, rules
from yishu.registers.models import Entry, EntryChange, EntryFile


@transaction.atomic
def add_entry(
    *,
    kind: str,
    department: Department,
    fields: Mapping[str, Any],
    by: Person,
    at: datetime,
    files: Mapping[str, Accepted] | None = None,
) -> Entry:
    """Enter a line in a register of the department's jurisdiction.

    Raises NotFound (the law opens no such register), NotAllowed (with who keeps it), Invalid with every problem and article.
    """
    register = queries.register(department.jurisdiction, kind, shanghai_date(at))
    _may_write(register, department, by, at)
    given = _checked(register, fields, files or {}, department)
    entry = Entry.objects.create(
        jurisdiction_id=department.jurisdiction_id,
        kind=kind,
        department=department,
        title=rules.title_of(register, given),
        fields=given,
        review_due_on=_review_due(register, at),
        created_by=by,
        created_at=at,
        updated_at=at,
    )
    _keep(entry, {}, "", files or {}, by, at)
    return entry


@transaction.atomic
def change_entry(
    *,
    entry_id: int,
    seen_revision: int,
    fields: Mapping[str, Any],
    by: Person,
    at: datetime,
    note: str = "",
    files: Mapping[str, Accepted] | None = None,
) -> Entry:
    """Change a line; what it held before stays in its history. The review period starts anew.

    Raises NotFound, NotAllowed, Conflict (somebody changed it first, or it is closed), Invalid.
    """
    entry = _locked(entry_id, seen_revision, by)
    register = queries.register(entry.jurisdiction, entry.kind, shanghai_date(at))
    _may_write(register, entry.department, by, at)
    kept = {f.name: entry.fields[f.name] for f in register.fields if f.kind == "document" and f.name in entry.fields}
    given = _checked(register, {**kept, **fields}, files or {}, entry.department)
    before = entry.fields
    entry.fields, entry.title = given, rules.title_of(register, given)
    entry.revision += 1
    entry.updated_at, entry.review_due_on = at, _review_due(register, at)
    entry.save()
    _keep(entry, before, note, files or {}, by, at)
    return entry


@transaction.atomic
def close_entry(*, entry_id: int, seen_revision: int, note: str, by: Person, at: datetime) -> Entry:
    """Close a line that no longer holds, with why; it stays readable. Raises as ``change_entry``."""
    entry = _locked(entry_id, seen_revision, by)
    register = queries.register(entry.jurisdiction, entry.kind, shanghai_date(at))
    _may_write(register, entry.department, by, at)
    if not note.strip():
        raise Invalid("没有写明注销原因", remedy="请写明原因，如“系统已下线”", code="registers.no_reason")
    entry.active, entry.review_due_on = False, None
    entry.revision += 1
    entry.updated_at = at
    entry.save()
    _keep(entry, entry.fields, note, {}, by, at)
    return entry


def _locked(entry_id: int, seen_revision: int, by: Person) -> Entry:
    queries.entry_for(by, entry_id)
    entry = Entry.objects.select_for_update(of=("self",)).select_related("jurisdiction", "department").get(pk=entry_id)
    if entry.revision != seen_revision or not entry.active:
        raise Conflict(
            "这项登记已被他人修改或注销，您的内容没有写入",
            remedy="请刷新后在最新内容上修改",
            object_=entry.title,
            code="registers.changed",
        )
    return entry


def _may_write(register: Register, department: Department, by: Person, at: datetime) -> None:
    if department.pk in {d.pk for d in queries.departments_to_write(by, register, at)}:
        return
    keeper = "数据主管部门" if register.kept_by == "authority" else f"{department.name}或数据主管部门"
    raise NotAllowed(
        f"“{register.title}”由{keeper}登记，您没有这个角色",
        remedy=f"请转{keeper}的经办人员登记",
        reference=register.reference,
        object_=register.title,
        code="registers.not_keeper",
    )


def _checked(
    register: Register, fields: Mapping[str, Any], files: Mapping[str, Accepted], department: Department
) -> dict[str, Any]:
    given = {name: value for name, value in fields.items() if value not in (None, "", [])}
    given |= {name: file.name for name, file in files.items()}
    problems = rules.problems(register, given)
    problems += rules.endpoint_problems(register, given, settings.ENVIRONMENT.egov_networks)
    for field in register.fields:
        if field.kind in ("department", "person") and field.name in given and not problems:
            model = Department if field.kind == "department" else Person
            where = {"jurisdiction_id": department.jurisdiction_id}
            if field.kind == "person":
                where = {"department__jurisdiction_id": department.jurisdiction_id}
            if not model.objects.filter(pk=given[field.name], **where).exists():
                problems += rules.problems(register, {**given, field.name: "?"})
    if problems:
        raise Invalid(
            f"“{register.title}”有 {len(problems)} 处需要改正",
            remedy="请逐项改正后保存，已填内容不会丢失",
            object_=register.title,
            reference=next((p.reference for p in problems if p.reference), register.reference),
            problems=problems,
            code="registers.invalid",
        )
    return given


def _review_due(register: Register, at: datetime) -> Any:
    return rules.months_later(shanghai_date(at), register.review_months) if register.review_months else None


def _keep(
    entry: Entry, before: Mapping[str, Any], note: str, files: Mapping[str, Accepted], by: Person, at: datetime
) -> None:
    """The history row, the attached files and the ledger entry, which names the register and the line but none of its words."""
    EntryChange.objects.create(
        entry=entry,
        revision=entry.revision,
        before=dict(before),
        after=dict(entry.fields),
        note=note.strip()[:500],
        by=by,
        at=at,
    )
    for name, file in files.items():
        EntryFile.objects.create(
            entry=entry,
            field=name,
            name=file.name,
            media_type=file.media_type,
            digest=file.digest,
            content=file.content,
            by=by,
            at=at,
        )
    action = "added" if entry.revision == 1 else "changed" if entry.active else "closed"
    record(
        kind="event",
        by=by,
        at=at,
        department=entry.department_id,
        facts={
            "event": f"registers.entry_{action}",
            "object": f"registers.{entry.kind}",
            "object_id": str(entry.pk),
            "revision": entry.revision,
        },
    )
