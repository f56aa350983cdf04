"""Cases and their events. A case's step is a cache of its last event; events are never changed (a trigger sees to it)."""

import uuid
from typing import ClassVar

from django.db import models

from yishu.orgs.models import Department, Jurisdiction, Person


class Case(models.Model):
    """办件: one run of a procedure over one subject (a catalogue resource, an application …)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField("办件号", max_length=40)
    """Unique within the jurisdiction: 修武共享〔2026〕12号."""
    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="cases")
    procedure = models.CharField("程序", max_length=80)
    """Key in the pack's ``procedures`` (``catalogue.review``, ``sharing.application``)."""
    law_on = models.DateField("适用日期")
    """The pack is read at this date for the whole case (Asia/Shanghai date of opening)."""
    title = models.CharField("标题", max_length=200)
    subject_id = models.CharField(max_length=64)
    """Primary key of the subject; the procedure's handler knows its model."""
    department = models.ForeignKey(Department, models.PROTECT, related_name="cases", verbose_name="发起部门")
    provider = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+", verbose_name="提供部门")
    opened_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    step = models.CharField("步骤", max_length=60)
    """Key of the present step, or of the final state once closed."""
    step_role = models.CharField("办理角色", max_length=20, blank=True)
    """Role of the present step, empty once closed: what the work list is found by."""
    revision = models.PositiveIntegerField(default=0)
    """Number of events; a decision names the revision it saw, and loses if the case moved on."""
    due_on = models.DateField("截止日期", null=True, blank=True)
    due_provisional = models.BooleanField("暂定", default=False)
    step_since = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "办件"
        indexes: ClassVar = [
            models.Index(fields=["jurisdiction", "closed_at", "due_on"]),
            models.Index(fields=["procedure", "subject_id"], name="case_subject"),
        ]
        constraints: ClassVar = [models.UniqueConstraint(fields=["jurisdiction", "number"], name="case_number_once")]


class NumberSeries(models.Model):
    """The last number given in one series of case numbers. Written by ``cases.numbers`` in one statement."""

    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    word = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        verbose_name = "办件编号"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["jurisdiction", "word", "year"], name="number_series_once")
        ]


class CaseEvent(models.Model):
    """One thing that happened to a case. Append-only."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    role = models.CharField(max_length=20)
    from_step = models.CharField(max_length=60, blank=True)
    outcome = models.CharField(max_length=60)
    to_step = models.CharField(max_length=60)
    reason = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    due_on = models.DateField(null=True)
    """Due date of the step that began with this event."""

    class Meta:
        verbose_name = "办件记录"
        ordering: ClassVar = ["seq"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "seq"], name="case_event_seq_once")]
