"""Pages of leads, the city's union catalogue, statements of withholding, narrowing, attachments, retired resources."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods

from yishu.catalogue import attachments, leads, narrowing, queries, union
from yishu.catalogue.demands import demands
from yishu.catalogue.editor import revision_of
from yishu.catalogue.life_forms import LeadForm, UploadForm
from yishu.catalogue.models import Lead, Resource, SearchEntry
from yishu.catalogue.reading import reader
from yishu.catalogue.rules import WITHHELD
from yishu.catalogue.views_changes import PAGE, cleaned, oversees
from yishu.kernel.errors import NotAllowed, NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.pages.forms import add_problems
from yishu.pages.parts import FacetOption
from yishu.pages.uploads import accept


@login_required
@require_http_methods(["GET", "POST"])
def leads_page(request: HttpRequest) -> HttpResponse:
    """``/catalogue/leads/``: who leads which library, since when, and before; the authority names."""
    person, jurisdiction = reader(request)
    now = timezone.now()
    law = demands(jurisdiction.law, shanghai_date(now))
    home = person.department
    names = bool(home and home.is_authority and oversees(person))
    form = LeadForm(jurisdiction, law, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            kind, _, library = form.cleaned_data["library"].partition(":")
            try:
                leads.name_lead(
                    kind=kind, library=library, department=form.cleaned_data["department"], by=person, at=now
                )
            except PublicError as error:
                add_problems(form, error)
                status = error.status
            else:
                messages.success(request, "已指定牵头部门")
                return redirect("catalogue-leads")
    current = leads.current_leads(jurisdiction)
    groups = [
        {
            "title": Lead.Kind(kind).label,
            "rows": [
                {"option": o, "keeper": leads.kept_by(o, kind), "lead": current.get((kind, o.key))}
                for o in law.options(options)
            ],
        }
        for kind, (options, _) in leads.LISTS.items()
    ]
    titles = {(kind, o.key): o.title for kind, (options, _) in leads.LISTS.items() for o in law.options(options)}
    history = Lead.objects.filter(jurisdiction=jurisdiction).select_related("department", "by").order_by("-at", "-pk")
    page = Paginator(history, PAGE).get_page(request.GET.get("page"))
    rows = [{"lead": row, "title": titles.get((row.kind, row.library), row.library)} for row in page]
    context = {"groups": [g for g in groups if g["rows"]], "form": form, "names": names, "page": page, "rows": rows}
    return render(request, "catalogue/leads.html", context, status=status)


@login_required
@require_GET
def union_page(request: HttpRequest) -> HttpResponse:
    """``/catalogue/union/``: the city's whole catalogue, its own and every county's below it; titles and items, never data."""
    _, jurisdiction = reader(request)
    text, place = cleaned(request.GET.get("q", "")), request.GET.get("place", "")
    found = union.union_catalogue(jurisdiction, text)
    counted = (
        found.order_by()
        .values("jurisdiction_id", "jurisdiction__name")
        .annotate(n=Count("pk"))
        .order_by("jurisdiction__name")
    )
    places = [FacetOption(str(r["jurisdiction_id"]), r["jurisdiction__name"], r["n"]) for r in counted]
    if place in {p.value for p in places}:
        found = found.filter(jurisdiction_id=int(place))
    orders = {"title": "title", "-title": "-title", "published": "published_on", "-published": "-published_on"}
    found = found.order_by(orders.get(request.GET.get("sort", ""), "-published_on"), "pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    law = demands(jurisdiction.law, shanghai_date(timezone.now()))
    context = {
        "page": page, "places": places, "narrowed": bool(text or place), "jurisdiction": jurisdiction,
        "reference": law.reference("catalogue.filed_upward"),
    }  # fmt: skip
    return render(request, "catalogue/union.html", context)


@login_required
@require_GET
def statements_page(request: HttpRequest) -> HttpResponse:
    """``/catalogue/statements/``: why departments share nothing of a resource, as told to the authority, with basis."""
    person, jurisdiction = reader(request)
    if not oversees(person):
        raise NotAllowed("不予共享说明由数据主管部门查看", remedy="请联系数据主管部门", code="catalogue.not_authority")
    text = cleaned(request.GET.get("q", ""))
    found = Resource.objects.filter(
        jurisdiction=jurisdiction, search_entry__share_type=WITHHELD, search_entry__retired=False
    ).select_related("department")
    if text:
        found = found.filter(title__icontains=text)
    orders = {
        "title": "title",
        "-title": "-title",
        "department": "department__name",
        "-department": "-department__name",
    }
    page = Paginator(found.order_by(orders.get(request.GET.get("sort", ""), "-published_on"), "pk"), PAGE).get_page(
        request.GET.get("page")
    )
    law = demands(jurisdiction.law, shanghai_date(timezone.now()))
    rows = [{"resource": r, "kind": law.title("basis_kinds", r.basis_kind) if r.basis_kind else ""} for r in page]
    context = {
        "page": page,
        "rows": rows,
        "narrowed": bool(text),
        "reference": law.reference("sharing.withheld_stated_to_authority"),
    }
    return render(request, "catalogue/statements.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def narrowing_page(request: HttpRequest) -> HttpResponse:
    """``/catalogue/narrowing/``: versions under review that take something out of unconditional sharing; the authority decides."""
    person, jurisdiction = reader(request)
    if not oversees(person):
        raise NotAllowed("缩小共享范围由数据主管部门审核", remedy="请联系数据主管部门", code="catalogue.not_authority")
    status, error, typed = 200, None, ""
    if request.method == "POST":
        pk, typed = request.POST.get("resource", ""), request.POST.get("reason", "")
        try:
            narrowing.decide_narrowing(
                resource_id=int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 10 else 0,
                consent=request.POST.get("do") == "consent", reason=typed.replace("\x00", ""), by=person, at=timezone.now(),
                seen_revision=revision_of(request.POST),
            )  # fmt: skip
        except PublicError as caught:
            error, status = caught, caught.status
        else:
            messages.success(request, "已办理")
            return redirect("catalogue-narrowing")
    law = demands(jurisdiction.law, shanghai_date(timezone.now()))
    context = {
        "rows": narrowing.waiting(jurisdiction),
        "reference": law.reference(narrowing.FLAG),
        "error": error,
        "typed": typed,
    }
    return render(request, "catalogue/narrowing.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def files_page(request: HttpRequest, resource_id: int) -> HttpResponse:
    """``/catalogue/<id>/files/``: what is attached to a resource; its department adds."""
    person, jurisdiction = reader(request)
    resource = queries.resources_of(person).filter(pk=resource_id, jurisdiction=jurisdiction).first()
    if resource is None:
        raise NotFound(
            "没有这个信息资源，或它不属于您的部门", remedy="请从“本部门目录”进入", code="catalogue.not_found"
        )
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                attachments.attach(
                    resource_id=resource.pk, purpose=form.cleaned_data["purpose"], file=accept(form.cleaned_data["file"]), by=person,
                    at=timezone.now(),
                )  # fmt: skip
            except PublicError as error:
                add_problems(form, error)
                status = error.status
            else:
                messages.success(request, "附件已保存")
                return redirect("catalogue-files", resource_id=resource.pk)
    uploads = [
        {"upload": u, "purpose": attachments.PURPOSES.get(u.purpose, u.purpose)}
        for u in resource.uploads.defer("content").select_related("by").order_by("-at", "-pk")
    ]
    return render(
        request, "catalogue/files.html", {"resource": resource, "form": form, "uploads": uploads}, status=status
    )


@login_required
@require_GET
def file_page(request: HttpRequest, upload_id: int) -> HttpResponse:
    """``/catalogue/files/<id>/``: an attachment, as a download only."""
    person, _ = reader(request)
    upload = attachments.upload_for(person, upload_id, timezone.now())
    response = HttpResponse(bytes(upload.content), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, upload.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def retired_page(request: HttpRequest, resource_id: int) -> HttpResponse | None:
    """What the resource page shows for a retired resource: that it is, since when, and what to use instead. None: it is not retired."""
    _, jurisdiction = reader(request)
    resource = (
        Resource.objects.filter(pk=resource_id, jurisdiction=jurisdiction, state=Resource.State.RETIRED)
        .select_related("department")
        .first()
    )
    if resource is None:
        return None
    retirement = (
        resource.retirements.exclude(completed_at=None)
        .select_related("replacement__department")
        .order_by("-pk")
        .first()
    )
    entry = SearchEntry.objects.filter(resource=resource).first()
    return render(request, "catalogue/retired.html", {"resource": resource, "retirement": retirement, "entry": entry})
