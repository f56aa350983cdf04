"""Pages of the second factor: the step at sign-in, one's own factors, and an administrator's reset."""

from urllib.parse import quote

from allauth.account.internal.decorators import login_stage_required
from allauth.mfa.adapter import get_adapter
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.kernel.errors import NotAllowed, NotFound, PublicError
from yishu.orgs import mfa, mfa_keys, queries, signin_confirm
from yishu.orgs.mfa_forms import AppForm, ConfirmForm, KeyForm, KeyStepForm, ResetForm, SecondStepForm
from yishu.orgs.models import Person, RoleKind
from yishu.orgs.reading import signed_in
from yishu.orgs.signin import locked_out
from yishu.orgs.signin_confirm import confirmation_required, safe_next
from yishu.pages.forms import add_problems

_SECRET = "factor_secret"  # noqa: S105  (a session key's name)
WRONG = f"不正确、已过时或已经用过。连续 {settings.AXES_FAILURE_LIMIT} 次不正确将暂时锁定"


@login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login")  # type: ignore[untyped-decorator]  # allauth
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """``/accounts/second/``: the second step of a sign-in whose first step was right."""
    stage = request._login_stage  # type: ignore[attr-defined]  # set by allauth's decorator
    person = stage.login.user
    leaves = request.method == "POST" and "leave" in request.POST
    if leaves or not isinstance(person, Person) or not person.is_active or not mfa.enrolled(person):
        aborted: HttpResponse = stage.abort()
        return aborted
    if signin_confirm.locked(request, person):
        return locked_out(request)
    form: SecondStepForm | KeyStepForm = SecondStepForm()
    if request.method == "POST":
        form = KeyStepForm(request.POST) if "credential" in request.POST else SecondStepForm(request.POST)
        if form.is_valid() and _right(person, form):
            request.session[mfa.PASSED] = person.pk
            passed: HttpResponse = stage.exit()
            return passed
        signin_confirm.count_failure(request, person, "second_step")
        form.add_error(None, WRONG)
    kinds = {factor.type for factor in mfa.factors_of(person)}
    context = {
        "form": form if isinstance(form, SecondStepForm) else SecondStepForm(),
        "problems": form.errors.values() if form.is_bound else (),
        "options": mfa_keys.begin_authentication(person) if mfa.KEY in kinds else "",
        "has_app": mfa.APP in kinds,
    }
    return render(request, "mfa/second_step.html", context, status=422 if form.is_bound else 200)


def _right(person: Person, form: SecondStepForm | KeyStepForm) -> bool:
    at = timezone.now()
    if isinstance(form, SecondStepForm):
        return mfa.use_code(person=person, code=form.cleaned_data["code"], at=at)
    found = mfa_keys.finish_authentication(person, form.cleaned_data["credential"])
    return found is not None and mfa.use_key(person=person, pk=found[0], sign_count=found[1], at=at)


@login_required
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """``/accounts/confirm/``: the password again, or the other system again, before a change about signing in."""
    person, at = signed_in(request), timezone.now()
    back = safe_next(request, reverse("mfa-index"))
    if signin_confirm.locked(request, person):
        return locked_out(request)
    form = ConfirmForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if person.check_password(form.cleaned_data["password"]):
            signin_confirm.confirm(request, at)
            return redirect(back)
        signin_confirm.count_failure(request, person, "confirm")
        form.add_error("password", "密码不正确")
    oidc = settings.ENVIRONMENT.oidc
    context = {
        "form": form,
        "next": back,
        "oidc_name": oidc.name if oidc.issuer else "",
        "oidc_url": f"{reverse('oidc-login')}?confirm=1&next={quote(back)}",
    }
    return render(request, "mfa/confirm.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """``/accounts/factors/``: my second factors."""
    person = signed_in(request)
    factors = [
        {"pk": f.pk, "kind": mfa.KIND_WORDS[f.type], "name": f.data.get("name", ""), "made": f.created_at, "used": f.last_used_at}
        for f in mfa.factors_of(person)
    ]  # fmt: skip
    context = {
        "factors": factors,
        "codes_left": mfa.codes_left(person),
        "demanded": mfa.demanded(person, timezone.now()),
        "has_app": any(f["kind"] == mfa.KIND_WORDS[mfa.APP] for f in factors),
    }
    return render(request, "mfa/index.html", context)


@login_required
@confirmation_required
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def app_add(request: HttpRequest) -> HttpResponse:
    """``/accounts/factors/app/``: enrol an authenticator app. The secret waits in the session until the first right code."""
    person, at = signed_in(request), timezone.now()
    form = AppForm(request.POST or None)
    secret = request.session.get(_SECRET, "")
    if request.method == "POST" and secret and form.is_valid():
        try:
            codes = mfa.enrol_app(person=person, secret=secret, code=form.cleaned_data["code"], at=at)
        except PublicError as error:
            add_problems(form, error)
        else:
            del request.session[_SECRET]
            return _enrolled(request, codes, "验证器应用已添加，下次登录时将询问验证码")
    if not secret:
        secret = request.session[_SECRET] = generate_totp_secret()
    adapter = get_adapter()
    context = {
        "form": form,
        "secret": " ".join(secret[n : n + 4] for n in range(0, len(secret), 4)),
        "qr": "data:image/svg+xml," + quote(adapter.build_totp_svg(adapter.build_totp_url(person, secret))),
    }
    return render(request, "mfa/app_add.html", context, status=422 if form.errors else 200)


@login_required
@confirmation_required
@require_http_methods(["GET", "POST"])
def key_add(request: HttpRequest) -> HttpResponse:
    """``/accounts/factors/key/``: enrol a security key."""
    person, at = signed_in(request), timezone.now()
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        credential = form.cleaned_data["credential"]
        try:
            if not mfa_keys.finish_registration(credential):
                form.add_error(None, "安全密钥的答复不正确或已过时，没有添加。请再试一次")
            else:
                codes = mfa.enrol_key(person=person, name=form.cleaned_data["name"], credential=credential, at=at)
                return _enrolled(request, codes, "安全密钥已添加，下次登录时可以使用")
        except PublicError as error:
            add_problems(form, error)
    context = {"form": form, "options": mfa_keys.begin_registration(person), "host": request.get_host().split(":")[0]}
    return render(request, "mfa/key_add.html", context, status=422 if form.errors else 200)


def _enrolled(request: HttpRequest, codes: list[str], words: str) -> HttpResponse:
    request.session[mfa.PASSED] = signed_in(request).pk
    messages.success(request, words)
    if codes:
        return _codes_page(request, codes)
    return redirect("mfa-index")


def _codes_page(request: HttpRequest, codes: list[str]) -> HttpResponse:
    shown = "\n".join(f"{code[:4]} {code[4:]}" for code in codes)
    return render(request, "mfa/codes_once.html", {"codes": shown, "count": len(codes)})


@login_required
@confirmation_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """``/accounts/factors/<id>/remove/``: remove one of my factors."""
    words = mfa.remove_factor(person=signed_in(request), pk=pk, at=timezone.now())
    messages.success(request, f"{words}已移除")
    return redirect("mfa-index")


@login_required
@confirmation_required
@require_POST
def codes_new(request: HttpRequest) -> HttpResponse:
    """``/accounts/factors/codes/``: ten new recovery codes, on this answer only."""
    return _codes_page(request, mfa.new_recovery_codes(person=signed_in(request), at=timezone.now()))


@login_required
@require_http_methods(["GET", "POST"])
def person_factors(request: HttpRequest, pk: int) -> HttpResponse:
    """``/orgs/people/<id>/factors/``: somebody's second factors, and taking them off with a reason."""
    me, at = signed_in(request), timezone.now()
    held = queries.roles_of(me, at)
    if not held & {RoleKind.ADMIN, RoleKind.AUDITOR}:
        raise NotAllowed(
            "这个页面供“系统管理、审计”使用，您没有这些角色",
            remedy="如确因工作需要，请联系系统管理员",
            code="orgs.role_needed",
        )
    row = queries.people_seen(me).filter(pk=pk).first()
    if row is None:
        raise NotFound("没有这个人员", remedy="请从人员列表重新进入", code="orgs.no_person")
    form = ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            mfa.reset_factors(person=row, reason=form.cleaned_data["reason"], by=me, at=at)
        except PublicError as error:
            if not error.problems:
                raise
            add_problems(form, error)
        else:
            messages.success(request, "第二因子已重置，此人下次登录只需密码，请提醒其重新添加")
            return redirect("orgs-person", row.pk)
    context = {
        "person": row,
        "form": form,
        "factors": [{"kind": mfa.KIND_WORDS[f.type], "made": f.created_at, "used": f.last_used_at} for f in mfa.factors_of(row)],
        "codes_left": mfa.codes_left(row),
        "demanded": mfa.demanded(row, at),
        "may_reset": RoleKind.ADMIN in held and row.pk != me.pk,
    }  # fmt: skip
    return render(request, "mfa/person.html", context, status=422 if form.errors else 200)
