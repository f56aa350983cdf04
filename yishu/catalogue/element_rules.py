"""Guide 1272's elements of a resource: which must be there, which values they take, how they hang together. Pure, Django-free."""

import re
from collections.abc import Iterator

from yishu.catalogue import guide
from yishu.catalogue.class_tree import EMPTY, ClassTree
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ResourceDraft
from yishu.catalogue.item_rules import FieldProblem, has_hidden
from yishu.kernel.codes import RESOURCE_CODE_PATTERN
from yishu.kernel.references import Reference

TITLES = {
    "attribute_class": "信息资源分类（类）",
    "item_class": "信息资源分类（项）",
    "title": "信息资源名称",
    "summary": "信息资源摘要",
    "category": "目",
    "subcategory": "细目",
    "unit": "提供方内部部门",
    "format_class": "信息资源格式分类",
    "format_type": "信息资源格式类型",
    "format_note": "其他类型资源格式描述",
    "update_cycle": "更新周期",
    "source_kind": "来源方式",
    "subject_kind": "数据主体",
    "base_library": "归入基础库",
    "theme_library": "归入主题库",
    "media_kind": "表现形式",
    "document_class": "证照、文书、合同",
    "system_name": "所属信息系统",
    "business_matter": "关联业务事项",
    "use_purposes": "具体用途",
    "usage_requirement": "使用要求",
    "share_type": "共享类型",
    "share_condition": "共享条件",
    "share_scope": "共享范围",
    "share_basis": "共享属性的依据",
    "basis_kind": "依据种类",
    "withheld_statement": "不予共享理由说明",
    "share_mode_class": "共享方式分类",
    "share_mode_type": "共享方式类型",
    "agreement_required": "须签安全协议",
    "is_open": "向社会开放",
    "open_type": "开放类型",
    "open_modes": "开放方式",
    "open_condition": "开放条件",
    "open_basis": "开放属性的依据",
    "open_basis_kind": "开放依据种类",
    "related_codes": "关联资源代码",
    "survey": "资源大普查",
}
"""What people read for each element, in the form, the template and every message."""
GUIDE_FIELDS = ("title", "summary", "category", "format_type", "update_cycle")
"""Elements no entry can do without, whatever the pack lists: code, search and loads rest on them."""
LISTS = {
    "source_kind": "source_kinds",
    "base_library": "base_libraries",
    "theme_library": "theme_libraries",
    "media_kind": "media_kinds",
    "document_class": "equivalent_classes",
}
"""Elements whose values the pack closes, with the list."""
MOST_RELATED = 50


def missing(field: str, title: str, reference: Reference | None, remedy: str = "") -> FieldProblem:
    """The problem of an element that was not filled in."""
    return FieldProblem(
        where=title, what="没有填写", remedy=remedy or "请填写或选择后再提交", code=f"catalogue.missing_{field}",
        reference=reference, field=field,
    )  # fmt: skip


def wrong(
    field: str, title: str, what: str, remedy: str, code: str, reference: Reference | None = None
) -> FieldProblem:
    """The problem of an element whose value cannot stand."""
    return FieldProblem(
        where=title, what=what, remedy=remedy, code=f"catalogue.{code}", reference=reference, field=field
    )


def standard_of(law: Demands) -> Reference | None:
    """The article that takes the guide over, else the place in the guide itself."""
    found = law.reference("catalogue.standard")
    return found or next((e.reference for e in guide.entries(law, "update_cycles")), None)


def element_problems(draft: ResourceDraft, law: Demands, tree: ClassTree = EMPTY) -> Iterator[FieldProblem]:
    """Everything wrong with the elements of one resource, in the order of the form."""
    yield from _required(draft, law)
    yield from _text(draft, law)
    yield from _listed(draft, law)
    yield from _classification(draft, law, tree)
    yield from _format(draft, law)
    yield from _mode(draft, law)
    yield from _linked(draft, law)


def _absent(value: object) -> bool:
    return value in ("", (), None) or value == {}


def _required(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    standard = standard_of(law)
    for name in GUIDE_FIELDS:
        if not getattr(draft, name):
            yield missing(name, TITLES[name], law.field_reference(name) or standard)
    told = set(GUIDE_FIELDS)
    for field in law.forms.get("catalogue.resource", ()):
        if field.name in told or not hasattr(draft, field.name):
            continue
        told.add(field.name)
        if field.name == "format_class" and not draft.format_type:
            continue  # class and type are one choice of the form: the missing type was told
        if _absent(getattr(draft, field.name)):
            yield missing(field.name, field.title, field.reference)
    kinds = law.options("source_kinds")
    if kinds and "source_kind" not in told and not draft.source_kind:
        yield missing("source_kind", TITLES["source_kind"], kinds[0].reference, "请选择数据的来源方式")


def _text(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    if has_hidden(draft.title) or draft.title != " ".join(draft.title.split()):
        yield wrong(
            "title", TITLES["title"], "名称含有多余空格或看不见的字符", "请重新键入名称，不要从网页或表格中粘贴",
            "hidden_characters", standard_of(law),
        )  # fmt: skip
    for name in ("unit", "system_name", "business_matter"):
        if has_hidden(getattr(draft, name)):
            yield wrong(
                name, TITLES[name], "含有看不见的字符", "请重新键入这一栏", "hidden_characters", standard_of(law)
            )


def _listed(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    for name, listed in LISTS.items():
        value, options = getattr(draft, name), law.options(listed)
        if value and options and law.option(listed, value) is None:
            yield wrong(
                name, TITLES[name], f"{TITLES[name].removeprefix('归入')}不在规定的范围内",
                f"请选择：{'、'.join(o.title for o in options)}", f"unknown_{name}", options[0].reference,
            )  # fmt: skip
    if draft.update_cycle and guide.entry(law, "update_cycles", draft.update_cycle) is None:
        names = "、".join(e.title for e in guide.entries(law, "update_cycles"))
        yield wrong(
            "update_cycle", TITLES["update_cycle"], "更新周期不在可选范围内", f"请选择：{names}", "update_cycle",
            law.field_reference("update_cycle") or standard_of(law),
        )  # fmt: skip


def _classification(draft: ResourceDraft, law: Demands, tree: ClassTree) -> Iterator[FieldProblem]:
    standard = law.field_reference("attribute_class") or standard_of(law)
    top = guide.entry(law, "classes", draft.attribute_class)
    if top is None or draft.item_class not in {i.key for i in top.items}:
        yield wrong(
            "item_class", "信息资源分类", "所选的“项”不属于所选的“类”", "请重新选择类和项", "classification", standard
        )
        return
    path = draft.attribute_class + draft.item_class
    if draft.category and not re.fullmatch(r"[0-9]{3}", draft.category):
        yield wrong(
            "category", "目", "目应为 3 位数字", "请填写本地编码表中的 3 位目代码，如 016", "category", standard
        )
    elif draft.category and tree.under(path) and draft.category not in tree.under(path):
        yield _not_in_tree("category", draft.category, tree, path, standard)
    # At most 8: a longer classification would look like an identity number to everything that must not store one.
    if draft.subcategory and not re.fullmatch(r"[0-9]{1,8}", draft.subcategory):
        yield wrong(
            "subcategory", "细目", "细目应为 1 至 8 位数字", "请填写本地编码表中的细目代码，没有可留空", "subcategory",
            standard,
        )  # fmt: skip
        return
    own = tree.under(path + draft.category)
    if draft.subcategory and own and draft.subcategory not in own:
        yield _not_in_tree("subcategory", draft.subcategory, tree, path + draft.category, standard)


def _not_in_tree(field: str, code: str, tree: ClassTree, path: str, reference: Reference | None) -> FieldProblem:
    shown = [f"{key} {title}" for key, title in list(tree.under(path).items())[:8]]
    more = f" 等 {len(tree.under(path))} 个" if len(tree.under(path)) > len(shown) else ""
    return wrong(
        field, TITLES[field], f"本地分类中没有编码“{code}”", f"请选择：{'、'.join(shown)}{more}；需要新增的，请联系数据主管部门",
        f"{field}_unknown", reference,
    )  # fmt: skip


def _format(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    standard = law.field_reference("format_type") or standard_of(law)
    form = guide.entry(law, "format_classes", draft.format_class)
    if form is None:
        if not draft.format_class and not draft.format_type:
            return  # `_required` has said so
        names = "、".join(f.title for f in guide.entries(law, "format_classes"))
        yield wrong(
            "format_type", TITLES["format_class"], "没有这种信息资源格式", f"请选择：{names}", "format_class", standard
        )
        return
    if draft.format_type and draft.format_type not in form.types:
        yield wrong(
            "format_type", TITLES["format_type"], f"“{draft.format_type[:40]}”不属于“{form.title}”类",
            f"“{form.title}”类可选：{'、'.join(form.types)}", "format_cascade", standard,
        )  # fmt: skip
    if form.describe and not draft.format_note:
        yield missing("format_note", TITLES["format_note"], standard, "自描述格式须写明所在领域的格式")


def _mode(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    standard = law.field_reference("share_mode_type") or standard_of(law)
    form = guide.entry(law, "format_classes", draft.format_class)
    mode = guide.entry(law, "share_mode_types", draft.share_mode_type)
    if form is None:
        return
    if mode is None or mode.of != draft.share_mode_class:
        yield wrong(
            "share_mode_type", TITLES["share_mode_type"], "共享方式类型不属于所选的共享方式分类", "请重新选择共享方式",
            "mode_cascade", standard,
        )  # fmt: skip
    elif draft.share_mode_class == "platform" and draft.share_mode_type not in form.modes:
        names = "、".join(guide.title(law, "share_mode_types", m) for m in form.modes)
        yield wrong(
            "share_mode_type", TITLES["share_mode_type"], f"“{form.title}”类资源不能以“{mode.title}”方式共享",
            f"请选择：{names}", "format_mode", standard,
        )  # fmt: skip
    elif not draft.is_digital and draft.share_mode_type in ("database", "interface"):
        yield wrong(
            "share_mode_type", TITLES["share_mode_type"], f"尚未电子化的资源不能以“{mode.title}”方式共享",
            "请改选介质方式，或在电子化后勾选“已电子化”", "not_digital", standard,
        )  # fmt: skip


def _linked(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    yield from _library(draft, law)
    yield from _related(draft, law)
    for name in ("shared", "open"):
        for figure, total in ((f"{name}_data", "data_total"), (f"{name}_records", "records_total")):
            if draft.survey.get(total) and draft.survey.get(figure, 0) > draft.survey[total]:
                yield wrong(
                    f"survey_{figure}", guide.SURVEY_FIGURES[figure], f"大于“{guide.SURVEY_FIGURES[total]}”",
                    "请核对数字；不知道的填 0", "survey", standard_of(law),
                )  # fmt: skip


def _library(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    """A resource classed under a base library's or a theme's 项 belongs to that library, where the pack has it."""
    name = {"1": "base_library", "2": "theme_library"}.get(draft.attribute_class)
    top = guide.entry(law, "classes", draft.attribute_class)
    below = next((i for i in top.items if i.key == draft.item_class), None) if top else None
    if name is None or below is None or getattr(draft, name):
        return
    fitting = [o for o in law.options(LISTS[name]) if below.title[:2] in o.title]
    if fitting:
        yield missing(
            name, TITLES[name], fitting[0].reference, f"分类为“{below.title}”的资源请归入“{fitting[0].title}”"
        )


def _related(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    bad = [code for code in draft.related_codes if not re.fullmatch(RESOURCE_CODE_PATTERN, code, re.ASCII)]
    twice = len(set(draft.related_codes)) != len(draft.related_codes)
    if bad or twice or len(draft.related_codes) > MOST_RELATED:
        what = f"“{bad[0][:60]}”不是信息资源代码" if bad else "关联资源代码重复" if twice else "关联资源代码太多"
        yield wrong(
            "related_codes", TITLES["related_codes"], what, f"每行一个代码，形如 307016/000001，最多 {MOST_RELATED} 个",
            "related_code", standard_of(law),
        )  # fmt: skip


def opening_problems(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    """开放属性: nothing may be opened where the text has no opening; elsewhere type, condition and what the pack asks."""
    if not law.opening:
        if draft.is_open or draft.open_condition or draft.open_type:
            yield wrong(
                "is_open", "开放属性", "本行政区域的办法不含数据开放，不能标为向社会开放", "请改为“否”",
                "opening_off", law.reference("opening.enabled"),
            )  # fmt: skip
        return
    kind = law.option("open_types", draft.open_type)
    if draft.open_type and law.options("open_types") and kind is None:
        names = "、".join(o.title for o in law.options("open_types"))
        yield wrong("open_type", TITLES["open_type"], "没有这种开放类型", f"请选择：{names}", "open_type")
    for mode in draft.open_modes:
        if law.options("open_modes") and law.option("open_modes", mode) is None:
            yield wrong("open_modes", TITLES["open_modes"], "没有这种开放方式", "请重新选择开放方式", "open_modes")
    # The guide asks every open resource for its condition; where the pack divides opening into types, only the conditional has one.
    conditional = draft.open_type == "conditional" if law.options("open_types") else True
    if draft.is_open and conditional and not draft.open_condition:
        yield missing(
            "open_condition", TITLES["open_condition"], law.field_reference("open_condition") or standard_of(law)
        )
    yield from _open_form(draft, law)


def _open_form(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    """What the pack's form asks of the open attributes: a basis only of what is not open without condition, and of a kind it accepts."""
    narrowed = draft.open_type in ("conditional", "withheld")
    for field in law.forms.get("catalogue.resource.open", ()):
        asked = narrowed if field.name.startswith("open_basis") else draft.is_open
        known = field.name != "open_condition" and hasattr(draft, field.name)
        if asked and known and _absent(getattr(draft, field.name)):
            yield missing(field.name, field.title, field.reference)
    kind = law.option("basis_kinds", draft.open_basis_kind)
    accepted = [
        o.title for o in law.options("basis_kinds") if f"open_{draft.open_type}" in (o.facts.get("accepted_for") or ())
    ]
    if narrowed and kind is not None and accepted and kind.title not in accepted:
        yield wrong(
            "open_basis_kind", TITLES["open_basis_kind"], f"“{kind.title}”不能作为限制开放的依据", f"可以作为依据的：{'、'.join(accepted)}",
            "open_basis_refused", kind.reference,
        )  # fmt: skip
