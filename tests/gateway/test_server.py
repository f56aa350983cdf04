"""The server process: taken ports, settings, and no orphans."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

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


@pytest.mark.chaos
def test_killed_server_leaves_no_worker_behind(serve: Callable[..., Any]) -> None:
    server = serve(workers=2)
    workers = server.workers()
    assert len(workers) == 2
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(10)
    for _ in range(100):
        if not any(
            Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in workers
        ):
            break
        time.sleep(0.1)
    else:
        pytest.fail("a worker goes on without its server")
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{server.url}/healthz")


def test_workers_never_load_django(gateway: Any) -> None:
    code = "import sys, yishu.config.gateway, yishu.gateway.server; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=gateway.environment, timeout=60).returncode == 0


def test_health_without_any_database_answers_503(serve: Callable[..., Any]) -> None:
    server = serve(workers=1, database_url="postgresql://nobody@127.0.0.1:1/none")
    assert httpx.get(f"{server.url}/healthz").json()["parts"]["database"] == "down"
