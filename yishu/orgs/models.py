"""Jurisdictions, departments, people, roles and machine clients. Rows are written by ``orgs.actions`` only."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Jurisdiction(models.Model):
    """行政区域: one government with its regulation pack; the tenant everything else belongs to."""

    class Mode(models.TextChoices):
        AS_WRITTEN = "as_written", "本级文本"
        OVERLAID = "overlaid", "叠加国家条例"

    pack = models.CharField("规则包", max_length=80, unique=True)
    division_code = models.CharField("行政区划代码", max_length=12)
    name = models.CharField("名称", max_length=80)
    mode = models.CharField("适用方式", max_length=20, choices=Mode.choices, default=Mode.OVERLAID)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "行政区域"

    def __str__(self) -> str:
        return self.name


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


class Role(models.Model):
    """A role a person holds in a department, from ``granted_at`` until ``revoked_at``."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="roles")
    department = models.ForeignKey(Department, models.PROTECT, related_name="roles")
    kind = models.CharField(max_length=20, choices=RoleKind.choices)
    granted_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

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
