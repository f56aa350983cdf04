"""A job left by a killed worker is put back and runs again; a live worker's job is left alone."""

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.manager import JobManager

from yishu.config.worker import MOST_ATTEMPTS, requeue_left_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(database_url: str) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("delete from procrastinate_jobs")
        connection.execute("delete from procrastinate_workers")
        yield connection
        connection.execute("delete from procrastinate_jobs")
        connection.execute("delete from procrastinate_workers")


def _job(queue: "psycopg.Connection[Any]", *, heard_of: str | None, attempts: int = 0, twin: bool = False) -> int:
    """A job in state doing whose worker was last heard of at the interval ``heard_of`` ago (None: no worker left)."""
    worker = None
    if heard_of is not None:
        row = queue.execute(
            "insert into procrastinate_workers (last_heartbeat) values (now() - %s::interval) returning id", (heard_of,)
        ).fetchone()
        assert row
        worker = row[0]
    lock = "one" if twin else None
    row = queue.execute(
        "insert into procrastinate_jobs (queue_name, task_name, status, worker_id, attempts, queueing_lock)"
        " values ('default', 'a.task', 'doing', %s, %s, %s) returning id",
        (worker, attempts, lock),
    ).fetchone()
    if twin:
        queue.execute(
            "insert into procrastinate_jobs (queue_name, task_name, queueing_lock) values ('default', 'a.task', 'one')"
        )
    assert row
    return int(row[0])


def _status(queue: "psycopg.Connection[Any]", job: int) -> str:
    row = queue.execute("select status::text from procrastinate_jobs where id = %s", (job,)).fetchone()
    assert row
    return str(row[0])


def _reap(database_url: str) -> list[int]:
    async def reap() -> list[int]:
        async with App(connector=PsycopgConnector(conninfo=database_url)).open_async() as app:
            manager: JobManager = app.job_manager
            return await requeue_left_jobs(manager, stalled_seconds=12)

    return asyncio.run(reap())


@pytest.mark.parametrize("heard_of", ["13 seconds", None])
def test_job_of_killed_worker_is_put_back(
    queue: "psycopg.Connection[Any]", database_url: str, heard_of: str | None
) -> None:
    job = _job(queue, heard_of=heard_of)
    assert _reap(database_url) == [job]
    assert _status(queue, job) == "todo"
    row = queue.execute(
        "select attempts, scheduled_at <= now() from procrastinate_jobs where id = %s", (job,)
    ).fetchone()
    assert row == (1, True)


def test_job_of_live_worker_is_left_alone(queue: "psycopg.Connection[Any]", database_url: str) -> None:
    job = _job(queue, heard_of="2 seconds")
    assert _reap(database_url) == []
    assert _status(queue, job) == "doing"


def test_job_that_ends_its_worker_every_time_fails(queue: "psycopg.Connection[Any]", database_url: str) -> None:
    job = _job(queue, heard_of="1 minute", attempts=MOST_ATTEMPTS)
    assert _reap(database_url) == []
    assert _status(queue, job) == "failed"


def test_job_with_waiting_twin_is_ended(queue: "psycopg.Connection[Any]", database_url: str) -> None:
    job = _job(queue, heard_of="1 minute", twin=True)
    assert _reap(database_url) == []
    assert _status(queue, job) == "aborted"
