"""Confirming oneself again before something about signing in is changed, and counting failures of every step alike."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from yishu.orgs.models import Person

CONFIRMED = "confirmed_at"
"""Session key: when the person last proved again who they are (seconds since 1970)."""
SIGNED_IN_BY = "signed_in_by"
"""Session key: ``oidc`` when another system vouched for the person; such a session asks for no password of ours."""
LASTS = timedelta(minutes=5)
View = Callable[..., HttpResponse]


def locked(request: HttpRequest, person: Person) -> bool:
    """Whether too many steps failed under this person's name (password, code or key, together)."""
    return bool(AxesProxyHandler.is_locked(request, {"username": person.username}))


def count_failure(request: HttpRequest, person: Person, step: str) -> None:
    """Count a failed step with the failed passwords; at the limit axes replaces the answer by the lock-out page."""
    user_login_failed.send(sender=step, credentials={"username": person.username}, request=request)


def confirm(request: HttpRequest, at: datetime) -> None:
    """Note that the person proved again who they are."""
    request.session[CONFIRMED] = at.timestamp()


def confirmed(request: HttpRequest, at: datetime) -> bool:
    """Whether they did within the last minutes."""
    since = request.session.get(CONFIRMED)
    return isinstance(since, float) and timedelta() <= at - datetime.fromtimestamp(since, at.tzinfo) <= LASTS


def confirmation_required(view: View) -> View:
    """Leads to the confirmation page first; what was posted is not repeated by itself afterwards."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if confirmed(request, timezone.now()):
            return view(request, *args, **kwargs)
        back = request.path if request.method == "GET" else reverse("mfa-index")
        return HttpResponseRedirect(f"{reverse('account_confirm')}?{urlencode({'next': back})}")

    return guarded


def safe_next(request: HttpRequest, default: str) -> str:
    """Where to go on: ``next`` of the form or address when it is a path of ours, else ``default``."""
    given = request.POST.get("next") or request.GET.get("next") or ""
    fits = len(given) < 500 and url_has_allowed_host_and_scheme(given, allowed_hosts=None)
    return given if fits and given.startswith("/") else default
