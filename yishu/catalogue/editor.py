"""The catalogue form's pages: new and edit. Rows are added, pasted and deleted without JavaScript; htmx only smooths it."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from yishu.catalogue import actions, queries
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.forms import (
    MOST_ITEMS,
    PREFIX,
    ItemGrid,
    ResourceForm,
    item_initial,
    resource_initial,
    typed_rows,
)
from yishu.catalogue.item_rules import FieldProblem
from yishu.catalogue.models import Resource
from yishu.catalogue.pasting import COLUMNS, pasted_items
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.kernel.errors import Invalid, NotAllowed, NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Department, Person

_BLANK_ROWS = 3
_FORM_FIELD = {
    "attribute_class": "classification",
    "item_class": "classification",
    "format_class": "format",
    "format_type": "format",
    "share_mode_class": "mode",
    "share_mode_type": "mode",
}


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """``/catalogue/new/``: a resource of one of the departments I provide for (``?department=`` chooses)."""
    person = _person(request)
    departments = list(Department.objects.filter(pk__in=queries.departments_of(person)).select_related("jurisdiction"))
    if not departments:
        raise NotAllowed(
            "编制信息资源需要“提供方经办”角色",
            remedy="请联系系统管理员授予本部门的提供方经办角色",
            code="catalogue.not_provider",
        )
    wanted = request.POST.get("department") or request.GET.get("department") or str(person.department_id)
    department = next((d for d in departments if str(d.pk) == wanted), departments[0])
    return _editor(request, person, department, None, departments)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, resource_id: int) -> HttpResponse:
    """``/catalogue/<id>/edit/``: the working copy of a resource of my department."""
    person = _person(request)
    resource = queries.resources_of(person).select_related("department__jurisdiction").filter(pk=resource_id).first()
    if resource is None:
        raise NotFound(
            "没有这个信息资源，或它不属于您的部门", remedy="请从“本部门目录”进入", code="catalogue.not_found"
        )
    if resource.state == Resource.State.SUBMITTED:
        case = queries.open_case(resource)
        messages.info(request, "资源正在审核，审核有结果前不能修改")
        return redirect("case", case_id=case.pk) if case else redirect("catalogue-mine")
    return _editor(request, person, resource.department, resource, [resource.department])


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)  # noqa: S101  (narrows the type)
    return request.user


def _editor(
    request: HttpRequest,
    person: Person,
    department: Department,
    resource: Resource | None,
    departments: list[Department],
) -> HttpResponse:
    law = demands(department.jurisdiction.pack, shanghai_date(timezone.now()))
    page: dict[str, Any] = {"law": law, "department": department, "departments": departments, "resource": resource}
    if request.method == "POST":
        return _posted(request, person, page)
    if resource is not None:
        return _stored(request, page)
    default = str(law.values.get("sharing.default_type") or "unconditional")
    form = ResourceForm(law, initial=resource_initial(ResourceDraft(title="", share_type=default)))
    grid = ItemGrid(prefix=PREFIX, initial=[{"data_type": "C"}] * _BLANK_ROWS, form_kwargs={"law": law})
    return _show(request, page | {"form": form, "grid": grid, "revision": 0})


def _posted(request: HttpRequest, person: Person, page: dict[str, Any]) -> HttpResponse:
    law: Demands = page["law"]
    typed, do = request.POST, request.POST.get("do", "save")
    revision = typed.get("revision", "")
    page["revision"] = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 9 else -1
    if do in ("add_row", "paste"):
        return _with_rows(request, page, do)
    form, grid = ResourceForm(law, typed), ItemGrid(typed, prefix=PREFIX, form_kwargs={"law": law})
    if not (form.is_valid() & grid.is_valid()):
        return _show(request, page | {"form": form, "grid": grid}, status=422)
    try:
        resource = _save(person, page, form.draft(), grid.drafts())
    except PublicError as error:
        return _show(request, page | {"form": form, "grid": grid, "error": error}, status=error.status)
    if do != "submit":
        messages.success(request, "草稿已保存。内容完整后请“提交审核”")
        return redirect("catalogue-edit", resource_id=resource.pk)
    try:
        case = actions.submit_resource(
            resource_id=resource.pk, seen_revision=resource.revision, by=person, at=timezone.now()
        )
    except PublicError as error:
        return _stored(request, page | {"resource": resource, "error": error}, status=error.status)
    messages.success(
        request, f"已提交审核，办件 {case.number}，信息资源代码 {case.events.get(seq=1).facts['resource']}"
    )
    return redirect("case", case_id=case.pk)


def _save(person: Person, page: dict[str, Any], draft: ResourceDraft, items: tuple[ItemDraft, ...]) -> Resource:
    resource: Resource | None = page["resource"]
    if resource is None:
        return actions.create_resource(
            department=page["department"], draft=draft, items=items, by=person, at=timezone.now()
        )
    if not page["law"].opening:
        draft = replace(draft, is_open=False, open_condition="")
    return actions.save_draft(
        resource_id=resource.pk, seen_revision=page["revision"], draft=draft, items=items, by=person, at=timezone.now()
    )


def _with_rows(request: HttpRequest, page: dict[str, Any], do: str) -> HttpResponse:
    """The same form with everything typed kept, and a row more, or the pasted ones."""
    law, typed = page["law"], request.POST
    rows = typed_rows(typed)
    if do == "paste":
        pasted = pasted_items(typed.get("paste", ""))
        if pasted:
            rows = [row for row in rows if row["name"]] + pasted
        page["pasted"] = len(pasted)
        page["paste_text"] = "" if pasted else typed.get("paste", "")
    else:
        rows.append({"data_type": "C"})
    form = ResourceForm(law, initial=_as_initial(typed))
    grid = ItemGrid(prefix=PREFIX, initial=rows[:MOST_ITEMS], form_kwargs={"law": law})
    return _show(request, page | {"form": form, "grid": grid})


def _as_initial(typed: QueryDict) -> dict[str, Any]:
    values: dict[str, Any] = {key: typed.get(key) for key in typed}
    values["use_purposes"] = typed.getlist("use_purposes")
    values["is_open"] = bool(typed.get("is_open"))
    return values


def _stored(request: HttpRequest, page: dict[str, Any], status: int = 200) -> HttpResponse:
    """The form as the working copy stands, with the problems of a refused submission linked to their fields."""
    resource: Resource = page["resource"]
    law = page["law"]
    form = ResourceForm(law, initial=resource_initial(resource_draft(resource)))
    rows = [item_initial(item) for item in item_drafts(resource)]
    grid = ItemGrid(prefix=PREFIX, initial=rows or [{"data_type": "C"}] * _BLANK_ROWS, form_kwargs={"law": law})
    error = page.get("error")
    if isinstance(error, Invalid):
        page["problem_rows"] = [
            {"where": p.where, "what": p.what, "remedy": p.remedy, "reference": p.reference, "to": _target(p)}
            for p in error.problems
        ]
    return _show(request, page | {"form": form, "grid": grid, "revision": resource.revision}, status=status)


def _target(problem: object) -> str:
    """The id of the field a problem is about."""
    if not isinstance(problem, FieldProblem):
        return "id_duplicate_note"
    if problem.row is not None:
        return f"id_{PREFIX}-{problem.row}-{problem.field}"
    if problem.field == "items":
        return "items"
    return f"id_{_FORM_FIELD.get(problem.field, problem.field)}" if problem.field else ""


def _show(request: HttpRequest, page: dict[str, Any], status: int = 200) -> HttpResponse:
    resource: Resource | None = page["resource"]
    case = queries.open_case(resource) if resource is not None else None
    returned = case.events.filter(outcome="return").order_by("-seq").select_related("by").first() if case else None
    page |= {"case": case, "returned": returned, "paste_columns": COLUMNS, "many": len(page["departments"]) > 1}
    page["opening_reference"] = page["law"].reference("opening.enabled")
    return render(request, "catalogue/edit.html", page, status=status)
