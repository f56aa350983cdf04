"""The worker process: runs jobs of the queue, and its reaper, which puts back what a killed worker left.

Jobs are idempotent by their load or case id, so running one again is always right; losing one never is. A worker that
loses the database ends at once: its jobs belong to whoever the reaper gives them to.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import Any

import psycopg
from django.db import connections
from procrastinate import exceptions
from procrastinate.contrib.django import app as django_app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.jobs import Status
from procrastinate.manager import JobManager

logger = logging.getLogger("yishu.worker")

HEARTBEAT_SECONDS = 3.0
STALLED_SECONDS = 12.0
REAP_SECONDS = 3.0
"""Killed to running again: at most STALLED + REAP + the worker's own start, well under the 30 s promised."""
GRACE_SECONDS = 4.0
MOST_ATTEMPTS = 20
"""A job that ended its worker that often is the reason; it fails for good and stands in the log."""
REAPER_LOCK = 0x5953_0002
CONCURRENCY = 2


async def requeue_left_jobs(manager: JobManager, *, stalled_seconds: float) -> list[int]:
    """Put back every job whose worker has not been heard of for that long; returns their ids.

    A job put back ``MOST_ATTEMPTS`` times fails. A job whose queueing lock is held by a waiting twin is ended, the twin
    does its work.
    """
    requeued: list[int] = []
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=stalled_seconds):
        if job.id is None:
            continue
        if job.attempts >= MOST_ATTEMPTS:
            logger.error("job %s (%s) ended its worker %s times: given up", job.id, job.task_name, job.attempts)
            await manager.finish_job(job, status=Status.FAILED, delete_job=False)
            continue
        try:
            await manager.retry_job(job)
        except exceptions.UniqueViolation:
            await manager.finish_job(job, status=Status.ABORTED, delete_job=False)
        else:
            logger.warning("job %s (%s) was left by a killed worker: put back", job.id, job.task_name)
            requeued.append(job.id)
    return requeued


async def reap(manager: JobManager, parameters: dict[str, Any]) -> None:
    """Requeue left jobs every few seconds, for ever. One worker at a time does it: the holder of an advisory lock.

    Raises ``psycopg.OperationalError`` when the database is gone.
    """
    async with await psycopg.AsyncConnection.connect(**parameters, autocommit=True) as connection:
        chief = False
        while True:
            if chief:
                await connection.execute("select 1")  # still holding the lock, still connected
            else:
                found = await connection.execute("select pg_try_advisory_lock(%s)", (REAPER_LOCK,))
                row = await found.fetchone()
                chief = bool(row and row[0])
            if chief:
                await requeue_left_jobs(manager, stalled_seconds=STALLED_SECONDS)
                await manager.prune_stalled_workers(10 * STALLED_SECONDS)
            await asyncio.sleep(REAP_SECONDS)


async def _work() -> int:
    connector = DjangoConnector().get_worker_connector()
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    with django_app.replace_connector(connector) as app:
        async with app.open_async():
            work = asyncio.create_task(
                app.run_worker_async(
                    concurrency=CONCURRENCY,
                    fetch_job_polling_interval=2.0,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=10 * STALLED_SECONDS,
                    shutdown_graceful_timeout=GRACE_SECONDS,
                    install_signal_handlers=False,
                ),
                name="work",
            )
            reaper = asyncio.create_task(reap(app.job_manager, connector_parameters()), name="reaper")
            stop = asyncio.create_task(asked.wait(), name="stop")
            done, _ = await asyncio.wait({work, reaper, stop}, return_when=asyncio.FIRST_COMPLETED)
            if stop in done:
                work.cancel()
                await asyncio.wait({work}, timeout=GRACE_SECONDS + 0.5)
                return 0
            for task in done:
                logger.error("%s ended (%s): the worker ends", task.get_name(), type(task.exception()).__name__)
            return 1


def connector_parameters() -> dict[str, Any]:
    """The control plane's database as keyword arguments of ``psycopg.connect``."""
    settings = connections["default"].settings_dict
    return {
        "host": settings["HOST"],
        "port": settings["PORT"],
        "dbname": settings["NAME"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
    }


def run() -> None:
    """Work until asked to stop or the database is lost; ends the process either way.

    A job still running in its thread after the grace period is left to the reaper: threads cannot be ended, so the
    process is.
    """
    code = 1
    with contextlib.suppress(asyncio.CancelledError):
        code = _run_until_done()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run_until_done() -> int:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_work())
    except Exception:
        logger.exception("the worker ended")
        return 1
