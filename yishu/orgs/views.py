"""Sign-in, the first visit, one's own profile and password."""

from urllib.parse import quote

from allauth.account import views as account
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from yishu.kernel.errors import PublicError
from yishu.kernel.time import shanghai_date
from yishu.law import packs, values
from yishu.orgs import accounts, queries
from yishu.orgs import setup as first_visit
from yishu.orgs.forms import PasswordForm, SetupForm
from yishu.orgs.reading import signed_in
from yishu.orgs.signin_confirm import SIGNED_IN_BY, safe_next
from yishu.pages.errors import error_response, no_such_page
from yishu.pages.forms import add_problems


@login_not_required
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign-in; leads to the first visit while the platform has no people."""
    if request.method == "GET" and not queries.any_person():
        return redirect("orgs-setup")
    if request.method == "POST":
        request.session.pop(SIGNED_IN_BY, None)
    response: HttpResponse = account.login(request)
    if isinstance(response, TemplateResponse) and response.context_data is not None:
        oidc = settings.ENVIRONMENT.oidc
        back = quote(safe_next(request, "/"))
        response.context_data |= {
            "oidc_name": oidc.name if oidc.issuer else "",
            "oidc_url": f"{reverse('oidc-login')}?next={back}",
        }
    return response


@login_required
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign-out by POST; a GET asks."""
    response: HttpResponse = account.logout(request)
    return response


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """The first visit; does not exist once the platform has people."""
    if queries.any_person():
        return error_response(request, no_such_page())
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {k: v for k, v in form.cleaned_data.items() if k != "again"}
        at = timezone.now()
        kinds = values.options(packs.load(given["pack"]).at(shanghai_date(at)), "org_kinds")
        try:
            first_visit.first_administrator(**given, kind=kinds[0].key, at=at)
        except PublicError as error:
            add_problems(form, error)
        else:
            messages.success(request, "平台已经初始化，请用刚才的登录名和密码登录")
            return redirect("account_login")
    return render(request, "orgs/setup.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """My own profile: department, roles, since when."""
    person = signed_in(request)
    roles = queries.held_roles(person, timezone.now()).select_related("department", "person").order_by("granted_at")
    return render(request, "orgs/me.html", {"person": person, "roles": roles})


@login_required
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Set one's own password; other sessions of the person end."""
    person = signed_in(request)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            changed = accounts.change_password(
                person=person, old=form.cleaned_data["old"], new=form.cleaned_data["new"], at=timezone.now()
            )
        except PublicError as error:
            add_problems(form, error)
        else:
            update_session_auth_hash(request, changed)
            messages.success(request, "密码已修改，其他地方的登录已退出")
            return redirect("/" if person.must_change_password else "orgs-me")
    return render(request, "orgs/password.html", {"form": form, "person": person}, status=422 if form.errors else 200)
