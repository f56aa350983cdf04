"""Tokens: how they are had, what a wrong one gets."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from yishu.gateway.oauth import CLIENT_FAILURES, Throttle
from yishu.security.tokens import TokenKeys, mint

pytestmark = pytest.mark.django_db
FORM = {"grant_type": "client_credentials"}


def test_token_by_basic_and_by_form_works(world: Any, gateway: Any) -> None:
    holder = world.holder()
    by_basic = httpx.post(f"{gateway.url}/oauth/token", data=FORM, auth=(holder.client_id, holder.secret))
    form = FORM | {"client_id": holder.client_id, "client_secret": holder.secret}
    by_form = httpx.post(f"{gateway.url}/oauth/token", data=form)
    for answer in (by_basic, by_form):
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
        assert answer.json()["token_type"] == "Bearer"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("data", "auth", "status", "error"),
    [
        ({}, True, 400, "invalid_request"),
        ({"grant_type": "password"}, True, 400, "unsupported_grant_type"),
        (FORM, False, 400, "invalid_request"),
        (FORM | {"client_secret": "x", "client_id": "y"}, True, 400, "invalid_request"),
        (FORM | {"client_id": "nobody", "client_secret": "x"}, False, 401, "invalid_client"),
        (FORM | {"client_id": "a\x00b", "client_secret": "x"}, False, 400, "invalid_request"),
        (FORM | {"client_id": "a' or 1=1 --", "client_secret": "x"}, False, 401, "invalid_client"),
    ],
)
def test_token_bad_request_gets_rfc6749_body(
    world: Any, gateway: Any, data: dict[str, str], auth: bool, status: int, error: str
) -> None:
    holder = world.holder()
    answer = httpx.post(
        f"{gateway.url}/oauth/token", data=data or {"x": "y"}, auth=(holder.client_id, holder.secret) if auth else None
    )
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"].isascii() and answer.json()["next"]
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_token_wrong_secret_disabled_and_unknown_client_look_the_same(world: Any, gateway: Any) -> None:
    holder, disabled = world.holder(), world.holder(active=False)
    answers = [
        httpx.post(f"{gateway.url}/oauth/token", data=FORM, auth=auth)
        for auth in ((holder.client_id, "wrong"), (disabled.client_id, disabled.secret), ("c-nobody", "wrong"))
    ]
    assert {(a.status_code, a.content) for a in answers} == {(401, answers[0].content)}


def test_token_repeated_failures_are_throttled(world: Any, serve: Callable[..., Any]) -> None:
    server = serve(workers=1)
    holder, other = world.holder(), world.holder()
    for _ in range(CLIENT_FAILURES):
        assert httpx.post(f"{server.url}/oauth/token", data=FORM, auth=(holder.client_id, "wrong")).status_code == 401
    throttled = httpx.post(f"{server.url}/oauth/token", data=FORM, auth=(holder.client_id, holder.secret))
    assert throttled.status_code == 429 and int(throttled.headers["retry-after"]) >= 1
    assert httpx.post(f"{server.url}/oauth/token", data=FORM, auth=(other.client_id, other.secret)).status_code == 200
    metrics = httpx.get(f"http://127.0.0.1:{server.metrics_port}/metrics").text
    assert 'yishu_gateway_call_seconds_count{route="/oauth/token",status="429"} 1.0' in metrics
    assert holder.secret not in server.log.read_text() and holder.client_id not in server.log.read_text()


def test_throttle_window_passed_allows_again() -> None:
    throttle = Throttle(60.0, most=2)
    for second in range(3):
        throttle.fail(("a",), float(second))
    assert throttle.wait(("a",), 3, 3.0) == 58
    assert throttle.wait(("a",), 3, 61.0) == 0
    throttle.fail(("b",), 61.0)
    throttle.fail(("c",), 61.0)
    assert throttle.wait(("a",), 1, 61.0) == 0  # the oldest made room


def _segment(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def _hostile(home: Path, holder: Any) -> dict[str, str]:
    keys = TokenKeys.load(home)
    kid, private = keys.private[-1]
    now = int(datetime.now(UTC).timestamp())
    good = {"iss": "yishu", "aud": "yishu-gateway", "sub": holder.client_id, "dep": holder.department_id, "name": "x"}
    good |= {"iat": now, "exp": now + 60, "jti": "j"}
    header = {"kid": kid, "typ": "at+jwt"}
    none = f"{_segment(header | {'alg': 'none'})}.{_segment(good)}."
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_segment(header | {'alg': 'HS256'})}.{_segment(good)}"
    mac = base64.urlsafe_b64encode(hmac.new(pem, signed.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    ours = mint(
        keys, subject=holder.client_id, department_id=holder.department_id, name="x", seconds=60, now=datetime.now(UTC)
    )
    head, body, signature = ours.split(".")
    return {
        "none": none,
        "hs256_with_public_key": f"{signed}.{mac}",
        "other_key": jwt.encode(good, Ed25519PrivateKey.generate(), "EdDSA", headers=header),
        "other_audience": jwt.encode(good | {"aud": "elsewhere"}, private, "EdDSA", headers=header),
        "other_issuer": jwt.encode(good | {"iss": "elsewhere"}, private, "EdDSA", headers=header),
        "expired": mint(keys, subject=holder.client_id, department_id=holder.department_id, name="x", seconds=60, now=datetime.now(UTC) - timedelta(hours=1)),
        "other_department_forged": f"{head}.{_segment(good | {'dep': 1})}.{signature}",
        "flipped": f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "client_of_another_department": mint(keys, subject=holder.client_id, department_id=holder.department_id + 1, name="x", seconds=60, now=datetime.now(UTC)),
        "junk": "a.b.c",
        "long": "x" * 9000,
    }  # fmt: skip


def test_hostile_tokens_refused_with_www_authenticate(world: Any, gateway: Any, people: Any, home: Path) -> None:
    holder = world.holder()
    world.grant(holder)
    for name, token in _hostile(home, holder).items():
        answer = httpx.post(
            f"{gateway.url}/v1/resources/{world.url_code}/lookup",
            json={"keys": [people.ids[0]]},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 401, name
        assert answer.headers["www-authenticate"].startswith('Bearer realm="yishu"'), name
        assert answer.json()["next"], name


@pytest.mark.parametrize(
    "headers", [[], [("Authorization", "Basic YTpi")], [("Authorization", "Bearer a"), ("Authorization", "Bearer b")]]
)
def test_no_token_or_several_refused(world: Any, gateway: Any, headers: list[tuple[str, str]]) -> None:
    answer = httpx.get(f"{gateway.url}/v1/resources", headers=headers)
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == 'Bearer realm="yishu"'
