"""Connections to PostgreSQL that keep their prepared statements: a smaller, faster pool than asyncpg's own.

asyncpg's pool resets a connection at every release, which costs a round trip and the prepared statements' reason to be.
Here nothing is ever set in a session after it was opened, so there is nothing to reset.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import asyncpg

from yishu.kernel.errors import Unavailable

DOWN = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a dead, restarting or frozen database raises, beside the server-side classes in ``_REFUSES``."""
_REFUSES = (
    asyncpg.OperatorInterventionError,  # shutting down, starting up, statement timeout
    asyncpg.InsufficientResourcesError,  # too many connections, disk full
    asyncpg.PostgresSystemError,  # I/O error
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby answers
)
MAX_STATEMENTS = 256
"""Prepared statements kept on one connection; the one unused longest goes first."""


def database_down() -> Unavailable:
    """The refusal while PostgreSQL cannot be used: nothing was answered."""
    return Unavailable(
        "数据库暂时不可用，本次没有返回任何数据",
        remedy="请稍后重试；持续出现时请联系平台运维",
        code="gateway.database_unavailable",
    )


class Connections:
    """At most ``size`` connections, opened when first needed, shared by the coroutines of one event loop.

    ``seconds`` bounds opening, waiting for a free connection and each statement. Every method raises ``Unavailable``
    (503, ``gateway.database_unavailable``) while the database cannot be used; the next call tries again.
    """

    def __init__(self, url: str, *, size: int, seconds: float, session: Mapping[str, str]) -> None:
        self._url, self._size, self._seconds, self._session = url, size, seconds, dict(session)
        self._idle: list[_Connection] = []
        self._open = 0
        self._waiters: deque[asyncio.Future[_Connection | None]] = deque()
        self._closed = False

    async def fetchrow(self, sql: str, *arguments: Any) -> Any:
        """The first row of a statement, or None."""
        rows = await self.fetch(sql, *arguments)
        return rows[0] if rows else None

    async def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        """All rows of a statement prepared on first use. Other errors of PostgreSQL pass through (undefined table …)."""
        return await self._use(sql, lambda statement: statement.fetch(*arguments))

    async def fetch_many(self, sql: str, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The rows of one statement run once for each argument tuple, in order, sent and answered in one round trip.

        One transaction: an error in one run is an error of all.
        """
        return await self._use(sql, lambda statement: statement.fetchmany(arguments))

    async def _use(self, sql: str, execute: Callable[[Any], Awaitable[list[Any]]]) -> list[Any]:
        connection = self._idle.pop() if self._idle else await self._acquire()
        while connection.raw.is_closed():  # it died while idle: that is no reason to refuse this call
            self._drop()
            connection = await self._acquire()
        try:
            statement = connection.statements.get(sql)
            if statement is None:
                statement = await connection.prepare(sql)
            else:
                connection.statements.move_to_end(sql)
            found = await execute(statement)
        except DOWN as error:
            connection.raw.terminate()
            self._drop()
            raise database_down() from error
        except _REFUSES as error:
            self._give_back(connection)
            raise database_down() from error
        except (asyncpg.InvalidCachedStatementError, asyncpg.InvalidSQLStatementNameError):
            connection.statements.clear()
            self._give_back(connection)
            raise
        except BaseException:
            self._give_back(connection)
            raise
        if self._waiters:
            self._give_back(connection)
        else:
            self._idle.append(connection)
        return found

    async def close(self) -> None:
        """Close what is idle; connections in use close when they come back."""
        self._closed = True
        while self._idle:
            await self._idle.pop().raw.close(timeout=2)

    async def _acquire(self) -> "_Connection":
        while True:
            if self._idle:
                return self._idle.pop()
            if self._open < self._size:
                return await self._connect()
            waiter: asyncio.Future[_Connection | None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                async with asyncio.timeout(self._seconds):
                    connection = await waiter
            except BaseException as error:
                if waiter.done() and not waiter.cancelled() and (given := waiter.result()) is not None:
                    self._give_back(given)
                if isinstance(error, TimeoutError):
                    raise database_down() from error
                raise
            if connection is not None:
                return connection

    async def _connect(self) -> "_Connection":
        self._open += 1
        try:
            raw = await asyncpg.connect(
                self._url,
                timeout=self._seconds,
                command_timeout=self._seconds,
                statement_cache_size=0,
                server_settings=self._session,
            )
        except (*DOWN, *_REFUSES) as error:
            self._drop()
            raise database_down() from error
        except BaseException:
            self._drop()
            raise
        return _Connection(raw)

    def _give_back(self, connection: "_Connection") -> None:
        if self._closed or connection.raw.is_closed():
            connection.raw.terminate()
            self._drop()
            return
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self._idle.append(connection)

    def _drop(self) -> None:
        self._open -= 1
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)  # there is room for a new one: try again
                return


class _Connection:
    __slots__ = ("raw", "statements")

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.statements: OrderedDict[str, Any] = OrderedDict()

    async def prepare(self, sql: str) -> Any:
        statement = self.statements[sql] = await self.raw.prepare(sql)
        if len(self.statements) > MAX_STATEMENTS:
            self.statements.popitem(last=False)
        return statement
