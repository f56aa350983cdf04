"""The embedded PostgreSQL: made, found again, recovered, refused politely."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from yishu.kernel.errors import PublicError
from yishu.runtime import account
from yishu.runtime.addresses import Address, PortTaken, require_free
from yishu.runtime.postgres import DatabaseFailed, Postgres, explain_failure


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(new_home: Callable[[], Path]) -> Iterator[Postgres]:
    server = Postgres(new_home(), port=_free_port(), report=lambda text: None)
    server.start()
    yield server
    server.stop()


def _ask(server: Postgres, statement: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


def test_server_started_is_utf8_without_icu_and_reached_by_password_only(server: Postgres) -> None:
    assert _ask(server, "show server_encoding") == "UTF8"
    assert _ask(server, "select datlocprovider from pg_database where datname = 'yishu'") == "c"
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.url.replace(server.url.split(":")[2].split("@")[0], "wrong"))


def test_server_socket_needs_password_too(server: Postgres) -> None:
    if not list(server.seat.socket.iterdir()):
        assert len(os.fsencode(server.seat.socket)) > 80
        return
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host=str(server.seat.socket), port=server.port, user="postgres", dbname="postgres", password="x"
        )


def test_server_folders_are_closed_to_others(server: Postgres) -> None:
    for folder in (server.seat.data, server.seat.socket, server.home / "keys"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.home / "postgres" / "url").stat().st_mode) == 0o600


def test_server_runs_without_root(server: Postgres) -> None:
    assert server.child is not None
    assert Path(f"/proc/{server.child.pid}").stat().st_uid != 0


def test_server_owner_is_no_superuser(server: Postgres) -> None:
    assert _ask(server, "select rolsuper from pg_roles where rolname = current_user") is False


def test_server_errors_leave_no_values_in_log(server: Postgres) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("create table if not exists k (v text primary key)")
        with suppress(psycopg.Error):
            connection.execute("insert into k values ('secret-41010019900101'), ('secret-41010019900101')")
    log = server.log_file.read_text()
    assert "duplicate key" in log
    assert "secret-41010019900101" not in log


def test_server_killed_with_backends_left_starts_again_with_its_data(server: Postgres) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("create table if not exists kept (v integer)")
        connection.execute("insert into kept values (1)")
    assert server.child is not None
    with psycopg.connect(server.url, autocommit=True) as sleeper:
        os.kill(sleeper.info.backend_pid, signal.SIGSTOP)  # a backend that does not notice its server's death
        server.child.kill()
        server.child.wait()
        server.launch()
        server.wait_until_ready()
    assert _ask(server, "select count(*) > 0 from kept") is True


def test_server_second_start_ends_leftover_server(server: Postgres) -> None:
    twin = Postgres(server.home, port=server.port, report=lambda text: None)
    told: list[str] = []
    twin.report = told.append
    waiter = server.child
    assert waiter is not None
    # The leftover is this process's own child: reap it while the twin waits for it.
    thread = threading.Thread(target=waiter.wait)
    thread.start()
    twin.start()
    thread.join()
    assert any("仍在运行" in text for text in told)
    server.child, twin.child = twin.child, None
    assert _ask(server, "select 1") == 1


def test_pid_file_of_other_program_is_removed(home: Path) -> None:
    server = Postgres(home, port=_free_port(), report=lambda text: None, throwaway=True)
    server.start()
    server.stop()
    (server.seat.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.seat.data}\n1\n")
    server.start()
    server.stop()


def test_folders_the_account_cannot_reach_are_replaced_by_system_folders(
    new_home: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone under /root: neither the home nor the programs can be reached, and no parent folder is opened."""
    closed, system = new_home(), new_home()
    site = account._wheel().parent.parent
    for name in (account.WHEEL, f"{account.WHEEL}.libs"):
        shutil.copytree(
            site / name, closed / name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "pginstall")
        )
    closed.chmod(0o700)
    monkeypatch.setattr(account, "_wheel", lambda: closed / account.WHEEL / "pginstall18")
    monkeypatch.setattr(account, "SYSTEM_FOLDER", system)
    server = Postgres(closed, port=_free_port(), report=lambda text: None, throwaway=True)
    try:
        server.start()
        with psycopg.connect(server.url) as connection:
            connection.execute("select 1")
        server.stop()
        server.start()
    finally:
        server.stop()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    root = os.geteuid() == 0
    assert server.seat.data.is_relative_to(system if root else closed)
    assert server.seat.bin.is_relative_to(system if root else closed)
    assert len(list(system.glob("database-*"))) == (1 if root else 0)


def test_start_cut_short_begins_anew(home: Path) -> None:
    server = Postgres(home, port=_free_port(), report=lambda text: None, throwaway=True)
    draft = server.seat.data.with_name("data.new")
    (draft / "base").mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    server.start()
    server.stop()


def test_keys_lost_is_explained(home: Path) -> None:
    server = Postgres(home, port=_free_port(), report=lambda text: None, throwaway=True)
    server.start()
    server.stop()
    (home / "keys" / "database-admin-password").unlink()
    with pytest.raises(DatabaseFailed) as caught:
        server.start()
    server.stop()
    assert caught.value.code == "runtime.keys_do_not_fit"


def test_port_taken_names_variable_and_starts_nothing(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        server = Postgres(home, port=other.getsockname()[1], report=lambda text: None)
        with pytest.raises(PortTaken) as caught:
            server.start()
    assert caught.value.object == "YISHU_DATABASE_PORT"
    assert server.child is None


def test_ports_given_twice_are_refused() -> None:
    port = _free_port()
    with pytest.raises(PortTaken) as caught:
        require_free(
            [Address("甲", "127.0.0.1", port, "YISHU_WEB_PORT"), Address("乙", "127.0.0.1", port, "YISHU_GATEWAY_PORT")]
        )
    assert "YISHU_GATEWAY_PORT" in caught.value.remedy


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('FATAL:  could not write lock file "postmaster.pid": No space left on device', "runtime.disk_full"),
        ('LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', "runtime.port_taken"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "runtime.out_of_memory"),
        ("FATAL:  something else", "runtime.database_failed"),
    ],
)
def test_failure_in_log_is_explained(line: str, code: str, tmp_path: Path) -> None:
    error: PublicError = explain_failure([line], port=1, data=tmp_path, log_file=tmp_path / "log")
    assert error.code == code
    assert error.remedy


def test_server_ends_when_its_starter_is_killed(home: Path) -> None:
    program = (
        "import sys, time, pathlib\n"
        "from yishu.runtime.postgres import Postgres\n"
        "server = Postgres(pathlib.Path(sys.argv[1]), port=int(sys.argv[2]), report=lambda text: None, throwaway=True)\n"
        "server.start(); print(server.child.pid, flush=True); time.sleep(600)\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(home), str(_free_port())], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    starter.stdout.close()
    _wait(lambda: not Path(f"/proc/{pid}/cwd").exists())


def _wait(condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("did not come true")
