"""Pages of collection: loads, a new load, one load with its report, downloads."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.catalogue.demands import demands
from yishu.catalogue.queries import published, published_version
from yishu.catalogue.rules import DATA_TYPES, ItemSpec
from yishu.collection import actions, queries, store
from yishu.collection.downloads import rejects_csv, template_csv
from yishu.collection.errors import NotOwner
from yishu.collection.forms import UploadForm
from yishu.collection.models import Load
from yishu.collection.publication import STAGES
from yishu.kernel.errors import Problem, PublicError
from yishu.kernel.references import Reference
from yishu.kernel.time import shanghai_date
from yishu.ledger.actions import record
from yishu.ledger.facts import Fact
from yishu.orgs.models import Person, RoleKind
from yishu.orgs.queries import may_act
from yishu.orgs.reading import signed_in
from yishu.pages.parts import FacetOption

PAGE = 30
TONES = {"received": "info", "running": "info", "published": "good", "failed": "bad"}


@login_required
@require_GET
def loads(request: HttpRequest) -> HttpResponse:
    """``/collection/loads/``: the loads of my departments; search, state and order stand in the URL."""
    person, now, query = signed_in(request), timezone.now(), request.GET.dict()
    mine = queries.visible_loads(person, now)
    found = queries.found_loads(
        mine,
        text=query.get("q", "")[:100],
        state=query.get("state", ""),
        resource=query.get("resource", ""),
        sort=query.get("sort", ""),
    )
    counts = dict(mine.order_by().values_list("state").annotate(n=Count("pk")))
    states = [FacetOption(value, label, counts[value]) for value, label in Load.State.choices if value in counts]
    page = Paginator(found, PAGE).get_page(query.get("page"))
    context = {
        "page": page,
        "rows": [{"load": load, "tone": TONES[load.state]} for load in page],
        "states": states,
        "may_load": queries.loadable_resources(person, now).exists(),
        "narrowed": any(query.get(name) for name in ("q", "state", "resource")),
        "waiting": any(load.state in (Load.State.RECEIVED, Load.State.RUNNING) for load in page),
    }
    return render(request, "collection/loads.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new_load(request: HttpRequest) -> HttpResponse:
    """``/collection/loads/new/?resource=``: choose a resource, see the columns it expects, upload the file."""
    person, now = signed_in(request), timezone.now()
    resources = list(queries.loadable_resources(person, now))
    wanted = request.POST.get("resource") or request.GET.get("resource", "")
    resource = next((r for r in resources if str(r.pk) == wanted), None)
    problems: list[Problem] = []
    basis = _basis(person, now)
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES, resources=resources, reference=basis)
        if form.is_valid():
            chosen = next(r for r in resources if str(r.pk) == form.cleaned_data["resource"])
            file = form.cleaned_data["file"]
            try:
                load = actions.receive_upload(
                    resource_code=chosen.code or "", file=file, file_name=file.name, by=person, at=timezone.now()
                )
            except PublicError as error:
                form.add_error("file", f"{error.what}。{error.remedy}")
                problems = list(error.problems)
            else:
                messages.success(request, "文件已接收，正在处理")
                return redirect("collection-load", load_id=load.pk)
    else:
        form = UploadForm(initial={"resource": wanted}, resources=resources, reference=basis)
    context = {
        "form": form,
        "problems": problems,
        "resource": resource,
        "resources": resources,
        "basis": basis,
        "items": [_expected(item) for item in published(id=resource.pk).items] if resource else [],
        "limit_mb": store.upload_limit() // (1024 * 1024),
    }
    status = 422 if form.is_bound else 200
    return render(request, "collection/new.html", context, status=status)


def _basis(person: Person, now: datetime) -> Reference | None:
    """The article that ties a load to a published catalogue entry."""
    if person.department is None:
        return None
    law = demands(person.department.jurisdiction.law, shanghai_date(now))
    return law.reference(actions.REQUIRED_BEFORE_LOAD)


@login_required
@require_GET
def template(request: HttpRequest, resource_id: int) -> HttpResponse:
    """A CSV file with the column names of a published resource."""
    department = signed_in(request).department
    spec = published(id=resource_id, jurisdiction=department.jurisdiction if department else None)
    return HttpResponse(
        template_csv(spec),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": content_disposition_header(True, f"{spec.title}-列名模板.csv") or "attachment"},
    )


@login_required
@require_GET
def load_page(request: HttpRequest, load_id: UUID) -> HttpResponse:
    """One load: where it stands, what was kept and rejected and why, what to do next."""
    person, now = signed_in(request), timezone.now()
    load = queries.visible_load(person, load_id, now)
    return render(request, "collection/load.html", _load_context(load, person))


@login_required
@require_GET
def load_progress(request: HttpRequest, load_id: UUID) -> HttpResponse:
    """The progress part of a load's page, asked for every two seconds; a load that ended has the whole page fetched anew."""
    person = signed_in(request)
    load = queries.visible_load(person, load_id, timezone.now())
    response = render(request, "collection/parts/progress.html", _load_context(load, person))
    if load.state in (Load.State.PUBLISHED, Load.State.FAILED):
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def retry(request: HttpRequest, load_id: UUID) -> HttpResponse:
    """Have a failed load run again."""
    person, now = signed_in(request), timezone.now()
    queries.visible_load(person, load_id, now)
    load = actions.retry_load(load_id=load_id, by=person, at=now)
    messages.success(request, "已重新排队处理")
    return redirect("collection-load", load_id=load.pk)


@login_required
@require_GET
def rejects(request: HttpRequest, load_id: UUID) -> StreamingHttpResponse:
    """The rejected rows for the department that has to correct them; the download is written down."""
    person, now = signed_in(request), timezone.now()
    load = queries.visible_load(person, load_id, now)
    decision = may_act(person, RoleKind.PROVIDER, load.resource.department, now, work=queries.COLLECTION)
    if not decision.allowed:
        raise NotOwner(
            "只有提供部门可以下载问题数据明细", remedy=decision.remedy, object_=load.file_name, why=decision.reason
        )
    spec = published_version(load.resource_id, load.resource_version)
    with transaction.atomic():
        facts: dict[str, Fact] = {
            "event": "collection.rejects_downloaded",
            "load": str(load.pk),
            "rejects": load.rows_rejected or 0,
        }
        record(kind="event", by=person, at=now, department=load.resource.department_id, resource=spec.code, facts=facts)
    name = content_disposition_header(True, f"{spec.title}-问题数据-{load.received_at:%Y%m%d%H%M}.csv") or "attachment"
    return StreamingHttpResponse(
        rejects_csv(load, spec), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
    )


def _expected(item: ItemSpec) -> dict[str, Any]:
    asks = ["必填"] if item.required or item.is_key else []
    asks += {
        "person_id": ["公民身份号码校验"],
        "uscc": ["统一社会信用代码校验"],
        "identity_document": ["身份证件号码校验"],
    }.get(item.identifier, [])
    asks += [f"代码：{'、'.join(list(item.codes)[:8])}{' 等' if len(item.codes) > 8 else ''}"] if item.codes else []
    asks += [f"格式：{item.pattern}"] if item.pattern else []
    asks += (
        ["写作 2024-03-05"] if item.data_type == "D" else ["写作 2024-03-05 08:30:00"] if item.data_type == "T" else []
    )
    if item.length and DATA_TYPES[item.data_type][1] == "string":
        asks.append(f"不超过 {item.length} 字节（UTF-8，一个汉字 3 字节）")
    asks += [f"不小于 {item.minimum}"] if item.minimum else []
    asks += [f"不大于 {item.maximum}"] if item.maximum else []
    marks = (["主标识"] if item.is_key else []) + (["以此取最新"] if item.newest_by else [])
    return {"item": item, "type": DATA_TYPES[item.data_type][0], "asks": asks, "marks": marks}


def _load_context(load: Load, person: Person) -> dict[str, Any]:
    now = timezone.now()
    ended = load.state in (Load.State.PUBLISHED, Load.State.FAILED)
    names = list(STAGES)
    at = names.index(load.stage) if load.stage in STAGES else (len(names) if load.state == Load.State.PUBLISHED else -1)
    seconds = load.report.get("stages", {})
    stages = [
        {
            "title": STAGES[name],
            "state": "done" if place < at else "now" if place == at else "ahead",
            "seconds": seconds.get(name),
        }
        for place, name in enumerate(names)
    ]
    own = may_act(person, RoleKind.PROVIDER, load.resource.department, now, work=queries.COLLECTION).allowed
    error = load.error or None
    current = queries.pool_state(load.resource_id).current
    provider = load.resource.department
    return {
        "answered_by": provider,
        "answers_for_quality": demands(provider.jurisdiction.law, shanghai_date(now)).reference("quality.answered_by"),
        "load": load,
        "ended": ended,
        "tone": TONES[load.state],
        "stages": stages,
        "reasons": load.report.get("reasons", []),
        "private_use": load.report.get("private_use"),
        "error": error,
        "error_reference": Reference(**error["reference"]) if error and error.get("reference") else None,
        "error_problems": [
            Problem(p.get("where", ""), p.get("what", ""), p.get("next", ""), p.get("code", ""))
            for p in (error or {}).get("problems", [])
        ],
        "own": own,
        "may_retry": own and load.state == Load.State.FAILED and store.path_of(load.pk).exists(),
        "has_rejects": own and bool(load.rows_rejected) and load.rejects_version is not None,
        "is_current": current is not None and current.pk == load.pk,
        "current": current,
    }
