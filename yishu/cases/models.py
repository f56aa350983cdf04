"""Cases and their events. A case's step is a cache of its last event; events are never changed (a trigger sees to it)."""

import uuid
from typing import ClassVar

from django.db import models

from yishu.law.packs import Law
from yishu.orgs.models import Department, Jurisdiction, Person

OPEN = models.Q(closed_at=None)


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
    law_mode = models.CharField("适用方式", max_length=20, default="as_written")
    """How the jurisdiction's law stood when the case was opened; a later switch does not touch running cases."""
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
    step_side = models.CharField(max_length=10, blank=True)
    """Whose people hold that role here (``rules.Side``): ``authority``, ``provider``, ``applicant`` or ``any``."""
    revision = models.PositiveIntegerField(default=0)
    """Number of events; a decision names the revision it saw, and loses if the case moved on."""
    due_on = models.DateField("截止日期", null=True, blank=True)
    due_provisional = models.BooleanField("暂定", default=False)
    clock_from = models.DateField("起算日期", null=True, blank=True)
    """Asia/Shanghai date the present step's clock started (not counted): receipt, or the day a law changed. None: no clock."""
    extended_days = models.PositiveSmallIntegerField("延长工作日", default=0)
    """Working days the present step's clock was extended by, in all."""
    paused_left = models.PositiveSmallIntegerField("剩余工作日", null=True, blank=True)
    """Working days left of the clock that stands still while the case is away for 补正."""
    outer_due_on = models.DateField("全程截止日期", null=True, blank=True)
    """End of the clock that runs over all steps, where the law sets one."""
    ends_on = models.DateField("最近截止日期", null=True, blank=True)
    """The nearer of ``due_on`` and ``outer_due_on``: what lists are sorted by and reminders are sent by."""
    amber_on = models.DateField(null=True, blank=True)
    """First day on which the light is amber (``rules.amber_from``)."""
    clocks = models.JSONField(default=dict)
    """The clocks as ``rules.as_json`` writes them; the dates above follow from them and the calendar."""
    extension_asked = models.PositiveSmallIntegerField("申请延长工作日", null=True, blank=True)
    """Working days somebody asked to extend the present clock by and nobody answered yet."""
    extension_role = models.CharField(max_length=20, blank=True)
    """Who answers that, empty when nothing is asked."""
    step_since = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "办件"
        indexes: ClassVar = [
            models.Index(fields=["jurisdiction", "closed_at", "due_on"]),
            models.Index(fields=["procedure", "subject_id"], name="case_subject"),
            models.Index(
                fields=["jurisdiction", "step_side", "step_role", "ends_on"], condition=OPEN, name="case_waiting"
            ),
            models.Index(fields=["provider", "step_role"], condition=OPEN, name="case_waiting_provider"),
            models.Index(fields=["department", "step_role"], condition=OPEN, name="case_waiting_department"),
            models.Index(fields=["opened_by"], condition=OPEN, name="case_mine"),
            models.Index(fields=["ends_on"], condition=OPEN, name="case_ends"),
        ]
        constraints: ClassVar = [models.UniqueConstraint(fields=["jurisdiction", "number"], name="case_number_once")]

    @property
    def law(self) -> Law:
        """The law the case runs under, as it stood when the case was opened."""
        return Law(self.jurisdiction.pack, self.law_mode)


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
    clock_from = models.DateField(null=True)
    """Day the first clock was told to count from, for the opening of a case the law counts from another day."""
    days = models.PositiveSmallIntegerField(null=True)
    """Working days an extension was asked for or granted by."""

    class Meta:
        verbose_name = "办件记录"
        ordering: ClassVar = ["seq"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "seq"], name="case_event_seq_once")]


class DueMove(models.Model):
    """截止日期调整: a provisional due date that a year's notice moved. Never updated."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="due_moves")
    before = models.DateField()
    after = models.DateField()
    which = models.CharField(max_length=5, default="step")
    """``step``: the present step's clock; ``outer``: the clock over all steps."""
    notice_year = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = "截止日期调整"
        ordering: ClassVar = ["-at", "pk"]


class Urging(models.Model):
    """督办意见: what somebody above wrote about a late case and by when they want it done. Changes no step and no clock; never updated.

    Answered by the case's first later event that changes its step (``urgings.answer_of``).
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="urgings")
    note = models.CharField("督办意见", max_length=500)
    wanted_on = models.DateField("要求办理日期")
    """Asia/Shanghai date; no deadline of the law."""
    revision = models.PositiveIntegerField()
    """The case's revision when it was written."""
    step = models.CharField("所在步骤", max_length=60)
    role = models.CharField("督办人角色", max_length=20)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "督办意见"
        ordering: ClassVar = ["-at", "-pk"]


class Notice(models.Model):
    """提醒: something a person should know, in the work list and by e-mail. ``key`` makes one per person and matter."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="notices")
    key = models.CharField(max_length=120)
    title = models.CharField("内容", max_length=200)
    url = models.CharField(max_length=200, blank=True)
    """Path of the page it is about; never holds personal data."""
    case = models.ForeignKey(Case, models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = "提醒"
        ordering: ClassVar = ["-at", "-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "key"], name="notice_once")]
        indexes: ClassVar = [models.Index(fields=["mailed_at", "at"], name="notice_to_mail")]
