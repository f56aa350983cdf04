"""缩小无条件共享范围: only with a basis and the authority's consent where the pack says so (YH-25.1)."""

from datetime import datetime

from django.db import transaction

from yishu.cases.models import Case
from yishu.cases.queries import procedure_of
from yishu.catalogue import queries
from yishu.catalogue.access import must_be_authority
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.models import Resource, ReviewRecord
from yishu.catalogue.rules import UNCONDITIONAL, ResourceSpec, from_json
from yishu.catalogue.sharing_rules import basis_problems, narrowing, unlocked_base_items
from yishu.catalogue.snapshots import resource_spec
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from yishu.kernel.time import shanghai_date
from yishu.ledger.actions import record
from yishu.orgs.models import Jurisdiction, Person
from yishu.orgs.queries import authority_of

FLAG = "catalogue.narrowing_needs_authority"
KIND = "narrowing_consent"


def in_force(resource: Resource) -> ResourceSpec | None:
    """The version that serves now, or None before the first publication."""
    snapshot = resource.versions.filter(number=resource.version).values_list("snapshot", flat=True).first()
    return from_json(snapshot) if snapshot else None


def narrowed(resource: Resource) -> list[str]:
    """What the working copy takes out of unconditional sharing, in words; empty when nothing."""
    before = in_force(resource)
    if before is None:
        return []
    spec = _next(resource)
    return narrowing(before, spec.share_type, spec.items)


def base_unlocked(resource: Resource, law: Demands) -> list[Problem]:
    """Base data items in force that the working copy would share less than unconditionally (``sharing_rules``)."""
    before = in_force(resource)
    return unlocked_base_items(before, _next(resource).items, law) if before else []


def _next(resource: Resource) -> ResourceSpec:
    """The working copy as it would be published; grades do not matter here."""
    grades = {item.column: item.grade or 1 for item in resource.items.all()}
    return resource_spec(resource, version=resource.version + 1, published_on=resource.updated_at.date(), grades=grades)


def basis_missing(resource: Resource, law: Demands) -> list[Problem]:
    """Why a narrowing may not be submitted: it names no basis. Empty where the pack asks for none or nothing is narrowed."""
    if law.values.get(FLAG) is not True:
        return []
    parts = narrowed(resource)
    if not parts:
        return []
    use = resource.share_type if resource.share_type != UNCONDITIONAL else "conditional"
    reference = law.reference(FLAG)
    return [
        Problem(
            p.where,
            f"缩小无条件共享范围（{'、'.join(parts[:5])}）须有依据：{p.what}",
            p.remedy,
            "catalogue.narrowing_basis",
            reference,
        )
        for p in basis_problems(use, resource.basis_kind, resource.share_basis, law)
    ]


def consent_missing(resource: Resource, case: Case, law: Demands, *, by_authority: bool) -> list[Problem]:
    """Why a narrowing may not be published: the authority neither decides this step nor has consented in this case."""
    if by_authority or law.values.get(FLAG) is not True:
        return []
    parts = narrowed(resource)
    if not parts or consent_of(case) is not None:
        return []
    what = f"新版把{'、'.join(parts[:5])}移出无条件共享，须先经数据主管部门同意"
    remedy = "请数据主管部门在“缩小共享范围审核”中办理后再发布，或恢复为无条件共享"
    return [Problem("共享类型", what, remedy, "catalogue.narrowing_unapproved", law.reference(FLAG))]


def consent_of(case: Case) -> ReviewRecord | None:
    """The authority's consent given since the case was last submitted, or None; a refusal or a resubmission ends it."""
    record_ = ReviewRecord.objects.filter(case=case, kind=KIND).order_by("-at", "-pk").first()
    if record_ is None or record_.fields.get("decision") != "consent":
        return None
    last = case.events.filter(outcome="resubmit").order_by("-seq").values_list("at", flat=True).first()
    return record_ if last is None or record_.at >= last else None


@transaction.atomic
def decide_narrowing(
    *, resource_id: int, consent: bool, reason: str, by: Person, at: datetime, seen_revision: int | None = None
) -> ReviewRecord:
    """The authority consents to a narrowing under review, or refuses it, with its reason; the department then publishes or revises.

    ``seen_revision``: the case's revision the page showed, so that nobody consents to what was handed in since; None: whatever it
    is. Raises NotAllowed, NotFound (nothing under review that narrows), Conflict (the case moved on), Invalid without a reason.
    """
    home = must_be_authority(by, at, "缩小无条件共享范围的审核", whole=False)
    resource = Resource.objects.filter(pk=resource_id, jurisdiction_id=home.jurisdiction_id).first()
    case = queries.open_case(resource) if resource else None
    if case is not None:  # as every decision: case before resource, so that neither moves meanwhile
        case = Case.objects.select_for_update(of=("self",)).select_related("jurisdiction").get(pk=case.pk)
    parts = narrowed(resource) if resource and case and case.closed_at is None else []
    if resource is None or case is None or not parts:
        raise NotFound("没有待审核的缩小共享范围事项", remedy="请刷新列表后再试", code="catalogue.no_narrowing")
    if home not in authority_of(resource.department):
        raise NotAllowed(
            "该部门由另一数据主管部门管理", remedy="请转其数据主管部门办理", object_=resource.title, code="catalogue.not_authority"
        )  # fmt: skip
    if seen_revision is not None and seen_revision != case.revision:
        raise Conflict(
            f"办件 {case.number} 已有变化，您的意见没有写入", why="您看到的是此前报送的内容", remedy="请刷新后按最新内容办理",
            object_=case.number, code="catalogue.narrowing_moved",
        )  # fmt: skip
    law = demands(case.law, case.law_on)
    if not reason.strip():
        raise Invalid(
            "没有写明理由",
            remedy="请写明同意或不同意的理由",
            reference=law.reference(FLAG),
            code="catalogue.missing_reason",
        )
    made = ReviewRecord.objects.create(
        resource=resource, case=case, kind=KIND, by=by, at=at,
        fields={
            "decision": "consent" if consent else "refuse", "reason": reason.strip()[:1000], "parts": parts, "basis": resource.share_basis,
        },
    )  # fmt: skip
    reference = law.reference(FLAG)
    record(
        kind="decision", by=by, at=at, department=home.pk, resource=resource.code or "", case=case.pk,
        facts={
            "procedure": "catalogue.narrowing", "object": "catalogue.resource", "object_id": str(resource.pk),
            "outcome": "consent" if consent else "refuse", "law": (reference.row or str(reference)) if reference else "",
            "law_on": shanghai_date(at).isoformat(),
        },
    )  # fmt: skip
    return made


def waiting(jurisdiction: Jurisdiction) -> list[dict[str, object]]:
    """Reviews of a jurisdiction that narrow and lack the authority's consent: resource, case, parts and what was said before."""
    cases = Case.objects.filter(jurisdiction=jurisdiction, procedure=queries.PROCEDURE, closed_at=None)
    asked = [
        case
        for case in cases.select_related("jurisdiction", "department").order_by("opened_at")
        if demands(case.law, case.law_on).values.get(FLAG) is True and not _has_authority(case)
    ]
    # Only what was published before can be narrowed: first submissions, which are most, cost nothing.
    published = Resource.objects.filter(pk__in=[case.subject_id for case in asked], version__gt=0)
    resources = published.select_related("department", "jurisdiction").prefetch_related("items").in_bulk()
    found: list[dict[str, object]] = []
    for case in asked:
        resource = resources.get(int(case.subject_id))
        parts = narrowed(resource) if resource else []
        if parts and consent_of(case) is None:
            found.append({"resource": resource, "case": case, "parts": parts})
    return found


def _has_authority(case: Case) -> bool:
    return any(step.role == "authority" for step in procedure_of(case).steps.values())
