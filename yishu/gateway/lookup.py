"""``POST /v1/resources/{code}/lookup``: records by identifier. The hot call: every step is counted in microseconds.

Order of events, which the ledger's promises rest on: read the grant (kept readings are allowed), run its compiled SQL, make
the delivery entry durable, compare the epoch that commit returned with the grant's, and only then let the answer leave.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from yishu.gateway.access import Access, Accesses
from yishu.gateway.batches import Batches
from yishu.gateway.callers import Callers
from yishu.gateway.committer import Committer
from yishu.gateway.deliveries import DeliveryEntry
from yishu.gateway.http import JSON, Answer, Exchange, Scope, read_body, require_no_query, require_type
from yishu.gateway.keys import MAX_BODY, normalise, read_question
from yishu.gateway.metrics import RECHECKS, WITHHELD
from yishu.gateway.refusals import refuse, resource_code
from yishu.gateway.rules import Grant, Pointer, Subject, choose, may_look_up, same_view, statement
from yishu.kernel.errors import Conflict, PublicError, Unavailable
from yishu.kernel.time import shanghai_date
from yishu.ledger.digests import Digester

LOG = logging.getLogger("yishu.gateway")
ATTEMPTS = 4
"""How often one call starts over because its grant or table changed while it ran."""


class QueryFailed(PublicError):
    """The grant's compiled SQL did not run: a fault of the platform, logged by its SQLSTATE only."""

    code = "gateway.query_failed"
    status = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """What stays the same over all calls of one subject under one grant and table: the SQL, the entry, the answer's end."""

    sql: str
    entry: DeliveryEntry
    tail: str


def _plan(subject: Subject, grant: Grant, pointer: Pointer, code: str) -> Plan:
    rest = orjson.dumps(
        {"resource": code, "version": pointer.version, "load": str(pointer.load_id), "grant": str(grant.id)}
    ).decode()
    return Plan(statement(grant, pointer), DeliveryEntry.build(subject, grant, pointer, code), f'","{rest[2:]}')


class Lookup:
    """Answers lookups of one worker."""

    def __init__(
        self,
        *,
        callers: Callers,
        accesses: Accesses,
        batches: Batches,
        committer: Committer,
        digester: Digester,
    ) -> None:
        self._callers, self._accesses, self._batches = callers, accesses, batches
        self._committer, self._digester = committer, digester

    async def __call__(self, scope: Scope, exchange: Exchange, segment: str) -> Answer:
        """Answer one call. Raises the ``PublicError`` that the caller gets instead."""
        now = datetime.now(UTC)
        subject = self._callers.subject(scope, now)
        require_no_query(scope)
        require_type(scope, "application/json")
        asked, named = read_question(await read_body(scope, exchange, MAX_BODY))
        code = resource_code(segment)
        if code is None:
            raise await refuse(self._committer, subject, "lookup", now)
        today = shanghai_date(now)
        access = self._accesses.kept(subject, code)
        withdrawn: UUID | None = None
        for _ in range(ATTEMPTS):
            fresh = access is None
            access = access or await self._accesses.read(subject, code)
            grant = choose(access.grants, subject, today, named)
            decision = may_look_up(grant, today)
            if grant is None or not decision.allowed:
                if not fresh:
                    access = None  # a refusal is never given from memory
                    continue
                raise await refuse(
                    self._committer,
                    subject,
                    "lookup",
                    now,
                    code=code,
                    grant=grant,
                    decision=decision,
                    withdrawn=withdrawn,
                    served=access.pointer is not None,
                )
            places = normalise(asked, grant.key_identifier)
            keys = list(places)
            found = await self._records(access, subject, grant, code, keys)
            if found is None:
                access = None
                continue
            plan, row = found
            id, answer, entry = self._compose(now, grant, plan, places, len(asked), row)
            epoch = await self._committer.commit(id, entry)
            if epoch == access.epoch:
                return answer
            RECHECKS.inc()
            access = await self._accesses.read(subject, code)
            again = choose(access.grants, subject, today, named)
            if again is not None and may_look_up(again, today).allowed and same_view(grant, again):
                return answer
            WITHHELD.inc()
            withdrawn = id
        raise Unavailable("授权或数据正在变更，本次没有返回任何数据", remedy="请稍后重试", code="gateway.changing")

    async def _records(
        self, access: Access, subject: Subject, grant: Grant, code: str, keys: list[str]
    ) -> tuple[Plan, Any] | None:
        """The plan and its one row (records, body, found); None when the table went away and the pointer must be read again."""
        if access.pointer is None:
            raise Conflict(
                "这个资源还没有可供查询的数据", remedy="请联系提供部门，待其数据入库后再查询", code="gateway.no_data"
            )
        plan: Plan | None = access.plans.get(grant.id)
        if plan is None:
            plan = access.plans[grant.id] = _plan(subject, grant, access.pointer, code)
        try:
            return plan, await self._batches.row(plan.sql, keys)
        except (
            asyncpg.UndefinedTableError,
            asyncpg.InvalidCachedStatementError,
            asyncpg.InvalidSQLStatementNameError,
        ):
            return None
        except asyncpg.UndefinedColumnError as error:
            raise Conflict(
                "目录新增的信息项还没有可供查询的数据",
                remedy="请联系提供部门，待其按新版目录装载后再查询",
                code="gateway.no_data",
            ) from error
        except asyncpg.PostgresError as error:
            LOG.error("lookup failed: SQLSTATE %s, grant %s, table %s", error.sqlstate, grant.id, access.pointer.table)
            raise QueryFailed(
                "平台内部查询出错，本次没有返回任何数据", remedy="请把授权编号告诉平台运维", object_=str(grant.id)
            ) from error

    def _compose(
        self, now: datetime, grant: Grant, plan: Plan, places: dict[str, int], asked: int, row: Any
    ) -> tuple[UUID, Answer, bytes]:
        """The receipt id, the answer, and the entry that must be durable before the answer leaves."""
        id = uuid4()
        receipt = str(id)
        records, body, found = row
        if len(places) != asked:  # keys were repeated: the statement counted in the shorter list
            first = list(places.values())
            found = orjson.dumps([first[n] for n in orjson.loads(found)]).decode()
        text = f'{{"records":{body},"found":{found},"receipt":"{receipt}{plan.tail}'
        digest, purpose = self._digester.digest, grant.key_identifier or "key"
        entry = plan.entry.at(
            now,
            keys=[digest(key, purpose) for key in places],
            asked=asked,
            records=records,
            answer=digest(text, "answer"),
        )
        return id, Answer(200, [*JSON, ("x-receipt-id", receipt)], text.encode()), entry
