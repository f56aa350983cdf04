"""The catalogue form's pages: new and edit. Everything works without JavaScript; scripts and htmx only smooth it."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from yishu.catalogue import actions, autosave, diffing, queries
from yishu.catalogue.classification import tree
from yishu.catalogue.classification_views import lists_for
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.forms import ResourceForm, resource_initial
from yishu.catalogue.grid import MOST_ITEMS, PREFIX, Grid, ItemGrid, item_initial, typed_rows
from yishu.catalogue.item_rules import FieldProblem
from yishu.catalogue.models import Autosave, Resource
from yishu.catalogue.pasting import COLUMNS, pasted_items
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.kernel.errors import Invalid, NotAllowed, NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Department, Person
from yishu.orgs.reading import signed_in

_BLANK_ROWS = 3
_FORM_FIELD = {
    "attribute_class": "classification",
    "item_class": "classification",
    "format_class": "format",
    "format_type": "format",
    "share_mode_class": "mode",
    "share_mode_type": "mode",
    "is_digital": "not_digital",
}
_SEVERAL = ("use_purposes", "open_modes", "classified")
_TICKS = ("is_open", "not_digital", "has_privacy", "has_trade_secret")


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """``/catalogue/new/``: a resource of one of the departments I provide for (``?department=`` chooses)."""
    person = signed_in(request)
    departments = my_departments(person)
    wanted = request.POST.get("department") or request.GET.get("department") or str(person.department_id)
    department = next((d for d in departments if str(d.pk) == wanted), departments[0])
    return _editor(request, person, department, None, departments)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, resource_id: int) -> HttpResponse:
    """``/catalogue/<id>/edit/``: the working copy of a resource of my department."""
    person = signed_in(request)
    resource = my_resource(person, resource_id)
    if resource.state == Resource.State.SUBMITTED:
        case = queries.open_case(resource)
        messages.info(request, "资源正在审核，审核有结果前不能修改")
        return redirect("case", case_id=case.pk) if case else redirect("catalogue-mine")
    return _editor(request, person, resource.department, resource, [resource.department])


def my_departments(person: Person) -> list[Department]:
    """The departments a person provides for. Raises NotAllowed when there is none."""
    found = list(Department.objects.filter(pk__in=queries.departments_of(person)).select_related("jurisdiction"))
    if not found:
        raise NotAllowed(
            "编制信息资源需要“提供方经办”角色",
            remedy="请联系系统管理员授予本部门的提供方经办角色",
            code="catalogue.not_provider",
        )
    return found


def my_resource(person: Person, resource_id: int) -> Resource:
    """A working copy a person may see. Raises NotFound."""
    resource = queries.resources_of(person).select_related("department__jurisdiction").filter(pk=resource_id).first()
    if resource is None:
        raise NotFound(
            "没有这个信息资源，或它不属于您的部门", remedy="请从“本部门目录”进入", code="catalogue.not_found"
        )
    return resource


def _editor(
    request: HttpRequest,
    person: Person,
    department: Department,
    resource: Resource | None,
    departments: list[Department],
) -> HttpResponse:
    law = demands(department.jurisdiction.law, shanghai_date(timezone.now()))
    page: dict[str, Any] = {"law": law, "department": department, "departments": departments, "resource": resource}
    if request.method == "POST":
        return _posted(request, person, page)
    kept = autosave.found(person=person, department=department, resource=resource, at=timezone.now())
    if kept is not None:
        return _restored(request, page, kept)
    if resource is not None:
        return _stored(request, page)
    default = str(law.values.get("sharing.default_type") or "unconditional")
    form = ResourceForm(law, initial=resource_initial(ResourceDraft(title="", share_type=default)))
    return _show(request, page | {"form": form, "grid": _grid(law, []), "revision": 0})


def _grid(law: Demands, rows: list[dict[str, Any]]) -> Grid:
    initial = rows[:MOST_ITEMS] or [{"data_type": "C"}] * _BLANK_ROWS
    return ItemGrid(prefix=PREFIX, initial=initial, form_kwargs={"law": law})


def revision_of(typed: QueryDict) -> int:
    """The revision a form was shown with; -1 for anything that is none."""
    text = typed.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


def _posted(request: HttpRequest, person: Person, page: dict[str, Any]) -> HttpResponse:
    law: Demands = page["law"]
    typed, do = request.POST, request.POST.get("do", "save")
    page["revision"] = revision_of(typed)
    if do == "discard":
        autosave.discard(department=page["department"], resource=page["resource"], by=person)
        messages.success(request, "已放弃自动保存的内容")
        return redirect(request.path)
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


@transaction.atomic
def _save(person: Person, page: dict[str, Any], draft: ResourceDraft, items: tuple[ItemDraft, ...]) -> Resource:
    """Save the draft; what was kept of the typing goes with it."""
    resource: Resource | None = page["resource"]
    autosave.discard(department=page["department"], resource=resource, by=person)
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
        pasted = pasted_items(typed.get("paste", ""), law)
        if pasted:
            rows = [row for row in rows if row["name"]] + pasted
        page["pasted"] = len(pasted)
        page["paste_text"] = "" if pasted else typed.get("paste", "")
    else:
        rows.append({"data_type": "C"})
    if len(rows) > MOST_ITEMS:
        page["too_many"] = MOST_ITEMS
    return _show(request, page | {"form": ResourceForm(law, initial=_as_initial(typed)), "grid": _grid(law, rows)})


def _as_initial(typed: QueryDict) -> dict[str, Any]:
    values: dict[str, Any] = {key: typed.get(key) for key in typed}
    for name in _SEVERAL:
        values[name] = typed.getlist(name)
    for name in _TICKS:
        values[name] = bool(typed.get(name))
    values["agreement_required"] = {"true": True, "false": False}.get(typed.get("agreement_required", ""))
    return values


def _restored(request: HttpRequest, page: dict[str, Any], kept: Autosave) -> HttpResponse:
    """The form as it was typed, told so. Typed over an older revision: the stored one stays in front until it is asked for."""
    law, resource = page["law"], page["resource"]
    typed = QueryDict(mutable=True)
    for name, texts in kept.payload.items():
        typed.setlist(name, [str(text) for text in texts])
    form = ResourceForm(law, typed)
    grid = ItemGrid(typed, prefix=PREFIX, form_kwargs={"law": law})
    valid = form.is_valid() & grid.is_valid()
    moved = resource is not None and resource.revision != kept.seen_revision
    page["kept"], page["kept_moved"] = kept, moved
    if valid and resource is not None:
        page["kept_changes"] = _changes(law, resource, form.draft(), grid.drafts())
    same = "kept_changes" in page and page["kept_changes"].count == 0
    if same:  # a last request that came in after the form itself was saved
        page["kept"] = None
        autosave.discard(department=page["department"], resource=resource, by=kept.person)
    if same or (moved and request.GET.get("restore") != "1"):
        return _stored(request, page)
    page["kept_shown"] = True
    shown = {"form": ResourceForm(law, initial=_as_initial(typed)), "grid": _grid(law, typed_rows(typed))}
    # Restored over a newer revision only when that was asked for, with the differences in sight.
    return _show(request, page | shown | {"revision": resource.revision if resource else 0})


def _changes(
    law: Demands, resource: Resource, draft: ResourceDraft, items: tuple[ItemDraft, ...]
) -> diffing.Difference:
    below, stored = tree(resource.jurisdiction), item_drafts(resource)
    # A row typed before the form was saved has no column yet: the stored item of its name is the same.
    columns = {item.name: item.column for item in stored}
    items = tuple(replace(item, column=item.column or columns.get(item.name, "")) for item in items)
    before = diffing.draft_side(resource_draft(resource), stored, law, "已保存的草稿", below)
    return diffing.difference(before, diffing.draft_side(draft, items, law, "自动保存的内容", below))


def _stored(request: HttpRequest, page: dict[str, Any], status: int = 200) -> HttpResponse:
    """The form as the working copy stands, with the problems of a refused submission linked to their fields."""
    resource: Resource = page["resource"]
    law = page["law"]
    form = ResourceForm(law, initial=resource_initial(resource_draft(resource)))
    rows = [item_initial(item) for item in item_drafts(resource)]
    error = page.get("error")
    if isinstance(error, Invalid):
        page["problem_rows"] = [problem_row(p) for p in error.problems]
    return _show(request, page | {"form": form, "grid": _grid(law, rows), "revision": resource.revision}, status=status)


def problem_row(problem: Any, numbers: tuple[int, ...] | None = None) -> dict[str, Any]:
    """A problem as ``problem_list.html`` shows it; ``numbers``: the form number of each item, where rows were left out."""
    return {
        "where": problem.where,
        "what": problem.what,
        "remedy": problem.remedy,
        "reference": problem.reference,
        "to": _target(problem, numbers),
    }


def _target(problem: object, numbers: tuple[int, ...] | None) -> str:
    """The id of the field a problem is about."""
    if not isinstance(problem, FieldProblem):
        return "id_duplicate_note"
    if problem.row is not None:
        row = numbers[problem.row] if numbers and problem.row < len(numbers) else problem.row
        return f"id_{PREFIX}-{row}-{problem.field}"
    if problem.field == "items":
        return "items"
    return f"id_{_FORM_FIELD.get(problem.field, problem.field)}" if problem.field else ""


def _show(request: HttpRequest, page: dict[str, Any], status: int = 200) -> HttpResponse:
    resource: Resource | None = page["resource"]
    department: Department = page["department"]
    case = queries.open_case(resource) if resource is not None else None
    returned = case.events.filter(outcome="return").order_by("-seq").select_related("by").first() if case else None
    page |= {"case": case, "returned": returned, "paste_columns": COLUMNS, "many": len(page["departments"]) > 1}
    page["opening_reference"] = page["law"].reference("opening.enabled")
    page["most_items"] = MOST_ITEMS
    page["units"] = list(Department.objects.filter(parent=department, active=True).values_list("name", flat=True))
    chosen = str(page["form"]["classification"].value() or "").replace("-", "")[:3]
    page |= lists_for(department.jurisdiction, chosen, str(page["form"]["category"].value() or "")[:3])
    return render(request, "catalogue/edit.html", page, status=status)
