"""Lookups: the whole gateway against a bare SELECT over HTTP and against Datasette, one worker each, interleaved rounds.

The gateway does everything it does in production: token, grant, row filter, three masks compiled by sharing, a durable ledger
entry per answer (fsync on). Prints one JSON line per figure; exits 1 when a figure misses its target or an answer is wrong.

Run:  make bench-gateway ARGS="--rows 1000000 --rounds 5"
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import random
import secrets
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
from psycopg import sql

from benchmarks.load import Request, Result, run
from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.config.environment import read_environment
from yishu.kernel.codes import person_id_check
from yishu.ledger.entries import entry_from_bytes
from yishu.runtime.postgres import Postgres
from yishu.runtime.roles import ensure_gateway_role, gateway_url, grant_gateway_rights
from yishu.sharing.plane import compile_lookup
from yishu.sharing.rules import RowCondition

ROOT = Path(__file__).parent.parent
TABLE, DATABASE, CODE = "r1_bench", "yishu_bench", "307021022100/000009"
CONNECTIONS = 32
TARGET_DATASETTE = 4.0
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴", "一二三四五六七八九十明华国建军丽英秀"
MASKS = {"i0001": "person_id", "i0002": "name", "i0004": "phone"}
ITEMS = tuple(
    ItemSpec(column, name, data_type, is_key=column == "i0001", identifier="person_id" if column == "i0001" else "")
    for column, name, data_type in (
        ("i0001", "公民身份号码", "C"),
        ("i0002", "姓名", "C"),
        ("i0003", "出生日期", "D"),
        ("i0004", "联系电话", "C"),
        ("i0005", "户籍地址", "C"),
        ("i0006", "状态", "C"),
    )
)
SPEC = ResourceSpec(1, CODE, 1, "人口基本信息", 1, "bench", 1, "公安局", "conditional", ITEMS)
Person = tuple[str, str, date, str, str, str]


def people(count: int) -> Iterator[Person]:
    """Invented people of an area never given out, each number once, always the same; one in fifty outside the row filter."""
    first = date(1940, 1, 1)
    for n in range(count):
        born = first + timedelta(days=n % 29_000)
        body = f"410899{born:%Y%m%d}{n // 29_000:03d}"
        name = SURNAMES[n % 10] + GIVEN[n % 18] + (GIVEN[n // 18 % 18] if n % 3 else "")
        phone = f"199{n:08d}"
        state = "注销" if n % 50 == 7 else "正常"
        yield body + person_id_check(body), name, born, phone, f"河南省焦作市修武县测试路{n % 999 + 1}号", state


def expected(person: Person) -> dict[str, Any]:
    """What the grant shows of a person, written by hand: the masks' documented result, not their code."""
    id, name, born, phone, address, state = person
    return {
        "公民身份号码": id[:6] + "*" * 12,
        "姓名": name[0] + "*" * (len(name) - 1),
        "出生日期": born.isoformat(),
        "联系电话": phone[:3] + "******" + phone[-2:],
        "户籍地址": address,
        "状态": state,
    }


@dataclass
class Side:
    """One measured server: how to ask it, and its rounds."""

    name: str
    request: Request
    results: list[Result]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server(command: Sequence[str], environment: Mapping[str, str], check: str, log: Path) -> Iterator[None]:
    """A server process, waited for until ``check`` answers."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=dict(environment), stdout=output, stderr=output, cwd=ROOT, start_new_session=True
        )
    try:
        for _ in range(300):
            if process.poll() is not None:
                break
            with contextlib.suppress(httpx.TransportError):
                httpx.get(check)
                break
            time.sleep(0.1)
        if process.poll() is not None:
            raise SystemExit(f"{command[0]} ended:\n{log.read_text()[-2000:]}")
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def fresh_database(admin_url: str) -> str:
    """Make an empty database on an operator's server. Returns its address."""
    name = sql.Identifier(DATABASE)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
        connection.execute(sql.SQL("create database {}").format(name))
    return urlsplit(admin_url)._replace(path=f"/{DATABASE}").geturl()


def prepare_postgres(url: str, rows: int) -> None:
    """The platform's own SQL in an empty database, and the people in a serving table."""
    with psycopg.connect(url) as connection:
        for context, name in (("collection", "serving"), ("sharing", "gateway"), ("ledger", "ledger")):
            connection.execute((ROOT / "yishu" / context / "sql" / f"0001_{name}.sql").read_bytes())
        connection.execute(
            f"create table serving.{TABLE} (i0001 text, i0002 text, i0003 date, i0004 text, i0005 text, i0006 text, _row bigint)"
        )
        with connection.cursor().copy(f"copy serving.{TABLE} from stdin") as copy:
            for n, person in enumerate(people(rows)):
                copy.write_row((*person, n))
        connection.execute(f"alter table serving.{TABLE} add primary key (i0001)")
        connection.execute(
            "insert into serving.current values (%s, %s, %s, 1, %s, now())", (CODE, TABLE, uuid4(), rows)
        )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"vacuum (analyze) serving.{TABLE}")


def prepare_sqlite(path: Path, rows: int) -> None:
    """The same rows for Datasette, with the identifier as primary key."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "create table pop (i0001 text primary key, i0002 text, i0003 text, i0004 text, i0005 text, i0006 text)"
        )
        connection.executemany(
            "insert into pop values (?, ?, ?, ?, ?, ?)", ((p[0], p[1], p[2].isoformat(), *p[3:]) for p in people(rows))
        )
        connection.execute("analyze")
        connection.commit()


def grant(url: str) -> tuple[str, str]:
    """A client and its grant with a row filter and three masks. Returns id and secret."""
    client_id, secret = "bench", secrets.token_urlsafe(32)
    text = compile_lookup(SPEC, [i.column for i in ITEMS], [RowCondition("i0006", "eq", ("正常",))], MASKS)
    shown = {
        "title": SPEC.title,
        "purpose": "licensing",
        "items": [
            {"column": i.column, "name": i.name, "mask": MASKS.get(i.column, ""), "type": i.ibis_type} for i in ITEMS
        ],
    }
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into gateway.client values (%s, 'bench', 1, '民政局', %s, true)",
            (client_id, hashlib.sha256(secret.encode()).hexdigest()),
        )
        connection.execute(
            "insert into gateway.grant_ values (%s, %s, 1, '民政局', %s, %s, 'person_id', %s, %s, %s, true)",
            (uuid4(), CODE, [client_id], json.dumps(shown), text, date(2020, 1, 1), date(2099, 12, 31)),
        )
    return client_id, secret


def delivered(url: str) -> int:
    """Delivery entries in the ledger."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select (select count(*) from ledger.inbox) + (select count(*) from ledger.leaf)"
        ).fetchone()
        return int(row[0]) if row else 0


async def check_answers(request: Request, sample: Sequence[Person], url: str) -> int:
    """Ask for a sample at the load's concurrency; every answer must be the expected one and every receipt in the ledger."""
    wrong, receipts = 0, []
    limits = httpx.Limits(max_connections=CONNECTIONS)
    gate = asyncio.Semaphore(CONNECTIONS)
    async with httpx.AsyncClient(
        base_url=request.url, headers=dict(request.headers), limits=limits, timeout=30
    ) as client:

        async def one(person: Person) -> None:
            nonlocal wrong
            async with gate:
                answer = await client.post(request.path, content=request.body.replace("{key}", person[0]))
            shown = [expected(person)] if person[5] == "正常" else []
            if answer.status_code != 200 or answer.json()["records"] != shown:
                wrong += 1
            else:
                receipts.append(answer.json()["receipt"])

        await asyncio.gather(*(one(person) for person in sample))
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select entry from ledger.inbox where id = any(%s) union all select entry from ledger.leaf where id = any(%s)",
            (receipts, receipts),
        ).fetchall()
    kept = sum(entry_from_bytes(bytes(entry)).kind == "delivery" for (entry,) in found)
    return wrong + len(receipts) - kept


def figure(
    name: str, value: float, unit: str, against: str, ratio: float, target: float | None, ok: bool, **more: Any
) -> bool:
    """Print one figure as a JSON line."""
    print(json.dumps({"name": name, "value": round(value, 2), "unit": unit, "against": against, "ratio": round(ratio, 2), "target": target, "ok": ok} | more), flush=True)  # fmt: skip
    return ok


def measure(sides: Sequence[Side], keys: Sequence[str], rounds: int, seconds: float) -> None:
    """A B C, A B C …, after one unmeasured second each."""
    for side in sides:
        run(side.request, keys, connections=CONNECTIONS, seconds=1)
    for n in range(rounds):
        for side in sides:
            side.results.append(run(side.request, keys, connections=CONNECTIONS, seconds=seconds))
            last = side.results[-1]
            say(f"round {n + 1}  {side.name:10}  {last.rate:8.0f} requests/s  {last.failed} failed")


def report(sides: Sequence[Side], wrong: int, entries: int, answered: int) -> bool:
    """All figures; True when every target is met. Ratios are medians of the rounds' own ratios."""
    ours, bare, datasette = sides
    rates = {side.name: statistics.median(r.rate for r in side.results) for side in sides}
    spread = {side.name: [round(f(r.rate for r in side.results)) for f in (min, max)] for side in sides}

    def ratio(other: Side) -> float:
        return statistics.median(a.rate / b.rate for a, b in zip(ours.results, other.results, strict=True))

    failed = sum(r.failed for side in sides for r in side.results)
    to_datasette, to_bare = ratio(datasette), ratio(bare)
    results = [
        figure("gateway.lookup", rates[ours.name], "requests/s", "datasette", to_datasette, TARGET_DATASETTE, to_datasette >= TARGET_DATASETTE, spread=spread),
        figure("gateway.lookup", rates[ours.name], "requests/s", "bare select", to_bare, None, True),
        figure("gateway.wrong_answers", wrong, "answers", "expected records and receipts", 0.0, 0.0, wrong == 0),
        figure("gateway.unrecorded_answers", max(0, answered - entries), "answers", "ledger entries", entries / max(answered, 1), 1.0, entries >= answered),
        figure("gateway.failed_requests", failed, "requests", "all sides", 0.0, 0.0, failed == 0),
    ]  # fmt: skip
    return all(results)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument(
        "--database", help="address of a PostgreSQL whose role may create databases and roles; default: from the wheel"
    )
    parser.add_argument("--datasette", default=str(Path(sys.executable).parent / "datasette"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yishu-bench-") as folder, contextlib.ExitStack() as stack:
        Path(folder).chmod(0o755)
        return 0 if bench(options, Path(folder), stack) else 1


def bench(options: argparse.Namespace, folder: Path, stack: contextlib.ExitStack) -> bool:
    """Prepare, check, measure, report."""
    home = folder / "home"
    home.mkdir(0o755)
    base = {name: value for name, value in os.environ.items() if not name.startswith("YISHU_")}
    if options.database:
        url = fresh_database(options.database)
    else:
        postgres = Postgres(home, port=free_port(), report=say)
        url = postgres.start()
        stack.callback(postgres.stop)
    say(f"loading {options.rows} rows into PostgreSQL and SQLite …")
    prepare_postgres(url, options.rows)
    prepare_sqlite(folder / "pop.db", options.rows)
    environment = read_environment({"YISHU_HOME": str(home), "YISHU_DATABASE_URL": url})
    role = ensure_gateway_role(environment)
    with psycopg.connect(url) as connection:
        grant_gateway_rights(connection, role)
    client_id, secret = grant(url)
    gateway, bare, datasette = free_port(), free_port(), free_port()
    python = sys.executable
    more = {
        "YISHU_HOME": str(home),
        "YISHU_GATEWAY_DATABASE_URL": gateway_url(environment),
        "YISHU_TOKEN_SECONDS": "3600",
    }
    more |= {"YISHU_GATEWAY_PORT": str(gateway), "YISHU_METRICS_PORT": str(free_port()), "YISHU_GATEWAY_WORKERS": "1"}
    at = "http://127.0.0.1:{}".format
    granian = [
        python,
        "-m",
        "granian",
        "--interface",
        "asgi",
        "--workers",
        "1",
        "--loop",
        "uvloop",
        "--port",
        str(bare),
    ]
    baseline = {"BASELINE_DATABASE_URL": url, "BASELINE_TABLE": f"serving.{TABLE}"}
    stack.enter_context(
        server([python, "-m", "yishu.cli", "gateway"], base | more, at(gateway) + "/healthz", folder / "a")
    )
    stack.enter_context(server([*granian, "benchmarks.baseline_gateway:app"], base | baseline, at(bare), folder / "b"))
    stack.enter_context(
        server(
            [options.datasette, "serve", "-i", str(folder / "pop.db"), "--port", str(datasette)],
            base,
            at(datasette),
            folder / "c",
        )
    )
    form = {"grant_type": "client_credentials"}
    token = httpx.post(at(gateway) + "/oauth/token", data=form, auth=(client_id, secret)).json()["access_token"]
    headers = (("Authorization", f"Bearer {token}"), ("Content-Type", "application/json"))
    path = f"/v1/resources/{CODE.replace('/', '-')}/lookup"
    ours = Request(at(gateway), "POST", path, headers, '{"keys":["{key}"]}')
    chosen = random.Random(20260918)
    sample = chosen.sample(list(people(options.rows)), min(20_000, options.rows))
    wrong = asyncio.run(check_answers(ours, sample[:1_000], url))
    before = delivered(url)
    keys = [person[0] for person in sample]
    sides = [
        Side("gateway", ours, []),
        Side("bare", Request(at(bare), "GET", "/people/{key}"), []),
        Side("datasette", Request(at(datasette), "GET", "/pop/pop/{key}.json"), []),
    ]
    began = datetime.now(UTC)
    measure(sides, keys, options.rounds, options.seconds)
    wrong += asyncio.run(check_answers(ours, sample[1_000:1_500], url))
    say(f"measured in {datetime.now(UTC) - began}")
    answered = sum(r.answered for r in sides[0].results) + 500
    return report(sides, wrong, delivered(url) - before, answered)


if __name__ == "__main__":
    sys.exit(main())
