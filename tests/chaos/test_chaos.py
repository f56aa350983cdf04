"""Killed at any moment, the platform keeps its word: answers are in the ledger, loads whole, decisions once, jobs run again."""

import json
import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

ROUNDS = int(os.environ.get("YISHU_TEST_CHAOS_ROUNDS", "5"))
SEED = int(os.environ.get("YISHU_TEST_CHAOS_SEED", str(int(time.time()))))
PARTS = ["worker", "sequencer", "gateway", "postgres"]
ROWS = 400
RERUN_SECONDS = 30
"""The promise of the acceptance list: a job left by a killed worker is running again within that."""

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300 + 60 * ROUNDS)]


@pytest.fixture(scope="module")
def aftermath(platform: Any, make_caller: Any, patiently: Callable[..., Any]) -> dict[str, Any]:
    """Work on the platform from all sides, kill its parts round by round, let it recover, and take stock."""
    chance = random.Random(SEED)
    loader = platform.drive("load")
    patiently(lambda: platform.query("select 1 from serving.current"), "the first load is served")
    decider = platform.drive("decide")
    callers = [make_caller(platform, [f"K{n:08d}" for n in range(k, ROWS, 80)]) for k in (0, 7)]
    for caller in callers:
        caller.start()
    answered = []
    for _ in range(ROUNDS):
        before = sum(len(caller.receipts) for caller in callers)
        for part in chance.sample(PARTS, len(PARTS)):
            time.sleep(chance.uniform(0.1, 1.5))
            platform.kill(part, chance)
        platform.wait_until_whole()
        patiently(
            lambda before=before: sum(len(c.receipts) for c in callers) > before + 5, "lookups are answered again"
        )
        answered.append(sum(len(caller.receipts) for caller in callers) - before)
    (platform.home / "stop").touch()
    for driver in (loader, decider):
        driver.wait(120)
        assert driver.returncode == 0, (platform.home / "driver-decide.log").read_text() + (
            platform.home / "driver-load.log"
        ).read_text()
    for caller in callers:
        caller.end()
    platform.wait_until_whole()
    patiently(
        lambda: platform.query(
            "select 1 where not exists (select from procrastinate_jobs where task_name = 'collection.run_load' and status in ('todo', 'doing'))"
        ),
        "every load has run",
        180,
    )
    patiently(lambda: platform.query("select 1 where not exists (select from ledger.inbox)"), "the inbox is sequenced")
    journals = [*platform.journal("decide"), *platform.journal("load")]
    print(  # shown with -s, and when something fails
        f"seed {SEED}, {ROUNDS} rounds: answers {answered}, statuses {[c.statuses for c in callers]}, "
        f"journal {len(journals)}, lost answers {sum(entry['lost'] for entry in journals)}\n{platform.text()}"
    )
    found = dict(json.loads(platform.ask_driver("inspect").splitlines()[-1]))
    return found | {"callers": callers, "answered": answered}


def test_chaos_every_answer_received_is_in_the_ledger(platform: Any, aftermath: dict[str, Any]) -> None:
    receipts = [receipt for caller in aftermath["callers"] for receipt in caller.receipts]
    assert len(receipts) == len(set(receipts)) > 0
    kept = {row[0] for row in platform.query("select id::text from ledger.leaf")}
    assert not set(receipts) - kept, f"seed {SEED}"


def test_chaos_ledger_verifies(platform: Any, aftermath: dict[str, Any]) -> None:
    leaves, highest = platform.query("select count(*), max(index) from ledger.leaf")[0]
    assert leaves == highest + 1
    size = platform.query("select max(size) from ledger.checkpoint")[0][0]
    assert size == leaves


def test_chaos_answers_are_whole_and_of_one_load(aftermath: dict[str, Any]) -> None:
    for caller in aftermath["callers"]:
        assert not caller.mixed, f"seed {SEED}"
        assert not caller.short, f"seed {SEED}"
        assert not caller.failures, f"seed {SEED}"


def test_chaos_loads_are_published_whole(platform: Any, aftermath: dict[str, Any]) -> None:
    acknowledged = {entry["load"] for entry in platform.journal("load")}
    loads = {row["id"]: row for row in aftermath["loads"]}
    assert acknowledged <= set(loads), f"seed {SEED}"
    for row in loads.values():
        if row["state"] == "failed":  # only because a later file of the same resource was published first
            assert "overtaken" in json.dumps(row["error"]), f"seed {SEED}: {row}"
            continue
        assert row["state"] == "published", f"seed {SEED}: {row}"
        assert row["kept"] == ROWS
        assert row["held"] in (None, [ROWS, 1]), f"seed {SEED}: {row}"
    [[table, load, rows]] = aftermath["pointer"]
    assert loads[load]["table"] == table
    assert loads[load]["held"] == [ROWS, 1]
    assert rows == ROWS


def test_chaos_decisions_are_neither_lost_nor_doubled(platform: Any, aftermath: dict[str, Any]) -> None:
    journal = platform.journal("decide")
    decided = {entry["decided"]: entry["outcome"] for entry in journal if "decided" in entry}
    submitted = {entry["submitted"] for entry in journal if "submitted" in entry}
    found = {row["id"]: row for row in aftermath["applications"]}
    assert decided
    assert submitted <= set(found), f"seed {SEED}"
    for id, outcome in decided.items():
        row = found[id]
        assert row["state"] == {"approve": "approved", "refuse": "refused"}[outcome], f"seed {SEED}: {row}"
        assert row["events"].count(outcome) == 1, f"seed {SEED}: {row}"
        assert row["grants"] == (1 if outcome == "approve" else 0), f"seed {SEED}: {row}"
    for row in found.values():
        ended = [event for event in row["events"] if event in ("approve", "refuse")]
        assert len(ended) <= 1, f"seed {SEED}: {row}"
        assert row["grants"] == ended.count("approve"), f"seed {SEED}: {row}"
        assert row["decisions"] >= len(ended), f"seed {SEED}: {row}"
    assert aftermath["gateway_grants"] == sum(row["grants"] for row in found.values())


def test_chaos_job_of_killed_worker_runs_again_in_time(
    platform: Any, aftermath: dict[str, Any], patiently: Callable[..., Any]
) -> None:
    platform.ask_driver("big_load", "150000")
    doing = "select id from procrastinate_jobs where task_name = 'collection.run_load' and status = 'doing'"
    job = patiently(lambda: platform.query(doing), "the worker has the job")[0][0]
    os.kill(platform.pids()["worker"], signal.SIGKILL)
    killed = platform.query("select clock_timestamp()")[0][0]
    again = "select min(at) from procrastinate_events where job_id = %s and type = 'started' and at > %s having min(at) is not null"
    started = patiently(lambda: platform.query(again, job, killed), "the job runs again")[0][0]
    assert (started - killed).total_seconds() <= RERUN_SECONDS
    patiently(
        lambda: platform.query("select 1 from procrastinate_jobs where id = %s and status = 'succeeded'", job),
        "the job ends",
        180,
    )
    assert platform.query("select rows from serving.current")[0][0] == 150000
