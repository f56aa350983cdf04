"""The work list: which cases a person sees under each tab, filtered and sorted as the URL says.

Every page costs the same number of queries whatever it shows: titles come from the packs, departments from one reading (``Parties``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from django.db.models import Count, F, Q, QuerySet

from yishu.cases.models import Case
from yishu.cases.parties import Held, Parties, visible_cases, waiting_for, whose_turn
from yishu.cases.procedures import clock_of, clock_total, procedure, procedure_of, step_title
from yishu.cases.turns import turn_of
from yishu.cases.urgings import urged
from yishu.kernel.references import Reference
from yishu.kernel.time import shanghai_date
from yishu.law import calendar, clocks
from yishu.law.packs import Missing
from yishu.law.vocabulary import PROCEDURES
from yishu.orgs.models import Area, Department, Jurisdiction, Person
from yishu.pages.parts import FacetOption
from yishu.pages.sheets import Column

TABS = (("waiting", "待办"), ("mine", "我发起的"), ("open", "全部在办"), ("done", "已办结"))
SORTS: Mapping[str, tuple[object, ...]] = {
    "due": (F("ends_on").asc(nulls_last=True), "step_since"),
    "-due": (F("ends_on").desc(nulls_last=True), "-step_since"),
    "opened": ("opened_at",),
    "-opened": ("-opened_at",),
    "title": ("title",),
    "-title": ("-title",),
    "number": ("opened_at", "number"),
    "-number": ("-opened_at", "-number"),
}
LIGHTS: Mapping[str, str] = {"red": "已逾期", "amber": "临近截止", "green": "时限充裕", "none": "未规定时限"}
FILTERS = ("q", "procedure", "department", "area", "light", "step", "turn", "urged")
MOST_COUNTED = 1000
"""Tabs count no further: ``1000+``."""
MOST_EXPORTED = 10_000
DEPARTMENTS = 12
"""Departments the facet offers: those with the most cases."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list. ``total`` is the clock's length in working days, ``started_on`` the date it started."""

    case: Case
    procedure: str
    step: str
    turn: str
    total: int | None
    started_on: date
    reference: Reference | None


def tab_cases(person: Person, tab: str, roles: Held | None = None) -> QuerySet[Case]:
    """Cases of one tab: waiting for me, opened by me and still open, all open or all closed ones I may see.

    ``roles``: what ``parties.held`` said of the person, to ask it once for a page.
    """
    if tab == "mine":
        return visible_cases(person, roles).filter(opened_by=person, closed_at=None)
    if tab == "open":
        return visible_cases(person, roles).filter(closed_at=None)
    if tab == "done":
        return visible_cases(person, roles).exclude(closed_at=None)
    return waiting_for(person, roles)


def counted(cases: QuerySet[Case]) -> str:
    """How many cases there are, counted no further than ``MOST_COUNTED``."""
    count = cases.order_by()[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)


def by_light(cases: QuerySet[Case], light: str, today: date) -> QuerySet[Case]:
    """Cases whose nearest end shows ``red``, ``amber``, ``green`` or ``none``; others unchanged."""
    conditions = {
        "red": Q(ends_on__lt=today),
        "amber": Q(ends_on__gte=today, amber_on__lte=today),
        "green": Q(ends_on__gte=today) & (Q(amber_on__gt=today) | Q(amber_on=None)),
        "none": Q(ends_on=None),
    }
    return cases.filter(conditions[light], closed_at=None) if light in conditions else cases


def filtered(cases: QuerySet[Case], query: Mapping[str, str], today: date) -> QuerySet[Case]:
    """Narrow by ``q`` (title, number or department), ``procedure``, ``step``, ``department``, ``area``, ``light``, ``turn`` (department), ``urged``; bad values find nothing."""
    text = query.get("q", "").replace("\x00", "").strip()[:100]
    if text:
        cases = cases.filter(Q(title__icontains=text) | Q(number__icontains=text) | Q(department__name__icontains=text))
    for name in ("procedure", "step"):
        if word := query.get(name, "").replace("\x00", "")[:80]:
            cases = cases.filter(**{name: word})
    for name, column in (("department", "department_id"), ("area", "department__area_id")):
        if word := query.get(name, ""):
            known = word.isascii() and word.isdigit() and len(word) < 10
            cases = cases.filter(**{column: int(word) if known else -1})
    if word := query.get("turn", ""):
        known = word.isascii() and word.isdigit() and len(word) < 10
        cases = cases.filter(turn_of(int(word) if known else -1))
    if query.get("urged") == "1":
        cases = cases.filter(urged())
    return by_light(cases, "red" if query.get("overdue") == "1" else query.get("light", ""), today)


def ordered(cases: QuerySet[Case], sort: str, tab: str) -> QuerySet[Case]:
    """The order people work in: the nearest deadline first; closed cases latest first."""
    default: tuple[object, ...] = ("-closed_at",) if tab == "done" else SORTS["due"]
    keys = SORTS.get(sort, default)
    rows = cases.select_related("jurisdiction", "department", "provider", "opened_by").annotate(is_urged=urged())
    return rows.order_by(*keys, "pk")  # type: ignore[arg-type]


def facets(
    cases: QuerySet[Case], jurisdiction: Jurisdiction, today: date, query: Mapping[str, str]
) -> Mapping[str, Sequence[FacetOption]]:
    """Procedures (and, within one, its steps), departments, zones and lights with their counts within a tab."""
    plain = cases.order_by()
    kinds = plain.values_list("procedure").annotate(rows=Count("pk")).order_by("procedure")
    offices = (
        plain.values_list("department_id", "department__name", "department__area_id")
        .annotate(rows=Count("pk"))
        .order_by("-rows")
    )
    found = list(offices)
    zones: dict[int, int] = {}
    for _, _, area, rows in found:
        if area is not None:
            zones[area] = zones.get(area, 0) + rows
    names = dict(Area.objects.filter(pk__in=zones).values_list("pk", "name")) if zones else {}
    lights = plain.filter(closed_at=None).aggregate(
        red=Count("pk", filter=Q(ends_on__lt=today)),
        amber=Count("pk", filter=Q(ends_on__gte=today, amber_on__lte=today)),
        green=Count("pk", filter=Q(ends_on__gte=today) & (Q(amber_on__gt=today) | Q(amber_on=None))),
        none=Count("pk", filter=Q(ends_on=None)),
    )
    steps: list[FacetOption] = []
    if chosen := query.get("procedure", "").replace("\x00", "")[:80]:
        counts = plain.filter(procedure=chosen).values_list("step").annotate(rows=Count("pk")).order_by("step")
        titles = _step_titles(jurisdiction, chosen, today)
        steps = [FacetOption(key, titles.get(key, key), rows) for key, rows in counts]
    return {
        "procedure": [FacetOption(key, procedure_title(jurisdiction, key, today), rows) for key, rows in kinds],
        "step": steps,
        "department": [FacetOption(str(key), name, rows) for key, name, _, rows in found[:DEPARTMENTS]],
        "area": [FacetOption(str(key), names.get(key, ""), rows) for key, rows in sorted(zones.items())],
        "light": [FacetOption(key, words, lights[key]) for key, words in LIGHTS.items() if lights[key]],
        "urged": _urged_facet(plain),
        "turn": _turn_facet(jurisdiction, query.get("turn", "")),
    }


def _urged_facet(cases: QuerySet[Case]) -> list[FacetOption]:
    rows = cases.filter(urged()).count()
    return [FacetOption("1", "督办中", rows)] if rows else []


def _turn_facet(jurisdiction: Jurisdiction, chosen: str) -> list[FacetOption]:
    """The department the list is narrowed to by whose turn it is; other choices come from the supervision page."""
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 10):
        return []
    names = Department.objects.filter(pk=int(chosen), jurisdiction=jurisdiction).values_list("name", flat=True)
    return [FacetOption(chosen, name) for name in names]


def procedure_title(jurisdiction: Jurisdiction, key: str, today: date) -> str:
    """A procedure's title in the law as it stands; the platform's own word where today's law has none."""
    try:
        return procedure(jurisdiction.law, key, today).title
    except (Missing, KeyError):
        return PROCEDURES.get(key, key)


def _step_titles(jurisdiction: Jurisdiction, key: str, today: date) -> Mapping[str, str]:
    try:
        run = procedure(jurisdiction.law, key, today)
    except (Missing, KeyError):
        return {}
    return {name: step.title for name, step in run.steps.items()} | dict(run.finals)


def rows_of(cases: Iterable[Case]) -> Iterator[Row]:
    """Cases as the list shows them; the departments that act are read once."""
    known: dict[int, Parties] = {}
    for case in cases:
        yield row(case, known.setdefault(case.jurisdiction_id, Parties(case.jurisdiction_id)))


def row(case: Case, parties: Parties | None = None) -> Row:
    """A case as the list shows it."""
    started_on = case.clock_from or shanghai_date(case.step_since)
    try:
        clock = clock_of(case)
        return Row(
            case=case,
            procedure=procedure_of(case).title,
            step=step_title(case, case.step),
            turn=whose_turn(case, parties),
            total=clock_total(case),
            started_on=started_on,
            reference=clock.reference if clock else None,
        )
    except (Missing, KeyError):
        # The pack lost what this case runs by: the list must still open, so that the case can be found and told.
        return Row(case, case.procedure, case.step, "", None, started_on, None)


SHEET = (
    Column("办件号", 24), Column("办件", 40), Column("程序", 18), Column("当前步骤", 18), Column("现由谁办理", 30),
    Column("截止日期", 14), Column("暂定", 8), Column("全程截止日期", 14), Column("时限情况", 34), Column("发起部门", 24),
    Column("提供部门", 24), Column("发起时间", 18), Column("办结时间", 18),
)  # fmt: skip
"""The columns of the exported list."""


def sheet_rows(cases: QuerySet[Case], today: date) -> Iterator[Sequence[object]]:
    """The filtered list as rows of ``SHEET``, at most ``MOST_EXPORTED``."""
    days = calendar.current()

    @cache
    def left(end: date, provisional: bool) -> str:
        return clocks.left_in_words(end, today, days, provisional=provisional)

    for line in rows_of(cases[:MOST_EXPORTED].iterator(chunk_size=1000)):
        case = line.case
        words = "" if case.closed_at else LIGHTS["none"]
        if case.ends_on and not case.closed_at:
            words = left(case.ends_on, case.due_provisional)
        yield (
            case.number, case.title, line.procedure, line.step, line.turn, case.due_on, case.due_provisional or None,
            case.outer_due_on, words, case.department.name, case.provider.name if case.provider else "", case.opened_at,
            case.closed_at,
        )  # fmt: skip
