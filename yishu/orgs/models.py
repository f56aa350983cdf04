"""Jurisdictions, departments, people, roles and machine clients. Rows are written by ``orgs.actions`` only."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from yishu.law.packs import Law


class Jurisdiction(models.Model):
    """行政区域: one government with its regulation pack; the tenant everything else belongs to."""

    class Mode(models.TextChoices):
        AS_WRITTEN = "as_written", "本级文本"
        OVERLAID = "overlaid", "叠加国家条例"

    pack = models.CharField("规则包", max_length=80)
    division_code = models.CharField("行政区划代码", max_length=12)
    name = models.CharField("名称", max_length=80, unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="lower", verbose_name="上级")
    """The city whose platform a county's logical platform stands on (XZ-1.1, XZ-1.4); None for a platform of its own."""
    mode = models.CharField("适用方式", max_length=20, choices=Mode.choices, default=Mode.OVERLAID)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "行政区域"

    def __str__(self) -> str:
        return self.name

    @property
    def law(self) -> Law:
        """Which law stands here: the pack, alone or under the national regulation."""
        return Law(self.pack, self.mode)


class JurisdictionChange(models.Model):
    """区域变更: one recorded change of how a jurisdiction is run (mode, area …) with its reason. Never updated."""

    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="changes")
    at = models.DateTimeField()
    by = models.ForeignKey("Person", models.PROTECT, null=True, related_name="+")
    field = models.CharField(max_length=40)
    before = models.CharField(max_length=200, blank=True)
    after = models.CharField(max_length=200, blank=True)
    reason = models.CharField("理由", max_length=500, blank=True)

    class Meta:
        verbose_name = "区域变更"
        ordering: ClassVar = ["at", "id"]

    @property
    def field_words(self) -> str:
        """The changed field in Chinese."""
        return {"created": "建立", "mode": "适用方式", "area": "片区", "area_name": "片区名称"}.get(
            self.field, self.field
        )


class Area(models.Model):
    """片区: a zone inside a jurisdiction with an authority of its own but no logical platform (忻州经开区, XZ-1.4)."""

    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="areas")
    name = models.CharField("名称", max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "片区"
        constraints: ClassVar = [models.UniqueConstraint(fields=["jurisdiction", "name"], name="area_name_once")]

    def __str__(self) -> str:
        return self.name


VENDOR_KIND = "vendor"
"""The kind of a technical service provider (技术服务单位): no department of the government, whether or not the pack lists it."""


class Department(models.Model):
    """部门: provider and consumer at once. ``kind`` is a key of the pack's organisation kinds (``org_kinds``)."""

    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="departments")
    name = models.CharField("名称", max_length=120)
    short_name = models.CharField("简称", max_length=40, blank=True)
    uscc = models.CharField("统一社会信用代码", max_length=18)
    kind = models.CharField("部门类别", max_length=40)
    is_authority = models.BooleanField("数据主管部门", default=False)
    unit = models.CharField("专职机构", max_length=120, blank=True)
    responsible = models.ForeignKey(
        "Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="主要负责人"
    )
    officers: "models.ManyToManyField[Person, Any]" = models.ManyToManyField(
        "Person", blank=True, related_name="+", verbose_name="专职人员"
    )
    active = models.BooleanField("启用", default=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="units", verbose_name="上级部门"
    )
    """The department an inner unit (内设机构) or subordinate institution (下属单位) belongs to."""
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="departments", verbose_name="片区"
    )
    """The zone whose authority looks after the department; an authority with an area is that area's alone."""
    profile = models.JSONField("职责制度", default=dict, blank=True)
    """Further texts of the profile the pack's ``department.profile`` names: field name → text (XZ-7.1)."""
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "部门"
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["jurisdiction", "uscc"], name="department_uscc_once"),
            models.UniqueConstraint(fields=["jurisdiction", "name"], name="department_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


CHANGE_WORDS = {
    "created": "登记",
    "name": "名称",
    "short_name": "简称",
    "uscc": "统一社会信用代码",
    "kind": "部门类别",
    "is_authority": "数据主管部门",
    "unit": "专职机构",
    "responsible": "主要负责人",
    "officers": "专职人员",
    "active": "启用",
    "parent": "上级部门",
    "area": "片区",
    "profile": "职责制度",
}
"""What a row of a department's history is about, in words."""


class DepartmentChange(models.Model):
    """One recorded change of a department's profile (XW-5.2 keeps the history). Never updated."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="changes")
    at = models.DateTimeField()
    by = models.ForeignKey("Person", models.PROTECT, null=True, related_name="+")
    field = models.CharField(max_length=40)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)

    class Meta:
        verbose_name = "部门变更"
        ordering: ClassVar = ["at", "id"]

    @property
    def field_words(self) -> str:
        """The changed field in Chinese."""
        return CHANGE_WORDS.get(self.field, self.field)


class People(BaseUserManager["Person"]):
    """Finds people by sign-in name, as Django's authentication asks."""

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(username=username)


class Person(AbstractBaseUser):
    """人员: signs in with a name and a password; what they may do follows from their roles."""

    username = models.CharField("登录名", max_length=60, unique=True)
    name = models.CharField("姓名", max_length=60)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="people")
    email = models.EmailField("邮箱", blank=True)
    is_active = models.BooleanField("启用", default=True)
    must_change_password = models.BooleanField("须改密码", default=False)
    """The password was made by somebody else; until the person sets their own, no other page opens."""
    email_reminders = models.BooleanField("邮件提醒", default=True)
    created_at = models.DateTimeField()

    objects = People()
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = []

    class Meta:
        verbose_name = "人员"

    def __str__(self) -> str:
        return self.name


class RoleKind(models.TextChoices):
    """What a person may do; keys are those the packs' procedures name as ``role``."""

    AUTHORITY = "authority", "数据主管"
    PROVIDER = "provider", "提供方经办"
    CONSUMER = "consumer", "使用方经办"
    RESPONSIBLE = "responsible", "主要负责人"
    AUDITOR = "auditor", "审计"
    ADMIN = "admin", "系统管理"
    REVIEWER = "reviewer", "部门审核人"
    OFFICE_HEAD = "office_head", "共享工作机构负责人"
    SECRECY_REVIEWER = "secrecy_reviewer", "保密审查员"
    DELEGATE = "delegate", "授权代理方"
    OPERATOR = "operator", "平台运维"
    VENDOR = "vendor", "技术服务单位"
    INSPECTOR = "inspector", "监督检查"
    LEADER = "leader", "领导小组"
    GOVERNMENT = "government", "本级政府"
    UPPER = "upper", "上级主管"
    PUBLIC = "public", "社会公众"


class Role(models.Model):
    """A role a person holds in a department, from ``granted_at`` until ``revoked_at`` or ``until``, whichever is first."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="roles")
    department = models.ForeignKey(Department, models.PROTECT, related_name="roles")
    kind = models.CharField(max_length=20, choices=RoleKind.choices)
    granted_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField("有效至", null=True, blank=True)
    """End of a role given for a term: a vendor's (JY-10), an inspection's. None: until revoked."""
    office = models.CharField("检查部门", max_length=20, blank=True)
    """For inspectors: ``secrecy``, ``cyber``, ``audit`` or ``finance`` (保密、网信、审计、财政)."""
    scope = models.JSONField("范围", default=list, blank=True)
    """For vendors: the keys of the work they were given (``orgs.rules.VENDOR_WORK``); empty: nothing."""

    class Meta:
        verbose_name = "角色"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "department", "kind"],
                condition=models.Q(revoked_at=None),
                name="role_held_once",
            ),
        ]


class Client(models.Model):
    """机器客户端: a program of a department. ``secret_digest`` is SHA-256 (hex) of a 256-bit random secret shown once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    department = models.ForeignKey(Department, models.PROTECT, related_name="clients")
    name = models.CharField("名称", max_length=80)
    client_id = models.CharField(max_length=64, unique=True)
    secret_digest = models.CharField(max_length=64)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "机器客户端"
        ordering: ClassVar = ["name"]


class Substitute(models.Model):
    """AB角: who stands in for a person, with which roles, from when until when. Clocks run on during leave."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="substitutes")
    substitute = models.ForeignKey(Person, models.PROTECT, related_name="stands_in_for")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    kinds = models.JSONField("代行角色", default=list)
    since = models.DateTimeField("自")
    until = models.DateTimeField("至")
    note = models.CharField("说明", max_length=200, blank=True)
    made_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "AB角"
        ordering: ClassVar = ["-since"]


class HandOver(models.Model):
    """工作移交: the roles one person gave to another for good. Never updated."""

    giver = models.ForeignKey(Person, models.PROTECT, related_name="+")
    taker = models.ForeignKey(Person, models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    kinds = models.JSONField(default=list)
    note = models.CharField("移交说明", max_length=500, blank=True)
    open_cases = models.PositiveIntegerField(default=0)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "工作移交"
        ordering: ClassVar = ["-at"]


class CalendarNotice(models.Model):
    """节假日安排通知: the State Council's notice of one year. Replaced by a newer row of the same year, never updated."""

    year = models.PositiveSmallIntegerField("年份")
    title = models.CharField("通知名称", max_length=120)
    off = models.JSONField("放假日")
    """ISO date → holiday's Chinese name."""
    worked = models.JSONField("调休上班日")
    digest = models.CharField(max_length=64)
    """SHA-256 (hex) of the imported file or of the form's days."""
    imported_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    imported_at = models.DateTimeField()

    class Meta:
        verbose_name = "节假日安排"
        ordering: ClassVar = ["-year", "-id"]


class SavedView(models.Model):
    """常用筛选: a list's filters a person saved under a name; ``query`` is the URL's query string."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=80)
    """Path of the list, e.g. ``/catalogue/``."""
    name = models.CharField("名称", max_length=40)
    query = models.CharField(max_length=1000)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "常用筛选"
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "page", "name"], name="saved_view_once")]
