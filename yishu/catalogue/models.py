"""Resources and items by guide 1272. The rows are the working copy; ``Version`` is what has been published."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from yishu.cases.models import Case
from yishu.orgs.models import Department, Jurisdiction, Person


class Resource(models.Model):
    """信息资源: working copy of one catalogue entry (guide 1272, 13 elements)."""

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        SUBMITTED = "submitted", "待审核"
        RETURNED = "returned", "已退回"
        PUBLISHED = "published", "已发布"
        RETIRED = "retired", "已停用"

    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="resources")
    department = models.ForeignKey(Department, models.PROTECT, related_name="resources", verbose_name="提供方")
    unit = models.CharField("提供方内部部门", max_length=120, blank=True)
    code = models.CharField("信息资源代码", max_length=60, unique=True, null=True, blank=True)
    """Given at first submission, unchanged for life."""
    attribute_class = models.CharField("类", max_length=1)
    item_class = models.CharField("项", max_length=2)
    category = models.CharField("目", max_length=3)
    subcategory = models.CharField("细目", max_length=12, blank=True)
    title = models.CharField("信息资源名称", max_length=120)
    summary = models.TextField("信息资源摘要")
    source_kind = models.CharField("来源方式", max_length=40)
    subject_kind = models.CharField("数据主体", max_length=20, default="other")
    """natural_person / legal_entity / other: decides which identifier item is demanded (XW-12.2)."""
    base_library = models.CharField("基础库", max_length=40, blank=True)
    format_class = models.CharField("信息资源格式分类", max_length=2)
    format_type = models.CharField("信息资源格式类型", max_length=40)
    format_note = models.CharField("其他类型资源格式描述", max_length=200, blank=True)
    share_type = models.CharField("共享类型（拟）", max_length=20, default="unconditional")
    confirmed_share_type = models.CharField("共享类型（核定）", max_length=20, blank=True)
    share_condition = models.TextField("共享条件", blank=True)
    share_scope = models.TextField("共享范围", blank=True)
    share_basis = models.TextField("不予共享依据", blank=True)
    use_purposes = models.JSONField("具体用途", default=list)
    share_mode_class = models.CharField("共享方式分类", max_length=40)
    share_mode_type = models.CharField("共享方式类型", max_length=40)
    is_open = models.BooleanField("是否向社会开放", default=False)
    open_condition = models.TextField("开放条件", blank=True)
    update_cycle = models.CharField("更新周期", max_length=20)
    related_codes = models.JSONField("关联资源代码", default=list)
    published_on = models.DateField("发布日期", null=True, blank=True)
    state = models.CharField("状态", max_length=20, choices=State.choices, default=State.DRAFT)
    revision = models.PositiveIntegerField(default=0)
    """Optimistic lock of the working copy."""
    next_column = models.PositiveIntegerField(default=1)
    """Number of the next item's column id: ids are never reused, also after their item is gone."""
    duplicate_note = models.TextField("重复采集说明", blank=True)
    """Why the resource is needed although another department publishes a similar one (XW-12.1, XW-17.1)."""
    version = models.PositiveIntegerField("已发布版本", default=0)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "信息资源"


class Item(models.Model):
    """信息项: one column of the working copy; fields mean what ``rules.ItemSpec`` says."""

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    column = models.CharField(max_length=20)
    name = models.CharField("信息项名称", max_length=80)
    data_type = models.CharField("数据类型", max_length=1)
    length = models.PositiveIntegerField("数据长度", null=True, blank=True)
    required = models.BooleanField("必填", default=False)
    identifier = models.CharField("标识", max_length=20, blank=True)
    is_key = models.BooleanField("主标识", default=False)
    newest_by = models.BooleanField("以此取最新", default=False)
    pattern = models.CharField("格式", max_length=200, blank=True)
    codes = models.JSONField("代码", default=dict, blank=True)
    minimum = models.CharField("最小值", max_length=40, blank=True)
    maximum = models.CharField("最大值", max_length=40, blank=True)
    share_type = models.CharField("共享类型", max_length=20, blank=True)
    """Empty: as the resource."""
    grade = models.PositiveSmallIntegerField("数据级别", null=True, blank=True)
    mask = models.CharField("脱敏", max_length=20, blank=True)
    is_base = models.BooleanField("基础数据项", default=False)
    """Base data item of the resource's base library: locked to unconditional sharing (XW-19.2)."""
    description = models.CharField("说明", max_length=300, blank=True)

    class Meta:
        verbose_name = "信息项"
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["resource", "column"], name="item_column_once"),
            models.UniqueConstraint(fields=["resource", "name"], name="item_name_once"),
        ]


class SecrecyReview(models.Model):
    """保密审查 of one submission (XW-30): reviewer, conclusion, date. Never updated."""

    resource = models.ForeignKey(Resource, models.PROTECT, related_name="secrecy_reviews")
    case = models.ForeignKey(Case, models.PROTECT, related_name="+")
    reviewer = models.CharField("审查人", max_length=60)
    conclusion = models.CharField("审查结论", max_length=20)
    note = models.TextField(blank=True)
    reviewed_on = models.DateField("审查日期")
    recorded_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()


class Version(models.Model):
    """A published version: the snapshot is the truth for loads, grants and pages. Never updated."""

    resource = models.ForeignKey(Resource, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    snapshot = models.JSONField()
    """``rules.ResourceSpec`` as JSON."""
    case = models.ForeignKey(Case, models.PROTECT, related_name="+")
    published_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        verbose_name = "资源版本"
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["resource", "number"], name="version_once")]


class CodeSeries(models.Model):
    """The last sequence number given under one classification prefix. Written by ``catalogue.codes`` in one statement."""

    prefix = models.CharField(max_length=18, primary_key=True)
    last = models.PositiveIntegerField()

    class Meta:
        verbose_name = "资源代码编号"


class SearchEntry(models.Model):
    """What the current published version is found by. Rewritten at every publication (``catalogue.search``)."""

    resource = models.OneToOneField(Resource, models.CASCADE, primary_key=True, related_name="search_entry")
    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    code = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    folded_title = models.CharField(max_length=240)
    summary = models.TextField()
    share_type = models.CharField(max_length=20)
    base_library = models.CharField(max_length=40, blank=True)
    update_cycle = models.CharField(max_length=20)
    item_names = ArrayField(models.CharField(max_length=80))
    published_on = models.DateField()
    text = models.TextField()
    """Folded text of everything that is searched."""
    tokens = ArrayField(models.CharField(max_length=8))
    """Single characters and pairs of neighbours of ``text``: narrows a search by index, in any language."""

    class Meta:
        verbose_name = "目录检索"
        indexes: ClassVar = [
            GinIndex(fields=["tokens"], name="search_tokens", fastupdate=False),
            models.Index(fields=["jurisdiction", "share_type"], name="search_share_type"),
        ]
