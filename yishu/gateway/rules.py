"""What a caller may look up: pure decisions on what was read from schema ``gateway``. No database, no clock."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from yishu.law.decision import Decision

TABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
"""Names a serving table may have; anything else in ``serving.current`` is refused, never quoted away."""

NOT_GRANTED = "gateway.not_granted"
"""Also the answer for a resource that does not exist: the two are not told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """One row of ``gateway.grant_`` of the caller's department. ``ends_on`` is the last day of use (Asia/Shanghai).

    Compared by identity: a reading of the row, not the row.
    """

    id: UUID
    department_name: str
    clients: frozenset[str]
    spec: dict[str, Any]
    key_identifier: str
    lookup_sql: str
    starts_on: date
    ends_on: date
    active: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Column ids of the items the grant shows."""
        return tuple(str(item["column"]) for item in self.spec.get("items", ()))

    @property
    def purpose(self) -> str:
        """What the data may be used for (具体用途)."""
        return str(self.spec.get("purpose", ""))


@dataclass(frozen=True, slots=True)
class Pointer:
    """One row of ``serving.current``: the table that serves a resource now."""

    table: str
    load_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Subject:
    """Who calls: a machine client (``client_id``) or a person (``person:<id>``), for one department."""

    id: str
    department_id: int
    name: str
    is_person: bool

    @property
    def actor(self) -> str:
        """How the ledger names the caller."""
        return self.id if self.is_person else f"client:{self.id}"


def choose(grants: Sequence[Grant], subject: Subject, today: date, named: UUID | None = None) -> Grant | None:
    """The grant a call runs under: the one it names, else of those usable today the one that began last.

    Returns an unusable grant rather than None when the department holds one for this caller, so that ``may_look_up`` can
    say why; None when there is nothing the caller may know of.
    """
    mine = [g for g in grants if subject.is_person or subject.id in g.clients]
    if named is not None:
        mine = [g for g in mine if g.id == named]
    if not mine:
        return None
    return max(mine, key=lambda g: (may_look_up(g, today).allowed, g.active, g.starts_on, g.ends_on, g.id))


def may_look_up(grant: Grant | None, today: date) -> Decision:
    """Whether records may be looked up under ``grant`` on the Asia/Shanghai date ``today`` (XW-19, XW-20.2)."""
    if grant is None:
        return Decision(
            False,
            "没有这个资源的授权",
            code=NOT_GRANTED,
            remedy="请核对资源代码；需要使用时请由本部门在平台上申请，或请本部门管理人员把此客户端列入授权",
        )
    if not grant.active:
        return Decision(
            False, "授权已收回", code="gateway.grant_revoked", remedy="收回原因见平台“我的授权”；仍需使用的请重新申请"
        )
    if today < grant.starts_on:
        return Decision(
            False,
            "授权尚未到使用起始日期",
            code="gateway.grant_not_begun",
            remedy=f"请在 {grant.starts_on.isoformat()} 及以后调用",
        )
    if today > grant.ends_on:
        return Decision(
            False,
            "授权的使用期限已过",
            code="gateway.grant_ended",
            remedy=f"使用期限截至 {grant.ends_on.isoformat()}；仍需使用的请重新申请",
        )
    if not grant.lookup_sql:
        return Decision(
            False,
            "授权不含“数据查询”方式",
            code="gateway.mode_not_granted",
            remedy="请按授权所列共享方式使用，或申请增加",
        )
    return Decision(True, "授权有效")


def same_view(one: Grant, other: Grant) -> bool:
    """Whether two readings of a grant show the same: an answer made under ``one`` may leave under ``other``."""
    return one.id == other.id and one.lookup_sql == other.lookup_sql and one.key_identifier == other.key_identifier


def statement(grant: Grant, pointer: Pointer) -> str:
    """The grant's SQL against the current serving table. Raises ValueError for a table name that is not one of ours."""
    if not TABLE_NAME.fullmatch(pointer.table):
        raise ValueError("serving.current names a table that no load makes")
    return grant.lookup_sql.replace("{table}", f'serving."{pointer.table}"')
