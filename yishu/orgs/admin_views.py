"""Pages of the administrator: departments, people and roles, machine clients."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from yishu.kernel.errors import Conflict, NotAllowed, NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.law import values
from yishu.orgs import accounts, actions, queries
from yishu.orgs.forms import ClientForm, DepartmentForm, PersonEditForm, PersonForm, RoleForm
from yishu.orgs.locks import locked_since
from yishu.orgs.models import Client, Department, Jurisdiction, Person, Role, RoleKind
from yishu.orgs.views import person_of
from yishu.pages.forms import add_problems
from yishu.pages.lists import page_of, read_list_query
from yishu.pages.parts import FacetOption

SEES = frozenset({"admin", "authority", "auditor"})


def _see(request: HttpRequest, *roles: str) -> frozenset[str]:
    held = queries.roles_of(person_of(request))
    if not held & set(roles):
        words = "、".join(RoleKind(role).label for role in roles)
        raise NotAllowed(
            f"这个页面供“{words}”使用，您没有这些角色",
            remedy="如确因工作需要，请联系系统管理员",
            code="orgs.role_needed",
        )
    return held


def _jurisdiction() -> Jurisdiction:
    found = queries.the_jurisdiction()
    if found is None:
        raise Conflict("平台还没有初始化", remedy="请先完成首次访问的初始化", code="orgs.not_set_up")
    return found


def _department(pk: int) -> Department:
    found = Department.objects.select_related("jurisdiction", "responsible").filter(pk=pk).first()
    if found is None:
        raise NotFound("没有这个部门", remedy="请从部门列表重新进入", code="orgs.no_department")
    return found


def _person(pk: int) -> Person:
    found = Person.objects.select_related("department").filter(pk=pk).first()
    if found is None:
        raise NotFound("没有这个人员", remedy="请从人员列表重新进入", code="orgs.no_person")
    return found


DEPARTMENT_SORTS = {"name": ("name",), "kind": ("kind", "name"), "people": ("people_count", "name")}


@login_required
def departments(request: HttpRequest) -> HttpResponse:
    """All departments, with what their profiles lack (XW-5.2)."""
    held = _see(request, *SEES)
    jurisdiction = _jurisdiction()
    today = shanghai_date(timezone.now())
    query = read_list_query(request, DEPARTMENT_SORTS, "name")
    kinds = {o.key: o.title for o in values.options(queries.law_view(jurisdiction, today), "org_kinds")}
    rows = (
        Department.objects.filter(jurisdiction=jurisdiction)
        .select_related("responsible", "jurisdiction")
        .prefetch_related("officers")
        .annotate(people_count=Count("people", filter=Q(people__is_active=True), distinct=True))
    )
    if query.text:
        rows = rows.filter(
            Q(name__icontains=query.text) | Q(short_name__icontains=query.text) | Q(uscc__icontains=query.text)
        )
    incomplete = Q(responsible=None) | Q(unit="") | Q(officers=None)
    every = Department.objects.filter(jurisdiction=jurisdiction)
    facets = {
        "kind": [FacetOption(k, t, every.filter(kind=k).count()) for k, t in kinds.items()],
        "profile": [FacetOption("incomplete", "不完整", every.filter(incomplete).distinct().count())],
    }
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


@login_required
def department(request: HttpRequest, pk: int) -> HttpResponse:
    """One department: profile, people, clients, history."""
    held = queries.roles_of(person_of(request))
    row = _department(pk)
    if person_of(request).department_id != row.pk:
        _see(request, *SEES)
    today = shanghai_date(timezone.now())
    kinds = {o.key: o for o in values.options(queries.law_view(row.jurisdiction, today), "org_kinds")}
    context = {
        "department": row,
        "kind": kinds.get(row.kind),
        "missing": queries.missing_profile(row, today),
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
    row = _department(pk) if pk else None
    jurisdiction = row.jurisdiction if row else _jurisdiction()
    at = timezone.now()
    initial: dict[str, Any] = {}
    if row:
        initial = {f: getattr(row, f) for f in actions.PROFILE_FIELDS if f != "officers"}
        initial |= {"officers": list(row.officers.all()), "responsible": row.responsible_id}
    form = DepartmentForm(jurisdiction, row, shanghai_date(at), request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        if row:
            given["officers"] = list(given["officers"])
        try:
            if row is None:
                row = actions.create_department(jurisdiction=jurisdiction, by=person_of(request), at=at, **given)
            else:
                actions.update_department(department=row, changes=given, by=person_of(request), at=at)
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
def people(request: HttpRequest) -> HttpResponse:
    """All people with their roles."""
    held = _see(request, "admin", "auditor")
    query = read_list_query(request, PEOPLE_SORTS, "name")
    rows = Person.objects.select_related("department").prefetch_related("roles__department")
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
    counts = Role.objects.filter(revoked_at=None).values_list("kind").annotate(n=Count("person", distinct=True))
    by_kind = dict(counts)
    facets = {
        "role": [FacetOption(key, label, by_kind.get(key, 0)) for key, label in RoleKind.choices],
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
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        at, by = timezone.now(), person_of(request)
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
    row = _person(pk)
    initial = {"name": row.name, "department": row.department_id, "email": row.email, "active": row.is_active}
    form = PersonEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            accounts.update_person(person=row, by=person_of(request), at=timezone.now(), **form.cleaned_data)
        except PublicError as error:
            add_problems(form, error)
        else:
            messages.success(request, "已保存")
            return redirect("orgs-person", row.pk)
    context = {
        "person": row,
        "form": form,
        "roles": row.roles.select_related("department", "granted_by").order_by("revoked_at", "granted_at"),
        "role_form": RoleForm(initial={"department": row.department_id}),
        "locked_since": locked_since(row.username),
        "may_edit": "admin" in held,
    }
    return render(request, "orgs/person.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def role_grant(request: HttpRequest, pk: int) -> HttpResponse:
    """Grant a role."""
    row = _person(pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        accounts.grant_role(person=row, by=person_of(request), at=timezone.now(), **form.cleaned_data)
        messages.success(request, "角色已授予")
    else:
        messages.error(request, "请选择角色和部门")
    return redirect("orgs-person", row.pk)


@login_required
@require_POST
def role_revoke(request: HttpRequest, pk: int, role: int) -> HttpResponse:
    """Revoke a role."""
    found = Role.objects.filter(pk=role, person_id=pk).first()
    if found is None:
        raise NotFound("没有这个角色", remedy="请从人员页面重新操作", code="orgs.no_role")
    accounts.revoke_role(role=found, by=person_of(request), at=timezone.now())
    messages.success(request, "角色已收回")
    return redirect("orgs-person", pk)


@login_required
@require_POST
def person_unlock(request: HttpRequest, pk: int) -> HttpResponse:
    """End a lock-out."""
    accounts.unlock_person(person=_person(pk), by=person_of(request), at=timezone.now())
    messages.success(request, "已解除登录锁定")
    return redirect("orgs-person", pk)


@login_required
@require_POST
def person_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a new password, shown on this answer only."""
    row = _person(pk)
    password = accounts.reset_password(person=row, by=person_of(request), at=timezone.now())
    return render(request, "orgs/password_once.html", {"person": row, "password": password, "new": False})


CLIENT_SORTS = {"name": ("name",), "department": ("department__name", "name"), "created": ("created_at",)}


@login_required
@require_http_methods(["GET", "POST"])
def clients(request: HttpRequest) -> HttpResponse:
    """Machine clients: all for administrators and auditors, the own department's for its people. POST makes one."""
    held = _see(request, "admin", "auditor", "consumer", "provider")
    me = person_of(request)
    mine = Department.objects.filter(active=True)
    rows = Client.objects.select_related("department", "created_by")
    if not held & {"admin", "auditor"}:
        rows = rows.filter(department=me.department)
    if "admin" not in held:
        mine = mine.filter(pk__in=Role.objects.filter(person=me, kind="consumer", revoked_at=None).values("department"))
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


def _client(pk: UUID) -> Client:
    found = Client.objects.select_related("department").filter(pk=pk).first()
    if found is None:
        raise NotFound("没有这个机器客户端", remedy="请从机器客户端列表重新进入", code="orgs.no_client")
    return found


@login_required
@require_POST
def client_rotate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a new secret, shown on this answer only."""
    row = _client(pk)
    secret = actions.rotate_secret(client=row, by=person_of(request), at=timezone.now())
    return render(request, "orgs/secret_once.html", {"client": row, "secret": secret, "new": False})


@login_required
@require_POST
def client_disable(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Switch a client off."""
    row = actions.disable_client(client=_client(pk), by=person_of(request), at=timezone.now())
    messages.success(request, f"已停用“{row.name}”，其令牌和密钥不再有效")
    return redirect("orgs-clients")
