"""PostgreSQL gone, cut off or silent: 503 and no data, then recovery without a restart."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

pytestmark = pytest.mark.django_db


class Wire:
    """A TCP relay to PostgreSQL that can be cut (connections reset, new ones refused) or held (nothing passes)."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._flowing = threading.Event()
        self._flowing.set()
        self._pairs: list[socket.socket] = []
        self.port = 0
        self.mend()

    def mend(self) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._pairs:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def hold(self) -> None:
        self._flowing.clear()

    def release(self) -> None:
        self._flowing.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            self._pairs += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self._flowing.wait()
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for one in (source, sink):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()


@pytest.fixture
def wire(gateway_database_url: str) -> Iterator[Wire]:
    parts = urlsplit(gateway_database_url)
    wire = Wire(parts.hostname or "", parts.port or 5432)
    yield wire
    wire.release()
    wire.cut()


@pytest.fixture
def wired(wire: Wire, gateway_database_url: str, serve: Callable[..., Any]) -> Any:
    """A gateway whose only way to PostgreSQL is the wire."""
    parts = urlsplit(gateway_database_url)
    login = parts.netloc.rpartition("@")[0]
    return serve(workers=1, database_url=parts._replace(netloc=f"{login}@127.0.0.1:{wire.port}").geturl())


def test_database_cut_answers_503_and_recovers(
    world: Any, sign_in: Callable[..., Any], wired: Any, wire: Wire, people: Any
) -> None:
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder, wired)
    assert caller.lookup(world.url_code, [people.ids[0]]).status_code == 200
    wire.cut()
    for _ in range(3):
        answer = caller.lookup(world.url_code, [people.ids[0]])
        assert answer.status_code == 503 and people.ids[0][:6] not in answer.text
        assert answer.json()["code"] in ("gateway.database_unavailable", "gateway.ledger_unavailable")
        assert answer.headers["retry-after"]
    health = httpx.get(f"{wired.url}/healthz")
    assert health.status_code == 503
    assert health.json() == {"status": "down", "parts": {"gateway": "ok", "database": "down", "ledger": "down"}}
    token = httpx.post(
        f"{wired.url}/oauth/token", data={"grant_type": "client_credentials"}, auth=(holder.client_id, holder.secret)
    )
    assert token.status_code == 503
    wire.mend()
    answer = caller.lookup(world.url_code, [people.ids[0]])
    assert answer.status_code == 200
    world.entry(answer.json()["receipt"])
    assert httpx.get(f"{wired.url}/healthz").status_code == 200
    log = wired.log.read_text()
    assert "503" in log and people.ids[0] not in log and "postgresql://" not in log


def test_database_silent_answers_503_within_its_bound_and_recovers(
    world: Any, sign_in: Callable[..., Any], wired: Any, wire: Wire, people: Any
) -> None:
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder, wired)
    assert caller.lookup(world.url_code, [people.ids[0]]).status_code == 200
    wire.hold()
    assert caller.lookup(world.url_code, [people.ids[0]]).status_code == 503
    wire.release()
    assert caller.lookup(world.url_code, [people.ids[0]]).status_code == 200


def test_ledger_not_writable_refuses_and_health_says_so(
    world: Any, sign_in: Callable[..., Any], gateway: Any, people: Any, gateway_database_url: str
) -> None:
    role = urlsplit(gateway_database_url).username
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder)
    world.run(f'revoke insert on ledger.inbox from "{role}"')
    try:
        answer = caller.lookup(world.url_code, [people.ids[0]])
        assert (answer.status_code, answer.json()["code"]) == (503, "gateway.ledger_unavailable")
        assert "records" not in answer.json()
        refused = caller.lookup("307021999999-000001", [people.ids[0]])
        assert refused.status_code == 503
        health = httpx.get(f"{gateway.url}/healthz").json()
        assert health == {"status": "down", "parts": {"gateway": "ok", "database": "ok", "ledger": "down"}}
    finally:
        world.run(f'grant insert on ledger.inbox to "{role}"')
    assert caller.lookup(world.url_code, [people.ids[0]]).status_code == 200
