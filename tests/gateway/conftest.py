"""A real gateway (Granian, two workers) over real PostgreSQL, and hand-made rows in gateway.* and serving.*."""

import contextlib
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from yishu.kernel.codes import person_id_check
from yishu.kernel.time import shanghai_date
from yishu.ledger.entries import Entry, entry_from_bytes
from yishu.security import tokens
from yishu.security.tokens import TokenKeys

ITEMS = [
    {"column": "i0001", "name": "公民身份号码", "mask": "person_id", "type": "string"},
    {"column": "i0002", "name": "姓名", "mask": "name", "type": "string"},
    {"column": "i0003", "name": "状态", "mask": "", "type": "string"},
]
LOOKUP_SQL = """select count(*)::integer as records,
'[' || coalesce(string_agg('{"公民身份号码":' || to_json(x.i0001)::text || ',"姓名":' || to_json(x.i0002)::text
  || ',"状态":' || to_json(x.i0003)::text || '}', ',' order by array_position($1::text[], x.k)), '') || ']' as body,
'[' || coalesce(string_agg((array_position($1::text[], x.k) - 1)::text, ',' order by array_position($1::text[], x.k)), '') || ']' as found
from (select left(i0001, 6) || '********' || right(i0001, 4) as i0001, left(i0002, 1) || '**' as i0002, i0003, i0001 as k
      from {table} where i0003 <> '注销' and i0001 = any($1::text[])) x"""


def person(number: int) -> str:
    """An invented identity number of an area never given out."""
    body = f"410899{1950 + number % 50}{1 + number % 12:02d}{1 + number % 28:02d}{number % 1000:03d}"
    return body + person_id_check(body)


def masked(identifier: str) -> dict[str, str]:
    """What the grant of these tests shows of ``person(n)``."""
    return {"公民身份号码": f"{identifier[:6]}********{identifier[-4:]}", "姓名": "张**", "状态": "正常"}


PEOPLE = sorted({person(n) for n in range(200)})
GONE = PEOPLE.pop()
"""In the table, but outside the grant's row filter."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A ``yishu gateway`` process."""

    environment: dict[str, str]
    port: int
    metrics_port: int
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def launch(self) -> None:
        """Start the process without waiting."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "yishu.cli", "gateway"],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self.launch()
        assert self.process is not None
        for _ in range(600):
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text())
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{self.url}/healthz")
                return
            time.sleep(0.1)
        raise RuntimeError("the gateway did not answer:\n" + self.log.read_text())

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return code

    def workers(self) -> list[int]:
        """Process ids of the Granian workers (multiprocessing's resource tracker left out)."""
        assert self.process is not None
        found = []
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in map(int, children):
            with contextlib.suppress(OSError):
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found


@pytest.fixture(scope="session")
def serve(gateway_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Makes gateways with their own ports; all are ended with the session."""
    servers: list[Server] = []

    def make(*, workers: int = 2, database_url: str = gateway_database_url, **more: str) -> Server:
        port, metrics_port = free_port(), free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("YISHU_", "COV_"))}
        environment |= {
            "YISHU_HOME": os.environ["YISHU_HOME"],
            "YISHU_GATEWAY_DATABASE_URL": database_url,
            "YISHU_GATEWAY_PORT": str(port),
            "YISHU_METRICS_PORT": str(metrics_port),
            "YISHU_GATEWAY_WORKERS": str(workers),
        }
        environment |= more
        server = Server(environment, port, metrics_port, tmp_path_factory.mktemp("gateway") / "log")
        servers.append(server)
        server.start()
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def gateway(serve: Callable[..., Server]) -> Server:
    """The gateway most tests share: two workers."""
    return serve()


@dataclass
class Holder:
    """A department's machine client, with its secret."""

    client_id: str
    secret: str
    department_id: int


@dataclass
class World:
    """The tables the gateway reads, written as sharing and collection write them."""

    url: str
    code: str = field(default_factory=lambda: f"307021{secrets.randbelow(10**6):06d}/{secrets.randbelow(10**6):06d}")
    version: int = 0

    def run(self, sql: str, *arguments: Any) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql, arguments)
            return cursor.fetchall() if cursor.description else []

    @property
    def url_code(self) -> str:
        return self.code.replace("/", "-")

    def publish(self, names: str = "张三丰") -> str:
        """A new serving table becomes current; returns its name."""
        self.version += 1
        table = f"r{abs(hash(self.code)) % 10**6}_{uuid4().hex}"
        self.run(f"create table serving.{table} (i0001 text primary key, i0002 text, i0003 text, _row bigint)")
        with psycopg.connect(self.url, autocommit=True) as connection:
            rows = [(p, names, "正常", n) for n, p in enumerate(PEOPLE)] + [(GONE, names, "注销", 999)]
            connection.cursor().executemany(f"insert into serving.{table} values (%s, %s, %s, %s)", rows)
        self.run(
            "insert into serving.current values (%s, %s, %s, %s, %s, now()) on conflict (resource_code) do update set"
            " table_name = excluded.table_name, load_id = excluded.load_id, resource_version = excluded.resource_version",
            self.code, table, uuid4(), self.version, len(PEOPLE) + 1,
        )  # fmt: skip
        return table

    def holder(self, department_id: int | None = None, *, active: bool = True) -> Holder:
        holder = Holder(
            f"c-{secrets.token_hex(6)}", secrets.token_urlsafe(32), department_id or secrets.randbelow(10**9)
        )
        self.run(
            "insert into gateway.client values (%s, %s, %s, %s, %s, %s)",
            holder.client_id, "办件系统", holder.department_id, "民政局",
            hashlib.sha256(holder.secret.encode()).hexdigest(), active,
        )  # fmt: skip
        return holder

    def grant(self, holder: Holder, *, code: str | None = None, starts: int = -10, ends: int = 10, **more: Any) -> UUID:
        """A grant to the holder's client; ``starts`` and ``ends`` are days from today in Asia/Shanghai."""
        id, today = uuid4(), shanghai_date(datetime.now(UTC))
        spec = {"title": "人口基本信息", "items": ITEMS, "filters": [], "purpose": "licensing", "provider": "公安局"}
        spec["reference"] = {"pack": "test", "instrument": "示例办法", "article": "第十九条", "row": ""}
        values: dict[str, Any] = {
            "id": id, "resource_code": code or self.code, "department_id": holder.department_id, "department_name": "民政局",
            "clients": [holder.client_id], "spec": json.dumps(spec), "key_identifier": "person_id", "lookup_sql": LOOKUP_SQL,
            "starts_on": today + timedelta(days=starts), "ends_on": today + timedelta(days=ends), "active": True,
        } | more  # fmt: skip
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        self.run(f"insert into gateway.grant_ ({names}) values ({marks})", *values.values())
        return id

    def revoke(self, grant: UUID) -> None:
        self.run("update gateway.grant_ set active = false where id = %s", grant)

    def entry(self, receipt: str) -> Entry:
        """The entry behind a receipt id, waiting or sequenced; fails when the ledger does not have it."""
        rows = self.run(
            "select entry from ledger.inbox where id = %s union all select entry from ledger.leaf where id = %s",
            receipt,
            receipt,
        )
        assert rows, f"receipt {receipt} is not in the ledger"
        return entry_from_bytes(bytes(rows[0][0]))

    def entries(self, actor: str) -> list[Entry]:
        rows = self.run("select entry from ledger.inbox order by at")
        return [e for e in (entry_from_bytes(bytes(row[0])) for row in rows) if e.actor == actor]


@pytest.fixture
def world(database_url: str, gateway_database_url: str) -> World:
    """A resource of its own with a current serving table."""
    world = World(database_url)
    world.publish()
    return world


@dataclass
class Caller:
    """A program with a token."""

    http: httpx.Client
    holder: Holder
    token: str

    def lookup(self, url_code: str, keys: Any, **more: Any) -> httpx.Response:
        return self.http.post(
            f"/v1/resources/{url_code}/lookup",
            json={"keys": keys, **more},
            headers={"Authorization": f"Bearer {self.token}"},
        )

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path, headers={"Authorization": f"Bearer {self.token}"})


@pytest.fixture
def sign_in(gateway: Server) -> Iterator[Callable[[Holder], Caller]]:
    """Exchanges credentials for a token at the shared gateway."""
    clients: list[httpx.Client] = []

    def make(holder: Holder, server: Server = gateway) -> Caller:
        http = httpx.Client(base_url=server.url, timeout=20)
        clients.append(http)
        answer = http.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=(holder.client_id, holder.secret)
        )
        assert answer.status_code == 200, answer.text
        return Caller(http, holder, answer.json()["access_token"])

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def mint() -> Callable[..., str]:
    """Tokens as the platform signs them, for people and for hostile cases: ``mint(subject, department_id, seconds=…)``."""
    keys = TokenKeys.load(Path(os.environ["YISHU_HOME"]))

    def make(subject: str, department_id: int, *, seconds: int = 60, now: datetime | None = None) -> str:
        return tokens.mint(
            keys,
            subject=subject,
            department_id=department_id,
            name="某人",
            seconds=seconds,
            now=now or datetime.now(UTC),
        )

    return make


@dataclass(frozen=True)
class People:
    """The invented people of the serving tables: ``ids`` are visible under the grant, ``gone`` is outside its filter."""

    ids: tuple[str, ...] = tuple(PEOPLE)
    gone: str = GONE

    def masked(self, identifier: str) -> dict[str, str]:
        return masked(identifier)


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def home() -> Path:
    """Where the platform's keys are."""
    return Path(os.environ["YISHU_HOME"])
