"""The work list: which cases a person sees under each tab, filtered and sorted as the URL says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, Q, QuerySet

from yishu.cases.models import Case
from yishu.cases.queries import clock_of, procedure_of, step_title, visible_cases, waiting_for, whose_turn
from yishu.kernel.references import Reference
from yishu.kernel.time import shanghai_date
from yishu.law.packs import Missing
from yishu.orgs.models import Person
from yishu.pages.parts import FacetOption

TABS = (("waiting", "待办"), ("mine", "我发起的"), ("done", "已办结"))
SORTS: Mapping[str, tuple[object, ...]] = {
    "due": (F("due_on").asc(nulls_last=True), "step_since"),
    "-due": (F("due_on").desc(nulls_last=True), "-step_since"),
    "opened": ("opened_at",),
    "-opened": ("-opened_at",),
    "title": ("title",),
    "-title": ("-title",),
    "number": ("opened_at", "number"),
    "-number": ("-opened_at", "-number"),
}


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


def tab_cases(person: Person, tab: str) -> QuerySet[Case]:
    """Cases of one tab: waiting for me, opened by me and still open, or closed ones I may see."""
    if tab == "mine":
        return visible_cases(person).filter(opened_by=person, closed_at=None)
    if tab == "done":
        return visible_cases(person).exclude(closed_at=None)
    return waiting_for(person)


def filtered(cases: QuerySet[Case], query: Mapping[str, str], today: date) -> QuerySet[Case]:
    """Narrow by ``q`` (title or number), ``procedure``, ``department``, ``overdue=1``; sort by ``sort`` (``SORTS``)."""
    text = query.get("q", "").replace("\x00", "").strip()[:100]
    if text:
        cases = cases.filter(Q(title__icontains=text) | Q(number__icontains=text) | Q(department__name__icontains=text))
    if procedure := query.get("procedure", "").replace("\x00", ""):
        cases = cases.filter(procedure=procedure)
    department = query.get("department", "")
    if department:
        known = department.isascii() and department.isdigit() and len(department) < 10
        cases = cases.filter(department_id=int(department) if known else -1)
    if query.get("overdue") == "1":
        cases = cases.filter(due_on__lt=today, closed_at=None)
    return cases


def ordered(cases: QuerySet[Case], sort: str, tab: str) -> QuerySet[Case]:
    """The order people work in: the nearest deadline first; closed cases latest first."""
    default: tuple[object, ...] = ("-closed_at",) if tab == "done" else SORTS["due"]
    keys = SORTS.get(sort, default)
    rows = cases.select_related("jurisdiction", "department", "provider", "opened_by")
    return rows.order_by(*keys, "pk")  # type: ignore[arg-type]


def facets(cases: QuerySet[Case], today: date) -> Mapping[str, tuple[FacetOption, ...]]:
    """Procedures, departments and overdue with their counts within a tab."""
    titles = {}
    for case in cases.select_related("jurisdiction").order_by("procedure", "-law_on").distinct("procedure"):
        titles[case.procedure] = procedure_of(case).title
    kinds = cases.order_by().values_list("procedure").annotate(rows=Count("pk")).order_by("procedure")
    offices = (
        cases.order_by().values_list("department_id", "department__name").annotate(rows=Count("pk")).order_by("-rows")
    )
    overdue = cases.filter(due_on__lt=today, closed_at=None).count()
    return {
        "procedure": tuple(FacetOption(key, titles.get(key, key), rows) for key, rows in kinds),
        "department": tuple(FacetOption(str(key), name, rows) for key, name, rows in offices[:12]),
        "overdue": (FacetOption("1", "已逾期", overdue),) if overdue else (),
    }


def row(case: Case) -> Row:
    """A case as the list shows it."""
    try:
        clock = clock_of(case)
        return Row(
            case=case,
            procedure=procedure_of(case).title,
            step=step_title(case, case.step),
            turn=whose_turn(case),
            total=clock.working_days if clock else None,
            started_on=shanghai_date(case.step_since),
            reference=clock.reference if clock else None,
        )
    except (Missing, KeyError):
        # The pack lost what this case runs by: the list must still open, so that the case can be found and told.
        return Row(case, case.procedure, case.step, "", None, shanghai_date(case.step_since), None)
