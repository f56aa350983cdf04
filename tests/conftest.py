"""What every test shares: a database (PostgreSQL from the wheel unless ``YISHU_TEST_DATABASE_URL`` names one) and its roles."""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from yishu.config.environment import read_environment
from yishu.law import calendar
from yishu.runtime.postgres import Postgres
from yishu.runtime.roles import ensure_gateway_role, gateway_url, grant_gateway_rights

pytest_plugins = ["tests.plugins.browser", "tests.plugins.conformance", "tests.plugins.emptying"]


def _only_loopback() -> None:
    """Refuse every connection that leaves this machine: a test that needs the network is a defect."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any, /) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and not (
            host in ("localhost", "") or str(host).startswith("127.") or host == "::1"
        ):
            raise PermissionError(f"tests connect to loopback only, not to {host}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]


_only_loopback()


def _free_ports(number: int) -> list[int]:
    """That many different ports nobody listens on at this moment."""
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@pytest.fixture(scope="session")
def free_ports() -> Callable[[int], list[int]]:
    """Finds ports for servers that tests start."""
    return _free_ports


@pytest.fixture(scope="session")
def new_home() -> Iterator[Callable[[], Path]]:
    """Makes homes for platforms and databases of their own; the database's account can reach them, unlike pytest's folders."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="yishu-home-")))
        made[-1].chmod(0o711)
        return made[-1]

    yield make
    for home in made:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def home(new_home: Callable[[], Path]) -> Path:
    """One new home."""
    return new_home()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Start the embedded PostgreSQL for the session, once the first test asks for a database.

    Workers side by side (``-n 2``) start one each, or share the named server with a database each.
    """
    if os.environ.get("YISHU_TEST_DATABASE_URL"):
        yield
        return
    server = Postgres(Path(os.environ["YISHU_HOME"]), port=_free_ports(1)[0], report=lambda text: None, throwaway=True)
    parts = urlsplit(server.start())
    place: dict[str, Any] = {
        "HOST": parts.hostname,
        "PORT": str(parts.port),
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
    }
    settings.DATABASES["default"].update(place)
    connections["default"].settings_dict.update(place)
    yield
    connections.close_all()
    server.stop()


@pytest.fixture(scope="session")
def database_url(django_db_setup: None) -> str:
    """The test database's address with the control plane's role, for parts that do not go through Django.

    A test that uses it carries ``@pytest.mark.django_db``, else pytest-django makes no test database.
    """
    place = connections["default"].settings_dict
    if not place["NAME"].startswith("test_"):
        raise RuntimeError("mark the test with @pytest.mark.django_db: there is no test database")
    login = f"{quote(place['USER'], safe='')}:{quote(place['PASSWORD'], safe='')}"
    return f"postgresql://{login}@{place['HOST']}:{place['PORT']}/{place['NAME']}"


@pytest.fixture
def standard_calendar() -> Iterator[None]:
    """The calendar without the notices people put into a database, for tests that have none."""
    wired = calendar._source[0]
    calendar.install_source(None)
    yield
    calendar.install_source(wired)


LEFT_OUTSIDE_DJANGO = """do $$ declare left_table text; begin
if exists (select from ledger.inbox) then delete from ledger.inbox; end if;
if exists (select from gateway.grant_) then delete from gateway.grant_; end if;
if exists (select from gateway.client) then delete from gateway.client; end if;
if exists (select from serving.current) then delete from serving.current; end if;
for left_table in select tablename from pg_tables where schemaname = 'serving' and tablename <> 'current' loop
  execute format('drop table serving.%I', left_table);
end loop; end $$"""
"""Django empties its own tables after a test that commits; these it does not know, and the gateway's tests commit into them."""


@pytest.fixture(scope="session")
def clear_outside_django(database_url: str) -> Iterator[Callable[[], None]]:
    """Removes what earlier tests committed into the ledger's inbox and the schemas gateway and serving."""
    with psycopg.connect(database_url, autocommit=True, options="-c lock_timeout=60s") as connection:
        yield lambda: connection.execute(LEFT_OUTSIDE_DJANGO) and None


@pytest.fixture(autouse=True)
def _nothing_left(request: pytest.FixtureRequest) -> None:
    """Each test with a database begins without other tests' rows, whatever ran before it."""
    if request.node.get_closest_marker("django_db") or {"db", "transactional_db"} & set(request.fixturenames):
        request.getfixturevalue("clear_outside_django")()


@pytest.fixture(scope="session")
def gateway_database_url(database_url: str) -> str:
    """The test database's address with the gateway's own role, holding exactly the gateway's rights."""
    environment = read_environment()
    role = ensure_gateway_role(environment, database_url)
    with psycopg.connect(database_url) as connection:
        grant_gateway_rights(connection, role)
    return gateway_url(environment, database_url)
