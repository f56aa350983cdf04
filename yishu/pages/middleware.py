"""What every answer of the web process carries (security headers) and how errors become pages."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from yishu.kernel.errors import PublicError
from yishu.pages.errors import body_too_large, database_down, error_response, is_database_down

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""No inline script or style, nothing from elsewhere; ``data:`` images are Tabler's own arrows and ticks."""

STRANGERS_BODY = 64 * 1024
"""Bytes somebody not signed in may send: the sign-in form and the first visit."""
FORM_ROOM = 1024 * 1024
"""Bytes an upload's form may have besides its file."""

Handler = Callable[[HttpRequest], HttpResponse]


class SecurityHeaders:
    """Sets the content security policy, and keeps answers to signed-in people out of shared and disk caches."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        response.setdefault("Cache-Control", "no-store")
        return response


class BodyLimits:
    """Refuses bodies beyond what their sender may send, before anything reads them (the CSRF check reads whole forms to disk).

    Stands behind authentication. WSGI reads no further than ``Content-Length``, so the header is the bound.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        declared = request.META.get("CONTENT_LENGTH") or "0"
        size = int(declared[:18]) if declared.isascii() and declared.isdigit() else 0
        if size > STRANGERS_BODY:
            limit = settings.ENVIRONMENT.upload_limit + FORM_ROOM if request.user.is_authenticated else STRANGERS_BODY
            if size > limit:
                return error_response(request, body_too_large(limit), framed=False)
        return self.get_response(request)


class PublicErrors:
    """Turns a ``PublicError`` raised by a view into a page or a problem document, and a lost database into a 503."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer the errors that are meant for people; everything else goes on to the 500 page."""
        if isinstance(exception, PublicError):
            return error_response(request, exception)
        if is_database_down(exception):
            return error_response(request, database_down(), framed=False)
        return None
