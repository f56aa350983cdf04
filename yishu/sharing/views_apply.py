"""Pages that ask for data: application in three steps, direct access."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from yishu.catalogue.queries import published
from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.errors import NotAllowed, PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Department, Person, RoleKind
from yishu.orgs.reading import signed_in
from yishu.security.masks import MASKS
from yishu.sharing import actions, queries
from yishu.sharing.forms import ApplicationForm, DirectForm, default_term
from yishu.sharing.rules import DIRECT, default_masks, resource_access

LAST = len(ApplicationForm.STEPS)


def using_department(person: Person, asked: str = "") -> Department:
    """The department a person applies for: the one named in the form, else their own, else the first they are a consumer of.

    Raises NotAllowed when they are a consumer of none.
    """
    mine = queries.departments_as(person, RoleKind.CONSUMER)
    for wanted in (asked, str(person.department_id)):
        found = (
            mine.filter(pk=int(wanted)).first() if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else None
        )
        if found is not None:
            return found
    first = mine.first()
    if first is None:
        raise NotAllowed(
            "申请使用数据需要“使用方经办”角色", remedy="请由本部门使用方经办人员办理，或联系系统管理员授予角色",
            code="sharing.not_consumer",
        )  # fmt: skip
    return first


def item_cards(spec: ResourceSpec, form: Any) -> list[dict[str, Any]]:
    """Field cards: each item with its checkbox, grade, mask and sample."""
    masks = default_masks(spec, [i.column for i in spec.items])
    chosen = {str(v) for v in (form["items"].value() or ())}
    return [
        {"item": i, "mask": MASKS.get(masks.get(i.column, "")), "chosen": i.column in chosen, "id": f"id_items_{n}"}
        for n, i in enumerate(spec.items)
    ]


@login_required
@require_http_methods(["GET", "POST"])
def apply(request: HttpRequest, resource_id: int) -> HttpResponse:
    """``/sharing/apply/<id>/``: 要什么 → 为什么 → 怎么用; one form, nothing typed is lost between steps or on an error."""
    person, now = signed_in(request), timezone.now()
    department = using_department(person, request.POST.get("department", ""))
    spec = published(id=resource_id, jurisdiction=department.jurisdiction)
    view = queries.law(department.jurisdiction, shanghai_date(now))
    decision = resource_access(view, spec)
    if (
        decision.code == DIRECT
        and request.method == "GET"
        and not any(i.share_type != "unconditional" for i in spec.items)
    ):
        return redirect("sharing-direct", resource_id=resource_id)
    if request.method == "GET":
        starts, ends = default_term(shanghai_date(now))
        form = ApplicationForm(spec=spec, view=view, initial={"starts_on": starts, "ends_on": ends})
        return _step(request, form, spec, department, 1)
    form = ApplicationForm(request.POST, spec=spec, view=view)
    typed, wanted = request.POST.get("step", "1"), request.POST.get("go", "")
    step = int(typed) if typed in ("1", "2", "3") else 1
    if wanted in ("1", "2", "3"):
        target = int(wanted)
        blocked = next((s for s in range(step, target) if form.step_errors(s)), None)
        return _step(request, form, spec, department, blocked or target, show=blocked, status=422 if blocked else 200)
    if not form.is_valid():
        first = next((s for s in ApplicationForm.STEPS if form.step_errors(s)), LAST)
        return _step(request, form, spec, department, first, show=first, status=422)
    try:
        application = actions.submit_application(
            resource_id=resource_id, department=department, request=form.request(), by=person, at=now
        )
    except PublicError as error:
        return _step(request, form, spec, department, LAST, error=error, status=error.status)
    messages.success(request, "申请已提交；由谁办理、进度如何见下方")
    return redirect("case", case_id=application.case_id)


def _step(
    request: HttpRequest,
    form: ApplicationForm,
    spec: ResourceSpec,
    department: Department,
    step: int,
    *,
    show: int | None = None,
    error: PublicError | None = None,
    status: int = 200,
) -> HttpResponse:
    """One step; the fields of the others go along hidden. ``show``: the step whose errors are listed at the top."""
    names = ApplicationForm.STEPS[step][1]
    if form.is_bound and show is None and error is None:
        form.errors.clear()  # a step that was only just reached is not wrong yet
    problems = [
        {"field": form[name], "errors": form.errors[name], "step": number}
        for number, (_, fields) in ApplicationForm.STEPS.items()
        for name in fields
        if form.is_bound and name in form.errors and show is not None and number <= max(show, step)
    ]
    context = {
        "form": form,
        "spec": spec,
        "department": department,
        "departments": queries.departments_as(signed_in(request), RoleKind.CONSUMER),
        "step": step,
        "steps": [{"number": n, "title": title} for n, (title, _) in ApplicationForm.STEPS.items()],
        "last": LAST,
        "cards": item_cards(spec, form),
        "hidden": [form[name] for name in form.fields if name not in names],
        "show_errors": show is not None,
        "problems": problems,
        "error": error,
        "access": resource_access(form.view, spec),
    }
    return render(request, "sharing/apply.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def direct(request: HttpRequest, resource_id: int) -> HttpResponse:
    """``/sharing/direct/<id>/``: unconditional data, active at once (XW-19.1.a)."""
    person, now = signed_in(request), timezone.now()
    department = using_department(person, request.POST.get("department", ""))
    spec = published(id=resource_id, jurisdiction=department.jurisdiction)
    view = queries.law(department.jurisdiction, shanghai_date(now))
    starts, ends = default_term(shanghai_date(now))
    data = request.POST if request.method == "POST" else None
    form = DirectForm(data, spec=spec, view=view, department=department, initial={"starts_on": starts, "ends_on": ends})
    error: PublicError | None = None
    if data is not None and form.is_valid():
        given = form.cleaned_data
        try:
            grant = actions.take_direct_access(
                resource_id=resource_id, department=department, purpose=given["purpose"], starts_on=given["starts_on"],
                ends_on=given["ends_on"], items=given["items"], row_filter=given["row_filter"], clients=list(given["clients"]),
                by=person, at=now,
            )  # fmt: skip
        except PublicError as refused:
            error = refused
        else:
            messages.success(request, "已直接获取，现在就可以使用")
            return redirect("sharing-grant", grant_id=grant.pk)
    context = {
        "form": form,
        "spec": spec,
        "department": department,
        "cards": item_cards(spec, form),
        "access": resource_access(view, spec),
        "error": error,
    }
    failed = error.status if error else 422
    return render(request, "sharing/direct.html", context, status=200 if data is None else failed)
