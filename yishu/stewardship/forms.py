"""Forms of stewardship. Fields a law demands carry its article (``references``)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from yishu.kernel.references import Reference
from yishu.law.kinds import RequiredField
from yishu.orgs.models import Department
from yishu.stewardship import demands, joint
from yishu.stewardship.models import Cluster, Demand, JointCollection
from yishu.stewardship.reading import NamesField, Reader, department_choices

EXTRA = "x_"
"""Prefix of the fields only the pack names."""
_AREA = {"rows": 3}
SUBJECTS = (("legal_entity", "法人和其他组织"), ("natural_person", "自然人"), ("other", "其他"))


def _choices(field: forms.Field, choices: Sequence[tuple[str, str]]) -> None:
    field.choices = choices  # type: ignore[attr-defined]


class LawForm(forms.Form):
    """A form with articles beside its fields and fields of its own for what only the pack names."""

    def __init__(self, *args: Any, extra: Sequence[RequiredField] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.references: dict[str, Reference] = {}
        for f in extra:
            self.fields[EXTRA + f.name] = forms.CharField(
                label=f.title, required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
            )
            self.references[EXTRA + f.name] = f.reference

    def extras(self) -> dict[str, str]:
        """What was typed into the pack's own fields, by field name."""
        return {k.removeprefix(EXTRA): v for k, v in self.cleaned_data.items() if k.startswith(EXTRA)}


class DemandForm(LawForm):
    """One demand."""

    title = forms.CharField(label="需求资源名称", max_length=120, error_messages={"required": "请填写所需数据的名称"})
    items = NamesField(
        label="需求信息项", required=False, help_text="每行一个，可从电子表格粘贴；写得越具体，越容易匹配"
    )
    target = forms.ChoiceField(label="数据所在部门", required=False, help_text="不清楚可以不选，由数据主管部门协调")
    basis = forms.CharField(label="履职依据", required=False, max_length=2000, widget=forms.Textarea(attrs=_AREA))
    purpose = forms.CharField(label="用途", required=False, max_length=2000, widget=forms.Textarea(attrs=_AREA))

    def __init__(self, *args: Any, reader: Reader, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, extra=demands.extra_fields(reader.view), **kwargs)
        _choices(self.fields["target"], department_choices(reader.home, without=[department.pk], empty="（不清楚）"))
        for f in demands.required(reader.view):
            if f.name in demands.NAMES:
                self.references[demands.NAMES[f.name]] = f.reference

    def wanted(self) -> demands.Wanted:
        """The demand as typed."""
        c = self.cleaned_data
        target = int(c["target"]) if c["target"] else None
        return demands.Wanted(c["title"], c["items"], target, c["basis"], c["purpose"], self.extras())


def demand_initial(demand: Demand) -> dict[str, Any]:
    """A demand as the form shows it."""
    extras = {EXTRA + k: v for k, v in demand.fields.items()}
    return {
        "title": demand.title, "items": "\n".join(demand.items), "target": str(demand.target_id or ""), "basis": demand.basis,
        "purpose": demand.purpose, **extras,
    }  # fmt: skip


class DemandDecisionForm(forms.Form):
    """The authority's decision on a demand; which parts are needed follows from the button."""

    reason = forms.CharField(
        label="理由", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), help_text="退回、转责任、转上级、重新列入时必填",
    )  # fmt: skip
    resource = forms.CharField(
        label="资源代码", required=False, max_length=60, help_text="匹配到上面没有列出的资源时填写"
    )
    department = forms.ChoiceField(label="承担采集责任的部门", required=False, help_text="转为采集责任时选择")

    def __init__(self, *args: Any, reader: Reader, demand: Demand, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].initial = str(demand.target_id or "")
        _choices(
            self.fields["department"],
            department_choices(reader.home, without=[demand.department_id], empty="（请选择）"),
        )


PARTIES = 6
"""Rows of the form for a joint collection."""


class JointForm(LawForm):
    """A joint collection: what, who leads, who brings what."""

    title = forms.CharField(label="采集事项", max_length=120, error_messages={"required": "请填写采集事项的名称"})
    lead = forms.ChoiceField(label="牵头部门")
    arrangement = forms.CharField(
        label="职责分工说明", required=False, max_length=2000, widget=forms.Textarea(attrs=_AREA)
    )

    def __init__(
        self, *args: Any, reader: Reader, rows: int = PARTIES, reference: Reference | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, extra=joint.extra_fields(reader.view), **kwargs)
        _choices(self.fields["lead"], [(str(d.pk), d.name) for d in reader.clerk_of()])
        self.count = rows
        choices = department_choices(reader.home, empty="（不选）")
        for n in range(1, rows + 1):
            self.fields[f"party_{n}"] = forms.ChoiceField(label=f"参与部门 {n}", required=False, choices=choices)
            self.fields[f"elements_{n}"] = NamesField(label=f"负责的数据元素 {n}", required=False, rows=2)
        if reference:
            self.references |= {"party_1": reference, "arrangement": reference}

    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The parties' rows as pairs of fields."""
        return [(self[f"party_{n}"], self[f"elements_{n}"]) for n in range(1, self.count + 1)]

    def plan(self) -> joint.Plan:
        """The joint collection as typed; a department named twice keeps both parts."""
        c = self.cleaned_data
        parts: dict[int, tuple[str, ...]] = {}
        for n in range(1, self.count + 1):
            if c.get(f"party_{n}"):
                pk = int(c[f"party_{n}"])
                parts[pk] = parts.get(pk, ()) + c[f"elements_{n}"]
        return joint.Plan(c["title"], int(c["lead"]), parts, c["arrangement"], self.extras())


def joint_initial(held: JointCollection) -> dict[str, Any]:
    """A joint collection as the form shows it."""
    found: dict[str, Any] = {"title": held.title, "lead": str(held.lead_id), "arrangement": held.arrangement}
    for n, party in enumerate(held.parties.all(), 1):
        found |= {f"party_{n}": str(party.department_id), f"elements_{n}": "\n".join(party.elements)}
    return found | {EXTRA + k: v for k, v in held.fields.items()}


class SourceForm(forms.Form):
    """The authority's decision on a cluster."""

    source = forms.ChoiceField(
        label="数源部门", widget=forms.RadioSelect, error_messages={"required": "请选择由哪个部门作为数源"}
    )
    department = forms.ChoiceField(
        label="其他部门", required=False, help_text="成员之外的部门，仅在上面选“其他部门”时有效"
    )
    scope = forms.ChoiceField(
        label="适用范围", widget=forms.RadioSelect, choices=Cluster.Scope.choices, initial="similar"
    )
    reason = forms.CharField(
        label="理由", max_length=2000, widget=forms.Textarea(attrs=_AREA), error_messages={"required": "请写明理由"}
    )

    def __init__(
        self, *args: Any, reader: Reader, members: Sequence[Any], reference: Reference | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        own = [(str(m.pk), f"{m.datum.department.name}：{m.datum.title}“{m.datum.name}”") for m in members]
        _choices(self.fields["source"], [*own, ("other", "其他部门")])
        _choices(self.fields["department"], department_choices(reader.home, empty="（请选择）"))
        self.references = {"reason": reference} if reference else {}


class PlanForm(forms.Form):
    """What a department means to collect."""

    department = forms.ChoiceField(label="部门")
    title = forms.CharField(label="采集事项", max_length=120, error_messages={"required": "请填写采集事项"})
    subject_kind = forms.ChoiceField(label="采集对象", choices=SUBJECTS)
    elements = NamesField(
        label="拟采集的数据", help_text="每行一项，可从表格粘贴", error_messages={"required": "请列出拟采集的数据"}
    )

    def __init__(self, *args: Any, reader: Reader, reference: Reference | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choices(self.fields["department"], [(str(d.pk), d.name) for d in reader.clerk_of()])
        self.references = {"elements": reference} if reference else {}


class ServiceForm(forms.Form):
    """A service item and its materials."""

    department = forms.ChoiceField(label="实施部门")
    name = forms.CharField(label="服务事项", max_length=120, error_messages={"required": "请填写事项名称"})
    code = forms.CharField(label="事项编码", required=False, max_length=60)
    materials = NamesField(
        label="申请材料", rows=8, help_text="每行一项，可从办事指南粘贴", error_messages={"required": "请列出申请材料"}
    )

    def __init__(self, *args: Any, reader: Reader, reference: Reference | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choices(self.fields["department"], [(str(d.pk), d.name) for d in reader.clerk_of()])
        self.references = {"materials": reference} if reference else {}


class ComplaintForm(forms.Form):
    """A complaint that something was asked for that the platform could give."""

    material = forms.CharField(label="被要求提交的材料", max_length=120)
    text = forms.CharField(
        label="情况说明",
        max_length=2000,
        widget=forms.Textarea(attrs=_AREA),
        help_text="不要写当事人的姓名、证件号码和电话",
    )


def typed_by(prefix: str, data: Mapping[str, Any]) -> dict[str, str]:
    """What was typed into fields named ``prefix`` and a number, by that number as text; at most 500 fields of 300 characters."""
    found = {k.removeprefix(prefix): str(v)[:300] for k, v in data.items() if k.startswith(prefix)}
    return {k: v for k, v in list(found.items())[:500] if k.isascii() and k.isdigit() and len(k) < 12}
