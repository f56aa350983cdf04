"""What an application holds and what the pack demands of it: pure checks that list everything at once. Django-free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from yishu.catalogue.demands import demands
from yishu.catalogue.rules import ResourceSpec
from yishu.catalogue.sharing_rules import basis_problems
from yishu.kernel.errors import Invalid, Problem
from yishu.kernel.time import shanghai_date
from yishu.law.packs import Law, View
from yishu.law.values import options, required
from yishu.sharing.rules import SERVED_MODES, RowCondition, check_grant

FORM = "sharing.application"
"""Key of the pack's list of required fields."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a department applies for. ``items`` are column ids; ``purpose`` and ``mode`` keys of the pack's lists; the dates are
    Asia/Shanghai, ``ends_on`` the last day of use."""

    items: tuple[str, ...]
    row_filter: tuple[RowCondition, ...]
    law_basis: str
    duty_basis: str
    need: str
    purpose: str
    mode: str
    starts_on: date
    ends_on: date


def check_request(view: View, spec: ResourceSpec, request: Request, at: datetime) -> None:
    """Raise ``Invalid`` listing everything wrong with a request: the pack's mandatory parts with their articles, items, filter, term."""
    problems = [
        Problem(field.name, f"缺少{field.title}", f"请填写{field.title}", "sharing.missing_part", field.reference)
        for field in required(view, FORM)
        if not str(getattr(request, field.name, "")).strip()
    ]
    if request.purpose:
        problems += purpose_problems(view, request.purpose)
    if request.mode not in SERVED_MODES or request.mode not in [o.key for o in options(view, "delivery_modes")]:
        problems.append(
            Problem("mode", "这种共享方式暂不能提供", "请选择数据接口或联机查询", "sharing.mode_not_served")
        )
    problems += term_problems(request.starts_on, request.ends_on, at)
    raise_all(problems, spec)
    check_grant(spec, items=request.items, row_filter=request.row_filter, masks_={})


def purpose_problems(view: View, purpose: str) -> list[Problem]:
    """Why a purpose is not one the pack lists; empty when it is."""
    if purpose in [o.key for o in options(view, "use_purposes")]:
        return []
    fields = [f for f in required(view, FORM) if f.name == "purpose"]
    return [
        Problem(
            "purpose",
            "没有选择具体用途",
            "请从所列用途中选择",
            "sharing.unknown_purpose",
            fields[0].reference if fields else None,
        )
    ]


def term_problems(starts_on: date, ends_on: date, at: datetime) -> list[Problem]:
    """Why a term cannot be: reversed, or over at the moment ``at``."""
    if ends_on < starts_on:
        return [Problem("ends_on", "使用截止日期早于起始日期", "请修改日期", "sharing.term_reversed")]
    if ends_on < shanghai_date(at):
        return [Problem("ends_on", "使用截止日期已经过去", "请修改日期", "sharing.term_over")]
    return []


def raise_all(problems: Sequence[Problem], spec: ResourceSpec) -> None:
    """Raise ``Invalid`` naming every problem; nothing when there is none."""
    if problems:
        raise Invalid(
            f"有 {len(problems)} 处需要改正：{problems[0].what}", remedy="请按所列各处修改后再提交，已填内容不会丢失", object_=spec.title,
            reference=problems[0].reference, problems=problems, code=problems[0].code or "sharing.invalid",
        )  # fmt: skip


def agreement_needed(spec: ResourceSpec) -> bool:
    """Whether the review of the resource found that a security agreement comes before any grant (XZ-4.3.c)."""
    return spec.elements.get("agreement_required") is True


def agreement_problems(law: Law, spec: ResourceSpec, answers: Mapping[str, str], at: datetime) -> list[Problem]:
    """What keeps a grant waiting: an agreement is demanded and ``answers["agreement"]`` names none that was signed."""
    if not agreement_needed(spec) or answers.get("agreement", "").strip():
        return []
    reference = demands(law, shanghai_date(at)).field_reference("agreement_required")
    what, remedy = "资源须签安全协议，尚未写明已签的协议", "请与使用部门签订后写明协议编号和日期"
    return [Problem("agreement", what, remedy, "sharing.agreement_missing", reference)]


def check_refusal(law: Law, kind: str, text: str, at: datetime) -> None:
    """Raise Invalid when the law does not accept a basis of this kind for a refusal (XZ-2.1: no internal measure)."""
    found = basis_problems("refusal", kind, text, demands(law, shanghai_date(at)))
    if found:
        raise Invalid(
            "不予批准的依据不能接受", remedy="请改用规定承认的依据", problems=found, reference=found[0].reference,
            code="sharing.refusal_basis",
        )  # fmt: skip
