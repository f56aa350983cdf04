"""How Django contexts write to the ledger: in the transaction of their own change, so that both happen or neither."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from yishu.ledger.entries import Entry
from yishu.ledger.facts import Fact
from yishu.ledger.inbox import insert_sql


def actor_of(by: Any) -> str:
    """The ledger's name of whoever acts: a person or client model, a ready ``person:<id>`` / ``client:<id>``, or None for the system."""
    if by is None:
        return "system"
    if isinstance(by, str):
        return by
    client_id = getattr(by, "client_id", None)
    return f"client:{client_id}" if client_id else f"person:{by.pk}"


def record(
    *,
    kind: str,
    by: Any,
    at: datetime,
    department: str | int | None = "",
    resource: str = "",
    grant: UUID | str | None = None,
    case: UUID | str | None = None,
    facts: Mapping[str, Fact] | None = None,
) -> UUID:
    """Write an entry in the caller's transaction and return its receipt id.

    ``by`` is a person, a client, their ledger name, or None for the system; the other arguments are those of
    ``ledger.entries.Entry``. Raises ``ledger.entries.BadEntry`` for a fact that is not declared, and ``RuntimeError`` outside
    a transaction: an entry about a change that may still fail would be a lie.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("ledger.actions.record outside transaction.atomic()")
    entry = Entry(
        kind=kind,
        at=at,
        actor=actor_of(by),
        department="" if department is None else str(department),
        resource=resource,
        grant=grant,
        case=case,
        facts=facts or {},
    )
    id = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(insert_sql, [id, entry.to_bytes()])
    return id
