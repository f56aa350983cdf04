"""The demonstration, run as a newcomer runs it: one supervisor process with its own home and ports, for all story tests."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS = 170


@dataclass(frozen=True)
class Demonstration:
    """A running demonstration: its addresses, home, and the accounts it printed."""

    web: str
    gateway: str
    home: Path
    password: str
    client: dict[str, str]
    output: Path

    def environment(self) -> dict[str, str]:
        """What a program beside it needs in its environment."""
        return os.environ | {"YISHU_HOME": str(self.home)}


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """`yishu demo` in an empty home; ended by SIGTERM, and it must end cleanly."""
    home = tmp_path_factory.mktemp("demonstration")
    home.chmod(0o755)
    ports = {n: free_port() for n in ("WEB", "GATEWAY", "METRICS", "DATABASE")}
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("YISHU_", "DJANGO_", "PYTEST_"))}
    environment = keep | {f"YISHU_{n}_PORT": str(p) for n, p in ports.items()} | {"YISHU_HOME": str(home)}
    output = home / "output.txt"
    with output.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "yishu.cli", "demo"], cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        until = time.monotonic() + START_SECONDS
        while "平台已启动" not in output.read_text(encoding="utf-8"):
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"the demonstration did not start:\n{output.read_text(encoding='utf-8')}")
            time.sleep(0.2)
        facts = json.loads((home / "demo.json").read_text(encoding="utf-8"))
        yield Demonstration(
            web=f"http://127.0.0.1:{ports['WEB']}", gateway=f"http://127.0.0.1:{ports['GATEWAY']}", home=home,
            password=facts["password"], client=facts["client"], output=output,
        )  # fmt: skip
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert code == 0, output.read_text(encoding="utf-8")
    assert "Traceback" not in output.read_text(encoding="utf-8")
