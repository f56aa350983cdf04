"""Jobs of collection: run a load, sweep what is no longer needed."""

from uuid import UUID

from django.db import close_old_connections
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from yishu.collection.runs import give_up
from yishu.collection.runs import run_load as run
from yishu.collection.sweeping import JOB
from yishu.collection.sweeping import sweep as sweep_now

MOST_ATTEMPTS = 6
"""Tries of one job after errors that are nobody's input; a killed worker's job is put back by the reaper besides."""


def lock_of(resource_id: int) -> str:
    """The queue lock that lets one load of a resource run at a time, in the order received."""
    return f"collection.resource.{resource_id}"


@app.task(name=JOB, pass_context=True, retry=RetryStrategy(max_attempts=MOST_ATTEMPTS, exponential_wait=3))
def run_load(context: JobContext, load_id: str) -> None:
    """Carry one load to its end; idempotent by the load id."""
    close_old_connections()
    try:
        run(UUID(load_id))
    except Exception:
        if context.job.attempts >= MOST_ATTEMPTS:
            give_up(UUID(load_id), at=timezone.now())
        raise
    finally:
        close_old_connections()


@app.periodic(cron="*/15 * * * *")
@app.task(name="collection.sweep", queueing_lock="collection.sweep")
def sweep(timestamp: int) -> None:
    """Drop old serving tables and files nobody needs; every quarter of an hour."""
    close_old_connections()
    try:
        sweep_now(at=timezone.now())
    finally:
        close_old_connections()
