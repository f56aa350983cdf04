"""Catalogue pages for reading: search, resource, version, my department's resources."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from yishu.catalogue import guide, queries, registry, retiring, views_life
from yishu.catalogue.classification import tree
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.models import Resource, Version
from yishu.catalogue.presentation import draft_of, fact_rows, spec_rows
from yishu.catalogue.reading import reader
from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.errors import NotFound
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Department, Jurisdiction
from yishu.pages.parts import FacetOption

PAGE = 20


@login_required
@require_GET
def resource_page(request: HttpRequest, resource_id: int) -> HttpResponse:
    """``/catalogue/<id>/``: the current version, with what later contexts add (buttons, flow, loads)."""
    person, jurisdiction = reader(request)
    retired = views_life.retired_page(request, resource_id)
    if retired is not None:
        return retired
    spec = queries.published(id=resource_id, jurisdiction=jurisdiction)
    own = queries.resources_of(person).filter(pk=resource_id).first()
    buttons = registry.actions_for(spec, person)
    context = _context(spec, jurisdiction) | {
        "own": own,
        "case": queries.open_case(own) if own else None,
        "buttons": buttons,
        "panels": registry.panels_for(spec, person),
        "current": True,
    }
    return render(request, "catalogue/resource.html", context)


@login_required
@require_GET
def version_page(request: HttpRequest, resource_id: int, number: int) -> HttpResponse:
    """``/catalogue/<id>/versions/<n>/``: a version as it was published."""
    _, jurisdiction = reader(request)
    current = queries.published(id=resource_id, jurisdiction=jurisdiction)
    spec = queries.published_version(resource_id, number)
    context = _context(spec, jurisdiction) | {"current": number == current.version, "buttons": [], "panels": []}
    return render(request, "catalogue/resource.html", context)


def _context(spec: ResourceSpec, jurisdiction: Jurisdiction) -> dict[str, Any]:
    versions = list(Version.objects.filter(resource_id=spec.id).select_related("published_by__department", "case"))
    version = next((v for v in versions if v.number == spec.version), None)
    if version is None:
        raise NotFound("没有这个版本", remedy="请在资源页查看已有版本", code="catalogue.version_not_found")
    law: Demands = demands(jurisdiction.law, shanghai_date(version.published_at))
    department = Department.objects.get(pk=spec.department_id)
    secrecy = version.resource.secrecy_reviews.filter(case=version.case).first()
    kind = law.option("share_types", spec.share_type)
    return {
        "spec": spec,
        "version": version,
        "versions": versions,
        "department": department,
        "facts": fact_rows(draft_of(spec), law, code=spec.code, department=department, tree=tree(jurisdiction)),
        "items": spec_rows(spec, law),
        "secrecy": secrecy,
        "review_rows": [r for r in spec.elements.get("review", ()) if r.get("kind") != "secrecy_review"],
        "filing": "备案" in version.case.number,
        "filing_reference": law.reference("catalogue.acceptance"),
        "filed_upward": jurisdiction.parent_id is not None and law.values.get("catalogue.filed_upward") is True,
        "retiring": retiring.running_for(spec.id),
        "secrecy_title": law.title("secrecy_conclusions", secrecy.conclusion) if secrecy else "",
        "secrecy_reference": law.reference("secrecy.review_before_publish"),
        "share_title": kind.title if kind else spec.share_type,
        "share_reference": kind.reference if kind else None,
        "review_reference": law.reference("sharing.type_confirmed_by"),
        "cycle": guide.title(law, "update_cycles", spec.update_cycle),
        "changed_type": spec.elements.get("proposed_share_type") not in (None, spec.share_type),
        "proposed_title": law.title("share_types", str(spec.elements.get("proposed_share_type", ""))),
    }


@login_required
@require_GET
def log_page(request: HttpRequest) -> HttpResponse:
    """``/catalogue/log/``: every publication of the county's catalogue, latest first: what, which share type, by whom, when."""
    _, jurisdiction = reader(request)
    law = demands(jurisdiction.law, shanghai_date(timezone.now()))
    titles = {o.key: o.title for o in law.options("share_types")}
    wanted = request.GET.get("share_type", "")
    found = Version.objects.filter(resource__jurisdiction=jurisdiction)
    facets = [FacetOption(k, t, found.filter(snapshot__share_type=k).count()) for k, t in titles.items()]
    if wanted in titles:
        found = found.filter(snapshot__share_type=wanted)
    rows = found.select_related("published_by__department").order_by("-published_at", "-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    shown = [{"version": v, "spec": v.snapshot, "share_title": titles.get(v.snapshot["share_type"], "")} for v in page]
    return render(request, "catalogue/log.html", {"page": page, "rows": shown, "share_types": facets})


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """``/catalogue/mine/``: my departments' resources with state and next step."""
    person, _ = reader(request)
    found = queries.resources_of(person)
    state = request.GET.get("state", "")
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    counts = [FacetOption(key, label, found.filter(state=key).count()) for key, label in Resource.State.choices]
    if state in Resource.State.values:
        found = found.filter(state=state)
    if text:
        found = found.filter(title__icontains=text)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    running = queries.open_cases(list(page))
    rows = [{"resource": r, "case": running.get(r.pk), "next": _next_step(r)} for r in page]
    context = {
        "page": page,
        "rows": rows,
        "states": [o for o in counts if o.count],
        "narrowed": bool(text or state),
        "provides": bool(queries.departments_of(person)),
    }
    return render(request, "catalogue/mine.html", context)


def _next_step(resource: Resource) -> str:
    """What the department does next with a resource, in words."""
    serving = f"；第 {resource.version} 版继续使用" if resource.version else ""
    return {
        Resource.State.DRAFT: f"补充完整后提交审核{serving}",
        Resource.State.SUBMITTED: f"等待主管部门审核{serving}",
        Resource.State.RETURNED: f"按退回理由修改后重新提交{serving}",
        Resource.State.PUBLISHED: "已发布，内容变化时修改后再报",
        Resource.State.RETIRING: "停用正在办理，到期前继续使用",
        Resource.State.RETIRED: "已停用",
    }[Resource.State(resource.state)]
