"""What is dropped, and when: old serving tables, received files, scratch a killed worker left."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from procrastinate.contrib.django.models import ProcrastinateJob

from yishu.collection import adapters, store
from yishu.collection.models import Load
from yishu.collection.runs import OPEN, give_up

JOB = "collection.run_load"
"""Name of the job that carries a load."""
GRACE = timedelta(hours=1)
"""How long after its load ended a serving table may still be read by somebody who looked at the pointer before."""
KEEP_FAILED_FILES = timedelta(days=30)
"""How long the file of a failed load stays, so that it can be run again."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed."""

    tables: tuple[str, ...]
    files: int
    folders: int
    forsaken: int
    """Open loads whose job is no more, ended so that nobody waits for them."""


def sweep(*, at: datetime) -> Swept:
    """Drop what no row needs: serving tables except the current and the one before it, files, scratch folders.

    A published load's file goes (the raw layer has its text); a failed one's after ``KEEP_FAILED_FILES``; one without a
    row after ``GRACE``. Never anything of an open load.
    """
    forsaken = _forsaken(at)
    return Swept(_tables(at), _files(at), _folders(at), forsaken)


def _forsaken(at: datetime) -> int:
    """A job that ended its worker too often is given up by the reaper, which knows no loads; its load is ended here.

    Loads first, then jobs: a load opened again meanwhile is not among the first, and its job stands beside it.
    """
    open_loads = list(Load.objects.filter(state__in=OPEN, received_at__lt=at - GRACE).values_list("pk", flat=True))
    jobs = ProcrastinateJob.objects.filter(task_name=JOB, status__in=("todo", "doing"))
    alive = set(jobs.values_list("args__load_id", flat=True))
    left = [load_id for load_id in open_loads if str(load_id) not in alive]
    for load_id in left:
        give_up(load_id, at=at)
    return len(left)


def _tables(at: datetime) -> tuple[str, ...]:
    existing = set(adapters.serving_tables())
    ended = Load.objects.filter(serving_table__in=existing, state=Load.State.PUBLISHED).order_by("-finished_at")
    kept: dict[int, int] = {}
    keep: set[str] = set(adapters.current_tables())
    for load in ended.only("resource_id", "serving_table", "finished_at"):
        rank = kept.get(load.resource_id, 0)
        kept[load.resource_id] = rank + 1
        if rank < 2 or (load.finished_at and load.finished_at > at - GRACE):
            keep.add(load.serving_table)
    for load in Load.objects.exclude(state=Load.State.PUBLISHED):
        if load.finished_at is None or load.finished_at > at - GRACE:
            keep.add(adapters.table_name(load.resource_id, load.pk))
    dropped = tuple(name for name in sorted(existing - keep) if adapters.drop_table(name))
    Load.objects.filter(serving_table__in=dropped).update(serving_table="")
    return dropped


def _files(at: datetime) -> int:
    if not store.uploads().exists():
        return 0
    removed = 0
    for path in store.uploads().iterdir():
        try:
            load_id = UUID(path.stem)
            age = at.timestamp() - path.stat().st_mtime
        except (ValueError, FileNotFoundError):
            continue
        load = Load.objects.filter(pk=load_id).first()
        if load is None or path.suffix:
            done = age > GRACE.total_seconds()
        elif load.state == Load.State.FAILED:
            done = load.finished_at is not None and load.finished_at < at - KEEP_FAILED_FILES
        else:
            done = load.state == Load.State.PUBLISHED
        if done:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _folders(at: datetime) -> int:
    if not store.scratch().exists() or Load.objects.filter(state=Load.State.RUNNING).exists():
        return 0
    removed = 0
    for path in store.scratch().iterdir():
        with suppress(FileNotFoundError):
            if at.timestamp() - path.stat().st_mtime > GRACE.total_seconds():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()  # an upload that a killed web process was receiving
                removed += 1
    return removed
