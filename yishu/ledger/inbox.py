"""The way into the ledger: writers insert rows here, in their own transaction. Django-free.

Once that transaction has committed the entry is durable; the sequencer makes it a leaf within two seconds. Inserting the
same id with the same bytes twice (a retry after a lost connection) gives one leaf; the table's key refuses it while the
first row still waits.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from yishu.ledger.entries import Entry

insert_sql: Final = "insert into ledger.inbox (id, entry) values (%s, %s)"
"""For psycopg and Django cursors: parameters (UUID, bytes)."""
insert_sql_asyncpg: Final = "insert into ledger.inbox (id, entry) values ($1, $2)"
"""For asyncpg: parameters (UUID, bytes)."""
copy_schema: Final = "ledger"
copy_table: Final = "inbox"
copy_columns: Final = ("id", "entry")
"""For asyncpg's ``copy_records_to_table(copy_table, schema_name=copy_schema, columns=copy_columns, records=[(UUID, bytes)])``."""


class Cursor(Protocol):
    """What a psycopg and a Django cursor have in common."""

    def execute(self, sql: Any, params: Sequence[Any] | None = None) -> Any:
        """Run one statement."""


def record(cursor: Cursor, id: UUID, entry: Entry) -> None:
    """Put an entry into the inbox within the cursor's transaction; ``id`` becomes its receipt id (random, uuid4)."""
    cursor.execute(insert_sql, [id, entry.to_bytes()])
