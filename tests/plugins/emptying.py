"""Empties the database after a test that commits by deleting the rows that are there.

Django truncates every table and then makes every content type and permission anew: seconds for each such test, whatever it wrote.
"""

from collections.abc import Sequence
from typing import Any

from django.core.management.commands import flush
from django.db import connections
from django.db.backends.postgresql.operations import DatabaseOperations

KEPT = frozenset({"django_content_type", "auth_permission"})
"""Made by the migrations, changed by no test."""
_GUARDED = """
select distinct tgrelid::regclass::text from pg_trigger
where not tgisinternal and tgrelid = any(%s::regclass[])
"""
"""Tables whose own triggers forbid what truncating them does without asking."""


def _statements(operations: DatabaseOperations, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
    names = [operations.quote_name(table) for table in tables if table not in KEPT]
    if not names:
        return []
    with connections[operations.connection.alias].cursor() as cursor:
        asked = " union all ".join(f"(select '{name}' from {name} limit 1)" for name in names)
        cursor.execute(asked.replace("%", "%%"))
        held = [row[0] for row in cursor.fetchall()]
        cursor.execute(_GUARDED, [held])
        guarded = [row[0] for row in cursor.fetchall()]
    return [
        *(f"alter table {name} disable trigger user" for name in guarded),
        *(f"delete from {name}" for name in held),
        "set constraints all immediate",
        *(f"alter table {name} enable trigger user" for name in guarded),
    ]


DatabaseOperations.sql_flush = _statements  # type: ignore[method-assign]
flush.emit_post_migrate_signal = lambda *given, **options: None  # type: ignore[attr-defined]
