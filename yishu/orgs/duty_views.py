"""Pages of AB角 and hand-over, and the addresses of saved views."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.kernel.errors import NotAllowed, NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs import duties, ports, queries, saved_views
from yishu.orgs.forms_tenants import HandOverForm, SubstituteForm
from yishu.orgs.guards import not_found
from yishu.orgs.models import Department, Person, RoleKind
from yishu.orgs.reading import signed_in
from yishu.pages.forms import add_problems
from yishu.pages.lists import page_of, read_list_query
from yishu.pages.parts import FacetOption

SUBSTITUTE_SORTS = {
    "since": ("since",),
    "person": ("person__name", "since"),
    "substitute": ("substitute__name", "since"),
}
HAND_OVER_SORTS = {"at": ("at",), "giver": ("giver__name", "at"), "taker": ("taker__name", "at")}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _person_here(request: HttpRequest, given: str) -> Person:
    """Whose duties: the person named in the address if they are of the same tenant, else oneself."""
    me = signed_in(request)
    if not given:
        return me
    found = queries.people_seen(me).select_related("department").filter(pk=_number(given)).first()
    if found is None:
        raise not_found()
    return found


def _department_of(person: Person) -> Department:
    if person.department is None:
        raise NotFound("该账号没有所属部门", remedy="请联系系统管理员设置所属部门", code="orgs.no_department")
    return person.department


@login_required
@require_GET
def substitutes(request: HttpRequest) -> HttpResponse:
    """Substitutions I see: mine, my department's if I lead it, the tenant's for administrators."""
    me, at = signed_in(request), timezone.now()
    query = read_list_query(request, SUBSTITUTE_SORTS, "since")
    rows = duties.substitutes_seen(me, at)
    if query.text:
        rows = rows.filter(
            Q(person__name__icontains=query.text)
            | Q(substitute__name__icontains=query.text)
            | Q(department__name__icontains=query.text)
        )
    live = Q(revoked_at=None, until__gt=at)
    state = request.GET.get("state")
    if state in ("live", "over"):
        rows = rows.filter(live) if state == "live" else rows.exclude(live)
    order = query.order if request.GET.get("sort") else ("-since",)
    page = page_of(rows.order_by(*order, "pk"), query)
    shown = [
        {
            "row": row,
            "kinds": "、".join(RoleKind(k).label for k in row.kinds if k in RoleKind.values),
            "state": _state(row.revoked_at is not None, row.since > at, row.until <= at),
            "last": shanghai_date(row.until - timedelta(seconds=1)),
            "may_end": row.revoked_at is None
            and row.until > at
            and (row.substitute_id == me.pk or duties.may_arrange(me, row.person, row.department, at)),
        }
        for row in page
    ]
    states = [FacetOption("live", "有效或将要开始"), FacetOption("over", "已结束")]
    context = {"page": page, "rows": shown, "states": states, "narrowed": bool(query.text or state)}
    return render(request, "orgs/substitutes.html", context)


def _state(ended: bool, ahead: bool, over: bool) -> tuple[str, str]:
    """Words and tone."""
    if ended:
        return "提前结束", "plain"
    if over:
        return "已到期", "plain"
    return ("未开始", "info") if ahead else ("代行中", "good")


@login_required
@require_http_methods(["GET", "POST"])
def substitute_new(request: HttpRequest) -> HttpResponse:
    """Name a substitute for oneself, or (``?person=``) for somebody of a department one leads or administers."""
    me, at = signed_in(request), timezone.now()
    person = _person_here(request, request.GET.get("person", ""))
    department = _department_of(person)
    if not duties.may_arrange(me, person, department, at):
        raise NotAllowed(
            "只能由本人、本部门主要负责人或系统管理员指定AB角",
            remedy="请联系本部门主要负责人",
            code="orgs.may_not_arrange",
        )
    kinds = duties.own_kinds(person, department, at)
    colleagues = Person.objects.filter(department=department, is_active=True).exclude(pk=person.pk)
    today = shanghai_date(at)
    form = SubstituteForm(request.POST or None, initial={"kinds": kinds, "since": today})
    form.offer("substitute", colleagues, kinds, "kinds")
    if request.method == "POST" and form.is_valid():
        try:
            duties.name_substitute(person=person, department=department, by=me, at=at, **form.given())
        except PublicError as error:
            add_problems(form, error)
        else:
            messages.success(request, "AB角已保存，到期自动结束")
            return redirect("orgs-substitutes")
    context = {"form": form, "person": person, "department": department, "kinds": kinds, "colleagues": colleagues}
    return render(request, "orgs/substitute_new.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def substitute_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a substitution before its time."""
    me, at = signed_in(request), timezone.now()
    found = duties.substitutes_seen(me, at).filter(pk=pk).first()
    if found is None:
        raise not_found()
    duties.end_substitute(substitute=found, by=me, at=at)
    messages.success(request, "代行已结束")
    return redirect("orgs-substitutes")


@login_required
@require_GET
def hand_overs(request: HttpRequest) -> HttpResponse:
    """Hand-overs I see; where I may hand over, who could."""
    me, at = signed_in(request), timezone.now()
    query = read_list_query(request, HAND_OVER_SORTS, "at")
    rows = duties.hand_overs_seen(me, at)
    if query.text:
        rows = rows.filter(
            Q(giver__name__icontains=query.text)
            | Q(taker__name__icontains=query.text)
            | Q(department__name__icontains=query.text)
        )
    order = query.order if request.GET.get("sort") else ("-at",)
    page = page_of(rows.order_by(*order, "pk"), query)
    departments = duties.arranged_departments(me, at)
    text = request.GET.get("who", "")[:60].replace("\x00", "").strip()
    people = Person.objects.filter(department__in=departments, is_active=True, roles__revoked_at=None)
    if text:
        people = people.filter(Q(name__icontains=text) | Q(department__name__icontains=text))
    context = {
        "page": page,
        "rows": [
            {"row": r, "kinds": "、".join(RoleKind(k).label for k in r.kinds if k in RoleKind.values)} for r in page
        ],
        "may_make": departments.exists(),
        "people": people.select_related("department").distinct().order_by("department__name", "name")[:30],
        "who": text,
        "narrowed": bool(query.text),
    }
    return render(request, "orgs/hand_overs.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def hand_over_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a person's roles in their department to a colleague for good."""
    me, at = signed_in(request), timezone.now()
    giver = _person_here(request, str(pk))
    department = _department_of(giver)
    if not duties.arranged_departments(me, at).filter(pk=department.pk).exists():
        raise NotAllowed(
            "工作移交由本部门主要负责人或系统管理员办理", remedy="请联系本部门主要负责人", code="orgs.may_not_hand_over"
        )
    kinds = duties.own_kinds(giver, department, at)
    colleagues = Person.objects.filter(department=department, is_active=True).exclude(pk=giver.pk)
    form = HandOverForm(request.POST or None, initial={"kinds": kinds})
    form.offer("taker", colleagues, kinds, "kinds")
    if request.method == "POST" and form.is_valid():
        try:
            made = duties.hand_over(giver=giver, department=department, by=me, at=at, **form.cleaned_data)
        except PublicError as error:
            add_problems(form, error)
        else:
            messages.success(request, f"已移交给{made.taker.name}，待办 {made.open_cases} 件随角色一并移交")
            return redirect("orgs-hand-overs")
    context = {
        "form": form,
        "giver": giver,
        "department": department,
        "kinds": kinds,
        "colleagues": colleagues,
        "open_cases": ports.open_cases(giver.pk, department.pk),
    }
    return render(request, "orgs/hand_over_new.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep the present filters of a list under a name."""
    page = request.POST.get("page", "")
    try:
        made = saved_views.save_view(
            page=page,
            name=request.POST.get("name", "")[:200],
            query=request.POST.get("query", ""),
            by=signed_in(request),
            at=timezone.now(),
        )
    except PublicError as error:
        if any(p.code == "orgs.view_page" for p in error.problems):
            raise
        messages.error(request, "筛选没有保存：" + "；".join(p.what for p in error.problems))
        return redirect(page + "?" + saved_views.clean_query(request.POST.get("query", "")))
    messages.success(request, f"已保存为“{made.name}”")
    return redirect(f"{made.page}?{made.query}")


@login_required
@require_POST
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget one of one's own views."""
    page = saved_views.delete_view(view_id=pk, by=signed_in(request), at=timezone.now())
    messages.success(request, "已删除常用筛选")
    return redirect(page)
