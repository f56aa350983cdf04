"""Reads of the ledger for Django contexts, over Django's own connection."""

from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from yishu.ledger import receipts


def _connection() -> psycopg.Connection[Any]:
    connection.ensure_connection()
    return connection.connection  # type: ignore[no-any-return]


def receipt(id: UUID) -> receipts.Receipt | None:
    """The receipt of an id, None while it is not ready."""
    return receipts.receipt(_connection(), id)


def receipt_state(id: UUID) -> str:
    """``ready``, ``waiting`` or ``unknown``."""
    return receipts.state(_connection(), id)
