"""Keeps the second factor where it is due: nobody works past it, and whoever must have one enrols it first."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from yishu.orgs import mfa
from yishu.orgs.models import Person

OPEN = frozenset(
    {
        "account_change_password",
        "account_logout",
        "account_login",
        "account_confirm",
        "mfa_authenticate",
        "mfa-index",
        "mfa-app-add",
        "mfa-key-add",
        "mfa-codes",
        "oidc-login",
        "oidc-callback",
    }
)
"""Pages that enrol a factor, or end or begin a session."""


class SecondFactor:
    """Ends sessions that began before their person had a factor, and leads people who must have one to the page that makes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Redirect whoever lacks the second step."""
        person = request.user
        if not isinstance(person, Person) or request.session.get(mfa.PASSED) == person.pk:
            return None
        name = request.resolver_match.url_name if request.resolver_match else None
        if mfa.enrolled(person):
            if name in ("account_login", "account_logout"):
                return None
            logout(request)
            return HttpResponseRedirect(reverse("account_login"))
        if name not in OPEN and mfa.demanded(person, timezone.now()):
            return HttpResponseRedirect(reverse("mfa-index"))
        return None
