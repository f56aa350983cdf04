"""The work list: tabs, filters, export, and deciding several cases at once."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from yishu.cases import batch, worklist
from yishu.cases.forms import BatchForm
from yishu.cases.parties import Held, held
from yishu.cases.procedures import procedure_of
from yishu.kernel.errors import PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Person, RoleKind
from yishu.orgs.reading import signed_in
from yishu.pages.sheets import sheet_response

PAGE = 30


def _tab(query: dict[str, str]) -> str:
    tab = query.get("tab", "waiting")
    return tab if tab in dict(worklist.TABS) else "waiting"


def _tabs(person: Person, now: str, roles: Held) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "title": title,
            "url": reverse("work-list") + (f"?tab={key}" if key != "waiting" else ""),
            "on": key == now,
            "count": worklist.counted(worklist.tab_cases(person, key, roles)) if key in ("waiting", "mine") else None,
        }
        for key, title in worklist.TABS
    ]


@login_required
@require_GET
def work_list(request: HttpRequest) -> HttpResponse:
    """``/``: what waits for me, what I opened, what is open or done; filters and order stand in the URL."""
    person, today = signed_in(request), shanghai_date(timezone.now())
    query = request.GET.dict()
    tab = _tab(query)
    roles = held(person)
    base = worklist.tab_cases(person, tab, roles)
    found = worklist.ordered(worklist.filtered(base, query, today), query.get("sort", ""), tab)
    page = Paginator(found, PAGE).get_page(query.get("page"))
    rows = list(worklist.rows_of(page))
    home = person.department
    context = {
        "tab": tab,
        "tabs": _tabs(person, tab, roles),
        "page": page,
        "rows": rows,
        "facets": worklist.facets(base, home.jurisdiction, today, query) if home else {},
        "today": today,
        "narrowed": any(query.get(name) for name in (*worklist.FILTERS, "overdue")),
        "provides": RoleKind.PROVIDER in roles,
        "export_query": request.GET.urlencode(),
        "together": {row.case.pk for row in rows if tab == "waiting" and batch.outcomes_for(row.case)},
    }
    return render(request, "cases/work_list.html", context)


@login_required
@require_GET
def work_export(request: HttpRequest) -> HttpResponse:
    """``/cases/export/``: the list as it is filtered and sorted, as an Excel file."""
    person, today = signed_in(request), shanghai_date(timezone.now())
    query = request.GET.dict()
    tab = _tab(query)
    found = worklist.filtered(worklist.tab_cases(person, tab), query, today)
    rows = worklist.sheet_rows(worklist.ordered(found, query.get("sort", ""), tab), today)
    return sheet_response(f"办件清单_{dict(worklist.TABS)[tab]}_{today.isoformat()}", worklist.SHEET, rows)


def _chosen(values: list[str]) -> list[tuple[UUID, int]]:
    """The ``<uuid>:<revision>`` of ticked boxes; what is not of that shape is left out."""
    found = {}
    for value in values[: batch.MOST + 1]:
        id_, _, revision = value.partition(":")
        try:
            found[UUID(id_)] = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else -1
        except ValueError:
            continue
    return list(found.items())


@login_required
@require_POST
def batch_page(request: HttpRequest) -> HttpResponse:
    """``/cases/batch/``: the ticked cases with the outcomes they share; with ``stage=decide`` what became of each."""
    person, now = signed_in(request), timezone.now()
    chosen = _chosen(request.POST.getlist("case"))
    if not chosen:
        return redirect("work-list")
    error: PublicError | None = None
    cases = []
    try:
        cases = list(batch.selected(person, [pk for pk, _ in chosen]))
    except PublicError as found:
        error = found
    shared = batch.outcomes_for(cases[0]) if cases and batch.same_step(cases) else ()
    deciding = request.POST.get("stage") == "decide"
    form = BatchForm(shared, request.POST if deciding else None)
    if deciding and error is None and form.is_valid():
        given = form.cleaned_data
        try:
            lines = batch.decide_batch(
                chosen=chosen, outcome=given["outcome"], reason=given["reason"], by=person, at=now
            )
        except PublicError as found:
            error = found
        else:
            return render(request, "cases/batch_report.html", {"lines": lines, "counts": _counts(lines)})
    context = {
        "rows": list(worklist.rows_of(cases)),
        "procedure": procedure_of(cases[0]).title if cases else "",
        "shared": shared,
        "form": form,
        "error": error,
        "gone": len(chosen) - len(cases),
        "today": shanghai_date(now),
        "seen": dict(chosen),
    }
    status = error.status if error else 422 if deciding else 200
    return render(request, "cases/batch.html", context, status=status)


def _counts(lines: tuple[batch.Line, ...]) -> dict[str, int]:
    return {state: sum(line.state == state for line in lines) for state in ("done", "moved", "refused")}
