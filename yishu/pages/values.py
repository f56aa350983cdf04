"""What the platform takes from one article, in words: the values of a pack that name it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yishu.kernel.references import Reference
from yishu.law.kinds import PERIOD_WORDS, Clock, Option, OptionList, Procedure, Register, RequiredList, Value
from yishu.law.packs import View
from yishu.law.reading import article_of
from yishu.law.vocabulary import ACTORS

WORDS: Mapping[str, str] = {
    **ACTORS,
    "direct": "直接获取",
    "application": "提出申请",
    "none": "不能获取",
    "review": "审核",
    "filing": "备案",
    "required": "必须",
    "optional": "可以",
    "unconditional": "无条件共享",
    "conditional": "有条件共享",
    "withheld": "不予共享",
    "identity_document": "有效身份证件号码",
    "uscc": "统一社会信用代码",
}
"""The packs' words (``law.vocabulary.VALUES``) as people read them."""


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value: its key, its title, what it is in words, and where exactly it stands."""

    key: str
    title: str
    words: str
    reference: Reference


def values_at(view: View, place: Reference) -> tuple[ValueRow, ...]:
    """Every value of the day that rests on the article of ``place``, in the order of the pack."""
    wanted = article_of(place.article) or place.article
    return tuple(
        row
        for value in view.values()
        for row in _rows(value)
        if row.reference.pack == place.pack
        and row.reference.instrument == place.instrument
        and (article_of(row.reference.article) or row.reference.article) == wanted
    )


def _rows(value: Value) -> Iterator[ValueRow]:
    held = value.value
    if isinstance(held, Clock):
        yield ValueRow(value.key, f"时限：{held.title}", clock_words(held), held.reference)
        if held.extension:
            words = f"可延长 {held.extension.working_days} 个工作日"
            yield ValueRow(f"{value.key}.extension", f"延期：{held.title}", words, held.extension.reference)
    elif isinstance(held, Procedure):
        for step in held.steps.values():
            outcomes = "、".join(o.title for o in step.outcomes.values())
            yield ValueRow(
                f"{value.key}.{step.key}",
                f"程序：{held.title} · {step.title}",
                f"由{ACTORS.get(step.role, step.role)}办理，可：{outcomes}",
                step.reference,
            )
    elif isinstance(held, RequiredList):
        for field in held.fields:
            yield ValueRow(f"{value.key}.{field.name}", f"必备：{held.title}", field.title, field.reference)
    elif isinstance(held, OptionList):
        for option in held.options:
            yield ValueRow(f"{value.key}.{option.key}", held.title, _option_words(option), option.reference)
    elif isinstance(held, Register):
        for column in held.fields:
            need = "必填" if column.required else "选填"
            yield ValueRow(
                f"{value.key}.{column.name}", f"登记簿：{held.title}", f"{column.title}（{need}）", column.reference
            )
    else:
        yield ValueRow(value.key, value.title, _plain(held), value.reference)


def clock_words(clock: Clock) -> str:
    """A clock in one sentence: ``数据主管部门 5 个工作日内，自申请提交起，至作出答复``."""
    if clock.working_days is None:
        term = PERIOD_WORDS.get(clock.period, "文本未规定时限")
    else:
        term = f"{clock.working_days} 个工作日内" if clock.working_days else PERIOD_WORDS["immediate"]
    return f"{term}；自{clock.starts}起，至{clock.ends}（{ACTORS.get(clock.actor, clock.actor)}）"


def _option_words(option: Option) -> str:
    return f"{option.title}（{option.note}）" if option.note else option.title


def _plain(value: object) -> str:
    if value is None:
        return "文本未规定"
    if isinstance(value, bool):
        return "是" if value else "否"
    return WORDS.get(str(value), str(value))
