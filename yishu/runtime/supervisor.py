"""One command runs the whole platform: database, preparation, web, gateway, worker, sequencer; and ends all of it.

Every part is a child in its own session, tied to this process by the kernel, with its own log file. A part that ends is
started again with a growing pause. Everything is one thread on purpose: the kernel ties a child to the *thread* that
started it.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

import psycopg

from yishu.config.environment import Environment
from yishu.kernel.errors import Conflict, PublicError, Unavailable
from yishu.kernel.time import SHANGHAI
from yishu.runtime.addresses import Address, require_free
from yishu.runtime.postgres import Postgres, Report
from yishu.runtime.process import start, stop, sweep

FIRST_PAUSE = 0.3
LONGEST_PAUSE = 20.0
CALM_SECONDS = 60.0
"""A part that ran that long before it ended starts again with the first pause."""
POLL_SECONDS = 0.1
START_SECONDS = 120.0
SETTLED_SECONDS = 2.0
STARTS_TRIED = 4
"""A part that ended that often before the platform stood is not going to stand."""
PARTS_STOP_SECONDS = 5.5
DATABASE_STOP_SECONDS = 3.0
LOG_BYTES = 50 * 1024 * 1024
OLDEST_POSTGRESQL = 140000


class AlreadyRunning(Conflict):
    """Another supervisor runs the platform of this home."""

    code = "runtime.already_running"


class PartFailed(Unavailable):
    """A part or a preparation step did not succeed; the remedy names its log."""

    code = "runtime.part_failed"


@dataclass(frozen=True, slots=True)
class Part:
    """One process to keep running. ``port`` is what it listens on once it is ready, if anything."""

    key: str
    name: str
    command: tuple[str, ...]
    host: str = ""
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A command that must succeed once, and what to tell people while it runs. Its output is shown if ``shown``."""

    text: str
    command: tuple[str, ...]
    shown: bool = False


@dataclass(slots=True)
class _Child:
    part: Part
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    due: float = 0.0
    ends: int = 0


def command(*words: str) -> tuple[str, ...]:
    """A ``yishu`` command line for a child process, run by this interpreter."""
    return (sys.executable, "-m", "yishu.cli", *words)


def parts(environment: Environment) -> tuple[Part, ...]:
    """The platform's processes besides the database."""
    web = (
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", environment.host,
        "--port", str(environment.web_port), "--workers", "1", "--blocking-threads", "8", "--respawn-failed-workers",
        "--workers-kill-timeout", "4", "--no-ws", "yishu.config.wsgi:application",
    )  # fmt: skip
    return (
        Part("web", "网页", web, environment.host, environment.web_port),
        Part("gateway", "网关", command("gateway"), environment.host, environment.gateway_port),
        Part("worker", "后台任务", command("worker")),
        Part("sequencer", "账本定序", command("sequencer")),
    )


def tell(text: str) -> None:
    """Print one status line for people, with the time of day in Asia/Shanghai."""
    print(f"{datetime.now(SHANGHAI):%H:%M:%S}  {text}", flush=True)  # noqa: T201  (the terminal is this module's page)


@dataclass(slots=True)
class Supervisor:
    """Runs the platform of one home until it is told to stop. Use ``run``; the rest is for tests."""

    environment: Environment
    report: Report = tell
    before: Sequence[Step] = ()
    after: Sequence[Step] = ()
    greeting: Callable[[Environment], str] | None = None
    database: Postgres | None = None
    children: dict[str, _Child] = field(default_factory=dict)
    stopping: bool = False
    hurried: bool = False
    _lock: IO[str] | None = None

    def run(self) -> int:
        """Start everything, keep it running, end it on SIGINT, SIGTERM or SIGHUP. Returns the exit code.

        Raises ``AlreadyRunning``, ``PortTaken`` before anything started; ``DatabaseFailed`` or ``PartFailed`` after
        everything that had started was ended.
        """
        self._take_lock()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        try:
            self._start()
            while not self.stopping:
                self._watch()
                time.sleep(POLL_SECONDS)
        except _Stopped:
            pass
        finally:
            self._stop()
        return 0

    # ── start ──

    def _start(self) -> None:
        environment = self.environment
        require_free(
            [Address(part.name, part.host, part.port, f"YISHU_{part.key.upper()}_PORT") for part in parts(environment) if part.port]
            + [Address("网关指标", environment.host, environment.metrics_port, "YISHU_METRICS_PORT")]
        )  # fmt: skip
        if environment.embedded_database:
            self.database = Postgres(
                environment.home, port=environment.database_port, report=self.report, check=self._check_stop
            )
            self.database.start()
            self.report("内置数据库已启动")
        else:
            _check_database(environment.database_url)
        self._step(Step("正在准备数据库……", command("prepare")))
        for step in self.before:
            self._step(step)
        for part in parts(environment):
            self.children[part.key] = _Child(part)
            self._launch(self.children[part.key])
        self._wait_until_ready()
        for step in self.after:
            self._step(step)
        text = self.greeting(environment) if self.greeting else f"平台已启动：{environment.public_url}"
        self.report(f"{text}\n          按 Ctrl-C 结束；日志在 {environment.home / 'log'}")

    def _step(self, step: Step) -> None:
        self._check_stop()
        self.report(step.text)
        path = self._log("prepare")
        begun = told = time.monotonic()
        with path.open("ab") as log:
            begin = log.tell()
            output: IO[bytes] | int = sys.stdout.fileno() if step.shown else log
            process = start(step.command, output=output, environment=self._child_environment())
            while process.poll() is None:
                if self.stopping:
                    stop(process, seconds=3)
                    raise _Stopped
                if not step.shown and time.monotonic() - told > 10:
                    told = time.monotonic()
                    self.report(f"……已 {int(told - begun)} 秒")
                time.sleep(POLL_SECONDS)
        if process.returncode:
            with path.open("rb") as log:
                log.seek(begin)
                lines = log.read().decode("utf-8", "replace").strip().splitlines()
            raise PartFailed(
                "平台的准备步骤没有成功",
                why="" if step.shown else "\n".join(lines[-8:]),
                remedy=f"请按上面的原因处理后重新启动；完整记录见 {path}",
                object_=step.text.rstrip("…"),
            )

    def _launch(self, child: _Child) -> None:
        with self._log(child.part.key).open("ab") as log:
            child.process = start(child.part.command, output=log, environment=self._child_environment())
        child.started = time.monotonic()
        self._write_processes()

    def _wait_until_ready(self) -> None:
        begun = time.monotonic()
        waiting = list(self.children.values())
        while waiting:
            self._watch()
            for child in waiting:
                if child.ends >= STARTS_TRIED:
                    raise self._not_starting(child.part)
            waiting = [child for child in waiting if not _is_up(child)]
            if waiting and time.monotonic() - begun > START_SECONDS:
                raise self._not_starting(waiting[0].part)
            time.sleep(POLL_SECONDS)

    def _not_starting(self, part: Part) -> PartFailed:
        path = self._log(part.key)
        lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
        return PartFailed(
            f"{part.name}没有启动成功", why="\n".join(lines[-6:]), remedy=f"请查看日志 {path}", object_=part.key
        )

    # ── watch ──

    def _watch(self) -> None:
        """Look at every child once; start again what has ended, when its pause is over."""
        self._check_stop()
        if not self._database_ready():
            return
        now = time.monotonic()
        for child in self.children.values():
            process = child.process
            if process is not None and process.poll() is not None:
                sweep(process.pid)
                if now - child.started > CALM_SECONDS:
                    child.pause = FIRST_PAUSE
                child.process, child.due = None, now + child.pause
                child.pause = min(child.pause * 2, LONGEST_PAUSE)
                child.ends += 1
                self.report(
                    f"{child.part.name}意外结束（{_how(process.returncode)}），即将重新启动；日志 {self._log(child.part.key)}"
                )
            if child.process is None and now >= child.due:
                self._launch(child)

    def _database_ready(self) -> bool:
        """Whether the embedded database runs; one that ended is started again and waited for."""
        database = self.database
        if database is None or (database.child is not None and database.child.poll() is None):
            return True
        self.report("内置数据库意外结束，正在重新启动……")
        pause = FIRST_PAUSE
        while True:
            self._check_stop()
            database.launch()
            self._write_processes()
            try:
                database.wait_until_ready()
            except PublicError as error:
                self.report(f"{error.what}：{error.why or error.remedy}；{pause:.0f} 秒后再试")
                self._rest(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                break
        for child in self.children.values():  # they lost their connections through no fault of theirs
            child.pause, child.due = FIRST_PAUSE, 0.0
        self.report("内置数据库已恢复")
        return True

    # ── stop ──

    def _asked_to_stop(self, number: int, frame: object) -> None:
        self.hurried = self.stopping
        self.stopping = True

    def _check_stop(self) -> None:
        if self.stopping:
            raise _Stopped

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._check_stop()
            time.sleep(POLL_SECONDS)

    def _stop(self) -> None:
        """End the parts together, then the database. Within ten seconds; a second Ctrl-C kills at once."""
        if self.children or self.database:
            self.report("正在结束……")
        running = [child.process for child in self.children.values() if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + PARTS_STOP_SECONDS
        while any(process.poll() is None for process in running) and time.monotonic() < deadline and not self.hurried:
            time.sleep(0.05)
        for process in running:
            stop(process, how=signal.SIGKILL, seconds=1)
        if self.database:
            self.database.stop(0 if self.hurried else DATABASE_STOP_SECONDS)
        (self.environment.home / "processes.json").unlink(missing_ok=True)
        if self.children or self.database:
            self.report("已全部结束")
        if self._lock:
            self._lock.close()

    # ── files ──

    def _take_lock(self) -> None:
        home = self.environment.home
        try:
            home.mkdir(parents=True, exist_ok=True)
            self._lock = (home / "lock").open("a")
        except OSError as error:
            raise Unavailable(
                f"平台的数据目录 {home} 不能写入", why=error.strerror or "", remedy="请改正目录的权限，或用 YISHU_HOME 换一个目录",
                object_="YISHU_HOME", code="runtime.home_not_writable",
            ) from error  # fmt: skip
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(
                "这个数据目录的平台已经在运行",
                remedy="请先结束它，或用 YISHU_HOME 换一个目录",
                object_=str(home),
            ) from error
        (home / "log").mkdir(exist_ok=True)
        (home / "processes.json").unlink(missing_ok=True)  # of a supervisor that was killed

    def _log(self, key: str) -> Path:
        path = self.environment.home / "log" / f"{key}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    def _child_environment(self) -> dict[str, str]:
        return dict(os.environ) | {"PYTHONUNBUFFERED": "1", "YISHU_HOME": str(self.environment.home)}

    def _write_processes(self) -> None:
        """Tell operators (and the chaos tests) which process is which: ``<home>/processes.json``, part to pid."""
        pids = {key: child.process.pid for key, child in self.children.items() if child.process is not None}
        if self.database and self.database.child:
            pids["postgres"] = self.database.child.pid
        path = self.environment.home / "processes.json"
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(pids))
        draft.replace(path)


class _Stopped(Exception):
    """Somebody asked the platform to stop while it was doing something else."""


def _how(code: int) -> str:
    return f"信号 {signal.Signals(-code).name}" if code < 0 else f"退出码 {code}"


def _is_up(child: _Child) -> bool:
    """Whether a part is ready: it listens, or, without a port, it has lived for a while."""
    if child.process is None or child.process.poll() is not None:
        return False
    if child.part.port is None:
        return time.monotonic() - child.started > SETTLED_SECONDS
    return _listens(child.part.host, child.part.port)


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1" if host in ("0.0.0.0", "::") else host, port), timeout=1):  # noqa: S104
            return True
    except OSError:
        return False


def _check_database(url: str) -> None:
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            version = connection.info.server_version
    except psycopg.OperationalError as error:
        raise Unavailable(
            "连不上 YISHU_DATABASE_URL 指定的数据库",
            why=str(error).strip().splitlines()[-1],
            remedy="请检查地址、口令和数据库是否在运行",
            object_="YISHU_DATABASE_URL",
            code="runtime.database_unreachable",
        ) from error
    if version < OLDEST_POSTGRESQL:
        raise Unavailable(
            f"数据库版本太旧（{version // 10000}）",
            remedy="请使用 PostgreSQL 14 或更新的版本",
            object_="YISHU_DATABASE_URL",
            code="runtime.database_too_old",
        )
