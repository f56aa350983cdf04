"""Forms of the pages about a resource's life: change events, retirement, leads, attachments."""

from collections.abc import Mapping
from typing import Any

from django import forms

from yishu.catalogue.attachments import PURPOSES
from yishu.catalogue.demands import Demands
from yishu.catalogue.leads import LISTS
from yishu.catalogue.models import ChangeEvent, Lead, Resource
from yishu.catalogue.retiring import TITLES, Plan
from yishu.kernel.references import Reference
from yishu.orgs.models import Department, Jurisdiction

MOST_OFFERED = 300
"""Resources offered as a list; where there are more, the replacement is named by its code."""


def _area(label: str, help_text: str = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(label=label, required=False, max_length=2000, widget=widget, help_text=help_text)


def _day(label: str, help_text: str = "") -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text=help_text
    )


class ChangeForm(forms.Form):
    """A change event: what changed, when, on which basis, which resources it touches."""

    kind = forms.ChoiceField(label="变化种类", widget=forms.RadioSelect, choices=ChangeEvent.Kind.choices)
    changed_on = forms.DateField(
        label="变化日期",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="法律法规修改或职能变化之日；更新时限自这一天起算",
    )
    basis = forms.CharField(
        label="变化依据",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="法律法规的名称和条款，或职能调整文件",
    )
    note = _area("变化内容")
    resources = forms.ModelMultipleChoiceField(
        label="涉及资源", queryset=Resource.objects.none(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text="新编的资源可以在草稿保存后再补选",
    )  # fmt: skip

    def __init__(self, department: Department, law: Demands, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        own = Resource.objects.filter(department=department).exclude(state=Resource.State.RETIRED).order_by("title")
        self.fields["resources"].queryset = own  # type: ignore[attr-defined]
        self.fields["resources"].label_from_instance = lambda r: r.title  # type: ignore[attr-defined]
        names = {"changed_on": "changed_on", "change_basis": "basis"}
        self.references: dict[str, Reference] = {
            names[f.name]: f.reference for f in law.forms.get("catalogue.change", ()) if f.name in names
        }


class RetirementPlanForm(forms.Form):
    """The retirement wizard's one page."""

    reason = _area(TITLES["reason"])
    replacement = forms.ModelChoiceField(
        label=TITLES["replacement"], queryset=Resource.objects.none(), required=False, empty_label="没有替代资源",
        help_text="使用部门今后改用的资源",
    )  # fmt: skip
    transition = _area(TITLES["transition"], "新旧如何衔接，使用部门怎样改用")
    retention = _area(TITLES["retention"], "已有数据保存在哪里、保存多久，如何保证不丢失")
    ends_on = _day(TITLES["ends_on"], "这一天起不再提供；此前照常使用")

    def __init__(self, resource: Resource, law: Demands, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        others = Resource.objects.filter(jurisdiction_id=resource.jurisdiction_id, state=Resource.State.PUBLISHED)
        field = self.fields["replacement"]
        field.queryset = others.exclude(pk=resource.pk).select_related("department").order_by("title")  # type: ignore[attr-defined]
        field.label_from_instance = lambda r: f"{r.title}（{r.department.name}）"  # type: ignore[attr-defined]
        if others[: MOST_OFFERED + 1].count() > MOST_OFFERED:  # a list nobody could read, and megabytes of page
            field.widget, field.to_field_name = forms.TextInput(), "code"  # type: ignore[attr-defined]
            field.help_text = "填写使用部门今后改用的资源的信息资源代码，形如 307016/000001；没有替代资源的留空"
        self.references: dict[str, Reference] = {f.name: f.reference for f in law.forms.get("catalogue.retirement", ())}

    def plan(self) -> Plan:
        """What was typed, as ``retiring.announce_retirement`` takes it."""
        c = self.cleaned_data
        replacement: Resource | None = c["replacement"]
        return Plan(c["reason"], c["transition"], c["retention"], c["ends_on"], replacement.pk if replacement else None)


class LeadForm(forms.Form):
    """Which department leads which library."""

    library = forms.ChoiceField(label="基础库或主题库")
    department = forms.ModelChoiceField(label="牵头部门", queryset=Department.objects.none())

    def __init__(self, jurisdiction: Jurisdiction, law: Demands, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.fields["library"].choices = [  # type: ignore[attr-defined]
            (Lead.Kind(kind).label, [(f"{kind}:{o.key}", o.title) for o in law.options(options)])
            for kind, (options, _) in LISTS.items()
        ]
        self.fields["department"].queryset = Department.objects.filter(jurisdiction=jurisdiction, active=True)  # type: ignore[attr-defined]


class UploadForm(forms.Form):
    """One file with what it is for."""

    purpose = forms.ChoiceField(label="用途", choices=list(PURPOSES.items()))
    file = forms.FileField(
        allow_empty_file=True, max_length=200, label="文件", help_text="PDF、OFD、Word、Excel、图片或文本，不超过 10 MB"
    )
