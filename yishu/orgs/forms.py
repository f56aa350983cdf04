"""Forms of organisations. What is right is decided by the actions; forms only read, and show which article asks."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django import forms

from yishu.kernel.references import Reference
from yishu.law import packs, values
from yishu.orgs import queries
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind


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
    active = forms.BooleanField(label="启用", required=False, help_text="停用后，本部门人员的角色不再有效")

    def __init__(
        self, jurisdiction: Jurisdiction, department: Department | None, day: date, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        view = queries.law_view(jurisdiction, day)
        kinds = values.options(view, "org_kinds")
        kind = self.fields["kind"]
        if isinstance(kind, forms.ChoiceField):
            kind.choices = [("", "请选择"), *((option.key, option.title) for option in kinds)]
        self.references = {field.name: field.reference for field in queries.required_profile(jurisdiction, day)}
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


class PersonForm(forms.Form):
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
    department = forms.ModelChoiceField(Department.objects.filter(active=True), label="所属部门", empty_label="请选择")
    email = forms.EmailField(label="邮箱", required=False, widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    roles = forms.MultipleChoiceField(
        label="角色", choices=RoleKind.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


class PersonEditForm(forms.Form):
    """An account's details."""

    name = _text("姓名", 60, autocomplete="off")
    department = forms.ModelChoiceField(
        Department.objects.filter(active=True),
        label="所属部门",
        empty_label="请选择",
        help_text="调离部门时，在原部门的角色随之收回",
    )
    email = forms.EmailField(label="邮箱", required=False)
    active = forms.BooleanField(label="启用账号", required=False)


class RoleForm(forms.Form):
    """A role to grant."""

    kind = forms.ChoiceField(label="角色", choices=RoleKind.choices)
    department = forms.ModelChoiceField(Department.objects.filter(active=True), label="在哪个部门", empty_label=None)


class ClientForm(forms.Form):
    """A machine client to make."""

    department = forms.ModelChoiceField(Department.objects.none(), label="所属部门", empty_label=None)
    name = _text("名称", 80, help_text="写明是哪个系统在用，如“不动产登记系统”", autocomplete="off")


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

    def clean_again(self) -> str:
        """Both must be the same."""
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password"):
            raise forms.ValidationError("两次输入的密码不一致")
        return again


def usable_packs() -> list[tuple[str, str]]:
    """The packs a platform can run: those with organisation kinds and procedures of their own; id and words."""
    found = []
    for pack_id in packs.pack_ids():
        pack = packs.load(pack_id)
        if "options.org_kinds" in pack.values and any(key.startswith("procedures.") for key in pack.values):
            found.append((pack_id, f"{pack.name}（{pack.instrument}）"))
    return found
