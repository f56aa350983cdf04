"""Pages of demand lists."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.catalogue.models import Resource
from yishu.kernel.errors import NotFound, PublicError
from yishu.pages.forms import add_problems
from yishu.pages.lists import page_of, read_list_query
from yishu.pages.parts import FacetOption
from yishu.pages.sheets import Column, sheet_response
from yishu.stewardship import access, demands
from yishu.stewardship.demand_rules import HAPPENED, may_edit, verbs_of
from yishu.stewardship.forms import DemandDecisionForm, DemandForm, demand_initial
from yishu.stewardship.models import Demand
from yishu.stewardship.reading import Reader, chosen, department_facet, reader, revision, state_facet, whole

SORTS = {"title": ("title", "pk"), "department": ("department__name", "title"), "updated": ("updated_at", "pk")}
TONES = {
    "submitted": "info",
    "returned": "bad",
    "approved": "info",
    "matched": "good",
    "assigned": "good",
    "upward": "warn",
}
_SHEET = (
    Column("需求部门", 20), Column("需求资源名称", 30), Column("信息项", 40), Column("数据所在部门", 20), Column("履职依据", 40),
    Column("用途", 40), Column("状态", 14), Column("匹配的资源", 30), Column("资源代码", 24), Column("承担采集责任", 20), Column("最近变动", 18),
)  # fmt: skip


@login_required
@require_GET
def demand_list(request: HttpRequest) -> HttpResponse:
    """``/stewardship/demands/``: demand lists of one's departments, on them, or of all; ``?export=xlsx`` gives the list as shown."""
    who = reader(request)
    query = read_list_query(request, SORTS, "-updated")
    every = demands.visible_demands(who.person, who.at)
    own = [d.pk for d in access.own_departments(who.person, who.at)]
    rows = _narrowed(every, request, query.text, own)
    if request.GET.get("export") == "xlsx":
        return sheet_response("需求清单", _SHEET, (_row(d) for d in rows.order_by(*query.order)[:50_000]))
    sides = {"own": "本部门提出", "asked": "向本部门提出"}
    context = {
        "page": page_of(rows.order_by(*query.order), query),
        "states": state_facet(every, "state", dict(Demand.State.choices)),
        "departments": department_facet(every),
        "sides": [FacetOption(k, t) for k, t in sides.items()],
        "narrowed": any(request.GET.get(k) for k in ("q", "state", "department", "side")),
        "clerk": bool(who.clerk_of()),
        "tones": TONES,
        "mandatory": demands.is_mandatory(who.view),
        "reference": access.reference(who.view, demands.KEY),
        "export": _export(request),
    }
    return render(request, "stewardship/demands.html", context)


def _export(request: HttpRequest) -> str:
    query = request.GET.copy()
    query["export"] = "xlsx"
    return "?" + query.urlencode()


def _narrowed(rows: QuerySet[Demand], request: HttpRequest, text: str, own: list[int]) -> QuerySet[Demand]:
    if text:
        rows = rows.filter(Q(title__icontains=text) | Q(department__name__icontains=text) | Q(purpose__icontains=text))
    if state := chosen(request, "state", Demand.State.values):
        rows = rows.filter(state=state)
    if request.GET.get("department"):
        rows = rows.filter(department_id=whole(request.GET["department"]) or 0)
    side = chosen(request, "side", ("own", "asked"))
    if side == "own":
        rows = rows.filter(department_id__in=own)
    elif side:
        rows = rows.filter(Q(target_id__in=own) | Q(duty_of_id__in=own))
    return rows


def _row(d: Demand) -> tuple[Any, ...]:
    return (
        d.department.name, d.title, "、".join(d.items), d.target.name if d.target else "", d.basis, d.purpose, d.get_state_display(),
        d.resource.title if d.resource else "", d.resource.code if d.resource else "", d.duty_of.name if d.duty_of else "", d.updated_at,
    )  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def demand_edit(request: HttpRequest, demand_id: int | None = None) -> HttpResponse:
    """``/stewardship/demands/new/`` and ``…/<id>/edit/``: write, save and submit a demand."""
    who = reader(request)
    demand = demands.demand_for(who.person, demand_id, who.at) if demand_id else None
    own = who.clerk_of()
    asked = whole(request.POST.get("department") or request.GET.get("department"))
    picked = next((d for d in own if d.pk == asked), None) or (own[0] if own else None)
    department = demand.department if demand else picked or demands.refuse_unless_clerk(who.person, who.at)
    initial = demand_initial(demand) if demand else {"title": request.GET.get("title", "")[:120]}
    form = DemandForm(request.POST or None, reader=who, department=department, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            if demand is None:
                demand = demands.create_demand(department=department, wanted=form.wanted(), by=who.person, at=who.at)
            else:
                demand = demands.save_demand(
                    demand_id=demand.pk, seen_revision=revision(request), wanted=form.wanted(), by=who.person, at=who.at
                )
            if request.POST.get("do") == "submit":
                demand = demands.submit_demand(
                    demand_id=demand.pk, seen_revision=demand.revision, by=who.person, at=who.at
                )
                messages.success(request, "需求已提交，由数据主管部门审核、匹配")
            else:
                messages.success(request, "草稿已保存")
            return redirect("stewardship-demand", demand.pk)
        except PublicError as error:
            add_problems(form, error)
            if demand is not None:
                demand.refresh_from_db()
    context = {
        "form": form, "demand": demand, "department": department, "departments": own, "revision": demand.revision if demand else 0,
        "reference": access.reference(who.view, demands.KEY),
    }  # fmt: skip
    return render(request, "stewardship/demand_edit.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def demand_page(request: HttpRequest, demand_id: int) -> HttpResponse:
    """``/stewardship/demands/<id>/``: content, history, suggested resources, what may be done."""
    who = reader(request)
    demand = demands.demand_for(who.person, demand_id, who.at)
    return _page(request, who, demand, DemandDecisionForm(reader=who, demand=demand))


def _page(
    request: HttpRequest, who: Reader, demand: Demand, form: DemandDecisionForm, error: PublicError | None = None
) -> HttpResponse:
    own = any(d.pk == demand.department_id for d in who.clerk_of())
    verbs = verbs_of(demand.state, own=own, authority=access.is_authority(who.person, who.at, demand.department))
    deciding = [v for v in verbs if v.by_authority and v.key != "match"]
    matching = any(v.key == "match" for v in verbs)
    titles = {f.name: f.title for f in demands.extra_fields(who.view)}
    context = {
        "demand": demand,
        "tone": TONES.get(demand.state, "plain"),
        "history": [(e, HAPPENED.get(e.verb, e.verb)) for e in demand.events.select_related("by__department")],
        "extras": [(titles.get(k, k), v) for k, v in demand.fields.items() if v],
        "matches": demands.matches(demand) if matching or demand.state in ("submitted", "approved") else [],
        "matching": matching,
        "deciding": deciding,
        "own_verbs": [v for v in verbs if not v.by_authority],
        "may_edit": own and may_edit(demand.state),
        "form": form,
        "error": error,
        "reference": access.reference(who.view, demands.KEY),
    }
    return render(request, "stewardship/demand.html", context, status=error.status if error else 200)


@login_required
@require_POST
def demand_act(request: HttpRequest, demand_id: int) -> HttpResponse:
    """POST ``…/<id>/act/``: submit, withdraw, or the authority's decision (``do``)."""
    who = reader(request)
    demand = demands.demand_for(who.person, demand_id, who.at)
    form = DemandDecisionForm(request.POST, reader=who, demand=demand)
    verb = request.POST.get("do", "")
    if not form.is_valid():
        return _page(request, who, demand, form)
    given: dict[str, Any] = {"demand_id": demand.pk, "seen_revision": revision(request), "by": who.person, "at": who.at}
    try:
        if verb == "submit":
            demands.submit_demand(**given)
        elif verb == "withdraw":
            demands.withdraw_demand(**given, reason=form.cleaned_data["reason"])
        else:
            demands.decide_demand(
                **given, verb=verb, reason=form.cleaned_data["reason"], resource_id=_resource_id(request, who, form),
                department_id=whole(form.cleaned_data["department"]),
            )  # fmt: skip
    except NotFound:
        raise
    except PublicError as error:
        demand = demands.demand_for(who.person, demand_id, who.at)
        return _page(request, who, demand, form, error)
    messages.success(request, f"已办理：{HAPPENED.get(verb, verb)}")
    return redirect("stewardship-demand", demand.pk)


def _resource_id(request: HttpRequest, who: Reader, form: DemandDecisionForm) -> int | None:
    picked = whole(request.POST.get("match"))
    code = form.cleaned_data["resource"].strip().replace("-", "/")
    if picked or not code:
        return picked
    return Resource.objects.filter(jurisdiction=who.home, code=code).values_list("pk", flat=True).first()
