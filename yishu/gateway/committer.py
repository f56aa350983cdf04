"""Group commit into the ledger: many calls wait for one durable transaction of their worker.

An entry waits only while an earlier batch is being committed, so an idle worker writes at once and a busy one in batches.
"""

import asyncio
from collections import deque
from uuid import UUID, uuid4

import asyncpg

from yishu.gateway.database import Connections
from yishu.gateway.metrics import BATCH
from yishu.kernel.errors import Unavailable
from yishu.ledger.entries import Entry

MAX_BATCH = 512
MAX_WAITING = 8192
"""Entries that may wait; beyond, calls are refused at once rather than kept until their callers have gone."""

COMMIT = """
with written as (
    insert into ledger.inbox (id, entry) select * from unnest($1::uuid[], $2::bytea[])
)
select value from gateway.epoch
"""
"""One statement, one transaction, one round trip (COPY would need four). Its snapshot, and so the epoch it returns, is
taken after every entry of the batch was handed in, that is after those calls began: a revocation committed before a call
began is always in that call's epoch."""


def ledger_down() -> Unavailable:
    """The refusal when an entry could not be made durable: without it no data may leave."""
    return Unavailable(
        "调用记录无法写入，本次没有返回任何数据",
        remedy="请稍后重试；持续出现时请联系平台运维",
        code="gateway.ledger_unavailable",
    )


class Committer:
    """Writes entries of one worker. ``commit`` returns once the entry is durable."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._waiting: deque[tuple[UUID, bytes, asyncio.Future[int]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def record(self, entry: Entry) -> int:
        """Make an entry with a new id durable; returns the grant epoch. Raises as ``commit``."""
        return await self.commit(uuid4(), entry.to_bytes())

    async def commit(self, id: UUID, entry: bytes) -> int:
        """Wait until the entry is durable; returns the grant epoch read with it.

        Raises ``Unavailable`` (503, ``gateway.ledger_unavailable``) when it is not known to be durable: nothing may leave.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise ledger_down()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[int] = loop.create_future()
        self._waiting.append((id, entry, done))
        if self._task is None:
            self._task = loop.create_task(self._write())
        return await done

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
                BATCH.observe(len(batch))
                await self._write_batch(batch)
        finally:
            self._task = None

    async def _write_batch(self, batch: list[tuple[UUID, bytes, asyncio.Future[int]]]) -> None:
        try:
            row = await self._connections.fetchrow(COMMIT, [id for id, _, _ in batch], [entry for _, entry, _ in batch])
            epoch: int = row[0]
        except (Unavailable, asyncpg.PostgresError) as error:
            for _, _, done in batch:
                if not done.done():
                    refusal = ledger_down()
                    refusal.__cause__ = error
                    done.set_exception(refusal)
            return
        for _, _, done in batch:
            if not done.done():
                done.set_result(epoch)
