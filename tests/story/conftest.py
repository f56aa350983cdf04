"""The demonstration, run as a newcomer runs it: one supervisor process with its own home and ports, for all story tests.

Story tests know the platform by its pages, its gateway and its command line only: nothing of ``yishu`` is imported here.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS = 300
PORTS = ("WEB", "GATEWAY", "METRICS", "DATABASE")


@dataclass
class Demonstration:
    """A demonstration: its home and ports, and, while it runs, its process and the accounts it printed."""

    home: Path
    ports: Mapping[str, int]
    process: "subprocess.Popen[bytes] | None" = None
    starts: int = 0
    facts: dict = field(default_factory=dict)

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.ports['WEB']}"

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.ports['GATEWAY']}"

    @property
    def password(self) -> str:
        return self.facts["password"]

    @property
    def output(self) -> str:
        """What the present start has printed so far."""
        return (self.home / f"output-{self.starts}.txt").read_text(encoding="utf-8")

    def environment(self) -> dict[str, str]:
        """What a program beside it needs in its environment, and nothing of this test session's."""
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("YISHU_", "DJANGO_", "PYTEST_"))}
        ports = {f"YISHU_{name}_PORT": str(port) for name, port in self.ports.items()}
        return keep | ports | {"YISHU_HOME": str(self.home)}

    def start(self) -> None:
        """Run ``yishu demo`` and wait until it greets."""
        self.starts += 1
        with (self.home / f"output-{self.starts}.txt").open("wb") as out:
            words = [sys.executable, "-m", "yishu.cli", "demo"]
            self.process = subprocess.Popen(
                words, cwd=ROOT, env=self.environment(), stdout=out, stderr=subprocess.STDOUT
            )
        until = time.monotonic() + START_SECONDS
        while "平台已启动" not in self.output:
            if self.process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"the demonstration did not start:\n{self.output}")
            time.sleep(0.2)
        self.facts = json.loads((self.home / "demo.json").read_text(encoding="utf-8"))

    def stop(self) -> None:
        """End it by SIGTERM; it must end cleanly."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert code == 0, self.output
        assert "Traceback" not in self.output


@pytest.fixture(scope="session")
def demonstration(new_home: Callable[[], Path], free_ports: Callable[[int], list[int]]) -> Iterator[Demonstration]:
    """`yishu demo` in an empty home."""
    found = Demonstration(new_home(), dict(zip(PORTS, free_ports(len(PORTS)), strict=True)))
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="session")
def example() -> Iterator[ModuleType]:
    """``examples/first_thread.py`` as a module: its invented people, its file, its browser without scripts."""
    folder = str(ROOT / "examples")
    sys.path.insert(0, folder)
    try:
        yield importlib.import_module("first_thread")
    finally:
        sys.path.remove(folder)
