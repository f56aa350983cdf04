"""Whether item definitions can be turned into rules at all: limits that are values, formats that are expressions."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute

from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.kernel.errors import Invalid, Problem
from yishu.quality.rules import ORDERED_TYPES

REMEDY = "请在目录中修改该信息项后重新送审发布"


def check_definitions(spec: ResourceSpec) -> None:
    """Refuse item definitions no rule can be compiled from.

    Raises ``Invalid`` (``quality.definition``) listing every limit that is no value of the item's type and every format
    that is not a regular expression of the fixed-time kind (RE2); the catalogue entry has to be corrected.
    """
    problems = [problem for item in spec.items for problem in _problems(item)]
    if problems:
        raise Invalid(
            f"“{spec.title}”的信息项定义有误，不能据以检查数据",
            remedy=REMEDY,
            object_=spec.code,
            problems=problems,
            code="quality.definition",
        )


def _problems(item: ItemSpec) -> Iterator[Problem]:
    if item.data_type in ORDERED_TYPES:
        for text, words in ((item.minimum, "最小值"), (item.maximum, "最大值")):
            if text and not is_value(text, item.data_type):
                yield Problem(item.name, f"{words}“{text}”不是该数据类型的值", REMEDY, "quality.limit")
    if item.pattern and not is_pattern(item.pattern):
        yield Problem(item.name, f"格式“{item.pattern}”不是可用的正则表达式", REMEDY, "quality.pattern")


def is_value(text: str, data_type: str) -> bool:
    """Whether a limit's text is a value of the guide's data type."""
    try:
        if data_type == "D":
            date.fromisoformat(text)
        elif data_type == "T":
            datetime.fromisoformat(text)
        elif data_type == "I":
            int(text)
        else:
            return Decimal(text).is_finite()
    except (ValueError, InvalidOperation):
        return False
    return True


def is_pattern(text: str) -> bool:
    """Whether the text is a regular expression RE2 accepts (fixed time: no look-around, no back-references)."""
    try:
        pyarrow.compute.match_substring_regex(pa.array([""]), f"^(?:{text})$")
    except pa.ArrowInvalid:
        return False
    return True
