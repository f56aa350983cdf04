"""What the editor asks while somebody types: is it complete, and please keep it. Both answer a fragment of the page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from yishu.catalogue import autosave
from yishu.catalogue.classification import tree
from yishu.catalogue.demands import demands
from yishu.catalogue.editor import my_departments, my_resource, problem_row, revision_of
from yishu.catalogue.forms import ResourceForm
from yishu.catalogue.grid import PREFIX, ItemGrid
from yishu.catalogue.models import Autosave, Resource, Upload
from yishu.catalogue.submission_rules import submission_problems
from yishu.kernel.errors import Conflict, PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Department, Person
from yishu.orgs.reading import signed_in
from yishu.pages.widgets import reference_of

MOST_SHOWN = 40
"""Problems listed at once; the rest are counted."""


def _subject(request: HttpRequest) -> tuple[Person, Department, Resource | None]:
    person = signed_in(request)
    number = request.POST.get("resource", "")
    if number:
        valid = number.isascii() and number.isdigit() and len(number) < 10
        resource = my_resource(person, int(number) if valid else 0)
        return person, resource.department, resource
    departments = my_departments(person)
    wanted = request.POST.get("department", "")
    return person, next((d for d in departments if str(d.pk) == wanted), departments[0]), None


@login_required
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """``/catalogue/check/``: everything that still keeps the form, as typed, from being submitted. Writes nothing."""
    _, department, resource = _subject(request)
    law = demands(department.jurisdiction.law, shanghai_date(timezone.now()))
    form = ResourceForm(law, request.POST)
    grid = ItemGrid(request.POST, prefix=PREFIX, form_kwargs={"law": law})
    if form.is_valid() & grid.is_valid():
        kept = grid.kept()
        numbers = tuple(number for number, _ in kept)
        attached = (
            frozenset(Upload.objects.filter(resource=resource).values_list("purpose", flat=True)) if resource else ()
        )
        problems = submission_problems(
            form.draft(), [item for _, item in kept], law=law, department_kind=department.kind,
            tree=tree(department.jurisdiction), attached=attached,
        )  # fmt: skip
        rows = [problem_row(p, numbers) for p in problems]
    else:
        rows = [
            {"where": where + str(bound.label), "what": text, "remedy": "", "reference": reference_of(bound), "to": bound.id_for_label or bound.auto_id}
            for where, one in (("", form), *((f"第 {n} 行 ", f) for n, f in enumerate(grid.forms, 1)))
            for bound in one
            for text in bound.errors
        ]  # fmt: skip
        rows += [
            {"where": "信息项", "what": t, "remedy": "", "reference": None, "to": "items"}
            for t in grid.non_form_errors()
        ]
    context = {"rows": rows[:MOST_SHOWN], "count": len(rows), "more": max(0, len(rows) - MOST_SHOWN)}
    return render(request, "catalogue/parts/check.html", context)


@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """``/catalogue/autosave/``: keeps what was typed, and tells when somebody else saved in the meantime."""
    person, department, resource = _subject(request)
    now = timezone.now()
    typed = dict(request.POST.lists())
    moved = resource is not None and resource.revision != revision_of(request.POST)
    closed = resource is not None and resource.state == Resource.State.SUBMITTED
    kept: Autosave | None = None
    problem: PublicError | None = None
    if closed:
        problem = Conflict("资源已提交审核，不再自动保存", remedy="请到办件页查看", code="catalogue.under_review")
    elif resource is not None or not autosave.is_empty(typed):
        try:
            kept = autosave.keep(
                department=department, resource=resource, seen_revision=revision_of(request.POST), typed=typed,
                by=person, at=now,
            )  # fmt: skip
        except PublicError as error:
            problem = error
    context = {"kept": kept, "stored": bool(kept and kept.pk), "moved": moved, "problem": problem}
    return render(request, "catalogue/parts/kept.html", context)
