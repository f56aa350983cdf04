"""The facts an entry may carry, by kind, each with its shape: the fence that keeps data values out of the ledger. Django-free.

To record something new, declare it here with the narrowest shape that fits; free text has no shape on purpose.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

Fact = str | int | bool | Sequence[str] | Mapping[str, str]


class Shape(StrEnum):
    """What a fact's value looks like."""

    COUNT = "count"
    """Whole number, 0 to 9,999,999,999 (an eleven-digit number could be a telephone)."""
    FLAG = "flag"
    """true or false."""
    CODE = "code"
    """ASCII code, id or name in the program, at most 120 characters; nothing that looks like a person's or organisation's number."""
    CODES = "codes"
    """List of codes."""
    CODE_MAP = "code_map"
    """Flat object, code to code (column id to mask kind)."""
    DIGEST = "digest"
    """Keyed digest ``<key id>:<64 hex>`` from ``ledger.digests``."""
    DIGESTS = "digests"
    """List of keyed digests."""
    DATE = "date"
    """``YYYY-MM-DD`` of a deadline or term; only for facts about procedures, never about people."""
    LAW = "law"
    """An article as cited (``修武办法 第十九条第一项``) or its row (``XW-19.1.a``), at most 80 characters."""


_COMMON: Mapping[str, Shape] = {
    "law": Shape.LAW,
    "object": Shape.CODE,  # what it is about: context.thing
    "object_id": Shape.CODE,
    "role": Shape.CODE,
    "client": Shape.CODE,
    "person": Shape.CODE,
    "department_id": Shape.CODE,
    "provider_id": Shape.CODE,
    "jurisdiction": Shape.CODE,
    "pack": Shape.CODE,
    "version": Shape.COUNT,
    "revision": Shape.COUNT,
    "request": Shape.CODE,
}
_CALL: Mapping[str, Shape] = {
    "call": Shape.CODE,  # lookup, query, verify, export …
    "keys": Shape.DIGESTS,
    "key_count": Shape.COUNT,
    "items": Shape.CODES,
    "purpose": Shape.CODE,
    "epoch": Shape.COUNT,
    "table": Shape.CODE,
    "load": Shape.CODE,
    "code": Shape.CODE,
    "status": Shape.COUNT,
}
FACTS: Final[Mapping[str, Mapping[str, Shape]]] = MappingProxyType(
    {
        "delivery": {
            **_COMMON,
            **_CALL,
            "records": Shape.COUNT,
            "absent": Shape.COUNT,
            "masks": Shape.CODE_MAP,
            "filters": Shape.DIGEST,
            "answer": Shape.DIGEST,  # keyed digest of the answer's bytes
            "answer_bytes": Shape.COUNT,
        },
        "refusal": {**_COMMON, **_CALL, "article": Shape.LAW, "limit": Shape.COUNT, "used": Shape.COUNT},
        "decision": {
            **_COMMON,
            "procedure": Shape.CODE,
            "step": Shape.CODE,
            "from_step": Shape.CODE,
            "to_step": Shape.CODE,
            "outcome": Shape.CODE,
            "article": Shape.LAW,
            "reason": Shape.DIGEST,
            "number": Shape.CODE,
            "share_type": Shape.CODE,
            "items": Shape.CODES,
            "masks": Shape.CODE_MAP,
            "purpose": Shape.CODE,
            "due_on": Shape.DATE,
            "due_provisional": Shape.FLAG,
            "law_on": Shape.DATE,
            "starts_on": Shape.DATE,
            "ends_on": Shape.DATE,
            "subject_id": Shape.CODE,
            "mode": Shape.CODE,
            "days": Shape.COUNT,
            "for_person": Shape.CODE,
        },
        "event": {
            **_COMMON,
            "event": Shape.CODE,  # what happened: context.thing_happened
            "action": Shape.CODE,
            "outcome": Shape.CODE,
            "state": Shape.CODE,
            "reason": Shape.DIGEST,
            "article": Shape.LAW,
            "items": Shape.CODES,
            "masks": Shape.CODE_MAP,
            "clients": Shape.CODES,
            "modes": Shape.CODES,
            "purpose": Shape.CODE,
            "share_type": Shape.CODE,
            "filters": Shape.DIGEST,
            "procedure": Shape.CODE,
            "step": Shape.CODE,
            "mode": Shape.CODE,
            "number": Shape.CODE,
            "due_on": Shape.DATE,
            "starts_on": Shape.DATE,
            "ends_on": Shape.DATE,
            "wanted_on": Shape.DATE,
            "load": Shape.CODE,
            "table": Shape.CODE,
            "file": Shape.DIGEST,
            "code": Shape.CODE,
            "bytes": Shape.COUNT,
            "rows": Shape.COUNT,
            "records": Shape.COUNT,
            "rejects": Shape.COUNT,
            "count": Shape.COUNT,
            # leaf 0 of a log, and nothing else:
            "log_reason": Shape.CODE,
            "previous_log": Shape.CODE,
            "kept_size": Shape.COUNT,
            "kept_root": Shape.CODE,
            "found_size": Shape.COUNT,
        },
    }
)

_CODE = re.compile(r"[A-Za-z0-9_.:/\-]{0,120}")
_DIGEST = re.compile(r"[A-Za-z0-9]{1,16}:[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LAW = re.compile(r"[A-Za-z0-9一-鿿〔〕《》（）()、.\- ·,，]{0,80}")
# 公民身份号码 (18, and 15 of old), 手机号, 统一社会信用代码.
_PERSONAL = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9]{17}[0-9Xx]|[1-9][0-9]{14}|(?:\+?86)?1[3-9][0-9]{9}|[0-9A-HJ-NPQRTUWXY]{18})(?![0-9A-Za-z])"
)
_SHORTEST = 11
"""Characters of the shortest such number: most codes need no closer look."""
_MOST = 10_000


def personal(text: str) -> bool:
    """Whether the text contains something shaped like the number of a person, a telephone or an organisation."""
    return len(text) >= _SHORTEST and _PERSONAL.search(text) is not None


def _is_code(value: object) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None and not personal(value)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _is_list_of(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list | tuple) and len(value) <= _MOST and all(map(fits, value))


_FITS: Final[Mapping[Shape, Callable[[object], bool]]] = {
    Shape.COUNT: lambda value: type(value) is int and 0 <= value <= 9_999_999_999,
    Shape.FLAG: lambda value: isinstance(value, bool),
    Shape.CODE: _is_code,
    Shape.CODES: _is_list_of(_is_code),
    Shape.CODE_MAP: lambda value: (
        isinstance(value, Mapping) and all(_is_code(name) and _is_code(code) for name, code in value.items())
    ),
    Shape.DIGEST: _is_digest,
    Shape.DIGESTS: _is_list_of(_is_digest),
    Shape.DATE: lambda value: isinstance(value, str) and _DATE.fullmatch(value) is not None,
    Shape.LAW: lambda value: isinstance(value, str) and _LAW.fullmatch(value) is not None and not personal(value),
}


def problem(shape: Shape, value: object) -> str:
    """Why ``value`` is not of this shape (Chinese, never quoting the value); empty when it is."""
    return "" if _FITS[shape](value) else f"值不是 {shape.value} 的形状"
