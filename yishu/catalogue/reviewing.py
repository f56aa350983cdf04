"""Decisions of the review, whatever steps the pack gives it: any outcome that leads to ``published`` publishes the version.

Serves XW-8.3, XW-18.3, XW-22.1, XW-30, XZ-4.3, XZ-6.1.a, JY-17, JY-19.1, YH-10, TL-13, TL-16. What each outcome must come with is the
pack's; each thing given leaves a record that is published with the resource.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from yishu.cases import actions as cases
from yishu.cases.models import Case
from yishu.cases.queries import procedure_of
from yishu.catalogue import changes
from yishu.catalogue.access import subject
from yishu.catalogue.approval_rules import (
    PUBLISHED,
    RECORDED,
    ReviewInput,
    SecrecyFinding,
    demanded,
    grade_problems,
    record_problems,
    secrecy_problems,
)
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.drafts import ResourceDraft
from yishu.catalogue.models import Item, Resource, ReviewRecord, SecrecyReview, Upload, Version
from yishu.catalogue.narrowing import basis_missing, consent_missing, in_force
from yishu.catalogue.publication import publish_version
from yishu.catalogue.rules import WITHHELD
from yishu.catalogue.sharing_rules import share_problems, unlocked_base_items, weakening
from yishu.catalogue.snapshots import item_drafts, resource_draft, resource_spec
from yishu.kernel.errors import Invalid, NotFound, Problem
from yishu.kernel.time import shanghai_date
from yishu.law.kinds import Outcome, Step
from yishu.orgs.models import Person

LOWEST_GRADE = 1
"""For items that no law asked anybody to grade."""


def recorded_kinds(case: Case) -> frozenset[str]:
    """Requirements met since the case's last submission: what was reviewed before a revision does not count for what came after."""
    last = case.events.filter(outcome="resubmit").order_by("-seq").values_list("at", "seq").first()
    records = ReviewRecord.objects.filter(case=case)
    if last is not None:
        records = records.filter(at__gte=last[0])
    return frozenset(records.values_list("kind", flat=True))


def step_and_outcome(case: Case, outcome: str) -> tuple[Step | None, Outcome | None]:
    """The present step and one of its outcomes; None where the case stands elsewhere now."""
    step = procedure_of(case).steps.get(case.step)
    return step, step.outcomes.get(outcome) if step else None


@transaction.atomic
def decide_review(
    *, case_id: UUID, outcome: str, seen_revision: int, given: ReviewInput, by: Person, at: datetime
) -> Case:
    """Take one outcome of the review with what it demands; everything happens in one transaction or not at all.

    Leading to ``published``: version, search, ledger, ``ResourcePublished``. Leading back to the provider: the working copy opens
    again. Raises Invalid with the articles (no or negative secrecy review, missing grade, form field, basis, a narrowing the authority
    did not consent to, a weakened mask or grade without a reason), CaseMoved, NotAllowed.
    """
    seen = Case.objects.select_related("jurisdiction").filter(pk=case_id).first()
    if seen is None:
        raise NotFound("没有这个办件，或您无权查看", remedy="请从工作台进入自己的办件", code="cases.not_found")
    step, chosen = step_and_outcome(seen, outcome)
    law = demands(seen.law, seen.law_on)
    needed = demanded(step, chosen, law, recorded_kinds(seen)) if step and chosen else ()
    case = cases.act(
        case_id=case_id, outcome=outcome, seen_revision=seen_revision, by=by, at=at, reason=given.reason,
        facts=_facts(given, needed, law),
    )  # fmt: skip
    resource = subject(case)
    if step is None or chosen is None:  # cases.act has refused
        return case
    problems = _take(resource, case, needed, given, law, by=by, at=at)
    publishes = case.closed_at is not None and case.step == PUBLISHED
    if publishes:
        problems += _gate(resource, case, law, given, by_authority=step.role == "authority")
    if problems:
        raise _refused(case, resource, chosen, problems, publishes)
    if publishes:
        grades = {i.column: i.grade or LOWEST_GRADE for i in resource.items.all()}
        publish_version(resource=resource, case=case, grades=grades, by=by, at=at)
    else:
        _restate(resource, case, at)
    changes.advance(resource, case, by=by, at=at)
    return case


def _facts(given: ReviewInput, needed: tuple[str, ...], law: Demands) -> dict[str, Any]:
    """What the case's event keeps, in the shapes ``cases.requirements`` looks for."""
    facts: dict[str, Any] = {name: dict(fields) for name, fields in given.records.items() if fields and name in needed}
    if "share_type" in needed:
        facts["share_type"] = given.share_type
    if given.basis.strip():
        facts["basis"] = given.basis.strip()
    if "grades" in needed:
        facts["grades"] = dict(given.grades)
    if "agreement" in needed and given.agreement is not None:
        facts["agreement"] = {"required": "yes" if given.agreement else "no"}
    if given.secrecy is not None and "secrecy_review" in needed:
        s = given.secrecy
        facts["secrecy_review"] = {
            "reviewer": s.reviewer.strip(), "conclusion": s.conclusion, "reviewed_on": s.reviewed_on.isoformat(),
        }  # fmt: skip
    return facts


def _take(
    resource: Resource,
    case: Case,
    needed: tuple[str, ...],
    given: ReviewInput,
    law: Demands,
    *,
    by: Person,
    at: datetime,
) -> list[Problem]:
    """Put what was given into the working copy and the records; tells what is wrong with it."""
    problems: list[Problem] = []
    if "grades" in needed:
        problems += grade_problems({i.column: i.name for i in resource.items.all()}, given.grades, law)
        _set_grades(resource, given.grades)
    if "secrecy_review" in needed:
        problems += secrecy_problems(given.secrecy, law, shanghai_date(at))
        if given.secrecy is not None and not problems:
            _keep_secrecy(resource, case, given.secrecy, by, at)
    if "share_type" in needed:
        problems += _decided_type(resource, law, given)
    if "agreement" in needed:
        resource.agreement_required = given.agreement
    for name in RECORDED:
        if name in needed and name != "secrecy_review":
            fields = _fields(name, given)
            problems += record_problems(name, fields, law)
            ReviewRecord.objects.create(resource=resource, case=case, kind=name, fields=fields, by=by, at=at)
    return problems


def _fields(name: str, given: ReviewInput) -> dict[str, Any]:
    if name == "agreement":
        return {"required": "yes" if given.agreement else "no"}
    return dict(given.records.get(name, {}))


def _set_grades(resource: Resource, grades: Mapping[str, int]) -> None:
    items = list(resource.items.all())
    for item in items:
        item.grade = grades.get(item.column, item.grade)
    Item.objects.bulk_update(items, ["grade"])


def _keep_secrecy(resource: Resource, case: Case, secrecy: SecrecyFinding, by: Person, at: datetime) -> None:
    SecrecyReview.objects.create(
        resource=resource, case=case, reviewer=secrecy.reviewer.strip(), conclusion=secrecy.conclusion, note=secrecy.note,
        reviewed_on=secrecy.reviewed_on, recorded_by=by, recorded_at=at,
    )  # fmt: skip
    fields = {
        "reviewer": secrecy.reviewer.strip(),
        "conclusion": secrecy.conclusion,
        "reviewed_on": secrecy.reviewed_on.isoformat(),
    }
    ReviewRecord.objects.create(resource=resource, case=case, kind="secrecy_review", fields=fields, by=by, at=at)


def _gate(resource: Resource, case: Case, law: Demands, given: ReviewInput, *, by_authority: bool) -> list[Problem]:
    """What keeps a version from being published although its step is complete; leaves the statement of withholding on record."""
    problems = consent_missing(resource, case, law, by_authority=by_authority)
    if by_authority:
        problems += basis_missing(resource, law)
    grades = {i.column: i.grade or LOWEST_GRADE for i in resource.items.all()}
    spec = resource_spec(
        resource, version=resource.version + 1, published_on=shanghai_date(case.opened_at), grades=grades
    )
    before = in_force(resource)
    problems += unlocked_base_items(before, spec.items, law)
    if not given.reason.strip():
        problems += weakening(before, spec.items)
    if spec.share_type == WITHHELD and resource.withheld_statement and "statement" not in recorded_kinds(case):
        fields = {"withheld_statement": resource.withheld_statement}
        ReviewRecord.objects.create(
            resource=resource,
            case=case,
            kind="statement",
            fields=fields,
            by=case.opened_by,
            at=case.closed_at or case.opened_at,
        )
    return problems


def _restate(resource: Resource, case: Case, at: datetime) -> None:
    """The working copy's state after an outcome that did not publish: back with the provider, given up, or still under review."""
    if case.closed_at is not None:
        resource.state = Resource.State.DRAFT
    else:
        step = procedure_of(case).steps[case.step]
        back = step.role == "provider" and "resubmit" in step.outcomes
        resource.state = Resource.State.RETURNED if back else Resource.State.SUBMITTED
    resource.updated_at = at
    resource.revision += 1
    resource.save()


def _refused(case: Case, resource: Resource, chosen: Outcome, problems: list[Problem], publishes: bool) -> Invalid:
    what = f"还不能{'同意发布' if publishes else '办理'}“{resource.title}”：{problems[0].what}"
    return Invalid(
        what, remedy=problems[0].remedy, object_=case.number, reference=problems[0].reference or chosen.reference, problems=problems,
        code=problems[0].code,
    )  # fmt: skip


def _decided_type(resource: Resource, law: Demands, given: ReviewInput) -> list[Problem]:
    """Set the confirmed share type on the working copy and tell what the change still lacks."""
    reference = law.reference("sharing.type_confirmed_by")
    share_type = given.share_type
    if law.option("share_types", share_type) is None:
        return [Problem("共享类型", "没有这种共享类型", "请重新选择共享类型", "catalogue.share_type", reference)]
    resource.confirmed_share_type = share_type
    if share_type == resource.share_type:
        return []
    problems = [
        Problem(title, f"改变共享类型须写明{title}", f"请写明{title}", f"catalogue.missing_{name}", reference)
        for name, title, text in (("reason", "理由", given.reason), ("basis", "依据", given.basis))
        if not text.strip()
    ]
    resource.share_condition = given.condition.strip() or resource.share_condition
    resource.share_scope = given.scope.strip() or resource.share_scope
    if share_type != "unconditional":
        resource.share_basis = given.basis.strip() or resource.share_basis
    changed = ResourceDraft(**(asdict(resource_draft(resource)) | {"share_type": share_type}))
    attached = frozenset(Upload.objects.filter(resource=resource).values_list("purpose", flat=True))
    return problems + list(share_problems(changed, item_drafts(resource), law, attached))


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
    """``decide_review`` with outcome ``approve``, for procedures where it publishes: the new version.

    ``grades``: column id → 1–4 for every item. ``reason`` and ``basis`` are demanded when the share type changes;
    ``condition`` and ``scope`` fill what a changed type must come with. Raises as ``decide_review``.
    """
    given = ReviewInput(
        reason=reason,
        share_type=share_type,
        basis=basis,
        condition=condition,
        scope=scope,
        secrecy=secrecy,
        grades=grades,
    )
    case = decide_review(case_id=case_id, outcome="approve", seen_revision=seen_revision, given=given, by=by, at=at)
    return Version.objects.get(case=case)


def return_resource(*, case_id: UUID, seen_revision: int, reason: str, by: Person, at: datetime) -> Resource:
    """Send a submission back to its provider with a reason; the working copy opens for revision. Raises as ``cases.act``."""
    given = ReviewInput(reason=reason)
    case = decide_review(case_id=case_id, outcome="return", seen_revision=seen_revision, given=given, by=by, at=at)
    return Resource.objects.get(pk=case.subject_id)


def withdraw_resource(*, case_id: UUID, seen_revision: int, by: Person, at: datetime, reason: str = "") -> Resource:
    """The provider gives a returned submission up; the working copy stays as a draft. Raises as ``cases.act``."""
    given = ReviewInput(reason=reason)
    case = decide_review(case_id=case_id, outcome="withdraw", seen_revision=seen_revision, given=given, by=by, at=at)
    return Resource.objects.get(pk=case.subject_id)
