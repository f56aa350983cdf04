"""Whether a sign-in name is locked out now, for the administrator's page."""

from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Sum
from django.utils import timezone

from yishu.orgs import signin_names


def locked_since(username: str) -> datetime | None:
    """When the lock-out of a name began (its last counted failure); None when it is not locked."""
    since = timezone.now() - timedelta(hours=settings.AXES_COOLOFF_TIME)
    found = AccessAttempt.objects.filter(username=signin_names.digest(username), attempt_time__gte=since).aggregate(
        failures=Sum("failures_since_start"), last=Max("attempt_time")
    )
    locked: datetime | None = found["last"] if (found["failures"] or 0) >= settings.AXES_FAILURE_LIMIT else None
    return locked
