"""The ceremonies of security keys (WebAuthn), request-bound: the challenge lies in the session and is used once."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import InvalidSignature
from django import forms
from django.core.exceptions import ValidationError

from yishu.orgs.models import Person

T = TypeVar("T")
MOST = 16 * 1024
"""Characters of a browser's answer; a real one has about a thousand."""


def begin_registration(person: Person) -> str:
    """What the browser is asked to make a key with, as JSON; the challenge goes into the session."""
    return json.dumps(auth.begin_registration(person, passwordless=False)["publicKey"])


def begin_authentication(person: Person) -> str:
    """What the browser is asked to sign with one of the person's keys, as JSON."""
    return json.dumps(auth.begin_authentication(person)["publicKey"])


def finish_registration(credential: Mapping[str, Any]) -> bool:
    """Whether the browser's answer is a new key for this session's challenge, this address and a present person."""

    def verified() -> bool:
        auth.parse_registration_response(credential)
        return auth.complete_registration(dict(credential)) is not None

    return _guarded(verified) or False


def finish_authentication(person: Person, credential: Mapping[str, Any]) -> tuple[int, int] | None:
    """The person's key that signed this session's challenge, and its counter: (primary key of the factor, counter); None if none did."""

    def verified() -> tuple[int, int]:
        answer = auth.parse_authentication_response(credential)
        found = auth.complete_authentication(person, dict(credential))
        return found.pk, answer.response.authenticator_data.counter

    return _guarded(verified)


def _guarded(ceremony: Callable[[], T]) -> T | None:
    """An answer that is malformed anywhere in its nested encodings is a wrong one, and ends the challenge."""
    try:
        return ceremony()
    except (
        ValidationError,
        InvalidSignature,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OverflowError,
    ):
        auth.clear_state()
        return None
    except Exception as error:
        # Structure errors of CBOR and COSE have classes of their own in fido2, one of them plain Exception's child.
        if not type(error).__module__.startswith(("fido2", "struct", "cryptography")):
            raise
        auth.clear_state()
        return None


class CredentialField(forms.CharField):
    """A browser's answer: a JSON object of bounded size and depth. Never sent back into the page."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput, error_messages={"required": "浏览器没有给出安全密钥的答复"})

    def clean(self, value: Any) -> dict[str, Any]:
        """The object. Refuses what is too long, too deep or something else."""
        text = super().clean(value)
        if len(text) > MOST:
            raise ValidationError("答复过长")
        try:
            found = json.loads(text)
        except (RecursionError, ValueError) as error:
            raise ValidationError("答复读不出来") from error
        if not isinstance(found, dict):
            raise ValidationError("答复读不出来")
        return found

    def bound_data(self, data: Any, initial: Any) -> str:
        """An answer is used once: the page starts anew with an empty one."""
        return ""
