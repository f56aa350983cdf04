"""Serving tables in PostgreSQL: filled by COPY, named by the pointer, dropped when nobody can be reading them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.csv
from django.db import connection, transaction
from psycopg import sql

from yishu.catalogue.rules import ResourceSpec

POSTGRES_TYPES = {
    "string": "text",
    "decimal(38, 6)": "numeric(38, 6)",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
    "float64": "double precision",
    "int64": "bigint",
}
"""Column type by the Ibis type of the clean column."""
_NO_HEADING = pyarrow.csv.WriteOptions(include_header=False)


def table_name(resource_id: int, load_id: UUID) -> str:
    """The name of a load's serving table in schema ``serving``; the same for every attempt at the load."""
    return f"r{resource_id}_{load_id.hex}"


def fill_table(name: str, spec: ResourceSpec, batches: Iterable[pa.RecordBatch]) -> int:
    """Make the serving table anew and fill it; returns the rows copied. All in one transaction: killed, nothing stays.

    ``batches``: the items' columns in their order, then ``_row``. Made and filled in one transaction, rows are written
    frozen and once; whoever may read the pointer may read the table. What an earlier attempt left is dropped first.
    """
    table = sql.Identifier("serving", name)
    columns: list[sql.Composable] = [
        sql.SQL("{} {}").format(sql.Identifier(i.column), sql.SQL(POSTGRES_TYPES[i.ibis_type])) for i in spec.items
    ]
    columns.append(sql.SQL("_row bigint not null"))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local maintenance_work_mem = '256MB'")
        cursor.execute(sql.SQL("drop table if exists {}").format(table))
        cursor.execute(sql.SQL("create table {} ({})").format(table, sql.SQL(", ").join(columns)))
        rows = _copy(cursor, sql.SQL("copy {} from stdin (format csv, freeze)").format(table), batches)
        if spec.key is not None:
            key = sql.Identifier(spec.key.column)
            cursor.execute(sql.SQL("alter table {} add primary key ({})").format(table, key))
        cursor.execute(sql.SQL("analyze {}").format(table))
        for reader in _readers(cursor):
            cursor.execute(sql.SQL("grant select on {} to {}").format(table, sql.Identifier(reader)))
    return rows


def switch_pointer(
    *, resource_code: str, table: str, load_id: UUID, resource_version: int, rows: int, at: datetime
) -> None:
    """Name the table that is served from now on; in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into serving.current (resource_code, table_name, load_id, resource_version, rows, published_at) "
            "values (%s, %s, %s, %s, %s, %s) on conflict (resource_code) do update set table_name = excluded.table_name, "
            "load_id = excluded.load_id, resource_version = excluded.resource_version, rows = excluded.rows, "
            "published_at = excluded.published_at",
            [resource_code, table, load_id, resource_version, rows, at],
        )


def current_tables() -> frozenset[str]:
    """The tables some pointer names."""
    return frozenset(row[0] for row in _select("select table_name from serving.current"))


def serving_tables() -> tuple[str, ...]:
    """Every serving table there is, named by a load row or not."""
    found = _select(
        "select tablename from pg_tables where schemaname = 'serving' and tablename ~ '^r[0-9]+_[0-9a-f]{32}$'"
    )
    return tuple(sorted(str(row[0]) for row in found))


def drop_table(name: str) -> bool:
    """Drop a serving table unless a pointer names it; False when one does or somebody is reading it right now.

    A reader is never made to wait: without the lock at once, the next sweep tries again.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("lock table serving.current in share mode")
        if name in current_tables():
            return False
        cursor.execute("set local lock_timeout = '200ms'")
        cursor.execute(sql.SQL("drop table if exists {}").format(sql.Identifier("serving", name)))
    return True


def lock_resource(resource_id: int) -> bool:
    """Take the resource's lock for this database session; False when another session works on it."""
    return bool(_select("select pg_try_advisory_lock(%s, %s)", [_LOCKS, resource_id])[0][0])


def unlock_resource(resource_id: int) -> None:
    """Give the resource's lock back."""
    _select("select pg_advisory_unlock(%s, %s)", [_LOCKS, resource_id])


_LOCKS = 0x5953_0003
"""Class of the advisory locks, one per resource."""


def _select(query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, list(parameters) or None)
        return list(cursor.fetchall())


def _readers(cursor: Any) -> list[str]:
    cursor.execute(
        "select distinct grantee from information_schema.role_table_grants where table_schema = 'serving' "
        "and table_name = 'current' and privilege_type = 'SELECT' and grantee <> current_user and grantee <> 'PUBLIC'"
    )
    return [str(row[0]) for row in cursor.fetchall()]


def _copy(cursor: Any, statement: sql.Composed, batches: Iterable[pa.RecordBatch]) -> int:
    rows = 0
    with cursor.copy(statement) as copy:
        for batch in batches:
            sink = pa.BufferOutputStream()
            pyarrow.csv.write_csv(batch, sink, _NO_HEADING)
            copy.write(memoryview(sink.getvalue()))
            rows += batch.num_rows
    return rows
