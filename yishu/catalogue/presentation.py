"""A resource in words: the elements of guide 1272 and its items, as pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from yishu.catalogue import guide
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
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


def draft_of(spec: ResourceSpec) -> ResourceDraft:
    """The published elements in the shape of a draft, for showing."""
    values = {name: spec.elements[name] for name in ResourceDraft.__slots__ if name in spec.elements}
    for name in ("use_purposes", "related_codes"):
        values[name] = tuple(values.get(name, ()))
    return ResourceDraft(
        **values | {"title": spec.title, "share_type": spec.share_type, "update_cycle": spec.update_cycle}
    )


def fact_rows(draft: ResourceDraft, law: Demands, *, code: str, department: Department | None) -> list[Fact]:
    """The elements of guide 1272 in its order, those that are empty and not demanded left out."""
    r = law.field_reference
    mode = f"{guide.title('share_mode_classes', draft.share_mode_class)} · {guide.title('share_mode_types', draft.share_mode_type)}"
    form = guide.title("formats", draft.format_class)
    opening = "是" if draft.is_open else "否"
    standard = law.reference("catalogue.standard")
    rows = [
        Fact("信息资源分类", f"{guide.class_title(draft.attribute_class, draft.item_class)} · 目 {draft.category or '—'}{f' · 细目 {draft.subcategory}' if draft.subcategory else ''}", standard),
        Fact("信息资源代码", code or "首次提交时生成", standard),
        Fact("信息资源提供方", f"{department.name}{f'（{draft.unit}）' if draft.unit else ''}" if department else ""),
        Fact("提供方代码", department.uscc if department else ""),
        Fact("信息资源摘要", draft.summary, standard),
        Fact("来源方式", law.title("source_kinds", draft.source_kind) or "—", r("source_kind")),
        Fact("数据主体", guide.title("subject_kinds", draft.subject_kind), r("subject_kind")),
        Fact("基础库", law.title("base_libraries", draft.base_library), law.reference("sharing.base_elements_type")),
        Fact("信息资源格式", f"{form} · {draft.format_type}{f'（{draft.format_note}）' if draft.format_note else ''}" if draft.format_type else form),
        Fact("共享类型", law.title("share_types", draft.share_type), r("share_type")),
        Fact("共享条件", draft.share_condition, r("share_condition")),
        Fact("共享范围", draft.share_scope, r("share_scope")),
        Fact("不予共享依据", draft.share_basis, r("share_basis")),
        Fact("具体用途", "、".join(law.title("use_purposes", p) for p in draft.use_purposes), r("use_purposes")),
        Fact("共享方式", mode),
        Fact("向社会开放", opening if law.opening else "否（本办法不含数据开放）", law.reference("opening.enabled")),
        Fact("开放条件", draft.open_condition),
        Fact("更新周期", guide.title("update_cycles", draft.update_cycle) if draft.update_cycle else "—", standard),
        Fact("关联资源代码", "、".join(draft.related_codes)),
        Fact("重复采集说明", draft.duplicate_note, law.reference("collection.source_unique")),
    ]  # fmt: skip
    return [row for row in rows if row.text]


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
    return ItemRow(
        column=column,
        name=item.name,
        type_title=DATA_TYPES.get(item.data_type, (item.data_type,))[0],
        length=item.length,
        required=item.required,
        identifier=guide.title("identifiers", item.identifier) if item.identifier else "",
        is_key=item.is_key,
        newest_by=item.newest_by,
        is_base=is_base,
        share_type=share_type,
        share_title=law.title("share_types", share_type),
        grade=grade,
        mask=f"{mask.title}（{mask.shows}）" if mask else "",
        description=item.description,
        limits="；".join(parts),
    )
