"""What a step of the review demands and whether a submission may be published: grades, secrecy, forms. Pure, Django-free."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from yishu.catalogue import guide
from yishu.catalogue.demands import Demands
from yishu.kernel.errors import Problem
from yishu.law.kinds import Outcome, RequiredField, Step

FORMS: Mapping[str, str] = {
    "secrecy_review": "secrecy.review",
    "internal_review": "internal.review",
    "impact_assessment": "impact.assessment",
    "statement": "withheld.statement",
}
"""Requirement → the pack's form behind it."""
RECORDED = (
    "internal_review",
    "impact_assessment",
    "signature",
    "agreement",
    "statement",
    "attestation",
    "secrecy_review",
    "evidence",
)
"""Requirements that leave a record shown with the published resource."""
PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class SecrecyFinding:
    """保密审查 as recorded at approval: reviewer's name, a key of the pack's ``secrecy_conclusions``, Asia/Shanghai date."""

    reviewer: str
    conclusion: str
    reviewed_on: date
    note: str = ""


def grade_problems(columns: Mapping[str, str], grades: Mapping[str, int], law: Demands) -> list[Problem]:
    """Items (column id → name) that have no grade of the guide's list."""
    allowed = {int(g.key) for g in guide.entries(law, "grades")}
    return [
        Problem(f"信息项“{name}”", "没有定级", "请选择 1 至 4 级", "catalogue.missing_grade")
        for column, name in columns.items()
        if grades.get(column) not in allowed
    ]


def secrecy_problems(secrecy: SecrecyFinding | None, law: Demands, today: date) -> list[Problem]:
    """Why a secrecy review does not carry a publication: missing, not clear, or dated after ``today``."""
    reference = law.reference("secrecy.review_before_publish")
    finding = law.option("secrecy_conclusions", secrecy.conclusion) if secrecy else None
    if secrecy is None or finding is None:
        return [
            Problem(
                "保密审查",
                "没有保密审查结论",
                "请填写审查人、结论和日期",
                "catalogue.secrecy_review_missing",
                reference,
            )
        ]
    if finding.facts.get("blocks") not in (False, "false", None):
        what = f"保密审查结论为“{finding.title}”，不得发布"
        return [Problem("保密审查", what, "请选择“退回”并说明理由", "catalogue.not_cleared", finding.reference)]
    if secrecy.reviewed_on > today:
        return [
            Problem(
                "保密审查", "审查日期在今天之后", "请填写实际的审查日期", "catalogue.secrecy_review_date", reference
            )
        ]
    return []


@dataclass(frozen=True, slots=True)
class ReviewInput:
    """What somebody gives with one outcome of the review; what the step does not ask for stays empty.

    ``records``: requirement → field of the pack's form → text. ``grades``: column id → 1–4. ``agreement``: whether a safety agreement
    must be signed, None where not said.
    """

    reason: str = ""
    share_type: str = ""
    basis: str = ""
    condition: str = ""
    scope: str = ""
    secrecy: SecrecyFinding | None = None
    grades: Mapping[str, int] = field(default_factory=dict)
    agreement: bool | None = None
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def demanded(step: Step, outcome: Outcome, law: Demands, recorded: Collection[str] = ()) -> tuple[str, ...]:
    """What an outcome must come with: what the pack writes, and before a publication what the law wants that nobody gave yet.

    ``recorded``: requirements met at earlier steps of this submission.
    """
    names = list(outcome.requires)
    if outcome.to == PUBLISHED:
        if law.values.get("secrecy.review_before_publish") is True and "secrecy_review" not in recorded:
            names.append("secrecy_review")
        if law.values.get("sharing.type_confirmed_by") == "authority" and step.role == "authority":
            names.append("share_type")
        if law.forms.get("internal.review") and "internal_review" not in recorded:
            names.append("internal_review")
    return tuple(dict.fromkeys(names))


def form_fields(requirement: str, law: Demands) -> tuple[RequiredField, ...]:
    """The fields of the pack's form behind a requirement; empty where there is none."""
    return law.forms.get(FORMS.get(requirement, ""), ())


def record_problems(requirement: str, given: Mapping[str, Any], law: Demands) -> list[Problem]:
    """The fields of a requirement's form that were left empty, each with its article."""
    return [
        Problem(f.title, "没有填写", "请填写", f"catalogue.missing_{requirement}", f.reference)
        for f in form_fields(requirement, law)
        if not str(given.get(f.name) or "").strip()
    ]
