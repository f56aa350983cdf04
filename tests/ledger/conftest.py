"""A database of the ledger's own: its tests truncate and tamper, which other contexts' tests must not see."""

import json
import secrets
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

import yishu.ledger
from yishu.ledger.entries import Entry
from yishu.ledger.inbox import record
from yishu.ledger.kept import KeptCheckpoints
from yishu.ledger.logs import OpenLog, append_leaves, leaf_data, open_log, stored_root
from yishu.ledger.merkle import inclusion_ranges, leaf_hash, proof
from yishu.ledger.notes import Checkpoint, SigningKey
from yishu.ledger.receipts import Receipt
from yishu.ledger.sequencer import Sequencer
from yishu.ledger.tiles import Edge, node_from

SQL = Path(yishu.ledger.__file__).parent / "sql" / "0001_ledger.sql"
AT = datetime(2026, 9, 24, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def ledger_url(database_url):
    name = f"ledger_{secrets.token_hex(4)}"
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(f"create database {name} template template0 encoding 'UTF8'")
    url = urlsplit(database_url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(SQL.read_text())
    yield url
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(f"drop database {name} with (force)")


@pytest.fixture
def conn(ledger_url):
    with psycopg.connect(ledger_url, autocommit=True) as conn:
        conn.execute("truncate ledger.inbox, ledger.log, ledger.leaf, ledger.tile, ledger.checkpoint, ledger.conflict")
        yield conn


@pytest.fixture
def key(tmp_path):
    return SigningKey.load(tmp_path)


def make_entry(number=0, **changes):
    fields = {"kind": "delivery", "at": AT, "actor": "client:app", "facts": {"records": number, "call": "lookup"}}
    return Entry(**(fields | changes))


@pytest.fixture
def write():
    """Put ``count`` entries into the inbox, committed; returns their ids."""

    def run(conn, count, start=0):
        ids = [uuid4() for _ in range(count)]
        with conn.transaction(), conn.cursor() as cursor:
            for number, id in enumerate(ids, start):
                record(cursor, id, make_entry(number))
        return ids

    return run


class Running:
    """A sequencer in a thread, with what a test waits for."""

    def __init__(self, conn, url, home, **options):
        self.conn = conn
        self.sequencer = Sequencer(url=lambda: url, home=home, sign_seconds=0.05, **options)
        self.thread = threading.Thread(target=self.sequencer.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.sequencer.stop.set()
        self.thread.join(30)
        assert not self.thread.is_alive()

    def wait(self, what="not exists (select from ledger.inbox) and exists (select from ledger.leaf)"):
        wait_for(self.conn, what)

    def settle(self):
        """Until the inbox is empty and the newest checkpoint covers every leaf of the current log."""
        self.wait(
            "not exists (select from ledger.inbox) and (select max(index) + 1 from ledger.leaf join ledger.log g on g.number = log"
            " where g.current) = (select max(size) from ledger.checkpoint join ledger.log g on g.number = log where g.current)"
        )


def wait_for(conn, what):
    for _ in range(3000):
        if conn.execute(f"select {what}").fetchone() == (True,):
            return
        time.sleep(0.02)
    raise AssertionError(f"never came true: {what}")


@pytest.fixture
def running(conn, ledger_url, tmp_path):
    """``with running():`` sequences the database; ``.settle()`` waits until everything has its proof."""

    def make(**options):
        return Running(conn, ledger_url, options.pop("home", tmp_path), **options)

    return make


@pytest.fixture
def sequenced(conn, key, write, tmp_path):
    """A ledger of 600 entries (and leaf 0) in several batches and checkpoints, at rest; returns the entries' ids."""
    work = Sequencer(url=lambda: "", home=tmp_path, batch=100, sign_seconds=0)
    log = open_log(conn, key, KeptCheckpoints(tmp_path), AT)
    ids = []
    for start in range(0, 600, 200):
        ids += write(conn, 200, start)
        while work.step(conn, log):
            pass
    return ids


@pytest.fixture(scope="session")
def sample():
    """A signing key and the receipt document of one of 600 entries, made without a database."""
    key = SigningKey("yishu-sample", bytes(range(32)))
    edge, tiles, ids = Edge(), {}, [uuid4() for _ in range(600)]
    for number, id in enumerate(ids):
        edge.append(leaf_hash(leaf_data(id, make_entry(number).to_bytes())))
    tiles = edge.take_changed()
    path = proof(inclusion_ranges(300, 600), lambda node: node_from(node, tiles))
    log = f"{key.name}/log"
    note = key.sign(Checkpoint(log, 600, edge.root()).text())
    text = make_entry(300).to_bytes().decode()
    return key, Receipt(ids[300], text, log, 300, tuple(path), note).document()


@pytest.fixture
def kept(tmp_path):
    """The kept checkpoints as (place, note), read now."""

    def read(home=tmp_path):
        lines = (home / "ledger" / "checkpoints").read_text().splitlines()
        return [(f"line {number}", json.loads(line)) for number, line in enumerate(lines, 1)]

    return read


@pytest.fixture
def rebuild():
    """Write the current log anew from (id, entry) rows: leaves and tiles fit, checkpoints up to that size are left as they are."""

    def run(conn, rows, sign_with=None):
        number, origin = conn.execute("select number, id from ledger.log where current").fetchone()
        conn.execute("truncate ledger.leaf, ledger.tile")
        conn.execute("delete from ledger.checkpoint where size > %s", [len(rows)])
        log = OpenLog(number, origin, Edge())
        now = datetime.now(UTC)
        with conn.transaction():
            append_leaves(conn, log, rows, now)
        if sign_with:
            sizes = [row[0] for row in conn.execute("select size from ledger.checkpoint order by size")]
            for size in sizes:
                root = stored_root(conn, number, size)
                note = sign_with.sign(Checkpoint(origin, size, root).text())
                conn.execute("update ledger.checkpoint set root = %s, note = %s where size = %s", [root, note, size])

    return run
