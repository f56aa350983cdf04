"""Whether a draft may be submitted: guide 1272's elements and items, and what the pack demands. Pure, Django-free."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from yishu.catalogue import guide
from yishu.catalogue.class_tree import EMPTY, ClassTree
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.element_rules import element_problems, opening_problems, standard_of, wrong
from yishu.catalogue.item_rules import FieldProblem, item_problem, item_problems
from yishu.catalogue.sharing_rules import base_item_problems, share_problems, sharing_problems

__all__ = ["share_problems", "submission_problems"]


def submission_problems(
    draft: ResourceDraft,
    items: Sequence[ItemDraft],
    *,
    law: Demands,
    department_kind: str,
    tree: ClassTree = EMPTY,
    attached: Collection[str] = (),
) -> tuple[FieldProblem, ...]:
    """Everything that keeps a draft from being submitted, in the order of the form; empty when it may.

    ``tree``: the jurisdiction's own 目 and 细目; ``attached``: purposes of attached files. Sources: guide 1272 (elements, cascades, linkage), the pack (required fields,
    closed lists, identifiers, share types, base items).
    """
    return (
        *_provider(department_kind, law),
        *element_problems(draft, law, tree),
        *sharing_problems(draft, items, law, attached),
        *opening_problems(draft, law),
        *_item_list(draft, items, law),
        *(p for row, item in enumerate(items) for p in item_problems(row, item, law=law)),
        *base_item_problems(draft, items, law),
    )


def _provider(kind: str, law: Demands) -> Iterator[FieldProblem]:
    kinds = law.options("org_kinds")
    allowed = [o for o in kinds if str(o.facts.get("may_own_resources", "true")).lower() != "false"]
    if kinds and kind not in {o.key for o in allowed}:
        yield wrong(
            "", "信息资源提供方", "本部门的类别不能提供政务数据资源",
            f"可以提供的部门类别：{'、'.join(o.title for o in allowed)}；如类别登记有误，请联系系统管理员",
            "provider_kind", kinds[0].reference,
        )  # fmt: skip


def _item_list(draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands) -> Iterator[FieldProblem]:
    standard = standard_of(law)
    form = guide.entry(law, "format_classes", draft.format_class)
    if not items and (form is None or form.structured):
        yield wrong(
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
            yield wrong("items", "信息项", f"{word}只能有一个", f"请只保留一个“{word}”", f"{flag}_twice", standard)
    yield from _identifier(draft, items, law)


def _identifier(draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands) -> Iterator[FieldProblem]:
    """Data about people or organisations carries their identifier, where the pack says which."""
    subject = guide.entry(law, "subject_kinds", draft.subject_kind)
    if subject is None:
        names = "、".join(e.title for e in guide.entries(law, "subject_kinds"))
        reference = law.field_reference("subject_kind") or standard_of(law)
        yield wrong("subject_kind", "数据主体", "没有选择数据主体", f"请选择：{names}", "subject_kind", reference)
        return
    key = "identifier.natural_person" if draft.subject_kind == "natural_person" else "identifier.organisation"
    demanded = subject.identifier and law.values.get(key) is not None
    if demanded and not any(guide.identifies(law, i.identifier, draft.subject_kind) for i in items):
        word = "”或“".join(e.title for e in guide.entries(law, "identifiers") if e.of == draft.subject_kind)
        yield wrong(
            "items", "信息项", f"{subject.title}数据缺少标识项“{word}”",
            f"请增加一个信息项，并把它的“标识”选为“{word}”", "identifier_missing", law.reference(key),
        )  # fmt: skip
