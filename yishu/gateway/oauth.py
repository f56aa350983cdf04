"""``POST /oauth/token``: OAuth 2 client credentials (RFC 6749 §4.4), with the error bodies that RFC asks for."""

import base64
import binascii
import hmac
from collections import OrderedDict, deque
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qsl, unquote_plus

import orjson

from yishu.gateway.database import Connections
from yishu.gateway.http import (
    JSON,
    Answer,
    BadRequest,
    Exchange,
    Scope,
    json_answer,
    read_body,
    require_no_query,
    require_type,
)
from yishu.kernel.errors import PublicError
from yishu.security.tokens import TokenKeys, mint

MAX_BODY = 8 * 1024
PRAGMA = ("pragma", "no-cache")
CLIENT = "select name, department_id, secret_digest, active from gateway.client where client_id = $1"
NOBODY = sha256(b"no such client").hexdigest()
"""Compared when the client does not exist, so that the work is the same."""

WINDOW_SECONDS = 60.0
CLIENT_FAILURES = 5
"""Failed attempts for one client id from one address within the window, per worker; then 429 until the window has passed."""
ADDRESS_FAILURES = 50
"""Failed attempts from one address for any client; higher, because a whole department may stand behind one address."""
MAX_TRACKED = 50_000


class TokenRefused(PublicError):
    """A token request that is refused; ``oauth`` is the error name of RFC 6749 §5.2."""

    def __init__(self, what: str, *, remedy: str, oauth: str, description: str, status: int, code: str) -> None:
        super().__init__(what, remedy=remedy, status=status, code=code)
        self.oauth, self.description = oauth, description


class Throttle:
    """Counts failures by key within a sliding window. In this worker's memory: with n workers an attacker has n times as many."""

    def __init__(self, seconds: float, most: int = MAX_TRACKED) -> None:
        self._seconds, self._most = seconds, most
        self._failures: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()

    def wait(self, key: tuple[str, ...], allowed: int, now: float) -> int:
        """Whole seconds until ``key`` may try again; 0 when it may now."""
        times = self._failures.get(key)
        while times and times[0] <= now - self._seconds:
            times.popleft()
        if not times or len(times) < allowed:
            return 0
        return int(times[-allowed] + self._seconds - now) + 1

    def fail(self, key: tuple[str, ...], now: float) -> None:
        """Count a failure of ``key``."""
        times = self._failures.setdefault(key, deque(maxlen=max(CLIENT_FAILURES, ADDRESS_FAILURES)))
        times.append(now)
        self._failures.move_to_end(key)
        while len(self._failures) > self._most:
            self._failures.popitem(last=False)


class Tokens:
    """The token endpoint of one worker."""

    def __init__(self, *, keys: TokenKeys, connections: Connections, seconds: int) -> None:
        self._keys, self._connections, self._seconds = keys, connections, seconds
        self._throttle = Throttle(WINDOW_SECONDS)

    async def __call__(self, scope: Scope, exchange: Exchange, _: str) -> Answer:
        """Answer one token request; refusals are RFC 6749 bodies, a dead database is the usual problem document."""
        try:
            return await self._token(scope, exchange)
        except TokenRefused as error:
            return refused_answer(error)
        except BadRequest as error:
            if error.status != 400:
                raise
            return refused_answer(_bad_request(error.what, "malformed request"))

    async def _token(self, scope: Scope, exchange: Exchange) -> Answer:
        require_no_query(scope)
        require_type(scope, "application/x-www-form-urlencoded")
        client_id, secret = _credentials(scope, await read_body(scope, exchange, MAX_BODY))
        now = datetime.now(UTC)
        moment, address = now.timestamp(), scope.client.rpartition(":")[0]
        pair = ("client", client_id, address)
        wait = max(
            self._throttle.wait(pair, CLIENT_FAILURES, moment),
            self._throttle.wait(("address", address), ADDRESS_FAILURES, moment),
        )
        if wait:
            raise PublicError(
                "失败次数过多，暂停受理",
                remedy=f"请核对客户端编号和密钥，{wait} 秒后重试",
                code="gateway.too_many_failures",
                status=429,
                extra={"retry_after": wait},
            )
        row = await self._connections.fetchrow(CLIENT, client_id)
        stored = row["secret_digest"] if row else NOBODY
        matches = hmac.compare_digest(sha256(secret.encode()).hexdigest().encode(), stored.encode())
        if not (row and matches and row["active"]):
            self._throttle.fail(pair, moment)
            self._throttle.fail(("address", address), moment)
            raise TokenRefused(
                "客户端编号或密钥不正确，或客户端已停用",
                remedy="请核对客户端编号和密钥；遗失密钥请由本部门管理人员在平台上更换",
                oauth="invalid_client",
                description="unknown or disabled client, or wrong secret",
                status=401,
                code="gateway.invalid_client",
            )
        token = mint(
            self._keys,
            subject=client_id,
            department_id=row["department_id"],
            name=row["name"] or client_id,
            seconds=self._seconds,
            now=now,
        )
        return json_answer(
            {"access_token": token, "token_type": "Bearer", "expires_in": self._seconds}, headers=[PRAGMA]
        )


def refused_answer(error: TokenRefused) -> Answer:
    """An RFC 6749 error body, with the Chinese title and remedy beside it."""
    headers = [*JSON, PRAGMA]
    if error.status == 401:
        headers.append(("www-authenticate", 'Basic realm="yishu"'))
    body = {
        "error": error.oauth,
        "error_description": error.description,
        "code": error.code,
        "title": error.what,
        "next": error.remedy,
    }
    return Answer(error.status, headers, orjson.dumps(body))


def _credentials(scope: Scope, body: bytes) -> tuple[str, str]:
    """Client id and secret, from HTTP Basic or from the form, never from both."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=20)
    except (ValueError, UnicodeDecodeError) as error:
        raise _bad_request("请求正文不是表单格式", "body is not form-encoded UTF-8") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _bad_request("请求正文中有重复的字段", "repeated parameter")
    if form.get("grant_type") != "client_credentials":
        raise TokenRefused(
            "只支持 client_credentials 授权方式",
            remedy="请在正文中写 grant_type=client_credentials",
            oauth="unsupported_grant_type" if form.get("grant_type") else "invalid_request",
            description="grant_type must be client_credentials",
            status=400,
            code="gateway.unsupported_grant_type",
        )
    values = scope.headers.get_all("authorization")
    if not values:
        found = form.get("client_id", ""), form.get("client_secret", "")
    elif len(values) > 1 or "client_secret" in form:
        raise _bad_request("客户端凭据只能给出一次", "more than one client authentication")
    else:
        found = _basic(values[0])
    if not all(found) or any(len(text) > 200 or not text.isprintable() for text in found):
        raise _bad_request("缺少客户端编号或密钥", "client_id and client_secret are required")
    return found


def _basic(header: str) -> tuple[str, str]:
    scheme, _, text = header.partition(" ")
    try:
        decoded = base64.b64decode(text.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError) as error:
        raise _bad_request("Authorization 请求头不是有效的 Basic 凭据", "malformed Basic credentials") from error
    client_id, _, secret = decoded.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


def _bad_request(what: str, description: str) -> TokenRefused:
    return TokenRefused(
        what,
        remedy="请用 HTTP Basic 或表单字段 client_id、client_secret 提交一次凭据，见 docs/gateway-protocol.md",
        oauth="invalid_request",
        description=description,
        status=400,
        code="gateway.bad_token_request",
    )
