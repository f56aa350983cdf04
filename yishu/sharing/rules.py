"""Pure decisions of sharing: how a share type may be had, what a grant may hold. Frozen values in, values or decisions out. Django-free."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.kernel.errors import Invalid, Problem
from yishu.kernel.references import Reference
from yishu.law.decision import Decision
from yishu.law.packs import View
from yishu.security import masks

DIRECT, APPLICATION = "direct", "application"
LOOKUP, QUERY = "lookup", "query"
SERVED_MODES = (LOOKUP, QUERY)
"""Delivery modes (pack list ``delivery_modes``) the platform serves in this step: 数据接口 for programs, 联机查询 for people."""
MASK_FROM_GRADE = 3
"""Items of this grade and above are masked unless the authority lifts the mask on record. The platform's own rule on GB/T 43697's
grades (docs/decisions/0006-grants.md); no article of 修武 sets it."""

OPS: Mapping[str, str] = {
    "eq": "等于",
    "in": "属于",
    "prefix": "开头是",
    "range": "介于",
    "is_null": "为空",
    "not_null": "不为空",
}
MAX_VALUES = 200
MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class RowCondition:
    """数据范围: one condition on one item; a row is delivered when all conditions of a grant hold.

    ``values`` are texts as a person typed them: one for ``eq`` and ``prefix``, 1–200 for ``in``, two for ``range`` (from and
    to, both inclusive, one may be empty), none for ``is_null`` and ``not_null``.
    """

    column: str
    op: str
    values: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The condition as JSON-ready values, as models keep it."""
        return {"column": self.column, "op": self.op, "values": list(self.values)}


def conditions(stored: Iterable[Mapping[str, Any]]) -> tuple[RowCondition, ...]:
    """Conditions from their stored form (``Application.row_filter``, ``Grant.row_filter``)."""
    return tuple(
        RowCondition(str(c["column"]), str(c["op"]), tuple(str(v) for v in c.get("values", ()))) for c in stored
    )


def access(view: View, share_type: str) -> Decision:
    """How a resource of ``share_type`` may be had under the pack: allowed with code ``direct`` or ``application``, or not at all.

    Reads ``sharing.access.<share_type>`` (XW-19.1.a direct, XW-19.1.b application). Raises ``law.packs.Missing``.
    """
    value = view.get(f"sharing.access.{share_type}")
    if value.value == DIRECT:
        return Decision(True, "无条件共享类数据可以直接获取", value.reference, code=DIRECT)
    if value.value == APPLICATION:
        return Decision(True, "须提出申请，按规定的程序审核同意后使用", value.reference, code=APPLICATION)
    return Decision(
        False, "按规定不能申请使用", value.reference, remedy="请与数据主管部门联系", code="sharing.not_applicable"
    )


def resource_access(view: View, spec: ResourceSpec, columns: Sequence[str] = ()) -> Decision:
    """How the chosen items of a resource may be had: the strictest share type among the resource and the items decides (XW-18.2).

    Without ``columns`` the resource's own type decides, as its page shows it.
    """
    return access(view, strictest_type(spec, columns))


def strictest_type(spec: ResourceSpec, columns: Sequence[str] = ()) -> str:
    """The strictest share type among the resource and the items of ``columns``."""
    order = ("unconditional", "conditional", "withheld")
    types = [spec.share_type, *(i.share_type or spec.share_type for i in spec.items if i.column in columns)]
    return max(types, key=order.index)


def used_columns(items: Sequence[str], row_filter: Iterable[RowCondition]) -> tuple[str, ...]:
    """The columns a grant tells something about: the items it shows, and those it filters by, since who is found says it too."""
    return tuple(dict.fromkeys((*items, *(condition.column for condition in row_filter))))


def filters_by_masked(spec: ResourceSpec, row_filter: Iterable[RowCondition]) -> tuple[ItemSpec, ...]:
    """Items of a filter that would be masked: who may choose such a filter alone can ask for what the mask hides.

    Not the key item: whoever looks a record up has its value already.
    """
    columns = [condition.column for condition in row_filter]
    masked = default_masks(spec, columns)
    return tuple(item for item in spec.items if item.column in masked and not item.is_key)


def can_look_up(spec: ResourceSpec, modes: Sequence[str]) -> bool:
    """Whether records can be looked up by key: a mode that allows it, and a key item of text."""
    return spec.key is not None and spec.key.ibis_type == "string" and bool({*modes} & {*SERVED_MODES})


def least_items(spec: ResourceSpec) -> tuple[str, ...]:
    """The smallest useful choice: the key item alone, which tells whether a record exists. More is ticked by the person."""
    return tuple(i.column for i in spec.items if i.is_key)


def default_masks(spec: ResourceSpec, columns: Sequence[str]) -> dict[str, str]:
    """Column id → mask kind each chosen item carries by the catalogue or by its grade; items shown as they are left out."""
    kinds = {
        item.column: masks.default_kind(
            mask=item.mask,
            identifier=item.identifier,
            grade=item.grade,
            must_mask_from=MASK_FROM_GRADE,
            data_type=item.data_type,
        )
        for item in spec.items
        if item.column in columns
    }
    return {column: kind for column, kind in kinds.items() if kind}


def lifted(spec: ResourceSpec, columns: Sequence[str], chosen: Mapping[str, str]) -> tuple[ItemSpec, ...]:
    """Items whose mask by catalogue or grade a grant would take off: only the authority may, on record."""
    expected = default_masks(spec, columns)
    return tuple(i for i in spec.items if i.column in expected and not chosen.get(i.column))


def parse_value(item: ItemSpec, text: str) -> Any:
    """A typed value of an item's data type from a person's text. Raises ValueError with a Chinese reason."""
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("含有不能使用的字符")
    if len(text) > MAX_LENGTH:
        raise ValueError(f"不能超过 {MAX_LENGTH} 个字符")
    kind = item.ibis_type
    try:
        if kind == "date":
            return date.fromisoformat(text)
        if kind == "timestamp":
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                raise ValueError
            return moment
        if kind == "int64":
            number = int(text)
            if not -(2**63) <= number < 2**63 or "_" in text:
                raise ValueError
            return number
        if kind == "float64":
            inexact = float(text)
            if not math.isfinite(inexact) or "_" in text:
                raise ValueError
            return inexact
        if kind.startswith("decimal"):
            exact = Decimal(text)
            if not exact.is_finite() or "_" in text or abs(exact) >= Decimal(10) ** 32 or exact != round(exact, 6):
                raise ValueError
            return exact
        if kind == "boolean":
            return {"true": True, "false": False, "是": True, "否": False, "1": True, "0": False}[text]
    except (ValueError, KeyError, InvalidOperation) as error:
        form = {
            "date": "形如 2026-09-24",
            "timestamp": "形如 2026-09-24 08:30:00",
            "boolean": "是或否",
            "int64": "整数",
        }
        raise ValueError(f"应为{form.get(kind, '数字，最多六位小数')}") from error
    return text


def condition_problem(spec: ResourceSpec, condition: RowCondition) -> str:
    """What is wrong with a condition (Chinese), or an empty text."""
    try:
        item = spec.item(condition.column)
    except KeyError:
        return "数据范围里有本资源没有的信息项"
    values = condition.values
    counts = {
        "eq": (1, 1),
        "prefix": (1, 1),
        "in": (1, MAX_VALUES),
        "range": (2, 2),
        "is_null": (0, 0),
        "not_null": (0, 0),
    }
    if condition.op not in counts:
        return f"“{item.name}”的比较方式不能用；可用：{'、'.join(OPS.values())}"
    low, high = counts[condition.op]
    if not low <= len(values) <= high:
        return f"“{item.name}”的条件“{OPS[condition.op]}”应有 {low if low == high else f'{low} 到 {high}'} 个值"
    if condition.op == "prefix" and item.ibis_type != "string":
        return f"“{item.name}”不是文字，不能用“开头是”"
    if condition.op == "range" and item.ibis_type in ("string", "boolean"):
        return f"“{item.name}”不是数字或日期，不能用“介于”"
    if condition.op == "range" and not any(values):
        return f"“{item.name}”的范围至少要填一端"
    if condition.op == "prefix" and not values[0]:
        return f"“{item.name}”的开头不能为空"
    for value in values:
        if condition.op == "range" and not value:
            continue
        try:
            parse_value(item, value)
        except ValueError as error:
            return f"“{item.name}”的值{error}"
    return ""


def grant_problems(
    spec: ResourceSpec, *, items: Sequence[str], row_filter: Sequence[RowCondition], masks_: Mapping[str, str]
) -> tuple[Problem, ...]:
    """Everything wrong with what a grant should show: unknown, repeated or no items, impossible filters, masks that do not fit."""
    found: list[Problem] = []
    known = {i.column: i for i in spec.items}
    if not items:
        found.append(Problem("items", "没有选择信息项", "请至少勾选一项", "sharing.no_items"))
    if len(set(items)) != len(items) or any(c not in known for c in items):
        found.append(Problem("items", "选择了本资源没有的信息项", "请刷新页面后重新勾选", "sharing.unknown_item"))
    found += [
        Problem("row_filter", problem, "请修改数据范围", "sharing.bad_filter")
        for condition in row_filter
        if (problem := condition_problem(spec, condition))
    ]
    for column, kind in masks_.items():
        if column not in items:
            found.append(Problem("masks", "为未选择的信息项设置了脱敏", "请刷新页面后重试", "sharing.mask_not_chosen"))
        elif column in known and kind and not masks.fits(kind, known[column].data_type):
            found.append(
                Problem("masks", f"“{known[column].name}”不能使用这种脱敏方式", "请改选其他方式", "sharing.bad_mask")
            )
    return tuple(found)


def check_grant(
    spec: ResourceSpec, *, items: Sequence[str], row_filter: Sequence[RowCondition], masks_: Mapping[str, str]
) -> None:
    """Raise ``Invalid`` listing everything ``grant_problems`` finds."""
    problems = grant_problems(spec, items=items, row_filter=row_filter, masks_=masks_)
    if problems:
        raise Invalid(
            "授权内容有误", remedy="请按所列各处修改", object_=spec.title, problems=problems, code="sharing.bad_grant"
        )


def narrows(
    asked_items: Sequence[str], asked: Sequence[RowCondition], items: Sequence[str], given: Sequence[RowCondition]
) -> bool:
    """Whether a decision gives no more than was asked for: no further items, and every asked condition kept."""
    return set(items) <= set(asked_items) and all(condition in given for condition in asked)


def may_use(
    *, starts_on: date, ends_on: date, active: bool, today: date, reference: Reference | None = None
) -> Decision:
    """Whether a grant may be used on an Asia/Shanghai date; ``ends_on`` is the last day of use."""
    if not active:
        return Decision(False, "授权已收回", reference, "仍需使用的请重新申请", "sharing.revoked")
    if today < starts_on:
        return Decision(
            False, f"授权自 {starts_on.isoformat()} 起可以使用", reference, "请到期后再用", "sharing.not_begun"
        )
    if today > ends_on:
        return Decision(
            False, f"授权已于 {ends_on.isoformat()} 到期", reference, "仍需使用的请重新申请", "sharing.ended"
        )
    return Decision(True, "授权有效", reference)


def continues(
    spec: ResourceSpec, *, items: Sequence[str], row_filter: Sequence[RowCondition], was: ResourceSpec
) -> Decision:
    """Whether a grant on version ``was`` may go on over ``spec``: every column it shows or filters by is still there, same type.

    A stricter share type ends nothing by itself: the text lets the authority decide (revocation), and pages point at it.
    """
    known = {i.column: i for i in spec.items}
    stood = {i.name: i.column for i in was.items}
    for column in {*items, *(c.column for c in row_filter)}:
        now = known.get(column)
        # A column that now bears another item's name holds that item: nobody granted it.
        if now is None or now.ibis_type != was.item(column).ibis_type or stood.get(now.name, column) != column:
            return Decision(
                False, "新版目录不再含有本授权的信息项", remedy="请按新版目录重新申请", code="sharing.items_gone"
            )
    return Decision(True, "授权的信息项在新版目录中均保留")
