"""Pages of registers: which there are, one register's lines, one line with its history and files."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.kernel.errors import Invalid, NotAllowed, NotFound
from yishu.kernel.time import shanghai_date
from yishu.law.kinds import Register
from yishu.orgs import reading
from yishu.orgs.models import Department, Jurisdiction, Person
from yishu.pages.forms import add_problems
from yishu.pages.lists import page_of, read_list_query
from yishu.pages.parts import FacetOption
from yishu.pages.sheets import sheet_response
from yishu.pages.uploads import accept
from yishu.registers import actions, queries
from yishu.registers.forms import EntryForm, initial_of
from yishu.registers.models import Entry, EntryFile

SORTS = {
    "title": ("title", "pk"),
    "department": ("department__name", "title"),
    "updated": ("updated_at", "pk"),
    "review": ("review_due_on", "pk"),
}


def reader(request: HttpRequest) -> tuple[Person, Jurisdiction]:
    """Who is signed in and whose registers they read. Raises NotAllowed for somebody without a department."""
    return reading.reader(request, what="登记簿", code="registers.no_department")


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """``/registers/``: every register the law opens, with how many lines the reader sees and how many wait for review."""
    person, jurisdiction = reader(request)
    today = shanghai_date(timezone.now())
    seen = queries.visible_entries(person).filter(active=True)
    counted = (
        seen.order_by().values("kind").annotate(rows=Count("pk"), late=Count("pk", filter=Q(review_due_on__lt=today)))
    )
    counts = {row["kind"]: row for row in counted}
    rows: list[dict[str, Any]] = [
        {"register": r, "count": counts.get(r.key, {})} for r in queries.registers(jurisdiction, today)
    ]
    return render(request, "registers/home.html", {"rows": rows, "jurisdiction": jurisdiction})


@login_required
@require_GET
def register_page(request: HttpRequest, kind: str) -> HttpResponse:
    """``/registers/<kind>/``: the lines of one register; ``?format=xlsx`` gives them as a workbook."""
    person, jurisdiction = reader(request)
    now = timezone.now()
    register = queries.register(jurisdiction, kind, shanghai_date(now))
    query = read_list_query(request, SORTS, "title")
    every = queries.visible_entries(person, kind)
    state = request.GET.get("state", "")
    rows = every.filter(active=state != "closed")
    if state == "review":
        rows = rows.filter(review_due_on__lt=shanghai_date(now))
    if state == "breach":
        rows = queries.stating_breaches(rows, register)
    if query.text:
        rows = rows.filter(Q(title__icontains=query.text) | Q(department__name__icontains=query.text))
    department = request.GET.get("department", "")
    if department.isascii() and department.isdigit() and len(department) < 10:
        rows = rows.filter(department_id=int(department))
    rows = rows.order_by(*query.order)
    if request.GET.get("format") == "xlsx":
        entries = list(rows[:20000])
        names = names_in(register, entries)
        head = ["部门", *(f.title for f in register.fields), "状态", "更新时间"]
        body = [
            [
                e.department.name,
                *(shown(register, e, f.name, names) for f in register.fields),
                "有效" if e.active else "已注销",
                e.updated_at,
            ]
            for e in entries
        ]
        return sheet_response(register.title, head, body)
    offices = (
        every.order_by().values_list("department_id", "department__name").annotate(n=Count("pk")).order_by("-n")[:12]
    )
    page = page_of(rows, query)
    columns = register.fields[:5]
    names = names_in(register, list(page))
    context = {
        "register": register,
        "page": page,
        "columns": columns,
        "rows": [
            {
                "entry": e,
                "cells": [(f.title, shown(register, e, f.name, names)) for f in columns],
                "acts": queries.acts_stated(register, e, shanghai_date(now)),
            }
            for e in page
        ],
        "facets": {
            "state": [
                FacetOption(
                    "review", "复核已到期", every.filter(active=True, review_due_on__lt=shanghai_date(now)).count()
                ),
                FacetOption("breach", "属于禁止行为", queries.stating_breaches(every, register).count()),
                FacetOption("closed", "已注销", every.filter(active=False).count()),
            ],
            "department": [FacetOption(str(pk), name, n) for pk, name, n in offices],
        },
        "may_write": bool(queries.departments_to_write(person, register, now)),
        "narrowed": bool(query.text or state or department),
        "export": _with(request, "format", "xlsx"),
    }
    return render(request, "registers/register.html", context)


@login_required
@require_GET
def entry_page(request: HttpRequest, entry_id: int) -> HttpResponse:
    """``/registers/entries/<id>/``: one line, its files and its history."""
    person, jurisdiction = reader(request)
    now = timezone.now()
    entry = queries.entry_for(person, entry_id)
    register = queries.register(jurisdiction, entry.kind, shanghai_date(now))
    files: dict[str, EntryFile] = {}
    for file in entry.files.defer("content"):
        files.setdefault(file.field, file)
    titles = {f.name: f.title for f in register.fields}
    changes = [
        {
            "change": c,
            "fields": [titles.get(n, n) for n in c.after if c.after.get(n) != c.before.get(n)] if c.before else [],
        }
        for c in entry.changes.select_related("by", "by__department")
    ]
    context = {
        "entry": entry,
        "register": register,
        "rows": [
            {"field": f, "value": shown(register, entry, f.name), "file": files.get(f.name)} for f in register.fields
        ],
        "changes": changes,
        "acts": queries.acts_stated(register, entry, shanghai_date(now)),
        "may_write": entry.active
        and entry.department_id in {d.pk for d in queries.departments_to_write(person, register, now)},
    }
    return render(request, "registers/entry.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """``/registers/<kind>/new/``: enter a line."""
    person, jurisdiction = reader(request)
    now = timezone.now()
    register = queries.register(jurisdiction, kind, shanghai_date(now))
    departments = queries.departments_to_write(person, register, now)
    if not departments:
        raise NotAllowed(
            f"“{register.title}”不由您登记", remedy="请转数据主管部门或本部门的经办人员登记", reference=register.reference,
            code="registers.not_keeper",
        )  # fmt: skip
    form = EntryForm(
        register, departments=departments, jurisdiction_id=jurisdiction.pk, with_department=True, **_bound(request)
    )
    if request.method == "POST" and form.is_valid():
        chosen = next(d for d in departments if str(d.pk) == form.cleaned_data["department"])
        saved = _save(form, lambda files: actions.add_entry(
            kind=kind, department=chosen, fields=form.fields_given(), files=files, by=person, at=timezone.now()))  # fmt: skip
        if saved:
            return redirect("registers-entry", saved.pk)
    return render(
        request, "registers/edit.html", {"form": form, "register": register}, status=422 if form.errors else 200
    )


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, entry_id: int) -> HttpResponse:
    """``/registers/entries/<id>/edit/``: change a line."""
    person, jurisdiction = reader(request)
    entry = queries.entry_for(person, entry_id)
    register = queries.register(jurisdiction, entry.kind, shanghai_date(timezone.now()))
    form = EntryForm(
        register, departments=(), jurisdiction_id=jurisdiction.pk, with_department=False,
        initial=initial_of(register, entry.fields), **_bound(request),
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        seen = _seen(request)
        saved = _save(form, lambda files: actions.change_entry(
            entry_id=entry.pk, seen_revision=seen, fields=form.fields_given(), files=files, by=person, at=timezone.now(),
            note=request.POST.get("note", "")[:500]))  # fmt: skip
        if saved:
            return redirect("registers-entry", saved.pk)
    context = {"form": form, "register": register, "entry": entry}
    return render(request, "registers/edit.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def close(request: HttpRequest, entry_id: int) -> HttpResponse:
    """``/registers/entries/<id>/close/``: close a line with a reason."""
    person, _ = reader(request)
    note = request.POST.get("note", "").replace("\x00", "")
    actions.close_entry(entry_id=entry_id, seen_revision=_seen(request), note=note, by=person, at=timezone.now())
    return redirect("registers-entry", entry_id)


@login_required
@require_GET
def download(request: HttpRequest, file_id: int) -> HttpResponse:
    """``/registers/files/<id>/``: an attached file, always as a download."""
    person, _ = reader(request)
    file = EntryFile.objects.select_related("entry").filter(pk=file_id).first()
    if file is None or not queries.visible_entries(person).filter(pk=file.entry_id).exists():
        raise NotFound("没有这个附件，或您无权查看", remedy="请从登记事项页下载", code="registers.no_file")
    response = HttpResponse(bytes(file.content), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


Names = Mapping[tuple[str, int], str]


def names_in(register: Register, entries: Sequence[Entry]) -> Names:
    """The names of the departments and people these entries hold, by kind and key: two queries however many there are."""
    found: dict[tuple[str, int], str] = {}
    for kind, model in (("department", Department), ("person", Person)):
        fields = [f.name for f in register.fields if f.kind == kind]
        ids = {e.fields[name] for e in entries for name in fields if isinstance(e.fields.get(name), int)}
        if ids:
            found |= {(kind, pk): name for pk, name in model.objects.filter(pk__in=ids).values_list("pk", "name")}
    return found


def shown(register: Register, entry: Entry, name: str, names: Names | None = None) -> str:
    """A field's value as people read it; departments and people by name (``names_in``), "—" when empty."""
    value = entry.fields.get(name)
    if value in (None, "", []):
        return "—"
    kind = next((f.kind for f in register.fields if f.name == name), "text")
    if kind == "flag":
        return "是" if value else "否"
    if kind in ("department", "person"):
        known = names_in(register, [entry]) if names is None else names
        return known.get((kind, value), "—")
    return str(value)


def _bound(request: HttpRequest) -> dict[str, Any]:
    return {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}


def _seen(request: HttpRequest) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _save(form: EntryForm, act: Any) -> Entry | None:
    """Act on a valid form; what the action refuses goes back into the form."""
    try:
        files = {name: accept(file) for name, file in form.files_given().items()}
        done: Entry = act(files)
        return done
    except Invalid as error:
        add_problems(form, error)
        return None


def _with(request: HttpRequest, name: str, value: str) -> str:
    query = request.GET.copy()
    query[name] = value
    return f"{request.path}?{query.urlencode()}"


def link(kind: str) -> str:
    """The address of a register's page."""
    return reverse("registers-register", args=[kind])
