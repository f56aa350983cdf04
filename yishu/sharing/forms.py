"""Forms of sharing: application (three steps of one form), direct access, the authority's decision, online lookup."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms

from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.references import Reference
from yishu.law.packs import View
from yishu.law.values import options, required
from yishu.orgs.models import Client, Department
from yishu.sharing.requests import FORM, Request
from yishu.sharing.rules import LOOKUP, OPS, SERVED_MODES, RowCondition, condition_problem

CONDITION_ROWS = 3
_LIST_SEPARATORS = re.compile(r"[、，,;；\n]")
_AREA = {"rows": 3}
Bound = Sequence[forms.BoundField]


def default_term(today: date) -> tuple[date, date]:
    """What the date fields begin with: today, and the day before the same day next year. A proposal, not a rule of any text."""
    return today, today + timedelta(days=364)


class DateField(forms.DateField):
    """A date as browsers send it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, input_formats=["%Y-%m-%d"], **kwargs)


class GrantForm(forms.Form):
    """What every form about a grant has: items, conditions on rows, term; ``references`` name the article of each field."""

    items = forms.MultipleChoiceField(
        label="信息项", widget=forms.CheckboxSelectMultiple, error_messages={"required": "请至少勾选一个信息项"}
    )
    starts_on = DateField(label="使用起始", error_messages={"required": "请填写使用起始日期"})
    ends_on = DateField(label="使用截止", help_text="最后一个可用日", error_messages={"required": "请填写使用截止日期"})

    def __init__(
        self,
        *args: Any,
        spec: ResourceSpec,
        view: View,
        columns: Sequence[str] = (),
        kept: Sequence[RowCondition] = (),
        condition_rows: int = CONDITION_ROWS,
        **kwargs: Any,
    ) -> None:
        """``columns``: the items offered (all when empty); ``kept``: conditions that hold whatever is typed."""
        super().__init__(*args, **kwargs)
        self.spec, self.view, self.kept, self.condition_rows = spec, view, tuple(kept), condition_rows
        self.references: dict[str, Reference] = {**getattr(self, "references", {})}
        offered = [i for i in spec.items if not columns or i.column in columns]
        _choose(self.fields["items"], [(i.column, i.name) for i in offered])
        names = [("", "（不限）"), *((i.column, i.name) for i in spec.items)]
        for n in range(1, condition_rows + 1):
            self.fields[f"filter_{n}_column"] = forms.ChoiceField(
                label=f"数据范围 {n}：信息项", choices=names, required=False
            )
            self.fields[f"filter_{n}_op"] = forms.ChoiceField(
                label=f"数据范围 {n}：条件", choices=list(OPS.items()), required=False
            )
            self.fields[f"filter_{n}_values"] = forms.CharField(
                label=f"数据范围 {n}：值",
                required=False,
                max_length=4000,
                strip=True,
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )

    def filter_rows(self) -> list[Bound]:
        """The condition rows as (item, comparison, values) fields."""
        return [
            [self[f"filter_{n}_{part}"] for part in ("column", "op", "values")] for n in range(1, CONDITION_ROWS + 1)
        ]

    def clean(self) -> dict[str, Any]:
        """Read the conditions into ``cleaned_data["row_filter"]``; a wrong one is an error at its values."""
        cleaned = super().clean() or self.cleaned_data
        found = []
        for n in range(1, self.condition_rows + 1):
            column, op, typed = (cleaned.get(f"filter_{n}_{part}") or "" for part in ("column", "op", "values"))
            if not column:
                if typed:
                    self.add_error(f"filter_{n}_column", "填了值但没有选择信息项")
                continue
            condition = RowCondition(column, op or "eq", split_values(op or "eq", typed))
            problem = condition_problem(self.spec, condition)
            if problem:
                self.add_error(f"filter_{n}_values", problem)
            found.append(condition)
        cleaned["row_filter"] = (*self.kept, *(c for c in found if c not in self.kept))
        starts, ends = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", "使用截止日期早于起始日期")
        return cleaned


def split_values(op: str, typed: str) -> tuple[str, ...]:
    """The values of a condition from one text: a list for ``in`` and ``range`` (、 ， , ； or a line break between), else one."""
    if op in ("is_null", "not_null"):
        return ()
    if op not in ("in", "range"):
        return (typed,) if typed else ()
    parts = [part.strip() for part in _LIST_SEPARATORS.split(typed)]
    return tuple(parts) if op == "range" else tuple(p for p in parts if p)


def condition_initial(conditions: Iterable[RowCondition]) -> dict[str, str]:
    """Initial values of the condition fields for stored conditions (the first ``CONDITION_ROWS``)."""
    found: dict[str, str] = {}
    for n, condition in enumerate(list(conditions)[:CONDITION_ROWS], 1):
        found |= {
            f"filter_{n}_column": condition.column,
            f"filter_{n}_op": condition.op,
            f"filter_{n}_values": "、".join(condition.values),
        }
    return found


class UseForm(GrantForm):
    """A grant form of the using department: purpose and undertaking besides."""

    purpose = forms.ChoiceField(
        label="具体用途", widget=forms.RadioSelect, error_messages={"required": "请选择具体用途"}
    )
    undertaking = forms.BooleanField(
        label="本部门只将数据用于上述用途，不直接或以改变数据形式等方式提供给第三方",
        error_messages={"required": "请确认使用承诺"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self.fields["purpose"], [(o.key, o.title) for o in options(self.view, "use_purposes")])
        for field in required(self.view, FORM):
            if field.name in self.fields:
                self.fields[field.name].label = field.title
                self.references[field.name] = field.reference
        third_party = self.view.get("sharing.third_party_allowed")
        self.references["undertaking"] = third_party.reference


class ApplicationForm(UseForm):
    """共享申请 in three steps (``STEPS``): the fields of other steps travel along hidden, so nothing typed is lost."""

    law_basis = forms.CharField(
        label="法律政策依据", max_length=2000, widget=forms.Textarea(_AREA), help_text="写明法律、法规或政策的名称和条款",
        error_messages={"required": "请填写法律政策依据"},
    )  # fmt: skip
    duty_basis = forms.CharField(
        label="部门职责依据", max_length=2000, widget=forms.Textarea(_AREA), help_text="写明本部门哪一项职责需要这些数据",
        error_messages={"required": "请填写部门职责依据"},
    )  # fmt: skip
    need = forms.CharField(
        label="政务业务需求", max_length=2000, widget=forms.Textarea(_AREA), help_text="写明在哪项业务中、怎样使用，以及为什么需要所选的每个信息项",
        error_messages={"required": "请填写政务业务需求"},
    )  # fmt: skip
    mode = forms.ChoiceField(label="共享方式", widget=forms.RadioSelect, error_messages={"required": "请选择共享方式"})

    STEPS: Mapping[int, tuple[str, tuple[str, ...]]] = {
        1: ("要什么", ("items",)),
        2: ("为什么", ("law_basis", "duty_basis", "need", "purpose")),
        3: (
            "怎么用",
            (
                "mode", "starts_on", "ends_on", "undertaking",
                *(f"filter_{n}_{part}" for n in range(1, CONDITION_ROWS + 1) for part in ("column", "op", "values")),
            ),
        ),
    }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        served = [o for o in options(self.view, "delivery_modes") if o.key in SERVED_MODES]
        _choose(self.fields["mode"], [(o.key, o.title) for o in served])
        self.fields["mode"].initial = LOOKUP
        self.references["mode"] = served[0].reference

    def step_errors(self, step: int) -> bool:
        """Whether a bound form has errors in the fields of a step."""
        return any(name in self.errors for name in self.STEPS[step][1])

    def request(self) -> Request:
        """The valid form as what ``actions.submit_application`` takes."""
        given = self.cleaned_data
        names = ("row_filter", "law_basis", "duty_basis", "need", "purpose", "mode", "starts_on", "ends_on")
        return Request(items=tuple(given["items"]), **{name: given[name] for name in names})


class DirectForm(UseForm):
    """直接获取: items, purpose, term and the department's programs that may use it."""

    clients = forms.ModelMultipleChoiceField(
        label="可使用的客户端", queryset=Client.objects.none(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text="不选则只供本部门人员联机查询；以后可在授权页修改",
    )  # fmt: skip

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["clients"]
        field.queryset = Client.objects.filter(department=department, disabled_at=None)
        field.label_from_instance = lambda client: client.name


class ClientsForm(forms.Form):
    """Which of the department's programs may use a grant."""

    clients = forms.ModelMultipleChoiceField(
        label="可使用的客户端", queryset=Client.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["clients"]
        field.queryset = Client.objects.filter(department=department, disabled_at=None)
        field.label_from_instance = lambda client: client.name


class RevokeForm(forms.Form):
    """Why a grant is taken back."""

    reason = forms.CharField(
        label="收回理由", max_length=1000, widget=forms.Textarea(_AREA), help_text="使用部门会看到这段文字",
        error_messages={"required": "请写明收回理由"},
    )  # fmt: skip


class LookupForm(forms.Form):
    """One key per line, at most ten at a time: a page is for looking a record up, programs are for lists."""

    MOST = 10
    keys = forms.CharField(
        label="查询标识", max_length=2200, help_text=f"每行一个，一次最多 {MOST} 个",
        widget=forms.Textarea({"rows": 2, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "请输入查询标识"},
    )  # fmt: skip

    def clean_keys(self) -> list[str]:
        """The keys without blank lines."""
        keys = [line.strip() for line in self.cleaned_data["keys"].splitlines() if line.strip()]
        if not keys:
            raise forms.ValidationError("请输入查询标识")
        if len(keys) > self.MOST:
            raise forms.ValidationError(f"一次最多查询 {self.MOST} 个，请分批查询或使用数据接口")
        return keys


def _choose(field: forms.Field, choices: list[tuple[str, str]]) -> None:
    field.choices = choices  # type: ignore[attr-defined]
