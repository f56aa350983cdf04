"""Pages of applications and grants."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.errors import PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Person, RoleKind
from yishu.orgs.queries import may_act
from yishu.orgs.reading import signed_in
from yishu.pages.parts import FacetOption
from yishu.security.masks import MASKS
from yishu.sharing import actions, examples, queries, receipts
from yishu.sharing.adapters import in_words
from yishu.sharing.forms import ClientsForm, RevokeForm
from yishu.sharing.models import Application, Grant
from yishu.sharing.rules import LOOKUP, can_look_up, conditions

PAGE = 25
_SORTS = {
    "title": "resource__title",
    "department": "department__name",
    "ends": "ends_on",
}


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """``/sharing/mine/``: grants and applications of my departments; filters, order and search stand in the URL."""
    person, today = signed_in(request), shanghai_date(timezone.now())
    tab = "applications" if request.GET.get("tab") == "applications" else "grants"
    grants = queries.visible_grants(person)
    applications = queries.visible_applications(person)
    if request.GET.get("side") == "used" or request.GET.get("side") == "given":
        roles = (RoleKind.CONSUMER,) if request.GET["side"] == "used" else (RoleKind.PROVIDER,)
        ids = list(queries.departments_as(person, *roles).values_list("pk", flat=True))
        field = "department_id__in" if request.GET["side"] == "used" else "resource__department_id__in"
        grants, applications = grants.filter(**{field: ids}), applications.filter(**{field: ids})
    rows: QuerySet[Any] = (
        _grants_in_state(grants, request.GET.get("state", ""), today) if tab == "grants" else applications
    )
    if tab == "applications" and request.GET.get("state") in Application.State.values:
        rows = rows.filter(state=request.GET["state"])
    text = request.GET.get("q", "").strip()[:100].replace("\x00", "")
    if text:
        rows = rows.filter(
            Q(resource__title__icontains=text) | Q(resource__code__icontains=text) | Q(department__name__icontains=text)
            | Q(resource__department__name__icontains=text)
        )  # fmt: skip
    began = "granted_at" if tab == "grants" else "submitted_at"
    sort = request.GET.get("sort", "")
    column = {**_SORTS, "began": began}.get(sort.removeprefix("-"))
    rows = rows.order_by(("-" if sort.startswith("-") else "") + column if column else f"-{began}", "pk")
    states = (
        [FacetOption("active", "有效"), FacetOption("ended", "已到期"), FacetOption("revoked", "已收回")]
        if tab == "grants"
        else [FacetOption(value, label) for value, label in Application.State.choices]
    )
    context = {
        "tab": tab,
        "tabs": [("grants", "授权", grants.count()), ("applications", "申请", applications.count())],
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "states": states,
        "sides": [FacetOption("used", "本部门使用的"), FacetOption("given", "使用本部门数据的")],
        "today": today,
        "narrowed": bool(text or request.GET.get("state") or request.GET.get("side")),
    }
    return render(request, "sharing/mine.html", context)


def _grants_in_state(grants: QuerySet[Grant], state: str, today: Any) -> QuerySet[Grant]:
    match state:
        case "active":
            return grants.filter(state=Grant.State.ACTIVE, ends_on__gte=today)
        case "ended":
            return grants.filter(state=Grant.State.ACTIVE, ends_on__lt=today)
        case "revoked":
            return grants.filter(state=Grant.State.REVOKED)
    return grants


@login_required
@require_GET
def grant_page(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """``/sharing/grants/<uuid>/``: what the grant shows, to whom, how to call it, and how it can end."""
    person = signed_in(request)
    return _show_grant(request, queries.grant_for(person, grant_id), person)


def _show_grant(
    request: HttpRequest,
    grant: Grant,
    person: Person,
    *,
    error: PublicError | None = None,
    status: int = 200,
    **forms: Any,
) -> HttpResponse:
    now = timezone.now()
    spec = queries.spec_of(grant)
    view = queries.law(grant.jurisdiction, shanghai_date(grant.granted_at))
    clients = list(grant.clients.all())
    consumer = may_act(person, RoleKind.CONSUMER, grant.department, now).allowed
    gateway, client_id = settings.ENVIRONMENT.gateway_url, clients[0].client_id if clients else "<客户端编号>"
    may_revoke = queries.may_revoke(grant, person, now)
    active = grant.state == Grant.State.ACTIVE
    context = {
        "grant": grant,
        "spec": spec,
        "items": grant_items(spec, grant),
        "left_out": len(spec.items) - len(grant.items),
        "filters": [in_words(spec, c) for c in conditions(grant.row_filter)],
        "purpose": queries.title_of(view, "use_purposes", grant.purpose),
        "modes": [queries.title_of(view, "delivery_modes", m) for m in grant.modes],
        "usable": queries.may_use_grant(grant, now),
        "may_look_up": queries.may_look_up(grant, person, now),
        "can_look_up": can_look_up(spec, grant.modes),
        "programs": LOOKUP in grant.modes,
        "clients": clients,
        "may_set_clients": consumer and active and LOOKUP in grant.modes,
        "clients_form": forms.get("clients_form")
        or ClientsForm(department=grant.department, initial={"clients": clients}),
        "may_revoke": may_revoke if active else None,
        "revoke_form": forms.get("revoke_form") or RevokeForm(),
        "curl": examples.curl(gateway, spec, grant.pk, client_id),
        "python": examples.python(gateway, spec, grant.pk, client_id),
        "gateway": gateway,
        "case": grant.application.case if grant.application else None,
        "access": queries.access_reference(grant),
        "third_party": view.get("sharing.third_party_allowed").reference,
        "calls": receipts.recent(person, grant=str(grant.pk), limit=10),
        "error": error,
    }
    return render(request, "sharing/grant.html", context, status=status)


def grant_items(spec: ResourceSpec, grant: Grant) -> list[Mapping[str, Any]]:
    """The grant's items with the mask each carries, in catalogue order."""
    return [
        {"item": i, "mask": MASKS.get(grant.masks.get(i.column, ""))} for i in spec.items if i.column in grant.items
    ]


@login_required
@require_POST
def revoke(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Take a grant back; on any error the grant's page comes back with the reason as typed."""
    person = signed_in(request)
    grant = queries.grant_for(person, grant_id)
    form = RevokeForm(request.POST)
    if not form.is_valid():
        return _show_grant(request, grant, person, revoke_form=form, status=422)
    return _do(
        request, grant, person, "授权已收回，网关自此拒绝调用", {"revoke_form": form},
        lambda: actions.revoke_grant(grant_id=grant.pk, reason=form.cleaned_data["reason"], by=person, at=timezone.now()),
    )  # fmt: skip


@login_required
@require_POST
def set_clients(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Choose the programs that may use a grant."""
    person = signed_in(request)
    grant = queries.grant_for(person, grant_id)
    form = ClientsForm(request.POST, department=grant.department)
    if not form.is_valid():
        return _show_grant(request, grant, person, clients_form=form, status=422)
    chosen = [c.pk for c in form.cleaned_data["clients"]]
    return _do(
        request, grant, person, "可使用的客户端已保存", {"clients_form": form},
        lambda: actions.set_grant_clients(grant_id=grant.pk, client_ids=chosen, by=person, at=timezone.now()),
    )  # fmt: skip


def _do(
    request: HttpRequest,
    grant: Grant,
    person: Person,
    done: str,
    forms: Mapping[str, Any],
    action: Callable[[], object],
) -> HttpResponse:
    try:
        action()
    except PublicError as error:
        return _show_grant(request, grant, person, error=error, status=error.status, **forms)
    messages.success(request, done)
    return redirect("sharing-grant", grant_id=grant.pk)
