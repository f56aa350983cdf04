"""A resource in words: the elements of guide 1272 and its items, as pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from yishu.catalogue import guide
from yishu.catalogue.class_tree import EMPTY, ClassTree
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import RESOURCE_FIELDS, ItemDraft, ResourceDraft
from yishu.catalogue.element_rules import TITLES, standard_of
from yishu.catalogue.item_rules import effective_share_type
from yishu.catalogue.rules import DATA_TYPES, ItemSpec, ResourceSpec
from yishu.kernel.references import Reference
from yishu.orgs.models import Department
from yishu.security import masks


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the list of elements; ``reference`` is the article that demands or decides it."""

    label: str
    text: str
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item as a field card shows it. ``share_title`` and ``type_title`` are for people."""

    column: str
    name: str
    type_title: str
    length: int | None
    required: bool
    identifier: str
    is_key: bool
    newest_by: bool
    is_base: bool
    share_type: str
    share_title: str
    grade: int | None
    mask: str
    description: str
    limits: str
    sensitivity: str = ""


def draft_of(spec: ResourceSpec) -> ResourceDraft:
    """The published elements in the shape of a draft, for showing."""
    values = {name: spec.elements[name] for name in RESOURCE_FIELDS if name in spec.elements}
    for name in ("use_purposes", "related_codes", "open_modes"):
        values[name] = tuple(values.get(name, ()))
    return ResourceDraft(
        **values | {"title": spec.title, "share_type": spec.share_type, "update_cycle": spec.update_cycle}
    )


def fact_rows(
    draft: ResourceDraft, law: Demands, *, code: str, department: Department | None, tree: ClassTree = EMPTY
) -> list[Fact]:
    """The elements of guide 1272 in its order, those that are empty and not demanded left out."""
    standard = standard_of(law)
    provider = f"{department.name}{f'（{draft.unit}）' if draft.unit else ''}" if department else ""
    rows = [
        Fact(TITLES["title"], draft.title, law.field_reference("title") or standard),
        *_classification_facts(draft, law, tree, standard),
        Fact("信息资源代码", code or "首次提交时生成", standard),
        Fact("信息资源提供方", provider, law.field_reference("provider")),
        Fact("提供方代码", department.uscc if department else "", standard if department else None),
        Fact(TITLES["summary"], draft.summary, law.field_reference("summary") or standard),
        *_source_facts(draft, law),
        *_format_facts(draft, law),
        *_share_facts(draft, law),
        *_open_facts(draft, law),
        Fact(
            TITLES["update_cycle"],
            guide.title(law, "update_cycles", draft.update_cycle) if draft.update_cycle else "—",
            law.field_reference("update_cycle") or standard,
        ),
        Fact(TITLES["related_codes"], "、".join(draft.related_codes), law.field_reference("related_codes")),
        *(Fact(title, f"{draft.survey[key]:,}") for key, title in guide.SURVEY_FIGURES.items() if key in draft.survey),
        Fact("重复采集说明", draft.duplicate_note, law.reference("collection.source_unique")),
    ]
    return [row for row in rows if row.text]


def _classification_facts(
    draft: ResourceDraft, law: Demands, tree: ClassTree, standard: Reference | None
) -> list[Fact]:
    below = tree.words(draft.attribute_class, draft.item_class, draft.category, draft.subcategory)
    words = f"{guide.class_title(law, draft.attribute_class, draft.item_class)} · {below}"
    return [Fact("信息资源分类", words, law.field_reference("attribute_class") or standard)]


def _source_facts(draft: ResourceDraft, law: Demands) -> list[Fact]:
    def listed(name: str, options: str) -> Fact:
        held = law.options(options)
        reference = law.field_reference(name) or (held[0].reference if held else None)
        return Fact(TITLES[name].removeprefix("归入"), law.title(options, getattr(draft, name)), reference)

    flags = [
        law.title("sensitivity_flags", key)
        for key, there in (("privacy", draft.has_privacy), ("trade_secret", draft.has_trade_secret))
        if there
    ]
    base = listed("base_library", "base_libraries")
    return [
        Fact("来源方式", law.title("source_kinds", draft.source_kind) or "—", listed("source_kind", "source_kinds").reference),
        Fact("数据主体", guide.title(law, "subject_kinds", draft.subject_kind), law.field_reference("subject_kind")),
        Fact("基础库", base.text, law.reference("sharing.base_elements_type") or base.reference),
        listed("theme_library", "theme_libraries"),
        listed("media_kind", "media_kinds"),
        listed("document_class", "equivalent_classes"),
        Fact(TITLES["system_name"], draft.system_name, law.field_reference("system_name")),
        Fact(TITLES["business_matter"], draft.business_matter, law.field_reference("business_matter")),
        Fact("敏感信息", "、".join(flags)),
    ]  # fmt: skip


def _format_facts(draft: ResourceDraft, law: Demands) -> list[Fact]:
    form = guide.title(law, "format_classes", draft.format_class)
    note = f"（{draft.format_note}）" if draft.format_note else ""
    return [
        Fact(
            "信息资源格式",
            f"{form} · {draft.format_type}{note}" if draft.format_type else form,
            law.field_reference("format_type") or law.field_reference("format_class"),
        ),
        Fact("电子化", "" if draft.is_digital else "尚未电子化", law.field_reference("is_digital")),
    ]


def _share_facts(draft: ResourceDraft, law: Demands) -> list[Fact]:
    r = law.field_reference
    mode = f"{guide.title(law, 'share_mode_classes', draft.share_mode_class)} · {guide.title(law, 'share_mode_types', draft.share_mode_type)}"
    agreement = {True: "是", False: "否", None: ""}[draft.agreement_required]
    return [
        Fact("共享类型", law.title("share_types", draft.share_type), r("share_type")),
        Fact("数据归属", str(law.values.get("ownership.label") or ""), law.reference("ownership.label")),
        Fact("共享条件", draft.share_condition, r("share_condition")),
        Fact("共享范围", draft.share_scope, r("share_scope")),
        Fact("不予共享依据" if draft.share_type == "withheld" else "共享属性的依据", draft.share_basis, r("share_basis")),
        Fact("依据种类", law.title("basis_kinds", draft.basis_kind), r("basis_kind")),
        Fact("不予共享理由说明", draft.withheld_statement, r("withheld_statement")),
        Fact("具体用途", "、".join(law.title("use_purposes", p) for p in draft.use_purposes), r("use_purposes")),
        Fact("使用要求", draft.usage_requirement, r("usage_requirement")),
        Fact("共享方式", mode, r("share_mode_type")),
        Fact("须签安全协议", agreement, r("agreement_required")),
    ]  # fmt: skip


def _open_facts(draft: ResourceDraft, law: Demands) -> list[Fact]:
    r = law.field_reference
    opening = "是" if draft.is_open else "否"
    return [
        Fact("向社会开放", opening if law.opening else "否（本办法不含数据开放）", law.reference("opening.enabled")),
        Fact("开放类型", law.title("open_types", draft.open_type), r("open_type")),
        Fact("开放方式", "、".join(law.title("open_modes", m) for m in draft.open_modes), r("open_modes")),
        Fact("开放条件", draft.open_condition, r("open_condition")),
        Fact("开放属性的依据", draft.open_basis, r("open_basis")),
        Fact("开放依据种类", law.title("basis_kinds", draft.open_basis_kind), r("open_basis_kind")),
    ]


def item_rows(items: Sequence[ItemDraft], share_type: str, law: Demands) -> list[ItemRow]:
    """The items of a working copy."""
    return [
        _row(i, effective_share_type(i, share_type), i.grade, law, column=i.column, is_base=i.is_base) for i in items
    ]


def spec_rows(spec: ResourceSpec, law: Demands) -> list[ItemRow]:
    """The items of a published version."""
    base = set(spec.elements.get("base_items", ()))
    return [_row(i, i.share_type, i.grade, law, column=i.column, is_base=i.column in base) for i in spec.items]


def _row(
    item: ItemDraft | ItemSpec, share_type: str, grade: int | None, law: Demands, *, column: str, is_base: bool
) -> ItemRow:
    parts = []
    if item.pattern:
        parts.append(f"格式 {item.pattern}")
    if item.minimum or item.maximum:
        parts.append(f"{item.minimum or '不限'} 至 {item.maximum or '不限'}")
    if item.codes:
        shown = [f"{k} {v}" if k != v else k for k, v in list(item.codes.items())[:6]]
        parts.append(f"代码 {'、'.join(shown)}{f' 等 {len(item.codes)} 个' if len(item.codes) > 6 else ''}")
    mask = masks.MASKS.get(item.mask)
    sensitivity = getattr(item, "sensitivity", "")
    return ItemRow(
        column=column,
        name=item.name,
        type_title=DATA_TYPES.get(item.data_type, (item.data_type,))[0],
        length=item.length,
        required=item.required,
        identifier=guide.title(law, "identifiers", item.identifier) if item.identifier else "",
        is_key=item.is_key,
        newest_by=item.newest_by,
        is_base=is_base,
        share_type=share_type,
        share_title=law.title("share_types", share_type),
        grade=grade,
        mask=f"{mask.title}（{mask.shows}）" if mask else "",
        description=item.description,
        limits="；".join(parts),
        sensitivity=law.title("sensitivity_flags", sensitivity) if sensitivity else "",
    )
