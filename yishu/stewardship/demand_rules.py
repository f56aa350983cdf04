"""The life of a demand: which verb leads from which state to which, and who says it. Django-free."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be done to a demand: from which states, to which, by whom; ``reason``: must be given."""

    key: str
    title: str
    froms: frozenset[str]
    to: str
    by_authority: bool
    reason: bool = False


def _verb(key: str, title: str, froms: str, to: str, by_authority: bool, reason: bool = False) -> Verb:
    return Verb(key, title, frozenset(froms.split()), to, by_authority, reason)


VERBS: Mapping[str, Verb] = {
    v.key: v
    for v in (
        _verb("submit", "提交审核", "draft returned", "submitted", False),
        _verb("withdraw", "撤回", "submitted returned approved", "withdrawn", False),
        _verb("approve", "同意列入需求清单", "submitted", "approved", True),
        _verb("return", "退回", "submitted", "returned", True, True),
        _verb("match", "匹配到目录资源", "submitted approved assigned upward", "matched", True),
        _verb("assign", "转为部门采集责任", "submitted approved", "assigned", True, True),
        _verb("upward", "转上级数据需求", "submitted approved", "upward", True, True),
        _verb("reopen", "对接不成，重新列入", "matched assigned upward", "approved", True, True),
    )
}
"""What can be done to a demand, by key. Titles are the buttons'."""

HAPPENED: Mapping[str, str] = {"create": "新建", "save": "修改", **{k: v.title for k, v in VERBS.items()}}
"""Words of a demand's history."""


def may_edit(state: str) -> bool:
    """Whether the demand's content may still change."""
    return state in ("draft", "returned")


def verbs_of(state: str, *, own: bool, authority: bool) -> tuple[Verb, ...]:
    """What a reader may do to a demand in a state, in the order of the buttons."""
    return tuple(v for v in VERBS.values() if state in v.froms and (authority if v.by_authority else own))
