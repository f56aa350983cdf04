"""Pages of the administrator: departments, people and roles, machine clients."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs import accounts, actions, queries, rules
from yishu.orgs.forms import ClientForm, DepartmentForm, PersonEditForm, PersonForm, RoleForm
from yishu.orgs.locks import locked_since
from yishu.orgs.models import VENDOR_KIND, Client, Department, Jurisdiction, Person, Role, RoleKind
from yishu.orgs.reading import signed_in
from yishu.orgs.tenants import areas_of
from yishu.pages.forms import add_problems
from yishu.pages.lists import page_of, read_list_query
from yishu.pages.parts import FacetOption

SEES = frozenset({"admin", "authority", "auditor", "inspector", "leader", "government"})


def _see(request: HttpRequest, *roles: str) -> frozenset[str]:
    held = queries.roles_of(signed_in(request))
    if not held & set(roles):
        words = "、".join(RoleKind(role).label for role in roles)
        raise NotAllowed(
            f"这个页面供“{words}”使用，您没有这些角色",
            remedy="如确因工作需要，请联系系统管理员",
            code="orgs.role_needed",
        )
    return held


def _jurisdiction(request: HttpRequest) -> Jurisdiction:
    found = queries.jurisdiction_of(signed_in(request))
    if found is None:
        raise Conflict("您的账号没有所属部门", remedy="请联系系统管理员设置所属部门", code="orgs.no_department")
    return found


def _department(request: HttpRequest, pk: int) -> Department:
    me = signed_in(request)
    found = queries.departments_seen(me).select_related("jurisdiction", "responsible", "parent", "area")
    row = found.filter(pk=pk).first()
    if row is None:
        raise NotFound("没有这个部门", remedy="请从部门列表重新进入", code="orgs.no_department")
    return row


def _person(request: HttpRequest, pk: int) -> Person:
    found = queries.people_seen(signed_in(request)).select_related("department").filter(pk=pk).first()
    if found is None:
        raise NotFound("没有这个人员", remedy="请从人员列表重新进入", code="orgs.no_person")
    return found


DEPARTMENT_SORTS = {"name": ("name",), "kind": ("kind", "name"), "people": ("people_count", "name")}


@login_required
@require_GET
def departments(request: HttpRequest) -> HttpResponse:
    """All departments, with what their profiles lack (XW-5.2)."""
    held = _see(request, *SEES)
    jurisdiction = _jurisdiction(request)
    today = shanghai_date(timezone.now())
    query = read_list_query(request, DEPARTMENT_SORTS, "name")
    kinds = {o.key: o.title for o in queries.kinds_of(jurisdiction, today)}
    every = queries.departments_seen(signed_in(request))
    rows = (
        every.select_related("responsible", "jurisdiction", "parent", "area")
        .prefetch_related("officers")
        .annotate(people_count=Count("people", filter=Q(people__is_active=True), distinct=True))
    )
    if query.text:
        rows = rows.filter(
            Q(name__icontains=query.text) | Q(short_name__icontains=query.text) | Q(uscc__icontains=query.text)
        )
    incomplete = _incomplete(jurisdiction, today)
    areas = {str(area.pk): area.name for area in areas_of(jurisdiction)}
    facets = {
        "kind": [FacetOption(k, t, every.filter(kind=k).count()) for k, t in kinds.items()],
        "profile": [FacetOption("incomplete", "不完整", every.filter(incomplete).distinct().count())],
        "area": [FacetOption(k, t, every.filter(area=int(k)).count()) for k, t in areas.items()],
    }
    if request.GET.get("area") in areas:
        rows = rows.filter(area=int(request.GET["area"]))
    if request.GET.get("kind") in kinds:
        rows = rows.filter(kind=request.GET["kind"])
    if request.GET.get("profile") == "incomplete":
        rows = rows.filter(pk__in=every.filter(incomplete).values("pk"))
    page = page_of(rows.order_by(*query.order), query)
    shown = [
        {"department": row, "kind": kinds.get(row.kind, row.kind), "missing": queries.missing_profile(row, today)}
        for row in page
    ]
    context = {"page": page, "rows": shown, "facets": facets, "may_edit": "admin" in held, "q": query.text}
    return render(request, "orgs/departments.html", context)


def _incomplete(jurisdiction: Jurisdiction, day: date) -> Q:
    """Which departments lack something the law asks of a profile; technical service providers are not asked."""
    gaps = {"responsible": Q(responsible=None), "unit": Q(unit=""), "officers": Q(officers=None)}
    found = Q(pk__in=())
    for asked in queries.required_profile(jurisdiction, day):
        name = asked.name
        found |= gaps.get(name, ~Q(profile__has_key=name) | Q(**{f"profile__{name}": ""}))
    return found & ~Q(kind=VENDOR_KIND)


@login_required
@require_GET
def department(request: HttpRequest, pk: int) -> HttpResponse:
    """One department: profile, units, people, clients, history."""
    held = queries.roles_of(signed_in(request))
    row = _department(request, pk)
    if signed_in(request).department_id != row.pk:
        _see(request, *SEES)
    at = timezone.now()
    today = shanghai_date(at)
    kinds = {o.key: o for o in queries.kinds_of(row.jurisdiction, today)}
    texts = {asked.name: asked for asked in queries.required_profile(row.jurisdiction, today)}
    context = {
        "department": row,
        "kind": kinds.get(row.kind),
        "missing": queries.missing_profile(row, today),
        "texts": [(texts[name].title if name in texts else name, text) for name, text in row.profile.items() if text],
        "units": row.units.order_by("name"),
        "authorities": queries.authority_of(row),
        "may_own": queries.may_own_resources(row, today),
        "may_apply": queries.may_apply(row, today),
        "people": row.people.order_by("-is_active", "name").prefetch_related("roles"),
        "clients": row.clients.all(),
        "changes": row.changes.select_related("by").order_by("-at", "-pk")[:100],
        "may_edit": "admin" in held,
    }
    return render(request, "orgs/department.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def department_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Register a department, or change one."""
    _see(request, "admin")
    row = _department(request, pk) if pk else None
    jurisdiction = row.jurisdiction if row else _jurisdiction(request)
    at = timezone.now()
    initial: dict[str, Any] = {}
    if row:
        initial = {f: getattr(row, f) for f in actions.PROFILE_FIELDS if f not in ("officers", "profile")}
        initial |= {"officers": list(row.officers.all()), "responsible": row.responsible_id}
        initial |= {"parent": row.parent_id, "area": row.area_id}
        initial |= {f"text_{name}": text for name, text in row.profile.items()}
    form = DepartmentForm(jurisdiction, row, shanghai_date(at), request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.given()
        if row:
            given["officers"] = list(given["officers"])
        try:
            if row is None:
                row = actions.create_department(jurisdiction=jurisdiction, by=signed_in(request), at=at, **given)
            else:
                actions.update_department(department=row, changes=given, by=signed_in(request), at=at)
        except PublicError as error:
            add_problems(form, error)
        else:
            messages.success(request, "已保存")
            return redirect("orgs-department", row.pk)
    return render(
        request, "orgs/department_edit.html", {"form": form, "department": row}, status=422 if form.errors else 200
    )


PEOPLE_SORTS = {
    "name": ("name",),
    "username": ("username",),
    "department": ("department__name", "name"),
    "seen": ("last_login", "name"),
}


@login_required
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """All people with their roles."""
    held = _see(request, "admin", "auditor")
    query = read_list_query(request, PEOPLE_SORTS, "name")
    everyone = queries.people_seen(signed_in(request))
    rows = everyone.select_related("department").prefetch_related("roles__department")
    if query.text:
        rows = rows.filter(
            Q(name__icontains=query.text)
            | Q(username__icontains=query.text)
            | Q(department__name__icontains=query.text)
        )
    role, state = request.GET.get("role"), request.GET.get("state")
    if role in RoleKind.values:
        rows = rows.filter(pk__in=Role.objects.filter(kind=role, revoked_at=None).values("person"))
    if state in ("active", "off"):
        rows = rows.filter(is_active=state == "active")
    page = page_of(rows.order_by(*query.order), query)
    counts = (
        Role.objects.filter(revoked_at=None, person__in=everyone)
        .values_list("kind")
        .annotate(n=Count("person", distinct=True))
    )
    by_kind = dict(counts)
    facets = {
        "role": [FacetOption(key, label, by_kind[key]) for key, label in RoleKind.choices if by_kind.get(key)],
        "state": [FacetOption("active", "启用"), FacetOption("off", "停用")],
    }
    return render(
        request, "orgs/people.html", {"page": page, "facets": facets, "may_edit": "admin" in held, "q": query.text}
    )


@login_required
@require_http_methods(["GET", "POST"])
def person_new(request: HttpRequest) -> HttpResponse:
    """Make an account; its first password is shown on the answer to this request only."""
    _see(request, "admin")
    form = PersonForm(request.POST or None, initial={"department": request.GET.get("department")})
    form.limit(queries.departments_seen(signed_in(request)))
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        at, by = timezone.now(), signed_in(request)
        roles = given.pop("roles")
        try:
            with transaction.atomic():
                made, password = accounts.create_person(by=by, at=at, **given)
                for kind in roles:
                    accounts.grant_role(person=made, kind=kind, by=by, at=at)
        except PublicError as error:
            add_problems(form, error)
        else:
            return render(request, "orgs/password_once.html", {"person": made, "password": password, "new": True})
    return render(request, "orgs/person_new.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: details, roles, lock-out."""
    held = _see(request, "admin", "auditor")
    row = _person(request, pk)
    departments = queries.departments_seen(signed_in(request))
    initial = {"name": row.name, "department": row.department_id, "email": row.email, "active": row.is_active}
    form = PersonEditForm(request.POST or None, initial=initial)
    form.limit(departments)
    role_form = RoleForm(initial={"department": row.department_id})
    role_form.limit(departments)
    at = timezone.now()
    if request.method == "POST" and form.is_valid():
        try:
            accounts.update_person(person=row, by=signed_in(request), at=timezone.now(), **form.cleaned_data)
        except PublicError as error:
            add_problems(form, error)
        else:
            messages.success(request, "已保存")
            return redirect("orgs-person", row.pk)
    context = {
        "person": row,
        "form": form,
        "roles": row.roles.select_related("department", "granted_by").order_by("revoked_at", "granted_at"),
        "role_form": role_form,
        "now": at,
        "stand_ins": queries.standing_in(row, at),
        "work": rules.VENDOR_WORK,
        "offices": rules.OFFICES,
        "locked_since": locked_since(row.username),
        "may_edit": "admin" in held,
    }
    return render(request, "orgs/person.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def role_grant(request: HttpRequest, pk: int) -> HttpResponse:
    """Grant a role; what is wrong is told on the person's page."""
    _see(request, "admin")
    row = _person(request, pk)
    form = RoleForm(request.POST)
    form.limit(queries.departments_seen(signed_in(request)))
    if not form.is_valid():
        messages.error(
            request, "角色没有授予：" + "；".join(str(text) for texts in form.errors.values() for text in texts)
        )
        return redirect("orgs-person", row.pk)
    try:
        accounts.grant_role(person=row, by=signed_in(request), at=timezone.now(), **form.given())
    except Invalid as error:
        messages.error(request, "角色没有授予：" + "；".join(f"{p.where}，{p.what}" for p in error.problems))
    else:
        messages.success(request, "角色已授予")
    return redirect("orgs-person", row.pk)


@login_required
@require_POST
def role_revoke(request: HttpRequest, pk: int, role: int) -> HttpResponse:
    """Revoke a role."""
    found = Role.objects.filter(pk=role, person=_person(request, pk)).first()
    if found is None:
        raise NotFound("没有这个角色", remedy="请从人员页面重新操作", code="orgs.no_role")
    accounts.revoke_role(role=found, by=signed_in(request), at=timezone.now())
    messages.success(request, "角色已收回")
    return redirect("orgs-person", pk)


@login_required
@require_POST
def person_unlock(request: HttpRequest, pk: int) -> HttpResponse:
    """End a lock-out."""
    accounts.unlock_person(person=_person(request, pk), by=signed_in(request), at=timezone.now())
    messages.success(request, "已解除登录锁定")
    return redirect("orgs-person", pk)


@login_required
@require_POST
def person_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a new password, shown on this answer only."""
    row = _person(request, pk)
    password = accounts.reset_password(person=row, by=signed_in(request), at=timezone.now())
    return render(request, "orgs/password_once.html", {"person": row, "password": password, "new": False})


CLIENT_SORTS = {"name": ("name",), "department": ("department__name", "name"), "created": ("created_at",)}


@login_required
@require_http_methods(["GET", "POST"])
def clients(request: HttpRequest) -> HttpResponse:
    """Machine clients: all for administrators and auditors, the own department's for its people. POST makes one."""
    held = _see(request, "admin", "auditor", "consumer", "provider")
    me = signed_in(request)
    mine = queries.departments_seen(me).filter(active=True)
    rows = Client.objects.filter(department__in=queries.departments_seen(me)).select_related("department", "created_by")
    if not held & {"admin", "auditor"}:
        rows = rows.filter(department=me.department)
    if "admin" not in held:
        mine = queries.departments_as(me, timezone.now(), RoleKind.CONSUMER)
    form = ClientForm(request.POST or None, initial={"department": me.department_id})
    field: Any = form.fields["department"]
    field.queryset = mine
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = actions.create_client(by=me, at=timezone.now(), **form.cleaned_data)
        except PublicError as error:
            add_problems(form, error)
        else:
            return render(request, "orgs/secret_once.html", {"client": made, "secret": secret, "new": True})
    query = read_list_query(request, CLIENT_SORTS, "name")
    if query.text:
        rows = rows.filter(
            Q(name__icontains=query.text)
            | Q(client_id__icontains=query.text)
            | Q(department__name__icontains=query.text)
        )
    context = {
        "page": page_of(rows.order_by("disabled_at", *query.order), query),
        "form": form,
        "may_make": mine.exists(),
        "keeps": set(mine.values_list("pk", flat=True)),
        "q": query.text,
    }
    return render(request, "orgs/clients.html", context, status=422 if form.errors else 200)


def _client(request: HttpRequest, pk: UUID) -> Client:
    here = queries.departments_seen(signed_in(request))
    found = Client.objects.filter(department__in=here).select_related("department").filter(pk=pk).first()
    if found is None:
        raise NotFound("没有这个机器客户端", remedy="请从机器客户端列表重新进入", code="orgs.no_client")
    return found


@login_required
@require_POST
def client_rotate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a new secret, shown on this answer only."""
    row = _client(request, pk)
    secret = actions.rotate_secret(client=row, by=signed_in(request), at=timezone.now())
    return render(request, "orgs/secret_once.html", {"client": row, "secret": secret, "new": False})


@login_required
@require_POST
def client_disable(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Switch a client off."""
    row = actions.disable_client(client=_client(request, pk), by=signed_in(request), at=timezone.now())
    messages.success(request, f"已停用“{row.name}”，其令牌和密钥不再有效")
    return redirect("orgs-clients")
