"""Checking a receipt offline: no database, no network, and no key but those the checker trusts. Django-free."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from yishu.kernel.errors import Invalid
from yishu.law.decision import Decision
from yishu.ledger.entries import BadEntry, Entry, entry_from_bytes
from yishu.ledger.logs import leaf_data
from yishu.ledger.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from yishu.ledger.notes import BadNote, VerifierKey, verify_checkpoint
from yishu.ledger.receipts import FORMAT

LONGEST: Final = 4 * 1024 * 1024
"""Bytes of a receipt file at most: ten thousand keyed digests fit."""
_FIELDS: Final = {
    "format": str,
    "id": str,
    "entry": str,
    "log": str,
    "index": int,
    "inclusion_proof": list,
    "checkpoint": str,
}
_REMEDY = "不要采信；请向出具方重新取得原文件，若仍不符请报告数据主管部门"


class BadReceipt(Invalid):
    """A receipt that must not be believed; ``code`` says why: ``receipt.malformed``, ``.wrong_proof`` (and those of ``BadNote``)."""

    code = "receipt.malformed"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a good receipt proves: this entry, under this id, is leaf ``index`` of ``log``, which ``signed_by`` signed at ``size`` leaves."""

    id: UUID
    entry: Entry
    log: str
    index: int
    size: int
    signed_by: str


def read_receipt(data: bytes) -> dict[str, Any]:
    """The document in a receipt file; raises ``BadReceipt`` (``receipt.malformed``), also for a key that stands twice."""
    if len(data) > LONGEST:
        raise _malformed("文件过大")
    try:
        document = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _malformed("不是 JSON 文件") from None
    if not isinstance(document, dict):
        raise _malformed("不是凭证")
    return document


def open_receipt(document: Mapping[str, Any], trusted: Sequence[VerifierKey]) -> Verified:
    """Check everything a receipt claims, from its own text and the trusted keys alone.

    Raises ``BadReceipt`` or ``BadNote`` with code ``receipt.malformed``, ``receipt.unknown_key`` (signed by a key that is not
    trusted; keys inside a receipt never are), ``receipt.forged_signature`` or ``receipt.wrong_proof``.
    """
    path = _checked(document)
    checkpoint = verify_checkpoint(document["checkpoint"], trusted)
    if checkpoint.origin != document["log"]:
        raise _wrong("凭证写的存证日志与签名的检查点不是同一个")
    id = UUID(document["id"])
    entry = document["entry"].encode()
    if not verify_inclusion(leaf_hash(leaf_data(id, entry)), document["index"], checkpoint.size, path, checkpoint.root):
        raise _wrong("按凭证内容重算的结果与签名的检查点不符：编号、内容、位置或证明中至少一处被改动")
    try:
        parsed = entry_from_bytes(entry)
    except BadEntry:
        raise _malformed("存证内容不是本版本认识的格式") from None
    return Verified(
        id, parsed, checkpoint.origin, document["index"], checkpoint.size, checkpoint.origin.rpartition("/")[0]
    )


def verify_receipt(document: Mapping[str, Any], trusted: Sequence[VerifierKey]) -> Decision:
    """Whether a receipt may be believed, and why not; never raises for a bad one (see ``open_receipt`` for the codes)."""
    try:
        good = open_receipt(document, trusted)
    except (BadReceipt, BadNote) as error:
        return Decision(False, error.why or error.what, remedy=error.remedy, code=error.code)
    return Decision(True, f"凭证属实：存证日志 {good.log} 第 {good.index} 条，签名时共 {good.size} 条")


def _checked(document: Mapping[str, Any]) -> list[bytes]:
    """The inclusion proof's hashes, once every field has its form."""
    if set(document) != set(_FIELDS) or not all(type(document[name]) is kind for name, kind in _FIELDS.items()):
        raise _malformed("凭证的项目不全、多余或类型不对")
    if document["format"] != FORMAT:
        raise _malformed(f"凭证格式不是 {FORMAT}")
    try:
        if str(UUID(document["id"])) != document["id"]:
            raise ValueError
        document["entry"].encode()
        path = [_hash(text) for text in document["inclusion_proof"]]
    except ValueError:
        raise _malformed("凭证编号、内容或证明的写法不对") from None
    return path


def _hash(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError
    data = base64.b64decode(text, validate=True)
    if len(data) != HASH_BYTES or base64.b64encode(data).decode() != text:
        raise ValueError
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _malformed(why: str) -> BadReceipt:
    return BadReceipt("这不是一份完整的凭证", why=why, remedy=_REMEDY, code="receipt.malformed")


def _wrong(why: str) -> BadReceipt:
    return BadReceipt("凭证不属实", why=why, remedy=_REMEDY, code="receipt.wrong_proof")
