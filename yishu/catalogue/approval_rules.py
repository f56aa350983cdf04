"""Whether a submission may be approved: grades and secrecy review. Pure, Django-free."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from yishu.catalogue import guide
from yishu.catalogue.demands import Demands
from yishu.kernel.errors import Problem


@dataclass(frozen=True, slots=True)
class SecrecyFinding:
    """保密审查 as recorded at approval: reviewer's name, a key of the pack's ``secrecy_conclusions``, Asia/Shanghai date."""

    reviewer: str
    conclusion: str
    reviewed_on: date
    note: str = ""


def grade_problems(columns: Mapping[str, str], grades: Mapping[str, int]) -> list[Problem]:
    """Items (column id → name) that have no grade of the guide's list."""
    allowed = {int(g.key) for g in guide.entries("grades")}
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
