"""Requests and answers on RSGI: reading bodies within bounds, problem documents (RFC 9457), and what every answer carries."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from yishu.kernel.errors import PublicError

NO_STORE = ("cache-control", "no-store")
NO_SNIFF = ("x-content-type-options", "nosniff")
JSON = [("content-type", "application/json"), NO_STORE, NO_SNIFF]
PROBLEM = [("content-type", "application/problem+json"), NO_STORE, NO_SNIFF]
BODY_SECONDS = 20
"""A body that has not arrived by then is given up (408)."""

Headers = list[tuple[str, str]]


class ScopeHeaders(Protocol):
    """Granian's request headers; values that are not text read as absent."""

    def get(self, key: str, default: Any = None) -> Any:
        """The first value of a header, by its lower-case name."""

    def get_all(self, key: str) -> list[str]:
        """All values of a header."""


class Scope(Protocol):
    """What RSGI tells about a request. ``path`` is percent-decoded, ``client`` is ``address:port``."""

    method: str
    path: str
    query_string: str
    client: str
    headers: ScopeHeaders


class Exchange(Protocol):
    """RSGI's protocol object: awaited for the whole body, iterated for its pieces, answered once."""

    async def __call__(self) -> bytes:
        """The whole body."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body's pieces."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: Headers
    body: bytes


class BadRequest(PublicError):
    """The request is malformed or does not fit the route: 400, 404, 405, 408, 413 or 415."""

    code = "gateway.bad_request"
    status = 400


def json_answer(document: Any, *, status: int = 200, headers: Headers | None = None) -> Answer:
    """A JSON document that no cache may keep."""
    return Answer(status, JSON + (headers or []), orjson.dumps(document))


def problem_answer(error: PublicError) -> Answer:
    """An error as a problem document; 401 asks for a bearer token (RFC 6750), 429 and 503 say when to come back."""
    headers = PROBLEM
    if error.status == 401:
        detail = "" if error.code == "gateway.no_token" else ', error="invalid_token"'
        headers = [*headers, ("www-authenticate", f'Bearer realm="yishu"{detail}')]
    elif error.status in (429, 503):
        headers = [*headers, ("retry-after", str(error.extra.get("retry_after", 2)))]
    elif error.status == 405:
        headers = [*headers, ("allow", str(error.extra.get("allow", "")))]
    return Answer(error.status, headers, orjson.dumps(error.as_problem()))


async def read_body(scope: Scope, exchange: Exchange, limit: int) -> bytes:
    """The request's body, at most ``limit`` bytes. Raises ``BadRequest`` 413 (too large) or 408 (did not arrive)."""
    declared = scope.headers.get("content-length")
    if declared is not None and (not (declared.isascii() and declared.isdigit()) or int(declared[:12]) > limit):
        raise _too_large(limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            if declared is not None:
                return await exchange()
            pieces, size = [], 0
            async for piece in exchange:
                size += len(piece)
                if size > limit:
                    raise _too_large(limit)
                pieces.append(piece)
            return b"".join(pieces)
    except TimeoutError as error:
        raise BadRequest(
            "请求正文没有按时到达", remedy="请检查网络后重试", code="gateway.body_timeout", status=408
        ) from error


def require_type(scope: Scope, expected: str) -> None:
    """Raise ``BadRequest`` 415 unless the body is declared as ``expected``, in UTF-8 where a charset is named."""
    kind, _, parameters = (scope.headers.get("content-type") or "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() != expected or charset not in ("", "utf-8"):
        raise BadRequest(
            f"请求正文的类型应为 {expected}",
            remedy=f"请设置请求头 Content-Type: {expected}，正文用 UTF-8 编码",
            code="gateway.bad_content_type",
            status=415,
        )


def require_no_query(scope: Scope) -> None:
    """Raise ``BadRequest`` when anything stands behind ``?``: identifiers never belong into an address."""
    if scope.query_string:
        raise BadRequest(
            "此接口不接受网址参数",
            remedy="证件号码等查询标识只放在请求正文里，令牌只放在 Authorization 请求头里",
            code="gateway.no_query_allowed",
        )


def _too_large(limit: int) -> BadRequest:
    return BadRequest(
        f"请求正文超过 {limit} 字节", remedy="请减少一次提交的内容，分批调用", code="gateway.body_too_large", status=413
    )
