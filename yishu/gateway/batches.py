"""Lookups of many callers in few round trips: what waits while a connection is busy is sent together.

Each lookup remains its own execution of its own grant's statement with its own keys; only the transport is shared. On the
measured machine half of a lookup's cost was the round trip (docs/decisions/0007-gateway.md).
"""

import asyncio
from collections import OrderedDict
from typing import Any

import asyncpg

from yishu.gateway.database import Connections
from yishu.kernel.errors import Unavailable

MAX_LOOKUPS = 32
MAX_KEYS = 400
"""Keys in one round trip, so that large lookups do not hold up small ones; a larger single lookup goes alone."""

_Waiting = list[tuple[list[str], asyncio.Future[Any]]]


class Batches:
    """Runs statements that give exactly one row, on ``connections`` at a time; calls of one statement travel together."""

    def __init__(self, connections: Connections, parallel: int) -> None:
        self._connections, self._parallel = connections, parallel
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def row(self, sql: str, keys: list[str]) -> Any:
        """The row that ``sql`` gives for ``keys``. Raises ``Unavailable`` (503) and what PostgreSQL says about this one call."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        waiting = self._waiting.get(sql)
        if waiting is None:
            self._waiting[sql] = [(keys, done)]
        else:
            waiting.append((keys, done))
        if len(self._tasks) < self._parallel:
            task = loop.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await done

    async def _work(self) -> None:
        while self._waiting:
            sql, batch = self._take()
            await self._run(sql, batch)

    def _take(self) -> tuple[str, _Waiting]:
        """The statement that waited longest, with as many of its calls as go together."""
        sql, waiting = self._waiting.popitem(last=False)
        taken, keys = 1, len(waiting[0][0])
        for found, _ in waiting[1:MAX_LOOKUPS]:
            keys += len(found)
            if keys > MAX_KEYS:
                break
            taken += 1
        if taken < len(waiting):
            self._waiting[sql] = waiting[taken:]  # behind the other statements
        return sql, waiting[:taken]

    async def _run(self, sql: str, batch: _Waiting) -> None:
        try:
            if len(batch) == 1:
                rows = [await self._connections.fetchrow(sql, batch[0][0])]
            else:
                rows = await self._connections.fetch_many(sql, [(keys,) for keys, _ in batch])
                if len(rows) != len(batch):
                    raise ValueError("a grant's statement must give one row for each call")
        except (Unavailable, asyncpg.PostgresError, ValueError) as error:
            if len(batch) > 1 and isinstance(error, asyncpg.PostgresError):
                for one in batch:  # one call's error is not the others'
                    await self._run(sql, [one])
                return
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for (_, done), row in zip(batch, rows, strict=True):
            if not done.done():
                done.set_result(row)
