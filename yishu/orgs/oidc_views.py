"""Signing in, and confirming oneself, through the configured OpenID Connect provider: who the answer means here."""

import logging
from dataclasses import asdict
from typing import Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET

from yishu.kernel.errors import PublicError
from yishu.orgs import oidc, signin_confirm
from yishu.orgs.models import Person
from yishu.orgs.rules import normalise_username
from yishu.orgs.signin_confirm import safe_next
from yishu.pages.errors import error_response, no_such_page

log = logging.getLogger("yishu.signin")
_ATTEMPT = "oidc_attempt"
LASTS = 600
"""Seconds a sign-in may take at the provider."""


def provider() -> oidc.Provider | None:
    """The configured provider; None when there is none."""
    given = settings.ENVIRONMENT.oidc
    if not given.issuer:
        return None
    return oidc.Provider(given.issuer, given.client_id, given.client_secret, given.claim)


def callback_url() -> str:
    """The address to register at the provider; from the configured public address, never from the request."""
    return f"{settings.ENVIRONMENT.public_url.rstrip('/')}{reverse('oidc-callback')}"


@login_not_required
@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """``/accounts/oidc/``: go to the provider; ``?confirm=1``: to prove oneself again."""
    found, again = provider(), request.GET.get("confirm") == "1"
    if found is None:
        return error_response(request, no_such_page(), framed=False)
    if request.user.is_authenticated != again:
        return redirect("/" if request.user.is_authenticated else "account_login")
    attempt = oidc.new_attempt()
    try:
        url = oidc.sign_in_url(found, attempt, callback_url(), again=again)
    except PublicError as error:
        return _told(request, error)
    request.session[_ATTEMPT] = {
        **asdict(attempt),
        "at": timezone.now().timestamp(),
        "again": again,
        "next": safe_next(request, reverse("mfa-index") if again else "/"),
    }
    return redirect(url)


@login_not_required
@require_GET
@sensitive_variables()
def callback(request: HttpRequest) -> HttpResponse:
    """``/accounts/oidc/callback/``: the provider's answer. Signs in a person registered here, or says why not."""
    found = provider()
    if found is None:
        return error_response(request, no_such_page(), framed=False)
    begun = request.session.pop(_ATTEMPT, None)
    try:
        return _answered(request, found, begun)
    except PublicError as error:
        return _told(request, error)


def _answered(request: HttpRequest, found: oidc.Provider, begun: Any) -> HttpResponse:
    at = timezone.now()
    if not isinstance(begun, dict) or not 0 <= at.timestamp() - begun["at"] <= LASTS:
        raise oidc.refused("state", "登录请求对不上或已超时")
    if request.user.is_authenticated != begun["again"]:
        raise oidc.refused("state", "登录状态已有变化")
    code, state = request.GET.get("code", ""), request.GET.get("state", "")
    if "error" in request.GET or not 0 < len(code) <= 4096 or len(state) > 200:
        raise oidc.refused("cancelled", "在身份认证系统中取消了登录，或登录被拒绝")
    attempt = oidc.Attempt(begun["state"], begun["nonce"], begun["verifier"])
    name = oidc.signed_in_name(
        found, attempt, code=code, state=state, callback=callback_url(), at=at, again=begun["again"]
    )
    person = Person.objects.filter(username=normalise_username(name.replace("\x00", ""))).first()
    if person is None:
        raise oidc.refused("unknown_person", "您在统一身份认证中的账号没有在本平台登记，请联系系统管理员登记")
    if begun["again"]:
        if person.pk != request.user.pk:
            raise oidc.refused("other_person", "重新核实的不是当前登录的人")
        signin_confirm.confirm(request, at)
        return redirect(begun["next"])
    request.session[signin_confirm.SIGNED_IN_BY] = "oidc"
    login = Login(user=person, redirect_url=begun["next"], email_verification="none")
    response: HttpResponse = perform_login(request, login)
    return response


def _told(request: HttpRequest, error: PublicError) -> HttpResponse:
    """The refusal as a page; the log names its kind so that an operator can tell a wrong setting from an attack."""
    log.warning("sign-in through the provider refused: %s", error.code)
    return error_response(request, error, framed=False)
