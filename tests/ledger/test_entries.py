"""Entries: canonical bytes, and the fence that keeps values out."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from yishu.ledger.entries import KINDS, BadEntry, Entry, entry_from_bytes
from yishu.ledger.facts import FACTS, personal

AT = datetime(2026, 9, 24, 16, 0, 0, 5, tzinfo=timezone(timedelta(hours=8)))
DIGEST = "ab12cd34:" + "0" * 64


def entry(**changes):
    fields = {
        "kind": "delivery",
        "at": AT,
        "actor": "client:app-1",
        "department": "7",
        "resource": "307010001/000001",
        "grant": UUID(int=1),
        "facts": {"call": "lookup", "keys": [DIGEST], "records": 1, "items": ["i0001"], "masks": {"i0001": "name"}},
    }
    return Entry(**(fields | changes))


def test_entry_as_bytes_is_canonical_json():
    assert (
        entry().to_bytes()
        == (
            '{"actor":"client:app-1","at":"2026-09-24T08:00:00.000005Z","case":"","department":"7",'
            f'"facts":{{"call":"lookup","items":["i0001"],"keys":["{DIGEST}"],"masks":{{"i0001":"name"}},"records":1}},'
            '"grant":"00000000-0000-0000-0000-000000000001","kind":"delivery","resource":"307010001/000001",'
            '"schema":"yishu.entry/1"}'
        ).encode()
    )


def test_entry_with_facts_in_another_order_gives_the_same_bytes():
    facts = {"records": 1, "call": "lookup"}
    assert entry(facts=facts).to_bytes() == entry(facts=dict(reversed(facts.items()))).to_bytes()


def test_entry_read_back_is_equal():
    data = entry(department="民政局", case=str(UUID(int=2)), grant=None).to_bytes()
    again = entry_from_bytes(data)
    assert again.to_bytes() == data
    assert again.at == AT
    assert again.department == "民政局"
    assert again.grant == ""


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "other"},
        {"at": datetime(2026, 9, 24)},  # noqa: DTZ001 — the mistake under test
        {"actor": "张三"},
        {"actor": "person:"},
        {"actor": "person:110105194912310021"},
        {"department": "行\n行"},
        {"department": "13800138000"},
        {"department": "x" * 121},
        {"resource": "资源"},
        {"resource": "91110000600037341L"},
        {"grant": "not-a-uuid"},
        {"case": "1"},
        {"facts": {"undeclared": 1}},
        {"facts": {"name": "张三"}},
        {"facts": {"records": 1.5}},
        {"facts": {"records": True}},
        {"facts": {"records": -1}},
        {"facts": {"records": 13800138000}},
        {"facts": {"records": 110105194912310021}},
        {"facts": {"call": "张三"}},
        {"facts": {"call": "11010519491231002X"}},
        {"facts": {"call": "x/11010519491231002x/y"}},
        {"facts": {"call": 1}},
        {"facts": {"keys": ["11010519491231002X"]}},
        {"facts": {"keys": DIGEST}},
        {"facts": {"items": ["13800138000"]}},
        {"facts": {"masks": {"i0001": "张"}}},
        {"facts": {"masks": ["i0001"]}},
        {"facts": {"law": "张三\n"}},
        {"facts": {"answer": "0" * 64}},
        {"kind": "decision", "facts": {"due_on": "2026-9-24"}},
        {"kind": "decision", "facts": {"due_provisional": 1}},
        {"kind": "decision", "facts": {"reason": "不同意"}},
        {"kind": "decision", "facts": {"records": 1}},
    ],
)
def test_entry_with_a_value_that_does_not_belong_is_refused(change):
    with pytest.raises(BadEntry) as caught:
        entry(**change)
    shown = json.dumps(caught.value.as_problem(), ensure_ascii=False)
    assert caught.value.object
    for secret in ("张三", "13800138000", "11010519491231002"):
        assert secret not in shown


@pytest.mark.parametrize(
    "code",
    [
        "",
        "307021/1",
        "307010001/000001",
        "307021022100123/000009",
        "307021022100123456/000000000009",
        "307021/13800138000",
    ],
)
def test_entry_of_a_resource_with_any_code_of_the_guide_is_taken(code):
    """15 and 18 digits before the slash look like old and new identity numbers: the code of a resource may be so long."""
    assert entry_from_bytes(entry(resource=code).to_bytes()).resource == code


@pytest.mark.parametrize(
    "code",
    ["110105194912310021", "110105491231002", "11010519491231002X/1", "x307021/1", "307021/1/110105194912310021"],
)
def test_entry_whose_resource_is_no_code_is_refused_without_quoting_it(code):
    with pytest.raises(BadEntry) as caught:
        entry(resource=code)
    assert code not in json.dumps(caught.value.as_problem(), ensure_ascii=False)


def test_entry_with_law_and_dates_is_taken():
    made = entry(
        kind="decision",
        facts={
            "law": "修武办法 第十九条第一项",
            "due_on": "2026-09-24",
            "due_provisional": False,
            "reason": DIGEST,
            "items": (),
            "revision": 2,
        },
    )
    assert b"\xe7\xac\xac" in made.to_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        entry().to_bytes() + b" ",
        entry().to_bytes().replace(b'"records":1', b'"records": 1'),
        entry().to_bytes().replace(b"yishu.entry/1", b"yishu.entry/2"),
        entry().to_bytes().replace(b"2026-09-24T", b"2026-09-24 "),
        entry().to_bytes().replace(b'"case":""', b'"case":null'),
        entry().to_bytes().replace(b'"records":1', b'"records":1.0'),
        b"\xff",
    ],
)
def test_bytes_of_another_form_are_refused(data):
    with pytest.raises(BadEntry):
        entry_from_bytes(data)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("11010519491231002X", True),
        ("440524188001010014", True),
        ("110105491231002", True),
        ("13800138000", True),
        ("+8613800138000", True),
        ("91110000600037341L", True),
        ("grant/9d2f0e5c-1111-4222-8333-138001380001", False),
        ("r12_0123456789abcdef", False),
        ("2026-09-24", False),
        ("0" * 64, False),
    ],
)
def test_numbers_of_people_and_organisations_are_recognised(text, found):
    assert personal(text) is found


def test_every_kind_has_declared_facts():
    assert set(FACTS) == set(KINDS)
    assert datetime.now(UTC).tzinfo
