"""Who calls: bearer tokens verified once, then remembered by digest until they expire."""

from datetime import datetime
from hashlib import sha256

from yishu.gateway.http import Scope
from yishu.gateway.rules import Subject
from yishu.kernel.errors import PublicError
from yishu.security.tokens import TokenKeys, verify

MAX_KEPT = 10_000


class NoToken(PublicError):
    """The request carries no bearer token, or more than one."""

    code = "gateway.no_token"
    status = 401


class Callers:
    """Verified tokens of one worker. Whether the client is still active is not remembered here: see ``access``."""

    def __init__(self, keys: TokenKeys) -> None:
        self._keys = keys
        self._kept: dict[bytes, tuple[float, Subject]] = {}

    def subject(self, scope: Scope, now: datetime) -> Subject:
        """The caller named by the ``Authorization`` header. Raises ``NoToken`` or ``security.tokens.BadToken``, both 401."""
        values = scope.headers.get_all("authorization")
        scheme, _, token = (values[0] if len(values) == 1 else "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NoToken(
                "请求没有携带访问令牌", remedy="请先向 /oauth/token 申请令牌，再放入请求头 Authorization: Bearer <令牌>"
            )
        digest = sha256(token.encode()).digest()
        kept = self._kept.get(digest)
        if kept is not None and kept[0] > now.timestamp():
            return kept[1]
        claims = verify(self._keys, token.strip(), now=now)
        subject = Subject(claims.subject, claims.department_id, claims.name, claims.is_person)
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[digest] = (claims.expires_at.timestamp(), subject)
        return subject
