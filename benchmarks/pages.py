"""Pages at size: the same pages over 470,000 resources and 10,000 open cases, and over 1,000 of each, interleaved; p95 and their ratio.

Two processes, one per database, each the whole platform behind Django's test client (middleware, templates, PostgreSQL). Answers of the
search are compared with a scan of every row. The hourly sweep of the clocks is timed per case at both sizes. Prints one JSON line per
figure; exits 1 when a ratio misses its target or an answer is wrong.

Run:  make bench-pages ARGS="--resources 470000 --cases 10000 --rounds 40"
Databases: on the server of YISHU_TEST_DATABASE_URL (its role may create databases), else an embedded PostgreSQL made for the purpose.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from yishu.runtime.postgres import Postgres

TARGET, SWEEP_TARGET = 2.0, 1.5


@dataclass(frozen=True, slots=True)
class Size:
    """How much one database holds."""

    resources: int
    cases: int


class Child:
    """One platform in a process of its own."""

    def __init__(self, size: Size, url: str, home: Path) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("YISHU_")}
        environment |= {"YISHU_HOME": str(home), "YISHU_TEST_DATABASE_URL": url}
        command = [
            sys.executable,
            "-m",
            "benchmarks.pages_side",
            "--resources",
            str(size.resources),
            "--cases",
            str(size.cases),
        ]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, do: str, *args: object) -> Any:
        """What the platform answers; raises when its process ended."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": do, "args": args}) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("="):
                return json.loads(line[1:])
        raise RuntimeError(f"{do}: the platform's process ended")

    def close(self) -> None:
        """Let the process end."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=60)


def p95(times: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(times, n=20)[-1]


@contextlib.contextmanager
def databases(names: list[str], keep: bool) -> Iterator[list[str]]:
    """Addresses of empty databases of these names (with ``keep`` those that are there stay), dropped afterwards unless kept."""
    given = os.environ.get("YISHU_TEST_DATABASE_URL", "")
    with contextlib.ExitStack() as stack:
        if not given:
            home = Path(tempfile.mkdtemp(prefix="yishu-pages-"))
            home.chmod(0o711)
            server = Postgres(home, report=lambda text: None, throwaway=True)
            given = server.start()
            stack.callback(shutil.rmtree, home, True)
            stack.callback(server.stop)
        urls = [urlsplit(given)._replace(path=f"/{name}").geturl() for name in names]
        with psycopg.connect(given, autocommit=True) as connection:
            for name in names:
                if not keep:
                    connection.execute(f"drop database if exists {name} with (force)")
                if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                    connection.execute(f"create database {name} encoding 'UTF8' template template0")
        try:
            yield urls
        finally:
            if not keep:
                with psycopg.connect(given, autocommit=True) as connection:
                    for name in names:
                        connection.execute(f"drop database if exists {name} with (force)")


def tell(**figures: object) -> None:
    """One line of figures."""
    print(json.dumps(figures, ensure_ascii=False), flush=True)


def measure(children: Mapping[str, Child], rounds: int, only: str) -> bool:
    """Every page at both sizes in turn; prints the ratio first. True when all meet the target."""
    good = True
    for name in children["large"].ask("names"):
        if only and only not in name:
            continue
        times: dict[str, list[float]] = {size: [] for size in children}
        for turn in range(rounds + 5):
            for size, child in children.items():
                took = child.ask("get", name, turn)
                if turn >= 5:
                    times[size].append(took)
        large, small = p95(times["large"]), p95(times["small"])
        good &= large <= TARGET * small
        tell(
            page=name, ratio=round(large / small, 2), target=TARGET, p95_large_ms=round(large * 1000, 1), p95_small_ms=round(small * 1000, 1),
            median_large_ms=round(statistics.median(times["large"]) * 1000, 1), median_small_ms=round(statistics.median(times["small"]) * 1000, 1),
        )  # fmt: skip
    return good


def main() -> int:
    """Fill, check, measure."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--resources", type=int, default=470_000)
    reader.add_argument("--cases", type=int, default=10_000)
    reader.add_argument("--small", type=int, default=1_000)
    reader.add_argument("--rounds", type=int, default=40)
    reader.add_argument("--only", default="", help="pages whose name contains this")
    reader.add_argument("--keep", action="store_true", help="keep the databases, use them again if they are there")
    given = reader.parse_args()
    sizes = {"small": Size(given.small, given.small), "large": Size(given.resources, given.cases)}
    home = Path(tempfile.mkdtemp(prefix="yishu-pages-home-"))
    try:
        with databases([f"yishu_pages_{size}" for size in sizes], given.keep) as urls:
            children = {
                name: Child(size, url, home / name) for (name, size), url in zip(sizes.items(), urls, strict=True)
            }
            try:
                return run(children, given)
            finally:
                for child in children.values():
                    child.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run(children: Mapping[str, Child], given: argparse.Namespace) -> int:
    """The whole comparison; 0 when everything holds."""
    for name, child in children.items():
        if not (given.keep and child.ask("filled")):
            tell(filled=name, **child.ask("fill"))
        child.ask("open")
    wrong = {name: child.ask("check") for name, child in children.items()}
    tell(answers=wrong)
    good = measure(children, given.rounds, given.only)
    per_case = {name: min(child.ask("sweep") for _ in range(3)) for name, child in children.items()}
    ratio = per_case["large"] / per_case["small"]
    tell(
        sweep_per_case_ratio=round(ratio, 2),
        target=SWEEP_TARGET,
        **{f"{n}_us_per_case": round(s * 1e6) for n, s in per_case.items()},
    )
    return 0 if good and not any(wrong.values()) and ratio <= SWEEP_TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
