"""Jobs of cases: remind of deadlines, send notices, move deadlines after a year's notice."""

from django.db import close_old_connections
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from yishu.cases.calendar_moves import MOVE_JOB
from yishu.cases.calendar_moves import move_deadlines as move
from yishu.cases.notices import deliver
from yishu.cases.reminders import sweep_clocks as sweep


@app.periodic(cron="7 * * * *")
@app.task(name="cases.sweep_clocks", queueing_lock="cases.sweep_clocks")
def sweep_clocks(timestamp: int) -> None:
    """Remind whoever acts of deadlines near, today and past; every hour, each reminder once."""
    close_old_connections()
    try:
        sweep(timezone.now())
    finally:
        close_old_connections()


@app.periodic(cron="* * * * *")
@app.task(name="cases.deliver_notices", queueing_lock="cases.deliver_notices")
def deliver_notices(timestamp: int) -> None:
    """Send what was not sent yet; every minute."""
    close_old_connections()
    try:
        deliver(timezone.now())
    finally:
        close_old_connections()


@app.task(name=MOVE_JOB, retry=RetryStrategy(max_attempts=10, exponential_wait=3))
def move_deadlines(year: int) -> None:
    """Finish moving the deadlines a year's notice touches; idempotent."""
    close_old_connections()
    try:
        move(year=year, by=None, at=timezone.now())
    finally:
        close_old_connections()
