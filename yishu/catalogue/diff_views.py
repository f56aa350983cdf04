"""版本对照: two versions of a resource, or a version and the draft, side by side; also for whoever reviews the draft."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from yishu.cases.queries import case_for
from yishu.catalogue import diffing, queries
from yishu.catalogue.classification import tree
from yishu.catalogue.demands import demands
from yishu.catalogue.models import Resource, Version
from yishu.catalogue.reading import reader
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.kernel.errors import NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Person

DRAFT = "draft"


@login_required
@require_GET
def diff(request: HttpRequest, resource_id: int) -> HttpResponse:
    """``/catalogue/<id>/diff/?from=1&to=2``: what changed; ``draft`` is the working copy, for its department and its reviewers."""
    person, jurisdiction = reader(request)
    resource = Resource.objects.select_related("department").filter(pk=resource_id, jurisdiction=jurisdiction).first()
    numbers = list(Version.objects.filter(resource_id=resource_id).order_by("number").values_list("number", flat=True))
    open_to_me = resource is not None and _sees_draft(person, resource)
    if resource is None or not (numbers or open_to_me):
        raise NotFound("没有这个信息资源，或您无权查看", remedy="请从目录检索进入", code="catalogue.not_found")
    sides = [(str(n), f"第 {n} 版") for n in numbers] + ([(DRAFT, "修改稿")] if open_to_me else [])
    keys = [key for key, _ in sides]
    to_key = request.GET.get("to", "") if request.GET.get("to") in keys else keys[-1]
    before_keys = [key for key in keys if key != to_key] or keys
    from_key = request.GET.get("from", "") if request.GET.get("from") in keys else before_keys[-1]
    law = demands(jurisdiction.law, shanghai_date(timezone.now()))
    below = tree(jurisdiction)

    def side(key: str) -> diffing.Side:
        if key == DRAFT:
            return diffing.draft_side(resource_draft(resource), item_drafts(resource), law, "修改稿", below)
        return diffing.version_side(queries.published_version(resource_id, int(key)), law, below)

    before, after = side(from_key), side(to_key)
    context = {
        "resource_id": resource_id, "title": resource.title if open_to_me else queries.published_version(resource_id, numbers[-1]).title,
        "code": resource.code, "before": before, "after": after, "sides": sides, "from_key": from_key, "to_key": to_key,
        "diff": diffing.difference(before, after), "case": queries.open_case(resource) if open_to_me else None,
    }  # fmt: skip
    return render(request, "catalogue/diff.html", context)


def _sees_draft(person: Person, resource: Resource) -> bool:
    """The department's own people see its draft; others while they may see the open review."""
    if queries.resources_of(person).filter(pk=resource.pk).exists():
        return True
    case = queries.open_case(resource)
    if case is None:
        return False
    try:
        case_for(person, case.pk)
    except PublicError:
        return False
    return True
