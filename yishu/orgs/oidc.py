"""Sign-in through an OpenID Connect provider: authorization code flow with state, nonce and PKCE (OpenID Connect Core 1.0, 3.1; RFC 7636).

Speaks to the provider and checks what it says; who that is here is decided by ``orgs.oidc_views``. Nothing is kept: no tokens,
no accounts of their own. Django-free.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import jwt

from yishu.kernel.errors import NotAllowed, Unavailable

WAIT = httpx.Timeout(10, connect=5)
"""Seconds to connect, and between bytes."""
LONGEST = 20
"""Seconds one answer may take in all."""
MOST = 512 * 1024
"""Bytes of any answer of the provider."""
LEEWAY = 60
"""Seconds the provider's clock may be off."""
FRESH = 300
"""Seconds: how recent an authentication must be to count as proving oneself again."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures taken: public-key ones only; never ``none``, never one keyed by the client's secret."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Who vouches, and as whom the platform is known there."""

    issuer: str
    client_id: str
    client_secret: str
    claim: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one sign-in must come back with; kept in the session, used once."""

    state: str
    nonce: str
    verifier: str


def new_attempt() -> Attempt:
    """Three unguessable values of 256 bits."""
    return Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


def sign_in_url(provider: Provider, attempt: Attempt, callback: str, *, again: bool = False) -> str:
    """Where the browser is sent. ``again``: the provider must ask the person anew and say when it did.

    Raises ``Unavailable`` when the provider cannot be reached or describes itself wrongly.
    """
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": callback,
        "scope": "openid profile",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if again:
        asked |= {"prompt": "login", "max_age": "0"}
    endpoint = _described(provider)["authorization_endpoint"]
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"


def signed_in_name(
    provider: Provider, attempt: Attempt, *, code: str, state: str, callback: str, at: datetime, again: bool = False
) -> str:
    """The value of the configured claim, for the sign-in that ``attempt`` began. Everything the provider says is checked.

    Raises ``NotAllowed`` (``orgs.oidc_*``) for an answer that does not fit, ``Unavailable`` when the provider cannot be reached.
    """
    if not hmac.compare_digest(state.encode(), attempt.state.encode()):
        raise refused("state", "登录请求对不上")
    described = _described(provider)
    given = _token(provider, described, attempt, code, callback)
    claims = _checked(provider, described, str(given.get("id_token", "")), attempt.nonce)
    if again and not _recent(claims, at):
        raise refused("not_again", "身份认证系统没有重新核实身份")
    value = claims.get(provider.claim)
    if value is None and isinstance(given.get("access_token"), str):
        value = _userinfo(described, given["access_token"], claims["sub"]).get(provider.claim)
    if not isinstance(value, str) or not value.strip() or len(value) > 200:
        raise refused("claim", f"身份认证系统没有给出“{provider.claim}”")
    return value


def refused(code: str, why: str) -> NotAllowed:
    """A sign-in that is refused. The reason is about the answer, never about the person."""
    return NotAllowed(
        "没有登录成功",
        why=why,
        remedy="请回到登录页重新登录；反复出现的，请联系系统管理员核对统一身份认证的设置",
        code=f"orgs.oidc_{code}",
    )


def _described(provider: Provider) -> Mapping[str, str]:
    """The provider's own description; its endpoints are as safe as its issuer and the issuer is the one configured."""
    found = _fetch("GET", provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    fits = found.get("issuer") == provider.issuer and all(_safe(found.get(name), provider) for name in wanted)
    if not fits or not (found.get("userinfo_endpoint") is None or _safe(found["userinfo_endpoint"], provider)):
        raise _down("身份认证系统公布的设置与平台配置的签发者不一致")
    return found


def _safe(url: object, provider: Provider) -> bool:
    """https; or http where the issuer itself is on this machine, and then only there."""
    if not isinstance(url, str):
        return False
    parts, issuer = urlsplit(url), urlsplit(provider.issuer)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" == issuer.scheme and parts.hostname == issuer.hostname


def _token(
    provider: Provider, described: Mapping[str, Any], attempt: Attempt, code: str, callback: str
) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback,
        "code_verifier": attempt.verifier,
        "client_id": provider.client_id,
    }
    methods = described.get("token_endpoint_auth_methods_supported")
    if isinstance(methods, list) and "client_secret_basic" not in methods:
        form["client_secret"] = provider.client_secret
        return _fetch("POST", described["token_endpoint"], data=form)
    # RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
    login = (urlencode({"": provider.client_id})[1:], urlencode({"": provider.client_secret})[1:])
    return _fetch("POST", described["token_endpoint"], data=form, auth=login)


def _checked(provider: Provider, described: Mapping[str, Any], token: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token (OpenID Connect Core 3.1.3.7): signature, issuer, audience, times, nonce."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise refused("algorithm", "身份认证系统的签名方式不在允许之列")
        key = _key(_fetch("GET", described["jwks_uri"]), header)
        claims: dict[str, Any] = jwt.decode(
            token,
            key=key,
            algorithms=[header["alg"]],
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise refused("expired", "身份认证系统的答复已过期") from error
    except jwt.InvalidAudienceError as error:
        raise refused("audience", "身份认证系统的答复不是给本平台的") from error
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise refused("token", "身份认证系统的答复没有通过核验") from error
    others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if ("azp" in claims or others) and claims.get("azp") != provider.client_id:
        raise refused("audience", "身份认证系统的答复不是给本平台的")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise refused("nonce", "身份认证系统的答复不属于这次登录")
    return claims


def _key(found: Mapping[str, Any], header: Mapping[str, Any]) -> jwt.PyJWK:
    keys = [k for k in jwt.PyJWKSet.from_dict(dict(found)).keys if k.public_key_use in (None, "sig")]
    if "kid" in header:
        keys = [key for key in keys if key.key_id == header["kid"]]
    if len(keys) != 1:
        raise refused("key", "身份认证系统没有公布这次答复所用的密钥")
    return keys[0]


def _recent(claims: Mapping[str, Any], at: datetime) -> bool:
    since = claims.get("auth_time")
    return isinstance(since, int) and abs(at.timestamp() - since) <= FRESH


def _userinfo(described: Mapping[str, Any], access_token: str, subject: str) -> dict[str, Any]:
    """Claims the ID token left out; they must be about the same subject."""
    if described.get("userinfo_endpoint") is None:
        return {}
    found = _fetch("GET", described["userinfo_endpoint"], headers={"Authorization": f"Bearer {access_token}"})
    if found.get("sub") != subject:
        raise refused("subject", "身份认证系统前后两次说的不是同一人")
    return found


def _fetch(method: str, url: str, **how: Any) -> dict[str, Any]:
    """A JSON object of the provider; bounded in size and time, never redirected.

    An answer 400 or 401 is a refusal, everything else but 200 an outage.
    """
    # A provider on this machine is not looked for through a proxy.
    trust = urlsplit(url).scheme == "https"
    try:
        with (
            httpx.Client(timeout=WAIT, follow_redirects=False, trust_env=trust) as client,
            client.stream(method, url, **how) as answer,
        ):
            if answer.status_code in (400, 401):
                raise refused("provider", "身份认证系统没有接受这次登录")
            if answer.status_code != 200:
                raise _down(f"身份认证系统答复 {answer.status_code}")
            found = json.loads(_body(answer))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RecursionError) as error:
        raise _down("身份认证系统连接不上，或答复读不出来") from error
    if not isinstance(found, dict):
        raise _down("身份认证系统的答复读不出来")
    return found


def _body(answer: httpx.Response) -> bytes:
    body, ends = bytearray(), time.monotonic() + LONGEST
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > MOST or time.monotonic() > ends:
            raise _down("身份认证系统的答复过大或过慢")
    return bytes(body)


def _down(why: str) -> Unavailable:
    return Unavailable(
        "暂时不能通过统一身份认证登录",
        why=why,
        remedy="请稍后再试，或用登录名和密码登录；反复出现的，请联系系统管理员",
        code="orgs.oidc_unavailable",
    )
