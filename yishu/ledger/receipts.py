"""Receipts (调用记录凭证): entry, inclusion proof and signed checkpoint in one JSON document that verifies offline. Django-free.

A receipt is a function of the log: it uses the first checkpoint that covers its leaf, so the same id always gives the same text.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import psycopg

from yishu.ledger.display import Display, display
from yishu.ledger.logs import TILES_SQL, tile_parameters
from yishu.ledger.merkle import inclusion_ranges, proof
from yishu.ledger.tiles import Tile, node_from, tiles_for

__all__ = ["Display", "Receipt", "checkpoint", "checkpoint_async", "display", "receipt", "receipt_async", "state"]

FORMAT: Final = "yishu.receipt/1"
LEAF_SQL: Final = """
select l.log, g.id, l.index, l.entry, c.size, c.note
from ledger.leaf l
join ledger.log g on g.number = l.log
left join lateral (
    select size, note from ledger.checkpoint where log = l.log and size > l.index order by size limit 1
) c on true
where l.id = $1
"""
STATE_SQL: Final = """
select case
    when exists (select from ledger.leaf l join ledger.checkpoint c on c.log = l.log and c.size > l.index where l.id = $1)
    then 'ready'
    when exists (select from ledger.leaf where id = $1) or exists (select from ledger.inbox where id = $1) then 'waiting'
    else 'unknown' end
"""
CHECKPOINT_SQL: Final = """
select c.note from ledger.checkpoint c join ledger.log g on g.number = c.log
where g.current order by c.size desc limit 1
"""


class AsyncConnection(Protocol):
    """What is used of an asyncpg connection or pool."""

    async def fetch(self, query: str, *args: Any) -> Sequence[Any]:
        """Rows of one statement."""

    async def fetchrow(self, query: str, *args: Any) -> Any:
        """First row or None."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A complete receipt. ``entry`` is the canonical JSON text, ``index`` the leaf's place in ``log``, hashes are 32 bytes."""

    id: UUID
    entry: str
    log: str
    index: int
    inclusion_proof: tuple[bytes, ...]
    checkpoint: str

    def document(self) -> dict[str, Any]:
        """The JSON document that is handed out and that ``ledger.verify`` checks."""
        return {
            "format": FORMAT,
            "id": str(self.id),
            "entry": self.entry,
            "log": self.log,
            "index": self.index,
            "inclusion_proof": [base64.b64encode(hash).decode() for hash in self.inclusion_proof],
            "checkpoint": self.checkpoint,
        }

    def to_json(self) -> str:
        """The document as text for a file, with a newline at its end."""
        return json.dumps(self.document(), ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class _Leaf:
    log: int
    origin: str
    index: int
    entry: bytes
    size: int
    note: str

    def tiles(self) -> list[Tile]:
        return tiles_for(inclusion_ranges(self.index, self.size))

    def receipt(self, id: UUID, tiles: Mapping[Tile, bytes]) -> Receipt:
        path = proof(inclusion_ranges(self.index, self.size), lambda node: node_from(node, tiles))
        return Receipt(id, self.entry.decode(), self.origin, self.index, tuple(path), self.note)


def _leaf(row: Any) -> _Leaf | None:
    """The leaf of a ``LEAF_SQL`` row; None when there is no row or no checkpoint covers it yet."""
    if row is None or row[4] is None:
        return None
    return _Leaf(row[0], row[1], row[2], bytes(row[3]), row[4], row[5])


def receipt(conn: psycopg.Connection[Any], id: UUID) -> Receipt | None:
    """The receipt of an id over a psycopg connection; None while it is not ready (``state`` tells waiting from unknown).

    Reads one leaf, one checkpoint and O(log n) tiles. Raises ``ledger.tiles.MissingTile`` when the store is damaged.
    """
    with psycopg.RawCursor(conn, row_factory=psycopg.rows.tuple_row) as cursor:
        leaf = _leaf(cursor.execute(LEAF_SQL, [id]).fetchone())
        if leaf is None:
            return None
        rows = cursor.execute(TILES_SQL, tile_parameters(leaf.log, leaf.tiles())).fetchall()
    return leaf.receipt(id, {(row[0], row[1]): bytes(row[2]) for row in rows})


async def receipt_async(conn: AsyncConnection, id: UUID) -> Receipt | None:
    """The same over asyncpg (a connection or a pool), for the gateway."""
    leaf = _leaf(await conn.fetchrow(LEAF_SQL, id))
    if leaf is None:
        return None
    rows = await conn.fetch(TILES_SQL, *tile_parameters(leaf.log, leaf.tiles()))
    return leaf.receipt(id, {(row[0], row[1]): bytes(row[2]) for row in rows})


def state(conn: psycopg.Connection[Any], id: UUID) -> str:
    """``ready``, ``waiting`` (written, its proof comes within two seconds) or ``unknown``."""
    with psycopg.RawCursor(conn, row_factory=psycopg.rows.tuple_row) as cursor:
        row = cursor.execute(STATE_SQL, [id]).fetchone()
    return str(row[0]) if row else "unknown"


def checkpoint(conn: psycopg.Connection[Any]) -> str | None:
    """The newest signed checkpoint of the current log, None before the first."""
    with psycopg.RawCursor(conn, row_factory=psycopg.rows.tuple_row) as cursor:
        row = cursor.execute(CHECKPOINT_SQL).fetchone()
    return str(row[0]) if row else None


async def checkpoint_async(conn: AsyncConnection) -> str | None:
    """The same over asyncpg, for ``GET /log/checkpoint``."""
    row = await conn.fetchrow(CHECKPOINT_SQL)
    return str(row[0]) if row else None
