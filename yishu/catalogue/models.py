"""Resources and items by guide 1272. The rows are the working copy; ``Version`` is what has been published."""

from typing import Any, ClassVar

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
        RETIRING = "retiring", "停用过渡中"
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
    theme_library = models.CharField("主题库", max_length=40, blank=True)
    media_kind = models.CharField("表现形式", max_length=40, blank=True)
    """Key of the pack's ``media_kinds`` (文字、图像、音视频、电子证照 …)."""
    document_class = models.CharField("证照文书合同", max_length=40, blank=True)
    """Key of the pack's ``equivalent_classes``: certificates, documents, contracts with the effect of originals."""
    is_digital = models.BooleanField("电子化", default=True)
    has_privacy = models.BooleanField("涉及个人隐私", default=False)
    has_trade_secret = models.BooleanField("涉及商业秘密", default=False)
    survey = models.JSONField("资源大普查", default=dict, blank=True)
    """The template's six figures by key (``guide`` list ``survey_figures``), whole numbers; unknown is 0."""
    system_name = models.CharField("所属信息系统", max_length=120, blank=True)
    business_matter = models.CharField("关联业务事项", max_length=200, blank=True)
    format_class = models.CharField("信息资源格式分类", max_length=2)
    format_type = models.CharField("信息资源格式类型", max_length=40)
    format_note = models.CharField("其他类型资源格式描述", max_length=200, blank=True)
    share_type = models.CharField("共享类型（拟）", max_length=20, default="unconditional")
    confirmed_share_type = models.CharField("共享类型（核定）", max_length=20, blank=True)
    share_condition = models.TextField("共享条件", blank=True)
    share_scope = models.TextField("共享范围", blank=True)
    share_basis = models.TextField("共享属性的依据", blank=True)
    """Title and article of the instrument a conditional or withheld share type rests on, as the pack demands."""
    basis_kind = models.CharField("依据种类", max_length=40, blank=True)
    """Key of the pack's ``basis_kinds`` (法律、行政法规 …)."""
    withheld_statement = models.TextField("不予共享理由说明", blank=True)
    """What the provider tells the authority about why nothing can be shared (XZ-2.1)."""
    use_purposes = models.JSONField("具体用途", default=list)
    share_mode_class = models.CharField("共享方式分类", max_length=40)
    share_mode_type = models.CharField("共享方式类型", max_length=40)
    agreement_required = models.BooleanField("须签安全协议", null=True, blank=True)
    """None: not yet said (XZ-4.3.c demands an answer before publication)."""
    usage_requirement = models.TextField("使用要求", blank=True)
    is_open = models.BooleanField("是否向社会开放", default=False)
    open_type = models.CharField("开放类型", max_length=20, blank=True)
    open_modes = models.JSONField("开放方式", default=list, blank=True)
    open_basis = models.TextField("开放属性的依据", blank=True)
    open_basis_kind = models.CharField("开放依据种类", max_length=40, blank=True)
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
        indexes: ClassVar = [
            models.Index(fields=["department", "state"], name="resource_department_state"),
            models.Index(fields=["jurisdiction", "state", "-updated_at"], name="resource_jurisdiction_state"),
        ]


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
    sensitivity = models.CharField("敏感属性", max_length=20, blank=True)
    """Key of the pack's ``sensitivity_flags`` (商业秘密、个人隐私): drives the default mask."""
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
    """What the current published version is found by. Rewritten at every publication (``catalogue.indexing``)."""

    resource = models.OneToOneField(Resource, models.CASCADE, primary_key=True, related_name="search_entry")
    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    code = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    folded_title = models.CharField(max_length=240)
    summary = models.TextField()
    share_type = models.CharField(max_length=20)
    base_library = models.CharField(max_length=40, blank=True)
    theme_library = models.CharField(max_length=40, blank=True, default="")
    document_class = models.CharField(max_length=40, blank=True, default="")
    source_kind = models.CharField(max_length=40, blank=True, default="")
    open_type = models.CharField(max_length=20, blank=True, default="")
    format_class = models.CharField(max_length=2, blank=True, default="")
    update_cycle = models.CharField(max_length=20)
    item_names = ArrayField(models.CharField(max_length=80))
    published_on = models.DateField()
    state = models.CharField(max_length=20, default="published")
    """``published``, ``retiring`` or ``retired`` (``Resource.State``)."""
    retired = models.BooleanField("已停用", default=False)
    """Out of service: found, marked as such, with its replacement; nothing new can be applied for."""
    text = models.TextField()
    """Folded text of everything that is searched: title, items, the rest, a line each."""
    pinyin = models.TextField(default="")
    """Syllables and initials of the title (``folding.pinyin_text``)."""
    keys = ArrayField(models.IntegerField(), default=list)
    """Numbers of the characters, pairs of neighbours, pinyin parts and facet values (``folding.key``): what the index holds."""

    class Meta:
        verbose_name = "目录检索"
        indexes: ClassVar = [
            GinIndex(fields=["keys"], name="search_keys", fastupdate=False),
            models.Index(
                fields=["jurisdiction", "folded_title"],
                name="search_title",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
            models.Index(fields=["jurisdiction", "-published_on", "resource"], name="search_published"),
            models.Index(fields=["jurisdiction", "title", "resource"], name="search_by_title"),
            models.Index(fields=["department", "state", "share_type"], name="search_states"),
        ]


class SearchTerm(models.Model):
    """A word that titles or items of a jurisdiction use: what is suggested while typing, and what a slip of the hand meant."""

    jurisdiction = models.ForeignKey(Jurisdiction, models.CASCADE, related_name="+", db_index=False)
    term = models.CharField(max_length=40)
    pinyin = models.CharField(max_length=160)
    """Syllables without marks, joined."""
    initials = models.CharField(max_length=40)
    near = ArrayField(models.IntegerField())
    """Numbers of the word and of its forms less one character, and the same of its pinyin (``folding.near_keys``)."""

    class Meta:
        verbose_name = "检索词"
        constraints: ClassVar = [models.UniqueConstraint(fields=["jurisdiction", "term"], name="search_term_once")]
        indexes: ClassVar = [
            GinIndex(fields=["near"], name="search_term_near", fastupdate=False),
            models.Index(
                fields=["jurisdiction", "term"], name="search_term", opclasses=["int8_ops", "varchar_pattern_ops"]
            ),
            models.Index(
                fields=["jurisdiction", "pinyin"],
                name="search_term_pinyin",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
            models.Index(
                fields=["jurisdiction", "initials"],
                name="search_term_initials",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ]


class ReviewRecord(models.Model):
    """What a step of the review left: internal review, impact assessment, signature, attestation. Never updated."""

    resource = models.ForeignKey(Resource, models.PROTECT, related_name="reviews")
    case = models.ForeignKey(Case, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    """The requirement it meets (``law.vocabulary.REQUIREMENTS``): ``internal_review``, ``impact_assessment`` …"""
    fields = models.JSONField(default=dict)
    """Field name of the pack's form → what was written."""
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "审查记录"
        ordering: ClassVar = ["-at"]


class Autosave(models.Model):
    """自动保存: what a person has typed into the editor and not saved yet. One per person and resource."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    department = models.ForeignKey(Department, models.CASCADE, related_name="+")
    resource = models.ForeignKey(Resource, models.CASCADE, null=True, related_name="+")
    seen_revision = models.PositiveIntegerField(default=0)
    payload = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "自动保存"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "resource"], name="autosave_once"),
            models.UniqueConstraint(
                fields=["person", "department"], condition=models.Q(resource=None), name="autosave_new_once"
            ),
        ]


class ClassNode(models.Model):
    """分类: a 目 or 细目 the jurisdiction added below the pack's 类 and 项."""

    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="class_nodes")
    path = models.CharField("上级编码", max_length=24)
    """Digits of the levels above: 类 1 + 项 2 (+ 目 3)."""
    code = models.CharField("编码", max_length=12)
    title = models.CharField("名称", max_length=80)
    active = models.BooleanField("启用", default=True)
    added_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        verbose_name = "分类"
        ordering: ClassVar = ["path", "code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["jurisdiction", "path", "code"], name="class_node_once")
        ]


class Lead(models.Model):
    """牵头部门 of a base or theme library: who alone compiles its catalogue (XZ-3.1.b, JY-15.2). The latest row counts."""

    class Kind(models.TextChoices):
        BASE = "base", "基础库"
        THEME = "theme", "主题库"

    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="leads")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    library = models.CharField(max_length=40)
    """Key of the pack's ``base_libraries`` or ``theme_libraries``."""
    department = models.ForeignKey(Department, models.PROTECT, related_name="leads")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "牵头部门"
        ordering: ClassVar = ["-at", "-pk"]


class ChangeEvent(models.Model):
    """目录变更事项: a law or duty changed on a day; from then the department's clock for updating its catalogue runs."""

    class Kind(models.TextChoices):
        LAW = "law", "法律法规修改"
        DUTY = "duty", "职能变化"

    department = models.ForeignKey(Department, models.PROTECT, related_name="change_events")
    case = models.OneToOneField(Case, models.PROTECT, null=True, related_name="+")
    """Its run of ``catalogue.change``; the clock starts at ``changed_on``."""
    kind = models.CharField(max_length=10, choices=Kind.choices)
    changed_on = models.DateField("变化日期")
    basis = models.TextField("变化依据")
    note = models.TextField("变化内容", blank=True)
    resources: "models.ManyToManyField[Resource, Any]" = models.ManyToManyField(
        Resource, blank=True, related_name="change_events"
    )
    recorded_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    """When the last of its resources was filed or published, as the pack's clock ends."""

    class Meta:
        verbose_name = "目录变更事项"
        ordering: ClassVar = ["-changed_on", "-pk"]


class Retirement(models.Model):
    """停用: one resource's way out: replacement, transition, notices to everyone who uses it."""

    resource = models.ForeignKey(Resource, models.PROTECT, related_name="retirements")
    case = models.OneToOneField(Case, models.PROTECT, null=True, related_name="+")
    reason = models.TextField("停用原因")
    replacement = models.ForeignKey(Resource, models.PROTECT, null=True, blank=True, related_name="+")
    transition = models.TextField("过渡安排")
    retention = models.TextField("数据留存安排")
    ends_on = models.DateField("停用日期")
    announced_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    announced_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "停用"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["resource"],
                condition=models.Q(completed_at=None, cancelled_at=None),
                name="retirement_running_once",
            )
        ]


class RetirementNotice(models.Model):
    """停用通知 to one department that holds a grant, and its acknowledgement."""

    retirement = models.ForeignKey(Retirement, models.PROTECT, related_name="notices")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    acknowledged_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    reply = models.TextField("意见", blank=True)

    class Meta:
        verbose_name = "停用通知"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["retirement", "department"], name="retirement_notice_once")
        ]


class Upload(models.Model):
    """附件 of a resource: the basis of its share type, an internal rule. Content is kept as bytes and never executed."""

    resource = models.ForeignKey(Resource, models.PROTECT, related_name="uploads")
    purpose = models.CharField(max_length=40)
    """``share_basis``, ``open_basis``, ``change_basis`` …"""
    name = models.CharField("文件名", max_length=120)
    media_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField("字节数")
    digest = models.CharField(max_length=64)
    """SHA-256, hex."""
    content = models.BinaryField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "附件"
        ordering: ClassVar = ["-at"]


class ImportBatch(models.Model):
    """目录导入: one uploaded catalogue file (Excel template or DCAT) with what was made of it and what could not be read."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    """``template`` or ``dcat``."""
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=list)
    """Rows that were not taken: ``{"row": 12, "field": …, "what": …, "remedy": …, "code": …}``."""
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "目录导入"
        ordering: ClassVar = ["-at"]
