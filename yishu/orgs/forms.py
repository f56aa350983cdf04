"""Forms of organisations. What is right is decided by the actions; forms only read, and show which article asks."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.validators import MaxValueValidator
from django.db.models import QuerySet
from django.utils import timezone

from yishu.kernel.references import Reference
from yishu.kernel.time import SHANGHAI, shanghai_date
from yishu.law import packs
from yishu.orgs import queries, rules
from yishu.orgs.models import Area, Department, Jurisdiction, Person, RoleKind

LATEST = date(2199, 12, 31)
"""Last day a form takes: beyond it dates are mistyped."""


def _text(label: str, length: int, *, help_text: str = "", required: bool = True, **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=length, required=required, help_text=help_text, widget=forms.TextInput(attrs=attrs)
    )


def _password(label: str, autocomplete: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=128,
        strip=False,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


PASSWORD_HELP = "至少 10 位，不能全是数字，不能是常见密码，不能与登录名相近"  # noqa: S105  (a hint, not a password)


class DepartmentForm(forms.Form):
    """A department's profile; the fields XW-5.2 asks for carry their article."""

    references: Mapping[str, Reference]

    name = _text("名称", 120)
    short_name = _text("简称", 40, required=False)
    uscc = _text("统一社会信用代码", 18, spellcheck="false")
    kind = forms.ChoiceField(label="部门类别")
    is_authority = forms.BooleanField(label="是数据主管部门", required=False)
    unit = _text("专职机构", 120, required=False, help_text="负责政务数据工作的内设机构，如“信息中心”")
    responsible = forms.ModelChoiceField(
        Person.objects.none(), label="主要负责人", required=False, empty_label="（未明确）"
    )
    officers = forms.ModelMultipleChoiceField(
        Person.objects.none(), label="专职人员", required=False, widget=forms.CheckboxSelectMultiple
    )
    parent = forms.ModelChoiceField(
        Department.objects.none(),
        label="上级部门",
        required=False,
        empty_label="（无）",
        help_text="内设机构、下属单位填写",
    )
    area = forms.ModelChoiceField(Area.objects.none(), label="片区", required=False, empty_label="（不属于片区）")
    active = forms.BooleanField(label="启用", required=False, help_text="停用后，本部门人员的角色不再有效")

    def __init__(
        self, jurisdiction: Jurisdiction, department: Department | None, day: date, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        kinds = queries.kinds_of(jurisdiction, day)
        kind = self.fields["kind"]
        if isinstance(kind, forms.ChoiceField):
            kind.choices = [("", "请选择"), *((option.key, option.title) for option in kinds)]
        self.references = {}
        self.texts: list[str] = []
        for asked in queries.required_profile(jurisdiction, day):
            name = asked.name
            if name not in self.fields:
                name = f"text_{asked.name}"
                self.texts.append(asked.name)
                self.fields[name] = forms.CharField(
                    label=asked.title, max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": "3"})
                )
            self.fields[name].label = asked.title
            self.references = {**self.references, name: asked.reference}
        self._limit(jurisdiction, department)
        if kinds:
            self.references = {**self.references, "kind": kinds[0].reference}
        if department is None:
            for name in ("responsible", "officers", "active"):
                del self.fields[name]
            return
        people = Person.objects.filter(department=department, is_active=True).order_by("name")
        for name in ("responsible", "officers"):
            field = self.fields[name]
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = people
        if not people:
            self.fields["responsible"].help_text = "本部门还没有登记人员，请先在“人员与角色”中登记"

    def _limit(self, jurisdiction: Jurisdiction, department: Department | None) -> None:
        others = Department.objects.filter(jurisdiction=jurisdiction, active=True)
        areas = Area.objects.filter(jurisdiction=jurisdiction).order_by("name")
        for name, rows in (("parent", others.exclude(pk=department.pk) if department else others), ("area", areas)):
            field = self.fields[name]
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = rows
        if not areas:
            del self.fields["area"]

    def text_fields(self) -> list[forms.BoundField]:
        """The further texts the pack asks for."""
        return [self[f"text_{name}"] for name in self.texts]

    def given(self) -> dict[str, Any]:
        """What was typed, as ``orgs.actions`` takes it."""
        given = {k: v for k, v in self.cleaned_data.items() if not k.startswith("text_")}
        if self.texts:
            given["profile"] = {name: self.cleaned_data.get(f"text_{name}", "") for name in self.texts}
        return given


class InTenant(forms.Form):
    """A form whose departments are those of one tenant."""

    def limit(self, departments: QuerySet[Department]) -> None:
        """Offer only these departments, the active ones."""
        field = self.fields["department"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = departments.filter(active=True)


GRANTABLE = [(key, label) for key, label in RoleKind.choices if key != RoleKind.PUBLIC]
"""Roles an administrator gives; the public has no accounts."""


class PersonForm(InTenant):
    """A new account."""

    username = _text(
        "登录名",
        40,
        help_text="建议用姓名拼音或工号；不要用身份证件号码或手机号码",
        autocomplete="off",
        autocapitalize="none",
        spellcheck="false",
    )
    name = _text("姓名", 60, autocomplete="off")
    department = forms.ModelChoiceField(Department.objects.none(), label="所属部门", empty_label="请选择")
    email = forms.EmailField(label="邮箱", required=False, widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    roles = forms.MultipleChoiceField(
        label="角色",
        choices=[(key, label) for key, label in GRANTABLE if key not in rules.ALONE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="技术服务单位、监督检查角色有期限和范围，登记后在人员页授予",
    )


class PersonEditForm(InTenant):
    """An account's details."""

    name = _text("姓名", 60, autocomplete="off")
    department = forms.ModelChoiceField(
        Department.objects.none(),
        label="所属部门",
        empty_label="请选择",
        help_text="调离部门时，在原部门的角色随之收回",
    )
    email = forms.EmailField(label="邮箱", required=False)
    active = forms.BooleanField(label="启用账号", required=False)


class RoleForm(InTenant):
    """A role to grant, with its term, an inspector's office and a vendor's work."""

    kind = forms.ChoiceField(label="角色", choices=GRANTABLE)
    department = forms.ModelChoiceField(Department.objects.none(), label="在哪个部门", empty_label=None)
    until = forms.DateField(
        label="有效至（含当日）",
        required=False,
        validators=[MaxValueValidator(LATEST, "日期过晚")],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    office = forms.ChoiceField(label="检查部门", choices=[("", "—"), *rules.OFFICES.items()], required=False)
    scope = forms.MultipleChoiceField(
        label="委托事项", choices=list(rules.VENDOR_WORK.items()), required=False, widget=forms.CheckboxSelectMultiple
    )

    def given(self) -> dict[str, Any]:
        """What was chosen, as ``accounts.grant_role`` takes it; a last day ends with the day (Asia/Shanghai)."""
        until = self.cleaned_data.get("until")
        return {**self.cleaned_data, "until": end_of(until) if until else None}


class ClientForm(forms.Form):
    """A machine client to make."""

    department = forms.ModelChoiceField(Department.objects.none(), label="所属部门", empty_label=None)
    name = _text("名称", 80, help_text="写明是哪个系统在用，如“不动产登记系统”", autocomplete="off")


def end_of(day: date) -> datetime:
    """The moment a day (Asia/Shanghai) is over."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)


class PasswordForm(forms.Form):
    """A person's own new password."""

    old = _password("现在的密码", "current-password")
    new = _password("新密码", "new-password", PASSWORD_HELP)
    again = _password("再输一次新密码", "new-password")

    def clean_again(self) -> str:
        """Both must be the same."""
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("new"):
            raise forms.ValidationError("两次输入的新密码不一致")
        return again


class SetupForm(forms.Form):
    """The first visit."""

    references: ClassVar[Mapping[str, Reference]] = {}

    code = _text(
        "初始化码",
        80,
        help_text="启动平台时显示；也保存在平台目录的 keys/setup-code 文件中",
        autocomplete="off",
        spellcheck="false",
    )
    pack = forms.ChoiceField(label="行政区域", help_text="平台按该区域的办法办事；文本未收录的区域不能选")
    mode = forms.ChoiceField(
        label="适用方式",
        choices=Jurisdiction.Mode.choices,
        widget=forms.RadioSelect,
        help_text="国家条例与本级文本不一致时，叠加按规则包逐条写明的取舍办理，本级文本只按本级办法；以后可以改，已受理的事项不受影响",
    )
    department = _text("数据主管部门名称", 120)
    uscc = _text("该部门的统一社会信用代码", 18, spellcheck="false")
    username = _text(
        "登录名",
        40,
        help_text="建议用姓名拼音或工号",
        autocomplete="username",
        autocapitalize="none",
        spellcheck="false",
    )
    name = _text("姓名", 60, autocomplete="name")
    password = _password("密码", "new-password", PASSWORD_HELP)
    again = _password("再输一次密码", "new-password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["pack"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(usable_packs())
        self.fields["mode"].initial = usual_mode(shanghai_date(timezone.now()))

    def clean_again(self) -> str:
        """Both must be the same."""
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password"):
            raise forms.ValidationError("两次输入的密码不一致")
        return again


def usual_mode(day: date) -> str:
    """How a jurisdiction founded on a day usually stands: overlaid from the first day an overlay of a usable pack applies."""
    overlays = (packs.load(pack_id).overlay for pack_id, _ in usable_packs())
    begun = any(overlay is not None and overlay.since <= day for overlay in overlays)
    return Jurisdiction.Mode.OVERLAID if begun else Jurisdiction.Mode.AS_WRITTEN


def usable_packs() -> list[tuple[str, str]]:
    """The packs a platform can run: those with organisation kinds and procedures of their own; id and words."""
    found = []
    for pack_id in packs.pack_ids():
        pack = packs.load(pack_id)
        if "options.org_kinds" in pack.values and any(key.startswith("procedures.") for key in pack.values):
            found.append((pack_id, f"{pack.name}（{pack.instrument}）"))
    return found
