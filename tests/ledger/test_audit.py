"""Tampering with the database in every way we thought of: each is found and named."""

import dataclasses
from uuid import uuid4

import pytest

from yishu.ledger.audit import verify_log
from yishu.ledger.entries import entry_from_bytes
from yishu.ledger.logs import leaf_data
from yishu.ledger.merkle import leaf_hash
from yishu.ledger.notes import Checkpoint, SigningKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def audit(conn, key, kept):
    def run(**options):
        return verify_log(conn, [key.verifier()], options.pop("kept", None) or kept(), **options)

    return run


def codes(report):
    return {finding.code for finding in report.findings}


def rows_of(conn):
    return conn.execute("select id, entry from ledger.leaf order by index").fetchall()


def test_untouched_ledger_verifies(conn, sequenced, audit):
    report = audit()
    assert report.findings == report.notices == ()
    assert report.kept >= 3
    assert [(log.size, log.current, log.reason) for log in report.logs] == [(601, True, "first_start")]
    root = conn.execute("select root from ledger.checkpoint order by size desc limit 1").fetchone()[0]
    assert report.logs[0].root == root


def test_waiting_entries_are_a_notice(conn, sequenced, write, audit):
    write(conn, 2)
    report = audit()
    assert report.findings == ()
    assert [notice.code for notice in report.notices] == ["ledger.waiting"]


def test_flipped_bit_in_an_entry_names_the_leaf(conn, sequenced, audit):
    conn.execute("update ledger.leaf set entry = set_byte(entry, 20, get_byte(entry, 20) # 1) where index = 300")
    report = audit()
    assert codes(report) == {"ledger.leaf_changed"}
    assert "第 300 条" in report.findings[0].where


def test_exchanged_receipt_id_names_the_leaf(conn, sequenced, audit):
    conn.execute("update ledger.leaf set id = gen_random_uuid() where index = 300")
    assert codes(audit()) == {"ledger.leaf_changed"}


def test_flipped_bit_in_a_stored_hash_names_leaf_and_tile(conn, sequenced, audit):
    conn.execute("update ledger.leaf set hash = set_byte(hash, 3, get_byte(hash, 3) # 1) where index = 300")
    report = audit()
    assert {"ledger.leaf_changed", "ledger.tile_damaged", "ledger.rewritten"} <= codes(report)


@pytest.mark.parametrize(("level", "index"), [(0, 0), (0, 2), (1, 0)])
def test_flipped_bit_in_a_tile_names_the_tile(conn, sequenced, audit, level, index):
    conn.execute(
        "update ledger.tile set hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1) where level = %s and index = %s",
        [level, index],
    )
    report = audit()
    assert codes(report) == {"ledger.tile_damaged"}
    assert f"第 {level} 层第 {index} 块" in report.findings[0].where


def test_missing_and_surplus_tiles_are_named(conn, sequenced, audit):
    conn.execute("delete from ledger.tile where level = 0 and index = 1")
    conn.execute("insert into ledger.tile values (1, 0, 3, '\\x00'), (1, 9, 0, '\\x00')")
    report = audit()
    assert codes(report) == {"ledger.tile_damaged", "ledger.tile_surplus"}
    assert len(report.findings) == 3


def test_entry_rewritten_with_its_hash_is_found(conn, sequenced, audit):
    id, entry = conn.execute("select id, entry from ledger.leaf where index = 300").fetchone()
    changed = dataclasses.replace(entry_from_bytes(entry), department="9").to_bytes()
    conn.execute(
        "update ledger.leaf set entry = %s, hash = %s where index = 300", [changed, leaf_hash(leaf_data(id, changed))]
    )
    assert {"ledger.tile_damaged", "ledger.checkpoint_differs", "ledger.rewritten"} <= codes(audit())


def test_tree_rewritten_and_signed_anew_with_the_right_key_is_found(conn, key, sequenced, audit, rebuild):
    rows = rows_of(conn)
    id, entry = rows[300]
    rows[300] = (id, dataclasses.replace(entry_from_bytes(entry), department="9").to_bytes())
    rebuild(conn, rows, sign_with=key)
    report = audit()
    assert codes(report) == {"ledger.rewritten"}
    assert verify_log(conn, [key.verifier()], []).findings == ()  # only what was kept elsewhere can show it


def test_entry_taken_out_of_a_tree_signed_anew_is_found(conn, key, sequenced, audit, rebuild):
    rows = rows_of(conn)
    rebuild(conn, [*rows[:300], *rows[301:]], sign_with=key)
    assert codes(audit()) == {"ledger.rewritten", "ledger.rolled_back"}


def test_tree_signed_anew_with_another_key_is_found(conn, key, sequenced, audit, rebuild):
    rebuild(conn, rows_of(conn), sign_with=SigningKey(key.name, bytes(32)))
    report = audit()
    assert codes(report) == {"ledger.checkpoint_not_valid"}
    assert "不在可信公钥之列" in report.findings[0].what


def test_ledger_rolled_back_is_found(conn, sequenced, audit, rebuild):
    rebuild(conn, rows_of(conn)[:250])
    report = audit()
    assert codes(report) == {"ledger.rolled_back"}
    assert "601" in report.findings[0].what
    assert "250" in report.findings[0].what


def test_ledger_emptied_is_found(conn, sequenced, audit):
    conn.execute("truncate ledger.log, ledger.leaf, ledger.tile, ledger.checkpoint")
    assert codes(audit()) == {"ledger.rolled_back"}


def test_rolled_back_ledger_after_the_sequencer_began_a_new_log_stays_found_until_accepted(
    conn, sequenced, audit, rebuild, write, running
):
    rebuild(conn, rows_of(conn)[:250])
    write(conn, 3)
    with running() as run:
        run.settle()
    report = audit()
    assert codes(report) == {"ledger.declared_loss"}
    old, new = report.logs
    assert new.origin in report.findings[0].what
    report = audit(accepted=frozenset({old.origin}))
    assert report.findings == ()
    assert [notice.code for notice in report.notices] == ["ledger.declared_loss"]


def test_rewritten_ledger_after_the_sequencer_began_a_new_log_stays_found_until_accepted(
    conn, key, sequenced, audit, rebuild, running, write
):
    rows = rows_of(conn)
    rebuild(conn, [*rows[:300], (uuid4(), b"x"), *rows[301:]], sign_with=key)
    write(conn, 1)
    with running() as run:
        run.settle()
    report = audit()
    assert codes(report) == {"ledger.declared_difference"}
    assert audit(accepted=frozenset({report.logs[0].origin})).findings == ()


@pytest.mark.parametrize("indexes", ["= 300", "between 10 and 400", ">= 600"])
def test_missing_leaves_are_named(conn, sequenced, audit, indexes):
    conn.execute(f"delete from ledger.leaf where index {indexes}")
    report = audit()
    if indexes == ">= 600":
        assert {"ledger.rolled_back", "ledger.leaves_missing_at_end"} <= codes(report)
    else:
        assert codes(report) == {"ledger.missing_leaf"}
        assert ("第 300 至 300 条" in report.findings[0].where) == (indexes == "= 300")


def test_missing_leaves_with_their_tile_are_named(conn, sequenced, audit):
    conn.execute("delete from ledger.leaf where index = 300")
    conn.execute("delete from ledger.tile where level = 0 and index = 1")
    assert {"ledger.missing_leaf", "ledger.tile_damaged"} <= codes(audit())


def test_doubled_id_and_doubled_index_are_named(conn, sequenced, audit):
    conn.execute("alter table ledger.leaf drop constraint leaf_pkey, drop constraint leaf_id_key")
    try:
        for index, place in ((7, 7), (8, 601)):
            conn.execute(
                "insert into ledger.leaf select log, %s, id, entry, hash, sequenced_at from ledger.leaf where index = %s",
                [place, index],
            )
        report = audit()
    finally:
        conn.execute("truncate ledger.leaf")
        conn.execute("alter table ledger.leaf add primary key (log, index), add unique (id)")
    assert {"ledger.duplicate_leaf", "ledger.duplicate_id"} <= codes(report)


def test_checkpoint_row_that_differs_from_its_note_is_named(conn, sequenced, audit):
    conn.execute("update ledger.checkpoint set root = set_byte(root, 0, get_byte(root, 0) # 1)")
    assert codes(audit()) == {"ledger.checkpoint_changed"}


def test_log_without_its_beginning_is_named(conn, sequenced, audit, rebuild, key):
    rows = rows_of(conn)
    rebuild(conn, rows[1:], sign_with=key)
    assert "ledger.log_without_beginning" in codes(audit())
    rebuild(conn, [(uuid4(), b"not an entry"), *rows[1:]], sign_with=key)
    assert "ledger.log_without_beginning" in codes(audit())


def test_kept_checkpoint_that_is_not_signed_is_named_and_not_used(conn, key, sequenced, audit, kept):
    forged = SigningKey(key.name, bytes(32)).sign(Checkpoint(f"{key.name}/x", 5, bytes(32)).text())
    report = audit(kept=[*kept(), ("line 9", forged)])
    assert codes(report) == {"ledger.kept_not_valid"}
    assert report.kept == len(kept())


def test_many_findings_of_one_kind_are_counted(conn, sequenced, audit):
    conn.execute("update ledger.leaf set entry = entry || '\\x20'")
    report = audit()
    assert len(report.findings) == 22  # the beginning, twenty leaves, and how many more
    assert "还有 581 处" in report.findings[-1].what


def test_kept_checkpoint_of_an_empty_log_fits(conn, key, sequenced, audit, kept):
    from yishu.ledger.merkle import EMPTY_ROOT

    origin = conn.execute("select id from ledger.log").fetchone()[0]
    empty = key.sign(Checkpoint(origin, 0, EMPTY_ROOT).text())
    assert audit(kept=[*kept(), ("empty", empty)]).findings == ()
    wrong = key.sign(Checkpoint(origin, 0, bytes(32)).text())
    assert codes(audit(kept=[*kept(), ("empty", wrong)])) == {"ledger.rewritten"}
