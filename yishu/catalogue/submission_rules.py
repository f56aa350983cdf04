"""Whether a draft may be submitted: guide 1272's linkage rules and what the pack demands. Pure, Django-free."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from yishu.catalogue import guide
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.item_rules import FieldProblem, has_hidden, item_problem, item_problems
from yishu.catalogue.rules import CONDITIONAL, UNCONDITIONAL, WITHHELD
from yishu.kernel.codes import RESOURCE_CODE_PATTERN
from yishu.kernel.references import Reference

_TITLES = {
    "title": "信息资源名称",
    "summary": "信息资源摘要",
    "category": "目",
    "format_type": "信息资源格式类型",
    "update_cycle": "更新周期",
    "source_kind": "来源方式",
    "use_purposes": "具体用途",
    "share_condition": "共享条件",
    "share_scope": "共享范围",
    "share_basis": "不予共享依据",
}
_GUIDE_FIELDS = ("title", "summary", "category", "format_type", "update_cycle")


def submission_problems(
    draft: ResourceDraft, items: Sequence[ItemDraft], *, law: Demands, department_kind: str
) -> tuple[FieldProblem, ...]:
    """Everything that keeps a draft from being submitted, in the order of the form; empty when it may.

    Sources: guide 1272 (fields, cascades), the pack (required fields, closed lists, identifiers, share types, base items).
    """
    return (
        *_provider(department_kind, law),
        *_required(draft, law),
        *_classification(draft, law),
        *_format(draft, law),
        *_sharing(draft, items, law),
        *_item_list(draft, items, law),
        *(p for row, item in enumerate(items) for p in item_problems(row, item, law=law)),
        *_base_items(draft, items, law),
    )


def _missing(field: str, title: str, reference: Reference | None, remedy: str = "") -> FieldProblem:
    return FieldProblem(
        where=title, what="没有填写", remedy=remedy or "请填写或选择后再提交", code=f"catalogue.missing_{field}",
        reference=reference, field=field,
    )  # fmt: skip


def _wrong(
    field: str, title: str, what: str, remedy: str, code: str, reference: Reference | None = None
) -> FieldProblem:
    return FieldProblem(
        where=title, what=what, remedy=remedy, code=f"catalogue.{code}", reference=reference, field=field
    )


def _provider(kind: str, law: Demands) -> Iterator[FieldProblem]:
    kinds = law.options("org_kinds")
    allowed = [o for o in kinds if str(o.facts.get("may_own_resources", "true")).lower() != "false"]
    if kinds and kind not in {o.key for o in allowed}:
        yield _wrong(
            "", "信息资源提供方", "本部门的类别不能提供政务数据资源",
            f"可以提供的部门类别：{'、'.join(o.title for o in allowed)}；如类别登记有误，请联系系统管理员",
            "provider_kind", kinds[0].reference,
        )  # fmt: skip


def _required(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    standard = law.reference("catalogue.standard")
    seen: set[str] = set()
    for name in _GUIDE_FIELDS:
        seen.add(name)
        if not getattr(draft, name):
            yield _missing(name, _TITLES[name], standard)
    for field in law.forms.get("catalogue.resource", ()):
        if field.name == "format_class" and not draft.format_type:
            continue  # class and type are one choice of the form: the missing type was told
        if field.name not in seen and hasattr(draft, field.name) and getattr(draft, field.name) in ("", ()):
            seen.add(field.name)
            yield _missing(field.name, field.title, field.reference)
    kinds = law.options("source_kinds")
    if kinds and "source_kind" not in seen and not draft.source_kind:
        yield _missing("source_kind", "来源方式", kinds[0].reference, "请选择数据的来源方式")
    for field_name, list_name in (("source_kind", "source_kinds"), ("base_library", "base_libraries")):
        value = getattr(draft, field_name)
        if value and law.options(list_name) and law.option(list_name, value) is None:
            title = {"source_kind": "来源方式", "base_library": "基础库"}[field_name]
            yield _wrong(
                field_name, title, f"{title}不在规定的范围内", f"请选择：{'、'.join(o.title for o in law.options(list_name))}",
                f"unknown_{field_name}", law.options(list_name)[0].reference,
            )  # fmt: skip
    if has_hidden(draft.title) or draft.title != " ".join(draft.title.split()):
        yield _wrong(
            "title",
            "信息资源名称",
            "名称含有多余空格或看不见的字符",
            "请重新键入名称，不要从网页或表格中粘贴",
            "hidden_characters",
            standard,
        )


def _classification(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    standard = law.reference("catalogue.standard")
    top = guide.entry("classes", draft.attribute_class)
    if top is None or draft.item_class not in {i.key for i in top.items}:
        yield _wrong(
            "item_class", "信息资源分类", "所选的“项”不属于所选的“类”", "请重新选择类和项", "classification", standard
        )
    if draft.category and not re.fullmatch(r"[0-9]{3}", draft.category):
        yield _wrong(
            "category", "目", "目应为 3 位数字", "请填写本地编码表中的 3 位目代码，如 016", "category", standard
        )
    # At most 8: a longer classification would look like an identity number to everything that must not store one.
    if draft.subcategory and not re.fullmatch(r"[0-9]{1,8}", draft.subcategory):
        yield _wrong(
            "subcategory",
            "细目",
            "细目应为 1 至 8 位数字",
            "请填写本地编码表中的细目代码，没有可留空",
            "subcategory",
            standard,
        )
    for code in draft.related_codes:
        if not re.fullmatch(RESOURCE_CODE_PATTERN, code, re.ASCII):
            yield _wrong(
                "related_codes",
                "关联资源代码",
                "有一个关联资源代码的格式不对",
                "形如 307016/000001，每行一个",
                "related_code",
                standard,
            )
            break


def _format(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    standard = law.reference("catalogue.standard")
    form = guide.entry("formats", draft.format_class)
    if form is None:
        if draft.format_class:  # without one, `_required` has said so
            yield _wrong(
                "format_class", "信息资源格式分类", "没有这种格式分类", "请选择格式分类", "format_class", standard
            )
        return
    if draft.format_type and draft.format_type not in form.types:
        yield _wrong(
            "format_type", "信息资源格式类型", f"“{draft.format_type}”不属于“{form.title}”类",
            f"“{form.title}”类可选：{'、'.join(form.types)}", "format_cascade", standard,
        )  # fmt: skip
    if form.describe and not draft.format_note:
        yield _missing("format_note", "其他类型资源格式描述", standard, "自描述格式须写明所在领域的格式")
    mode = guide.entry("share_mode_types", draft.share_mode_type)
    if mode is None or mode.of != draft.share_mode_class:
        yield _wrong(
            "share_mode_type",
            "共享方式类型",
            "共享方式类型不属于所选的共享方式分类",
            "请重新选择共享方式",
            "mode_cascade",
            standard,
        )
    elif draft.share_mode_class == "platform" and draft.share_mode_type not in form.modes:
        names = "、".join(guide.title("share_mode_types", m) for m in form.modes)
        yield _wrong(
            "share_mode_type", "共享方式类型", f"“{form.title}”类资源不能以“{mode.title}”方式共享",
            f"请选择：{names}", "format_mode", standard,
        )  # fmt: skip
    if guide.entry("update_cycles", draft.update_cycle) is None and draft.update_cycle:
        yield _wrong(
            "update_cycle", "更新周期", "更新周期不在可选范围内", "请重新选择更新周期", "update_cycle", standard
        )


def _sharing(draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands) -> Iterator[FieldProblem]:
    kind = law.option("share_types", draft.share_type)
    if kind is None:
        names = "、".join(o.title for o in law.options("share_types"))
        first = law.options("share_types")[0].reference if law.options("share_types") else None
        yield _wrong("share_type", "共享类型", "没有这种共享类型", f"请选择：{names}", "share_type", first)
        return
    yield from share_problems(draft, items, law)
    purposes = law.options("use_purposes")
    if purposes and any(law.option("use_purposes", p) is None for p in draft.use_purposes):
        yield _wrong(
            "use_purposes",
            "具体用途",
            "所选用途不在规定范围内",
            "请重新选择具体用途",
            "use_purpose",
            purposes[0].reference,
        )
    if not law.opening and (draft.is_open or draft.open_condition):
        yield _wrong(
            "is_open", "开放属性", "本行政区域的办法不含数据开放，不能标为向社会开放", "请改为“否”",
            "opening_off", law.reference("opening.enabled"),
        )  # fmt: skip
    elif draft.is_open and not draft.open_condition:
        yield _missing("open_condition", "开放条件", law.reference("catalogue.standard"))


def share_problems(draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands) -> Iterator[FieldProblem]:
    """What a share type must come with: a condition and its scope or items, a basis for withholding."""
    kind = law.option("share_types", draft.share_type)
    reference = kind.reference if kind else None
    if draft.share_type == CONDITIONAL:
        if not draft.share_condition:
            yield _missing("share_condition", "共享条件", law.field_reference("share_condition") or reference)
        narrowed = any(i.share_type and i.share_type != UNCONDITIONAL for i in items)
        if not draft.share_scope and not narrowed:
            yield _missing(
                "share_scope", "共享范围", law.field_reference("share_scope") or reference,
                "请写明可以共享给哪些部门，或在信息项中逐项指定有条件共享的内容",
            )  # fmt: skip
    if draft.share_type == WITHHELD and not draft.share_basis:
        yield _missing(
            "share_basis",
            "不予共享依据",
            law.field_reference("share_basis") or reference,
            "请写明所依据的法律、行政法规或政策条款",
        )


def _item_list(draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands) -> Iterator[FieldProblem]:
    standard = law.reference("catalogue.standard")
    form = guide.entry("formats", draft.format_class)
    if not items and (form is None or form.structured):
        yield _wrong(
            "items",
            "信息项",
            "没有信息项",
            "结构化资源至少要有一个信息项；可在表格中逐行添加，或从电子表格粘贴",
            "no_items",
            standard,
        )
        return
    names = Counter(i.name.casefold() for i in items)
    for row, item in enumerate(items):
        if item.name and names[item.name.casefold()] > 1:
            yield item_problem(
                row,
                item,
                "name",
                "信息项名称重复",
                "同一资源的信息项名称不能相同，请改名或删除一行",
                "item_name_twice",
                standard,
            )
    for flag, word in (("is_key", "主标识"), ("newest_by", "取最新依据")):
        if sum(bool(getattr(i, flag)) for i in items) > 1:
            yield _wrong("items", "信息项", f"{word}只能有一个", f"请只保留一个“{word}”", f"{flag}_twice", standard)
    demanded = guide.entry("subject_kinds", draft.subject_kind)
    if demanded is None:
        yield _wrong(
            "subject_kind",
            "数据主体",
            "没有选择数据主体",
            "请选择自然人、法人和其他组织或其他",
            "subject_kind",
            standard,
        )
    elif demanded.identifier and not any(guide.identifies(i.identifier, draft.subject_kind) for i in items):
        key = "identifier.natural_person" if draft.subject_kind == "natural_person" else "identifier.organisation"
        word = "”或“".join(e.title for e in guide.entries("identifiers") if e.of == draft.subject_kind)
        yield _wrong(
            "items", "信息项", f"{demanded.title}数据缺少标识项“{word}”",
            f"请增加一个信息项，并把它的“标识”选为“{word}”", "identifier_missing", law.reference(key),
        )  # fmt: skip


def _base_items(draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands) -> Iterator[FieldProblem]:
    reference = law.reference("sharing.base_elements_type")
    if law.option("base_libraries", draft.base_library) and items and not any(i.is_base for i in items):
        yield _wrong(
            "items", "信息项", "资源归入基础库，但没有标出基础数据项", "请在信息项中勾选“基础数据项”，或不选择基础库",
            "base_items_missing", reference,
        )  # fmt: skip
    for row, item in enumerate(items):
        if not item.is_base:
            continue
        if not draft.base_library:
            yield item_problem(
                row,
                item,
                "is_base",
                "标了基础数据项，但资源没有选择基础库",
                "请先选择基础库，或取消“基础数据项”",
                "base_without_library",
                reference,
            )
        elif item.share_type not in ("", UNCONDITIONAL):
            yield item_problem(
                row, item, "share_type", "基础库的基础数据项应当无条件共享", "请把这一项的共享类型改为无条件共享",
                "base_item_locked", reference,
            )  # fmt: skip
