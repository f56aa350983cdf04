"""The columns of the guide's filling template (政务信息资源目录填报模板), what may stand in each and how it is said. Pure, Django-free.

One row per 信息项; the columns of the resource stand in its first row (merged) or in every row (repeated). After the guide's own columns
come those the packs and the platform add.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from unicodedata import normalize

from yishu.catalogue import guide
from yishu.catalogue.demands import Demands
from yishu.catalogue.rules import DATA_TYPES
from yishu.security import masks

Pairs = Sequence[tuple[str, str]]
RESOURCE, ITEM, SHOWN = "resource", "item", "shown"
TEXT, CHOICE, CHOICES, FLAG, NUMBER, LINES, CODES = "text", "choice", "choices", "flag", "number", "lines", "codes"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``key`` is the draft's field, ``level`` says whose; ``pairs`` gives key and title of a closed list.

    ``SHOWN`` columns are given by the platform (code, provider, dates) and only compared on import.
    """

    key: str
    title: str
    level: str = RESOURCE
    kind: str = TEXT
    length: int = 1000
    pairs: Callable[[Demands], Pairs] | None = None
    aliases: tuple[str, ...] = ()
    width: int = 14

    @property
    def names(self) -> tuple[str, ...]:
        """All heads the column is known by."""
        return (self.title, *self.aliases)


def _option(name: str) -> Callable[[Demands], Pairs]:
    return lambda law: [(o.key, o.title) for o in law.options(name)]


def _masks(law: Demands) -> Pairs:
    return [("", "不脱敏"), *((key, kind.title) for key, kind in masks.MASKS.items())]


def _types(law: Demands) -> Pairs:
    return [(key, f"{title}{key}") for key, (title, _) in DATA_TYPES.items()]


def _sensitive(law: Demands) -> Pairs:
    return [(o.key, o.title) for o in law.options("sensitivity_flags") if o.facts.get("effect") != "refuse"]


_GUIDE = (
    Column("number", "序号", SHOWN, width=6),
    Column("attribute_class", "信息资源分类（类）", kind=CHOICE, pairs=_option("catalogue_classes"), aliases=("类", "信息资源分类(类)", "(部门类)信息资源分类(类)")),
    Column("item_class", "项分类", kind=CHOICE, aliases=("项", "信息资源分类（项）")),
    Column("category", "目分类", length=3, aliases=("目", "信息资源分类（目）")),
    Column("subcategory", "细目分类", length=8, aliases=("细目", "细目分类1", "信息资源分类（细目）")),
    Column("business_matter", "关联业务事项", length=200, width=18),
    Column("title", "信息资源名称", length=120, width=26, aliases=("资源名称", "目录名称")),
    Column("code", "信息资源代码", SHOWN, width=20, aliases=("资源代码",)),
    Column("provider", "信息资源提供方", SHOWN, width=18, aliases=("提供方", "资源提供方")),
    Column("unit", "提供方内部部门", length=120, aliases=("下设机构", "内设机构"), width=16),
    Column("provider_code", "资源提供方代码", SHOWN, width=22, aliases=("信息资源提供方代码", "提供方代码")),
    Column("summary", "信息资源摘要", length=2000, width=36, aliases=("资源摘要", "摘要")),
    Column("format_class", "信息资源格式分类", kind=CHOICE, pairs=_option("format_classes"), aliases=("格式分类",)),
    Column("format_type", "信息资源格式类型", kind=CHOICE, aliases=("格式类型",)),
    Column("format_note", "其他类型资源格式描述", length=200, width=18),
    Column("name", "信息项名称", ITEM, length=80, width=22, aliases=("数据项名称", "数据项")),
    Column("data_type", "数据类型", ITEM, CHOICE, pairs=_types),
    Column("length", "数据长度", ITEM, NUMBER, width=10),
    Column("share_type", "共享类型", kind=CHOICE, pairs=_option("share_types")),
    Column("share_note", "共享条件/不予共享依据", width=28, aliases=("共享条件", "共享条件/依据")),
    Column("share_mode_class", "共享方式分类", kind=CHOICE, pairs=_option("share_mode_classes")),
    Column("share_mode_type", "共享方式类型", kind=CHOICE, pairs=_option("share_mode_types")),
    Column("is_open", "是否向社会开放", kind=FLAG, width=10),
    Column("open_condition", "开放条件", width=18),
    Column("update_cycle", "更新周期", kind=CHOICE, pairs=_option("update_cycles"), width=10),
    Column("published_on", "发布日期", SHOWN, width=12),
    Column("related_codes", "关联资源代码", kind=LINES, width=20, aliases=("关联及类目名称", "关联类目名称")),
)  # fmt: skip
_SURVEY = tuple(Column(f"survey_{key}", title, kind=NUMBER, width=12) for key, title in guide.SURVEY_FIGURES.items())
_LOCAL = (
    Column("source_kind", "来源方式", kind=CHOICE, pairs=_option("source_kinds")),
    Column("subject_kind", "数据主体", kind=CHOICE, pairs=_option("subject_kinds")),
    Column("base_library", "归入基础库", kind=CHOICE, pairs=_option("base_libraries")),
    Column("theme_library", "归入主题库", kind=CHOICE, pairs=_option("theme_libraries")),
    Column("media_kind", "表现形式", kind=CHOICE, pairs=_option("media_kinds")),
    Column("document_class", "证照、文书、合同", kind=CHOICE, pairs=_option("equivalent_classes")),
    Column("system_name", "所属信息系统", length=120, width=18),
    Column("is_digital", "是否电子化", kind=FLAG, width=10),
    Column("has_privacy", "涉及个人隐私", kind=FLAG, width=10),
    Column("has_trade_secret", "涉及商业秘密", kind=FLAG, width=10),
    Column("use_purposes", "具体用途", kind=CHOICES, pairs=_option("use_purposes"), width=20),
    Column("usage_requirement", "使用要求", width=18),
    Column("share_scope", "共享范围", width=18),
    Column("share_basis", "共享属性的依据", width=24),
    Column("basis_kind", "依据种类", kind=CHOICE, pairs=_option("basis_kinds")),
    Column("withheld_statement", "不予共享理由说明", width=24),
    Column("agreement_required", "须签安全协议", kind=FLAG, width=10),
    Column("open_type", "开放类型", kind=CHOICE, pairs=_option("open_types")),
    Column("open_modes", "开放方式", kind=CHOICES, pairs=_option("open_modes")),
    Column("open_basis", "开放属性的依据", width=18),
    Column("open_basis_kind", "开放依据种类", kind=CHOICE, pairs=_option("basis_kinds")),
    Column("duplicate_note", "重复采集说明", width=18),
    Column("required", "必填", ITEM, FLAG, width=8, aliases=("是否必填",)),
    Column("identifier", "标识", ITEM, CHOICE, pairs=_option("identifiers")),
    Column("is_key", "主标识", ITEM, FLAG, width=8),
    Column("newest_by", "以此取最新", ITEM, FLAG, width=10),
    Column("item_share_type", "信息项共享类型", ITEM, CHOICE, pairs=_option("share_types")),
    Column("is_base", "基础数据项", ITEM, FLAG, width=10),
    Column("sensitivity", "敏感属性", ITEM, CHOICE, pairs=_sensitive),
    Column("mask", "默认脱敏", ITEM, CHOICE, pairs=_masks),
    Column("pattern", "格式", ITEM, length=200),
    Column("minimum", "最小值", ITEM, length=40, width=10),
    Column("maximum", "最大值", ITEM, length=40, width=10),
    Column("codes", "代码", ITEM, CODES, length=20_000, width=20),
    Column("description", "说明", ITEM, length=300, width=24, aliases=("信息项说明", "备注")),
)  # fmt: skip
COLUMNS = (*_GUIDE, *_SURVEY, *_LOCAL)
"""Every column, in the template's order."""


def columns_of(law: Demands) -> tuple[Column, ...]:
    """The columns a jurisdiction uses: those whose closed list it holds; opening only where the law has opening."""
    opening = {"is_open", "open_condition", "open_type", "open_modes", "open_basis", "open_basis_kind"}
    typed = {"open_type", "open_modes", "open_basis", "open_basis_kind"}
    gone = set() if law.opening else opening
    gone |= set() if law.options("open_types") else typed
    return tuple(c for c in COLUMNS if c.key not in gone and (c.pairs is None or c.pairs(law)))


def pairs_of(column: Column, law: Demands, row: Mapping[str, str]) -> Pairs:
    """Key and title of what a choice column takes; 项 depends on 类, 格式类型 on 格式分类, 方式类型 on 方式分类 (``row``: keys chosen so far)."""
    if column.key == "item_class":
        tops = [e for e in guide.entries(law, "classes") if e.key == row.get("attribute_class", e.key)]
        return [(i.key, i.title) for top in tops for i in top.items]
    if column.key == "format_type":
        formats = [e for e in guide.entries(law, "format_classes") if e.key == row.get("format_class", e.key)]
        return [(t, t) for f in formats for t in f.types]
    if column.key == "share_mode_type":
        modes = guide.entries(law, "share_mode_types")
        return [(m.key, m.title) for m in modes if m.of == row.get("share_mode_class", m.of)]
    return column.pairs(law) if column.pairs else ()


def fold(text: str) -> str:
    """Text as compared: full width as half, case and spaces aside, brackets of one kind."""
    plain = normalize("NFKC", text).casefold()
    return "".join(plain.split()).replace("﹙", "(").replace("﹚", ")")


_SAID = {
    "每天": "每日",
    "每星期": "每周",
    "半年": "每半年",
    "季度": "每季度",
    "年度": "每年",
    "月度": "每月",
    "按需": "不定期",
}
"""Words people write for an update cycle."""


def chosen(text: str, pairs: Pairs) -> str | None:
    """The key of what somebody wrote for a closed list: key, title, ``3 数据库``, ``3-数据库``, an unmistakable beginning; None if unknown."""
    wanted = fold(text)
    wanted = _SAID.get(wanted, wanted)
    for key, title in pairs:
        both = (fold(key), fold(title))
        joined = {fold(f"{key}{mark}{title}") for mark in ("", "-", ".", "、", ":", "_")}
        if wanted in both or wanted in joined or wanted == fold(f"{title}{key}"):
            return key
    if wanted.isdigit():  # a code whose leading zero the spreadsheet took
        padded = [key for key, _ in pairs if key.isdigit() and key.lstrip("0") == wanted.lstrip("0")]
        return padded[0] if len(padded) == 1 else None
    begun = {key for key, title in pairs if len(wanted) >= 2 and fold(title).startswith(wanted)}
    return begun.pop() if len(begun) == 1 else None


def nearest(text: str, pairs: Pairs) -> str:
    """The title most like what was written; empty when nothing is near."""
    titles = {fold(title): title for _, title in pairs}
    found = get_close_matches(fold(text), list(titles), n=1, cutoff=0.4)
    return titles[found[0]] if found else ""
