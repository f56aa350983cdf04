"""Which rules a resource's items ask for, in which order, and the words for each. Pure, Django-free."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.kernel.codes import PROBLEMS

PERSON_ID, IDENTITY_DOCUMENT, USCC = "person_id", "identity_document", "uscc"

TYPE_CODES: Final[Mapping[str, str]] = {
    "N": "number_format",
    "Y": "number_format",
    "D": "date_format",
    "T": "datetime_format",
    "L": "boolean_format",
    "B": "float_format",
    "F": "float_format",
    "I": "integer_format",
}
"""Type rule by the guide's data type; the text types C, M and G have none."""

REASONS: Final[Mapping[str, str]] = {
    "required": "必填项为空",
    "invisible": "含不可见字符（零宽或文字方向控制字符）",
    "number_format": "不是数值：只能是数字、正负号和小数点，小数不超过 6 位",
    "date_format": "不是有效日期：应写作 2024-03-05",
    "datetime_format": "不是有效时间：应写作 2024-03-05 08:30:00",
    "boolean_format": "不是是否值：应为 是/否、1/0 或 true/false",
    "float_format": "不是数值",
    "integer_format": "不是整数",
    "length": "超过规定长度（按 UTF-8 字节计）",
    "pattern": "不符合规定格式",
    "code": "不在代码表内",
    "minimum": "小于最小值",
    "maximum": "大于最大值",
    **{code: words for code, words in PROBLEMS.items() if code.startswith(("id_", "uscc_"))},
}
"""Reason code → words for people. The codes stand in load reports and rejects; they never change meaning."""

IDENTIFIER_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    PERSON_ID: ("id_format", "id_birth_date", "id_check_digit"),
    IDENTITY_DOCUMENT: ("id_document_format", "id_birth_date", "id_check_digit"),
    USCC: ("uscc_format", "uscc_organisation_check", "uscc_check_character"),
}
TEXT_TYPES: Final = frozenset("CMG")
ORDERED_TYPES: Final = frozenset("NYDTBFI")
"""Types for which a smallest and a largest value mean something."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One check of one item. ``code`` is a key of ``REASONS``; ``number`` its place in the order of checking, from 0."""

    number: int
    code: str
    item: ItemSpec

    @property
    def words(self) -> str:
        """The reason for people, naming the limit where there is one."""
        limit = {
            "length": f"{self.item.length}",
            "pattern": self.item.pattern,
            "minimum": self.item.minimum,
            "maximum": self.item.maximum,
        }.get(self.code)
        return f"{REASONS[self.code]}：{limit}" if limit else REASONS[self.code]


def compile_rules(spec: ResourceSpec, *, invisible: bool = True) -> tuple[Rule, ...]:
    """Every check a row goes through, in order: items as catalogued, within an item emptiness, characters, identifier or
    type, length, pattern, code table, smallest and largest value. The first one broken is the row's reason.

    The key item is always required: a row that cannot be looked up is none. ``invisible`` leaves out the character check
    for a file known to hold no such characters (same result, less work).
    """
    checks: list[tuple[str, ItemSpec]] = []
    for item in spec.items:
        if item.required or item.is_key:
            checks.append(("required", item))
        if invisible:
            checks.append(("invisible", item))
        if item.identifier:
            checks += [(code, item) for code in IDENTIFIER_CODES[item.identifier]]
        elif item.data_type in TYPE_CODES:
            checks.append((TYPE_CODES[item.data_type], item))
        if item.length is not None and item.data_type in TEXT_TYPES:
            checks.append(("length", item))
        if item.pattern:
            checks.append(("pattern", item))
        if item.codes:
            checks.append(("code", item))
        if item.data_type in ORDERED_TYPES:
            checks += [(end, item) for end in ("minimum", "maximum") if getattr(item, end)]
    return tuple(Rule(number, code, item) for number, (code, item) in enumerate(checks))
