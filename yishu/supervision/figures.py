"""The figures of departments and the list of resources behind them. A constant number of queries, all aggregates.

What is counted here is counted by the rule of the list its number opens: whose turn a case is by ``cases.turns``, completeness by
``stewardship.completeness``, and resources by ``resources_in`` below.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Case as Choose
from django.db.models import CharField, Count, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Value, When

from yishu.cases.models import Case
from yishu.cases.parties import Parties
from yishu.cases.turns import departments_at
from yishu.cases.urgings import unanswered
from yishu.catalogue.models import ChangeEvent, Resource, SearchEntry
from yishu.collection.models import Load
from yishu.kernel.time import shanghai_date
from yishu.law import values
from yishu.law.packs import Missing
from yishu.orgs import rules as org_rules
from yishu.orgs.models import Department, Jurisdiction
from yishu.orgs.queries import required_profile
from yishu.registers.filings import PROCEDURE as FILING
from yishu.registers.models import Filing
from yishu.stewardship import completeness
from yishu.stewardship.models import Cluster, Demand, Member, Responsibility, ResponsibilityVersion
from yishu.stewardship.rules import cycle_days
from yishu.supervision.rules import Figures

IN_SERVICE = (Resource.State.PUBLISHED, Resource.State.RETIRING)
WORKED_ON = (Resource.State.DRAFT, Resource.State.SUBMITTED, Resource.State.RETURNED)
STATES: Mapping[str, str] = {
    "in_service": "在用",
    "draft": "草稿",
    "submitted": "审核中",
    "returned": "已退回",
    "retiring": "停用过渡",
    "late": "更新逾期",
}
"""What the list of resources is narrowed to."""

Tally = dict[int, dict[str, int]]
"""Department id → measure → number."""


@dataclass(frozen=True, slots=True)
class Row:
    """One department with its figures."""

    department: Department
    figures: Figures


@dataclass(frozen=True, slots=True)
class Overview:
    """Every department with its figures, and all together (a case that waits at two departments counts once)."""

    place: Jurisdiction
    rows: tuple[Row, ...]
    total: Figures


def figures_of(
    place: Jurisdiction, departments: Collection[Department], cases: QuerySet[Case], at: datetime
) -> Overview:
    """The figures of some departments of one jurisdiction at a moment; ``cases``: those the reader may see."""
    ids = [d.pk for d in departments]
    today = shanghai_date(at)
    tally: Tally = {pk: {} for pk in ids}
    total: dict[str, int] = {}
    _resources(tally, ids, at)
    _tables(tally, place)
    _duties(tally, ids, at)
    _cases(tally, total, place, cases, today)
    _changes(tally, ids, today)
    _stewardship(tally, total, place, ids)
    _standing(tally, place, ids, at)
    for numbers in tally.values():
        for key, number in numbers.items():
            if key not in _ONCE:
                total[key] = total.get(key, 0) + number
    return Overview(place, tuple(Row(d, Figures(tally[d.pk])) for d in departments), Figures(total))


_ONCE = frozenset({"waiting", "green", "amber", "red", "urged", "opened", "sources"})
"""Measures whose total is counted by itself: one case or datum may stand at several departments."""


def _add(tally: Tally, department: int, key: str, number: int) -> None:
    if department in tally:
        tally[department][key] = tally[department].get(key, 0) + number


def _resources(tally: Tally, ids: Collection[int], at: datetime) -> None:
    published = SearchEntry.objects.filter(department_id__in=ids, state__in=IN_SERVICE).order_by()
    for pk, state, kind, n in published.values_list("department_id", "state", "share_type").annotate(n=Count("*")):
        _add(tally, pk, "in_service", n)
        _add(tally, pk, kind, n)
        if state == Resource.State.RETIRING:
            _add(tally, pk, "retiring", n)
    drafts = Resource.objects.filter(department_id__in=ids, state__in=WORKED_ON).order_by()
    for pk, state, n in drafts.values_list("department_id", "state").annotate(n=Count("*")):
        _add(tally, pk, state, n)
    for pk, n in _late(ids, at).order_by().values_list("department_id").annotate(n=Count("*")):
        _add(tally, pk, "late_loads", n)


def resources_in(ids: Collection[int], state: str, at: datetime, share_type: str = "") -> QuerySet[Resource]:
    """The resources of some departments in a state of ``STATES`` (empty: in any), and of a share type as published.

    ``late``: in service, loaded before, and nothing newer within its update cycle.
    """
    found = Resource.objects.filter(department_id__in=ids)
    if state == "in_service":
        found = found.filter(search_entry__state__in=IN_SERVICE)
    elif state == "retiring":
        found = found.filter(search_entry__state=Resource.State.RETIRING)
    elif state == "late":
        found = found.filter(pk__in=_late(ids, at).values("resource"))
    elif state:
        found = found.filter(state=state)
    if share_type:
        found = found.filter(search_entry__share_type=share_type, search_entry__state__in=IN_SERVICE)
    return found


def _late(ids: Collection[int], at: datetime) -> QuerySet[SearchEntry]:
    loaded = Load.objects.filter(state=Load.State.PUBLISHED)
    found = SearchEntry.objects.filter(department_id__in=ids, state__in=IN_SERVICE, pk__in=loaded.values("resource"))
    return found.annotate(fresh_from=_fresh_from("update_cycle", at)).exclude(
        Exists(loaded.filter(resource=OuterRef("pk"), received_at__gte=OuterRef("fresh_from")))
    )


def _fresh_from(cadence: str, at: datetime) -> Choose:
    """The moment since which something with this cadence must have been loaded, as a column; long ago without a rhythm."""
    limits = [
        When(**{cadence: key}, then=Value(at - timedelta(days=days), DateTimeField()))
        for key, days in cycle_days().items()
        if days is not None
    ]
    long_ago = Value(at - timedelta(days=365 * 200), DateTimeField())
    return Choose(*limits, default=long_ago, output_field=DateTimeField())


def _tables(tally: Tally, place: Jurisdiction) -> None:
    for table in completeness.tables(place):
        _add(tally, table.entry.department_id, "tables", 1)
        _add(tally, table.entry.department_id, "gaps", table.state == "gap")


def _duties(tally: Tally, ids: Collection[int], at: datetime) -> None:
    lines = Responsibility.objects.filter(listing_id__in=ids, until=None).order_by()
    for pk, n in lines.values_list("listing_id").annotate(n=Count("*")):
        _add(tally, pk, "duties", n)
    loaded = Load.objects.filter(state=Load.State.PUBLISHED)
    fresh = lines.filter(resource__in=loaded.values("resource")).annotate(fresh_from=_fresh_from("cadence", at))
    kept = fresh.filter(Exists(loaded.filter(resource=OuterRef("resource"), received_at__gte=OuterRef("fresh_from"))))
    for pk, n in kept.values_list("listing_id").annotate(n=Count("*")):
        _add(tally, pk, "kept", n)
    waiting = ResponsibilityVersion.objects.filter(
        listing_id__in=ids, number=F("listing__number"), acknowledged_at=None
    ).order_by()
    for pk in waiting.values_list("listing_id", flat=True):
        _add(tally, pk, "unacknowledged", 1)


def _cases(tally: Tally, total: dict[str, int], place: Jurisdiction, cases: QuerySet[Case], today: date) -> None:
    """Open cases by whose turn it is and by the light of their nearest end; grouped in the database by their parties."""
    parties = Parties(place.pk)
    offices = {d.pk: d for d in Department.objects.filter(jurisdiction=place).only("pk", "area")}
    light = Choose(
        When(ends_on__lt=today, then=Value("red")),
        When(ends_on__gte=today, amber_on__lte=today, then=Value("amber")),
        When(ends_on__gte=today, then=Value("green")),
        default=Value(""),
        output_field=CharField(),
    )
    grouped = (
        cases.filter(closed_at=None)
        .order_by()
        .annotate(light=light)
        .values_list("step_side", "step_role", "department_id", "provider_id", "light")
        .annotate(n=Count("*"), u=Count("pk", filter=Q(pk__in=unanswered().values("case"))))
    )
    for side, role, opener, provider, shown, n, u in grouped:
        keys = {"waiting": n, "urged": u} | ({shown: n} if shown else {})
        for key, number in keys.items():
            total[key] = total.get(key, 0) + number
        total["opened"] = total.get("opened", 0) + n
        _add(tally, opener, "opened", n)
        for pk in departments_at(parties, side, role, offices[opener], provider):
            for key, number in keys.items():
                _add(tally, pk, key, number)


def _changes(tally: Tally, ids: Collection[int], today: date) -> None:
    running = ChangeEvent.objects.filter(department_id__in=ids, done_at=None).order_by()
    counted = running.values_list("department_id").annotate(
        n=Count("*"), late=Count("pk", filter=Q(case__due_on__lt=today))
    )
    for pk, n, late in counted:
        _add(tally, pk, "changes", n)
        _add(tally, pk, "changes_late", late)


def _stewardship(tally: Tally, total: dict[str, int], place: Jurisdiction, ids: Collection[int]) -> None:
    asked = {Demand.State.SUBMITTED: "demands_submitted", Demand.State.APPROVED: "demands_open"}
    demands = Demand.objects.filter(jurisdiction=place, state__in=list(asked), department_id__in=ids).order_by()
    for pk, state, n in demands.values_list("department_id", "state").annotate(n=Count("*")):
        _add(tally, pk, asked[Demand.State(state)], n)
    members = Member.objects.filter(cluster__jurisdiction=place, cluster__state=Cluster.State.OPEN).order_by()
    parts = members.filter(datum__department_id__in=ids).values_list("datum__department_id")
    for pk, n in parts.annotate(n=Count("cluster", distinct=True)):
        _add(tally, pk, "sources", n)
    total["sources"] = Cluster.objects.filter(jurisdiction=place, state=Cluster.State.OPEN).count()


def _standing(tally: Tally, place: Jurisdiction, ids: Collection[int], at: datetime) -> None:
    """Filings that are missing where the law asks for one, and what profiles lack."""
    today = shanghai_date(at)
    if files_with_authority(place, at):
        stand = Filing.objects.filter(department_id__in=ids, superseded_at=None).exclude(filed_at=None)
        for pk in set(ids) - set(stand.values_list("department_id", flat=True)):
            _add(tally, pk, "unfiled", 1)
    required = required_profile(place, today)
    rows = Department.objects.filter(pk__in=ids).annotate(n=Count("officers"))
    for row in rows:
        texts = {str(k): str(v) for k, v in row.profile.items()}
        profile = org_rules.Profile(row.responsible_id is not None, row.unit, row.n, texts)
        _add(tally, row.pk, "profile", len(org_rules.missing_profile(profile, required)))


def files_with_authority(place: Jurisdiction, at: datetime) -> bool:
    """Whether the law of the day has departments file their responsible unit and person (XZ-1.3)."""
    try:
        values.procedure(place.law.at(shanghai_date(at)), FILING)
    except Missing:
        return False
    return True
