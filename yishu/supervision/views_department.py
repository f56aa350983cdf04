"""One department on one page: its figures, what waits for the reader's signature, what is late."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from yishu.cases import worklist
from yishu.cases.parties import visible_cases
from yishu.cases.turns import turn_of
from yishu.catalogue.models import RetirementNotice
from yishu.kernel.errors import NotAllowed
from yishu.kernel.time import shanghai_date
from yishu.orgs.guards import not_found
from yishu.orgs.models import Department, RoleKind
from yishu.orgs.queries import may_act, missing_profile
from yishu.orgs.reading import signed_in
from yishu.stewardship import lists
from yishu.supervision import queries, rules
from yishu.supervision.figures import Row
from yishu.supervision.links import link
from yishu.supervision.views import cells

SHOWN = 10
"""Cases each box shows; its link leads to all of them."""


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """``/supervision/mine/``: leads to the page of the reader's own department."""
    person, at = signed_in(request), timezone.now()
    own = queries.own_departments(person, at)
    if not own:
        raise NotAllowed(
            "“本部门一页”供部门的主要负责人、共享工作机构负责人和提供方经办使用",
            remedy="请联系系统管理员授予角色",
            code="supervision.no_department",
        )
    home = person.department_id
    return redirect("supervision-department", home if home in own else own[0])


@login_required
@require_GET
def department_page(request: HttpRequest, department_id: int) -> HttpResponse:
    """``/supervision/department/<id>/``: for the department's people and whoever looks over it."""
    person, at = signed_in(request), timezone.now()
    row = queries.department_figures(person, department_id, at)
    if row is None:
        raise not_found()
    department, today = row.department, shanghai_date(at)
    late = visible_cases(person).filter(turn_of(department.pk), ends_on__isnull=False)
    signs = may_act(person, RoleKind.RESPONSIBLE, department, at).allowed
    notices = RetirementNotice.objects.filter(
        department=department, acknowledged_at=None, retirement__completed_at=None, retirement__cancelled_at=None
    )
    own = queries.own_departments(person, at)
    context = {
        "department": department,
        "figures": row.figures,
        "groups": _groups(row),
        "signs": signs,
        "to_sign": list(worklist.rows_of(queries.to_sign(person, at)[:SHOWN])) if signs else [],
        "list_waits": signs and row.figures["unacknowledged"] > 0,
        "applies": lists.applies(department.jurisdiction, at),
        "notices": list(notices.select_related("retirement__resource")[:SHOWN]) if department.pk in own else [],
        "late": list(worklist.rows_of(worklist.ordered(late, "due", "open")[:SHOWN])),
        "late_url": link("waiting", department.pk),
        "missing": missing_profile(department, today),
        "own": department.pk in own,
        "over": bool(queries.READERS & queries.kinds_of(person, at)),
        "others": Department.objects.filter(pk__in=own).exclude(pk=department.pk).order_by("name"),
        "today": today,
    }
    return render(request, "supervision/department.html", context)


def _groups(row: Row) -> list[dict[str, object]]:
    found: dict[str, list[dict[str, object]]] = {}
    for cell in cells(row.figures, row.department.pk):
        measure = cell["measure"]
        if isinstance(measure, rules.Measure):
            found.setdefault(measure.group, []).append(cell)
    return [{"group": group, "cells": rows} for group, rows in found.items()]
