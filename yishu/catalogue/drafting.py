"""Writes of the working copy: a new draft, a saved one. Nothing classified is ever stored; columns are given once for life."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from yishu.catalogue import access
from yishu.catalogue.access import law_of, must_be_seen, must_provide
from yishu.catalogue.codes import column_id
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ITEM_FIELDS, RESOURCE_FIELDS, ItemDraft, ResourceDraft
from yishu.catalogue.leads import must_lead
from yishu.catalogue.models import Item, Resource
from yishu.catalogue.rules import DATA_TYPES, UNCONDITIONAL
from yishu.catalogue.sharing_rules import classified_problems, with_default_mask
from yishu.kernel.errors import Conflict, Invalid, Problem
from yishu.ledger.actions import record
from yishu.orgs.models import Department, Person

_KEPT = ("attribute_class", "item_class", "category", "subcategory")


@transaction.atomic
def create_resource(
    *,
    department: Department,
    draft: ResourceDraft,
    items: Sequence[ItemDraft] = (),
    by: Person,
    at: datetime,
    classified: str = "",
) -> Resource:
    """A new draft of a department. Only the title must be there; the rest is checked at submission.

    ``classified``: the flag (pack list ``sensitivity_flags``) ticked for the whole resource; one that refuses stores nothing.
    Raises NotAllowed unless ``by`` is a provider of the department, Invalid for what cannot be stored at all: state or work
    secrets, a library that another department leads.
    """
    must_provide(department, by, at)
    resource = Resource(
        jurisdiction_id=department.jurisdiction_id, department=department, created_by=by, created_at=at, updated_at=at
    )
    _store(resource, draft, items, at, classified)
    record(
        kind="event", by=by, at=at, department=department.pk,
        facts={"event": "catalogue.drafted", "object": "catalogue.resource", "object_id": str(resource.pk)},
    )  # fmt: skip
    return resource


@transaction.atomic
def save_draft(
    *,
    resource_id: int,
    seen_revision: int,
    draft: ResourceDraft,
    items: Sequence[ItemDraft],
    by: Person,
    at: datetime,
    classified: str = "",
) -> Resource:
    """Replace the working copy. A published resource gets a new working draft; its version serves on until the next approval.

    Items keep their column by ``ItemDraft.column``; a changed kind of value gets a new column, and no column is ever
    used again. Raises NotAllowed, DraftChanged (``seen_revision`` is not current), Conflict while under review or retiring,
    Invalid as ``create_resource``.
    """
    resource = access.locked(resource_id, by, at)
    must_be_seen(resource, seen_revision)
    _must_be_open(resource)
    if resource.code and any(getattr(draft, name) != getattr(resource, name) for name in _KEPT):
        raise Invalid(
            "信息资源代码已经生成，分类不能再改", remedy="请恢复原来的类、项、目、细目；确需改变分类的，请另建资源", object_=resource.code,
            reference=law_of(resource, at).reference("catalogue.standard"), code="catalogue.code_fixed",
        )  # fmt: skip
    if resource.state == Resource.State.PUBLISHED:
        resource.state = Resource.State.DRAFT
    _store(resource, draft, items, at, classified)
    record(
        kind="event", by=by, at=at, department=resource.department_id, resource=resource.code or "",
        facts={
            "event": "catalogue.draft_saved", "object": "catalogue.resource", "object_id": str(resource.pk), "revision": resource.revision,
        },
    )  # fmt: skip
    return resource


def _must_be_open(resource: Resource) -> None:
    """Raise Conflict for a resource that nobody may edit now: under review, on its way out, or out."""
    if resource.state == Resource.State.SUBMITTED:
        raise Conflict(
            "资源正在审核，暂不能修改", remedy="请等待审核结果；如需修改，请联系审核人退回", object_=resource.title,
            code="catalogue.under_review",
        )  # fmt: skip
    if resource.state in (Resource.State.RETIRING, Resource.State.RETIRED):
        raise Conflict(
            "资源正在停用或已经停用，不能修改",
            remedy="请修改替代资源，或先撤销停用",
            object_=resource.title,
            code="catalogue.retiring",
        )


def _refuse_classified(draft: ResourceDraft, items: Sequence[ItemDraft], law: Demands, classified: str) -> None:
    """Raise Invalid before anything is written when a part is marked as state or work secret."""
    problems = classified_problems(draft, items, law, classified)
    if problems:
        raise Invalid(
            "含有涉密内容，没有保存任何内容", remedy=problems[0].remedy, reference=problems[0].reference, problems=problems,
            code="catalogue.classified",
        )  # fmt: skip


def _store(resource: Resource, draft: ResourceDraft, items: Sequence[ItemDraft], at: datetime, classified: str) -> None:
    """Write resource and items; columns are matched, new ones numbered on from ``next_column``."""
    law = law_of(resource, at)
    _refuse_classified(draft, items, law, classified)
    must_lead(draft, resource.department, law)
    if not draft.title.strip():
        raise Invalid(
            "没有填写信息资源名称", remedy="请先填写名称，其余内容可以以后补充", code="catalogue.missing_title",
            problems=[Problem("信息资源名称", "没有填写名称", code="catalogue.missing_title")],
        )  # fmt: skip
    names = [item.name for item in items]
    if len(set(names)) != len(names) or "" in names:
        raise Invalid(
            "信息项名称重复或为空，没有保存",
            remedy="同一资源的信息项名称各不相同；空行请删除",
            object_=draft.title,
            code="catalogue.item_names",
        )
    items = [with_default_mask(item, law) for item in items]
    flags = {item.sensitivity for item in items}
    draft = replace(
        draft,
        has_privacy=draft.has_privacy or bool(flags & {"privacy", "personal_information"}),
        has_trade_secret=draft.has_trade_secret or bool(flags & {"trade_secret", "business_confidential"}),
    )
    for name in RESOURCE_FIELDS:
        value = getattr(draft, name)
        setattr(resource, name, list(value) if isinstance(value, tuple) else value)
    resource.updated_at = at
    resource.revision += 1
    resource.save()
    _store_items(resource, items)


def _store_items(resource: Resource, items: Sequence[ItemDraft]) -> None:
    before = {item.column: item for item in resource.items.all()}
    # A column belongs to its datum: a name that stands keeps its own, whatever column was sent along with it.
    named = {item.name: item for item in before.values()}
    claimed = {named[item.name].column for item in items if item.name in named}
    rows, used = [], set()
    for position, item in enumerate(items):
        old = named.get(item.name) or (before.get(item.column) if item.column not in claimed else None)
        same = old is not None and old.column not in used and _same_values(old.data_type, item.data_type)
        column = old.column if old is not None and same else column_id(resource.next_column)
        if not same:
            resource.next_column += 1
        used.add(column)
        values = {name: getattr(item, name) for name in ITEM_FIELDS} | {"column": column, "codes": dict(item.codes)}
        if item.is_base and not item.share_type:
            values["share_type"] = UNCONDITIONAL
        if values["grade"] is None and old is not None:
            values["grade"] = old.grade
        rows.append(Item(resource=resource, position=position, **values))
    resource.items.all().delete()
    Item.objects.bulk_create(rows)
    resource.save(update_fields=["next_column"])


def _same_values(before: str, after: str) -> bool:
    return before in DATA_TYPES and after in DATA_TYPES and DATA_TYPES[before][1] == DATA_TYPES[after][1]
