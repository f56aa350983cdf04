"""The one process that turns inbox rows into leaves and signs checkpoints. Django-free.

Correct at any kill: rows leave the inbox and become leaves in one transaction; the lock lives on the same connection, so a
sequencer that lost its lock has lost its transaction too. It takes whatever rows are committed (never "everything after number
n": a serial column would skip rows that commit late). A checkpoint goes to the kept file first, then to the database.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

from yishu.ledger.kept import KeptCheckpoints
from yishu.ledger.logs import OpenLog, append_leaves, open_log
from yishu.ledger.notes import Checkpoint, SigningKey
from yishu.ledger.tiles import MissingTile

_log = logging.getLogger(__name__)
Connection = psycopg.Connection[Any]

LOCK: Final = 0x7969736875_6C6F67
"""Advisory lock of the sequencer ("yishulog"), per database."""
BATCH: Final = 5_000
"""Rows at most in one transaction."""
POLL_SECONDS: Final = 0.1
SIGN_SECONDS: Final = 1.0
"""Checkpoints are at least this far apart; with the poll, a proof is there within two seconds."""
STANDBY_SECONDS: Final = 0.5
BACK_OFF_SECONDS: Final = (0.2, 5.0)
"""First and longest pause after an error."""
COMPLAIN_SECONDS: Final = 60.0
"""The same error is logged this often at most."""

_TAKE: Final = "delete from ledger.inbox where id = any(array(select id from ledger.inbox order by at limit %s)) returning id, entry, at"


class Sequencer:
    """Sequences one database until told to stop.

    ``url`` is asked anew before each connection (the embedded database may come back elsewhere); ``home`` holds the signing key
    and the kept checkpoints.
    """

    def __init__(
        self,
        *,
        url: Callable[[], str],
        home: Path,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        batch: int = BATCH,
        sign_seconds: float = SIGN_SECONDS,
    ) -> None:
        self._url = url
        self._now = now
        self._batch = batch
        self._sign_seconds = sign_seconds
        self._key = SigningKey.load(home)
        self._kept = KeptCheckpoints(home)
        self._signed_at = float("-inf")
        self._complaint = "", 0.0
        self.stop = threading.Event()
        """Set it (from any thread or a signal handler) to end ``run`` after the batch in hand."""

    def run(self) -> None:
        """Connect, wait for the lock, sequence; begin again with a growing pause after any error. Returns when ``stop`` is set."""
        pause = BACK_OFF_SECONDS[0]
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                self._session()
            except (psycopg.Error, OSError, MissingTile) as error:
                self._complain(error)
                if time.monotonic() - began > BACK_OFF_SECONDS[1]:
                    pause = BACK_OFF_SECONDS[0]
                self.stop.wait(pause)
                pause = min(pause * 2, BACK_OFF_SECONDS[1])

    def _complain(self, error: Exception) -> None:
        name, now = type(error).__name__, time.monotonic()
        if name == self._complaint[0] and now - self._complaint[1] < COMPLAIN_SECONDS:
            return
        _log.error("存证排序中断（%s），正在重试；业务写入不受影响，凭证会晚到", name, exc_info=error)
        self._complaint = name, now

    def _session(self) -> None:
        with psycopg.connect(
            self._url(),
            autocommit=True,
            connect_timeout=5,
            application_name="yishu-sequencer",
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=10_000,
        ) as conn:
            conn.execute("set synchronous_commit = on")
            if not self._wait_for_lock(conn):
                return
            log = open_log(conn, self._key, self._kept, self._now())
            _log.info("存证排序开始：%s，已有 %d 条", log.origin, log.edge.size)
            self._complaint = "", 0.0
            while not self.stop.is_set():
                if self.step(conn, log) < self._batch:
                    self.stop.wait(POLL_SECONDS)
            self._sign(conn, log)

    def _wait_for_lock(self, conn: Connection) -> bool:
        waiting = False
        while not self.stop.is_set():
            row = conn.execute("select pg_try_advisory_lock(%s)", [LOCK]).fetchone()
            if row and row[0]:
                return True
            if not waiting:
                _log.info("另一个存证排序进程正在工作，本进程待命")
                waiting = True
            self.stop.wait(STANDBY_SECONDS)
        return False

    def step(self, conn: Connection, log: OpenLog) -> int:
        """Sequence one batch and sign if it is time; returns how many rows left the inbox. Any error leaves ``log`` unusable."""
        taken = 0
        if conn.execute("select exists (select from ledger.inbox)").fetchone() == (True,):
            with conn.transaction():
                taken = self._sequence(conn, log)
        if time.monotonic() - self._signed_at >= self._sign_seconds:
            self._sign(conn, log)
        return taken

    def _sequence(self, conn: Connection, log: OpenLog) -> int:
        rows = conn.execute(_TAKE, [self._batch]).fetchall()
        waiting: dict[UUID, tuple[datetime, bytes]] = {id: (at, bytes(entry)) for id, entry, at in rows}
        known = conn.execute("select id, entry from ledger.leaf where id = any(%s)", [list(waiting)]).fetchall()
        for id, entry in known:
            at, again = waiting.pop(id)
            if again == entry:
                continue  # a writer repeated itself after a lost connection: one leaf is right
            _log.critical("凭证编号 %s 第二次出现且内容不同，已单独留存，不进入日志", id)
            conn.execute(
                "insert into ledger.conflict (id, entry, at, found_at) values (%s, %s, %s, %s)",
                [id, again, at, self._now()],
            )
        if waiting:
            order = sorted(waiting, key=lambda id: (waiting[id][0], id))
            append_leaves(conn, log, [(id, waiting[id][1]) for id in order], self._now())
        return len(rows)

    def _sign(self, conn: Connection, log: OpenLog) -> None:
        if log.edge.size <= log.signed:
            return
        checkpoint = Checkpoint(log.origin, log.edge.size, log.edge.root())
        note = self._key.sign(checkpoint.text())
        # The kept file first: whatever the database ever shows can then be held against it. The leaves are already durable.
        self._kept.append(note)
        conn.execute(
            "insert into ledger.checkpoint (log, size, root, note, signed_at) values (%s, %s, %s, %s, %s)",
            [log.number, checkpoint.size, checkpoint.root, note, self._now()],
        )
        log.signed = checkpoint.size
        self._signed_at = time.monotonic()
