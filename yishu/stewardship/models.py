"""Demands, responsibility lists, joint collection, mapped tables, sources of data, collection plans, material lists."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from yishu.cases.models import Case
from yishu.catalogue.models import Resource
from yishu.orgs.models import Department, Jurisdiction, Person
from yishu.registers.models import Entry


class Demand(models.Model):
    """需求: one entry of a department's demand list: data it needs from another department (XW-8.2, JY-16.2)."""

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        SUBMITTED = "submitted", "待审核"
        RETURNED = "returned", "已退回"
        APPROVED = "approved", "已列入，待对接"
        MATCHED = "matched", "已匹配目录"
        ASSIGNED = "assigned", "已转采集责任"
        UPWARD = "upward", "已转上级需求"
        WITHDRAWN = "withdrawn", "已撤回"

    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="demands")
    department = models.ForeignKey(Department, models.PROTECT, related_name="demands", verbose_name="需求部门")
    target = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="demands_on", verbose_name="数据所在部门"
    )
    """None: not known yet."""
    title = models.CharField("需求资源名称", max_length=120)
    items = ArrayField(models.CharField(max_length=80), default=list, verbose_name="需求信息项")
    basis = models.TextField("履职依据", blank=True)
    purpose = models.TextField("用途", blank=True)
    fields = models.JSONField("其他内容", default=dict, blank=True)
    """What else the pack's form ``demand`` demands, by field name."""
    state = models.CharField("状态", max_length=20, choices=State.choices, default=State.DRAFT)
    resource = models.ForeignKey(Resource, models.PROTECT, null=True, blank=True, related_name="demands")
    """The published resource that meets it, once matched."""
    duty_of = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="demand_duties")
    """The department whose responsibility list it was put on, once assigned."""
    case = models.OneToOneField(Case, models.PROTECT, null=True, blank=True, related_name="+")
    """Its run of the pack's procedure ``demand.list``; None where the law sets none."""
    revision = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "需求"
        indexes: ClassVar = [
            models.Index(fields=["jurisdiction", "state", "-updated_at"], name="demand_state"),
            models.Index(fields=["department", "-updated_at"], name="demand_department"),
        ]

    def __str__(self) -> str:
        return self.title


class DemandEvent(models.Model):
    """One thing that happened to a demand. Never updated."""

    demand = models.ForeignKey(Demand, models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    verb = models.CharField(max_length=20)
    """Key of ``demand_rules.VERBS``."""
    state = models.CharField(max_length=20)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "需求记录"
        ordering: ClassVar = ["seq"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["demand", "seq"], name="demand_event_once")]


class ResponsibilityList(models.Model):
    """采集责任清单 of a department: ``number`` is its current version. Entries tell in which versions they stand."""

    department = models.OneToOneField(Department, models.PROTECT, primary_key=True, related_name="responsibility_list")
    number = models.PositiveIntegerField("版本", default=0)

    class Meta:
        verbose_name = "责任清单"


class ResponsibilityVersion(models.Model):
    """One version of a responsibility list: what caused it, who acknowledged it. Only the acknowledgement is added later."""

    class Cause(models.TextChoices):
        PUBLICATION = "publication", "目录发布"
        RETIREMENT = "retirement", "资源停用"
        DEMAND = "demand", "需求转为责任"
        SOURCE = "source", "数源确定"
        REBUILD = "rebuild", "依总目录分解"

    listing = models.ForeignKey(ResponsibilityList, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField("版本")
    cause = models.CharField("形成原因", max_length=20, choices=Cause.choices)
    subject = models.CharField("涉及事项", max_length=200, blank=True)
    added = models.PositiveIntegerField("增加", default=0)
    ended = models.PositiveIntegerField("减少", default=0)
    made_at = models.DateTimeField()
    acknowledged_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "责任清单版本"
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["listing", "number"], name="responsibility_version_once")
        ]


class Responsibility(models.Model):
    """采集责任: one line of a responsibility list, standing in the versions ``since`` ≤ n < ``until``."""

    class Kind(models.TextChoices):
        RESOURCE = "resource", "已编目资源"
        DEMAND = "demand", "需求转入"
        SOURCE = "source", "数源确定"

    listing = models.ForeignKey(ResponsibilityList, models.PROTECT, related_name="entries")
    kind = models.CharField("来源", max_length=20, choices=Kind.choices)
    subject_id = models.BigIntegerField()
    """Primary key of the resource, demand or cluster."""
    resource = models.ForeignKey(Resource, models.PROTECT, null=True, blank=True, related_name="responsibilities")
    title = models.CharField("数据资源", max_length=120)
    code = models.CharField("代码", max_length=60, blank=True)
    elements = ArrayField(models.CharField(max_length=80), default=list, verbose_name="数据元素")
    cadence = models.CharField("更新周期", max_length=20, blank=True)
    unit = models.CharField("责任单位", max_length=120, blank=True)
    basis = models.CharField("依据", max_length=300, blank=True)
    since = models.PositiveIntegerField()
    until = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = "采集责任"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["listing", "kind", "subject_id"], condition=models.Q(until=None), name="responsibility_once"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["listing", "until", "title"], name="responsibility_list")]


class JointCollection(models.Model):
    """联合采集登记: a datum several departments collect together, with what each brings (JY-22)."""

    class State(models.TextChoices):
        OPEN = "open", "协商中"
        AGREED = "agreed", "已达成一致"
        DECLINED = "declined", "有部门不同意"
        ENDED = "ended", "已终止"

    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="joint_collections")
    title = models.CharField("采集事项", max_length=120)
    lead = models.ForeignKey(Department, models.PROTECT, related_name="joint_leads", verbose_name="牵头部门")
    arrangement = models.TextField("职责分工", blank=True)
    fields = models.JSONField(default=dict, blank=True)
    """What else the pack's form ``joint.collection`` demands, by field name."""
    state = models.CharField("状态", max_length=20, choices=State.choices, default=State.OPEN)
    revision = models.PositiveIntegerField(default=0)
    """Every change of the split asks all parties again."""
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "联合采集"
        ordering: ClassVar = ["-updated_at", "-pk"]


class JointParty(models.Model):
    """参与方: one department's part in a joint collection and its answer."""

    class Consent(models.TextChoices):
        ASKED = "asked", "待确认"
        AGREED = "agreed", "同意"
        DECLINED = "declined", "不同意"

    joint = models.ForeignKey(JointCollection, models.CASCADE, related_name="parties")
    department = models.ForeignKey(Department, models.PROTECT, related_name="joint_parts", verbose_name="部门")
    elements = ArrayField(models.CharField(max_length=80), default=list, verbose_name="负责的数据元素")
    consent = models.CharField("意见", max_length=10, choices=Consent.choices, default=Consent.ASKED)
    note = models.CharField("说明", max_length=500, blank=True)
    by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "联合采集参与方"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["joint", "department"], name="joint_party_once")]


class TableMapping(models.Model):
    """数据表对应: a registered system table and the resource that covers it, or why it is no data of duty. The latest row counts."""

    class Ruling(models.TextChoices):
        COVERED = "covered", "已编入目录"
        NOT_DUTY = "not_duty", "不属于履职数据"

    department = models.ForeignKey(Department, models.PROTECT, related_name="table_mappings")
    table = models.ForeignKey(Entry, models.PROTECT, related_name="mappings", verbose_name="数据表")
    """An entry of the register ``data_table``."""
    ruling = models.CharField("结论", max_length=20, choices=Ruling.choices)
    resource = models.ForeignKey(Resource, models.PROTECT, null=True, blank=True, related_name="table_mappings")
    reason = models.CharField("理由", max_length=500, blank=True)
    current = models.BooleanField(default=True)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "数据表对应"
        ordering: ClassVar = ["-at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["table"], condition=models.Q(current=True), name="table_mapping_once")
        ]


class Term(models.Model):
    """名称: a folded item name that occurs in a jurisdiction, with what it is found by. Names are few, items are many."""

    jurisdiction = models.ForeignKey(Jurisdiction, models.CASCADE, related_name="+")
    normal = models.CharField(max_length=80)
    meaning = models.CharField(max_length=120)
    """Canonical words of the synonym table in a fixed order."""
    near = ArrayField(models.CharField(max_length=80))
    """The name and the name less one character: two names one edit apart share a member."""

    class Meta:
        verbose_name = "信息项名称"
        constraints: ClassVar = [models.UniqueConstraint(fields=["jurisdiction", "normal"], name="term_once")]
        indexes: ClassVar = [
            models.Index(fields=["jurisdiction", "meaning"], name="term_meaning"),
            GinIndex(fields=["near"], name="term_near", fastupdate=False),
        ]


class Datum(models.Model):
    """数据元: one item of a published resource as the one-source registry compares it. Rewritten at every publication."""

    jurisdiction = models.ForeignKey(Jurisdiction, models.CASCADE, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    resource = models.ForeignKey(Resource, models.CASCADE, related_name="data")
    column = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    normal = models.CharField(max_length=80)
    data_type = models.CharField(max_length=1)
    subject_kind = models.CharField(max_length=20, blank=True)
    title = models.CharField(max_length=120)

    class Meta:
        verbose_name = "数据元"
        constraints: ClassVar = [models.UniqueConstraint(fields=["resource", "column"], name="datum_once")]
        indexes: ClassVar = [models.Index(fields=["jurisdiction", "normal", "department"], name="datum_name")]


class Cluster(models.Model):
    """疑似同源: items of different departments that look like one datum, and the authority's decision which is the source."""

    class State(models.TextChoices):
        OPEN = "open", "待判定"
        DECIDED = "decided", "已确定数源"
        DISTINCT = "distinct", "不是同一数据"

    class Scope(models.TextChoices):
        SIMILAR = "similar", "同类资源中的该数据"
        EVERYWHERE = "everywhere", "凡同一主体的该数据"

    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="clusters")
    name = models.CharField("数据元", max_length=80)
    normal = models.CharField(max_length=80)
    meaning = models.CharField(max_length=120)
    subject_kind = models.CharField(max_length=20, blank=True)
    state = models.CharField("状态", max_length=20, choices=State.choices, default=State.OPEN)
    scope = models.CharField("适用范围", max_length=20, choices=Scope.choices, default=Scope.SIMILAR)
    score = models.FloatField("相似度", default=0)
    """Of its most alike pair, 0 to 1."""
    source = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="source_of")
    reason = models.TextField("理由", blank=True)
    reference = models.JSONField(default=dict, blank=True)
    """The article the decision rests on (``Reference.as_dict``)."""
    revision = models.PositiveIntegerField(default=0)
    found_at = models.DateTimeField()
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "一数一源"
        indexes: ClassVar = [
            models.Index(fields=["jurisdiction", "state", "-score"], name="cluster_state"),
            models.Index(fields=["jurisdiction", "meaning"], name="cluster_meaning"),
        ]


class Member(models.Model):
    """One item in a cluster: how alike it is to the others, and what was decided about it."""

    class Ruling(models.TextChoices):
        OPEN = "", "待判定"
        SOURCE = "source", "权威来源"
        USE = "use", "通过共享获取"
        EXCEPTED = "excepted", "依法另行采集"
        DISTINCT = "distinct", "不是同一数据"

    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="members")
    datum = models.OneToOneField(Datum, models.CASCADE, related_name="member")
    score = models.FloatField("相似度")
    evidence = models.JSONField("证据", default=dict)
    """``name``, ``meaning``, ``context``, ``values``: 0 to 1 each; ``words``: what they rest on, in Chinese."""
    ruling = models.CharField("结论", max_length=10, choices=Ruling.choices, blank=True, default="")
    basis = models.CharField("另行采集的依据", max_length=300, blank=True)

    class Meta:
        verbose_name = "疑似成员"
        ordering: ClassVar = ["-score", "pk"]


class Profile(models.Model):
    """数值画像: a keyed sketch of one item's values, from which no value can be read. Replaced by a newer one."""

    datum = models.OneToOneField(Datum, models.CASCADE, related_name="profile")
    sketch = models.JSONField()
    """``sketches.Sketch`` as JSON."""
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = "数值画像"


class CollectionPlan(models.Model):
    """拟采集事项: what a department means to collect, and what the check found already shareable. Never updated."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="collection_plans")
    title = models.CharField("采集事项", max_length=120)
    elements = ArrayField(models.CharField(max_length=80), verbose_name="拟采集的数据")
    exceptions = models.JSONField(default=dict, blank=True)
    """Element → legal basis for collecting it all the same."""
    found = models.JSONField(default=list)
    """What was shareable at that time: element, resource, code, department, score."""
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "拟采集事项"
        ordering: ClassVar = ["-at", "-pk"]


class ServiceItem(models.Model):
    """服务事项 with the materials an applicant is asked for (XW-23)."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="service_items", verbose_name="实施部门")
    name = models.CharField("服务事项", max_length=120)
    code = models.CharField("事项编码", max_length=60, blank=True)
    revision = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "服务事项"
        constraints: ClassVar = [models.UniqueConstraint(fields=["department", "name"], name="service_item_once")]


class Material(models.Model):
    """申请材料 of a service item: obtainable by sharing, excused by law from that, or to be asked for."""

    class Ruling(models.TextChoices):
        OBTAINABLE = "obtainable", "可共享获取，不得要求提交"
        EXCUSED = "excused", "依法仍须提交"
        ASK = "ask", "须申请人提交"

    service = models.ForeignKey(ServiceItem, models.CASCADE, related_name="materials")
    name = models.CharField("材料", max_length=120)
    ruling = models.CharField("结论", max_length=12, choices=Ruling.choices)
    resource = models.ForeignKey(Resource, models.PROTECT, null=True, blank=True, related_name="+")
    """Where it can be had from."""
    evidence = models.JSONField(default=dict, blank=True)
    basis = models.CharField("仍须提交的依据", max_length=300, blank=True)

    class Meta:
        verbose_name = "申请材料"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["service", "name"], name="material_once")]


class MaterialComplaint(models.Model):
    """重复提交投诉: a service window asked for something the platform could give (a finding under XW-35.3). Never updated."""

    service = models.ForeignKey(ServiceItem, models.PROTECT, related_name="complaints")
    material = models.CharField("材料", max_length=120)
    resource = models.ForeignKey(Resource, models.PROTECT, null=True, blank=True, related_name="+")
    founded = models.BooleanField("平台可获取", default=False)
    """Whether the checker held the material obtainable when the complaint came."""
    text = models.TextField("情况说明")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "重复提交投诉"
        ordering: ClassVar = ["-at", "-pk"]
