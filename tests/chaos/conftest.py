"""A whole platform in a home of its own, started by the supervisor, to be killed piece by piece."""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

logging.getLogger("httpx").setLevel(logging.WARNING)  # thousands of lookups
DRIVER = Path(__file__).with_name("driver.py")
PARTS = ("worker", "sequencer", "gateway", "postgres")
PATIENCE_SECONDS = 120.0
"""How long the harness waits for anything before it gives up; no test asserts on it."""


def wait_for(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """The first true value of ``condition``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(psycopg.Error, httpx.HTTPError, OSError, ValueError):
            if found := condition():
                return found
        time.sleep(0.1)
    raise AssertionError(f"did not come true: {what}")


class Platform:
    """One running platform: its processes, its database, and programs that work on it."""

    def __init__(self, home: Path, ports: list[int]) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("YISHU_", "DJANGO_"))}
        names = ("YISHU_WEB_PORT", "YISHU_GATEWAY_PORT", "YISHU_METRICS_PORT", "YISHU_DATABASE_PORT")
        self.environment = (
            kept | {"YISHU_HOME": str(home), "PYTHONUNBUFFERED": "1"} | dict(zip(names, map(str, ports), strict=True))
        )
        self.gateway = f"http://127.0.0.1:{ports[1]}"
        self.output = (home / "output").open("wb")
        self.supervisor = subprocess.Popen(
            [sys.executable, "-m", "yishu.cli", "up"], env=self.environment, stdout=self.output, stderr=self.output
        )
        self.drivers: list[subprocess.Popen[bytes]] = []

    def wait_until_up(self) -> None:
        """Wait for the supervisor's word, or fail with what it printed."""
        wait_for(lambda: "平台已启动" in self.text() or self.supervisor.poll() is not None, "the platform starts")
        assert self.supervisor.poll() is None, self.text()

    def text(self) -> str:
        return (self.home / "output").read_text()

    def pids(self) -> dict[str, int]:
        return dict(json.loads((self.home / "processes.json").read_text()))

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the platform's database."""
        url = (self.home / "postgres" / "url").read_text().strip()
        with psycopg.connect(url, connect_timeout=5) as connection:
            return connection.execute(statement.encode(), values or None).fetchall()

    def drive(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start the driver in one of its modes."""
        log = (self.home / f"driver-{words[0]}.log").open("ab")
        with log:
            driver = subprocess.Popen(
                [sys.executable, str(DRIVER), *words], env=self.environment, stdout=log, stderr=log
            )
        self.drivers.append(driver)
        return driver

    def ask_driver(self, *words: str) -> str:
        """Run the driver to its end and return what it printed."""
        ended = subprocess.run(
            [sys.executable, str(DRIVER), *words], env=self.environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def journal(self, name: str) -> list[dict[str, Any]]:
        path = self.home / f"{name}.journal"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def kill(self, part: str, chance: random.Random) -> None:
        """Kill −9 one part: its main process or, now and then, one of its children (a gateway worker, a backend)."""
        pid = self.pids().get(part)
        if pid is None:
            return
        family = [pid, *_children(pid)] if part in ("gateway", "postgres") else [pid]
        victim = chance.choice([pid, chance.choice(family)])
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)

    def wait_until_whole(self) -> None:
        """Every part runs, the gateway answers, and the database is there."""

        def whole() -> bool:
            assert self.supervisor.poll() is None, self.text()
            pids = self.pids()
            return (
                all(part in pids and _alive(pids[part]) for part in PARTS)
                and bool(self.query("select 1"))
                and (httpx.get(f"{self.gateway}/healthz", timeout=5).status_code == 200)
            )

        wait_for(whole, "the platform is whole again")

    def end(self) -> None:
        for driver in self.drivers:
            driver.kill()
            driver.wait()
        self.supervisor.terminate()
        try:
            self.supervisor.wait(30)
        except subprocess.TimeoutExpired:
            self.supervisor.kill()
            self.supervisor.wait()
        self.output.close()


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@dataclass
class Caller(threading.Thread):
    """A program that looks keys up without end and remembers every answer that reached it whole."""

    platform: Platform
    keys: list[str]
    receipts: list[str] = field(default_factory=list)
    mixed: list[list[str]] = field(default_factory=list)
    short: list[int] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.stopping = threading.Event()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        facts = json.loads((self.platform.home / "world.json").read_text())
        path = f"/v1/resources/{facts['served'].replace('/', '-')}/lookup"
        token = ""
        while not self.stopping.is_set():
            try:
                with httpx.Client(base_url=self.platform.gateway, timeout=30) as client:
                    token = token or self._token(client, facts)
                    while not self.stopping.is_set():
                        answer = client.post(
                            path, json={"keys": self.keys}, headers={"authorization": f"Bearer {token}"}
                        )
                        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
                        if answer.status_code == 200:
                            self._remember(answer.json())
                        elif answer.status_code == 401:
                            token = self._token(client, facts)
                        elif answer.status_code != 503:
                            self.failures.append(answer.text)
                        time.sleep(0.01)
            except httpx.HTTPError:
                time.sleep(0.05)

    def _token(self, client: httpx.Client, facts: dict[str, str]) -> str:
        answer = client.post(
            "/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": facts["client_id"],
                "client_secret": facts["client_secret"],
            },
        )
        return str(answer.json()["access_token"]) if answer.status_code == 200 else ""

    def _remember(self, body: dict[str, Any]) -> None:
        self.receipts.append(body["receipt"])
        generations = sorted({str(record["批次"]) for record in body["records"]})
        if len(generations) > 1:
            self.mixed.append(generations)
        if len(body["records"]) != len(self.keys):
            self.short.append(len(body["records"]))

    def end(self) -> None:
        self.stopping.set()
        self.join()


@pytest.fixture(scope="module")
def platform(new_home: Callable[[], Path], free_ports: Callable[[int], list[int]]) -> Iterator[Platform]:
    """A platform with a small world in it."""
    one = Platform(new_home(), free_ports(4))
    try:
        one.wait_until_up()
        one.ask_driver("world")
        yield one
    finally:
        one.end()


@pytest.fixture(scope="session")
def make_caller() -> type[Caller]:
    return Caller


@pytest.fixture(scope="session")
def patiently() -> Callable[..., Any]:
    return wait_for
