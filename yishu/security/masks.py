"""脱敏: each mask defined once, as one Ibis expression that PostgreSQL and DuckDB both run. Django-free.

A mask never returns its input for an input that is not null (null stays null: that nothing is known is shown by every mask).
It holds by construction: every output of a text mask contains ``*``, and an input that already contains ``*`` is starred
whole — ``***``, or ``****`` where the input is ``***`` itself. Of what a mask hides, not even the length shows, except
where the law's own documents carry a fixed length (18 characters of an identity number).

Rules chosen for least disclosure while an official can still tell whether the right record came back:

============= ================================================== ==============================
kind          shows                                              example
============= ================================================== ==============================
name          the surname (compound ones whole), 1–3 stars       欧阳娜娜 → 欧阳**
person_id     division of first registration (6), 12 or 9 stars  410821************
uscc          registrar, kind and division (8), 10 stars         91410821**********
phone         first 3 and last 2, six stars between              138******21
address       down to county or district                         河南省焦作市修武县***
text          nothing, not even its length                       ***
date          the year                                           1985年****
number        the order of magnitude, in words                   数十万
hide          nothing: null                                      (null)
============= ================================================== ==============================
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis

Expression = Any
"""An Ibis value expression; Ibis ships no types mypy could check."""

TEXT_TYPES, DATE_TYPES, NUMBER_TYPES, OTHER_TYPES = ("C", "M", "G"), ("D", "T"), ("N", "Y", "B", "I", "F"), ("L",)
"""Letters of guide 1272's data types by what a mask can do with them (catalogue.rules.DATA_TYPES)."""

STAR, STARS, MORE_STARS = "*", "***", "****"
_COMPOUND = (
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 "
    "长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 "
    "南门 羊舌 微生 梁丘 左丘 东门 西门 第五 爱新觉罗 叶赫那拉 歐陽 諸葛 司馬 東方 獨孤 夏侯 鍾離 長孫"
)
COMPOUND_SURNAMES = tuple(_COMPOUND.split())
"""Compound surnames in use (百家姓 and common registers), simplified and, for records from Hong Kong, Macao and Taiwan, traditional."""
DOTS = "·•・‧．."
"""Separators between the parts of a name (买买提·艾力): U+00B7 by GB/T 15834, and what keyboards write instead."""

_STOP = "省市县区旗路街巷村号镇乡道里园苑小社弄组楼室"
"""A division's name holds none of these; one that does (道县) is shown less exactly, never more."""
_DIVISIONS = (
    f"^(内蒙古自治区|广西壮族自治区|西藏自治区|宁夏回族自治区|新疆维吾尔自治区|[^{_STOP}]{{2,4}}省)?"
    f"([^{_STOP}]{{1,12}}(市|自治州|地区|盟))?([^{_STOP}]{{1,9}}[县区市旗])?"
)


@dataclass(frozen=True, slots=True)
class Mask:
    """One kind of mask: its Chinese title, what it shows in one phrase, an example, and the data types it fits (letters)."""

    kind: str
    title: str
    shows: str
    example: str
    data_types: tuple[str, ...]
    expression: Callable[[Expression], Expression]


def _text(value: Expression) -> Expression:
    """``***``, or ``****`` for the one text that is ``***`` already."""
    return ibis.cases((value == STARS, MORE_STARS), else_=STARS)


def _stars(count: int) -> Expression:
    return ibis.literal(STAR * count)


def _guarded(*cases: tuple[Expression, Expression]) -> Callable[[Expression], Expression]:
    """The mask of a text: null stays null, text with stars in it is starred whole, then the first case that fits, else ``***``."""

    def build(value: Expression) -> Expression:
        return ibis.cases(
            (value.isnull(), ibis.null("string")),
            (value.contains(STAR), _text(value)),
            *((condition(value), shown(value)) for condition, shown in cases),
            else_=STARS,
        )

    return build


def _name_tail(value: Expression, surname: int) -> Expression:
    hidden = value.length() - surname
    return ibis.cases((hidden == 1, _stars(1)), (hidden == 2, _stars(2)), else_=_stars(3))


_NAME = _guarded(
    (lambda v: v.length() <= 1, lambda v: ibis.literal(STARS)),
    (lambda v: _any(v.contains(dot) for dot in DOTS), lambda v: v.substr(0, 1) + _stars(2) + "·" + _stars(2)),
    (
        lambda v: (v.length() >= 5) & v.substr(0, 4).isin([s for s in COMPOUND_SURNAMES if len(s) == 4]),
        lambda v: v.substr(0, 4) + _name_tail(v, 4),
    ),
    (
        lambda v: (v.length() >= 3) & v.substr(0, 2).isin([s for s in COMPOUND_SURNAMES if len(s) == 2]),
        lambda v: v.substr(0, 2) + _name_tail(v, 2),
    ),
    (lambda v: v.length() <= 20, lambda v: v.substr(0, 1) + _name_tail(v, 1)),
)


def _any(conditions: Any) -> Expression:
    first, *others = conditions
    for other in others:
        first = first | other
    return first


_PERSON_ID = _guarded(
    (lambda v: (v.length() == 18) & v.re_search("^[0-9]{17}[0-9Xx]$"), lambda v: v.substr(0, 6) + _stars(12)),
    (lambda v: (v.length() == 15) & v.re_search("^[0-9]{15}$"), lambda v: v.substr(0, 6) + _stars(9)),
)
_USCC = _guarded(
    (
        lambda v: (v.length() == 18) & v.re_search("^[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{10}$"),
        lambda v: v.substr(0, 8) + _stars(10),
    )
)
_PHONE = _guarded(
    (
        lambda v: (v.length() >= 11) & (v.length() <= 20) & v.re_search("^[-+0-9 ()]+$"),
        lambda v: v.substr(0, 3) + _stars(6) + v.substr(v.length() - 2, 2),
    ),
    (
        lambda v: (v.length() >= 7) & (v.length() <= 10) & v.re_search("^[-+0-9 ()]+$"),
        lambda v: _stars(6) + v.substr(v.length() - 2, 2),
    ),
)
_ADDRESS = _guarded((lambda v: v.length() > 0, lambda v: v.re_extract(_DIVISIONS, 0) + _stars(3)))
_TEXT = _guarded()
_DATE_TEXT = _guarded(
    (lambda v: (v.length() >= 6) & v.re_search("^[0-9]{4}[-/.年0-9]"), lambda v: v.substr(0, 4) + "年" + _stars(4))
)


def _text_of_any(value: Expression) -> Expression:
    if value.type().is_string():
        return _TEXT(value)
    return ibis.cases((value.isnull(), ibis.null("string")), else_=STARS)


def _date(value: Expression) -> Expression:
    if value.type().is_string():
        return _DATE_TEXT(value)
    return ibis.cases((value.isnull(), ibis.null("string")), else_=value.year().cast("string") + "年" + _stars(4))


_MAGNITUDES = (
    (10, "不足十"),
    (100, "数十"),
    (1_000, "数百"),
    (10_000, "数千"),
    (100_000, "数万"),
    (1_000_000, "数十万"),
    (10_000_000, "数百万"),
    (100_000_000, "数千万"),
    (1_000_000_000, "数亿"),
)
_LARGEST = "十亿以上"


def _number(value: Expression) -> Expression:
    """Comparisons only: no rounding, no absolute value that the smallest integer would overflow."""
    return ibis.cases(
        (value.isnull(), ibis.null("string")),
        *((((value > -limit) & (value < 0)), "负" + words) for limit, words in _MAGNITUDES),
        (value < 0, "负" + _LARGEST),
        *((value < limit, words) for limit, words in _MAGNITUDES),
        else_=_LARGEST,
    )


def _hide(value: Expression) -> Expression:
    """Null, typed as text, whatever the value."""
    return ibis.null("string")


_EVERY = (*TEXT_TYPES, *DATE_TYPES, *NUMBER_TYPES, *OTHER_TYPES)

MASKS: Mapping[str, Mask] = {
    mask.kind: mask
    for mask in (
        Mask("name", "姓名", "只显示姓氏", "欧阳**", TEXT_TYPES, _NAME),
        Mask("person_id", "身份证件号码", "只显示前六位行政区划", "410821************", TEXT_TYPES, _PERSON_ID),
        Mask("uscc", "统一社会信用代码", "只显示前八位", "91410821**********", TEXT_TYPES, _USCC),
        Mask("phone", "电话", "显示前三位和后两位", "138******21", TEXT_TYPES, _PHONE),
        Mask("address", "地址", "只显示到县（市、区）", "河南省焦作市修武县***", TEXT_TYPES, _ADDRESS),
        Mask("text", "全部隐去", "只显示星号，不显示长度", "***", _EVERY, _text_of_any),
        Mask("date", "日期", "只显示年份", "1985年****", (*TEXT_TYPES, *DATE_TYPES), _date),
        Mask("number", "数值", "只显示数量级", "数十万", NUMBER_TYPES, _number),
        Mask("hide", "不提供", "值留空", "", _EVERY, _hide),
    )
}
"""Every mask kind, in the order people choose from."""


def fits(kind: str, data_type: str) -> bool:
    """Whether mask ``kind`` is known and can be put on an item of guide 1272's data type letter."""
    mask = MASKS.get(kind)
    return mask is not None and data_type in mask.data_types


def masked(kind: str, value: Expression) -> Expression:
    """The masked value as a string expression; KeyError for an unknown kind (``fits`` is asked first)."""
    return MASKS[kind].expression(value)


def default_kind(*, mask: str, identifier: str, grade: int, must_mask_from: int, data_type: str) -> str:
    """The mask an item carries unless the authority decides otherwise: its own, else by identifier or grade, else none (``""``).

    ``must_mask_from`` is the grade from which an item is masked anyway (pack key ``security.mask_from_grade``).
    """
    if mask and fits(mask, data_type):
        return mask
    if grade < must_mask_from:
        return ""
    if identifier and fits(identifier, data_type):
        return identifier
    return "date" if data_type in DATE_TYPES else "number" if data_type in NUMBER_TYPES else "text"
