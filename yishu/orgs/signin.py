"""Sign-in by allauth and axes, fitted to the platform: no sign-up, Chinese texts, lock-out page, names kept as digests."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

from yishu.kernel.errors import NotAllowed, PublicError
from yishu.orgs import signin_names
from yishu.orgs.rules import normalise_username
from yishu.pages.errors import error_response


class LockedOut(PublicError):
    """Too many failed sign-ins under one name. Known and unknown names are treated alike."""

    code = "orgs.locked_out"
    status = 429


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Accounts are made by an administrator; there is no mail."""

    error_messages: dict[str, str | Promise] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "登录名或密码不正确。连续 5 次不正确将暂时锁定。",
        "too_many_login_attempts": "尝试次数过多，请稍后再试。",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """No mail leaves the platform."""

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Signing in and out needs no message."""

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Only somebody who knows the password gets here."""
        return error_response(
            request,
            NotAllowed("该账号已停用", remedy="如仍需使用，请联系系统管理员启用", code="orgs.person_inactive"),
            framed=False,
        )


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth has no types
    """Name and password, in Chinese."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "登录名"
        self.fields["login"].widget.attrs = {
            "class": "form-control",
            "autocomplete": "username",
            "autocapitalize": "none",
            "spellcheck": "false",
        }
        self.fields["password"].label = "密码"
        self.fields["password"].widget.attrs = {"class": "form-control", "autocomplete": "current-password"}
        self.fields["password"].help_text = ""

    def clean_login(self) -> str:
        """Compared in the one form names are stored in."""
        return normalise_username(self.cleaned_data["login"])


def name_digest(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str | None:
    """What axes stores instead of the name that was typed."""
    given = (credentials or {}).get("username") or request.POST.get("login")
    return signin_names.digest(given) if given else None


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """The page after too many failures: how long, and what to do."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    error = LockedOut(
        f"连续 {settings.AXES_FAILURE_LIMIT} 次登录名或密码不正确，已暂时锁定",
        why=f"为防止他人猜测密码，该登录名 {minutes} 分钟内不能登录",
        remedy=f"请 {minutes} 分钟后再试；急需使用或忘记密码的，请联系系统管理员解锁或重置密码",
    )
    answer = error_response(request, error, framed=False)
    answer["Retry-After"] = str(minutes * 60)
    return answer
