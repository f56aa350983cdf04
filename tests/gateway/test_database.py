"""The pool and the shared round trips, against real PostgreSQL."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from yishu.gateway.batches import Batches
from yishu.gateway.committer import Committer
from yishu.gateway.database import Connections
from yishu.kernel.errors import Unavailable

pytestmark = pytest.mark.django_db
Run = Callable[[Callable[[Connections], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def run(gateway_database_url: str) -> Run:
    """Runs a coroutine with a pool of two connections."""

    def go(body: Callable[[Connections], Coroutine[Any, Any, None]]) -> None:
        async def main() -> None:
            pool = Connections(gateway_database_url, size=2, seconds=3, session={"search_path": "pg_catalog"})
            try:
                await body(pool)
            finally:
                await pool.close()

        asyncio.run(main())

    return go


def test_connections_more_callers_than_connections_all_served(run: Run) -> None:
    async def body(pool: Connections) -> None:
        rows = await asyncio.gather(*(pool.fetchrow("select $1::int, pg_backend_pid()", n) for n in range(40)))
        assert [row[0] for row in rows] == list(range(40))
        assert len({row[1] for row in rows}) <= 2

    run(body)


def test_connections_terminated_backend_replaced(run: Run, gateway_database_url: str) -> None:
    async def body(pool: Connections) -> None:
        pid = (await pool.fetchrow("select pg_backend_pid()"))[0]
        same_role = await asyncpg.connect(gateway_database_url)  # a role may end its own backends
        try:
            assert await same_role.fetchval("select pg_terminate_backend($1)", pid)
        finally:
            await same_role.close()
        async with asyncio.timeout(60):
            while not pool._idle[0].raw.is_closed():  # until the end of the connection has arrived here
                await asyncio.sleep(0.01)
        assert (await pool.fetchrow("select pg_backend_pid()"))[0] != pid

    run(body)


def test_connections_waiting_caller_cancelled_others_served(run: Run) -> None:
    async def body(pool: Connections) -> None:
        slow = [asyncio.create_task(pool.fetch("select pg_sleep(0.3)")) for _ in range(2)]
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(pool.fetch("select 1"))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await pool.fetchrow("select 2"))[0] == 2
        await asyncio.gather(*slow)

    run(body)


def test_connections_statement_too_slow_unavailable_then_fresh(run: Run) -> None:
    async def body(pool: Connections) -> None:
        with pytest.raises(Unavailable):
            await pool.fetch("select pg_sleep(10)")
        assert (await pool.fetchrow("select 1"))[0] == 1

    run(body)


def test_connections_many_statements_oldest_forgotten(run: Run) -> None:
    async def body(pool: Connections) -> None:
        for n in range(300):
            assert (await pool.fetchrow(f"select {n}"))[0] == n

    run(body)


def test_batches_calls_travel_together_and_keep_their_own_rows(run: Run) -> None:
    async def body(pool: Connections) -> None:
        batches = Batches(pool, 1)
        rows = await asyncio.gather(
            *(batches.row("select $1::text[] as k", [str(n)] * (n % 7 + 1)) for n in range(200))
        )
        assert [row["k"] for row in rows] == [[str(n)] * (n % 7 + 1) for n in range(200)]

    run(body)


def test_batches_one_bad_call_is_not_the_others(run: Run) -> None:
    async def body(pool: Connections) -> None:
        batches = Batches(pool, 1)
        sql = "select 1 / (array_length($1::text[], 1) - 1)"
        found = await asyncio.gather(*(batches.row(sql, ["x"] * n) for n in (2, 1, 3, 1, 2)), return_exceptions=True)
        assert [isinstance(f, asyncpg.DivisionByZeroError) for f in found] == [False, True, False, True, False]

    run(body)


def test_batches_large_calls_and_several_statements_all_answered(run: Run) -> None:
    async def body(pool: Connections) -> None:
        batches = Batches(pool, 1)
        calls = [batches.row(f"select {n % 3}, cardinality($1::text[])", ["k"] * (50 * (n % 9) + 1)) for n in range(40)]
        rows = await asyncio.gather(*calls)
        assert [(row[0], row[1]) for row in rows] == [(n % 3, 50 * (n % 9) + 1) for n in range(40)]

    run(body)


def test_committer_database_gone_every_waiter_refused(gateway_database_url: str) -> None:
    async def body() -> None:
        committer = Committer(Connections("postgresql://nobody@127.0.0.1:1/none", size=1, seconds=1, session={}))
        found = await asyncio.gather(*(committer.commit(_id(n), b"x") for n in range(5)), return_exceptions=True)
        assert all(isinstance(f, Unavailable) and f.code == "gateway.ledger_unavailable" for f in found)

    asyncio.run(body())


def _id(n: int) -> Any:
    return UUID(int=n)
