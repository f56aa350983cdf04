"""Keyed digests: how the ledger names a value without holding it. Django-free.

HMAC-SHA256 under keys that rotate; a digest names its key, so that an auditor who holds the keys can ask for one value,
and the log alone tells nothing. Keys are the files ``<home>/keys/digest-0001``, ``digest-0002`` …; the last one is current.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from yishu.ledger.keyfiles import create, key_folder, key_text

_NAME = re.compile(r"digest-[0-9]{4}")


@dataclass(frozen=True, slots=True, repr=False)
class DigestKey:
    """One secret of 32 random bytes; ``id`` is derived from it, so that no two keys share one by accident."""

    id: str
    secret: bytes

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a key file's hexadecimal text."""
        secret = bytes.fromhex(text)
        return cls(sha256(b"yishu digest key id\n" + secret).hexdigest()[:8], secret)

    def digest(self, value: str, purpose: str) -> str:
        """``<key id>:<64 hex>`` of the value for one purpose."""
        message = purpose.encode() + b"\0" + value.encode()
        return f"{self.id}:{hmac.digest(self.secret, message, 'sha256').hex()}"


@dataclass(frozen=True, slots=True)
class Digester:
    """All digest keys of a platform, oldest first; the last is the one new digests are made with."""

    keys: tuple[DigestKey, ...]

    @classmethod
    def load(cls, home: Path) -> Self:
        """Read the keys under ``home``, making the first one on first use; long-running processes see a rotation after a restart."""
        key_text(home, "digest-0001", lambda: secrets.token_hex(32))
        paths = sorted(path for path in key_folder(home).iterdir() if _NAME.fullmatch(path.name))
        return cls(tuple(DigestKey.from_text(path.read_text().strip()) for path in paths))

    def digest(self, value: str, purpose: str) -> str:
        """Digest a normalised value under the current key.

        ``purpose`` separates worlds (``person_id``, ``uscc``, ``reason``): the same text for two purposes gives two digests.
        """
        return self.keys[-1].digest(value, purpose)

    def search(self, value: str, purpose: str) -> tuple[str, ...]:
        """The value's digest under every key, newest first: what an auditor looks for."""
        return tuple(key.digest(value, purpose) for key in reversed(self.keys))


def rotate(home: Path) -> Digester:
    """Add a new current key; the old ones stay for searching. Returns the new set."""
    number = len(Digester.load(home).keys) + 1
    while not create(key_folder(home) / f"digest-{number:04d}", secrets.token_hex(32)):
        number += 1
    return Digester.load(home)
