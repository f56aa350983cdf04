"""The body of a lookup: ``{"keys": ["…", …], "grant": "<uuid>"}``, read strictly. Never repeats a value in an error."""

import json
from typing import Any
from uuid import UUID

import orjson

from yishu.kernel import codes
from yishu.kernel.errors import Invalid, Problem, PublicError

MAX_KEYS = 100
MAX_KEY_LENGTH = 200
"""Characters of one key before normalising."""
MAX_BODY = 64 * 1024
"""Bytes of a lookup's body: 100 keys of 200 characters in escaped form are refused before this."""


class BadBody(PublicError):
    """The body is no JSON object of the agreed form."""

    code = "gateway.bad_body"
    status = 400


class _Repeated(ValueError):
    pass


def read_question(body: bytes) -> tuple[list[str], UUID | None]:
    """The keys as given and the grant named. Raises ``BadBody`` (400) or ``Invalid`` (422, wrong type or number of keys)."""
    try:
        document = orjson.loads(body)
        if b"\\" in body or body.count(b'"') > 2 * len(document.get("keys", ())) + 2:
            json.loads(body, object_pairs_hook=_once)  # orjson lets the last of two equal names win
    except _Repeated as error:
        raise _bad("请求正文中有重复的字段名") from error
    except (ValueError, RecursionError) as error:
        raise _bad("请求正文不是 UTF-8 编码的 JSON") from error
    except (AttributeError, TypeError) as error:
        raise _bad("请求正文应为 JSON 对象，其中 keys 为字符串数组") from error
    unknown = document.keys() - {"keys", "grant"}
    keys = document.get("keys")
    if unknown or type(keys) is not list:
        raise _bad("请求正文应为 JSON 对象，其中 keys 为字符串数组，可另有 grant")
    if not 1 <= len(keys) <= MAX_KEYS:
        raise Invalid(
            f"一次查询的标识数量应为 1 至 {MAX_KEYS} 个",
            remedy="请分批查询",
            code="gateway.too_many_keys" if keys else "gateway.no_keys",
        )
    grant = document.get("grant")
    if grant is None:
        return keys, None
    try:
        return keys, UUID(grant)
    except (ValueError, AttributeError, TypeError) as error:
        raise _bad("grant 应为授权编号（UUID）") from error


def normalise(keys: list[Any], identifier: str) -> dict[str, int]:
    """The keys in the form they are stored and compared in, each with its first position in ``keys``; order kept.

    ``identifier`` is the grant's ``key_identifier``: ``person_id``, ``identity_document`` and ``uscc`` are checked by kernel.codes, ``""`` is only
    stripped of outer blanks. Raises ``Invalid`` (422) listing every wrong position, counted from 0; values are not repeated.
    """
    found: dict[str, int] = {}
    problems: list[Problem] = []
    for position, key in enumerate(keys):
        problem = "key_type"
        if type(key) is str:
            key = codes.normalise_identifier(key) if identifier else key.strip()
            problem = _problem(key, identifier)
        if problem:
            problems.append(Problem(f"keys[{position}]", _words(problem), code=problem))
        else:
            found.setdefault(key, position)
    if problems:
        raise Invalid(
            "查询标识不符合要求",
            remedy="请按所列位置更正后重试；本次没有查询任何标识",
            code="gateway.bad_keys",
            problems=problems,
        )
    return found


def _problem(key: str, identifier: str) -> str:
    if not 1 <= len(key) <= MAX_KEY_LENGTH:
        return "key_length"
    if identifier == "person_id":
        return codes.person_id_problem(key) or ""
    if identifier == "identity_document":
        return codes.identity_document_problem(key) or ""
    if identifier == "uscc":
        return codes.uscc_problem(key) or ""
    return "" if key.isprintable() else "key_characters"


def _words(problem: str) -> str:
    own = {
        "key_type": "应为字符串",
        "key_length": f"长度应为 1 至 {MAX_KEY_LENGTH} 个字符",
        "key_characters": "含有控制字符或不可见字符",
    }
    return own.get(problem) or codes.PROBLEMS[problem]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _Repeated
    return document


def _bad(what: str) -> BadBody:
    return BadBody(what, remedy='正文形如 {"keys": ["…"]}，最多 100 个标识，见 docs/gateway-protocol.md')
