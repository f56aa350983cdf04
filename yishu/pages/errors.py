"""Errors as pages, or as RFC 9457 problem documents for programs. Only a ``PublicError``'s text ever reaches a reader."""

import logging
import secrets
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from yishu.kernel.errors import Invalid, NotAllowed, NotFound, PublicError, Unavailable

log = logging.getLogger("yishu.errors")

HEADINGS = {
    401: "请先登录",
    403: "不能这样做",
    404: "没有找到",
    409: "对象已有变化",
    413: "内容过大",
    422: "内容需要改正",
    429: "请稍后再试",
    503: "暂时不能办理",
}


def wants_problem(request: HttpRequest) -> bool:
    """Whether the caller is a program that asked for JSON rather than a page."""
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def error_response(request: HttpRequest, error: PublicError, *, framed: bool = True) -> HttpResponse:
    """The answer to an error: a page in the usual look, or a problem document. ``framed`` False asks nothing of the database."""
    if wants_problem(request):
        return JsonResponse(error.as_problem(), status=error.status, content_type="application/problem+json")
    context: dict[str, Any] = {"error": error, "heading": HEADINGS.get(error.status, "没有办成")}
    signed_in = framed and getattr(request, "user", None) is not None and request.user.is_authenticated
    if signed_in:
        return HttpResponse(render_to_string("pages/error.html", context, request=request), status=error.status)
    return HttpResponse(render_to_string("pages/error_bare.html", context), status=error.status)


def database_down() -> PublicError:
    """What people read while the database cannot be reached."""
    return Unavailable(
        "数据库暂时连接不上，刚才的操作没有执行",
        remedy="请一两分钟后重试；如持续出现，请系统管理员检查数据库是否在运行",
        code="pages.database_down",
    )


def is_database_down(error: BaseException | None) -> bool:
    """Whether the error means that the database cannot be reached, rather than that it refused a statement."""
    return isinstance(error, InterfaceError) or (
        isinstance(error, OperationalError)
        and getattr(error.__cause__, "sqlstate", None) in (None, "57P01", "57P02", "57P03", "53300")
    )


def unexpected(error: BaseException | None) -> PublicError:
    """A failure nobody foresaw: logged under an incident number, which is all that people see of it."""
    incident = secrets.token_hex(4).upper()
    log.error("incident %s", incident, exc_info=error)
    return PublicError(
        "系统出现了意外错误，刚才的操作没有完成",
        remedy=f"请稍后重试；如再次出现，请把事件编号 {incident} 告诉系统管理员",
        code="pages.unexpected",
        status=500,
        extra={"incident": incident},
    )


def no_such_page() -> PublicError:
    """404 for an address no page has."""
    return NotFound(
        "没有这个页面",
        remedy="请检查地址，或从左侧导航重新进入",
        why="地址可能有误，或者内容已经移走",
        code="pages.no_such_page",
    )


def not_allowed() -> PublicError:
    """403 without a reason of its own."""
    return NotAllowed(
        "您的角色不能使用这个页面", remedy="如确因工作需要，请联系系统管理员调整角色", code="pages.not_allowed"
    )


def form_expired() -> PublicError:
    """A CSRF check that failed: the form is old, or it came from elsewhere."""
    return NotAllowed(
        "页面已过期，刚才的提交没有执行",
        remedy="请返回上一页刷新后重新提交；若刚刚重新登录过，这是正常现象",
        why="提交缺少本次登录的校验码",
        code="pages.form_expired",
    )


def body_too_large(limit: int) -> PublicError:
    """413 for a body beyond ``limit`` bytes; nothing of it was read."""
    return Invalid(
        f"提交的内容超过 {max(1, limit // (1024 * 1024))} MB，没有接收",
        remedy="请减小文件或分次提交；未登录的请先登录",
        code="pages.body_too_large",
        status=413,
    )


def bad_request() -> PublicError:
    """A request Django itself refuses (too many fields, a bad host, a broken body)."""
    return Invalid("请求的内容无法识别", remedy="请返回上一页重新提交", code="pages.bad_request", status=400)
