"""Reminders before a case's end, on its day and after it: one pass over the open cases that end soon."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q

from yishu.cases import rules
from yishu.cases.models import Case, Notice
from yishu.cases.notices import tell
from yishu.cases.parties import Parties
from yishu.kernel.time import in_words, shanghai_date
from yishu.law import calendar
from yishu.law.calendar import Calendar
from yishu.orgs.models import Department, Role, RoleKind, Substitute

CHUNK = 1000
LOCK = 0x5953_0004
"""Advisory lock: one sweep at a time; a second one does nothing."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is said of a case that ends on a day: the key's ending and the words."""

    key: str
    words: str


@transaction.atomic
def sweep_clocks(at: datetime) -> int:
    """Remind whoever acts of every open case that ends within the configured working days, today, or ended; returns how many cases.

    Idempotent: a notice is told once per case, end and kind. Reads the cases in one query by the index over their ends and the acting
    people in four per jurisdiction, whatever the number of cases.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
    today = shanghai_date(at)
    kinds = kinds_on(today, settings.ENVIRONMENT.remind_days, calendar.current())
    cases = (
        Case.objects.filter(closed_at=None, ends_on__lte=max(kinds, default=today))
        .select_related("department", "provider")
        .only(
            "number", "title", "jurisdiction", "step", "step_role", "ends_on", "extension_role",
            "department__parent", "department__area", "provider__parent",
        )
        .order_by("jurisdiction_id", "pk")
    )  # fmt: skip
    actors: Actors | None = None
    found: list[Notice] = []
    count = 0
    for case in cases.iterator(chunk_size=CHUNK):
        if actors is None or actors.jurisdiction_id != case.jurisdiction_id:
            actors = Actors(case.jurisdiction_id, at)
        if case.ends_on is None:
            continue
        kind = kinds.get(case.ends_on) or OVERDUE
        count += 1
        found += [
            Notice(
                person_id=person,
                key=f"clock:{case.pk}:{case.ends_on.isoformat()}:{kind.key}",
                title=f"{kind.words}：{case.title}（{in_words(case.ends_on)}截止）"[:200],
                url=f"/cases/{case.pk}/",
                case=case,
                at=at,
            )
            for person in actors.of(case)
        ]
        if len(found) >= CHUNK:
            tell(found)
            found = []
    tell(found)
    tell(_escalations(today, at))
    return count


def escalated_on(today: date, days: int, working: Calendar) -> date | None:
    """The latest end by which a case is ``days`` working days overdue today; None on days off and when nothing is escalated (0).

    How long after its end a case is put before the leading group is the operator's choice, no law's.
    """
    if not days or not working.is_working(today):
        return None
    day = today
    while days:
        days -= working.is_working(day)
        day -= timedelta(days=1)
    return day


def _escalations(today: date, at: datetime) -> Iterator[Notice]:
    """One notice a working day for each member of the leading group, with how many cases of their jurisdiction are long overdue."""
    days = settings.ENVIRONMENT.escalate_days
    until = escalated_on(today, days, calendar.current())
    if until is None:
        return
    late = Case.objects.filter(closed_at=None, ends_on__lte=until).order_by()
    for jurisdiction, cases in late.values_list("jurisdiction_id").annotate(n=Count("pk")):
        for person in Actors(jurisdiction, at).holding(RoleKind.LEADER):
            yield Notice(
                person_id=person,
                key=f"escalated:{today.isoformat()}",
                title=f"有 {cases} 件办件逾期满 {days} 个工作日，可在办件页督办",
                url="/?tab=open&light=red&sort=due",
                at=at,
            )


OVERDUE = Kind("overdue", "办件已逾期")


def kinds_on(today: date, days: tuple[int, ...], working: Calendar) -> Mapping[date, Kind]:
    """What to say today of a case by the day it ends: for ends from today to the most distant of ``days`` working days."""
    kinds = {today: Kind("today", "办件今天截止")}
    left, day = 0, today
    for limit in sorted(set(days)):
        while left < limit:
            day += timedelta(days=1)
            left += working.is_working(day)
            if left <= limit:
                kinds[day] = Kind(f"before{limit}", f"办件还剩 {left} 个工作日")
    return kinds


class Actors:
    """The people of one jurisdiction by role and department, substitutes included, read once."""

    def __init__(self, jurisdiction_id: int, at: datetime) -> None:
        self.jurisdiction_id = jurisdiction_id
        self.parties = Parties(jurisdiction_id)
        self._people: dict[tuple[str, int], set[int]] = {}
        roles = Role.objects.filter(
            Q(revoked_at=None) | Q(revoked_at__gt=at),
            Q(until=None) | Q(until__gt=at),
            granted_at__lte=at,
            department__active=True,
            department__jurisdiction_id=jurisdiction_id,
            person__is_active=True,
        )
        for kind, department, person in roles.values_list("kind", "department_id", "person_id"):
            self._people.setdefault((kind, department), set()).add(person)
        stand_ins = Substitute.objects.filter(
            Q(revoked_at=None) | Q(revoked_at__gt=at),
            since__lte=at,
            until__gt=at,
            department__jurisdiction_id=jurisdiction_id,
            substitute__is_active=True,
        )
        for person, substitute, department, their in stand_ins.values_list(
            "person_id", "substitute_id", "department_id", "kinds"
        ):
            for kind in their:
                if person in self._people.get((kind, department), ()):
                    self._people[(kind, department)].add(substitute)

    def of(self, case: Case) -> set[int]:
        """Ids of the people who can act on a case now: at its step, or on an extension asked for."""
        found: set[int] = set()
        for role in filter(None, (case.step_role, case.extension_role)):
            for department in self._departments(case, role):
                found |= self._people.get((role, department), set())
        return found

    def holding(self, kind: str, department_id: int | None = None) -> set[int]:
        """Ids of the people who hold a role in a department; None: in any of the jurisdiction."""
        return {
            person
            for (held, department), people in self._people.items()
            if held == kind and department_id in (None, department)
            for person in people
        }

    def _departments(self, case: Case, role: str) -> Iterator[int]:
        side = rules.side_of(role, case.step)
        if side in ("provider", "applicant"):
            home = case.department if side == "applicant" else case.provider or case.department
            yield home.pk
            if role in rules.OVER_UNITS and home.parent_id:
                yield home.parent_id
            return
        known: list[Department] = [] if role == RoleKind.AUTHORITY else self.parties.holders(role)
        for department in known or self.parties.authority_of(case.department):
            yield department.pk
