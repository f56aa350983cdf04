"""How fast entries are sequenced, receipts built and the whole ledger recomputed. ``python benchmarks/bench_ledger.py [entries]``.

Uses a database of its own on the server of ``YISHU_TEST_DATABASE_URL``; prints one JSON line per figure and checks its answers.
"""

import json
import os
import secrets
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

import yishu.ledger
from yishu.ledger.audit import verify_log
from yishu.ledger.entries import Entry
from yishu.ledger.kept import KeptCheckpoints
from yishu.ledger.logs import open_log
from yishu.ledger.notes import SigningKey
from yishu.ledger.receipts import receipt
from yishu.ledger.sequencer import Sequencer
from yishu.ledger.verify import open_receipt


def figure(name: str, value: float, unit: str, target: float, ok: bool) -> None:
    print(
        json.dumps(
            {
                "name": name,
                "value": round(value, 3),
                "unit": unit,
                "against": None,
                "ratio": None,
                "target": target,
                "ok": ok,
            }
        )
    )


def main(entries: int) -> None:
    server = os.environ["YISHU_TEST_DATABASE_URL"]
    name = f"bench_ledger_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"create database {name}")
    try:
        run(urlsplit(server)._replace(path=f"/{name}").geturl(), entries)
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(f"drop database {name} with (force)")


def run(url: str, entries: int) -> None:
    home = Path(tempfile.mkdtemp(prefix="yishu-bench-ledger-"))
    key, kept = SigningKey.load(home), KeptCheckpoints(home)
    facts = {"call": "lookup", "records": 1, "keys": ["ab12cd34:" + "0" * 64], "items": ["i0001", "i0002"], "epoch": 5}
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute((Path(yishu.ledger.__file__).parent / "sql" / "0001_ledger.sql").read_text())
        ids = [uuid4() for _ in range(entries)]
        began = time.perf_counter()
        bodies = [
            Entry(
                "delivery", datetime.now(UTC), "client:bench", "7", "307010001/000001", uuid4(), facts=facts
            ).to_bytes()
            for _ in ids
        ]
        made = (time.perf_counter() - began) / entries * 1e6
        figure("ledger_entry_make", made, "microseconds", 60, made <= 60)
        with conn.cursor() as cursor, cursor.copy("copy ledger.inbox (id, entry) from stdin (format binary)") as copy:
            copy.set_types(["uuid", "bytea"])
            for row in zip(ids, bodies, strict=True):
                copy.write_row(row)
        work, log = Sequencer(url=lambda: url, home=home), open_log(conn, key, kept, datetime.now(UTC))
        began = time.perf_counter()
        while work.step(conn, log):
            pass
        rate = entries / (time.perf_counter() - began)
        work._sign(conn, log)
        figure("ledger_sequence", rate, "entries/s", 10_000, rate >= 10_000)
        began = time.perf_counter()
        for id in ids[:: max(1, entries // 500)]:
            open_receipt(receipt(conn, id).document(), [key.verifier()])
        each = (time.perf_counter() - began) / len(ids[:: max(1, entries // 500)]) * 1000
        figure("ledger_receipt_made_and_checked", each, "milliseconds", 10, each <= 10)
        notes = [("kept", json.loads(line)) for line in kept.path.read_text().splitlines()]
        began = time.perf_counter()
        report = verify_log(conn, [key.verifier()], notes)
        seconds = time.perf_counter() - began
        right = not report.findings and report.logs[0].size == entries + 1
        figure("ledger_verify", entries / seconds, "leaves/s", 20_000, right and entries / seconds >= 20_000)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
