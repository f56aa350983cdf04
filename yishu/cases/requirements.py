"""What an outcome demands, as the pack says: each requirement given, and whole where the pack lists its fields."""

from collections.abc import Iterator, Mapping
from typing import Any

from yishu.cases.models import Case
from yishu.cases.procedures import required_in
from yishu.kernel.errors import Invalid, Problem
from yishu.law.kinds import Outcome, RequiredField
from yishu.law.vocabulary import REQUIREMENTS

FORMS: Mapping[str, str] = {
    "secrecy_review": "secrecy.review",
    "internal_review": "internal.review",
    "impact_assessment": "impact.assessment",
    "statement": "withheld.statement",
}
"""The pack's form behind a requirement; its facts are a mapping of that form's fields."""
REMEDIES: Mapping[str, str] = {
    "reason": "请写明理由",
    "basis": "请写明所依据的法律、法规或政策",
    "secrecy_review": "请填写保密审查的审查人、结论和日期",
    "grades": "请为每个信息项定级",
    "share_type": "请审核确定共享类型",
    "internal_review": "请填写内部审查的各项内容",
    "agreement": "请说明是否需要签订安全协议",
    "impact_assessment": "请填写保密风险和个人信息保护影响评估",
    "signature": "请由负责人签署",
    "attestation": "请确认数据质量",
    "evidence": "请附佐证材料",
    "material_list": "请一次列明需要补正的全部内容",
    "minutes": "请写明协商情况",
    "due_date": "请写明期限",
    "conditions": "请写明使用条件",
    "mode": "请选择共享方式",
    "replacement": "请说明替代资源和过渡安排",
    "statement": "请说明不予共享的理由",
    "change_basis": "请写明变化的依据",
    "correction_result": "请写明校核结果",
}
EMPTY: tuple[Any, ...] = (None, "", [], {}, ())
ACTS = ("signature", "attestation")
"""Requirements that are met by doing them: a flag that is false is not enough."""


def required_fields(case: Case, requirement: str) -> tuple[RequiredField, ...]:
    """The fields the case's law demands for a requirement (``internal_review`` …), each with its article; often none."""
    form = FORMS.get(requirement)
    return required_in(case.law, case.law_on, form) if form else ()


def _given(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return not any(value is empty or (type(value) is type(empty) and value == empty) for empty in EMPTY)


def _problems(case: Case, outcome: Outcome, name: str, value: Any) -> Iterator[Problem]:
    title = REQUIREMENTS.get(name, name)
    fields = required_fields(case, name)
    if fields and isinstance(value, Mapping) and value:
        for field in fields:
            if not _given(value.get(field.name)):
                yield Problem(
                    field.title, f"缺少{title}的{field.title}", "请补充", f"cases.missing_{name}", field.reference
                )
        return
    whole = all(map(_given, value.values())) if isinstance(value, Mapping) else len(fields) <= 1
    if not _given(value) or not whole or (name in ACTS and value is False):
        reference = outcome.because.get(name, outcome.reference)
        yield Problem(title, f"缺少{title}", REMEDIES.get(name, "请补充"), f"cases.missing_{name}", reference)


def check(case: Case, outcome: Outcome, reason: str, facts: Mapping[str, Any]) -> None:
    """Raise Invalid listing everything the outcome ``requires`` and nobody gave, each with the article that demands it."""
    problems = [
        problem
        for name in outcome.requires
        for problem in _problems(case, outcome, name, reason if name == "reason" else facts.get(name))
    ]
    if problems:
        raise Invalid(
            f"“{outcome.title}”还缺少：{'、'.join(p.what.removeprefix('缺少') for p in problems)}",
            remedy="请补充后再次提交，已填内容不会丢失",
            object_=case.number,
            reference=problems[0].reference,
            problems=problems,
            code="cases.requirement_missing",
        )
