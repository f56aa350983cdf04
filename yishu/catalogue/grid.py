"""The grid of items: one form per row, the whole as a formset, and its rows as typed."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory

from yishu.catalogue import guide
from yishu.catalogue.choices import choices
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ITEM_FIELDS, ItemDraft
from yishu.catalogue.rules import DATA_TYPES
from yishu.security import masks

PREFIX = "items"
MOST_ITEMS = 500
FLAGS = ("required", "is_key", "newest_by", "is_base")


class ItemForm(forms.Form):
    """One row of the grid."""

    column = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    name = forms.CharField(label="信息项名称", required=False, max_length=80)
    data_type = forms.ChoiceField(label="数据类型")
    length = forms.IntegerField(label="长度（字节）", required=False, min_value=1, max_value=1_000_000)
    required = forms.BooleanField(label="必填", required=False)
    identifier = forms.ChoiceField(label="标识", required=False)
    is_key = forms.BooleanField(label="主标识", required=False)
    newest_by = forms.BooleanField(label="以此取最新", required=False, help_text="同一标识有多行时，取此日期最近的一行")
    share_type = forms.ChoiceField(label="共享类型", required=False)
    is_base = forms.BooleanField(label="基础数据项", required=False, help_text="归入基础库的基础数据项，一律无条件共享")
    sensitivity = forms.ChoiceField(label="敏感属性", required=False, help_text="决定默认脱敏")
    mask = forms.ChoiceField(label="默认脱敏", required=False)
    grade = forms.ChoiceField(label="建议级别", required=False)
    pattern = forms.CharField(label="格式", required=False, max_length=200, help_text="正则表达式，如 [0-9]{6}")
    minimum = forms.CharField(label="最小值", required=False, max_length=40)
    maximum = forms.CharField(label="最大值", required=False, max_length=40)
    codes = forms.CharField(
        label="代码", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="每行一个：代码 空格 含义",
    )  # fmt: skip
    description = forms.CharField(label="说明", required=False, max_length=300)

    def __init__(self, *args: Any, law: Demands, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists = {
            "data_type": [(e.key, f"{e.title} {e.key}") for e in guide.entries(law, "data_types")]
            or [(k, f"{t} {k}") for k, (t, _) in DATA_TYPES.items()],
            "identifier": choices(guide.entries(law, "identifiers"), "无"),
            "share_type": choices(law.options("share_types"), "同资源"),
            "sensitivity": choices(
                tuple(o for o in law.options("sensitivity_flags") if o.facts.get("effect") != "refuse"), "无"
            ),
            "mask": [("", "不脱敏"), *((key, kind.title) for key, kind in masks.MASKS.items())],
            "grade": choices(guide.entries(law, "grades"), "由主管定级"),
        }
        for name, pairs in lists.items():
            self.fields[name].choices = pairs  # type: ignore[attr-defined]
        if len(lists["sensitivity"]) == 1:
            del self.fields["sensitivity"]
        self.references = {name: law.field_reference(name) for name in ("name", "data_type", "length")} | {
            "is_base": law.reference("sharing.base_elements_type")
        }

    def clean_codes(self) -> dict[str, str]:
        """``1 男`` per line as code → meaning; a code without meaning means itself."""
        try:
            return read_codes(self.cleaned_data["codes"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    @property
    def is_blank(self) -> bool:
        """Whether nothing that names an item was typed: such rows are left out."""
        return not any(
            str(self.cleaned_data.get(name) or "").strip() for name in ("name", "length", "description", "codes")
        )

    def clean(self) -> dict[str, Any]:
        """A row with something in it needs its name."""
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("DELETE") and not cleaned.get("name") and not self.is_blank:
            self.add_error("name", "请填写名称，或勾选删除这一行")
        return cleaned

    def draft(self) -> ItemDraft:
        """The row as a draft. Only after ``is_valid``."""
        values = {name: self.cleaned_data[name] for name in ITEM_FIELDS if name in self.cleaned_data}
        values["grade"] = int(values["grade"]) if values["grade"] else None
        return ItemDraft(**values | {"name": values["name"].strip()})


def read_codes(text: str) -> dict[str, str]:
    """Lines ``code meaning`` (or ``code=meaning``) as a mapping. Raises ValueError for a code with two meanings."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        code, _, label = line.strip().replace("=", " ", 1).replace("\t", " ", 1).partition(" ")
        if code and found.setdefault(code, label.strip() or code) != (label.strip() or code):
            raise ValueError(f"代码“{code[:20]}”出现了两次")
    return found


def codes_text(codes: Mapping[str, str]) -> str:
    """A code list as people type it: one per line, the meaning behind the code where it is another."""
    return "\n".join(code if code == label else f"{code} {label}" for code, label in codes.items())


def _rows_sent(data: Mapping[str, Any]) -> int:
    """How many rows the browser really sent: a declared number costs nothing to write and much to show."""
    numbers = (key.split("-")[1] for key in data if key.startswith(f"{PREFIX}-") and key.count("-") > 1)
    return max((int(n) + 1 for n in numbers if n.isascii() and n.isdigit() and len(n) < 6), default=0)


class Grid(BaseFormSet):  # type: ignore[type-arg]
    """All rows of the grid."""

    def total_form_count(self) -> int:
        """Rows as declared, but never more than were sent."""
        count = super().total_form_count()
        return min(count, _rows_sent(self.data)) if self.is_bound else count

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        """Django's order and delete fields with Chinese labels."""
        super().add_fields(form, index)
        form.fields["ORDER"] = forms.IntegerField(
            label="次序", required=False, min_value=1, max_value=9_999, initial=form.fields["ORDER"].initial
        )
        form.fields["DELETE"].label = "删除"

    def clean(self) -> None:
        """Names are told apart: the second of two equal ones is marked."""
        seen: set[str] = set()
        for form in self.forms:
            name = (getattr(form, "cleaned_data", {}).get("name") or "").strip().casefold()
            if not name or form.cleaned_data.get("DELETE"):
                continue
            if name in seen:
                form.add_error("name", "与前面的信息项同名")
            seen.add(name)

    def kept(self) -> list[tuple[int, ItemDraft]]:
        """Form number (0 first) and draft of every row not deleted and not blank, in the order asked for. After ``is_valid``."""
        rows = [
            (form.cleaned_data.get("ORDER") or number + 1, number, form)
            for number, form in enumerate(self.forms)
            if not form.cleaned_data.get("DELETE") and not form.is_blank
        ]
        return [(number, form.draft()) for _, number, form in sorted(rows, key=lambda row: row[:2])]

    def drafts(self) -> tuple[ItemDraft, ...]:
        """The items in order. Only after ``is_valid``."""
        return tuple(draft for _, draft in self.kept())


ItemGrid = cast(
    "type[Grid]",
    formset_factory(
        ItemForm,
        formset=Grid,
        extra=0,
        can_delete=True,
        can_order=True,
        max_num=MOST_ITEMS,
        absolute_max=MOST_ITEMS + 1,
        validate_max=True,
    ),
)


def item_initial(draft: ItemDraft) -> dict[str, Any]:
    """An item as the grid shows it."""
    values: dict[str, Any] = {name: getattr(draft, name) for name in ITEM_FIELDS}
    values["codes"] = codes_text(draft.codes)
    values["grade"] = str(draft.grade or "")
    return values


def typed_rows(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The grid's rows as typed, unchecked, in the order asked for, without those marked for deletion: to show the form again."""
    total = str(data.get(f"{PREFIX}-TOTAL_FORMS", "0"))
    count = int(total) if total.isascii() and total.isdigit() and len(total) < 6 else 0
    found = []
    for number in range(min(count, MOST_ITEMS, _rows_sent(data))):
        row = {name: data.get(f"{PREFIX}-{number}-{name}", "") for name in ITEM_FIELDS}
        for name in FLAGS:
            row[name] = bool(row[name])
        asked = str(data.get(f"{PREFIX}-{number}-ORDER", ""))
        place = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else number + 1
        if not data.get(f"{PREFIX}-{number}-DELETE"):
            found.append((place, number, row))
    return [row for _, _, row in sorted(found, key=lambda entry: entry[:2])]
