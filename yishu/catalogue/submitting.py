"""Submission of a working copy for review: checked whole, given its code, case opened or taken up again."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from yishu.cases import actions as cases
from yishu.cases.models import Case
from yishu.cases.queries import procedure
from yishu.catalogue import access, changes, classification, queries
from yishu.catalogue.access import law_of, must_be_seen
from yishu.catalogue.approval_rules import PUBLISHED
from yishu.catalogue.codes import next_code
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.leads import library_problems
from yishu.catalogue.models import Resource, Upload
from yishu.catalogue.narrowing import base_unlocked, basis_missing
from yishu.catalogue.registry import source_problems
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.catalogue.submission_rules import submission_problems
from yishu.kernel.errors import Conflict, Invalid, NotFound, Problem
from yishu.kernel.time import shanghai_date
from yishu.law.kinds import Procedure
from yishu.orgs.models import Person


class SuspectedDuplicates(Invalid):
    """Another department publishes a similar resource; submission needs ``duplicate_note``. ``similar`` lists them."""

    code = "catalogue.suspected_duplicates"
    similar: tuple[queries.Similar, ...] = ()


def way_word(run: Procedure, law: Demands) -> str:
    """The word in review case numbers by how a catalogue comes to be published: 目录 (the authority), 备案, or 发布 (the department)."""
    last = {step.role for step in run.steps.values() if any(o.to == PUBLISHED for o in step.outcomes.values())}
    if "authority" in last:
        return "目录"
    return "备案" if law.values.get("catalogue.acceptance") == "filing" else "发布"


@transaction.atomic
def submit_resource(*, resource_id: int, seen_revision: int, by: Person, at: datetime) -> Case:
    """Submit the working copy for review: checked whole, given its code at first submission, case opened (or resubmitted).

    Raises Invalid with every problem and its article, SuspectedDuplicates, DraftChanged, NotAllowed, Conflict.
    """
    # Case before resource, as every decision locks them: two people of a department cannot block each other.
    open_cases = Case.objects.filter(procedure=queries.PROCEDURE, subject_id=str(resource_id), closed_at=None)
    list(open_cases.select_for_update(of=("self",)).values_list("pk"))
    resource = access.locked(resource_id, by, at)
    must_be_seen(resource, seen_revision)
    running = queries.open_case(resource)
    _must_be_submittable(resource, running)
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
        case = cases.act(
            case_id=running.pk, outcome="resubmit", seen_revision=running.revision, by=by, at=at, facts=facts,
            reason=resource.duplicate_note,
        )  # fmt: skip
    else:
        case = _open(resource, facts, by, at)
    changes.advance(resource, case, by=by, at=at)
    return case


def _open(resource: Resource, facts: dict[str, Any], by: Person, at: datetime) -> Case:
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
        word=way_word(procedure(resource.jurisdiction.law, queries.PROCEDURE, shanghai_date(at)), law_of(resource, at)),
    )


def _must_be_submittable(resource: Resource, running: Case | None) -> None:
    if running is not None and resource.state != Resource.State.RETURNED:
        raise Conflict(
            "资源已在审核中",
            remedy=f"请在办件 {running.number} 中查看进度",
            object_=resource.title,
            code="catalogue.under_review",
        )
    if resource.state in (Resource.State.PUBLISHED, Resource.State.RETIRING, Resource.State.RETIRED):
        raise Conflict(
            "资源没有改动，不需要提交",
            remedy="请先修改并保存，再提交审核",
            object_=resource.title,
            code="catalogue.unchanged",
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


def _check(resource: Resource, draft: ResourceDraft, items: Sequence[ItemDraft], at: datetime) -> None:
    law = law_of(resource, at)
    attached = frozenset(Upload.objects.filter(resource=resource).values_list("purpose", flat=True))
    tree = classification.tree(resource.jurisdiction)
    kind = resource.department.kind
    problems: list[Problem] = list(
        submission_problems(draft, items, law=law, department_kind=kind, tree=tree, attached=attached)
    )
    problems += library_problems(draft, resource.department, law, submitting=True)
    problems += basis_missing(resource, law)
    problems += base_unlocked(resource, law)
    if law.source_unique:
        problems += source_problems(resource, draft.title, items)
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
    law = law_of(resource, at)
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
