"""Opening the current log: compare the database with the kept checkpoint, and begin a new log when they do not fit. Django-free.

A log's history is never mended: when the database is smaller than, or different from, what was signed (a restored backup, a
rewritten table), the old log is closed as it stands and a new one begins, whose first leaf says why.
"""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg

from yishu.ledger.entries import EVENT, Entry
from yishu.ledger.kept import KeptCheckpoints
from yishu.ledger.merkle import EMPTY_ROOT, Hash, fold, leaf_hash, nodes_of
from yishu.ledger.notes import BadNote, Checkpoint, SigningKey, verify_checkpoint
from yishu.ledger.tiles import Edge, MissingTile, Tile, edge_tiles, node_from, tiles_for

_log = logging.getLogger(__name__)
Connection = psycopg.Connection[Any]

STARTED = "ledger.log_started"
"""The ``event`` of leaf 0 of every log."""
TILES_SQL = (
    "select level, index, hashes from ledger.tile"
    " where log = $1 and (level, index) in (select * from unnest($2::smallint[], $3::bigint[]))"
)
"""The asked tiles of one log; ``$n`` parameters serve asyncpg and psycopg's raw cursor alike."""


def leaf_data(id: UUID, entry: bytes) -> bytes:
    """What a leaf hashes: the receipt id's 16 bytes, then the entry's bytes, so that neither can be exchanged."""
    return id.bytes + entry


def tile_parameters(log: int, tiles: list[Tile]) -> tuple[int, list[int], list[int]]:
    """Parameters of ``TILES_SQL``."""
    return log, [level for level, _ in tiles], [index for _, index in tiles]


def read_tiles(conn: Connection, log: int, tiles: list[Tile]) -> Mapping[Tile, bytes]:
    """Those of the tiles that are stored."""
    with psycopg.RawCursor(conn) as cursor:
        cursor.execute(TILES_SQL, tile_parameters(log, tiles))
        return {(level, index): bytes(hashes) for level, index, hashes in cursor.fetchall()}


def stored_root(conn: Connection, log: int, size: int) -> Hash:
    """Root of a log's first ``size`` leaves, from its tiles; raises ``MissingTile``."""
    if not size:
        return EMPTY_ROOT
    tiles = read_tiles(conn, log, tiles_for([(0, size)]))
    return fold([node_from(node, tiles) for node in nodes_of((0, size))])


@dataclass(slots=True)
class OpenLog:
    """The log the sequencer writes to: its number, origin, right edge, and the size last signed in the database."""

    number: int
    origin: str
    edge: Edge
    signed: int = 0


def open_log(conn: Connection, key: SigningKey, kept: KeptCheckpoints, at: datetime) -> OpenLog:
    """The current log, ready to grow; a new one when there is none or when the database does not fit what was signed.

    Call while holding the ledger's lock, outside a transaction.
    """
    newest = kept.newest([key.verifier()])
    row = conn.execute("select number, id from ledger.log where current").fetchone()
    if row is None:
        return start_log(conn, key, "database_lost" if newest else "first_start", at, newest=newest)
    number, origin = row
    found = size_of(conn, number)
    reason, worst = _misfit(conn, key, number, origin, found, newest)
    if not reason:
        try:
            log = OpenLog(number, origin, Edge(found, read_tiles(conn, number, edge_tiles(found))))
        except MissingTile:
            reason = "tiles_damaged"
        else:
            signed = conn.execute("select max(size) from ledger.checkpoint where log = %s", [number]).fetchone()
            log.signed = (signed and signed[0]) or 0
            return log
    return start_log(conn, key, reason, at, newest=worst or newest, previous=origin, found=found)


def size_of(conn: Connection, log: int) -> int:
    """Number of leaves of a log, by its highest index."""
    row = conn.execute("select max(index) + 1 from ledger.leaf where log = %s", [log]).fetchone()
    return int((row and row[0]) or 0)


def _misfit(
    conn: Connection, key: SigningKey, number: int, origin: str, found: int, newest: Checkpoint | None
) -> tuple[str, Checkpoint | None]:
    """Why the database does not fit what was signed, and the checkpoint that shows it; an empty reason when it fits."""
    witnesses = []
    row = conn.execute(
        "select note from ledger.checkpoint where log = %s order by size desc limit 1", [number]
    ).fetchone()
    if row:
        try:
            witnesses.append(verify_checkpoint(row[0], [key.verifier()]))
        except BadNote:
            return "checkpoint_forged", None
    if newest and newest.origin != origin:
        known = conn.execute("select 1 from ledger.log where id = %s", [newest.origin]).fetchone()
        if not known:
            return "database_older", newest
        # A log closed earlier: what it lost was said when the current one began.
    elif newest:
        witnesses.append(newest)
    for witness in witnesses:
        if witness.origin != origin:
            return "checkpoint_forged", witness
        if witness.size > found:
            return "database_smaller", witness
        try:
            root = stored_root(conn, number, witness.size)
        except MissingTile:
            return "tiles_damaged", witness
        if root != witness.root:
            return "database_differs", witness
    return "", None


def start_log(
    conn: Connection,
    key: SigningKey,
    reason: str,
    at: datetime,
    *,
    newest: Checkpoint | None = None,
    previous: str = "",
    found: int = 0,
) -> OpenLog:
    """Close the current log and begin a new one whose leaf 0 says why; one transaction."""
    origin = f"{key.name}/{secrets.token_hex(8)}"
    facts: dict[str, Any] = {"event": STARTED, "log_reason": reason, "found_size": found}
    facts["previous_log"] = newest.origin if newest else previous
    if newest:
        facts |= {"kept_size": newest.size, "kept_root": newest.root.hex()}
    entry = Entry(kind=EVENT, at=at, actor="system", facts=facts).to_bytes()
    log = OpenLog(0, origin, Edge())
    with conn.transaction():
        row = conn.execute("select coalesce(max(number), 0) + 1 from ledger.log").fetchone()
        log.number = row[0] if row else 1
        conn.execute("update ledger.log set current = false where current")
        conn.execute(
            "insert into ledger.log (number, id, started_at, current, reason) values (%s, %s, %s, true, %s)",
            [log.number, origin, at, reason],
        )
        append_leaves(conn, log, [(uuid4(), entry)], at)
    if reason == "first_start":
        _log.info("存证日志已建立：%s", origin)
    else:
        _log.critical(
            "数据库与留存的检查点不符（%s）：数据库有 %d 条，留存的检查点为 %s。已另起新的存证日志 %s；"
            "若不是刚恢复过备份，请立即报告数据主管部门",
            reason,
            found,
            f"{newest.origin} 第 {newest.size} 条" if newest else "无",
            origin,
        )
    return log


def append_leaves(conn: Connection, log: OpenLog, rows: list[tuple[UUID, bytes]], at: datetime) -> None:
    """Make entries the next leaves, in the given order, within the caller's transaction.

    If that transaction fails, ``log`` is ahead of the database and must be opened anew.
    """
    with (
        conn.cursor() as cursor,
        cursor.copy("copy ledger.leaf (log, index, id, entry, hash, sequenced_at) from stdin (format binary)") as copy,
    ):
        copy.set_types(["int4", "int8", "uuid", "bytea", "bytea", "timestamptz"])
        for id, entry in rows:
            hash = leaf_hash(leaf_data(id, entry))
            copy.write_row((log.number, log.edge.size, id, entry, hash, at))
            log.edge.append(hash)
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into ledger.tile (log, level, index, hashes) values (%s, %s, %s, %s)"
            " on conflict (log, level, index) do update set hashes = excluded.hashes",
            [(log.number, level, index, hashes) for (level, index), hashes in log.edge.take_changed().items()],
        )
