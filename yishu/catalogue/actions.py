"""Writes of the catalogue: draft, submit, decide, publish. Each is one transaction with its case event and ledger entry.

The shortest way to a published resource: ``create_resource`` → ``submit_resource`` → ``approve_resource``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from yishu.cases import actions as cases
from yishu.cases.models import Case
from yishu.catalogue import queries
from yishu.catalogue.approval_rules import SecrecyFinding as SecrecyFinding
from yishu.catalogue.approval_rules import grade_problems, secrecy_problems
from yishu.catalogue.codes import column_id, next_code
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.drafts import ITEM_FIELDS, RESOURCE_FIELDS, ItemDraft, ResourceDraft
from yishu.catalogue.models import Item, Resource, SecrecyReview, Version
from yishu.catalogue.publication import publish_version
from yishu.catalogue.rules import DATA_TYPES, UNCONDITIONAL
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.catalogue.submission_rules import share_problems, submission_problems
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from yishu.kernel.time import shanghai_date
from yishu.ledger.actions import record
from yishu.orgs.models import Department, Person, RoleKind
from yishu.orgs.queries import may_act


class DraftChanged(Conflict):
    """Somebody else saved the working copy first. Nothing was written."""

    code = "catalogue.draft_changed"


class SuspectedDuplicates(Invalid):
    """Another department publishes a similar resource; submission needs ``duplicate_note``. ``similar`` lists them."""

    code = "catalogue.suspected_duplicates"
    similar: tuple[queries.Similar, ...] = ()


@transaction.atomic
def create_resource(
    *, department: Department, draft: ResourceDraft, items: Sequence[ItemDraft] = (), by: Person, at: datetime
) -> Resource:
    """A new draft of a department. Only the title must be there; the rest is checked at submission.

    Raises NotAllowed unless ``by`` is a provider of the department, Invalid for what cannot be stored at all.
    """
    _may_provide(department, by, at)
    resource = Resource(
        jurisdiction_id=department.jurisdiction_id, department=department, created_by=by, created_at=at, updated_at=at
    )
    _store(resource, draft, items, at)
    record(
        kind="event", by=by, at=at, department=department.pk,
        facts={"event": "catalogue.drafted", "object": "catalogue.resource", "object_id": str(resource.pk)},
    )  # fmt: skip
    return resource


@transaction.atomic
def save_draft(
    *, resource_id: int, seen_revision: int, draft: ResourceDraft, items: Sequence[ItemDraft], by: Person, at: datetime
) -> Resource:
    """Replace the working copy. A published resource gets a new working draft; its version serves on until the next approval.

    Items keep their column by ``ItemDraft.column``; a changed kind of value gets a new column, and no column is ever
    used again. Raises NotAllowed, DraftChanged (``seen_revision`` is not current), Conflict while under review.
    """
    resource = _locked(resource_id, by, at)
    _seen(resource, seen_revision)
    if resource.state == Resource.State.SUBMITTED:
        raise Conflict(
            "资源正在审核，暂不能修改",
            remedy="请等待审核结果；如需修改，请联系主管部门退回",
            object_=resource.title,
            code="catalogue.under_review",
        )
    if resource.code:
        kept = ("attribute_class", "item_class", "category", "subcategory")
        if any(getattr(draft, name) != getattr(resource, name) for name in kept):
            raise Invalid(
                "信息资源代码已经生成，分类不能再改", remedy="请恢复原来的类、项、目、细目；确需改变分类的，请另建资源", object_=resource.code,
                reference=_law(resource, at).reference("catalogue.standard"), code="catalogue.code_fixed",
            )  # fmt: skip
    if resource.state == Resource.State.PUBLISHED:
        resource.state = Resource.State.DRAFT
    _store(resource, draft, items, at)
    record(
        kind="event", by=by, at=at, department=resource.department_id, resource=resource.code or "",
        facts={
            "event": "catalogue.draft_saved", "object": "catalogue.resource", "object_id": str(resource.pk), "revision": resource.revision,
        },
    )  # fmt: skip
    return resource


@transaction.atomic
def submit_resource(*, resource_id: int, seen_revision: int, by: Person, at: datetime) -> Case:
    """Submit the working copy for review: checked whole, given its code at first submission, case opened (or resubmitted).

    Raises Invalid with every problem and its article, SuspectedDuplicates, DraftChanged, NotAllowed, Conflict.
    """
    # Case before resource, as every decision locks them: two people of a department cannot block each other.
    open_cases = Case.objects.filter(procedure=queries.PROCEDURE, subject_id=str(resource_id), closed_at=None)
    list(open_cases.select_for_update(of=("self",)).values_list("pk"))
    resource = _locked(resource_id, by, at)
    _seen(resource, seen_revision)
    running = queries.open_case(resource)
    if running is not None and resource.state != Resource.State.RETURNED:
        raise Conflict(
            "资源已在审核中",
            remedy=f"请在办件 {running.number} 中查看进度",
            object_=resource.title,
            code="catalogue.under_review",
        )
    if resource.state == Resource.State.PUBLISHED:
        raise Conflict(
            "资源没有改动，不需要提交",
            remedy="请先修改并保存，再提交审核",
            object_=resource.title,
            code="catalogue.unchanged",
        )
    draft, items = resource_draft(resource), item_drafts(resource)
    _check(resource, draft, items, at)
    similar = _duplicates(resource, draft, items, at)
    if not resource.code:
        resource.code = next_code(resource)
    resource.state, resource.confirmed_share_type = Resource.State.SUBMITTED, ""
    resource.revision += 1
    resource.updated_at = at
    resource.save()
    facts: dict[str, Any] = {
        "resource": resource.code,
        "share_type": resource.share_type,
        "items": len(items),
        "version": resource.version + 1,
        "similar": [asdict(s) for s in similar],
    }
    if running is not None:
        return cases.act(
            case_id=running.pk, outcome="resubmit", seen_revision=running.revision, by=by, at=at, facts=facts,
            reason=resource.duplicate_note,
        )  # fmt: skip
    return cases.open_case(
        procedure=queries.PROCEDURE,
        jurisdiction=resource.jurisdiction,
        subject_id=str(resource.pk),
        title=f"{resource.title}（第 {resource.version + 1} 版）",
        department=resource.department,
        provider=resource.department,
        by=by,
        at=at,
        facts=facts,
    )


@transaction.atomic
def resubmit_resource(*, case_id: UUID, seen_revision: int, seen_resource: int, by: Person, at: datetime) -> Case:
    """Submit a returned resource again from its case page. Raises as ``submit_resource``, and CaseMoved for an old page."""
    case = Case.objects.select_for_update(of=("self",)).filter(pk=case_id).first()
    if case is None:
        raise NotFound("没有这个办件，或您无权查看", remedy="请从工作台进入自己的办件", code="cases.not_found")
    if case.revision != seen_revision or case.closed_at:
        return cases.act(case_id=case_id, outcome="resubmit", seen_revision=seen_revision, by=by, at=at)
    return submit_resource(resource_id=int(case.subject_id), seen_revision=seen_resource, by=by, at=at)


@transaction.atomic
def approve_resource(
    *,
    case_id: UUID,
    seen_revision: int,
    share_type: str,
    secrecy: SecrecyFinding | None,
    grades: Mapping[str, int],
    by: Person,
    at: datetime,
    reason: str = "",
    basis: str = "",
    condition: str = "",
    scope: str = "",
) -> Version:
    """The authority's one decision: share type confirmed or changed, secrecy review, grades → the version is published.

    ``grades``: column id → 1–4 for every item. ``reason`` and ``basis`` are demanded when the share type changes;
    ``condition`` and ``scope`` fill what a changed type must come with. Everything happens in one transaction: case,
    version, search, ledger, ``ResourcePublished``. Raises Invalid with the article (no or negative secrecy review,
    missing grade …), CaseMoved, NotAllowed.
    """
    facts: dict[str, Any] = {"share_type": share_type, "grades": dict(grades), "basis": basis.strip()}
    if secrecy is not None:
        facts["secrecy_review"] = {
            "reviewer": secrecy.reviewer.strip(), "conclusion": secrecy.conclusion, "reviewed_on": secrecy.reviewed_on.isoformat(),
        }  # fmt: skip
    case = cases.act(
        case_id=case_id, outcome="approve", seen_revision=seen_revision, by=by, at=at, reason=reason, facts=facts
    )
    resource = _subject(case)
    law = demands(case.jurisdiction.pack, case.law_on)
    problems = [
        *grade_problems({i.column: i.name for i in resource.items.all()}, grades),
        *secrecy_problems(secrecy, law, shanghai_date(at)),
    ]
    problems += _decided_type(resource, law, share_type, reason=reason, basis=basis, condition=condition, scope=scope)
    if problems or secrecy is None:
        raise Invalid(
            f"还不能同意发布“{resource.title}”：{problems[0].what if problems else '没有保密审查'}",
            remedy=problems[0].remedy if problems else "请先完成保密审查",
            object_=case.number,
            reference=problems[0].reference if problems else law.reference("secrecy.review_before_publish"),
            problems=problems,
            code=problems[0].code if problems else "catalogue.secrecy_review_missing",
        )
    SecrecyReview.objects.create(
        resource=resource, case=case, reviewer=secrecy.reviewer.strip(), conclusion=secrecy.conclusion, note=secrecy.note,
        reviewed_on=secrecy.reviewed_on, recorded_by=by, recorded_at=at,
    )  # fmt: skip
    return publish_version(resource=resource, case=case, grades=grades, by=by, at=at)


@transaction.atomic
def return_resource(*, case_id: UUID, seen_revision: int, reason: str, by: Person, at: datetime) -> Resource:
    """Send a submission back to its provider with a reason; the working copy opens for revision. Raises as ``cases.act``."""
    case = cases.act(case_id=case_id, outcome="return", seen_revision=seen_revision, by=by, at=at, reason=reason)
    return _reopen(case, Resource.State.RETURNED, at)


@transaction.atomic
def withdraw_resource(*, case_id: UUID, seen_revision: int, by: Person, at: datetime, reason: str = "") -> Resource:
    """The provider gives a returned submission up; the working copy stays as a draft. Raises as ``cases.act``."""
    case = cases.act(case_id=case_id, outcome="withdraw", seen_revision=seen_revision, by=by, at=at, reason=reason)
    return _reopen(case, Resource.State.DRAFT, at)


def _reopen(case: Case, state: Resource.State, at: datetime) -> Resource:
    resource = _subject(case)
    resource.state, resource.updated_at = state, at
    resource.revision += 1
    resource.save()
    return resource


def _subject(case: Case) -> Resource:
    return (
        Resource.objects.select_for_update(of=("self",))
        .select_related("jurisdiction", "department")
        .get(pk=case.subject_id)
    )


def _law(resource: Resource, at: datetime) -> Demands:
    return demands(resource.jurisdiction.pack, shanghai_date(at))


def _may_provide(department: Department, by: Person, at: datetime) -> None:
    may = may_act(by, RoleKind.PROVIDER, department, at)
    if not may.allowed:
        raise NotAllowed(
            may.reason, remedy=may.remedy or f"请由{department.name}的提供方经办人员办理", reference=may.reference,
            object_=department.name, code="catalogue.not_provider",
        )  # fmt: skip


def _locked(resource_id: int, by: Person, at: datetime) -> Resource:
    """The working copy, locked, for somebody who may write it; other tenants' resources do not exist."""
    rows = Resource.objects.select_for_update(of=("self",)).select_related("jurisdiction", "department")
    home = by.department.jurisdiction_id if by.department else 0
    resource = rows.filter(pk=resource_id, jurisdiction_id=home).first()
    if resource is None:
        raise NotFound("没有这个信息资源", remedy="请从“本部门目录”进入", code="catalogue.not_found")
    _may_provide(resource.department, by, at)
    return resource


def _seen(resource: Resource, seen_revision: int) -> None:
    if resource.revision != seen_revision:
        raise DraftChanged(
            f"“{resource.title}”已被他人修改，您的改动没有保存",
            remedy="请在另一窗口打开最新内容，对照后把改动重新填入",
            object_=resource.title,
            extra={"revision": resource.revision},
        )


def _store(resource: Resource, draft: ResourceDraft, items: Sequence[ItemDraft], at: datetime) -> None:
    """Write resource and items; columns are matched, new ones numbered on from ``next_column``."""
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
    for name in RESOURCE_FIELDS:
        value = getattr(draft, name)
        setattr(resource, name, list(value) if isinstance(value, tuple) else value)
    resource.updated_at = at
    resource.revision += 1
    resource.save()
    before = {item.column: item for item in resource.items.all()} if resource.pk else {}
    rows, used = [], set()
    for position, item in enumerate(items):
        old = before.get(item.column)
        same = old is not None and item.column not in used and _same_values(old.data_type, item.data_type)
        column = item.column if same else column_id(resource.next_column)
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


def _check(resource: Resource, draft: ResourceDraft, items: Sequence[ItemDraft], at: datetime) -> None:
    law = _law(resource, at)
    problems: list[Problem] = list(submission_problems(draft, items, law=law, department_kind=resource.department.kind))
    twin = Resource.objects.filter(department=resource.department, title=draft.title).exclude(pk=resource.pk)
    if twin.exclude(state__in=(Resource.State.RETIRED, Resource.State.DRAFT)).exists():
        problems.append(
            Problem(
                "信息资源名称",
                "本部门已有同名资源",
                "请改名，或修改原有资源",
                "catalogue.title_twice",
                law.reference("catalogue.standard"),
            )
        )
    if problems:
        raise Invalid(
            f"“{resource.title}”还有 {len(problems)} 处需要改正，没有提交",
            remedy="请按所列逐项改正后再次提交，草稿已保存",
            object_=resource.title,
            reference=problems[0].reference,
            problems=problems,
            code="catalogue.not_ready",
        )


def _duplicates(
    resource: Resource, draft: ResourceDraft, items: tuple[ItemDraft, ...], at: datetime
) -> tuple[queries.Similar, ...]:
    law = _law(resource, at)
    if not law.source_unique:
        return ()
    similar = queries.similar_published(
        jurisdiction_id=resource.jurisdiction_id, department_id=resource.department_id, title=draft.title, items=items
    )
    if similar and not draft.duplicate_note.strip():
        reference = law.reference("collection.source_unique")
        error = SuspectedDuplicates(
            f"目录中已有 {len(similar)} 个相近的信息资源，可能重复采集",
            remedy="可以共享获取的请申请共享，不要重复采集；确属不同数据的，请填写“重复采集说明”后再提交，由主管部门判断",
            object_=resource.title,
            reference=reference,
            problems=[
                Problem(
                    s.title,
                    f"{s.department}已发布（{s.code}）：{s.why}",
                    "请申请共享，或说明区别",
                    "catalogue.similar",
                    reference,
                )
                for s in similar
            ],
        )
        error.similar = similar
        raise error
    return similar


def _decided_type(
    resource: Resource, law: Demands, share_type: str, *, reason: str, basis: str, condition: str, scope: str
) -> list[Problem]:
    """Set the confirmed share type on the working copy and tell what the change still lacks."""
    reference = law.reference("sharing.type_confirmed_by")
    if law.option("share_types", share_type) is None:
        return [Problem("共享类型", "没有这种共享类型", "请重新选择共享类型", "catalogue.share_type", reference)]
    resource.confirmed_share_type = share_type
    if share_type == resource.share_type:
        return []
    problems = [
        Problem(title, f"改变共享类型须写明{title}", f"请写明{title}", f"catalogue.missing_{name}", reference)
        for name, title, text in (("reason", "理由", reason), ("basis", "依据", basis))
        if not text.strip()
    ]
    resource.share_condition = condition.strip() or resource.share_condition
    resource.share_scope = scope.strip() or resource.share_scope
    if share_type == "withheld":
        resource.share_basis = basis.strip() or resource.share_basis
    draft = resource_draft(resource)
    changed = ResourceDraft(**(asdict(draft) | {"share_type": share_type}))
    return problems + list(share_problems(changed, item_drafts(resource), law))
