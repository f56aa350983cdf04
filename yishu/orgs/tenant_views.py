"""Pages of tenants: list of jurisdictions, founding one, mode of the law, areas."""

from datetime import date

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.kernel.errors import NotAllowed, PublicError
from yishu.kernel.time import shanghai_date
from yishu.law import packs
from yishu.orgs import queries, tenants
from yishu.orgs.forms_tenants import AreaForm, FoundingForm, ModeForm
from yishu.orgs.models import Jurisdiction, RoleKind
from yishu.orgs.reading import signed_in
from yishu.orgs.setup import found_tenant
from yishu.pages.forms import add_problems
from yishu.pages.lists import page_of, read_list_query

SORTS = {"name": ("name",), "parent": ("parent__name", "name"), "created": ("created_at",)}
SEES = frozenset(
    {RoleKind.ADMIN, RoleKind.AUTHORITY, RoleKind.AUDITOR, RoleKind.LEADER, RoleKind.GOVERNMENT, RoleKind.OPERATOR}
)


def _require_reader(request: HttpRequest) -> frozenset[str]:
    held = queries.roles_of(signed_in(request))
    if not held & SEES:
        raise NotAllowed(
            "这个页面供系统管理、数据主管、审计和领导小组使用",
            remedy="如确因工作需要，请联系系统管理员",
            code="orgs.role_needed",
        )
    return held


@login_required
@require_GET
def jurisdictions(request: HttpRequest) -> HttpResponse:
    """The tenants a person sees, with the law each stands under and, for those under their own, figures."""
    _require_reader(request)
    me, at = signed_in(request), timezone.now()
    query = read_list_query(request, SORTS, "name")
    rows = tenants.jurisdictions_seen(me, at).select_related("parent")
    if query.text:
        rows = rows.filter(name__icontains=query.text)
    figures = {s.jurisdiction.pk: s for s in tenants.lower_standings(me, at)}
    page = page_of(rows.order_by(*query.order), query)
    day = shanghai_date(at)
    home = queries.jurisdiction_of(me)
    context = {
        "page": page,
        "rows": [{"place": row, "law": _law_words(row, day), "figures": figures.get(row.pk)} for row in page],
        "may_found": tenants.may_found(me, home, at),
        "home": home,
        "q": query.text,
        "shows_figures": bool(figures),
    }
    return render(request, "orgs/jurisdictions.html", context)


def _law_words(row: Jurisdiction, day: date) -> dict[str, str]:
    try:
        pack = packs.load(row.pack)
    except PublicError:
        return {"name": row.pack, "standing": "规则包不可用"}
    return {"name": pack.instrument, "standing": pack.at(day).standing().words}


@login_required
@require_http_methods(["GET", "POST"])
def jurisdiction_new(request: HttpRequest) -> HttpResponse:
    """Found a tenant; its administrator's password is shown on the answer to this request only."""
    me, at = signed_in(request), timezone.now()
    home = queries.jurisdiction_of(me)
    if not tenants.may_found(me, home, at):
        raise NotAllowed(
            "建立行政区域由平台管理员办理，下级共享逻辑平台也可由上级的系统管理员建立",
            remedy="请联系平台管理员",
            code="orgs.not_platform_operator",
        )
    form = FoundingForm(
        tenants.jurisdictions_seen(me, at), not tenants.is_platform_operator(me, at), request.POST or None
    )
    if request.method == "POST" and form.is_valid():
        day = shanghai_date(at)
        try:
            place, person, password = found_tenant(kind=form.kind(day), by=me, at=at, **form.cleaned_data)
        except PublicError as error:
            add_problems(form, error)
        else:
            context = {"person": person, "password": password, "new": True, "place": place}
            return render(request, "orgs/tenant_made.html", context)
    return render(request, "orgs/jurisdiction_new.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def jurisdiction(request: HttpRequest, pk: int) -> HttpResponse:
    """One tenant: its law and, for its own people, areas, changes and the switch of the mode (POST)."""
    held = _require_reader(request)
    me, at = signed_in(request), timezone.now()
    row = tenants.jurisdiction_for(me, pk, at)
    own = row.pk == queries.jurisdiction_id_of(me)
    may_edit = own and RoleKind.ADMIN in held
    other = next(mode for mode in Jurisdiction.Mode.values if mode != row.mode)
    form = ModeForm(request.POST or None, initial={"mode": other})
    if request.method == "POST" and form.is_valid():
        try:
            tenants.switch_mode(jurisdiction=row, by=me, at=at, **form.cleaned_data)
        except PublicError as error:
            if not error.problems:
                raise
            add_problems(form, error)
        else:
            messages.success(request, "适用方式已改变，此后新发起的办件按新方式办理")
            return redirect("orgs-jurisdiction", row.pk)
    context = {
        "place": row,
        "law": _law_words(row, shanghai_date(at)),
        "mode": tenants.MODE_WORDS[row.mode],
        "upstream": tenants.upstream_of(row, shanghai_date(at)),
        "own": own,
        "may_edit": may_edit,
        "form": form,
        "area_form": AreaForm(),
        "areas": tenants.areas_of(row).prefetch_related("departments") if own else [],
        "authorities": tenants.authorities_of(row) if own else [],
        "lower": row.lower.order_by("name"),
        "changes": row.changes.select_related("by").order_by("-at", "-pk")[:50] if own else [],
    }
    return render(request, "orgs/jurisdiction.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def area_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Found an area of one's own tenant."""
    me, at = signed_in(request), timezone.now()
    row = tenants.jurisdiction_for(me, pk, at)
    form = AreaForm(request.POST)
    if not form.is_valid():
        messages.error(request, "片区没有建立：请填写片区名称")
        return redirect("orgs-jurisdiction", row.pk)
    try:
        tenants.create_area(jurisdiction=row, by=me, at=at, **form.cleaned_data)
    except PublicError as error:
        if not error.problems:
            raise
        messages.error(request, "片区没有建立：" + "；".join(p.what for p in error.problems))
    else:
        messages.success(request, "片区已建立，可在部门资料中选用")
    return redirect("orgs-jurisdiction", row.pk)
