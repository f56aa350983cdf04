"""Delivery entries, checked once per grant and filled in per call: validating every field of every call cost a sixth of it.

What varies are this program's own counts, digests and clock; the ledger checks everything else when the form is made, and a
test holds a filled form against ``ledger.entries``.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from yishu.gateway.rules import Grant, Pointer, Subject
from yishu.ledger.entries import DELIVERY, BadEntry, Entry
from yishu.ledger.facts import Fact, Shape, problem

_AT = datetime(1999, 12, 31, 23, 59, 59, 999999, UTC)
_KEY, _ANSWER = f"{'k' * 16}:{'1' * 64}", f"{'a' * 16}:{'2' * 64}"
_ASKED, _RECORDS = 8_765_432_101, 8_765_432_102
_BLANKS = ("1999-12-31T23:59:59.999999Z", _ANSWER, str(_ASKED), f'"{_KEY}"', str(_RECORDS))
"""What stands for the varying parts when the form is made, in the order of the canonical JSON."""


@dataclass(frozen=True, slots=True)
class DeliveryEntry:
    """The canonical bytes of a delivery entry around its five varying parts."""

    parts: tuple[str, str, str, str, str, str]

    @classmethod
    def build(cls, subject: Subject, grant: Grant, pointer: Pointer, code: str) -> Self:
        """The form for one subject, grant and table. Raises ``ledger.entries.BadEntry`` when the ledger refuses a field."""
        facts: dict[str, Fact] = {
            "call": "lookup",
            "items": grant.columns,
            "masks": {str(i["column"]): str(i["mask"]) for i in grant.spec.get("items", ()) if i.get("mask")},
            "load": str(pointer.load_id),
            "table": pointer.table,
            "version": pointer.version,
            "keys": [_KEY],
            "key_count": _ASKED,
            "records": _RECORDS,
            "answer": _ANSWER,
        }
        if grant.purpose and not problem(Shape.CODE, grant.purpose):
            facts["purpose"] = grant.purpose
        entry = Entry(DELIVERY, _AT, subject.actor, str(subject.department_id), code, grant.id, facts=facts)
        rest, parts = entry.to_bytes().decode(), []
        for blank in _BLANKS:
            before, found, rest = rest.partition(blank)
            if not found or blank in rest:
                raise BadEntry("facts", "记录的固定部分含有占位内容")
            parts.append(before)
        first, second, third, fourth, fifth = parts
        return cls((first, second, third, fourth, fifth, rest))

    def at(self, moment: datetime, *, keys: list[str], asked: int, records: int, answer: str) -> bytes:
        """The entry of one delivery at an aware UTC moment; ``keys`` and ``answer`` are keyed digests."""
        a, b, c, d, e, f = self.parts
        time = moment.isoformat(timespec="microseconds")[:26]
        listed = '","'.join(keys)
        return f'{a}{time}Z{b}{answer}{c}{asked}{d}"{listed}"{e}{records}{f}'.encode()
