"""联机查询: a person's lookup goes through the gateway like a program's — same grant, same masks, same ledger entry."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.errors import PublicError, Unavailable
from yishu.security.tokens import PERSON_PREFIX, TokenKeys, mint

TOKEN_SECONDS = 60
"""A person's token serves one click."""
TIMEOUT = httpx.Timeout(10.0, connect=3.0)


class GatewayRefused(PublicError):
    """The gateway's own problem document, passed on: its code, text and next step."""

    code = "sharing.gateway_refused"


@dataclass(frozen=True, slots=True)
class Found:
    """One answer: ``records`` map item names to shown values, in item order; ``receipt`` is the id of its ledger entry."""

    records: tuple[Mapping[str, Any], ...]
    receipt: UUID


def look_up(
    *,
    gateway: str,
    home: Path,
    spec: ResourceSpec,
    grant_id: UUID,
    department_id: int,
    person_id: int,
    person_name: str,
    keys: Sequence[str],
    at: datetime,
) -> Found:
    """Look records up at the gateway as a person of the grant's department; keys travel in the body only.

    Raises ``GatewayRefused`` with what the gateway says, ``Unavailable`` when it cannot be reached or answers nonsense.
    """
    token = mint(
        TokenKeys.load(home), subject=f"{PERSON_PREFIX}{person_id}", department_id=department_id, name=person_name,
        seconds=TOKEN_SECONDS, now=at,
    )  # fmt: skip
    try:
        # The gateway is ours: no proxy of the environment may see the token or the keys, and it never redirects.
        with httpx.Client(trust_env=False, timeout=TIMEOUT, follow_redirects=False) as client:
            answer = client.post(
                f"{gateway}/v1/resources/{spec.url_code}/lookup",
                json={"keys": list(keys), "grant": str(grant_id)},
                headers={"Authorization": f"Bearer {token}"},
            )
            document: Any = json.loads(answer.content, parse_float=Decimal)
            if answer.status_code == 200:
                return Found(tuple(document["records"]), UUID(document["receipt"]))
            raise _refused(document, answer.status_code)
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(
            "共享网关暂时没有应答，本次没有查询到数据",
            remedy="请稍后重试；持续出现时请告知系统管理员检查网关进程",
            code="sharing.gateway_unavailable",
        ) from error


def _refused(document: Mapping[str, Any], status: int) -> GatewayRefused:
    problems = [str(p.get("what", "")) for p in document.get("problems", ())]
    return GatewayRefused(
        str(document["title"]),
        remedy=str(document.get("next", "请核对后重试")),
        why="；".join([str(document.get("detail", "")), *problems]).strip("；"),
        code=str(document["code"]),
        status=status if status in (403, 404, 409, 422, 429, 503) else 503,
    )
