"""Applications and grants. What the gateway reads is compiled from here into schema ``gateway`` (sharing.adapters)."""

import uuid
from typing import ClassVar

from django.db import models

from yishu.cases.models import Case
from yishu.catalogue.models import Resource
from yishu.orgs.models import Client, Department, Jurisdiction, Person


class Application(models.Model):
    """共享申请 with its three mandatory parts (XW-19.1.b)."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", "审核中"
        RETURNED = "returned", "待补正"
        APPROVED = "approved", "已同意"
        REFUSED = "refused", "不予同意"
        WITHDRAWN = "withdrawn", "已撤回"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, related_name="applications", verbose_name="使用部门")
    resource = models.ForeignKey(Resource, models.PROTECT, related_name="applications")
    resource_version = models.PositiveIntegerField()
    items = models.JSONField("信息项")
    """Column ids asked for."""
    row_filter = models.JSONField("数据范围", default=list)
    """List of {column, op, values}: see sharing.rules.RowCondition."""
    law_basis = models.TextField("法律政策依据")
    duty_basis = models.TextField("部门职责依据")
    need = models.TextField("政务业务需求")
    purpose = models.CharField("具体用途", max_length=40)
    mode = models.CharField("共享方式", max_length=20, default="lookup")
    starts_on = models.DateField("使用起始")
    ends_on = models.DateField("使用截止")
    state = models.CharField(max_length=20, choices=State.choices, default=State.SUBMITTED)
    case = models.OneToOneField(Case, models.PROTECT, null=True, related_name="+")
    submitted_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()

    class Meta:
        verbose_name = "共享申请"
        ordering: ClassVar = ["-submitted_at"]


class Grant(models.Model):
    """授权: what one department may see of one resource, for one purpose and term."""

    class State(models.TextChoices):
        ACTIVE = "active", "有效"
        REVOKED = "revoked", "已收回"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, related_name="grants", verbose_name="使用部门")
    resource = models.ForeignKey(Resource, models.PROTECT, related_name="grants")
    resource_version = models.PositiveIntegerField()
    application = models.OneToOneField(Application, models.PROTECT, null=True, blank=True, related_name="grant")
    """None: direct access to an unconditional resource (XW-19.1.a)."""
    items = models.JSONField()
    row_filter = models.JSONField(default=list)
    masks = models.JSONField(default=dict)
    """Column id -> mask kind."""
    purpose = models.CharField(max_length=40)
    modes = models.JSONField(default=list)
    starts_on = models.DateField()
    ends_on = models.DateField()
    clients = models.ManyToManyField(Client, blank=True, related_name="grants")
    state = models.CharField(max_length=20, choices=State.choices, default=State.ACTIVE)
    granted_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()
    revoked_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.TextField(blank=True)

    class Meta:
        verbose_name = "授权"
        ordering: ClassVar = ["-granted_at"]
