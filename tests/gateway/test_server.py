"""The server process: taken ports, settings, and no orphans."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.waiting import wait_until

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("variable", ["YISHU_GATEWAY_PORT", "YISHU_METRICS_PORT"])
def test_start_on_a_taken_port_says_which_variable_moves_it(gateway: Any, variable: str) -> None:
    free = gateway.environment | {"YISHU_GATEWAY_PORT": "1", "YISHU_METRICS_PORT": "1"}
    taken = free | {variable: gateway.environment[variable]}
    ended = subprocess.run(
        [sys.executable, "-m", "yishu.cli", "gateway"], env=taken, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert "已被其他程序占用" in ended.stderr and variable in ended.stderr


def runs(pid: int) -> bool:
    """Whether the worker is there and no zombie."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@pytest.mark.chaos
@pytest.mark.parametrize("moment", ["serving", "starting"])
def test_killed_server_leaves_no_worker_behind(serve: Callable[..., Any], moment: str) -> None:
    server = serve(workers=2)
    if moment == "starting":  # the workers have yet to load their program: nothing of theirs watches the server
        server.stop()
        server.launch()
    wait_until(lambda: len(server.workers()) == 2)
    workers = server.workers()
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(10)
    wait_until(lambda: not any(map(runs, workers)))
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{server.url}/healthz")


@pytest.mark.chaos
def test_killed_server_leaves_no_counts_to_the_next_and_a_stopped_one_none(serve: Callable[..., Any]) -> None:
    server = serve(workers=1)
    folder = Path(server.environment["YISHU_HOME"]) / "gateway" / f"metrics-{server.metrics_port}"
    httpx.get(f"{server.url}/no-such-path")
    workers = server.workers()
    server.stop(signal.SIGKILL)
    wait_until(lambda: not any(map(runs, workers)))
    left = {path.name for path in folder.iterdir()}
    assert left
    server.start()
    assert not left & {path.name for path in folder.iterdir()}
    counts = httpx.get(f"http://127.0.0.1:{server.metrics_port}/metrics").text
    assert "yishu_gateway_call_seconds" in counts and 'route="none"' not in counts
    server.stop()
    assert not folder.exists()


def test_workers_never_load_django(gateway: Any) -> None:
    code = "import sys, yishu.config.gateway, yishu.gateway.server; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=gateway.environment, timeout=60).returncode == 0


def test_health_without_any_database_answers_503(serve: Callable[..., Any]) -> None:
    server = serve(workers=1, database_url="postgresql://nobody@127.0.0.1:1/none")
    assert httpx.get(f"{server.url}/healthz").json()["parts"]["database"] == "down"
