"""Killed at any moment: the earlier version serves, nothing doubles, and running again finishes the job."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.collection.county import csv_bytes, person_id, person_row, served, serving_tables
from yishu.collection import adapters, store
from yishu.collection.models import Load
from yishu.collection.publication import STAGES
from yishu.collection.runs import ResourceBusy, run_load


class Killed(BaseException):
    """Stands for the process ending: nothing catches it."""


def kill_at(stage):
    def hook(name):
        if name == stage:
            raise Killed(stage)

    return hook


@pytest.mark.parametrize("stage", STAGES)
def test_load_interrupted_at_stage_leaves_the_earlier_and_finishes_when_run_again(world, stage):
    first = world.load(csv_bytes([person_row(1)]))
    load = world.upload(csv_bytes([person_row(2), person_row(2, "2026-05-01")]))
    with pytest.raises(Killed):
        run_load(load.pk, hook=kill_at(stage))
    assert [row[0] for row in served(world.population)] == [person_id(1)]
    assert Load.objects.get(pk=load.pk).state == Load.State.RUNNING
    done = run_load(load.pk)
    assert (done.state, done.attempts, done.rows_kept, done.rows_superseded) == (Load.State.PUBLISHED, 2, 1, 1)
    assert [row[0] for row in served(world.population)] == [person_id(2)]
    assert sorted(serving_tables()) == sorted([first.serving_table, done.serving_table])
    assert run_load(load.pk).attempts == 2


@pytest.mark.parametrize("broken", ["switch_pointer", "fill_table"])
def test_load_losing_the_database_within_a_stage_publishes_nothing_and_runs_again(world, monkeypatch, broken):
    load = world.upload(csv_bytes([person_row(1)]))
    whole = getattr(adapters, broken)

    def fails(*args, **kwargs):
        whole(*args, **kwargs)
        raise Killed(broken)

    with monkeypatch.context() as patch:
        patch.setattr(adapters, broken, fails)
        with pytest.raises(Killed):
            run_load(load.pk)
    assert served(world.population) == []
    assert run_load(load.pk).state == Load.State.PUBLISHED
    assert len(served(world.population)) == 1 and len(serving_tables()) == 1


def test_attempt_overtaken_by_another_changes_nothing(world):
    load = world.upload(csv_bytes([person_row(1)]))

    def hook(name):
        if name == "serve":
            Load.objects.filter(pk=load.pk).update(attempts=9)

    run_load(load.pk, hook=hook)
    assert Load.objects.get(pk=load.pk).state == Load.State.RUNNING and served(world.population) == []


@pytest.mark.parametrize("where", ["lake", "upload", "serving"])
def test_full_disk_is_told_and_the_earlier_data_stays(world, monkeypatch, where):
    from yishu.lake import tables
    from yishu.lake.errors import LakeFull

    world.load(csv_bytes([person_row(1)]))

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    if where == "upload":
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(LakeFull):
            world.upload(csv_bytes([person_row(2)]))
        assert Load.objects.count() == 1 and len(list(store.uploads().iterdir())) == 1
        return
    load = world.upload(csv_bytes([person_row(2)]))
    with monkeypatch.context() as patch:
        if where == "lake":
            patch.setattr(tables, "_force_to_disk", full)
        else:
            patch.setattr(adapters, "fill_table", full)
        ended = run_load(load.pk)
    assert (ended.state, ended.error["code"], ended.error["status"]) == (Load.State.FAILED, "lake.full", 507)
    assert [row[0] for row in served(world.population)] == [person_id(1)]


CHILD = """
import os, sys, signal
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "yishu.config.settings"
import django
django.setup()
from uuid import UUID
from yishu.collection import store
from yishu.collection.runs import run_load
folder = Path(sys.argv[3])
store.uploads = lambda: folder / "uploads"
store.scratch = lambda: folder / "scratch"
store.lake_root = lambda: folder / "lake"
run_load(UUID(sys.argv[1]), hook=lambda name: name == sys.argv[2] and os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stage", ["clean", "publish"])
def test_worker_killed_outright_frees_the_resource_and_the_load_runs_again(
    committed_world, database_url, tmp_path, stage
):
    world = committed_world
    world.load(csv_bytes([person_row(1)]))
    load = world.upload(csv_bytes([person_row(2)]))
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(load.pk), stage, str(tmp_path)],
        env={"PATH": os.environ["PATH"], "YISHU_HOME": str(tmp_path / "home"), "YISHU_TEST_DATABASE_URL": database_url},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        timeout=120,
    )
    assert child.returncode == -9, child.stderr.decode()[-2000:]
    assert [row[0] for row in served(world.population)] == [person_id(1)]
    done = _run_once_free(load.pk)
    assert (done.state, done.rows_kept, done.attempts) == (Load.State.PUBLISHED, 1, 2)
    assert [row[0] for row in served(world.population)] == [person_id(2)]
    assert len(serving_tables()) == 2


def _run_once_free(load_id):
    for _ in range(100):
        try:
            return run_load(load_id)
        except ResourceBusy:
            with connection.cursor() as cursor:
                cursor.execute("select pg_sleep(0.1)")
    raise AssertionError("the killed worker's lock was never freed")
