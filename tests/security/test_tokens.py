"""Tokens: what is accepted, and every way of forging one that must not be."""

import base64
import json
import stat
import threading
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from yishu.security import tokens

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path):
    return tokens.TokenKeys.load(tmp_path)


def minted(keys, **changes):
    given = {"subject": "app-1", "department_id": 7, "name": "办事系统", "seconds": 600, "now": NOW}
    return tokens.mint(keys, **(given | changes))


def test_verify_own_token_gives_its_claims(keys):
    claims = tokens.verify(keys, minted(keys), now=NOW + timedelta(seconds=599))
    assert (claims.subject, claims.department_id, claims.name) == ("app-1", 7, "办事系统")
    assert claims.expires_at - claims.issued_at == timedelta(seconds=600)
    assert not claims.is_person
    assert tokens.verify(keys, minted(keys, subject="person:3"), now=NOW).is_person


def test_verify_expired_token_is_refused(keys):
    with pytest.raises(tokens.BadToken) as caught:
        tokens.verify(keys, minted(keys), now=NOW + timedelta(seconds=600))
    assert caught.value.status == 401 and "过期" in caught.value.what


def test_verify_token_from_the_future_is_refused(keys):
    with pytest.raises(tokens.BadToken):
        tokens.verify(keys, minted(keys, now=NOW + timedelta(minutes=2)), now=NOW)


def test_mint_longer_than_allowed_is_refused(keys):
    with pytest.raises(ValueError, match="token life"):
        minted(keys, seconds=tokens.MAX_SECONDS + 1)


def signed(key, keys, *, algorithm="EdDSA", headers=None, **changes):
    issued = int(NOW.timestamp())
    claims = {
        "iss": "yishu", "aud": "yishu-gateway", "sub": "app-1", "dep": 7, "name": "甲", "iat": issued, "exp": issued + 60,
        "jti": "x",
    } | changes  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(
        claims, key, algorithm=algorithm, headers={"kid": keys.private[-1][0], "typ": "at+jwt"} | (headers or {})
    )


def test_verify_hand_made_token_with_right_claims_is_accepted(keys):
    """The forgeries below fail for the one thing each changes."""
    assert tokens.verify(keys, signed(keys.private[-1][1], keys), now=NOW).subject == "app-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"}, {"iss": None}, {"aud": "other"}, {"aud": None}, {"exp": None}, {"iat": None}, {"sub": None},
        {"dep": None}, {"dep": "7"}, {"dep": True}, {"sub": ""}, {"jti": None}, {"name": None},
        {"exp": int(NOW.timestamp()) + 90_000}, {"exp": 1.5}, {"nbf": 1}, {"headers": {"typ": "JWT"}}, {"headers": {"kid": "other"}},
    ],
)  # fmt: skip
def test_verify_wrong_claim_or_header_is_refused(keys, changes):
    with pytest.raises(tokens.BadToken):
        tokens.verify(keys, signed(keys.private[-1][1], keys, **changes), now=NOW)


def test_verify_other_key_under_our_kid_is_refused(keys):
    with pytest.raises(tokens.BadToken):
        tokens.verify(keys, signed(Ed25519PrivateKey.generate(), keys), now=NOW)


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_verify_algorithm_confusion_is_refused(keys):
    """``none``, HMAC keyed with our public key, and another curve under our kid."""
    import hashlib
    import hmac

    kid, private = keys.private[-1]
    body = part(jwt.decode(minted(keys), options={"verify_signature": False}))
    unsigned = f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': kid})}.{body}."
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    forged = [unsigned]
    for secret in (raw, pem):
        head = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': kid})}.{body}"
        mac = base64.urlsafe_b64encode(hmac.new(secret, head.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
        forged.append(f"{head}.{mac}")
    forged.append(signed(generate_private_key(SECP256R1()), keys, algorithm="ES256"))
    for token in forged:
        with pytest.raises(tokens.BadToken):
            tokens.verify(keys, token, now=NOW)


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "a.b", "é.b.c", "." * 5, "a" * 5000, "eyJhbGciOiJFZERTQSJ9..", "\x00"]
)
def test_verify_garbage_is_refused(keys, token):
    with pytest.raises(tokens.BadToken):
        tokens.verify(keys, token, now=NOW)


def test_verify_changed_byte_is_refused(keys):
    head, body, signature = minted(keys).split(".")
    changed = jwt.decode(minted(keys), options={"verify_signature": False}) | {"dep": 8}
    for token in (f"{head}.{part(changed)}.{signature}", f"{head}.{body}.{signature[:-4]}AAAA"):
        with pytest.raises(tokens.BadToken):
            tokens.verify(keys, token, now=NOW)


def test_rotate_newest_signs_all_verify(keys, tmp_path):
    old = minted(keys)
    newer = tokens.TokenKeys.rotate(tmp_path, at=NOW)
    newest = tokens.TokenKeys.rotate(tmp_path, at=NOW + timedelta(days=1))
    assert [kid for kid, _ in newest.private][:2] == [kid for kid, _ in newer.private]
    for token in (old, minted(newer), minted(newest)):
        assert tokens.verify(newest, token, now=NOW).subject == "app-1"
    assert jwt.get_unverified_header(minted(newest))["kid"] == newest.private[-1][0] != newer.private[-1][0]
    with pytest.raises(tokens.BadToken):
        tokens.verify(keys, minted(newest), now=NOW)


def test_load_many_at_once_agree_on_one_key_readable_by_owner_only(tmp_path):
    seen = []
    threads = [
        threading.Thread(target=lambda: seen.append(tokens.TokenKeys.load(tmp_path).private[-1][0])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = list((tmp_path / "keys").iterdir())
    assert len(set(seen)) == 1 and [f.name for f in files] == ["token-signing.pem"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
