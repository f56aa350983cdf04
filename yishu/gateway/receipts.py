"""Receipts, the signed checkpoint and consistency proofs: how a caller convinces itself and others later."""

import base64
import json
import re
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from yishu.gateway.access import Accesses
from yishu.gateway.callers import Callers
from yishu.gateway.database import Connections
from yishu.gateway.http import NO_SNIFF, NO_STORE, Answer, BadRequest, Exchange, Scope, json_answer, require_no_query
from yishu.kernel.errors import NotFound, Unavailable
from yishu.ledger.logs import TILES_SQL, tile_parameters
from yishu.ledger.merkle import consistency_ranges, proof
from yishu.ledger.receipts import STATE_SQL, checkpoint_async, receipt_async
from yishu.ledger.tiles import MissingTile, node_from, tiles_for

WAIT_SECONDS = 1
LOG_SQL = "select number, id from ledger.log where current"
SIGNED_SQL = "select size from ledger.checkpoint where log = $1 and size = any($2::bigint[])"
_QUERY = re.compile(r"from=([0-9]{1,18})&to=([0-9]{1,18})", re.ASCII)


class Receipts:
    """Answers for the ledger. Holds no tree: everything is read from stored tiles."""

    def __init__(self, *, callers: Callers, accesses: Accesses, connections: Connections) -> None:
        self._callers, self._accesses, self._connections = callers, accesses, connections

    async def receipt(self, scope: Scope, _: Exchange, segment: str) -> Answer:
        """A receipt of the caller's own department; 202 while its proof is being made (two seconds at most).

        Somebody else's receipt and one that does not exist get the same 404.
        """
        subject = self._callers.subject(scope, datetime.now(UTC))
        require_no_query(scope)
        await self._accesses.require_client(subject)
        try:
            id = UUID(segment)
        except ValueError:
            raise _no_receipt() from None
        try:
            found = await receipt_async(self._connections, id)
        except MissingTile as error:
            raise _damaged() from error
        if found is not None:
            if json.loads(found.entry)["department"] != str(subject.department_id):
                raise _no_receipt()
            return json_answer(found.document(), headers=[("x-receipt-id", str(id))])
        try:
            state = await self._connections.fetchrow(STATE_SQL, id)
        except asyncpg.InsufficientPrivilegeError:
            raise _no_receipt() from None
        if state is None or state[0] == "unknown":
            raise _no_receipt()
        return json_answer(
            {"id": str(id), "state": "pending", "next": f"证明正在生成，请 {WAIT_SECONDS} 秒后再取"},
            status=202,
            headers=[("retry-after", str(WAIT_SECONDS))],
        )

    async def checkpoint(self, scope: Scope, _: Exchange, __: str) -> Answer:
        """The newest signed checkpoint (C2SP signed note), public."""
        require_no_query(scope)
        note = await checkpoint_async(self._connections)
        if note is None:
            raise Unavailable("存证日志还没有检查点", remedy="请稍后重试", code="gateway.no_checkpoint")
        return Answer(200, [("content-type", "text/plain; charset=utf-8"), NO_STORE, NO_SNIFF], note.encode())

    async def proof(self, scope: Scope, _: Exchange, __: str) -> Answer:
        """RFC 9162 consistency proof between two checkpoint sizes of the current log (``?from=…&to=…``), base64 hashes."""
        subject = self._callers.subject(scope, datetime.now(UTC))
        await self._accesses.require_client(subject)
        asked = _QUERY.fullmatch(scope.query_string)
        first, second = (int(asked[1]), int(asked[2])) if asked else (0, 0)
        if not 0 < first <= second:
            raise BadRequest(
                "请给出两个检查点的大小",
                remedy="形如 /log/proof?from=100&to=200，from 不大于 to",
                code="gateway.bad_sizes",
            )
        log = await self._connections.fetchrow(LOG_SQL)
        sizes = (
            set() if log is None else {r[0] for r in await self._connections.fetch(SIGNED_SQL, log[0], [first, second])}
        )
        if log is None or sizes != {first, second}:
            raise NotFound(
                "当前日志没有这个大小的检查点",
                remedy="请使用从 /log/checkpoint 取得的检查点的大小",
                code="gateway.no_such_checkpoint",
            )
        ranges = consistency_ranges(first, second)
        rows = await self._connections.fetch(TILES_SQL, *tile_parameters(log[0], tiles_for(ranges)))
        tiles = {(row[0], row[1]): bytes(row[2]) for row in rows}
        try:
            hashes = proof(ranges, lambda node: node_from(node, tiles))
        except MissingTile as error:
            raise _damaged() from error
        body = {"log": log[1], "from": first, "to": second, "proof": [base64.b64encode(h).decode() for h in hashes]}
        return json_answer(body)


def _no_receipt() -> NotFound:
    return NotFound(
        "没有这个凭证", remedy="请核对凭证编号；只能取得本部门的调用记录凭证", code="gateway.no_such_receipt"
    )


def _damaged() -> Unavailable:
    return Unavailable(
        "存证日志不完整，无法给出证明", remedy="请立即联系平台运维核查存证日志", code="gateway.ledger_damaged"
    )
