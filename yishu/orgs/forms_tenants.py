"""Forms of tenants and duties: founding a jurisdiction, mode of the law, areas, substitutes, hand-over."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator
from django.db.models import QuerySet

from yishu.kernel.references import Reference
from yishu.kernel.time import SHANGHAI
from yishu.law import packs, values
from yishu.orgs.forms import LATEST, end_of, usable_packs
from yishu.orgs.models import Jurisdiction, Person, RoleKind


class FoundingForm(forms.Form):
    """A further tenant with its authority and first administrator."""

    references: Mapping[str, Reference]

    pack = forms.ChoiceField(label="规则包", help_text="下级共享逻辑平台可用上级的规则包，或以其为上级的规则包")
    name = forms.CharField(label="名称", max_length=80, required=False, help_text="不填则用规则包的名称")
    parent = forms.ModelChoiceField(
        Jurisdiction.objects.none(),
        label="上级",
        required=False,
        empty_label="（无上级，独立平台）",
        help_text="依托上级平台的共享逻辑平台须选上级",
    )
    mode = forms.ChoiceField(
        label="适用方式",
        choices=Jurisdiction.Mode.choices,
        initial=Jurisdiction.Mode.OVERLAID,
        widget=forms.RadioSelect,
    )
    department = forms.CharField(label="数据主管部门名称", max_length=120)
    uscc = forms.CharField(
        label="统一社会信用代码", max_length=18, widget=forms.TextInput(attrs={"spellcheck": "false"})
    )
    person_name = forms.CharField(label="系统管理员姓名", max_length=60)
    username = forms.CharField(
        label="登录名",
        max_length=40,
        help_text="建议用姓名拼音或工号；初始密码显示一次",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, parents: QuerySet[Jurisdiction], needs_parent: bool, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.references = {}
        pack, parent = self.fields["pack"], self.fields["parent"]
        if isinstance(pack, forms.ChoiceField):
            pack.choices = [("", "请选择"), *usable_packs()]
        if isinstance(parent, forms.ModelChoiceField):
            parent.queryset = parents.order_by("name")
            parent.required = needs_parent
            if needs_parent:
                parent.empty_label = None

    def kind(self, day: date) -> str:
        """The kind of organisation an authority is: the first the chosen pack lists."""
        listed = values.options(packs.load(self.cleaned_data["pack"]).at(day), "org_kinds")
        return next((o.key for o in listed if o.key == "government"), listed[0].key)


class ModeForm(forms.Form):
    """Another mode of the law, with the reason."""

    mode = forms.ChoiceField(label="适用方式", choices=Jurisdiction.Mode.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="理由",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": "3"}),
        help_text="写入变更记录；已在办理的办件仍按原适用方式办完",
    )


class AreaForm(forms.Form):
    """A new area."""

    name = forms.CharField(label="片区名称", max_length=80)


def _day(label: str, help_text: str = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=help_text,
        validators=[MaxValueValidator(LATEST, "日期过晚")],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class DutyForm(forms.Form):
    """What substitution and hand-over share: roles and the person who gets them."""

    def offer(self, field_name: str, people: QuerySet[Person], kinds: list[str], kinds_field: str) -> None:
        """Offer these people and these kinds of role."""
        field, roles = self.fields[field_name], self.fields[kinds_field]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = people.order_by("name")
        if isinstance(roles, forms.MultipleChoiceField):
            roles.choices = [(key, RoleKind(key).label) for key in kinds]


class SubstituteForm(DutyForm):
    """AB角: who stands in, with which roles, from when until when."""

    substitute = forms.ModelChoiceField(Person.objects.none(), label="代行人", empty_label="请选择")
    kinds = forms.MultipleChoiceField(label="代行角色", widget=forms.CheckboxSelectMultiple)
    since = _day("自")
    until = _day("至", "含当日；代行期间办件时限照常计算")
    note = forms.CharField(label="说明", max_length=200, required=False, help_text="如出差、休假、参加培训")

    def given(self) -> dict[str, Any]:
        """What was typed, as ``duties.name_substitute`` takes it: whole days, Asia/Shanghai."""
        data = dict(self.cleaned_data)
        data["since"] = datetime.combine(data["since"], time(), SHANGHAI)
        data["until"] = end_of(data["until"])
        return data


class HandOverForm(DutyForm):
    """Roles given to somebody else for good."""

    taker = forms.ModelChoiceField(Person.objects.none(), label="接收人", empty_label="请选择")
    kinds = forms.MultipleChoiceField(label="移交角色", widget=forms.CheckboxSelectMultiple)
    note = forms.CharField(label="移交说明", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": "3"}))
