"""Jobs of the catalogue: retire what has come to its announced day."""

from django.db import close_old_connections
from django.utils import timezone
from procrastinate.contrib.django import app

from yishu.catalogue.retiring import finish_due


@app.periodic(cron="13 * * * *")
@app.task(name="catalogue.finish_retirements", queueing_lock="catalogue.finish_retirements")
def finish_retirements(timestamp: int) -> None:
    """Retire every resource whose last day has come; every hour, each once."""
    close_old_connections()
    try:
        finish_due(timezone.now())
    finally:
        close_old_connections()
