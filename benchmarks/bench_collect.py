"""Collecting against the hand-written baseline: interleaved rounds, answers checked, one JSON line per figure.

Usage: python benchmarks/bench_collect.py [--rows 1000000] [--rounds 5]      (``make bench-collect``)

The database is ``YISHU_TEST_DATABASE_URL`` (a database of its own is made on that server) or a PostgreSQL from the wheel,
started for the run. Both sides run in a fresh process each round on the same file and the same server; imports are not
timed on either. Ends with 1 when an answer is wrong or a target is missed.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

HERE = Path(__file__).resolve().parent
TARGET = 2.0
"""Most the platform may take, in times of the baseline."""


@contextmanager
def database(home: Path) -> Iterator[str]:
    """A fresh database's address, gone afterwards."""
    server = os.environ.get("YISHU_TEST_DATABASE_URL")
    if not server:
        from yishu.runtime.postgres import Postgres  # noqa: PLC0415  (only where it is needed)

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        postgres = Postgres(home, port=port, report=lambda text: None, throwaway=True)
        try:
            yield postgres.start()
        finally:
            postgres.stop()
        return
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("drop database if exists yishu_bench_collect with (force)")
        connection.execute("create database yishu_bench_collect")
        try:
            yield urlsplit(server)._replace(path="/yishu_bench_collect").geturl()
        finally:
            connection.execute("drop database if exists yishu_bench_collect with (force)")


def run(script: str, *arguments: str, environment: dict[str, str]) -> dict[str, object]:
    """Run one side in a process of its own and read its last line."""
    done = subprocess.run(
        [sys.executable, str(HERE / script), *arguments],
        env=environment,
        cwd=HERE.parent,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{script} failed:\n{done.stderr[-4000:]}")
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines else {}


def check(side: str, answer: dict[str, object], facts: dict[str, object]) -> bool:
    """Whether a side's answer is exactly what the generator wrote."""
    expected = {"rows": facts["rows"], "kept": facts["distinct_valid_ids"], "rejects": facts["defects"]}
    right = all(answer[name] == value for name, value in expected.items())
    if not right:
        print(f"{side}: wrong answer {answer}, expected {expected}", file=sys.stderr)
    return right


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yishu-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        home = folder / "home"
        home.mkdir(mode=0o711)
        base = {k: v for k, v in os.environ.items() if not k.startswith("YISHU_")} | {"PYTHONPATH": str(HERE.parent)}
        file = folder / "population.csv"
        run("generate_population.py", str(given.rows), str(file), environment=base)
        facts = json.loads(Path(f"{file}.json").read_text())
        with database(home) as url:
            ours = base | {"YISHU_HOME": str(home), "YISHU_DATABASE_URL": url}
            run("collect_side.py", "--prepare", environment=ours)
            times: dict[str, list[float]] = {"baseline": [], "yishu": []}
            right, stages, peak = True, {}, 0
            for turn in range(given.rounds):
                work = folder / f"baseline-{turn}"
                work.mkdir()
                answer = run("baseline_collect.py", str(file), str(work), url, environment=base)
                right &= check("baseline", answer, facts)
                times["baseline"].append(float(str(answer["total"])))
                answer = run("collect_side.py", str(file), environment=ours)
                right &= check("yishu", answer, facts)
                times["yishu"].append(float(str(answer["total"])))
                stages, peak = answer["seconds"], max(peak, int(str(answer["peak_rss_mb"])))
                print(
                    f"round {turn + 1}: baseline {times['baseline'][-1]} s, yishu {times['yishu'][-1]} s",
                    file=sys.stderr,
                )
    middle = {side: statistics.median(values) for side, values in times.items()}
    ratio = middle["yishu"] / middle["baseline"]
    ok = right and ratio <= TARGET
    spread = {side: [min(values), max(values)] for side, values in times.items()}
    figures = [
        {"name": "collect", "value": middle["yishu"], "unit": "s", "against": middle["baseline"], "ratio": round(ratio, 3),
         "target": TARGET, "ok": ok, "rows": given.rows, "rounds": given.rounds, "spread": spread, "answers_right": right, "stages": stages},
        {"name": "collect_rows_per_second", "value": round(given.rows / middle["yishu"]), "unit": "rows/s",
         "against": round(given.rows / middle["baseline"]), "ratio": round(1 / ratio, 3), "target": round(1 / TARGET, 3), "ok": ok},
        {"name": "collect_peak_memory", "value": peak, "unit": "MB", "against": None, "ratio": None, "target": None, "ok": True},
    ]  # fmt: skip
    for figure in figures:
        print(json.dumps(figure, ensure_ascii=False))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
