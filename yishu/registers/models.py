"""Entries of registers and filings of responsible people. Rows are written by ``registers.actions`` and ``registers.filings`` only."""

from typing import ClassVar

from django.db import models

from yishu.cases.models import Case
from yishu.orgs.models import Department, Jurisdiction, Person


class Entry(models.Model):
    """登记事项: one line of a register; its fields are those of the pack's register of that kind."""

    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="register_entries")
    kind = models.CharField("登记簿", max_length=40)
    """Key of the pack's section ``registers``."""
    department = models.ForeignKey(Department, models.PROTECT, related_name="register_entries", verbose_name="部门")
    title = models.CharField("名称", max_length=200)
    """The register's title field as text: what lists and searches show."""
    fields = models.JSONField("内容", default=dict)
    """Field name → text, number, true/false or ISO date; of a document field its file's name."""
    active = models.BooleanField("有效", default=True)
    revision = models.PositiveIntegerField(default=1)
    """Number of changes; an edit names the revision it saw."""
    review_due_on = models.DateField("下次复核", null=True, blank=True)
    """When the register wants the entry gone over again, where the pack sets a period."""
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "登记事项"
        indexes: ClassVar = [
            models.Index(fields=["jurisdiction", "kind", "active"], name="entry_kind"),
            models.Index(fields=["review_due_on"], condition=models.Q(active=True), name="entry_review"),
        ]


class EntryChange(models.Model):
    """One change of an entry, with the fields before and after. Never updated."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="changes")
    revision = models.PositiveIntegerField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    note = models.CharField("说明", max_length=500, blank=True)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "登记变更"
        ordering: ClassVar = ["-revision"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["entry", "revision"], name="entry_change_once")]


class EntryFile(models.Model):
    """A file attached to a document field. Kept as bytes, handed out as a download; a newer row of the field replaces it."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="files")
    field = models.CharField(max_length=40)
    name = models.CharField("文件名", max_length=120)
    media_type = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    """SHA-256, hex."""
    content = models.BinaryField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "登记附件"
        ordering: ClassVar = ["-at", "-pk"]


class Filing(models.Model):
    """责任备案: a department files its responsible unit and person with the authority (XZ-1.3); every change is filed anew."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="filings")
    case = models.OneToOneField(Case, models.PROTECT, null=True, related_name="+")
    unit = models.CharField("责任部门", max_length=120)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name="责任人")
    rules = models.TextField("内部管理制度", blank=True)
    coordination = models.TextField("协调配合机制", blank=True)
    submitted_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()
    filed_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    """When a later filing took its place."""

    class Meta:
        verbose_name = "责任备案"
        ordering: ClassVar = ["-submitted_at", "-pk"]
