"""What a share type must come with, which basis the law accepts, what can never be entered, what may not weaken. Django-free.

Serves XW-17, XW-18, XW-19.2, XZ-2.1, XZ-4.2, JY-12, JY-14.2, JY-15, JY-32, YH-2.2, YH-3, YH-25.1, TL-3, TL-15. Every kind of
basis, every limit and every locked library is the pack's.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.element_rules import missing, wrong
from yishu.catalogue.item_rules import FieldProblem, item_problem
from yishu.catalogue.rules import CONDITIONAL, UNCONDITIONAL, WITHHELD, ItemSpec, ResourceSpec
from yishu.kernel.errors import Problem
from yishu.kernel.references import Reference
from yishu.law.vocabulary import BASIS_USES
from yishu.security import masks

_FORMS = {CONDITIONAL: "catalogue.resource.conditional", WITHHELD: "catalogue.resource.withheld"}
_PLACE = re.compile(r"第[〇零一二三四五六七八九十百千0-9]+[编章节条款项]|[（(][一二三四五六七八九十0-9]+[）)]|全文")
MARKED = re.compile(r"(绝密|机密|秘密)\s*★")
"""A classification mark as GB/T 9704 prints it; nothing that carries one belongs in the catalogue."""
_TEXTUAL, _TEMPORAL, _NUMERIC = "CMG", "DT", "NYBIF"
_NAMED_MASKS = (
    (re.compile("姓名|负责人$|法定代表人$|联系人$"), "name"),
    (re.compile("电话|手机|联系方式"), "phone"),
    (re.compile("地址|住址|住所"), "address"),
)


def sharing_problems(
    draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands, attached: Collection[str] = ()
) -> Iterator[FieldProblem]:
    """Everything about sharing that keeps a draft from submission: its type, what comes with it, purposes, sensitive items."""
    types = law.options("share_types")
    if types and law.option("share_types", draft.share_type) is None:
        names = "、".join(o.title for o in types)
        yield wrong("share_type", "共享类型", "没有这种共享类型", f"请选择：{names}", "share_type", types[0].reference)
        return
    yield from share_problems(draft, items, law, attached)
    purposes = law.options("use_purposes")
    if purposes and any(law.option("use_purposes", p) is None for p in draft.use_purposes):
        yield wrong(
            "use_purposes",
            "具体用途",
            "所选用途不在规定范围内",
            "请重新选择具体用途",
            "use_purpose",
            purposes[0].reference,
        )
    yield from sensitive_problems(draft, items, law)


def share_problems(
    draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands, attached: Collection[str] = ()
) -> Iterator[FieldProblem]:
    """What a share type must come with: condition and scope or items, the basis the pack demands, the statement of reasons.

    ``attached``: purposes of the files attached to the resource (``models.Upload.purpose``).
    """
    kind = law.option("share_types", draft.share_type)
    reference = kind.reference if kind else None
    if draft.share_type == CONDITIONAL:
        yield from _condition(draft, items, law, reference)
    if draft.share_type in _FORMS:
        yield from _basis(draft, law, reference, attached)
    narrower = {i.share_type for i in items if i.share_type in _FORMS and not i.is_base}
    if draft.share_type == UNCONDITIONAL and narrower:
        strictest = WITHHELD if WITHHELD in narrower else CONDITIONAL
        if basis_required(strictest, law):
            yield from _basis(replace(draft, share_type=strictest), law, reference, attached)


def _condition(
    draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands, reference: Reference | None
) -> Iterator[FieldProblem]:
    if not draft.share_condition:
        yield missing("share_condition", "共享条件", law.field_reference("share_condition") or reference)
    narrowed = any(i.share_type and i.share_type != UNCONDITIONAL for i in items)
    if not draft.share_scope and not narrowed:
        yield missing(
            "share_scope", "共享范围", law.field_reference("share_scope") or reference,
            "请写明可以共享给哪些部门，或在信息项中逐项指定有条件共享的内容",
        )  # fmt: skip


def _form(use: str, law: Demands) -> dict[str, Reference]:
    return {f.name: f.reference for f in law.forms.get(_FORMS.get(use, ""), ())}


def basis_required(use: str, law: Demands) -> bool:
    """Whether the law wants a basis for a use (``vocabulary.BASIS_USES``): its form or its share type says so."""
    option = law.option("share_types", use)
    said = str(option.facts.get("basis_required", "")).lower() == "true" if option else False
    return said or use == WITHHELD or "share_basis" in _form(use, law)


def _basis(
    draft: ResourceDraft, law: Demands, reference: Reference | None, attached: Collection[str]
) -> Iterator[FieldProblem]:
    form = _form(draft.share_type, law)
    title = "不予共享依据" if draft.share_type == WITHHELD else "共享属性的依据"
    if basis_required(draft.share_type, law) or draft.basis_kind or draft.share_basis:
        found = basis_problems(
            draft.share_type, draft.basis_kind, draft.share_basis, law, kind_demanded="basis_kind" in form
        )
        yield from (replace(p, where=title if p.field == "share_basis" else p.where) for p in found)
    if "basis_article" in form and draft.share_basis and not _PLACE.search(draft.share_basis):
        yield FieldProblem(
            title, "依据没有写到条款", "请写明文件名称和具体条款，如“《××法》第十二条”", "catalogue.basis_without_article",
            form["basis_article"], field="share_basis",
        )  # fmt: skip
    for name in ("basis_attachment", "attachment"):
        if name in form and "share_basis" not in attached:
            yield FieldProblem(
                "依据附件", "没有上传依据文件", "请在资源的“附件”页上传依据文件", "catalogue.missing_basis_attachment", form[name],
                field="share_basis",
            )  # fmt: skip
    yield from _statement(draft, law)


def _statement(draft: ResourceDraft, law: Demands) -> Iterator[FieldProblem]:
    if draft.share_type != WITHHELD or draft.withheld_statement:
        return
    stated = law.forms.get("withheld.statement", ())
    reference = _form(WITHHELD, law).get("withheld_statement") or (stated[0].reference if stated else None)
    if law.values.get("sharing.withheld_stated_to_authority") is True:
        reference = reference or law.reference("sharing.withheld_stated_to_authority")
    if reference is not None:
        yield missing(
            "withheld_statement",
            "不予共享理由说明",
            reference,
            "请写明不能共享的具体理由；说明随目录一并报送数据主管部门",
        )


def basis_problems(use: str, kind: str, text: str, law: Demands, *, kind_demanded: bool = False) -> list[FieldProblem]:
    """Why a basis does not carry a use (a word of ``vocabulary.BASIS_USES``): none given, unknown kind, kind not accepted.

    The kind is demanded where the form lists it or where the law accepts some kinds only. Sharing's refusals use the same rule.
    """
    kinds = law.options("basis_kinds")
    accepted = [o for o in kinds if use in (o.facts.get("accepted_for") or ())]
    limited = len(accepted) < len(kinds)
    names = "、".join(o.title for o in accepted)
    reference = _form(use, law).get("share_basis") or (kinds[0].reference if kinds and limited else None)
    share = law.option("share_types", use)
    reference = reference or (share.reference if share else None)
    problems = []
    if not text.strip():
        remedy = f"请写明所依据的{names}的名称和条款" if limited and names else "请写明所依据的法律、行政法规或政策条款"
        problems.append(missing("share_basis", "依据", reference, remedy))
    chosen = law.option("basis_kinds", kind)
    if kind and kinds and chosen is None:
        problems.append(wrong("basis_kind", "依据种类", "没有这种依据", f"请选择：{names}", "basis_kind", reference))
    elif chosen is not None and chosen not in accepted:
        what = f"“{chosen.title}”不能作为{BASIS_USES.get(use, use)}的依据"
        problems.append(
            wrong(
                "basis_kind",
                "依据种类",
                what,
                f"可以作为依据的：{names or '无'}；没有的请改为可以共享的类型",
                "basis_refused",
                chosen.reference,
            )
        )
    elif not kind and kinds and (limited or kind_demanded):
        problems.append(
            missing("basis_kind", "依据种类", _form(use, law).get("basis_kind") or reference, f"请选择：{names}")
        )
    return problems


def library_locked(draft: ResourceDraft, law: Demands) -> bool:
    """Whether base items of the draft's library are locked to unconditional sharing."""
    library = law.option("base_libraries", draft.base_library)
    locked = str(library.facts.get("locked", "")).lower() if library else ""
    return locked != "false"


def base_item_problems(draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands) -> Iterator[FieldProblem]:
    """What is wrong with base data items: none marked in a base library, marked without one, or narrower than unconditional."""
    library = law.option("base_libraries", draft.base_library)
    reference = law.reference("sharing.base_elements_type") or (library.reference if library else None)
    if library and items and not any(i.is_base for i in items):
        yield wrong(
            "items", "信息项", "资源归入基础库，但没有标出基础数据项", "请在信息项中勾选“基础数据项”，或不选择基础库",
            "base_items_missing", reference,
        )  # fmt: skip
    for row, item in enumerate(items):
        if not item.is_base:
            continue
        if not draft.base_library:
            yield item_problem(
                row, item, "is_base", "标了基础数据项，但资源没有选择基础库", "请先选择基础库，或取消“基础数据项”",
                "base_without_library", reference,
            )  # fmt: skip
        elif item.share_type not in ("", UNCONDITIONAL) and library_locked(draft, law):
            yield item_problem(
                row, item, "share_type", "基础库的基础数据项应当无条件共享", "请把这一项的共享类型改为无条件共享",
                "base_item_locked", library.reference if library and not law.reference("sharing.base_elements_type") else reference,
            )  # fmt: skip


def classified_problems(
    draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands, classified: str = ""
) -> list[FieldProblem]:
    """What is state or work secret and may not be entered at all: nothing of it is stored, not even as a draft.

    ``classified``: the flag ticked for the whole resource (key of the pack's ``sensitivity_flags``), empty for none.
    """
    problems = []
    refused = {o.key: o for o in law.options("sensitivity_flags") if o.facts.get("effect") == "refuse"}
    remedy = "涉密内容按保密法律法规管理，不得录入本平台；请删去有关内容"
    if classified in refused:
        flag = refused[classified]
        problems.append(
            wrong("classified", "涉密情况", f"标为“{flag.title}”的数据不能登记", remedy, "classified", flag.reference)
        )
    for row, item in enumerate(items):
        if item.sensitivity in refused:
            flag = refused[item.sensitivity]
            what = f"标为“{flag.title}”的信息项不能登记"
            problems.append(item_problem(row, item, "sensitivity", what, remedy, "classified", flag.reference))
    first = next(iter(refused.values()), None)
    reference = first.reference if first else law.reference("scope.classified_allowed")
    for field, text in (("title", draft.title), ("summary", draft.summary)):
        if MARKED.search(text):
            problems.append(wrong(field, "密级标志", "文字中带有密级标志，不能登记", remedy, "classified", reference))
    for row, item in enumerate(items):
        if MARKED.search(f"{item.name}\n{item.description}"):
            what = "文字中带有密级标志，不能登记"
            problems.append(item_problem(row, item, "name", what, remedy, "classified", reference))
    return problems


def sensitive_problems(draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands) -> Iterator[FieldProblem]:
    """A resource said to hold trade secrets or privacy names the items that do, and masks every one of them."""
    masked = {o.key: o for o in law.options("sensitivity_flags") if o.facts.get("effect") == "mask"}
    if not masked:
        return
    for flag, word in (("privacy", "个人隐私"), ("trade_secret", "商业秘密")):
        said = getattr(draft, f"has_{flag}")
        if said and items and flag in masked and not any(i.sensitivity in masked for i in items):
            yield wrong(
                "items", "信息项", f"资源标明涉及{word}，但没有标出是哪些信息项", "请在信息项的“敏感属性”中逐项标出",
                "sensitive_items_missing", masked[flag].reference,
            )  # fmt: skip
    for row, item in enumerate(items):
        if item.sensitivity and law.option("sensitivity_flags", item.sensitivity) is None:
            yield item_problem(row, item, "sensitivity", "没有这种敏感属性", "请重新选择", "sensitivity")
        elif item.sensitivity in masked and not item.mask:
            yield item_problem(
                row,
                item,
                "mask",
                "敏感信息项没有脱敏方式",
                "请选择脱敏方式",
                "sensitive_unmasked",
                masked[item.sensitivity].reference,
            )


def default_mask(item: ItemDraft) -> str:
    """The mask a sensitive item gets when none was chosen: by identifier, by what its name says, else everything hidden."""
    known = {"person_id": "person_id", "uscc": "uscc", "identity_document": "text"}.get(item.identifier, "")
    if not known and item.data_type in _TEXTUAL:
        known = next((mask for pattern, mask in _NAMED_MASKS if pattern.search(item.name)), "text")
    if not known:
        known = "date" if item.data_type in _TEMPORAL else "number" if item.data_type in _NUMERIC else "hide"
    return known if masks.fits(known, item.data_type) else "hide"


def with_default_mask(item: ItemDraft, law: Demands) -> ItemDraft:
    """The item, masked by default when its sensitivity asks for a mask and none was chosen."""
    flag = law.option("sensitivity_flags", item.sensitivity) if item.sensitivity else None
    if flag is None or flag.facts.get("effect") != "mask" or item.mask:
        return item
    return replace(item, mask=default_mask(item))


def mask_rank(kind: str) -> int:
    """How much a mask hides: 0 nothing, 1 a part, 2 the whole text, 3 that there is a value at all."""
    return {"": 0, "text": 2, "hide": 3}.get(kind, 1)


def weaker_mask(before: str, after: str) -> bool:
    """Whether ``after`` may show more than ``before``; one partial mask for another counts, since they show different parts."""
    return before != after and mask_rank(after) <= mask_rank(before) and mask_rank(before) > 0


def weakening(before: ResourceSpec | None, items: Sequence[ItemSpec]) -> list[Problem]:
    """Items of a new version whose grade is lower or whose mask may show more than in the version in force.

    An item is held to what stood under its column and to what stood under its name: a retyped item gets a new column, and two
    items that change places keep theirs.
    """
    if before is None:
        return []
    problems = []
    for was, item in _pairs(before, items):
        if item.grade < was.grade:
            what = f"级别由 {was.grade} 级降为 {item.grade} 级"
            problems.append(
                Problem(f"信息项“{item.name}”", what, "请写明降级的理由，或恢复原级别", "catalogue.grade_weakened")
            )
        if weaker_mask(was.mask, item.mask):
            title = masks.MASKS[item.mask].title if item.mask in masks.MASKS else "不脱敏"
            what = f"脱敏由“{masks.MASKS[was.mask].title if was.mask in masks.MASKS else was.mask}”改为“{title}”"
            problems.append(
                Problem(
                    f"信息项“{item.name}”", what, "请写明放宽的理由，或恢复原来的脱敏方式", "catalogue.mask_weakened"
                )
            )
    return problems


def narrowing(before: ResourceSpec | None, share_type: str, items: Sequence[ItemSpec]) -> list[str]:
    """What a new version takes out of unconditional sharing: the resource, or names of items; empty when nothing (YH-25.1).

    An item that is left out altogether is taken out too, whether or not another name comes in its place.
    """
    if before is None:
        return []
    found = []
    if before.share_type == UNCONDITIONAL and share_type != UNCONDITIONAL:
        found.append(before.title)
    for was, item in _pairs(before, items):
        if was.share_type == UNCONDITIONAL and item.share_type != UNCONDITIONAL:
            found.append(item.name)
    columns, names = {i.column for i in items}, {i.name for i in items}
    for was in before.items:
        if was.share_type == UNCONDITIONAL and was.column not in columns and was.name not in names:
            found.append(f"{was.name}（删去）")
    return list(dict.fromkeys(found))


def unlocked_base_items(before: ResourceSpec | None, items: Sequence[ItemSpec], law: Demands) -> list[Problem]:
    """Base data items of the version in force that a new version would share less than unconditionally.

    That the mark or the library is taken off in the same version changes nothing: what was published as base data stays open.
    """
    if before is None:
        return []
    library = law.option("base_libraries", str(before.elements.get("base_library") or ""))
    if library is None or str(library.facts.get("locked", "")).lower() == "false":
        return []
    base = set(before.elements.get("base_items") or ())
    reference = law.reference("sharing.base_elements_type") or library.reference
    names = {i.name for was, i in _pairs(before, items) if was.column in base and i.share_type != UNCONDITIONAL}
    return [
        Problem(
            f"信息项“{name}”", "现行版本中是基础库的基础数据项，应当无条件共享", "请把这一项的共享类型恢复为无条件共享",
            "catalogue.base_item_locked", reference,
        )
        for name in sorted(names)
    ]  # fmt: skip


def _pairs(before: ResourceSpec, items: Sequence[ItemSpec]) -> Iterator[tuple[ItemSpec, ItemSpec]]:
    """Each item with what stood under its column, and with what stood under its name where that is another."""
    columns, names = {i.column: i for i in before.items}, {i.name: i for i in before.items}
    for item in items:
        held = {was.column: was for was in (columns.get(item.column), names.get(item.name)) if was is not None}
        for was in held.values():
            yield was, item
