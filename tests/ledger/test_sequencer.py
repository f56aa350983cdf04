"""The sequencer against a real database: concurrent writers, kills, restarts, and what it refuses to sign."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from yishu.ledger import receipts, sequencer
from yishu.ledger.audit import verify_log
from yishu.ledger.entries import Entry, entry_from_bytes
from yishu.ledger.inbox import insert_sql, record
from yishu.ledger.kept import KeptCheckpoints
from yishu.ledger.logs import open_log
from yishu.ledger.notes import Checkpoint, verify_checkpoint
from yishu.ledger.verify import open_receipt

pytestmark = pytest.mark.django_db


def leaves(conn):
    return conn.execute("select log, index, id, entry from ledger.leaf order by log, index").fetchall()


def facts_of_first_leaf(conn, log):
    row = conn.execute("select entry from ledger.leaf where log = %s and index = 0", [log]).fetchone()
    return entry_from_bytes(row[0]).facts


def test_entries_of_a_first_start_become_leaves_with_proofs(conn, key, write, running, kept):
    ids = write(conn, 10)
    with running() as run:
        run.settle()
    rows = leaves(conn)
    assert [row[1] for row in rows] == list(range(11))
    assert {row[2] for row in rows[1:]} == set(ids)
    assert facts_of_first_leaf(conn, 1)["log_reason"] == "first_start"
    for id in ids:
        made = receipts.receipt(conn, id)
        assert open_receipt(made.document(), [key.verifier()]).id == id
    stored = [row[0] for row in conn.execute("select note from ledger.checkpoint order by size")]
    assert [note for _, note in kept()] == stored


def test_entry_committed_late_is_not_missed(conn, ledger_url, write, running):
    late_id = uuid4()
    with psycopg.connect(ledger_url) as late, running() as run:
        late.execute(insert_sql, [late_id, b"late"])
        early = write(conn, 5)
        run.settle()
        late.commit()
        run.wait(f"exists (select from ledger.leaf where id = '{late_id}')")
    assert {row[2] for row in leaves(conn)[1:]} == {*early, late_id}


def test_entry_repeated_by_its_writer_is_one_leaf(conn, write, running):
    ids = write(conn, 3)
    with running() as run:
        run.settle()
        entry = conn.execute("select entry from ledger.leaf where id = %s", [ids[0]]).fetchone()[0]
        conn.execute(insert_sql, [ids[0], entry])
        run.settle()
    assert len(leaves(conn)) == 4
    assert conn.execute("select count(*) from ledger.conflict").fetchone() == (0,)


def test_entry_under_a_used_id_is_kept_apart_and_named(conn, key, write, running, kept):
    ids = write(conn, 3)
    with running() as run:
        run.settle()
        conn.execute(insert_sql, [ids[0], b"other"])
        more = write(conn, 1)
        run.settle()
    assert {row[2] for row in leaves(conn)[1:]} == {*ids, *more}
    report = verify_log(conn, [key.verifier()], kept())
    assert [(f.code, f.where) for f in report.findings] == [("ledger.conflicting_entry", str(ids[0]))]


def test_second_sequencer_waits_and_takes_over(conn, write, running):
    first = running()
    with first, running() as second:
        first.settle()
        ids = write(conn, 3)
        first.settle()
        first.sequencer.stop.set()
        first.thread.join()
        ids += write(conn, 3)
        second.settle()
    assert {row[2] for row in leaves(conn)[1:]} == set(ids)
    assert conn.execute("select count(*) from ledger.log").fetchone() == (1,)


def test_sequencer_whose_connection_is_cut_again_and_again_loses_nothing(conn, key, write, running, kept, monkeypatch):
    monkeypatch.setattr(sequencer, "BACK_OFF_SECONDS", (0.01, 0.05))
    ids = []
    with running() as run:
        run.settle()
        for start in range(10):
            ids += write(conn, 20, start * 20)
            conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'yishu-sequencer' and datname = current_database()"
            )
        run.settle()
    assert sorted(row[2] for row in leaves(conn)[1:]) == sorted(ids)
    assert verify_log(conn, [key.verifier()], kept()).findings == ()


def test_sequencer_before_the_migration_or_the_database_waits(conn, ledger_url, running, monkeypatch, caplog):
    monkeypatch.setattr(sequencer, "BACK_OFF_SECONDS", (0.01, 0.02))
    conn.execute("alter schema ledger rename to elsewhere")
    try:
        run = running()
        run.thread.start()
        for _ in range(500):
            if "UndefinedTable" in caplog.text or "InvalidSchemaName" in caplog.text:
                break
            time.sleep(0.01)
        else:
            raise AssertionError("no complaint")
    finally:
        conn.execute("alter schema elsewhere rename to ledger")
    run.settle()
    run.__exit__()


def test_sequencer_that_cannot_keep_its_checkpoint_shows_none(conn, write, running, monkeypatch, tmp_path):
    monkeypatch.setattr(sequencer, "BACK_OFF_SECONDS", (0.01, 0.02))
    append, failures = KeptCheckpoints.append, []

    def fail_thrice(self, note):
        if len(failures) < 3:
            failures.append(conn.execute("select count(*) from ledger.checkpoint").fetchone()[0])
            raise OSError(28, "No space left on device")
        append(self, note)

    monkeypatch.setattr(KeptCheckpoints, "append", fail_thrice)
    write(conn, 3)
    with running() as run:
        run.settle()
    assert failures == [0, 0, 0]
    assert len(leaves(conn)) == 4


def test_database_that_fails_after_the_checkpoint_was_kept_goes_on_with_the_same_log(
    conn, key, write, running, tmp_path
):
    with running() as run:
        run.settle()
    ids = write(conn, 3)
    # Die between the kept file and the database, as a kill at that point does.
    with psycopg.connect(conn.info.dsn, password=conn.info.password, autocommit=True) as other:
        work = sequencer.Sequencer(url=lambda: "", home=tmp_path)
        log = open_log(other, key, KeptCheckpoints(tmp_path), datetime.now(UTC))
        with other.transaction():
            work._sequence(other, log)
        KeptCheckpoints(tmp_path).append(key.sign(Checkpoint(log.origin, log.edge.size, log.edge.root()).text()))
    with running() as run:
        run.settle()
    assert conn.execute("select count(*) from ledger.log").fetchone() == (1,)
    assert open_receipt(receipts.receipt(conn, ids[2]).document(), [key.verifier()]).size == 4


def test_kept_file_torn_by_a_crash_is_mended(conn, write, running, tmp_path, kept):
    write(conn, 3)
    with running() as run:
        run.settle()
    path = tmp_path / "ledger" / "checkpoints"
    with path.open("a") as file:
        file.write('"torn')
    write(conn, 3)
    with running() as run:
        run.settle()
    assert conn.execute("select count(*) from ledger.log").fetchone() == (1,)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [note for _, note in kept()]


def test_kept_file_with_a_spoiled_line_is_said_and_passed_over(conn, write, running, tmp_path, caplog):
    write(conn, 3)
    with running() as run:
        run.settle()
    path = tmp_path / "ledger" / "checkpoints"
    path.write_text(path.read_text() + '"spoiled"\n[1]\nnot json\n')
    write(conn, 1)
    with running() as run:
        run.settle()
    assert conn.execute("select count(*) from ledger.log").fetchone() == (1,)
    assert caplog.text.count("可能被改动过") >= 3


def test_newest_kept_checkpoint_is_found_in_a_long_file(key, tmp_path):
    kept = KeptCheckpoints(tmp_path)
    notes = [key.sign(Checkpoint(f"{key.name}/x", size, bytes(32)).text()) for size in range(1, 2001)]
    kept.append(notes[0])
    kept.path.write_text("".join(json.dumps(note) + "\n" for note in notes[:-1]))
    kept.append(notes[-1])
    kept.append(notes[-1])
    assert KeptCheckpoints(tmp_path).newest([key.verifier()]).size == 2000
    assert len(kept.path.read_text().splitlines()) == 2000


def spoil_notes(conn, *, line, at):
    """Exchange one character of each stored checkpoint for another one."""
    for log, size, note in conn.execute("select log, size, note from ledger.checkpoint").fetchall():
        lines = note.split("\n")
        letters = list(lines[line])
        letters[at] = "B" if letters[at] == "A" else "A"
        lines[line] = "".join(letters)
        conn.execute(
            "update ledger.checkpoint set note = %s where log = %s and size = %s", ["\n".join(lines), log, size]
        )


@pytest.mark.parametrize(
    "damage", ["smaller", "differs", "tiles", "edge", "forged", "signature", "older", "lost", "foreign"]
)
def test_database_that_does_not_fit_the_kept_checkpoint_begins_a_new_log(
    conn, key, sequenced, write, running, kept, caplog, rebuild, damage
):
    old = conn.execute("select id from ledger.log").fetchone()[0]
    rows = [(row[2], row[3]) for row in leaves(conn)]
    if damage == "smaller":
        rebuild(conn, rows[:300])
    elif damage == "differs":
        rebuild(conn, [*rows[:300], *rows[301:], (uuid4(), b"x"), (uuid4(), b"y")])
    elif damage == "tiles":
        conn.execute("delete from ledger.tile where level = 0 and index = 2")
    elif damage == "edge":
        conn.execute("delete from ledger.checkpoint")
        conn.execute("delete from ledger.tile where level = 1")
    elif damage == "forged":
        spoil_notes(conn, line=2, at=0)  # the root
    elif damage == "signature":
        spoil_notes(conn, line=4, at=-20)
    elif damage == "older":
        conn.execute("update ledger.log set id = id || '0'")
        conn.execute("delete from ledger.checkpoint")
    elif damage == "lost":
        conn.execute("truncate ledger.log, ledger.leaf, ledger.tile, ledger.checkpoint")
    elif damage == "foreign":
        other = key.sign(Checkpoint(f"{key.name}/other", 1, bytes(32)).text())
        conn.execute("update ledger.checkpoint set note = %s", [other])
    ids = write(conn, 3)
    with running() as run:
        run.settle()
    assert "另起新的存证日志" in caplog.text
    number, origin, reason = conn.execute("select number, id, reason from ledger.log where current").fetchone()
    assert origin != old
    facts = facts_of_first_leaf(conn, number)
    assert facts["log_reason"] == reason
    assert facts["previous_log"] in (old, old + "0", f"{key.name}/other")
    if damage in ("smaller", "differs", "tiles", "older", "lost"):
        assert (facts["kept_size"], facts["previous_log"]) == (601, old)
    assert open_receipt(receipts.receipt(conn, ids[0]).document(), [key.verifier()]).log == origin
    # A second start is content with what the first one did.
    with running() as run:
        write(conn, 1)
        run.settle()
    assert conn.execute("select max(number) from ledger.log").fetchone() == (number,)
    report = verify_log(conn, [key.verifier()], kept())
    assert report.findings


def test_tiles_lost_in_a_log_whose_checkpoints_fit_begin_a_new_log(conn, key, sequenced, tmp_path):
    with psycopg.connect(conn.info.dsn, password=conn.info.password, autocommit=True) as other:
        # Leaves beyond the last checkpoint whose tile is gone: no checkpoint shows it, the edge does.
        work = sequencer.Sequencer(url=lambda: "", home=tmp_path)
        log = open_log(other, key, KeptCheckpoints(tmp_path), datetime.now(UTC))
        for _ in range(200):
            other.execute(insert_sql, [uuid4(), b"x"])
        with other.transaction():
            work._sequence(other, log)
        other.execute("delete from ledger.tile where level = 0 and index = 3")
    assert open_log(conn, key, KeptCheckpoints(tmp_path), datetime.now(UTC)).number == 2
    assert conn.execute("select reason from ledger.log where current").fetchone() == ("tiles_damaged",)


def test_new_log_begun_but_not_yet_signed_is_continued(conn, key, sequenced, rebuild, tmp_path):
    rebuild(conn, [(row[2], row[3]) for row in leaves(conn)[:300]])
    now = datetime.now(UTC)
    first = open_log(conn, key, KeptCheckpoints(tmp_path), now)
    again = open_log(conn, key, KeptCheckpoints(tmp_path), now)
    assert (first.number, first.origin) == (again.number, again.origin) == (2, first.origin)


def test_sequencer_killed_in_rounds_under_concurrent_writers_keeps_every_entry_once(
    conn, ledger_url, key, running, tmp_path, kept
):
    acknowledged, stop, problems = [], threading.Event(), []

    def writer(number):
        try:
            with psycopg.connect(ledger_url) as own:
                count = 0
                while not stop.is_set():
                    batch = [uuid4() for _ in range(random.randint(1, 20))]
                    with own.cursor() as cursor:
                        for id in batch:
                            record(cursor, id, _entry(count))
                            count += 1
                    time.sleep(random.random() / 20)
                    if random.random() < 0.1:
                        own.rollback()
                        continue
                    own.commit()
                    acknowledged.extend(batch)
        except Exception as error:
            problems.append(error)

    environment = {name: value for name, value in os.environ.items() if not name.startswith("YISHU_")}
    environment |= {"YISHU_DATABASE_URL": ledger_url, "YISHU_HOME": str(tmp_path)}
    writers = [threading.Thread(target=writer, args=(number,)) for number in range(4)]
    for thread in writers:
        thread.start()
    sizes = []
    try:
        for _ in range(5):
            process = subprocess.Popen(
                [sys.executable, "-m", "yishu.cli", "sequencer"], env=environment, stderr=subprocess.DEVNULL
            )
            try:
                before = conn.execute("select count(*) from ledger.leaf").fetchone()[0]
                _wait(conn, f"(select count(*) from ledger.leaf) > {before}")
                time.sleep(random.random() / 2)
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
            sizes.append(conn.execute("select count(*) from ledger.leaf").fetchone()[0])
    finally:
        stop.set()
        for thread in writers:
            thread.join()
    assert not problems
    with running() as run:
        run.settle()
    rows = leaves(conn)
    assert [row[1] for row in rows] == list(range(len(rows)))
    assert sorted(row[2] for row in rows[1:]) == sorted(acknowledged)
    assert conn.execute("select count(*) from ledger.log").fetchone() == (1,)
    report = verify_log(conn, [key.verifier()], kept())
    assert report.findings == ()
    assert report.kept >= 5
    notes = [verify_checkpoint(note, [key.verifier()]).size for _, note in kept()]
    assert notes == sorted(notes)
    assert sizes[-1] > sizes[0]


def _entry(number):
    return Entry(kind="delivery", at=datetime.now(UTC), actor="client:app", facts={"records": number})


def _wait(conn, what):
    for _ in range(1500):
        if conn.execute(f"select {what}").fetchone()[0]:
            return
        time.sleep(0.02)
    raise AssertionError(what)


def test_sequencer_that_keeps_failing_complains_once_a_minute(tmp_path, monkeypatch, caplog):
    clock = [0.0]
    monkeypatch.setattr(sequencer.time, "monotonic", lambda: clock[0])
    work = sequencer.Sequencer(url=lambda: "", home=tmp_path)
    for at in (0.0, 1.0, 59.0, 61.0, 62.0):
        clock[0] = at
        work._complain(OSError("full"))
    work._complain(ValueError("other"))
    assert caplog.text.count("存证排序中断") == 3
