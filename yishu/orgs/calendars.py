"""The year notices people put in, as the law's calendar reads them: kept for a moment, fresh where a deadline is being computed."""

import hashlib
import threading
from datetime import date, datetime
from time import monotonic
from types import MappingProxyType

from django.db import connection, transaction

from yishu.kernel.errors import NotAllowed
from yishu.law import calendar
from yishu.law.calendar import Calendar, Notice
from yishu.ledger.actions import record
from yishu.orgs import queries
from yishu.orgs.models import CalendarNotice, Person, RoleKind
from yishu.orgs.tenants import founding_jurisdiction

KEPT_SECONDS = 2.0
"""How long a process goes on with what it read, outside transactions that compute deadlines."""
LOCK = 0x5953_0003
"""Advisory lock: shared by whoever computes a deadline, exclusive while a notice is put in."""
IMPORTERS = (RoleKind.AUTHORITY, RoleKind.ADMIN)


class _Kept(threading.local):
    """What this thread's connection read last: the newest row's id, the notices, and when."""

    newest: int = -1
    read_at: float = -KEPT_SECONDS
    notices: tuple[Notice, ...] = ()


_kept = _Kept()


def _read() -> None:
    newest = CalendarNotice.objects.order_by("-id").values_list("id", flat=True).first() or 0
    if newest != _kept.newest:
        rows = CalendarNotice.objects.order_by("year", "-id").distinct("year")
        _kept.notices = tuple(_notice(row) for row in rows)
        _kept.newest = newest
    _kept.read_at = monotonic()


def _notice(row: CalendarNotice) -> Notice:
    def days(kept: dict[str, str]) -> MappingProxyType[date, str]:
        return MappingProxyType({date.fromisoformat(day): name for day, name in kept.items()})

    return Notice(row.year, row.title, days(row.off), days(row.worked))


def source() -> tuple[Notice, ...]:
    """The latest notice of every year, as ``law.calendar.install_source`` wants them; the same tuple while nothing changed."""
    if monotonic() - _kept.read_at > KEPT_SECONDS:
        _read()
    return _kept.notices


def steady() -> Calendar:
    """The calendar as it stands, and stays until the caller's transaction ends: read anew, no notice can be put in meanwhile.

    For transactions that compute due dates. Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("calendars.steady outside transaction.atomic()")
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock_shared(%s)", [LOCK])
    _read()
    return calendar.current()


def as_document(notice: Notice) -> dict[str, dict[str, str]]:
    """A notice's days as the database keeps them."""
    return {
        "off": {day.isoformat(): name for day, name in sorted(notice.off.items())},
        "worked": {day.isoformat(): name for day, name in sorted(notice.worked.items())},
    }


def digest_of(notice: Notice) -> str:
    """SHA-256 (hex) of a notice's year and days: the same days give the same digest, whatever the file looked like."""
    return hashlib.sha256(f"{notice.year}{as_document(notice)}".encode()).hexdigest()


def may_import(person: Person, at: datetime) -> bool:
    """Whether a person may put a notice in: the authority's people or an administrator of the founding jurisdiction.

    A notice moves deadlines in every tenant, so it is for those who run the platform, and for none of a single area (片区).
    """
    first = founding_jurisdiction()
    if first is None or queries.jurisdiction_id_of(person) != first.pk:
        return False
    return any(
        queries.may_act(person, kind, None, at).allowed and queries.reaches(person, kind, None, at)
        for kind in IMPORTERS
    )


def not_importer() -> NotAllowed:
    """The refusal to everybody else."""
    return NotAllowed(
        "需要由平台所在行政区域的数据主管或系统管理员导入放假安排",
        why="放假安排涉及平台上所有行政区域的截止日期",
        remedy="请把通知文件交给平台所在行政区域的数据主管部门导入",
        code="orgs.calendar_role_needed",
    )


@transaction.atomic
def put_in(*, notice: Notice, by: Person, at: datetime) -> tuple[CalendarNotice, bool]:
    """Keep a year's notice and record it; returns the row and whether it is new (False: the same days were in already).

    Waits for whoever computes a deadline now. Raises NotAllowed. ``cases.calendar_moves`` then moves the open cases' dates.
    """
    if not may_import(by, at):
        raise not_importer()
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
    digest = digest_of(notice)
    last = CalendarNotice.objects.filter(year=notice.year).order_by("-id").first()
    if last is not None and last.digest == digest:
        return last, False
    days = as_document(notice)
    row = CalendarNotice.objects.create(
        year=notice.year,
        title=notice.title[:120],
        off=days["off"],
        worked=days["worked"],
        digest=digest,
        imported_by=by,
        imported_at=at,
    )
    record(
        kind="event",
        by=by,
        at=at,
        department=by.department_id,
        facts={
            "event": "orgs.calendar_imported",
            "object": "orgs.calendar",
            "object_id": str(notice.year),
            "count": len(days["off"]) + len(days["worked"]),
        },
    )
    _kept.read_at = -KEPT_SECONDS
    return row, True


def notices() -> list[CalendarNotice]:
    """The notices put in, the latest year first; of each year the one in force."""
    rows = CalendarNotice.objects.select_related("imported_by__department").order_by("-year", "-id").distinct("year")
    return list(rows)


def forget() -> None:
    """Read anew next time, e.g. after a transaction that was rolled back."""
    _kept.newest, _kept.read_at, _kept.notices = -1, -KEPT_SECONDS, ()
