"""The filled-in form of a delivery entry is what the ledger itself would have written."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from yishu.gateway.deliveries import DeliveryEntry
from yishu.gateway.rules import Grant, Pointer, Subject, choose, may_look_up, statement
from yishu.ledger.entries import BadEntry, Entry, entry_from_bytes

ID = UUID("11111111-2222-4333-8444-555555555555")
SUBJECT = Subject("c-1", 7, "办件系统", False)
POINTER = Pointer("r1_abc", ID, 3)


def grant(**more: object) -> Grant:
    values: dict[str, object] = {
        "id": ID,
        "department_name": "民政局",
        "clients": frozenset({"c-1"}),
        "spec": {
            "items": [{"column": "i0001", "mask": "name"}, {"column": "i0002", "mask": ""}],
            "purpose": "licensing",
        },
        "key_identifier": "person_id",
        "lookup_sql": "select 1, '[]' from {table}",
        "starts_on": date(2026, 1, 1),
        "ends_on": date(2026, 12, 31),
        "active": True,
    }
    return Grant(**(values | more))  # type: ignore[arg-type]


@pytest.mark.parametrize("moment", [datetime(2026, 9, 18, 1, 2, 3, 45, UTC), datetime(2026, 9, 18, 1, 2, 3, 0, UTC)])
@pytest.mark.parametrize("keys", [1, 3])
def test_delivery_form_filled_equals_the_ledgers_entry(moment: datetime, keys: int) -> None:
    digests = [f"abcd1234:{n:064x}" for n in range(keys)]
    form = DeliveryEntry.build(SUBJECT, grant(), POINTER, "307021022100/000009")
    data = form.at(moment, keys=digests, asked=5, records=2, answer=f"abcd1234:{99:064x}")
    facts = {
        "call": "lookup", "items": ["i0001", "i0002"], "masks": {"i0001": "name"}, "load": str(ID), "table": "r1_abc", "version": 3,
        "keys": digests, "key_count": 5, "records": 2, "answer": f"abcd1234:{99:064x}", "purpose": "licensing",
    }  # fmt: skip
    assert data == Entry("delivery", moment, "client:c-1", "7", "307021022100/000009", ID, facts=facts).to_bytes()
    assert entry_from_bytes(data).facts["records"] == 2


def test_delivery_form_with_purpose_in_words_leaves_it_out() -> None:
    spec = {"items": [{"column": "i0001"}], "purpose": "办理许可"}
    form = DeliveryEntry.build(SUBJECT, grant(spec=spec), POINTER, "307021022100/000009")
    assert "purpose" not in "".join(form.parts)


def test_delivery_form_with_a_field_the_ledger_refuses_raises() -> None:
    with pytest.raises(BadEntry):
        DeliveryEntry.build(Subject("c 1", 7, "x", False), grant(), POINTER, "307021022100/000009")


def test_statement_of_a_table_name_not_ours_raises() -> None:
    assert statement(grant(), POINTER) == "select 1, '[]' from serving.\"r1_abc\""
    for name in ('x"; drop', "R1", "", "a" * 64, "1a", "r1\n"):
        with pytest.raises(ValueError):
            statement(grant(), Pointer(name, ID, 1))


def test_choose_prefers_usable_then_the_later() -> None:
    older, newer, gone = grant(), grant(starts_on=date(2026, 2, 1)), grant(starts_on=date(2026, 3, 1), active=False)
    day = date(2026, 6, 1)
    assert choose([older, gone, newer], SUBJECT, day) is newer
    assert choose([gone], SUBJECT, day) is gone
    assert choose([older], Subject("c-2", 7, "x", False), day) is None
    assert choose([older], Subject("person:1", 7, "x", True), day) is older
    assert not may_look_up(gone, day).allowed and may_look_up(newer, day).allowed
