"""The two ends of a load: published or failed. Each is one transaction with its ledger entry."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from yishu.catalogue.models import Resource
from yishu.catalogue.rules import ResourceSpec
from yishu.collection import adapters
from yishu.collection.errors import BadFile, LoadMoved, bad_file
from yishu.collection.messages import LoadPublished
from yishu.collection.models import Load
from yishu.collection.plane import Pooled, ReasonCount
from yishu.kernel import events
from yishu.kernel.errors import PublicError
from yishu.ledger.actions import record

STAGES: Mapping[str, str] = {
    "decode": "识别编码",
    "read": "读入原始层",
    "check": "逐行检查",
    "clean": "写入清洁层与问题层",
    "serve": "装入服务库",
    "publish": "切换发布",
}
"""Stages of a load in order, with their names for people."""


@dataclass(slots=True)
class Attempt:
    """One try at a load. ``number`` fences it: once the row carries another, this attempt may change nothing more."""

    load_id: UUID
    number: int
    hook: Callable[[str], None] | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    _stage: str = ""
    _since: float = 0.0

    def stage(self, name: str, percent: int) -> None:
        """Say which stage begins, visibly to everyone at once. Raises ``LoadMoved`` when another attempt took over."""
        self.close_stage()
        self._stage, self._since = name, time.perf_counter()
        mine = Load.objects.filter(pk=self.load_id, attempts=self.number, state=Load.State.RUNNING)
        if not mine.update(stage=name, progress=percent):
            raise moved()
        if self.hook:
            self.hook(name)

    def close_stage(self) -> None:
        """Note how long the present stage took."""
        if self._stage:
            self.seconds[self._stage] = round(time.perf_counter() - self._since, 3)


def moved() -> LoadMoved:
    """The error of an attempt that is no longer the load's."""
    return LoadMoved("这次装载已由另一个处理进程接手", remedy="无需处理，请在装载页查看结果")


def overtaken(file_name: str) -> BadFile:
    """The error of a load that a later file of the same resource has overtaken."""
    return bad_file(
        "overtaken", file_name, "同一资源较晚上传的文件已经发布，本文件不再发布", "如确需使用本文件的内容，请重新上传"
    )


def catalogue_changed(file_name: str) -> BadFile:
    """The error of a load whose resource was published anew meanwhile."""
    return bad_file(
        "catalogue_changed", file_name, "上传后目录发布了新版本，信息项定义已经变化", "请按新版目录核对列名后重新上传"
    )


def publish(
    *, attempt: Attempt, spec: ResourceSpec, table: str, pooled: Pooled, report: Mapping[str, Any], at: datetime
) -> Load:
    """Make the load what is served: pointer, row, ledger entry and event, all or nothing.

    Raises ``LoadMoved`` when another attempt took over, ``BadFile`` when a later file or a new catalogue version came first.
    """
    with transaction.atomic():
        resource = Resource.objects.select_for_update().get(pk=spec.id)
        load = Load.objects.select_for_update().get(pk=attempt.load_id)
        if load.attempts != attempt.number or load.state != Load.State.RUNNING:
            raise moved()
        if resource.version != load.resource_version or resource.state == Resource.State.RETIRED:
            raise catalogue_changed(load.file_name)
        if later_published(load):
            raise overtaken(load.file_name)
        attempt.close_stage()
        _fill(load, pooled, report, attempt)
        load.state, load.stage, load.progress = Load.State.PUBLISHED, "", 100
        load.serving_table, load.finished_at, load.error = table, at, {}
        load.save()
        adapters.switch_pointer(
            resource_code=spec.code,
            table=table,
            load_id=load.pk,
            resource_version=spec.version,
            rows=pooled.kept,
            at=at,
        )
        record(
            kind="event",
            by=load.started_by,
            at=at,
            department=spec.department_id,
            resource=spec.code,
            facts={
                "event": "collection.load_published",
                "load": str(load.pk),
                "table": table,
                "rows": pooled.kept,
                "rejects": pooled.rejected,
                "version": spec.version,
            },
        )
        events.publish(LoadPublished(resource_code=spec.code, table=table, load_id=load.pk))
    return load


def fail(
    *,
    attempt: Attempt,
    error: PublicError,
    at: datetime,
    pooled: Pooled | None = None,
    report: Mapping[str, Any] | None = None,
) -> Load:
    """End the load with its error; what is served stays as it was. Raises ``LoadMoved`` as ``publish``."""
    with transaction.atomic():
        load = Load.objects.select_for_update().select_related("resource").get(pk=attempt.load_id)
        if load.attempts != attempt.number or load.state != Load.State.RUNNING:
            raise moved()
        attempt.close_stage()
        if pooled is not None:
            _fill(load, pooled, report or {}, attempt)
        load.state, load.finished_at, load.error = Load.State.FAILED, at, error.as_problem()
        load.save()
        record(
            kind="event",
            by=load.started_by,
            at=at,
            department=load.resource.department_id,
            resource=load.resource.code or "",
            facts={"event": "collection.load_failed", "load": str(load.pk), "code": error.code},
        )
    return load


def later_published(load: Load) -> bool:
    """Whether a file of the same resource received later is already published."""
    later = Load.objects.filter(resource=load.resource_id, state=Load.State.PUBLISHED, received_at__gt=load.received_at)
    return later.exists()


def reason_json(reason: ReasonCount) -> dict[str, Any]:
    """One line of ``Load.report["reasons"]``."""
    return {
        "code": reason.rule.code,
        "item": reason.rule.item.column,
        "name": reason.rule.item.name,
        "title": reason.rule.words,
        "rows": reason.rows,
        "samples": [{"row": sample.row, "value": sample.value} for sample in reason.samples],
    }


def _fill(load: Load, pooled: Pooled, report: Mapping[str, Any], attempt: Attempt) -> None:
    load.rows_read, load.rows_kept = pooled.read, pooled.kept
    load.rows_rejected, load.rows_superseded = pooled.rejected, pooled.superseded
    load.raw_version, load.clean_version, load.rejects_version = (
        pooled.raw_version,
        pooled.clean_version,
        pooled.rejects_version,
    )
    load.report = {**report, "stages": dict(attempt.seconds)}
