"""``make conformance-mutate``: changes each value of each pack in turn and runs the tests marked with it until one fails.

``python -m tests.conformance.mutate [--pack P] [--key K] [--scope step2|all] [--jobs 2] [--through-platform] [folder of tests …]``

A change that no test notices is listed; the exit code is 1 when there is one. Tests are found by their marks: ``article("XW-10.1")``,
``law_value("XW-10.1")`` and ``law_value(pack="cn", key="clocks.check.verify")``. ``--through-platform`` leaves the ``law_value`` tests
out: what is then not noticed is checked against a table, but drives no behaviour that a test sees.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).parents[2]
PLUGIN = "tests.plugins.mutate"


def main(arguments: list[str]) -> int:
    """Share the values among worker processes, gather what each found, print it."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = [Path(folder) / f"{job}.json" for job in range(options.jobs)]
        workers = [_start(options, job, report) for job, report in enumerate(found)]
        codes = [worker.wait() for worker in workers]
        reports = [json.loads(report.read_text()) for report in found if report.exists()]
    if len(reports) < options.jobs:
        print(f"变异检验没有完成：{codes}", file=sys.stderr)
        return 2
    return _print(reports)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.mutate")
    parser.add_argument("--pack", default="")
    parser.add_argument("--key", default="")
    parser.add_argument("--scope", choices=("step2", "all"), default="step2")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--through-platform", action="store_true")
    parser.add_argument("tests", nargs="*", default=["tests"])
    return parser.parse_args(arguments)


def _start(options: argparse.Namespace, job: int, report: Path) -> "subprocess.Popen[bytes]":
    """One pytest process over a share of the values, with a database of its own."""
    environment = dict(os.environ)
    url = environment.get("YISHU_TEST_DATABASE_URL")
    if url:
        parts = urlsplit(url)
        environment["YISHU_TEST_DATABASE_URL"] = urlunsplit(parts._replace(path=f"{parts.path}_mutate{job}"))
    share = {
        "pack": options.pack,
        "key": options.key,
        "scope": options.scope,
        "jobs": options.jobs,
        "job": job,
        "through_platform": options.through_platform,
        "report": str(report),
    }
    environment["YISHU_TEST_MUTATE"] = json.dumps(share)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", PLUGIN, "--create-db"]
    place = ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
    selection = ["-m", "not browser and not chaos"]
    return subprocess.Popen([*command, *place, *selection, *options.tests], cwd=ROOT, env=environment)


def _print(reports: list[dict[str, list[str]]]) -> int:
    kinds = Counter[str]()
    for report in reports:
        kinds.update({name: len(found) for name, found in report.items()})
    unusable = sorted({test for report in reports for test in report["unusable"]})
    for test in unusable:
        print(f"未经变异也不通过，未使用：{test}")
    missed = sorted(words for report in reports for words in report["missed"])
    for words in missed:
        print(f"没有测试发现：{words}")
    print(
        f"conformance-mutate: {kinds['noticed'] + kinds['missed']} changes, {kinds['noticed']} noticed, "
        f"{kinds['missed']} not noticed"
    )
    return 1 if missed or not kinds["noticed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
