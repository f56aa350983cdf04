"""The catalogue form of one resource: every element of guide 1272 and of the pack."""

from collections.abc import Mapping
from typing import Any

from django import forms

from yishu.catalogue import guide
from yishu.catalogue.choices import Choices, choices, class_choices, format_choices, mode_choices
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import RESOURCE_FIELDS, ResourceDraft
from yishu.catalogue.element_rules import TITLES, standard_of
from yishu.catalogue.grid import MOST_ITEMS as MOST_ITEMS
from yishu.catalogue.grid import PREFIX as PREFIX
from yishu.catalogue.grid import ItemGrid as ItemGrid
from yishu.catalogue.grid import item_initial as item_initial
from yishu.catalogue.grid import typed_rows as typed_rows
from yishu.kernel.references import Reference

SURVEY = "survey_"
_PLAIN = (
    "title", "category", "subcategory", "unit", "summary", "source_kind", "base_library", "theme_library", "media_kind",
    "document_class", "system_name", "business_matter", "format_note", "update_cycle", "share_condition", "share_scope",
    "share_basis", "basis_kind", "withheld_statement", "usage_requirement", "open_type", "open_condition", "open_basis",
    "open_basis_kind", "duplicate_note",
)  # fmt: skip
"""Fields whose cleaned text is the draft's."""
_OPENING = ("is_open", "open_type", "open_modes", "open_condition", "open_basis", "open_basis_kind")


def _text(label: str, rows: int = 2, length: int = 1000, help_text: str = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=False, max_length=length, widget=widget, help_text=help_text)


def _line(name: str, length: int, help_text: str = "", listed: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"list": listed, "autocomplete": "off"} if listed else {})
    return forms.CharField(label=TITLES[name], required=False, max_length=length, help_text=help_text, widget=widget)


def _radio(label: str, help_text: str = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, widget=forms.RadioSelect, help_text=help_text)


def _ticks(label: str, help_text: str = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, required=False, widget=forms.CheckboxSelectMultiple, help_text=help_text
    )


class ResourceForm(forms.Form):
    """The elements of guide 1272 and the pack's own. Only the title must be there to save; submission checks the rest.

    Fields whose list the law does not hold are left out. Cascades are single grouped choices, 目 and 细目 are typed with a list of
    the jurisdiction's own codes beside them.
    """

    title = forms.CharField(label=TITLES["title"], max_length=120, help_text="写数据的名称，不写系统名称")
    classification = forms.ChoiceField(label="信息资源分类（类、项）", required=False)
    category = _line("category", 3, "3 位数字，输入时列出本地编码", "category_codes")
    subcategory = _line("subcategory", 8, "可留空", "subcategory_codes")
    unit = _line("unit", 120, "", "department_units")
    summary = _text(TITLES["summary"], 3, 2000, "主要内容、数据范围和关键信息项")
    source_kind = _radio(TITLES["source_kind"])
    subject_kind = _radio(TITLES["subject_kind"])
    base_library = forms.ChoiceField(label=TITLES["base_library"], required=False)
    theme_library = forms.ChoiceField(label=TITLES["theme_library"], required=False)
    media_kind = forms.ChoiceField(label=TITLES["media_kind"], required=False)
    document_class = forms.ChoiceField(label=TITLES["document_class"], required=False)
    system_name = _line("system_name", 120)
    business_matter = _line("business_matter", 200)
    format = forms.ChoiceField(label="信息资源格式", required=False)
    format_note = _line("format_note", 200, "自描述格式必填")
    not_digital = forms.BooleanField(label="尚未电子化", required=False, help_text="电子化前以介质方式提供")
    update_cycle = forms.ChoiceField(label=TITLES["update_cycle"], required=False)
    classified = _ticks("涉密情况", "涉密信息不得编入目录；没有涉密信息则不勾选")
    has_privacy = forms.BooleanField(label="涉及个人隐私", required=False)
    has_trade_secret = forms.BooleanField(label="涉及商业秘密", required=False)
    share_type = _radio("共享类型（拟）")
    share_condition = _text(TITLES["share_condition"], help_text="有条件共享必填：在什么条件下可以使用")
    share_scope = _text(TITLES["share_scope"], help_text="有条件共享必填：可以给哪些部门；或在信息项中逐项指定")
    share_basis = _text(TITLES["share_basis"], help_text="不予共享必填：法律、行政法规或政策的名称和条款")
    basis_kind = forms.ChoiceField(label=TITLES["basis_kind"], required=False)
    withheld_statement = _text(TITLES["withheld_statement"], help_text="不予共享的，向数据主管部门说明理由")
    use_purposes = _ticks(TITLES["use_purposes"])
    usage_requirement = _text(TITLES["usage_requirement"], help_text="对使用方的具体要求，可留空")
    mode = forms.ChoiceField(label="共享方式", required=False)
    agreement_required = forms.NullBooleanField(
        label=TITLES["agreement_required"], required=False,
        widget=forms.Select(choices=[("", "未定"), ("true", "是"), ("false", "否")]),
    )  # fmt: skip
    is_open = forms.BooleanField(label=TITLES["is_open"], required=False)
    open_type = _radio(TITLES["open_type"])
    open_modes = _ticks(TITLES["open_modes"])
    open_condition = _text(TITLES["open_condition"])
    open_basis = _text(TITLES["open_basis"])
    open_basis_kind = forms.ChoiceField(label=TITLES["open_basis_kind"], required=False)
    related_codes = _text(TITLES["related_codes"], help_text="每行一个，可留空")
    duplicate_note = _text("重复采集说明", help_text="目录中已有其他部门的相近资源时填写：为什么不能共享获取")

    def __init__(self, law: Demands, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.law = law
        for figure, title in guide.SURVEY_FIGURES.items():
            self.fields[SURVEY + figure] = forms.IntegerField(
                label=title, required=False, min_value=0, max_value=10**15, help_text="不知道的填 0"
            )
        self.references = _references(law, self.fields)
        for name, pairs in _lists(law).items():
            self.fields[name].choices = pairs  # type: ignore[attr-defined]
            if not any(value for value, _ in pairs):
                del self.fields[name]
        typed_opening = bool(law.options("open_types"))
        gone = ("is_open",) if typed_opening else ("open_type", "open_modes", "open_basis", "open_basis_kind")
        for name in gone if law.opening else _OPENING:
            self.fields.pop(name, None)

    @property
    def survey(self) -> list[forms.BoundField]:
        """The six figures of 资源大普查."""
        return [self[SURVEY + figure] for figure in guide.SURVEY_FIGURES]

    def clean_classified(self) -> list[str]:
        """Whatever is classified is refused before anything of it is stored."""
        chosen: list[str] = self.cleaned_data["classified"]
        if chosen:
            titles = "、".join(self.law.title("sensitivity_flags", key) for key in chosen)
            raise forms.ValidationError(
                f"含有{titles}的信息不得编入目录，没有保存任何内容。请按保密法律法规另行管理；确属误选的，取消勾选"
            )
        return chosen

    def draft(self) -> ResourceDraft:
        """What was typed, as a draft. Only after ``is_valid``."""
        c = self.cleaned_data
        top, _, below = c["classification"].partition("-")
        format_class, _, format_type = c["format"].partition(":")
        mode_class, _, mode_type = c["mode"].partition(":")
        opening = self.law.option("open_types", c.get("open_type", ""))
        is_open = bool(c.get("is_open")) or (opening is not None and opening.facts.get("access") != "none")
        return ResourceDraft(
            **{name: c.get(name, "").strip() for name in _PLAIN},
            attribute_class=top,
            item_class=below,
            format_class=format_class,
            format_type=format_type,
            share_mode_class=mode_class,
            share_mode_type=mode_type,
            subject_kind=c.get("subject_kind") or "other",
            share_type=c.get("share_type") or str(self.law.values.get("sharing.default_type") or ""),
            use_purposes=tuple(c.get("use_purposes", ())),
            is_digital=not c["not_digital"],
            has_privacy=c["has_privacy"],
            has_trade_secret=c["has_trade_secret"],
            survey={f: c[SURVEY + f] for f in guide.SURVEY_FIGURES if c[SURVEY + f] is not None},
            agreement_required=c["agreement_required"],
            is_open=is_open,
            open_modes=tuple(c.get("open_modes", ())),
            related_codes=tuple(line.strip() for line in c["related_codes"].splitlines() if line.strip()),
        )


def _lists(law: Demands) -> dict[str, Choices]:
    refused = tuple(o for o in law.options("sensitivity_flags") if o.facts.get("effect") == "refuse")
    return {
        "classification": class_choices(law),
        "format": format_choices(law),
        "mode": mode_choices(law),
        "source_kind": choices(law.options("source_kinds")),
        "subject_kind": choices(guide.entries(law, "subject_kinds")),
        "base_library": choices(law.options("base_libraries"), "不归入基础库"),
        "theme_library": choices(law.options("theme_libraries"), "不归入主题库"),
        "media_kind": choices(law.options("media_kinds"), "请选择"),
        "document_class": choices(law.options("equivalent_classes"), "都不是"),
        "update_cycle": choices(guide.entries(law, "update_cycles"), "请选择"),
        "share_type": choices(law.options("share_types")),
        "basis_kind": choices(law.options("basis_kinds"), "请选择"),
        "use_purposes": choices(law.options("use_purposes")),
        "classified": choices(refused),
        "open_type": choices(law.options("open_types")),
        "open_modes": choices(law.options("open_modes")),
        "open_basis_kind": choices(law.options("basis_kinds"), "请选择"),
    }


def _references(law: Demands, names: Mapping[str, object]) -> dict[str, Reference | None]:
    """The article beside each field: what demands it, else what closes its list, else where the guide has it."""
    standard = standard_of(law)
    found: dict[str, Reference | None] = {name: law.field_reference(name) for name in names}
    first = {name: o[0].reference for name, o in ((n, law.options(n)) for n in law.lists) if o}
    fallbacks = {
        "classification": law.field_reference("attribute_class") or standard,
        "format": law.field_reference("format_type") or standard,
        "mode": law.field_reference("share_mode_type") or standard,
        "summary": standard,
        "category": standard,
        "update_cycle": standard,
        "duplicate_note": law.reference("collection.source_unique"),
        "base_library": law.reference("sharing.base_elements_type"),
        "theme_library": first.get("theme_libraries"),
        "media_kind": first.get("media_kinds"),
        "document_class": first.get("equivalent_classes"),
        "basis_kind": first.get("basis_kinds"),
        "classified": first.get("sensitivity_flags"),
        "open_type": first.get("open_types"),
        "open_modes": first.get("open_modes"),
        "is_open": law.reference("opening.enabled"),
    }
    for field, key in (("has_privacy", "privacy"), ("has_trade_secret", "trade_secret")):
        flag = law.option("sensitivity_flags", key)
        fallbacks[field] = flag.reference if flag else None
    return found | {name: found.get(name) or reference for name, reference in fallbacks.items()}


def resource_initial(draft: ResourceDraft) -> dict[str, Any]:
    """A draft as the form shows it."""
    values: dict[str, Any] = {name: getattr(draft, name) for name in RESOURCE_FIELDS}
    values["classification"] = f"{draft.attribute_class}-{draft.item_class}"
    values["format"] = f"{draft.format_class}:{draft.format_type}" if draft.format_type else ""
    values["mode"] = f"{draft.share_mode_class}:{draft.share_mode_type}"
    values["use_purposes"] = list(draft.use_purposes)
    values["open_modes"] = list(draft.open_modes)
    values["related_codes"] = "\n".join(draft.related_codes)
    values["not_digital"] = not draft.is_digital
    return values | {SURVEY + figure: number for figure, number in draft.survey.items()}
