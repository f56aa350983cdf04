"""Pages of the Excel template: download, upload with preview, confirmation, earlier imports and their reports."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.catalogue import importing, queries
from yishu.catalogue.demands import demands
from yishu.catalogue.editor import my_departments, my_resource
from yishu.catalogue.models import ImportBatch, Resource
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.catalogue.template_file import Entry, template
from yishu.catalogue.workbook import MOST_BYTES
from yishu.kernel.errors import NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Department, Person, RoleKind
from yishu.orgs.reading import signed_in
from yishu.pages.forms import add_problems
from yishu.pages.lists import page_of, read_list_query
from yishu.pages.sheets import Column, file_response, sheet_response

_SORTS = {"at": ("at", "pk"), "name": ("name", "pk"), "department": ("department__name", "-at")}
MOST_EXPORTED = 2_000
"""Resources written into one file."""
_SHOWN = 300
"""Findings a page lists; the rest stand in the file of the report."""


class FileOfDepartmentForm(forms.Form):
    """A file to import, and whose catalogue it is. A form that extends this has the field ``file`` and says how much it takes."""

    most: ClassVar[int]
    """Bytes."""
    split: ClassVar[str]
    """What to do with a larger file."""

    department = forms.ChoiceField(label="部门")

    def __init__(self, departments: list[Department], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = [(str(d.pk), d.name) for d in departments]  # type: ignore[attr-defined]
        if len(departments) == 1:
            self.fields["department"].widget = forms.HiddenInput()
            self.fields["department"].initial = str(departments[0].pk)

    def clean_file(self) -> Any:
        """Refuse a file that is too large before it is read."""
        found = self.cleaned_data["file"]
        if found.size > self.most:
            raise forms.ValidationError(f"文件超过 {self.most // 1024 // 1024} MiB，{self.split}")
        return found


class UploadForm(FileOfDepartmentForm):
    """The filled template, and whose catalogue it is."""

    most, split = MOST_BYTES, "请按分类拆成几个文件"

    file = forms.FileField(
        label="填好的模板", help_text=f".xlsx，最大 {MOST_BYTES // 1024 // 1024} MiB；先显示检查结果，确认后才导入",
        max_length=200, widget=forms.FileInput(attrs={"accept": ".xlsx"}),
    )  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """``/catalogue/import/``: upload a filled template and see at once everything that is wrong with it; earlier imports below."""
    person = signed_in(request)
    departments = my_departments(person)
    form = UploadForm(departments, *((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        department = next(d for d in departments if str(d.pk) == form.cleaned_data["department"])
        file = form.cleaned_data["file"]
        try:
            preview = importing.read_import(
                department=department, name=file.name, content=file.read(), by=person, at=timezone.now()
            )
        except PublicError as error:
            add_problems(form, error)
        else:
            return previewed(request, preview)
    query = read_list_query(request, _SORTS, "-at")
    found = _batches(person)
    if query.text:
        found = found.filter(name__icontains=query.text)
    page = page_of(found.order_by(*query.order), query)
    rows = [{"batch": b, "errors": sum(r.get("error", True) for r in b.report)} for b in page]
    context = {
        "form": form,
        "page": page,
        "rows": rows,
        "narrowed": bool(query.text),
        "departments": departments,
        "sort": query.sort,
    }
    return render(request, "catalogue/import.html", context, status=422 if form.is_bound else 200)


def previewed(request: HttpRequest, preview: importing.Preview) -> HttpResponse:
    errors = [r for r in preview.batch.report if r["error"]]
    notes = [r for r in preview.batch.report if not r["error"]]
    context = {
        "preview": preview, "batch": preview.batch, "errors": errors[:_SHOWN], "error_count": len(errors),
        "notes": notes[:_SHOWN], "note_count": len(notes), "left_out": sum(bool(p.faults) for p in preview.plans),
    }  # fmt: skip
    return render(request, "catalogue/import_preview.html", context, status=200 if preview.taken else 422)


@login_required
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """``/catalogue/import/confirm/``: take what the preview showed."""
    batch = importing.confirm_import(packed=request.POST.get("packed", ""), by=signed_in(request), at=timezone.now())
    messages.success(request, f"已导入：新增 {batch.created} 个草稿，更新 {batch.updated} 个。请核对后提交审核")
    return redirect("catalogue-import-batch", batch_id=batch.pk)


def _batches(person: Person) -> QuerySet[ImportBatch]:
    ids = (*queries.departments_of(person), *queries.departments_of(person, RoleKind.RESPONSIBLE))
    return ImportBatch.objects.filter(department_id__in=ids).select_related("department", "by")


def _batch(person: Person, batch_id: int) -> ImportBatch:
    found = _batches(person).filter(pk=batch_id).first()
    if found is None:
        raise NotFound(
            "没有这次导入，或它不属于您的部门", remedy="请从“导入目录”进入", code="catalogue.import_not_found"
        )
    return found


@login_required
@require_GET
def batch_page(request: HttpRequest, batch_id: int) -> HttpResponse:
    """``/catalogue/import/<id>/``: what one import did and everything it found."""
    batch = _batch(signed_in(request), batch_id)
    errors = [r for r in batch.report if r.get("error", True)]
    notes = [r for r in batch.report if not r.get("error", True)]
    context = {
        "batch": batch, "errors": errors[:_SHOWN], "error_count": len(errors), "notes": notes[:_SHOWN], "note_count": len(notes)
    }  # fmt: skip
    return render(request, "catalogue/import_batch.html", context)


@login_required
@require_GET
def batch_report(request: HttpRequest, batch_id: int) -> HttpResponse:
    """``/catalogue/import/<id>/report.xlsx``: the findings as a workbook, one row each."""
    batch = _batch(signed_in(request), batch_id)
    columns = ("行", Column("列", 22), "性质", Column("问题", 60), Column("怎样改", 60), Column("代码", 30))
    rows = [
        (r["row"], r["field"], "错误" if r.get("error", True) else "提示", r["what"], r["remedy"], r["code"])
        for r in batch.report
    ]
    return sheet_response(f"导入报告 {batch.pk}", columns, rows)


@login_required
@require_GET
def empty_template(request: HttpRequest) -> HttpResponse:
    """``/catalogue/template.xlsx``: the template with the closed lists of my jurisdiction to choose from."""
    department = my_departments(signed_in(request))[0]
    law = demands(department.jurisdiction.law, shanghai_date(timezone.now()))
    return file_response("政务信息资源目录填报模板.xlsx", template(law))


@login_required
@require_GET
def export_resource(request: HttpRequest, resource_id: int) -> HttpResponse:
    """``/catalogue/<id>/export.xlsx``: one working copy in the template (``?layout=repeated`` repeats the resource's cells)."""
    resource = my_resource(signed_in(request), resource_id)
    return _exported(request, [resource], resource.department, resource.title)


@login_required
@require_GET
def export_department(request: HttpRequest) -> HttpResponse:
    """``/catalogue/export.xlsx?department=``: all working copies of one of my departments in the template."""
    departments = my_departments(signed_in(request))
    department = next((d for d in departments if str(d.pk) == request.GET.get("department", "")), departments[0])
    found = Resource.objects.filter(department=department).exclude(state=Resource.State.RETIRED)
    rows = found.select_related("department").prefetch_related("items").order_by("code", "title", "pk")
    return _exported(request, list(rows[:MOST_EXPORTED]), department, f"{department.name}目录")


def _exported(request: HttpRequest, resources: list[Resource], department: Department, name: str) -> HttpResponse:
    law = demands(department.jurisdiction.law, shanghai_date(timezone.now()))
    entries = (
        Entry(
            resource_draft(r),
            item_drafts(r),
            {
                "code": r.code or "", "provider": department.name, "provider_code": department.uscc,
                "published_on": r.published_on.isoformat() if r.published_on else "",
            },
        )
        for r in resources
    )  # fmt: skip
    content = template(law, entries, merged=request.GET.get("layout") != "repeated")
    return file_response(f"{name}.xlsx", content)
