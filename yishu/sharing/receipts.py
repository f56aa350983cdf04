"""Receipts as one reader may see them: those of their departments' calls, of calls on their resources, or of the whole jurisdiction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from yishu.catalogue.models import Resource, Version
from yishu.catalogue.rules import from_json
from yishu.kernel.errors import NotFound
from yishu.law.decision import Decision
from yishu.ledger import queries as ledger
from yishu.ledger.entries import DELIVERY, REFUSAL, Entry, entry_from_bytes
from yishu.ledger.notes import VERIFIER_KEYS, read_verifier_keys
from yishu.ledger.receipts import Receipt
from yishu.ledger.verify import verify_receipt
from yishu.orgs import queries as orgs
from yishu.orgs.models import Client, Department, Person, RoleKind
from yishu.sharing.queries import departments_as, law, title_of

WINDOW = 20_000
"""Entries looked through for a list, newest first: the ledger has no index by department, and a list is for what just happened."""
_LIST = """
with recent as (
    (select id, entry, false as sealed from ledger.inbox order by at desc limit %(window)s)
    union all
    (select id, entry, true from ledger.leaf order by log desc, index desc limit %(window)s)
)
select id, entry, sealed from (select id, entry, sealed, convert_from(entry, 'UTF8')::jsonb as body from recent) r
where body->>'kind' = any(%(kinds)s) and (body->>'department' = any(%(departments)s) or body->>'resource' = any(%(resources)s))
  and (%(resource)s = '' or body->>'resource' = %(resource)s) and (%(grant)s = '' or body->>'grant' = %(grant)s)
order by body->>'at' desc limit %(limit)s
"""
_ONE = """
select entry from ledger.leaf where id = %(id)s union all select entry from ledger.inbox where id = %(id)s limit 1
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reader may see: departments (ids as the ledger writes them) whose calls, resource codes whose deliveries."""

    departments: tuple[str, ...]
    resources: tuple[str, ...]

    def holds(self, entry: Entry) -> bool:
        """Whether an entry is theirs to see."""
        return entry.department in self.departments or (bool(entry.resource) and entry.resource in self.resources)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    id: UUID
    at: datetime
    kind: str
    department: str
    resource: str
    title: str
    actor: str
    records: int | None
    keys: int | None
    sealed: bool


def scope_of(person: Person) -> Scope:
    """Departments and resources whose receipts a person may see: those of departments they look over, and of their own."""
    if person.department is None:
        return Scope((), ())
    over = orgs.read_over(person, "receipts", timezone.now())
    used = {*over.values_list("pk", flat=True)}
    used |= {*departments_as(person, RoleKind.CONSUMER, RoleKind.RESPONSIBLE).values_list("pk", flat=True)}
    given = departments_as(person, RoleKind.PROVIDER, RoleKind.RESPONSIBLE)
    codes = Resource.objects.filter(department__in=given).exclude(code=None).values_list("code", flat=True)
    return Scope(tuple(str(pk) for pk in used), tuple(str(code) for code in codes))


def recent(person: Person, *, kind: str = "", resource: str = "", grant: str = "", limit: int = 200) -> tuple[Row, ...]:
    """Deliveries and refusals a person may see, newest first, out of the last ``WINDOW`` entries."""
    scope = scope_of(person)
    kinds = [kind] if kind in (DELIVERY, REFUSAL) else [DELIVERY, REFUSAL]
    given: dict[str, Any] = {
        "window": WINDOW, "kinds": kinds, "departments": list(scope.departments), "resources": list(scope.resources),
        "resource": resource, "grant": grant, "limit": limit,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_LIST, given)
        found = [(id_, entry_from_bytes(bytes(entry)), sealed) for id_, entry, sealed in cursor.fetchall()]
    departments = dict(
        Department.objects.filter(pk__in=_ids([e.department for _, e, _ in found])).values_list("pk", "name")
    )
    titles = dict(Resource.objects.filter(code__in={e.resource for _, e, _ in found}).values_list("code", "title"))
    return tuple(
        Row(
            id=id_,
            at=e.at,
            kind=e.kind,
            department=departments.get(int(e.department), "") if e.department.isdigit() else e.department,
            resource=e.resource,
            title=titles.get(e.resource, e.resource),
            actor="程序" if e.actor.startswith("client:") else "人员",
            records=_count(e, "records"),
            keys=_count(e, "key_count"),
            sealed=sealed,
        )
        for id_, e, sealed in found
    )


def _ids(texts: Sequence[str]) -> set[int]:
    return {int(t) for t in texts if t.isdigit()}


def _count(entry: Entry, name: str) -> int | None:
    value = entry.facts.get(name)
    return value if isinstance(value, int) else None


def entry_for(person: Person, id_: UUID) -> Entry:
    """The entry behind a receipt a person may see. Raises NotFound alike when there is none and when it is not theirs."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE, {"id": id_})
        row = cursor.fetchone()
    entry = entry_from_bytes(bytes(row[0])) if row else None
    if entry is None or not scope_of(person).holds(entry):
        raise NotFound("没有这份凭证，或您无权查看", remedy="请核对凭证号", code="sharing.receipt_not_found")
    return entry


def receipt(id_: UUID) -> Receipt | None:
    """The complete receipt, None while its proof is being made (two seconds at most)."""
    return ledger.receipt(id_)


def verified(found: Receipt) -> Decision:
    """Whether a receipt holds against the platform's own verifier keys; the same check ``yishu receipt verify`` makes offline."""
    keys = settings.ENVIRONMENT.home / "keys" / VERIFIER_KEYS
    trusted = read_verifier_keys(keys.read_text(encoding="utf-8")) if keys.exists() else ()
    return verify_receipt(found.document(), trusted)


def in_words(entry: Entry, on: date) -> tuple[tuple[str, str], ...]:
    """What an entry says, with today's names for its ids: (label, value) pairs for the page. The entry itself is the evidence."""
    rows: list[tuple[str, str]] = []
    department = Department.objects.filter(pk__in=_ids([entry.department])).select_related("jurisdiction").first()
    rows.append(("使用部门", department.name if department else entry.department))
    who, _, number = entry.actor.partition(":")
    if who == "person":
        person = Person.objects.filter(pk__in=_ids([number])).first()
        rows.append(("经办人", person.name if person else number))
    elif who == "client":
        client = Client.objects.filter(client_id=number).first()
        rows.append(("程序", client.name if client else number))
    resource = (
        Resource.objects.filter(code=entry.resource).select_related("department").first() if entry.resource else None
    )
    version = _count(entry, "version")
    if resource is not None:
        rows += [("信息资源", resource.title), ("提供部门", resource.department.name)]
        rows.append(("信息项", _items_in_words(entry, resource.pk, version)))
    purpose = entry.facts.get("purpose")
    if department is not None and isinstance(purpose, str):
        rows.append(("具体用途", title_of(law(department.jurisdiction, on), "use_purposes", purpose)))
    for label, name in (("查询标识", "key_count"), ("查到记录", "records")):
        count = _count(entry, name)
        if count is not None:
            rows.append((label, f"{count} 个" if name == "key_count" else f"{count} 条"))
    return tuple((label, value) for label, value in rows if value)


def _items_in_words(entry: Entry, resource_id: int, version: int | None) -> str:
    columns, kinds = entry.facts.get("items"), entry.facts.get("masks")
    if not isinstance(columns, list | tuple) or version is None:
        return ""
    snapshot = Version.objects.filter(resource_id=resource_id, number=version).first()
    names = {i.column: i.name for i in from_json(snapshot.snapshot).items} if snapshot else {}
    masked = set(kinds) if isinstance(kinds, Mapping) else set()
    return "、".join(f"{names.get(c, c)}{'（脱敏）' if c in masked else ''}" for c in columns)
