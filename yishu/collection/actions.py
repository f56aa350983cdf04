"""Writes: receive a file for a published resource, have a failed load run again."""

import uuid
from datetime import datetime
from pathlib import PurePosixPath
from uuid import UUID

from django.db import transaction

from yishu.catalogue.models import Resource
from yishu.catalogue.queries import published
from yishu.catalogue.rules import ResourceSpec
from yishu.collection import store
from yishu.collection.errors import LoadMoved, NoLoad, NotCatalogued, NotOwner
from yishu.collection.models import Load
from yishu.collection.queries import COLLECTION
from yishu.collection.tasks import lock_of, run_load
from yishu.kernel.errors import NotFound
from yishu.kernel.time import shanghai_date
from yishu.ledger.actions import record
from yishu.ledger.facts import Fact
from yishu.orgs.models import Person, RoleKind
from yishu.orgs.queries import jurisdiction_of, law_view, may_act

REQUIRED_BEFORE_LOAD = "catalogue.required_before_load"
"""The pack's value, with its article, that the catalogue comes first (修武: XW-7)."""


def receive_upload(*, resource_code: str, file: store.Readable, file_name: str, by: Person, at: datetime) -> Load:
    """Take in a file for a published resource and queue it; returns once the file and the row are durable.

    The resource is named by its code. Raises ``NotCatalogued`` with the pack's article when it is not published,
    ``NotOwner`` unless ``by`` is provider of the owning department, ``BadFile`` beyond ``Environment.upload_limit`` bytes,
    ``LakeFull``; then nothing was kept.
    """
    spec = _published(resource_code, by, at)
    _require_owner(by, spec, at)
    load_id = uuid.uuid4()
    name = (PurePosixPath(file_name.replace("\\", "/")).name or "upload.csv")[-200:]
    stored = store.store(load_id, file, file_name=name, limit=store.upload_limit())
    try:
        with transaction.atomic():
            load = Load.objects.create(
                id=load_id,
                resource_id=spec.id,
                resource_version=spec.version,
                file_name=name,
                file_bytes=stored.size,
                file_digest=stored.digest,
                started_by=by,
                received_at=at,
            )
            _queue(load)
            _tell(load, spec.code, spec.department_id, "collection.load_received", by, at)
    except BaseException:
        store.discard(load_id)
        raise
    return load


def retry_load(*, load_id: UUID, by: Person, at: datetime) -> Load:
    """Have a failed load run again from its received file.

    Raises ``NoLoad``, ``NotOwner``, and ``LoadMoved`` when it has not failed or its file is no longer kept.
    """
    with transaction.atomic():
        load = Load.objects.select_for_update().filter(pk=load_id).first()
        if load is None:
            raise NoLoad()
        spec = _published(load.resource.code or "", by, at)
        _require_owner(by, spec, at)
        if load.state != Load.State.FAILED:
            raise LoadMoved(
                "这次装载没有失败，不需要重新处理", remedy="请刷新装载页查看最新状态", object_=load.file_name
            )
        if not store.path_of(load.pk).exists():
            raise LoadMoved(
                "这次装载的文件已不再保存", remedy="请重新上传文件", object_=load.file_name, code="collection.file_lost"
            )
        load.state, load.error, load.finished_at, load.stage, load.progress = Load.State.RECEIVED, {}, None, "", 0
        load.save(update_fields=["state", "error", "finished_at", "stage", "progress"])
        _queue(load)
        _tell(load, spec.code, spec.department_id, "collection.load_retried", by, at)
    return load


def _published(code: str, by: Person, at: datetime) -> ResourceSpec:
    jurisdiction = jurisdiction_of(by)
    try:
        if not code or jurisdiction is None:
            raise NotFound("没有资源代码", remedy="请先在目录中编制")
        return published(code=code, jurisdiction=jurisdiction)
    except NotFound as error:
        reference = None
        if jurisdiction is not None:
            reference = law_view(jurisdiction, shanghai_date(at)).get(REQUIRED_BEFORE_LOAD).reference
        raise NotCatalogued(
            "目录中没有这个已发布的信息资源，不能汇聚数据",
            remedy="请先编制目录并经审核发布，再上传数据",
            object_=code[:60],
            why="目录是数据汇聚、共享和应用的依据",
            reference=reference,
        ) from error


def _require_owner(by: Person, spec: ResourceSpec, at: datetime) -> None:
    department = Resource.objects.select_related("department").get(pk=spec.id).department
    decision = may_act(by, RoleKind.PROVIDER, department, at, work=COLLECTION)
    if not decision.allowed:
        raise NotOwner(
            f"只有{spec.department_name}的提供方经办可以装载“{spec.title}”",
            remedy=decision.remedy,
            object_=spec.code,
            why=decision.reason,
            reference=decision.reference,
        )


def _queue(load: Load) -> None:
    run_load.configure(lock=lock_of(load.resource_id)).defer(load_id=str(load.pk))


def _tell(load: Load, code: str, department_id: int, event: str, by: Person, at: datetime) -> None:
    facts: dict[str, Fact] = {
        "event": event,
        "load": str(load.pk),
        "bytes": load.file_bytes,
        "version": load.resource_version,
    }
    record(kind="event", by=by, at=at, department=department_id, resource=code, facts=facts)
