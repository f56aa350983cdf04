"""What is written into the ledger: one entry per delivery, refusal, decision or event, as canonical bytes. Django-free.

An entry never holds a value of a record, a person's name or an identifier: only codes, counts, internal ids and keyed
digests (``ledger.digests``). Every fact is declared in ``ledger.facts`` with a shape, so that nothing else slips in.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from yishu.kernel.codes import resource_code_problem
from yishu.kernel.errors import PublicError
from yishu.ledger.facts import FACTS, Fact, personal, problem

SCHEMA: Final = "yishu.entry/1"
DELIVERY: Final = "delivery"
REFUSAL: Final = "refusal"
DECISION: Final = "decision"
EVENT: Final = "event"
KINDS: Final = (DELIVERY, REFUSAL, DECISION, EVENT)
"""凭证种类: data left, data was refused, an authority decided, something else happened."""

_FIELDS = frozenset({"schema", "kind", "at", "actor", "department", "resource", "grant", "case", "facts"})
_ACTOR = re.compile(r"system|(?:person|client):[A-Za-z0-9_.\-]{1,80}")
_LINE = re.compile(r"[^\x00-\x1f\x7f\u0085\u2028\u2029\ud800-\udfff]{0,120}")
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_AT = "%Y-%m-%dT%H:%M:%S.%fZ"


class BadEntry(PublicError):
    """An entry holds something the ledger does not take: a mistake of the caller, nothing was written."""

    code = "ledger.bad_entry"
    status = 500

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            "这条存证记录不符合格式，没有写入",
            remedy="请把错误代码和位置告诉技术服务单位；存证只收编号、数量和摘要，不收数据内容",
            object_=where,
            why=why,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger.

    ``kind`` is one of ``KINDS``; ``at`` an aware datetime; ``actor`` ``client:<id>``, ``person:<id>`` or ``system`` (an
    internal id, never a name); ``department`` the acting department, as its id in text or the organisation's name;
    ``resource`` the resource code; ``grant`` and ``case`` their UUIDs, empty where there is none; ``facts`` the rest, by the
    names and shapes that ``ledger.facts.FACTS[kind]`` declares. Raises ``BadEntry`` naming the field.
    """

    kind: str
    at: datetime
    actor: str
    department: str = ""
    resource: str = ""
    grant: str | UUID | None = ""
    case: str | UUID | None = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadEntry("kind", f"未知的种类 {str(self.kind)[:40]!r}")
        if self.at.tzinfo is None:
            raise BadEntry("at", "时间缺少时区")
        if not _ACTOR.fullmatch(self.actor) or personal(self.actor):
            raise BadEntry("actor", "应为 client:<编号>、person:<编号> 或 system")
        if not _LINE.fullmatch(self.department) or personal(self.department):
            raise BadEntry("department", "应为部门编号或部门名称")
        if self.resource and resource_code_problem(self.resource):
            raise BadEntry("resource", "应为资源代码")
        for name in ("grant", "case"):
            object.__setattr__(self, name, _uuid_text(name, getattr(self, name)))
        declared = FACTS[self.kind]
        for name, value in self.facts.items():
            shape = declared.get(name)
            if shape is None:
                raise BadEntry(f"facts.{str(name)[:40]}", f"{self.kind} 没有声明这一项；可用的见 yishu/ledger/facts.py")
            why = problem(shape, value)
            if why:
                raise BadEntry(f"facts.{name}", why)

    def to_bytes(self) -> bytes:
        """The canonical JSON that is hashed: sorted keys, no spaces, UTF-8, times in UTC with microseconds, no floats."""
        body = {
            "schema": SCHEMA,
            "kind": self.kind,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "actor": self.actor,
            "department": self.department,
            "resource": self.resource,
            "grant": self.grant,
            "case": self.case,
            "facts": {name: _plain(value) for name, value in self.facts.items()},
        }
        return _encode(body).encode()


def entry_from_bytes(data: bytes) -> Entry:
    """Read canonical bytes back; raises ``BadEntry`` when they are not exactly what ``Entry.to_bytes`` writes."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise BadEntry("entry", "不是 JSON") from None
    if not isinstance(body, dict) or body.keys() != _FIELDS or body["schema"] != SCHEMA:
        raise BadEntry("entry", f"不是 {SCHEMA} 格式")
    if not isinstance(body["facts"], dict) or not all(isinstance(body[name], str) for name in _FIELDS - {"facts"}):
        raise BadEntry("entry", f"不是 {SCHEMA} 格式")
    try:
        at = datetime.strptime(body["at"], _AT).replace(tzinfo=UTC)
    except ValueError:
        raise BadEntry("at", "时间格式不对") from None
    fields: dict[str, Any] = {name: body[name] for name in _FIELDS - {"schema", "at"}}
    entry = Entry(at=at, **fields)
    if entry.to_bytes() != data:
        raise BadEntry("entry", "不是规范写法")
    return entry


def _uuid_text(name: str, value: object) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, UUID):
        return str(value)
    try:
        return str(UUID(str(value)))
    except ValueError:
        raise BadEntry(name, "应为 UUID 或留空") from None


def _plain(value: Fact) -> object:
    if isinstance(value, str | int | list):
        return value
    return dict(value) if isinstance(value, Mapping) else list(value)
