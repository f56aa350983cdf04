"""Pages of responsibility filings: the list, and a new filing."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from yishu.kernel.errors import Invalid
from yishu.orgs.models import Department
from yishu.orgs.queries import roles_of
from yishu.pages.forms import add_problems
from yishu.pages.lists import page_of, read_list_query
from yishu.registers import queries
from yishu.registers.filings import FilingForm, state_words, submit_filing
from yishu.registers.views import reader

SORTS = {"department": ("department__name", "-submitted_at"), "submitted": ("submitted_at", "pk")}


@login_required
@require_GET
def filings(request: HttpRequest) -> HttpResponse:
    """``/registers/filings/``: filings the reader may see, and the departments that have none in force."""
    person, jurisdiction = reader(request)
    query = read_list_query(request, SORTS, "department")
    found = queries.filings(person)
    rows = found.filter(department__name__icontains=query.text) if query.text else found
    page = page_of(rows.order_by(*query.order), query)
    stand = set(found.filter(superseded_at=None).exclude(filed_at=None).values_list("department_id", flat=True))
    without = Department.objects.filter(jurisdiction=jurisdiction, active=True).exclude(pk__in=stand).order_by("name")
    if person.department_id and not roles_of(person) & queries.READ_ALL:
        without = without.filter(pk=person.department_id)
    context = {
        "page": page,
        "rows": [{"filing": f, "state": state_words(f)} for f in page],
        "without": without,
        "jurisdiction": jurisdiction,
        "q": query.text,
    }
    return render(request, "registers/filings.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """``/registers/filings/new/``: file the own department's responsible unit and person."""
    person, _ = reader(request)
    department = person.department
    assert department is not None  # noqa: S101  (reader refused)
    before = queries.filing_in_force(department)
    initial = (
        {"unit": before.unit, "person": before.person_id, "rules": before.rules, "coordination": before.coordination}
        if before
        else {"unit": department.unit}
    )
    bound = {"data": request.POST} if request.method == "POST" else {}
    form = FilingForm(department, initial=initial, **bound)
    if request.method == "POST" and form.is_valid():
        c = form.cleaned_data
        try:
            filing = submit_filing(
                department=department, unit=c["unit"], person=c["person"], rules=c["rules"], coordination=c["coordination"],
                by=person, at=timezone.now(),
            )  # fmt: skip
        except Invalid as error:
            add_problems(form, error)
        else:
            return redirect("case", filing.case_id)
    return render(
        request,
        "registers/filing_edit.html",
        {"form": form, "department": department},
        status=422 if form.errors else 200,
    )
