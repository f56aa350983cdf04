"""Pages of change events and of retirement."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.catalogue import changes, queries, registry, retiring
from yishu.catalogue.access import law_of
from yishu.catalogue.demands import demands
from yishu.catalogue.life_forms import ChangeForm, RetirementPlanForm
from yishu.catalogue.models import ChangeEvent, Resource, Retirement
from yishu.catalogue.reading import reader
from yishu.kernel.errors import NotAllowed, NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.law import packs, values
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind
from yishu.orgs.queries import may_act, roles_of
from yishu.pages.forms import add_problems
from yishu.pages.parts import FacetOption

PAGE = 20


def oversees(person: Person) -> bool:
    """Whether a person looks over the whole jurisdiction: its authority, audit, inspection."""
    home = person.department
    kinds = roles_of(person)
    watching = {RoleKind.AUDITOR, RoleKind.INSPECTOR, RoleKind.LEADER, RoleKind.GOVERNMENT}
    return bool(home and home.is_authority and RoleKind.AUTHORITY in kinds) or bool(kinds & watching)


def cleaned(text: str) -> str:
    """A search word as it may reach the database."""
    return text.replace("\x00", "").strip()[:100]


def _changes(person: Person, jurisdiction: Jurisdiction) -> QuerySet[ChangeEvent]:
    found = ChangeEvent.objects.filter(department__jurisdiction=jurisdiction).select_related("department", "case")
    if oversees(person):
        return found
    mine = {
        person.department_id or 0,
        *queries.departments_of(person),
        *queries.departments_of(person, RoleKind.RESPONSIBLE),
    }
    return found.filter(department_id__in=mine)


@login_required
@require_GET
def changes_page(request: HttpRequest) -> HttpResponse:
    """``/catalogue/changes/``: change events with their clocks; the authority sees every department's."""
    person, jurisdiction = reader(request)
    today = shanghai_date(timezone.now())
    found, text = _changes(person, jurisdiction), cleaned(request.GET.get("q", ""))
    state = request.GET.get("state", "")
    chosen = request.GET.get("department", "")
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 10:
        found = found.filter(department=int(chosen))
    late = Q(done_at=None, case__due_on__lt=today)
    counts = [
        FacetOption("open", "办理中", found.filter(done_at=None).count()),
        FacetOption("late", "已逾期", found.filter(late).count()),
        FacetOption("done", "已办结", found.exclude(done_at=None).count()),
    ]
    if text:
        found = found.filter(Q(basis__icontains=text) | Q(note__icontains=text) | Q(department__name__icontains=text))
    if state == "open":
        found = found.filter(done_at=None)
    elif state == "late":
        found = found.filter(late)
    elif state == "done":
        found = found.exclude(done_at=None)
    orders = {"changed_on": "changed_on", "-changed_on": "-changed_on", "due": "case__due_on", "-due": "-case__due_on"}
    found = found.order_by(orders.get(request.GET.get("sort", ""), "-changed_on"), "-pk")
    page = Paginator(found.prefetch_related("resources", "case__events"), PAGE).get_page(request.GET.get("page"))
    law = demands(jurisdiction.law, today)
    clock = changes.file_clock(jurisdiction.law, today)
    for row in page:
        ended = row.done_at or timezone.now()
        # A closed case has no due date any more; what it was stands in its history.
        dues = [row.case.due_on, *(e.due_on for e in row.case.events.all())] if row.case else []
        due = max((d for d in dues if d), default=None)
        row.late = due is not None and shanghai_date(ended) > due  # type: ignore[attr-defined]
    context = {
        "page": page, "states": counts, "narrowed": bool(text or state or chosen), "today": today, "clock": clock,
        "provides": bool(queries.departments_of(person)), "law": law, "late_acts": changes.late_acts(law),
    }  # fmt: skip
    return render(request, "catalogue/changes.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def change_new(request: HttpRequest) -> HttpResponse:
    """``/catalogue/changes/new/``: record a change; its case opens with the clock running from the day of the change."""
    person, jurisdiction = reader(request)
    now = timezone.now()
    ids = queries.departments_of(person)
    departments = list(Department.objects.filter(pk__in=ids, jurisdiction=jurisdiction).select_related("jurisdiction"))
    if not departments:
        raise NotAllowed("登记变更事项需要“提供方经办”角色", remedy="请联系系统管理员", code="catalogue.not_provider")
    wanted = request.POST.get("department") or request.GET.get("department") or str(person.department_id)
    department = next((d for d in departments if str(d.pk) == wanted), departments[0])
    law = demands(jurisdiction.law, shanghai_date(now))
    form = ChangeForm(department, law, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            c = form.cleaned_data
            try:
                change = changes.record_change(
                    department=department, kind=c["kind"], changed_on=c["changed_on"], basis=c["basis"], note=c["note"],
                    resources=list(c["resources"]), by=person, at=now,
                )  # fmt: skip
            except PublicError as error:
                add_problems(form, error)
                status = error.status
            else:
                messages.success(request, "变更事项已登记，请修改有关资源并提交；更新报送后平台自动办结")
                return redirect("case", case_id=change.case_id) if change.case_id else redirect("catalogue-changes")
    context = {
        "form": form,
        "department": department,
        "departments": departments,
        "clock": changes.file_clock(jurisdiction.law, shanghai_date(now)),
    }
    return render(request, "catalogue/change_new.html", context, status=status)


@login_required
@require_POST
def change_link(request: HttpRequest, change_id: int) -> HttpResponse:
    """Name one more resource that a change makes necessary."""
    person, jurisdiction = reader(request)
    text = request.POST.get("resource", "")
    pk = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    resource = Resource.objects.filter(pk=pk, jurisdiction=jurisdiction).first()
    if resource is None:
        raise NotFound("没有这个信息资源", remedy="请从列表中选择", code="catalogue.not_found")
    change = changes.link_resource(change_id=change_id, resource=resource, by=person, at=timezone.now())
    messages.success(request, f"已加入“{resource.title}”")
    return redirect("case", case_id=change.case_id) if change.case_id else redirect("catalogue-changes")


@login_required
@require_GET
def retirements_page(request: HttpRequest) -> HttpResponse:
    """``/catalogue/retirements/``: what is being retired, by whom, and who still has to acknowledge."""
    person, jurisdiction = reader(request)
    found = Retirement.objects.filter(resource__jurisdiction=jurisdiction)
    if not oversees(person):
        mine = {person.department_id or 0, *queries.departments_of(person)}
        found = found.filter(Q(resource__department_id__in=mine) | Q(notices__department_id__in=mine)).distinct()
    running = Q(completed_at=None, cancelled_at=None)
    state, text = request.GET.get("state", ""), cleaned(request.GET.get("q", ""))
    counts = [
        FacetOption("running", "过渡中", found.filter(running).count()),
        FacetOption("done", "已停用", found.exclude(completed_at=None).count()),
        FacetOption("cancelled", "已撤销", found.exclude(cancelled_at=None).count()),
    ]
    if text:
        found = found.filter(resource__title__icontains=text)
    if state == "running":
        found = found.filter(running)
    elif state == "done":
        found = found.exclude(completed_at=None)
    elif state == "cancelled":
        found = found.exclude(cancelled_at=None)
    orders = {"ends_on": "ends_on", "-ends_on": "-ends_on", "title": "resource__title", "-title": "-resource__title"}
    found = found.order_by(orders.get(request.GET.get("sort", ""), "-ends_on"), "-pk")
    rows = found.select_related("resource__department", "replacement").prefetch_related("notices")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "states": counts,
        "narrowed": bool(text or state),
        "provides": bool(queries.departments_of(person)),
    }
    return render(request, "catalogue/retirements.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def retire(request: HttpRequest, resource_id: int) -> HttpResponse:
    """``/catalogue/<id>/retire/``: the wizard — reason, replacement, transition, retention, last day, and who will be told."""
    person, jurisdiction = reader(request)
    now = timezone.now()
    resource = (
        queries.resources_of(person)
        .select_related("jurisdiction")
        .filter(pk=resource_id, jurisdiction=jurisdiction)
        .first()
    )
    if resource is None:
        raise NotFound(
            "没有这个信息资源，或它不属于您的部门", remedy="请从“本部门目录”进入", code="catalogue.not_found"
        )
    law = law_of(resource, now)
    form = RetirementPlanForm(resource, law, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                retirement = retiring.announce_retirement(resource_id=resource.pk, plan=form.plan(), by=person, at=now)
            except PublicError as error:
                add_problems(form, error)
                status = error.status
            else:
                messages.success(request, "停用已发起，使用部门已收到通知")
                return redirect("catalogue-retirement", retirement_id=retirement.pk)
    using = Department.objects.filter(pk__in=registry.consumers_of(resource.pk, now), jurisdiction=jurisdiction)
    context = {
        "resource": resource, "form": form, "using": list(using.exclude(pk=resource.department_id)), "run": _procedure(jurisdiction, now),
        "law": law,
    }  # fmt: skip
    return render(request, "catalogue/retire.html", context, status=status)


def _procedure(jurisdiction: Jurisdiction, now: Any) -> values.Procedure | None:
    try:
        return values.procedure(jurisdiction.law.at(shanghai_date(now)), retiring.PROCEDURE)
    except packs.Missing:
        return None


@login_required
@require_GET
def retirement_page(request: HttpRequest, retirement_id: int) -> HttpResponse:
    """``/catalogue/retirements/<id>/``: the plan, who was told, who acknowledged, what to do next."""
    person, jurisdiction = reader(request)
    now = timezone.now()
    rows = Retirement.objects.select_related("resource__department", "replacement__department", "announced_by", "case")
    retirement = rows.filter(pk=retirement_id, resource__jurisdiction=jurisdiction).first()
    if retirement is None:
        raise NotFound("没有这个停用事项", remedy="请从“停用事项”进入", code="catalogue.no_retirement")
    notices = list(retirement.notices.select_related("department", "acknowledged_by").order_by("department__name"))
    mine = [n for n in notices if n.acknowledged_at is None and _may_acknowledge(person, n.department)]
    running = retirement.completed_at is None and retirement.cancelled_at is None
    direct = retirement.case is None or retirement.case.closed_at is not None
    provides = may_act(person, RoleKind.PROVIDER, retirement.resource.department, now).allowed
    context = {
        "retirement": retirement, "notices": notices, "mine": mine, "running": running, "direct": direct,
        "subject_of": {"retirement": retirement, "notices": notices},
        "may_end": running and direct and provides, "due": shanghai_date(now) >= retirement.ends_on,
    }  # fmt: skip
    return render(request, "catalogue/retirement.html", context)


def _may_acknowledge(person: Person, department: Department) -> bool:
    now = timezone.now()
    return any(may_act(person, role, department, now).allowed for role in (RoleKind.CONSUMER, RoleKind.RESPONSIBLE))


@login_required
@require_POST
def acknowledge(request: HttpRequest, notice_id: int) -> HttpResponse:
    """A using department acknowledges a notice of retirement."""
    person, _ = reader(request)
    notice = retiring.acknowledge(
        notice_id=notice_id, reply=request.POST.get("reply", ""), by=person, at=timezone.now()
    )
    messages.success(request, "已确认收到停用通知")
    return redirect("catalogue-retirement", retirement_id=notice.retirement_id)


@login_required
@require_POST
def retirement_end(request: HttpRequest, retirement_id: int, how: str) -> HttpResponse:
    """Finish or cancel a retirement that has no case running (``how``: ``finish`` or ``cancel``)."""
    person, _ = reader(request)
    act = {"finish": retiring.finish_retirement, "cancel": retiring.cancel_retirement}.get(how)
    if act is None:
        raise NotFound("没有这个操作", remedy="请返回停用事项", code="catalogue.no_retirement")
    act(retirement_id=retirement_id, by=person, at=timezone.now())
    messages.success(request, "已停用" if how == "finish" else "已撤销停用，资源继续提供")
    return redirect("catalogue-retirement", retirement_id=retirement_id)
