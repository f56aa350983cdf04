"""The supervisor keeps its parts running and leaves nothing behind, however it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from yishu.config.environment import read_environment
from yishu.runtime import supervisor as module
from yishu.runtime.process import start, stop

PROGRAM = """
import sys, time
from yishu.config.environment import read_environment
from yishu.runtime import supervisor as module
from yishu.runtime.supervisor import Part, Supervisor

words = sys.argv[1:]
module.parts = lambda environment: tuple(
    Part(name, name, (sys.executable, "-c", program)) for name, program in zip(words[::2], words[1::2])
)
module.command = lambda *words: (sys.executable, "-c", "pass")
module.SETTLED_SECONDS = 0.2
sys.exit(Supervisor(read_environment()).run())
"""
SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Run:
    """A supervisor in its own process, with made-up parts."""

    def __init__(self, home: Path, **parts: str) -> None:
        self.home = home
        words = [word for pair in parts.items() for word in pair]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("YISHU_", "DJANGO_"))}
        environment |= {
            "YISHU_HOME": str(home), "YISHU_DATABASE_PORT": str(_free_port()), "YISHU_METRICS_PORT": str(_free_port()),
            "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        self.output = (home / "output").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words], env=environment, stdout=self.output, stderr=self.output
        )

    def text(self) -> str:
        return (self.home / "output").read_text()

    def pids(self) -> dict[str, int]:
        path = self.home / "processes.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def wait_for(self, condition: Callable[[], bool]) -> None:
        for _ in range(600):
            if condition():
                return
            time.sleep(0.1)
        raise AssertionError(f"did not come true; output:\n{self.text()}")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.output.close()


@pytest.fixture
def run(home: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(**parts: str) -> Run:
        runs.append(Run(home, **parts))
        return runs[-1]

    yield begin
    for one in runs:
        one.end()


def _alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_supervisor_killed_part_starts_again(run: Callable[..., Run]) -> None:
    one = run(a=SLEEP, b=SLEEP)
    one.wait_for(lambda: "平台已启动" in one.text())
    first = one.pids()
    os.kill(first["a"], signal.SIGKILL)
    one.wait_for(lambda: one.pids().get("a", first["a"]) != first["a"])
    assert one.pids()["b"] == first["b"]
    assert "a意外结束（信号 SIGKILL）" in one.text()


def test_supervisor_killed_database_starts_again(run: Callable[..., Run]) -> None:
    one = run(a=SLEEP)
    one.wait_for(lambda: "平台已启动" in one.text())
    os.kill(one.pids()["postgres"], signal.SIGKILL)
    one.wait_for(lambda: "内置数据库已恢复" in one.text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_supervisor_asked_to_stop_ends_everything(run: Callable[..., Run], number: int) -> None:
    one = run(a=SLEEP, b=STUBBORN if number == signal.SIGINT else SLEEP)
    one.wait_for(lambda: "平台已启动" in one.text())
    pids = one.pids().values()
    one.process.send_signal(number)
    assert one.process.wait(60) == 0
    assert not [pid for pid in pids if _alive(pid)]
    assert not (one.home / "processes.json").exists()


def test_supervisor_killed_leaves_no_orphan(run: Callable[..., Run]) -> None:
    one = run(a=SLEEP, b=SLEEP)
    one.wait_for(lambda: "平台已启动" in one.text())
    pids = one.pids().values()
    one.process.kill()
    one.wait_for(lambda: not [pid for pid in pids if _alive(pid)])


def test_supervisor_part_that_never_stands_ends_the_start_and_is_named(run: Callable[..., Run]) -> None:
    one = run(a=SLEEP, broken="import sys; sys.exit('no such thing')")
    one.wait_for(lambda: one.process.poll() is not None)
    assert one.process.returncode not in (0, None)
    assert "no such thing" in (one.home / "log" / "broken.log").read_text()
    assert "已全部结束" in one.text()


def test_supervisor_second_on_same_home_is_refused(run: Callable[..., Run]) -> None:
    one = run(a=SLEEP)
    one.wait_for(lambda: "平台已启动" in one.text())
    ended = subprocess.run(
        [sys.executable, "-m", "yishu.cli", "up"], env=dict(os.environ) | {"YISHU_HOME": str(one.home)}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert ended.returncode == 2
    assert "runtime.already_running" in ended.stderr


def test_platform_port_taken_names_every_variable_and_starts_nothing(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "yishu.cli", "up"],
            env=dict(os.environ) | {"YISHU_HOME": str(tmp_path), "YISHU_WEB_PORT": port, "YISHU_GATEWAY_PORT": port},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 2
    assert "YISHU_WEB_PORT" in ended.stderr
    assert "YISHU_GATEWAY_PORT" in ended.stderr
    assert not (tmp_path / "postgres").exists()


def test_parts_of_the_platform_are_the_four(tmp_path: Path) -> None:
    environment = read_environment({"YISHU_HOME": str(tmp_path)})
    assert [part.key for part in module.parts(environment)] == ["web", "gateway", "worker", "sequencer"]


def test_child_sweep_ends_its_workers_too(tmp_path: Path) -> None:
    program = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); print(p.pid, flush=True); p.wait()"
    with (tmp_path / "out").open("wb") as output:
        child = start([sys.executable, "-c", program], output=output)
    for _ in range(100):
        if (tmp_path / "out").read_text().strip():
            break
        time.sleep(0.1)
    worker = int((tmp_path / "out").read_text())
    stop(child, seconds=5)
    for _ in range(100):
        if not _alive(worker):
            return
        time.sleep(0.1)
    raise AssertionError("the worker outlived its server")
