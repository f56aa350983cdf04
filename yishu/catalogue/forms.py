"""The catalogue form: one resource, a grid of items, the paste box, and the authority's decision."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory

from yishu.catalogue import guide
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ITEM_FIELDS, ItemDraft, ResourceDraft
from yishu.catalogue.rules import DATA_TYPES
from yishu.kernel.references import Reference
from yishu.law.kinds import Option
from yishu.security import masks

Choices = list[tuple[str, Any]]
PREFIX = "items"
MOST_ITEMS = 500


def choices(entries: tuple[guide.Entry, ...] | tuple[Option, ...], empty: str = "") -> Choices:
    """Pairs of key and title for a select; ``empty`` is the label of choosing none."""
    return ([("", empty)] if empty else []) + [(e.key, e.title) for e in entries]


def _grouped() -> Choices:
    groups = [
        (c.title, [(f"{c.key}-{i.key}", f"{i.key} {i.title}") for i in c.items]) for c in guide.entries("classes")
    ]
    return [("", "请选择"), *groups]


def _formats() -> Choices:
    return [("", "请选择"), *((f.title, [(f"{f.key}:{t}", t) for t in f.types]) for f in guide.entries("formats"))]


def _modes() -> Choices:
    kinds = guide.entries("share_mode_types")
    return [
        (c.title, [(f"{c.key}:{t.key}", t.title) for t in kinds if t.of == c.key])
        for c in guide.entries("share_mode_classes")
    ]


def _text(label: str, rows: int = 2, length: int = 1000, help_text: str = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=False, max_length=length, widget=widget, help_text=help_text)


class ResourceForm(forms.Form):
    """The elements of guide 1272. Only the title must be there to save; submission checks the rest.

    Cascades are single grouped choices (``3-07``, ``3:postgresql``, ``platform:interface``), so that no script is needed.
    """

    title = forms.CharField(label="信息资源名称", max_length=120, help_text="写数据的名称，不写系统名称")
    classification = forms.ChoiceField(label="信息资源分类（类、项）", required=False)
    category = forms.CharField(label="目", required=False, max_length=3, help_text="3 位数字，见本地编码表")
    subcategory = forms.CharField(label="细目", required=False, max_length=8, help_text="可留空")
    unit = forms.CharField(label="提供方内部部门", required=False, max_length=120)
    summary = _text("信息资源摘要", 3, 2000, "主要内容、数据范围和关键信息项")
    source_kind = forms.ChoiceField(label="来源方式", required=False, widget=forms.RadioSelect)
    subject_kind = forms.ChoiceField(label="数据主体", required=False, widget=forms.RadioSelect)
    base_library = forms.ChoiceField(label="归入基础库", required=False)
    format = forms.ChoiceField(label="信息资源格式", required=False)
    format_note = forms.CharField(
        label="其他类型资源格式描述", required=False, max_length=200, help_text="自描述格式必填"
    )
    update_cycle = forms.ChoiceField(label="更新周期", required=False)
    share_type = forms.ChoiceField(label="共享类型（拟）", required=False, widget=forms.RadioSelect)
    share_condition = _text("共享条件", help_text="有条件共享必填：在什么条件下可以使用")
    share_scope = _text("共享范围", help_text="有条件共享必填：可以给哪些部门；或在信息项中逐项指定")
    share_basis = _text("不予共享依据", help_text="不予共享必填：法律、行政法规或政策的名称和条款")
    use_purposes = forms.MultipleChoiceField(label="具体用途", required=False, widget=forms.CheckboxSelectMultiple)
    mode = forms.ChoiceField(label="共享方式", required=False)
    is_open = forms.BooleanField(label="向社会开放", required=False)
    open_condition = _text("开放条件")
    related_codes = _text("关联资源代码", help_text="每行一个，可留空")
    duplicate_note = _text("重复采集说明", help_text="目录中已有其他部门的相近资源时填写：为什么不能共享获取")

    def __init__(self, law: Demands, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.law = law
        standard = law.reference("catalogue.standard")
        found: dict[str, Reference | None] = {
            name: law.field_reference(name) for name in self.fields if law.field_reference(name)
        }
        found |= {
            "classification": law.field_reference("attribute_class") or standard,
            "format": law.field_reference("format_type") or standard,
            "mode": law.field_reference("share_mode_type") or standard,
            "summary": standard,
            "duplicate_note": law.reference("collection.source_unique"),
            "base_library": law.reference("sharing.base_elements_type"),
        }
        self.references = found
        lists: dict[str, Choices] = {
            "classification": _grouped(),
            "format": _formats(),
            "mode": _modes(),
            "source_kind": choices(law.options("source_kinds")),
            "subject_kind": choices(guide.entries("subject_kinds")),
            "base_library": choices(law.options("base_libraries"), "不归入基础库"),
            "update_cycle": choices(guide.entries("update_cycles"), "请选择"),
            "share_type": choices(law.options("share_types")),
            "use_purposes": choices(law.options("use_purposes")),
        }
        for name, pairs in lists.items():
            self.fields[name].choices = pairs  # type: ignore[attr-defined]
        if not law.opening:
            del self.fields["is_open"], self.fields["open_condition"]

    def draft(self) -> ResourceDraft:
        """What was typed, as a draft. Only after ``is_valid``."""
        c = self.cleaned_data
        top, _, below = c["classification"].partition("-")
        format_class, _, format_type = c["format"].partition(":")
        mode_class, _, mode_type = c["mode"].partition(":")
        default = str(self.law.values.get("sharing.default_type") or "")
        plain = (
            "title", "category", "subcategory", "unit", "summary", "source_kind", "base_library", "format_note",
            "update_cycle", "share_condition", "share_scope", "share_basis", "duplicate_note",
        )  # fmt: skip
        return ResourceDraft(
            **{name: c[name].strip() for name in plain},
            attribute_class=top,
            item_class=below,
            format_class=format_class,
            format_type=format_type,
            share_mode_class=mode_class,
            share_mode_type=mode_type,
            subject_kind=c["subject_kind"] or "other",
            share_type=c["share_type"] or default,
            use_purposes=tuple(c["use_purposes"]),
            is_open=bool(c.get("is_open", False)),
            open_condition=c.get("open_condition", "").strip(),
            related_codes=tuple(line.strip() for line in c["related_codes"].splitlines() if line.strip()),
        )


def resource_initial(draft: ResourceDraft) -> dict[str, Any]:
    """A draft as the form shows it."""
    values: dict[str, Any] = {name: getattr(draft, name) for name in ResourceDraft.__slots__}
    values["classification"] = f"{draft.attribute_class}-{draft.item_class}"
    values["format"] = f"{draft.format_class}:{draft.format_type}" if draft.format_type else ""
    values["mode"] = f"{draft.share_mode_class}:{draft.share_mode_type}"
    values["use_purposes"] = list(draft.use_purposes)
    values["related_codes"] = "\n".join(draft.related_codes)
    return values


class ItemForm(forms.Form):
    """One row of the grid."""

    column = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    name = forms.CharField(label="信息项名称", required=False, max_length=80)
    data_type = forms.ChoiceField(label="数据类型", choices=[(k, f"{t} {k}") for k, (t, _) in DATA_TYPES.items()])
    length = forms.IntegerField(label="长度（字节）", required=False, min_value=1, max_value=1_000_000)
    required = forms.BooleanField(label="必填", required=False)
    identifier = forms.ChoiceField(label="标识", required=False, choices=choices(guide.entries("identifiers"), "无"))
    is_key = forms.BooleanField(label="主标识", required=False)
    newest_by = forms.BooleanField(label="以此取最新", required=False, help_text="同一标识有多行时，取此日期最近的一行")
    share_type = forms.ChoiceField(label="共享类型", required=False)
    is_base = forms.BooleanField(label="基础数据项", required=False, help_text="归入基础库的基础数据项，一律无条件共享")
    mask = forms.ChoiceField(label="默认脱敏", required=False)
    grade = forms.ChoiceField(label="建议级别", required=False, choices=choices(guide.entries("grades"), "由主管定级"))
    pattern = forms.CharField(label="格式", required=False, max_length=200, help_text="正则表达式，如 [0-9]{6}")
    minimum = forms.CharField(label="最小值", required=False, max_length=40)
    maximum = forms.CharField(label="最大值", required=False, max_length=40)
    codes = _text("代码", 2, 20_000, "每行一个：代码 空格 含义")
    description = forms.CharField(label="说明", required=False, max_length=300)

    def __init__(self, *args: Any, law: Demands, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["share_type"].choices = choices(law.options("share_types"), "同资源")  # type: ignore[attr-defined]
        self.fields["mask"].choices = [("", "不脱敏"), *mask_choices()]  # type: ignore[attr-defined]
        self.references = {"is_base": law.reference("sharing.base_elements_type"), "name": law.field_reference("name")}

    def clean_codes(self) -> dict[str, str]:
        """``1 男`` per line as code → meaning; a code without meaning means itself."""
        found: dict[str, str] = {}
        for line in self.cleaned_data["codes"].splitlines():
            code, _, label = line.strip().replace("=", " ", 1).replace("\t", " ", 1).partition(" ")
            if code and found.setdefault(code, label.strip() or code) != (label.strip() or code):
                raise forms.ValidationError(f"代码“{code[:20]}”出现了两次")
        return found

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
        values = {name: self.cleaned_data[name] for name in ITEM_FIELDS}
        values["grade"] = int(values["grade"]) if values["grade"] else None
        return ItemDraft(**values | {"name": values["name"].strip()})


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

    def drafts(self) -> tuple[ItemDraft, ...]:
        """The rows that are not deleted and not blank, in order. Only after ``is_valid``."""
        return tuple(f.draft() for f in self.forms if not f.cleaned_data.get("DELETE") and not f.is_blank)


ItemGrid = cast(
    "type[Grid]",
    formset_factory(
        ItemForm,
        formset=Grid,
        extra=0,
        can_delete=True,
        max_num=MOST_ITEMS,
        absolute_max=MOST_ITEMS + 1,
        validate_max=True,
    ),
)


def mask_choices() -> Choices:
    """The mask kinds of ``security.masks`` with their titles."""
    return [(key, kind.title) for key, kind in masks.MASKS.items()]


def item_initial(draft: ItemDraft) -> dict[str, Any]:
    """An item as the grid shows it."""
    values: dict[str, Any] = {name: getattr(draft, name) for name in ITEM_FIELDS}
    values["codes"] = "\n".join(code if code == label else f"{code} {label}" for code, label in draft.codes.items())
    values["grade"] = str(draft.grade or "")
    return values


def typed_rows(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The grid's rows as typed, unchecked, without those marked for deletion: to show the form again with a row more."""
    total = str(data.get(f"{PREFIX}-TOTAL_FORMS", "0"))
    count = int(total) if total.isascii() and total.isdigit() and len(total) < 6 else 0
    found = []
    for number in range(min(count, MOST_ITEMS, _rows_sent(data))):
        row = {name: data.get(f"{PREFIX}-{number}-{name}", "") for name in ITEM_FIELDS}
        for name in ("required", "is_key", "newest_by", "is_base"):
            row[name] = bool(row[name])
        if not data.get(f"{PREFIX}-{number}-DELETE"):
            found.append(row)
    return found
