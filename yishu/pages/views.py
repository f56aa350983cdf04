"""The error pages every platform has."""

import sys

from django.http import HttpRequest, HttpResponse

from yishu.kernel.errors import PublicError
from yishu.lake.errors import FULL, LakeFull
from yishu.pages import errors


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return errors.error_response(request, errors.bad_request(), framed=False)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return errors.error_response(request, errors.not_allowed())


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return errors.error_response(request, errors.no_such_page())


def server_error(request: HttpRequest) -> HttpResponse:
    """500 with an incident number, 503 when the database is gone, 507 when the disk is full. None touches the database."""
    error = sys.exc_info()[1]
    shown: PublicError
    if errors.is_database_down(error):
        shown = errors.database_down()
    elif isinstance(error, OSError) and error.errno in FULL:
        shown = LakeFull()
    else:
        shown = errors.unexpected(error)
    return errors.error_response(request, shown, framed=False)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the session's token."""
    return errors.error_response(request, errors.form_expired())
