"""The overview over all departments, and the list of resources behind its numbers."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from yishu.kernel.errors import NotAllowed
from yishu.kernel.time import shanghai_date
from yishu.orgs.guards import not_found
from yishu.orgs.models import Department
from yishu.orgs.reading import signed_in
from yishu.orgs.tenants import lower_standings
from yishu.pages.lists import page_of, read_list_query
from yishu.pages.parts import FacetOption
from yishu.pages.sheets import Column, sheet_response
from yishu.pages.templatetags.yishu import SHARE_TYPES
from yishu.registers.queries import registers
from yishu.supervision import figures, queries, rules
from yishu.supervision.links import link

CHARTED = 15
"""Departments a chart shows: those with the most; the table has all."""
CHARTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("types", "在用资源的共享类型", ("unconditional", "conditional", "withheld")),
    ("clocks", "待办办件的时限", ("red", "amber", "green")),
)
SORTS = frozenset({"name", "completeness", "fulfilment", *rules.BY_KEY})
RESOURCE_SORTS = {
    "title": ("title", "pk"),
    "department": ("department__name", "title", "pk"),
    "updated": ("updated_at", "pk"),
}
LIBRARY = {"standard": "标准规范", "document": "制度文件", "plan": "规划方案"}
"""Registers of the standards library, where the law opens them."""


def refused() -> NotAllowed:
    """The answer to somebody who looks over no department."""
    return NotAllowed(
        "监督总览供数据主管、领导小组、本级政府、审计和监督检查人员使用",
        remedy="本部门的情况请看“本部门一页”",
        code="supervision.not_reader",
    )


def whole(text: str) -> int | None:
    """A primary key from an address; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """``/supervision/``: every department's figures and all together; ``?place=`` those of a logical platform under one's own."""
    person, at = signed_in(request), timezone.now()
    if "place" in request.GET:
        return _lower(request)
    found = queries.overview(person, at)
    if found is None:
        raise refused()
    query = read_list_query(request, {"name": ("name",)}, "name")
    rows = [row for row in found.rows if query.text in row.department.name]
    rows = _sorted(rows, request.GET.get("sort", ""))
    if request.GET.get("export") == "xlsx":
        return _sheet(rows, shanghai_date(at))
    export = request.GET.copy()
    export["export"] = "xlsx"
    page = Paginator(rows, 50).get_page(query.page)
    context = {
        "place": found.place,
        "page": page,
        "rows": [{"row": row, "cells": cells(row.figures, row.department.pk)} for row in page],
        "measures": rules.MEASURES,
        "groups": rules.groups(),
        "tiles": tiles(found.total, linked=True),
        "charts": [_chart(key, title, keys, rows) for key, title, keys in CHARTS],
        "charted": CHARTED,
        "lower": [s.jurisdiction for s in lower_standings(person, at)],
        "library": [
            {"key": r.key, "title": r.title, "word": LIBRARY[r.key]}
            for r in registers(found.place, shanghai_date(at))
            if r.key in LIBRARY
        ],
        "narrowed": bool(query.text),
        "export": f"?{export.urlencode()}",
        "total": found.total,
        "today": shanghai_date(at),
    }
    return render(request, "supervision/overview.html", context)


def _lower(request: HttpRequest) -> HttpResponse:
    person, at = signed_in(request), timezone.now()
    pk = whole(request.GET["place"])
    found = queries.lower_overview(person, pk, at) if pk is not None else None
    if found is None:
        raise not_found()
    context = {
        "place": found.place,
        "tiles": tiles(found.total, linked=False),
        "total": found.total,
        "lower": [s.jurisdiction for s in lower_standings(person, at)],
        "below": True,
    }
    return render(request, "supervision/overview.html", context)


def _sorted(rows: Sequence[figures.Row], sort: str) -> list[figures.Row]:
    key = sort.removeprefix("-")
    if key not in SORTS:
        return list(rows)
    if key == "name":
        return list(rows)[::-1] if sort.startswith("-") else list(rows)
    return sorted(rows, key=lambda row: rules.sort_value(row.figures, key), reverse=sort.startswith("-"))


def cells(counted: rules.Figures, department_id: int | None) -> list[dict[str, Any]]:
    """The measures of one row with where each leads; a number of nothing leads nowhere."""
    return [
        {
            "measure": measure,
            "number": counted[measure.key],
            "url": link(measure.key, department_id) if counted[measure.key] else "",
            "tone": measure.tone if counted[measure.key] else "",
        }
        for measure in rules.MEASURES
    ]


def tiles(total: rules.Figures, *, linked: bool) -> list[dict[str, Any]]:
    """All departments together, the groups in their order; not ``linked`` for figures of another tenant."""
    found: dict[str, list[dict[str, Any]]] = {}
    for cell in cells(total, None):
        cell["url"] = cell["url"] if linked else ""
        found.setdefault(cell["measure"].group, []).append(cell)
    return [{"group": group, "cells": rows} for group, rows in found.items()]


def _chart(key: str, title: str, keys: Sequence[str], rows: Sequence[figures.Row]) -> Mapping[str, Any]:
    """The departments with the most, each with its numbers and links; left out when there is nothing to show."""
    most = sorted(rows, key=lambda row: -sum(row.figures[k] for k in keys))[:CHARTED]
    shown = [row for row in most if any(row.figures[k] for k in keys)]
    return {
        "key": key,
        "title": title,
        "heads": [rules.BY_KEY[k] for k in keys],
        "rows": [
            {
                "department": row.department,
                "cells": [{"number": row.figures[k], "url": link(k, row.department.pk), "key": k} for k in keys],
            }
            for row in shown
        ],
    }


def _sheet(rows: Sequence[figures.Row], today: date) -> HttpResponse:
    columns = [Column("部门", 26), Column("完整性（%）", 12), Column("落实率（%）", 12)]
    columns += [Column(f"{m.group}·{m.title}", 16) for m in rules.MEASURES]
    body = (
        [row.department.name, row.figures.completeness, row.figures.fulfilment]
        + [row.figures[m.key] for m in rules.MEASURES]
        for row in rows
    )
    return sheet_response(f"监督总览_{today.isoformat()}", columns, body)


@login_required
@require_GET
def resources(request: HttpRequest) -> HttpResponse:
    """``/supervision/resources/``: the resources the figures count, by department, state and share type."""
    person, at = signed_in(request), timezone.now()
    departments = queries.departments_over(person, at)
    if not departments and person.department is not None:
        departments = Department.objects.filter(pk__in=queries.own_departments(person, at))
    names = dict(departments.order_by("name").values_list("pk", "name"))
    if not names:
        raise refused()
    query = read_list_query(request, RESOURCE_SORTS, "-updated")
    asked = whole(request.GET["department"]) if request.GET.get("department") else None
    ids = [asked] if asked in names else [] if request.GET.get("department") else list(names)
    state = request.GET.get("state", "")
    kind = request.GET.get("share_type", "")
    found = figures.resources_in(
        [pk for pk in ids if pk is not None],
        state if state in figures.STATES else "",
        at,
        kind if kind in SHARE_TYPES else "",
    )
    if query.text:
        found = found.filter(Q(title__icontains=query.text) | Q(code__icontains=query.text))
    found = found.select_related("department", "search_entry").order_by(*query.order)
    context = {
        "page": page_of(found, query),
        "department": names.get(asked) if asked else None,
        "departments": [FacetOption(str(pk), name) for pk, name in names.items() if len(names) < 40 or pk == asked],
        "states": [FacetOption(key, words) for key, words in figures.STATES.items()],
        "share_types": [FacetOption(key, words) for key, words in SHARE_TYPES.items()],
        "narrowed": any(request.GET.get(k) for k in ("q", "department", "state", "share_type")),
        "over": bool(queries.READERS & queries.kinds_of(person, at)),
    }
    return render(request, "supervision/resources.html", context)
