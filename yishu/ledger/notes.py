"""Signed notes and checkpoints as C2SP writes them (signed-note, tlog-checkpoint), signed with Ed25519. Django-free.

A checkpoint says "log *origin* has *size* leaves and this *root*". The key's name is the platform; the origins of its logs are
``<platform>/<random log id>``, so that one trusted key serves all logs of a platform.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from yishu.kernel.errors import Invalid
from yishu.ledger.keyfiles import create, key_folder, key_text
from yishu.ledger.merkle import HASH_BYTES, Hash

_ED25519: Final = b"\x01"
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_LONGEST: Final = 65_536
_SIGNATURES: Final = 64
SIGNING_KEY: Final = "ledger-signing.key"
VERIFIER_KEYS: Final = "ledger-verifier.txt"


class BadNote(Invalid):
    """A note or key cannot be accepted; ``code`` says why: ``receipt.malformed``, ``.unknown_key``, ``.forged_signature``."""

    code = "receipt.malformed"


def _malformed(what: str) -> BadNote:
    return BadNote(what, remedy="请向出具方重新取得原文件，不要编辑或转存其中的文字", code="receipt.malformed")


def _base64(text: str) -> bytes:
    """Strict base64: the one spelling, padding included; raises ValueError."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key somebody decided to trust: name, key id (4 bytes), Ed25519 public key (32 bytes)."""

    name: str
    id: bytes
    public: bytes

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``<name>+<8 hex>+<base64>``; raises ``BadNote`` with code ``receipt.bad_key``."""
        parts = text.split("+", 2)
        try:
            name, id_text, encoded = parts
            data = _base64(encoded)
            given = bytes.fromhex(id_text)
        except ValueError:
            raise _bad_key("不是“名称+8位十六进制+公钥”的写法") from None
        if not _NAME.fullmatch(name) or data[:1] != _ED25519 or len(data) != 33:
            raise _bad_key("不是 Ed25519 公钥")
        if given != _key_id(name, data[1:]):
            raise _bad_key("名称、编号与公钥对不上，可能抄写有误")
        return cls(name, given, data[1:])

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether the signature is this key's over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


def _bad_key(why: str) -> BadNote:
    return BadNote(
        "可信公钥不能用",
        why=why,
        remedy="请向数据主管部门重新索取公钥文件 ledger-verifier.txt；每行一个公钥",
        code="receipt.bad_key",
    )


def read_verifier_keys(text: str) -> tuple[VerifierKey, ...]:
    """Read a ``--trust`` file: one key a line, empty lines and lines beginning with ``#`` aside; raises ``BadNote`` if there is none."""
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    keys = tuple(VerifierKey.from_text(line) for line in lines if line and not line.startswith("#"))
    if not keys:
        raise _bad_key("文件里没有公钥")
    return keys


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """The platform's own key; its text form is the C2SP signer key, kept only in its file."""

    name: str
    secret: bytes

    @classmethod
    def load(cls, home: Path) -> Self:
        """Read ``<home>/keys/ledger-signing.key`` (made on first use) and see that the public half is exported beside it."""

        def make() -> str:
            return cls(f"yishu-{secrets.token_hex(4)}", secrets.token_bytes(32)).text()

        key = cls.from_text(key_text(home, SIGNING_KEY, make))
        exported = key_folder(home) / VERIFIER_KEYS
        if not create(exported, str(key.verifier())) and str(key.verifier()) not in exported.read_text().split():
            with exported.open("a") as file:  # the key was replaced: the old one stays, its receipts are still good
                file.write(f"{key.verifier()}\n")
        return key

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``PRIVATE+KEY+<name>+<8 hex>+<base64>``; raises ``BadNote`` with code ``receipt.bad_key``."""
        parts = text.strip().split("+", 4)
        try:
            private, word, name, id_text, encoded = parts
            data = _base64(encoded)
        except ValueError:
            raise _bad_key("签名密钥文件损坏") from None
        key = cls(name, data[1:])
        if (private, word) != ("PRIVATE", "KEY") or data[:1] != _ED25519 or len(data) != 33:
            raise _bad_key("签名密钥文件损坏")
        if key.verifier().id.hex() != id_text or not _NAME.fullmatch(name):
            raise _bad_key("签名密钥文件损坏")
        return key

    def text(self) -> str:
        """The signer key's text, secret included."""
        encoded = base64.b64encode(_ED25519 + self.secret).decode()
        return f"PRIVATE+KEY+{self.name}+{self.verifier().id.hex()}+{encoded}"

    def verifier(self) -> VerifierKey:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()
        return VerifierKey(self.name, _key_id(self.name, public), public)

    def sign(self, text: str) -> str:
        """The text as a signed note; it must end in a newline."""
        if not text.endswith("\n"):
            raise ValueError("a note's text ends in a newline")
        signature = Ed25519PrivateKey.from_private_bytes(self.secret).sign(text.encode())
        encoded = base64.b64encode(self.verifier().id + signature).decode()
        return f"{text}\n— {self.name} {encoded}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Origin, number of leaves and root of a log at one moment."""

    origin: str
    size: int
    root: Hash

    def text(self) -> str:
        """The note text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def verify_note(note: str, trusted: Iterable[VerifierKey]) -> tuple[str, tuple[VerifierKey, ...]]:
    """Check a signed note against trusted keys: its text and the keys that signed it (at least one).

    Signatures by unknown keys are ignored; one bad signature by a trusted key refuses the whole note. Raises ``BadNote``.
    """
    text, lines = _split(note)
    keys = {(key.name, key.id): key for key in trusted}
    signed: list[VerifierKey] = []
    for name, data in map(_signature, lines):
        key = keys.get((name, data[:4]))
        if key is None:
            continue
        if not key.verifies(text, data[4:]):
            raise BadNote(
                "签名是伪造的，或内容在签名之后被改动过",
                object_=f"签名方 {name}",
                why="用可信公钥核对签名，结果不符",
                remedy="不要采信；请保留原文件并报告数据主管部门",
                code="receipt.forged_signature",
            )
        signed.append(key)
    if not signed:
        names = "、".join(sorted({_signature(line)[0] for line in lines}))
        raise BadNote(
            "签名方不在可信公钥之列",
            object_=f"签名方 {names}",
            why="文件自带的任何公钥都不作数，只认 --trust 给出的公钥",
            remedy="请向数据主管部门核实公钥后加入可信公钥文件；核实之前不要采信",
            code="receipt.unknown_key",
        )
    return text, tuple(signed)


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text; raises ``BadNote``. Extension lines are refused: nobody can audit them."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise _malformed("检查点的写法不对")
    try:
        root = _base64(lines[2])
    except (ValueError, binascii.Error):
        raise _malformed("检查点的写法不对") from None
    if len(root) != HASH_BYTES:
        raise _malformed("检查点的写法不对")
    return Checkpoint(lines[0], int(lines[1]), root)


def verify_checkpoint(note: str, trusted: Iterable[VerifierKey]) -> Checkpoint:
    """A checkpoint signed by a trusted key that may speak for its log: key name = origin, or the origin's part before the last ``/``."""
    text, signed = verify_note(note, trusted)
    checkpoint = read_checkpoint(text)
    if not any(checkpoint.origin in (key.name, f"{key.name}/{checkpoint.origin.rpartition('/')[2]}") for key in signed):
        raise BadNote(
            "签名方无权代表这个存证日志",
            object_=checkpoint.origin,
            why="公钥是可信的，但属于另一个平台",
            remedy="请核对凭证由哪个平台出具，并使用该平台的公钥",
            code="receipt.unknown_key",
        )
    return checkpoint


def _split(note: str) -> tuple[str, Sequence[str]]:
    if len(note) > _LONGEST or any(
        (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in note
    ):
        raise _malformed("检查点的写法不对")
    head, gap, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not gap or lines[-1] or not 1 <= len(lines) - 1 <= _SIGNATURES:
        raise _malformed("检查点的写法不对")
    return head + "\n", lines[:-1]


def _signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        data = _base64(encoded)
    except ValueError:
        raise _malformed("检查点的签名行写法不对") from None
    if dash != "—" or not _NAME.fullmatch(name) or len(data) < 5:
        raise _malformed("检查点的签名行写法不对")
    return name, data
