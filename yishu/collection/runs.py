"""The worker's way through one load. Safe to run any number of times, killed anywhere in between."""

import logging
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import ibis
import psycopg
from django.db import Error as DatabaseError
from django.db import models, transaction
from django.utils import timezone

from yishu.catalogue.queries import published
from yishu.catalogue.rules import ItemSpec
from yishu.collection import adapters, store
from yishu.collection.errors import LoadMoved, NoLoad, bad_file
from yishu.collection.models import Load
from yishu.collection.plane import Pooled, clean_batches, pool_file
from yishu.collection.publication import (
    Attempt,
    catalogue_changed,
    fail,
    later_published,
    overtaken,
    publish,
    reason_json,
)
from yishu.collection.textfile import TextFacts, examine
from yishu.kernel.errors import PublicError, Unavailable
from yishu.lake.engine import open_engine
from yishu.lake.errors import FULL, LakeFull
from yishu.lake.tables import Lake
from yishu.quality.rules import PERSON_ID, TEXT_TYPES
from yishu.security import masks

logger = logging.getLogger("yishu.collection")

OPEN = (Load.State.RECEIVED, Load.State.RUNNING)


class ResourceBusy(Unavailable):
    """Another worker still holds the resource's lock; the job is to be tried again shortly."""

    code = "collection.busy"


def run_load(
    load_id: UUID, *, clock: Callable[[], datetime] = timezone.now, hook: Callable[[str], None] | None = None
) -> Load:
    """Carry a received load to published or failed, and return it.

    An ended load is returned as it is. ``hook`` is told each stage (``publication.STAGES``) as it begins. Raises
    ``ResourceBusy`` while another worker has the resource, and whatever is nobody's mistake to put right by hand (a lost
    database): then the load stays open and may be run again.
    """
    load = Load.objects.filter(pk=load_id).first()
    if load is None:
        raise NoLoad()
    if load.state not in OPEN:
        return load
    if not adapters.lock_resource(load.resource_id):
        raise ResourceBusy("该资源正由另一个处理进程装载", remedy="稍后会自动重试", object_=str(load_id))
    try:
        return _run(load_id, clock, hook)
    finally:
        with suppress(DatabaseError):
            adapters.unlock_resource(load.resource_id)


def _run(load_id: UUID, clock: Callable[[], datetime], hook: Callable[[str], None] | None) -> Load:
    opened = Load.objects.filter(pk=load_id, state__in=OPEN)
    if not opened.update(state=Load.State.RUNNING, attempts=models.F("attempts") + 1, stage="", progress=0):
        return Load.objects.get(pk=load_id)
    load = Load.objects.get(pk=load_id)
    attempt = Attempt(load_id, load.attempts, hook)
    pooled: list[tuple[Pooled, dict[str, Any]]] = []
    try:
        return _work(load, attempt, clock, pooled)
    except LoadMoved:
        return Load.objects.get(pk=load_id)
    except PublicError as error:
        done = pooled[0] if pooled else (None, None)
        return fail(attempt=attempt, error=error, at=clock(), pooled=done[0], report=done[1])
    except (OSError, DatabaseError) as error:
        if not _disk_full(error):
            raise
        return fail(attempt=attempt, error=LakeFull(), at=clock())


def _work(
    load: Load, attempt: Attempt, clock: Callable[[], datetime], pooled_out: list[tuple[Pooled, dict[str, Any]]]
) -> Load:
    if later_published(load):
        raise overtaken(load.file_name)
    spec = published(id=load.resource_id)
    if spec.version != load.resource_version:
        raise catalogue_changed(load.file_name)
    source = store.path_of(load.pk)
    if not source.exists():
        raise bad_file("file_lost", load.file_name, "已接收的文件不在存储中", "请重新上传；并请系统管理员检查存储")
    lake = Lake(store.lake_root())
    store.scratch().mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="load-", dir=store.scratch()) as folder:
        attempt.stage("decode", 2)
        facts = examine(source, Path(folder), file_name=load.file_name)
        Load.objects.filter(pk=load.pk, attempts=attempt.number).update(encoding=facts.encoding)
        with open_engine(Path(folder)) as engine:
            pooled = pool_file(
                engine=engine,
                lake=lake,
                file_name=load.file_name,
                facts=facts,
                spec=spec,
                load_id=load.pk,
                stage=attempt.stage,
                mask=sample_mask,
            )
            report = _report(pooled, facts)
            pooled_out.append((pooled, report))
            if pooled.kept == 0:
                raise _nothing_kept(load.file_name, pooled)
            attempt.stage("serve", 70)
            table = adapters.table_name(spec.id, load.pk)
            copied = adapters.fill_table(table, spec, clean_batches(engine, lake, spec, pooled.clean_version))
        if copied != pooled.kept:
            raise RuntimeError(f"load {load.pk}: {pooled.kept} rows kept, {copied} copied")
        attempt.stage("publish", 95)
        return publish(attempt=attempt, spec=spec, table=table, pooled=pooled, report=report, at=clock())


def give_up(load_id: UUID, *, at: datetime) -> None:
    """End an open load whose job failed for good, so that nobody waits for it; the provider may have it run again."""
    with transaction.atomic():
        load = Load.objects.select_for_update().filter(pk=load_id, state__in=OPEN).first()
        if load is not None:
            if load.state == Load.State.RECEIVED:  # no attempt ever got as far as saying that it runs
                load.state = Load.State.RUNNING
                load.save(update_fields=["state"])
            error = Unavailable(
                "处理中多次出现内部错误，已停止",
                remedy="请点“重新处理”；仍不成功时请联系系统管理员",
                code="collection.internal",
            )
            fail(attempt=Attempt(load.pk, load.attempts), error=error, at=at)


def sample_mask(rows: ibis.Table, item: ItemSpec) -> ibis.Value | None:
    """A rejected cell as the load report may show it: masked as the catalogue says, or not at all.

    Rejected text may be anything, so only masks made for text are used, and none of an item without mask is shown.
    """
    kind = item.mask or {PERSON_ID: "person_id"}.get(item.identifier, item.identifier)
    if kind not in masks.MASKS or kind == "hide" or not masks.fits(kind, "C") or item.data_type not in TEXT_TYPES:
        return None
    return masks.masked(kind, rows[item.column])


def _report(pooled: Pooled, facts: TextFacts) -> dict[str, Any]:
    report: dict[str, Any] = {"reasons": [reason_json(reason) for reason in pooled.reasons]}
    if facts.private_use:
        report["private_use"] = {"count": facts.private_use, "line": facts.private_use_line}
    return report


def _nothing_kept(file_name: str, pooled: Pooled) -> PublicError:
    return bad_file(
        "nothing_kept",
        file_name,
        f"{pooled.read} 行全部未通过检查，没有可发布的数据",
        "请按装载报告所列原因改正后重新上传；已发布的数据不受影响",
    )


def _disk_full(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, psycopg.errors.DiskFull) or (isinstance(cause, OSError) and cause.errno in FULL):
            return True
        cause = cause.__cause__
    return False
