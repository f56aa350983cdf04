"""Short-lived bearer tokens for the gateway: JWT signed with Ed25519 (RFC 8037), and the key files behind them. Django-free.

The gateway's token endpoint mints for machine clients, the online lookup page for people; the gateway verifies both.
Nothing in a token chooses how it is verified: the algorithm is fixed, the key is looked up by ``kid`` among our own files.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from yishu.kernel.errors import PublicError

ALGORITHM = "EdDSA"
ISSUER = "yishu"
AUDIENCE = "yishu-gateway"
TYPE = "at+jwt"
"""RFC 9068: a token of another kind signed by the same key is not an access token."""
MAX_SECONDS = 3600
"""No token lives longer, whoever minted it: withdrawal of a person's role must take hold soon."""
SKEW_SECONDS = 5
"""How far ahead the minting process's clock may run."""
MAX_LENGTH = 4096
PERSON_PREFIX = "person:"
_REQUIRED = ["iss", "aud", "sub", "dep", "name", "iat", "exp", "jti"]


class BadToken(PublicError):
    """The token is missing, malformed, forged, foreign or expired; the text never says which key or claim failed."""

    code = "security.bad_token"
    status = 401


def _bad(what: str = "访问令牌无效") -> BadToken:
    return BadToken(what, remedy="请用客户端编号和密钥向 /oauth/token 重新申请令牌后再试")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says.

    ``subject`` is a client id or ``person:<id>``; ``department_id`` the department it acts for; ``name`` the client's
    or person's name for the ledger; times are aware UTC datetimes; ``token_id`` is unique per token.
    """

    subject: str
    department_id: int
    name: str
    issued_at: datetime
    expires_at: datetime
    token_id: str

    @property
    def is_person(self) -> bool:
        """Whether a person, not a program, holds the token."""
        return self.subject.startswith(PERSON_PREFIX)


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """The platform's token keys, oldest first: the newest signs, all verify.

    Files are ``<home>/keys/token-signing*.pem`` (mode 0600, PKCS #8 PEM); their order is the order of their names, the one
    without a date being the oldest. ``kid`` is the first 16 hex digits of SHA-256 over the raw public key.
    """

    private: tuple[tuple[str, Ed25519PrivateKey], ...]
    public: Mapping[str, Ed25519PublicKey]

    @classmethod
    def load(cls, home: Path) -> "TokenKeys":
        """Read the keys under ``home``; the first process ever makes the first key, two starting at once agree on it."""
        folder = home / "keys"
        paths = sorted(folder.glob("token-signing*.pem"), key=lambda p: p.stem)
        if not paths:
            _write_key(folder, "token-signing.pem")
            paths = sorted(folder.glob("token-signing*.pem"), key=lambda p: p.stem)
        private = tuple(_read_key(path) for path in paths)
        return cls(private, {kid: key.public_key() for kid, key in private})

    @classmethod
    def rotate(cls, home: Path, *, at: datetime) -> "TokenKeys":
        """Add a key that signs from now on; processes that loaded earlier keep signing with theirs until they restart.

        Tokens of older keys stay valid until they expire. A key is retired by deleting its file after ``MAX_SECONDS``.
        """
        cls.load(home)
        _write_key(home / "keys", f"token-signing-{at.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}.pem")
        return cls.load(home)


def _write_key(folder: Path, name: str) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, folder / name)
    except FileExistsError:
        pass  # another process was first; its key is the one everybody reads
    finally:
        draft.unlink()


def _read_key(path: Path) -> tuple[str, Ed25519PrivateKey]:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise PublicError(
            "令牌签名密钥不是 Ed25519 密钥",
            remedy="请恢复该密钥文件，或将其移走后重新启动",
            object_=path.name,
            code="security.bad_key",
        )
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16], key


def mint(keys: TokenKeys, *, subject: str, department_id: int, name: str, seconds: int, now: datetime) -> str:
    """A signed token for ``subject`` (client id or ``person:<id>``), valid ``seconds`` from the aware datetime ``now``.

    Raises ValueError for a life outside 1…``MAX_SECONDS`` seconds: the callers' settings are checked at start.
    """
    if not 1 <= seconds <= MAX_SECONDS:
        raise ValueError(f"token life must be 1…{MAX_SECONDS} seconds, not {seconds}")
    kid, key = keys.private[-1]
    issued = int(now.timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "dep": department_id,
        "name": name,
        "iat": issued,
        "exp": issued + seconds,
        "jti": secrets.token_urlsafe(12),
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid, "typ": TYPE})


def verify(keys: TokenKeys, token: str, *, now: datetime) -> Claims:
    """The claims of a token of ours that is valid at the aware datetime ``now``.

    Raises ``BadToken`` (401) for everything else: other algorithms (``none``, HS256 over our public key …), unknown ``kid``,
    other issuer or audience, missing claims, wrong types, expired, issued in the future or living longer than allowed.
    """
    if not token or len(token) > MAX_LENGTH:
        raise _bad()
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise _bad() from error
    kid = header.get("kid")
    key = keys.public.get(kid) if isinstance(kid, str) else None
    if key is None or header.get("alg") != ALGORITHM or header.get("typ") != TYPE:
        raise _bad()
    try:
        # Times are judged below against the caller's clock; PyJWT would read its own.
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.PyJWTError as error:
        raise _bad() from error
    return _checked(claims, now)


def _checked(claims: Mapping[str, Any], now: datetime) -> Claims:
    texts = (claims["sub"], claims["name"], claims["jti"])
    numbers = (claims["dep"], claims["iat"], claims["exp"])
    if not all(isinstance(t, str) and t for t in texts) or not all(type(n) is int for n in numbers) or "nbf" in claims:
        raise _bad()
    issued, expires = claims["iat"], claims["exp"]
    moment = now.timestamp()
    if not 0 < expires - issued <= MAX_SECONDS or issued > moment + SKEW_SECONDS:
        raise _bad()
    if moment >= expires:
        raise _bad("访问令牌已过期")
    return Claims(
        subject=claims["sub"],
        department_id=claims["dep"],
        name=claims["name"],
        issued_at=datetime.fromtimestamp(issued, UTC),
        expires_at=datetime.fromtimestamp(expires, UTC),
        token_id=claims["jti"],
    )
