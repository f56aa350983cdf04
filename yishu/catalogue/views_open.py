"""The catalogue in open formats: export of what is published, import of a DCAT file as drafts."""

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header, urlencode
from django.views.decorators.http import require_GET, require_http_methods

from yishu.catalogue import dcat_import, exporting, queries, search
from yishu.catalogue.dcat_reading import MOST_BYTES
from yishu.catalogue.demands import demands
from yishu.catalogue.editor import my_departments
from yishu.catalogue.import_views import FileOfDepartmentForm, previewed
from yishu.catalogue.reading import reader
from yishu.catalogue.views_search import TITLES, labels
from yishu.kernel.errors import PublicError
from yishu.kernel.time import shanghai_date
from yishu.pages.forms import add_problems


class DcatForm(FileOfDepartmentForm):
    """The file, and whose drafts it becomes."""

    most, split = MOST_BYTES, "请分成几个文件"

    file = forms.FileField(
        label="DCAT 文件", help_text=f"Turtle（.ttl）、RDF/XML（.rdf、.xml）或 JSON-LD（.jsonld、.json），最大 {MOST_BYTES // 1024 // 1024} MiB；先显示读到了什么，确认后才导入",
        max_length=200, widget=forms.FileInput(attrs={"accept": ".ttl,.rdf,.xml,.jsonld,.json"}),
    )  # fmt: skip


def _asked(request: HttpRequest) -> tuple[str, dict[str, str]]:
    """Text and filters of the search page that stand in the address."""
    text = request.GET.get("q", "").replace("\x00", "")
    return text, {name: request.GET[name] for name in search.FILTERS if request.GET.get(name)}


@login_required
@require_GET
def open_page(request: HttpRequest) -> HttpResponse:
    """``/catalogue/open/``: the formats the catalogue, narrowed as in the address, can be taken away in; how a DCAT file comes in."""
    person, jurisdiction = reader(request)
    law = demands(jurisdiction.law, shanghai_date(timezone.now()))
    text, filters = _asked(request)
    titles = labels(law, jurisdiction)
    narrowed = [("查找", text)] if text else []
    narrowed += [(TITLES[name], titles[name].get(value, value)) for name, value in filters.items()]
    query = urlencode({**({"q": text} if text else {}), **filters})
    context = {
        "formats": [{"ending": k, "title": t} for k, (t, _) in exporting.FORMATS.items()],
        "narrowed": narrowed,
        "query": query,
        "provides": bool(queries.departments_of(person)),
    }
    return render(request, "catalogue/open.html", context)


@login_required
@require_GET
def export(request: HttpRequest, ending: str) -> HttpResponseBase:
    """``/catalogue/open/catalogue.<ending>``: the published catalogue as a file, written while it is sent."""
    _, jurisdiction = reader(request)
    if ending not in exporting.FORMATS:
        raise Http404
    today = shanghai_date(timezone.now())
    law = demands(jurisdiction.law, today)
    versions = exporting.published_versions(jurisdiction, *_asked(request))
    around = exporting.frame(jurisdiction, law, settings.ENVIRONMENT.public_url, today)
    response = StreamingHttpResponse(
        exporting.stream(ending, versions, around, law), content_type=exporting.FORMATS[ending][1]
    )
    name = f"{jurisdiction.name}政务数据目录_{today.isoformat()}.{ending}"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_http_methods(["GET", "POST"])
def import_dcat(request: HttpRequest) -> HttpResponse:
    """``/catalogue/open/import/``: upload a DCAT file; what was read and what was not is shown before anything is taken."""
    person, _ = reader(request)
    departments = my_departments(person)
    form = DcatForm(departments, *((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        department = next(d for d in departments if str(d.pk) == form.cleaned_data["department"])
        file = form.cleaned_data["file"]
        try:
            preview = dcat_import.read_dcat(
                department=department, name=file.name, content=file.read(), by=person, at=timezone.now()
            )
        except PublicError as error:
            add_problems(form, error)
        else:
            return previewed(request, preview)
    return render(request, "catalogue/open_import.html", {"form": form}, status=422 if form.is_bound else 200)
