"""Whether what was typed fits a register's fields. Pure, Django-free."""

from collections.abc import Mapping, Sequence
from datetime import date
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from yishu.kernel.errors import Problem
from yishu.law.kinds import Register, RegisterField

LONGEST: Mapping[str, int] = {"text": 300, "long_text": 4000, "url": 300, "choice": 300}
_BIGGEST = 10**12


def problems(register: Register, given: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with the fields of an entry, each with the article that demands it; empty when they fit.

    ``given``: field name → text, bool, int or ISO date; names the register does not have are refused too.
    """
    known = {field.name for field in register.fields}
    found = [
        Problem(name[:40], "本登记簿没有这一栏", "请从登记簿页面重新填写", "registers.unknown_field")
        for name in given
        if name not in known
    ]
    for field in register.fields:
        found += _field(field, given.get(field.name))
        found += _demanded(register, field, given)
    return found


def _demanded(register: Register, field: RegisterField, given: Mapping[str, Any]) -> list[Problem]:
    """A field that the word chosen in another one makes necessary, and that is empty."""
    wanted = {name for word, name in field.demands if given.get(field.name) == word}
    return [
        Problem(
            other.title,
            f"{field.title}为“{given[field.name]}”的，须填写{other.title}",
            "请补充",
            "registers.missing_field",
            field.reference,
        )
        for other in register.fields
        if other.name in wanted and given.get(other.name) in (None, "", [])
    ]


def breaches(register: Register, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of the forbidden acts that an entry states, in the order of its fields; empty when it states none."""
    return tuple(act for field in register.fields for word, act in field.breaches if given.get(field.name) == word)


def endpoint_problems(register: Register, given: Mapping[str, Any], networks: Sequence[str]) -> list[Problem]:
    """Whether a channel's endpoint (address or range) lies in the government network's ranges; nothing to check without ranges.

    Source: transmission goes over the e-government network (XW-16, JY-29); the register's own article is named.
    """
    field = next((f for f in register.fields if f.name == "endpoint"), None)
    text = str(given.get("endpoint") or "").strip()
    if field is None or not text or not networks or _excepted(register, given):
        return []
    try:
        asked = ip_network(text, strict=False)
    except ValueError:
        what, remedy = f"{field.title}应写成地址或网段", "形如 10.20.3.0/24"
    else:
        allowed = [ip_network(n) for n in networks]
        if any(asked.version == n.version and asked.subnet_of(n) for n in allowed):  # type: ignore[arg-type]
            return []
        what = f"{field.title}不在电子政务网络范围内"
        remedy = f"数据须经电子政务网络传输；范围为 {'、'.join(networks)}，请改接后登记"
    return [Problem(field.title, what, remedy, "registers.outside_network", field.reference)]


def _excepted(register: Register, given: Mapping[str, Any]) -> bool:
    """Whether the entry says that another rule puts it outside the network, with that rule (JY-29)."""
    words = {(field.name, word) for field in register.fields for word, name in field.demands if name == "exception"}
    return bool(given.get("exception")) and any(given.get(name) == word for name, word in words)


def title_of(register: Register, given: Mapping[str, Any]) -> str:
    """What an entry is called in lists: its title field as text, at most 200 characters."""
    return str(given.get(register.title_field) or "")[:200].strip() or register.title


def _field(field: RegisterField, value: Any) -> list[Problem]:
    if value in (None, "", []):
        if not field.required:
            return []
        return [Problem(field.title, f"没有填写{field.title}", "请补充", "registers.missing_field", field.reference)]
    what = _misfit(field, value)
    return [Problem(field.title, what, "请改正后保存", "registers.bad_field", field.reference)] if what else []


def _misfit(field: RegisterField, value: Any) -> str:
    """Why a value is not of the field's kind, in Chinese; empty when it is."""
    if field.kind == "flag":
        return "" if isinstance(value, bool) else f"{field.title}应为是或否"
    if field.kind in ("number", "department", "person"):
        ok = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _BIGGEST
        return (
            ""
            if ok
            else f"{field.title}应为不小于 0 的整数"
            if field.kind == "number"
            else f"{field.title}不在可选范围内"
        )
    text = str(value)
    if any(ord(c) < 32 and c not in "\n\r\t" for c in text):
        return f"{field.title}含有不能保存的字符"
    longest = LONGEST.get(field.kind, 300)
    if len(text) > longest:
        return f"{field.title}最多 {longest} 个字，现有 {len(text)} 个"
    if field.kind == "choice" and text not in field.choices:
        return f"{field.title}应为以下之一：{'、'.join(field.choices)}"
    if field.kind == "date":
        try:
            date.fromisoformat(text)
        except ValueError:
            return f"{field.title}应为真实的日期"
    if field.kind == "url" and urlsplit(text).scheme not in ("http", "https"):
        return f"{field.title}应以 http:// 或 https:// 开头"
    return ""


def months_later(day: date, months: int) -> date:
    """The same day of the month ``months`` later, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    raise ValueError(f"no such day: {year}-{month}")
