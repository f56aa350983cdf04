"""Notices (提醒): what a person should know, once per matter, in the pages and by whatever messengers there are."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from yishu.cases.models import Case, Notice
from yishu.cases.registry import messengers
from yishu.orgs.models import Person

TITLE = 200
MAIL_DAYS = 3
"""Days after which a notice that could not be sent is no longer tried: the page still shows it."""
MOST_TRIES = 20
BATCH = 50
CHUNK = 1000


def notify(*, person: Person, key: str, title: str, url: str = "", case: Case | None = None, at: datetime) -> None:
    """Tell a person something, once per ``key`` (at most 120 characters): in their list at once, by mail soon.

    ``url`` is a path of the platform. ``title`` (cut at 200) goes out by mail too: it names no private person. Joins the caller's
    transaction; a second call with the same key does nothing.
    """
    tell([Notice(person=person, key=key, title=title[:TITLE], url=url[:TITLE], case=case, at=at)])


def tell(notices: Iterable[Notice]) -> None:
    """Keep many notices at once; those that were told before are left as they are."""
    Notice.objects.bulk_create(notices, ignore_conflicts=True, batch_size=CHUNK)


def unread(person: Person) -> int:
    """How many notices of a person nobody marked as read, at most 100."""
    return Notice.objects.filter(person=person, read_at=None)[:100].count()


def notices_of(person: Person) -> QuerySet[Notice]:
    """A person's notices, the newest first."""
    return Notice.objects.filter(person=person).order_by("-at", "-pk")


@transaction.atomic
def mark_read(*, person: Person, at: datetime, ids: Iterable[int] | None = None) -> int:
    """Mark a person's notices as read: those with the ids, or (None) all. Returns how many were marked."""
    rows = Notice.objects.filter(person=person, read_at=None)
    return (rows if ids is None else rows.filter(pk__in=list(ids))).update(read_at=at)


def deliver(at: datetime) -> int:
    """Send what has not been sent yet by every messenger, oldest first; returns how many notices went out.

    Each notice is one transaction: a messenger that fails leaves it to the next run, another worker meanwhile takes the next
    ones. Nothing is sent to people switched off or who want none.
    """
    if not messengers():
        return 0
    sent = 0
    failed: list[int] = []
    for _ in range(BATCH):
        with transaction.atomic():
            notice = (
                Notice.objects.select_for_update(skip_locked=True, of=("self",))
                .filter(mailed_at=None, at__gt=at - timedelta(days=MAIL_DAYS), mail_tries__lt=MOST_TRIES)
                .filter(person__is_active=True, person__email_reminders=True)
                .exclude(pk__in=failed)
                .select_related("person")
                .order_by("at", "pk")
                .first()
            )
            if notice is None:
                break
            if _send(notice, at):
                sent += 1
            else:
                failed.append(notice.pk)
    return sent


def _send(notice: Notice, at: datetime) -> bool:
    """Hand one notice to every messenger; on an error it stays unsent and its tries are counted."""
    try:
        for messenger in messengers():
            messenger.send(notice)
    except Exception:  # whatever a mail server answers: the next run tries again
        Notice.objects.filter(pk=notice.pk).update(mail_tries=F("mail_tries") + 1)
        return False
    Notice.objects.filter(pk=notice.pk).update(mailed_at=at)
    return True
