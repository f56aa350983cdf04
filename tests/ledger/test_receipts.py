"""Receipts: built from the database, checked without it, and every forgery named."""

import asyncio
import base64
import json
from uuid import uuid4

import asyncpg
import pytest

from yishu.kernel.errors import PublicError
from yishu.ledger import receipts
from yishu.ledger.display import FACT_TITLES, KIND_TITLES, display
from yishu.ledger.facts import FACTS
from yishu.ledger.merkle import leaf_hash
from yishu.ledger.notes import Checkpoint, SigningKey
from yishu.ledger.verify import open_receipt, read_receipt, verify_receipt


@pytest.fixture
def document(sample):
    return sample[1]


@pytest.fixture
def signer(sample):
    return sample[0]


def refused(document, key):
    with pytest.raises(PublicError) as caught:
        open_receipt(document, [key.verifier()])
    decision = verify_receipt(document, [key.verifier()])
    assert (decision.allowed, decision.code) == (False, caught.value.code)
    assert decision.reason
    assert decision.remedy
    return caught.value.code


@pytest.mark.django_db
def test_receipt_of_every_entry_verifies_offline(conn, key, sequenced):
    for id in sequenced:
        made = receipts.receipt(conn, id)
        good = open_receipt(read_receipt(made.to_json().encode()), [key.verifier()])
        assert (good.id, good.index, good.log) == (id, made.index, made.log)
        assert good.entry.facts["records"] == sequenced.index(id)
        assert good.signed_by == key.name
    assert verify_receipt(made.document(), [key.verifier()]).allowed


@pytest.mark.django_db
def test_receipt_asked_twice_is_the_same_after_the_log_grew(conn, sequenced, write, running):
    document = receipts.receipt(conn, sequenced[300]).document()
    write(conn, 300)
    with running() as run:
        run.settle()
    assert receipts.receipt(conn, sequenced[300]).document() == document


@pytest.mark.django_db
def test_receipt_reads_few_tiles(conn, sequenced, monkeypatch):
    asked = []
    real = receipts.tile_parameters
    monkeypatch.setattr(receipts, "tile_parameters", lambda log, tiles: asked.extend(tiles) or real(log, tiles))
    receipts.receipt(conn, sequenced[300])
    assert 0 < len(asked) <= 4


@pytest.mark.django_db
def test_receipt_before_its_checkpoint_is_none_and_its_state_says_why(conn, write, sequenced):
    (id,) = write(conn, 1)
    assert receipts.receipt(conn, id) is None
    assert receipts.receipt(conn, uuid4()) is None
    assert [receipts.state(conn, i) for i in (id, uuid4(), sequenced[0])] == ["waiting", "unknown", "ready"]
    conn.execute("delete from ledger.checkpoint")
    assert receipts.receipt(conn, sequenced[0]) is None
    assert receipts.state(conn, sequenced[0]) == "waiting"


@pytest.mark.django_db
def test_receipt_over_asyncpg_is_the_same(conn, ledger_url, sequenced):
    document = receipts.receipt(conn, sequenced[300]).document()

    async def read():
        async with asyncpg.create_pool(ledger_url, min_size=1, max_size=1) as pool:
            made = await receipts.receipt_async(pool, sequenced[300])
            missing = await receipts.receipt_async(pool, uuid4())
            return made.document(), missing, await receipts.checkpoint_async(pool)

    made, missing, checkpoint = asyncio.run(read())
    assert made == document
    assert missing is None
    assert checkpoint == receipts.checkpoint(conn)
    assert checkpoint.split("\n")[1] == "601"


@pytest.mark.django_db
def test_newest_checkpoint_of_an_empty_ledger_is_none(conn, ledger_url):
    async def read():
        connection = await asyncpg.connect(ledger_url)
        try:
            return await receipts.checkpoint_async(connection)
        finally:
            await connection.close()

    assert receipts.checkpoint(conn) is None
    assert asyncio.run(read()) is None


def test_receipt_with_another_entry_id_index_or_path_is_refused(document, signer):
    entry = json.loads(document["entry"])
    entry["facts"]["records"] = 999
    changes = [
        {"entry": json.dumps(entry, sort_keys=True, separators=(",", ":"))},
        {"id": str(uuid4())},
        {"index": document["index"] + 1},
        {"index": -1},
        {"index": 10**30},
        {"inclusion_proof": document["inclusion_proof"][:-1]},
        {"inclusion_proof": document["inclusion_proof"][::-1]},
        {"inclusion_proof": []},
        {"log": document["log"] + "0"},
    ]
    assert {refused(document | change, signer) for change in changes} == {"receipt.wrong_proof"}


def test_receipt_with_a_flipped_bit_anywhere_in_its_proof_is_refused(document, signer):
    for place in range(len(document["inclusion_proof"])):
        data = bytearray(base64.b64decode(document["inclusion_proof"][place]))
        data[5] ^= 4
        path = list(document["inclusion_proof"])
        path[place] = base64.b64encode(data).decode()
        assert refused(document | {"inclusion_proof": path}, signer) == "receipt.wrong_proof"


def forge(document, by, **changes):
    """A receipt of one's own: a tree with this single leaf, signed by ``by``."""
    from uuid import UUID

    from yishu.ledger.logs import leaf_data

    forged = document | changes
    root = leaf_hash(leaf_data(UUID(forged["id"]), forged["entry"].encode()))
    note = by.sign(Checkpoint(forged["log"], 1, root).text())
    return forged | {"index": 0, "inclusion_proof": [], "checkpoint": note}


def test_receipt_of_a_tree_of_ones_own_is_refused_whatever_key_it_brings(document, signer):
    mallory = SigningKey(signer.name, bytes(32))
    forged = forge(document, mallory)
    assert refused(forged, signer) == "receipt.unknown_key"
    assert refused(forged | {"key": str(mallory.verifier())}, signer) == "receipt.malformed"
    line = forged["checkpoint"].rpartition("\n\n")[2]
    trusted_id = signer.verifier().id
    data = trusted_id + base64.b64decode(line.split(" ")[2])[4:]
    disguised = forged["checkpoint"].replace(line, f"— {signer.name} {base64.b64encode(data).decode()}\n")
    assert refused(forged | {"checkpoint": disguised}, signer) == "receipt.forged_signature"


def test_receipt_signed_by_a_trusted_key_of_another_platform_is_refused(document, signer):
    other = SigningKey("yishu-other", bytes(32))
    forged = forge(document, other)
    with pytest.raises(PublicError) as caught:
        open_receipt(forged, [signer.verifier(), other.verifier()])
    assert caught.value.code == "receipt.unknown_key"


def test_receipt_over_an_entry_of_unknown_form_is_malformed(document, signer):
    assert refused(forge(document, signer, entry="{}"), signer) == "receipt.malformed"


@pytest.mark.parametrize(
    "change",
    [
        {"format": "yishu.receipt/9"},
        {"id": "x"},
        {"id": "{00000000-0000-0000-0000-000000000001}"},
        {"index": "1"},
        {"index": True},
        {"index": 1.0},
        {"entry": None},
        {"entry": "\ud800"},
        {"inclusion_proof": ["x"]},
        {"inclusion_proof": [1]},
        {"inclusion_proof": ["AAAA"]},
        {"checkpoint": ""},
        {"checkpoint": 1},
        {"extra": 1},
    ],
)
def test_receipt_of_another_form_is_malformed(document, signer, change):
    assert refused(document | change, signer) == "receipt.malformed"


@pytest.mark.parametrize("name", ["format", "id", "entry", "log", "index", "inclusion_proof", "checkpoint"])
def test_receipt_with_a_field_missing_is_malformed(document, signer, name):
    assert refused({k: v for k, v in document.items() if k != name}, signer) == "receipt.malformed"


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b'{"a":1,"a":2}', b"[" * 100_000, b" " * 5_000_000])
def test_receipt_file_that_is_none_is_malformed(data):
    with pytest.raises(PublicError) as caught:
        read_receipt(data)
    assert caught.value.code == "receipt.malformed"


def test_display_of_a_receipt_speaks_chinese(document):
    shown = display(document)
    assert shown.title == "数据提供"
    assert shown.at == "2026-09-24 16:00:00"
    assert dict(shown.what) == {"经办": "应用 app"}
    assert dict(shown.facts) == {"调用方式": "lookup", "记录数": "300"}
    assert dict(shown.proof)["存证日志"] == document["log"]
    assert shown.short.startswith(f"yishu-receipt:1:{document['log']}:{document['index']}:{document['id']}:")
    assert len(shown.short) < 200


def test_display_has_a_chinese_label_for_every_declared_fact_and_kind():
    assert {name for shapes in FACTS.values() for name in shapes} == set(FACT_TITLES)
    assert set(KIND_TITLES) == set(FACTS)


def test_display_of_every_kind_of_fact_is_text(document):
    digest = "ab12cd34:" + "0" * 64
    entry = json.loads(document["entry"])
    entry |= {"kind": "decision", "actor": "person:7", "department": "民政局", "case": str(uuid4())}
    entry["facts"] = {
        "reason": digest, "due_provisional": False, "masks": {"i0002": "name", "i0001": "hide"},
        "items": [f"i{n:04}" for n in range(12)],
    }  # fmt: skip
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    shown = display(document | {"entry": text})
    assert dict(shown.facts)["理由摘要"] == "ab12cd34:000000000000…"
    assert dict(shown.facts)["截止日期暂定"] == "否"
    assert dict(shown.facts)["脱敏"] == "i0001：hide、i0002：name"
    assert dict(shown.facts)["信息项"].endswith("等 12 个")
    assert dict(shown.what)["经办"] == "人员 7"
