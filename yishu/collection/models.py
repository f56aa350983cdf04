"""Loads: one file's way into a resource's pool. The row is the truth: a Delta version it does not name does not exist."""

import uuid
from typing import ClassVar

from django.db import models

from yishu.catalogue.models import Resource
from yishu.orgs.models import Person


class Load(models.Model):
    """装载: one uploaded file bound to a published resource."""

    class State(models.TextChoices):
        RECEIVED = "received", "已接收"
        RUNNING = "running", "处理中"
        PUBLISHED = "published", "已发布"
        FAILED = "failed", "失败"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    resource = models.ForeignKey(Resource, models.PROTECT, related_name="loads")
    resource_version = models.PositiveIntegerField("目录版本")
    state = models.CharField(max_length=20, choices=State.choices, default=State.RECEIVED)
    stage = models.CharField("阶段", max_length=20, blank=True)
    progress = models.PositiveSmallIntegerField("进度", default=0)
    file_name = models.CharField("文件名", max_length=200)
    file_bytes = models.BigIntegerField("字节数")
    file_digest = models.CharField("SHA-256", max_length=64)
    encoding = models.CharField("编码", max_length=20, blank=True)
    started_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    rows_read = models.BigIntegerField(null=True)
    rows_kept = models.BigIntegerField(null=True)
    rows_rejected = models.BigIntegerField(null=True)
    rows_superseded = models.BigIntegerField(null=True)
    """Valid rows older than the row kept for their key."""
    raw_version = models.BigIntegerField(null=True)
    clean_version = models.BigIntegerField(null=True)
    rejects_version = models.BigIntegerField(null=True)
    serving_table = models.CharField(max_length=63, blank=True)
    report = models.JSONField(default=dict)
    """reasons: [{code, item, title, rows}], stages: seconds by stage."""
    error = models.JSONField(default=dict)
    """The ``PublicError`` of a failed load as a problem document."""

    class Meta:
        verbose_name = "装载"
        ordering: ClassVar = ["-received_at"]
        indexes: ClassVar = [models.Index(fields=["resource", "state"])]
