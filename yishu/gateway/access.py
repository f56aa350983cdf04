"""Which grant, client and serving table a call meets, read in one snapshot with the epoch and kept until the epoch moves."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from yishu.gateway.database import Connections
from yishu.gateway.rules import Grant, Pointer, Subject
from yishu.kernel.errors import PublicError

_GRANT = """g.id, g.resource_code, g.department_name, g.clients, g.spec::text as spec, g.key_identifier, g.lookup_sql,
    g.starts_on, g.ends_on, g.active as grant_active"""
_CLIENT = "c.client_id, c.active as client_active, c.department_id as client_department"

ONE = f"""
select e.value as epoch, {_CLIENT}, s.table_name, s.load_id, s.resource_version, {_GRANT}
from gateway.epoch e
left join gateway.client c on c.client_id = $1
left join serving.current s on s.resource_code = $2
left join gateway.grant_ g on g.resource_code = $2 and g.department_id = $3
"""  # noqa: S608 - the parts are constants of this module
ALL = f"""
select e.value as epoch, {_CLIENT}, s.table_name, s.load_id, s.resource_version, {_GRANT}
from gateway.epoch e
left join gateway.client c on c.client_id = $1
left join gateway.grant_ g on g.department_id = $2
left join serving.current s on s.resource_code = g.resource_code
order by g.resource_code, g.starts_on, g.id
"""  # noqa: S608
CLIENT = f"select {_CLIENT} from gateway.epoch e left join gateway.client c on c.client_id = $1"  # noqa: S608
MAX_KEPT = 10_000
"""Readings kept by one worker; hostile codes cannot fill its memory."""


class ClientRefused(PublicError):
    """The token is genuine, but its client was disabled or moved to another department since."""

    code = "gateway.client_disabled"
    status = 401


@dataclass(frozen=True, slots=True)
class Access:
    """What one subject meets at one resource, at one epoch. ``grants`` are its department's, usable or not."""

    epoch: int
    grants: tuple[Grant, ...]
    pointer: Pointer | None
    plans: dict[UUID, Any] = field(default_factory=dict)
    """What ``lookup`` prepared for each grant of this reading; gone with it."""


@dataclass(frozen=True, slots=True)
class Granted:
    """One of a department's grants with its resource code and the table that serves it."""

    code: str
    grant: Grant
    pointer: Pointer | None


class Accesses:
    """Readings of one worker. A reading serves until a ledger commit returns another epoch than the reading's."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._kept: dict[tuple[str, str, int], Access] = {}
        self._epoch = 0

    def kept(self, subject: Subject, code: str) -> Access | None:
        """The reading at hand, which a ledger commit must confirm before anything leaves."""
        return self._kept.get((code, subject.id, subject.department_id))

    async def read(self, subject: Subject, code: str) -> Access:
        """Read anew. Raises ``ClientRefused`` (401) and ``Unavailable`` (503)."""
        rows = await self._connections.fetch(ONE, "" if subject.is_person else subject.id, code, subject.department_id)
        _require_client(subject, rows[0])
        access = Access(rows[0]["epoch"], tuple(_grant(row) for row in rows if row["id"]), _pointer(rows[0]))
        if access.epoch > self._epoch or len(self._kept) >= MAX_KEPT:
            self._kept.clear()
            self._epoch = max(self._epoch, access.epoch)
        if access.epoch == self._epoch:
            self._kept[(code, subject.id, subject.department_id)] = access
        return access

    async def require_client(self, subject: Subject) -> None:
        """Make sure the caller's client is still active, for routes that need no grant. Raises as ``read``."""
        if not subject.is_person:
            _require_client(subject, await self._connections.fetchrow(CLIENT, subject.id))

    async def all(self, subject: Subject) -> list[Granted]:
        """Every grant of the subject's department that names the subject, by resource code. Raises as ``read``."""
        rows = await self._connections.fetch(ALL, "" if subject.is_person else subject.id, subject.department_id)
        _require_client(subject, rows[0])
        found = [Granted(row["resource_code"], _grant(row), _pointer(row)) for row in rows if row["id"]]
        return [g for g in found if subject.is_person or subject.id in g.grant.clients]


def _require_client(subject: Subject, row: Any) -> None:
    if subject.is_person:
        return
    if row["client_id"] is None or not row["client_active"] or row["client_department"] != subject.department_id:
        raise ClientRefused(
            "客户端已停用或已变更",
            remedy="请本部门管理人员在平台上核对客户端，再重新申请令牌",
            why="令牌签发后客户端发生了变化",
        )


def _grant(row: Any) -> Grant:
    id: UUID = row["id"]
    return Grant(
        id=id,
        department_name=row["department_name"],
        clients=frozenset(row["clients"]),
        spec=orjson.loads(row["spec"]),
        key_identifier=row["key_identifier"],
        lookup_sql=row["lookup_sql"],
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        active=row["grant_active"],
    )


def _pointer(row: Any) -> Pointer | None:
    if row["table_name"] is None:
        return None
    return Pointer(row["table_name"], row["load_id"], row["resource_version"])
