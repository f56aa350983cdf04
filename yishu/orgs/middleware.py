"""Keeps somebody with a password made for them on the password page until they have set their own."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from yishu.orgs.signin_confirm import SIGNED_IN_BY

OPEN = frozenset({"account_change_password", "account_logout", "account_login"})


class PasswordMustChange:
    """Leads to the password page from everywhere else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Redirect people whose password is not their own yet."""
        name = request.resolver_match.url_name if request.resolver_match else None
        if request.session.get(SIGNED_IN_BY) == "oidc":
            return None  # their password was not asked for
        if request.user.is_authenticated and request.user.must_change_password and name not in OPEN:
            return HttpResponseRedirect(reverse("account_change_password"))
        return None
