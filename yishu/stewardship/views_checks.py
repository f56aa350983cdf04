"""Pages of the checks: completeness, repeat collection, material lists."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.catalogue.models import Resource
from yishu.kernel.errors import NotAllowed, PublicError
from yishu.orgs.models import Department
from yishu.pages.forms import add_problems
from yishu.pages.lists import PER_PAGE, page_of, read_list_query
from yishu.pages.parts import FacetOption
from yishu.pages.sheets import sheet_response
from yishu.registers.queries import register
from yishu.stewardship import access, completeness, materials, plans
from yishu.stewardship.forms import ComplaintForm, PlanForm, ServiceForm, typed_by
from yishu.stewardship.lists import department_of
from yishu.stewardship.models import Material, ServiceItem
from yishu.stewardship.reading import Reader, chosen, department_facet, reader, revision, whole

TABLE_TONES = {"covered": "good", "not_duty": "plain", "gap": "bad"}
TABLE_STATES = {"gap": "未编目", "covered": "已编入目录", "not_duty": "不属于履职数据"}
PLAN_SORTS = {"title": ("title", "pk"), "department": ("department__name", "pk"), "at": ("at", "pk")}
SERVICE_SORTS = {
    "name": ("name", "pk"), "department": ("department__name", "name"), "obtainable": ("obtainable", "name"), "updated": ("updated_at", "pk"),
}  # fmt: skip
RULING_TONES = {"obtainable": "good", "excused": "warn", "ask": "plain"}


def _export(request: HttpRequest) -> str:
    query = request.GET.copy()
    query["export"] = "xlsx"
    return "?" + query.urlencode()


def _table_reference(who: Reader) -> Any:
    try:
        return register(who.home, completeness.KINDS[0], who.view.day).reference
    except PublicError:
        return access.reference(who.view, "catalogue.all_data_listed")


@login_required
@require_GET
def coverage(request: HttpRequest) -> HttpResponse:
    """``/stewardship/completeness/``: per department, how many registered tables the catalogue answers for."""
    who = reader(request)
    rows = completeness.standings(who.home)
    if not access.oversees(who.person, who.at):
        own = set(access.own_departments(who.person, who.at).values_list("pk", flat=True))
        rows = [r for r in rows if r.department.pk in own]
    if request.GET.get("export") == "xlsx":
        columns = ("部门", "登记的数据表", "所属系统", "结论", "对应的资源", "理由或备注")
        shown = (
            (r.department.name, t.entry.title, t.system, t.words, t.resource.title if t.resource else "", t.note)
            for r in rows
            for t in r.rows
        )
        return sheet_response("编目完整性", columns, shown)
    query = read_list_query(request, {"name": ("name",)}, "name")
    done, total = sum(r.coverage.done for r in rows), sum(r.coverage.total for r in rows)
    state = chosen(request, "state", ("gaps", "none", "whole"))
    counted = {k: sum(_standing(r) == k for r in rows) for k in ("gaps", "whole", "none")}
    rows = [r for r in rows if query.text in r.department.name and (not state or _standing(r) == state)]
    sort = request.GET.get("sort", "")
    if sort.removeprefix("-") == "gaps":
        rows.sort(key=lambda r: r.gaps, reverse=sort.startswith("-"))
    elif sort.removeprefix("-") == "percent":
        rows.sort(key=lambda r: 101 if r.coverage.percent is None else r.coverage.percent, reverse=sort.startswith("-"))
    elif sort == "-name":
        rows.reverse()
    titles = {"gaps": "有未编目的表", "whole": "全部已回答", "none": "没有登记数据表"}
    context = {
        "page": Paginator(rows, PER_PAGE).get_page(query.page),
        "states": [FacetOption(k, titles[k], n) for k, n in counted.items() if n],
        "done": done,
        "total": total,
        "narrowed": bool(query.text or state),
        "reference": _table_reference(who),
        "export": _export(request),
    }
    return render(request, "stewardship/completeness.html", context)


def _standing(row: completeness.Standing) -> str:
    if not row.rows:
        return "none"
    return "gaps" if row.gaps else "whole"


@login_required
@require_GET
def tables(request: HttpRequest, department_id: int) -> HttpResponse:
    """``/stewardship/completeness/<department>/``: its registered tables and what covers each."""
    who = reader(request)
    department = _own(who, department_id)
    query = read_list_query(request, {"title": ("title",)}, "title")
    every = completeness.tables(who.home, department)
    state = chosen(request, "state", TABLE_STATES)
    rows = [t for t in every if (not state or t.state == state) and query.text.casefold() in t.entry.title.casefold()]
    rows.sort(key=lambda t: (t.state != "gap", t.entry.title))
    if request.GET.get("sort") == "-title":
        rows.sort(key=lambda t: t.entry.title, reverse=True)
    page = Paginator(rows, 20).get_page(query.page)
    held = completeness.coverage(every)
    may = access.own_departments(who.person, who.at, *completeness.CLERKS).filter(pk=department.pk).exists()
    own = Resource.objects.filter(department=department, version__gt=0).exclude(state=Resource.State.RETIRED)
    context = {
        "department": department,
        "page": page,
        "rows": [(t, TABLE_TONES[t.state], completeness.likely(t) if may and t.state == "gap" else []) for t in page],
        "states": [FacetOption(k, v, sum(t.state == k for t in every)) for k, v in TABLE_STATES.items()],
        "held": held,
        "may": may,
        "resources": own.order_by("title")[:500] if may else (),
        "narrowed": bool(state or query.text),
        "reference": _table_reference(who),
    }
    return render(request, "stewardship/tables.html", context)


def _own(who: Reader, department_id: int) -> Department:
    department = department_of(who.person, department_id)
    own = access.own_departments(who.person, who.at).filter(pk=department.pk).exists()
    if not own and not access.oversees(who.person, who.at):
        raise NotAllowed("只能查看本部门的数据表", remedy="请从“编目完整性”进入本部门", code="stewardship.not_yours")
    return department


@login_required
@require_POST
def map_table(request: HttpRequest, department_id: int) -> HttpResponse:
    """POST ``…/<department>/map/``: a table belongs to a resource, or holds no data of duty."""
    who = reader(request)
    made = completeness.map_table(
        entry_id=whole(request.POST.get("table")) or 0, ruling=request.POST.get("ruling", ""), by=who.person, at=who.at,
        resource_id=whole(request.POST.get("resource")), reason=request.POST.get("reason", "")[:500], seen=whole(request.POST.get("seen")),
    )  # fmt: skip
    messages.success(request, f"已记录：{made.table.title} {made.get_ruling_display()}")
    return redirect("stewardship-tables", made.department_id)


@login_required
@require_GET
def plan_list(request: HttpRequest) -> HttpResponse:
    """``/stewardship/plans/``: what departments meant to collect, with exceptions."""
    who = reader(request)
    query = read_list_query(request, PLAN_SORTS, "-at")
    every = plans.visible_plans(who.person, who.at)
    rows = every
    if query.text:
        rows = rows.filter(Q(title__icontains=query.text) | Q(elements__contains=[query.text]))
    if request.GET.get("department"):
        rows = rows.filter(department_id=whole(request.GET["department"]) or 0)
    if request.GET.get("exceptions") == "1":
        rows = rows.exclude(exceptions={})
    if request.GET.get("export") == "xlsx":
        shown = (
            (p.department.name, p.title, "、".join(p.elements), "；".join(f"{k}：{v}" for k, v in p.exceptions.items()), p.by.name, p.at)
            for p in rows.order_by(*query.order)[:50_000]
        )  # fmt: skip
        return sheet_response(
            "拟采集事项", ("部门", "采集事项", "拟采集的数据", "依法另行采集", "登记人", "时间"), shown
        )
    context = {
        "page": page_of(rows.order_by(*query.order), query),
        "departments": department_facet(every),
        "exceptions": [FacetOption("1", "有例外", every.exclude(exceptions={}).count())],
        "clerk": bool(who.clerk_of()),
        "narrowed": any(request.GET.get(k) for k in ("q", "department", "exceptions")),
        "reference": access.reference(who.view, plans.KEY),
        "export": _export(request),
    }
    return render(request, "stewardship/plans.html", context)


def _clerk(who: Reader, typed: str | None) -> Department:
    own = who.clerk_of()
    if not own:
        raise NotAllowed(
            "由部门经办人员办理，您没有这个角色", remedy="请联系系统管理员授予经办角色", code="stewardship.role_needed"
        )
    return next((d for d in own if d.pk == whole(typed)), own[0])


@login_required
@require_http_methods(["GET", "POST"])
def plan_new(request: HttpRequest) -> HttpResponse:
    """``/stewardship/plans/new/``: check what is to be collected, then record it; ``?format=json`` answers the check for programs."""
    who = reader(request)
    department = _clerk(who, request.POST.get("department"))
    ref = access.reference(who.view, plans.KEY)
    form = PlanForm(request.POST or None, reader=who, reference=ref, initial={"department": str(department.pk)})
    found: dict[str, list[plans.Found]] = {}
    bases = typed_by("basis_", request.POST)
    if request.method == "POST" and form.is_valid():
        c = form.cleaned_data
        names: tuple[str, ...] = c["elements"][: plans.MOST]
        given = {
            "department": department,
            "title": c["title"],
            "elements": names,
            "subject_kind": c["subject_kind"],
            "at": who.at,
        }
        found = plans.check_elements(**given)
        if request.GET.get("format") == "json":
            return JsonResponse(
                {"elements": [{"name": n, "shareable": [f.as_dict() for f in rows]} for n, rows in found.items()]}
            )
        if request.POST.get("do") == "record":
            exceptions = {n: bases.get(str(i), "") for i, n in enumerate(names, 1)}
            try:
                plan = plans.record_plan(**given, by=who.person, exceptions=exceptions)
                messages.success(request, f"已登记拟采集事项“{plan.title}”")
                return redirect("stewardship-plans")
            except PublicError as error:
                add_problems(form, error)
    rows = [(i, n, held, bases.get(str(i), "")) for i, (n, held) in enumerate(found.items(), 1)]
    context = {"form": form, "rows": rows, "shareable": sum(bool(h) for h in found.values()), "reference": ref}
    return render(request, "stewardship/plan.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def service_list(request: HttpRequest) -> HttpResponse:
    """``/stewardship/materials/``: services and how many of their materials can be had by sharing."""
    who = reader(request)
    query = read_list_query(request, SERVICE_SORTS, "name")
    every = materials.services(who.home)
    rows = every
    if query.text:
        named = Material.objects.filter(name__icontains=query.text).values("service")
        rows = rows.filter(Q(name__icontains=query.text) | Q(code__icontains=query.text) | Q(pk__in=named))
    if request.GET.get("department"):
        rows = rows.filter(department_id=whole(request.GET["department"]) or 0)
    if request.GET.get("complained") == "1":
        rows = rows.filter(pk__in=materials.complaints(who.home).values("service"))
    if request.GET.get("export") == "xlsx":
        listed = Material.objects.filter(service__in=rows).select_related("service__department", "resource")
        shown = (
            (m.service.department.name, m.service.name, m.service.code, m.name, m.get_ruling_display(),
             m.resource.title if m.resource else "", m.resource.code if m.resource else "", m.evidence.get("how", ""), m.basis)
            for m in listed.order_by("service__name", "pk")
        )  # fmt: skip
        columns = (
            "实施部门",
            "服务事项",
            "事项编码",
            "材料",
            "结论",
            "可获取自",
            "资源代码",
            "获取方式",
            "仍须提交的依据",
        )
        return sheet_response("申请材料核验", columns, shown)
    own = ServiceItem.objects.filter(department__jurisdiction=who.home)
    context = {
        "page": page_of(rows.order_by(*query.order), query),
        "departments": department_facet(own),
        "complained": [FacetOption("1", "有投诉", own.exclude(complaints=None).distinct().count())],
        "clerk": bool(who.clerk_of()),
        "narrowed": any(request.GET.get(k) for k in ("q", "department", "complained")),
        "reference": materials.reference(who.view),
        "export": _export(request),
    }
    return render(request, "stewardship/services.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def service_edit(request: HttpRequest, service_id: int | None = None) -> HttpResponse:
    """``/stewardship/materials/new/`` and ``…/<id>/edit/``: paste a service's materials, see what can be had, keep the result."""
    who = reader(request)
    held = materials.service_for(who.person, service_id) if service_id else None
    department = _clerk(who, str(held.department_id) if held else request.POST.get("department"))
    if held and held.department_id != department.pk:
        raise NotAllowed(
            "只能修改本部门的服务事项", remedy="请联系实施部门", object_=held.name, code="stewardship.not_yours"
        )
    initial: dict[str, Any] = {"department": str(department.pk)}
    bases = typed_by("basis_", request.POST)
    if held:
        rows = list(held.materials.all())
        initial |= {"name": held.name, "code": held.code, "materials": "\n".join(m.name for m in rows)}
        bases = bases or {str(i): m.basis for i, m in enumerate(rows, 1)}
    form = ServiceForm(request.POST or None, reader=who, reference=materials.reference(who.view), initial=initial)
    answers: list[materials.Answer] = []
    if request.method == "POST" and form.is_valid():
        c = form.cleaned_data
        names: tuple[str, ...] = c["materials"][: materials.MOST]
        answers = materials.check_materials(who.home, names, who.at)
        if request.POST.get("do") == "save":
            try:
                service = materials.save_service(
                    department=department, name=c["name"], code=c["code"], materials=c["materials"], by=who.person, at=who.at,
                    excused={n: bases.get(str(i), "") for i, n in enumerate(names, 1)}, service_id=held.pk if held else None,
                    seen_revision=revision(request),
                )  # fmt: skip
                messages.success(request, "材料清单已保存")
                return redirect("stewardship-service", service.pk)
            except PublicError as error:
                add_problems(form, error)
    context = {
        "form": form,
        "service": held,
        "rows": [(i, a, bases.get(str(i), "")) for i, a in enumerate(answers, 1)],
        "obtainable": sum(bool(a.resource) for a in answers),
        "reference": materials.reference(who.view),
    }
    return render(request, "stewardship/service_edit.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def service_page(request: HttpRequest, service_id: int) -> HttpResponse:
    """``/stewardship/materials/<id>/``: the material list as checked; POST records a complaint."""
    who = reader(request)
    service = materials.service_for(who.person, service_id)
    form = ComplaintForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = materials.complain(service_id=service.pk, by=who.person, at=who.at, **form.cleaned_data)
            words = "平台可以获取该材料，已转数据主管部门" if made.founded else "已记录，由数据主管部门核实"
            messages.success(request, words)
            return redirect("stewardship-service", service.pk)
        except PublicError as error:
            add_problems(form, error)
    oversees = access.oversees(who.person, who.at)
    own = access.own_departments(who.person, who.at).filter(pk=service.department_id).exists()
    context = {
        "service": service,
        "rows": [(m, RULING_TONES[m.ruling]) for m in service.materials.select_related("resource__department")],
        "form": form,
        "complaints": materials.complaints(who.home).filter(service=service)[:50] if oversees or own else [],
        "may_edit": any(d.pk == service.department_id for d in who.clerk_of()),
        "reference": materials.reference(who.view),
    }
    return render(request, "stewardship/service.html", context, status=422 if form.errors else 200)
