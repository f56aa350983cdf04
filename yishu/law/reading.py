"""Reads a pack's entries into ``law.kinds``. Every value must carry its reference; every problem is noted, none raised."""

import re
from collections.abc import Mapping
from typing import Any, cast

from yishu.kernel.references import Reference
from yishu.law import vocabulary
from yishu.law.entries import Entry
from yishu.law.instruments import WHOLE_TEXT, Instrument, article_of
from yishu.law.kinds import (
    PERIOD_WORDS,
    Clock,
    Extension,
    Option,
    OptionList,
    Outcome,
    Period,
    Procedure,
    Register,
    RegisterField,
    RequiredField,
    RequiredList,
    Silence,
    Step,
)

__all__ = ["KEY", "SECTIONS", "UNSET", "WHOLE_TEXT", "Instrument", "article_of"]

KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
UNSET = "unset"
OFFICE_HOURS = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
"""When office hours end: ``17:30``."""


def read_clock(entry: Entry, key: str, instrument: Instrument) -> tuple[str, Clock, Reference, str]:
    """One clock; ``working_days`` a number or ``unset``, ``period`` demanded when it is unset."""
    f = entry.fields(
        ("title", "reference", "working_days", "actor", "starts_at", "ends_with"),
        ("period", "starts", "ends", "stops_during_correction", "after_hours", "extension", "note", "from", "until"),
    )
    if key not in vocabulary.CLOCKS:
        entry.problem(f"不认识的时限；可用：{'、'.join(vocabulary.CLOCKS)}")
    reference = instrument.reference(f["reference"])
    unset = f["working_days"] and _is(f["working_days"], UNSET)
    period = f["period"].choice(tuple(PERIOD_WORDS)) if f["period"] else ""
    if unset and not period:
        entry.problem(f"working_days 为 unset 时须写 period：{'、'.join(PERIOD_WORDS)}")
    starts_at = f["starts_at"].choice(tuple(vocabulary.EVENTS))
    ends_with = f["ends_with"].choice(tuple(vocabulary.EVENTS))
    clock = Clock(
        key=key,
        title=f["title"].text(),
        working_days=None if unset else f["working_days"].number(),
        period=cast(Period, period),
        actor=f["actor"].choice(tuple(vocabulary.ACTORS)),
        starts_at=starts_at,
        starts=f["starts"].text() if f["starts"] else vocabulary.EVENTS.get(starts_at, ""),
        ends_with=ends_with,
        ends=f["ends"].text() if f["ends"] else vocabulary.EVENTS.get(ends_with, ""),
        stops_during_correction=_unset_or_flag(f["stops_during_correction"]),
        after_hours=_after_hours(f["after_hours"]),
        extension=_extension(f["extension"], instrument),
        reference=reference,
        note=f["note"].text() if f["note"] else "",
    )
    return clock.title, clock, reference, clock.note


def _extension(entry: Entry, instrument: Instrument) -> Extension | None:
    if not entry or _is(entry, "none"):
        return None
    e = entry.fields(("working_days", "approver", "total", "reference"))
    return Extension(
        working_days=e["working_days"].number(minimum=1),
        approver=e["approver"].choice(tuple(vocabulary.ROLES)),
        total=e["total"].flag(),
        reference=instrument.reference(e["reference"]),
    )


def read_procedure(
    entry: Entry, key: str, instrument: Instrument, clock_keys: frozenset[str]
) -> tuple[str, Procedure, Reference, str]:
    """One procedure. Its steps name their clock by key; ``law.values.procedure`` puts in the clock that holds at a date.

    Noted: unknown roles, clocks, requirements; outcomes that lead nowhere; a start that is no step; steps nothing leads to.
    """
    f = entry.fields(("title", "reference", "start", "steps", "finals"), ("outer_clock", "note", "from", "until"))
    if key not in vocabulary.PROCEDURES:
        entry.problem(f"不认识的程序；可用：{'、'.join(vocabulary.PROCEDURES)}")
    finals = {name: body.text() for name, body in f["finals"].entries()}
    names = [name for name, _ in f["steps"].entries()] if f["steps"].is_mapping else []
    start = f["start"].choice(names) if names else ""
    steps: dict[str, Step] = {}
    for name, body in f["steps"].entries():
        if name in finals:
            body.problem("步骤与终态不得同名")
        steps[name] = _step(body, name, instrument, clock_keys, (*names, *finals))
    _lines_of_steps(f["steps"], f["finals"], start, steps)
    reference = instrument.reference(f["reference"])
    title = f["title"].text()
    outer = _clock_key(f["outer_clock"], clock_keys, instrument) if f["outer_clock"] else ""
    procedure = Procedure(key, title, reference, start, steps, finals, outer_key=outer)
    return title, procedure, reference, f["note"].text() if f["note"] else ""


def _step(
    entry: Entry, name: str, instrument: Instrument, clock_keys: frozenset[str], targets: tuple[str, ...]
) -> Step:
    s = entry.fields(("title", "role", "clock", "reference", "outcomes"))
    clock = _clock_key(s["clock"], clock_keys, instrument)
    outcomes = {n: _outcome(o, n, instrument, targets) for n, o in s["outcomes"].entries()}
    if s["outcomes"].is_mapping and not outcomes:
        s["outcomes"].problem("至少写一种结果")
    return Step(
        key=name,
        title=s["title"].text(),
        role=s["role"].choice(tuple(vocabulary.ROLES)),
        clock=None,
        outcomes=outcomes,
        reference=instrument.reference(s["reference"]),
        clock_key=clock,
    )


def _lines_of_steps(steps: Entry, finals: Entry, start: str, held: Mapping[str, Step]) -> None:
    """Note the steps and final states that cannot be reached from the start, and the steps from which no final state can be."""
    reached = {start}
    ends = {name for name, _ in finals.entries()}
    for _ in held:
        reached |= {o.to for name in reached if name in held for o in held[name].outcomes.values()}
        ends |= {name for name, step in held.items() if any(o.to in ends for o in step.outcomes.values())}
    for name, body in (*steps.entries(), *finals.entries()):
        if start and name not in reached:
            body.problem("没有任何结果通向这里")
        elif name in held and held[name].outcomes and name not in ends:
            body.problem("从这一步到不了任何终态")


def _clock_key(entry: Entry, clock_keys: frozenset[str], instrument: Instrument) -> str:
    """The key of a clock; "" for ``none``."""
    clock = entry.text()
    if clock and clock != "none" and clock not in clock_keys and not instrument.partial:
        entry.problem(f"clocks 中没有“{clock[:40]}”；没有时限写 none")
    return "" if clock == "none" else clock


def _outcome(entry: Entry, key: str, instrument: Instrument, targets: tuple[str, ...]) -> Outcome:
    f = entry.fields(("title", "to", "reference"), ("requires", "extends"))
    because: dict[str, Reference] = {}
    for name, body in f["requires"].entries() if f["requires"] else ():
        if name not in vocabulary.REQUIREMENTS:
            body.problem(f"不认识的要件；可用：{'、'.join(vocabulary.REQUIREMENTS)}")
        because[name] = instrument.reference(body)
    return Outcome(
        key=key,
        title=f["title"].text(),
        to=f["to"].choice(targets),
        requires=tuple(because),
        reference=instrument.reference(f["reference"]),
        because=because,
        extends=f["extends"].flag() if f["extends"] else False,
    )


def read_required(entry: Entry, key: str, instrument: Instrument) -> tuple[str, RequiredList, Reference, str]:
    """What a form must hold."""
    f = entry.fields(("title", "reference", "fields"), ("note", "from", "until"))
    if key not in vocabulary.FORMS:
        entry.problem(f"不认识的表单；可用：{'、'.join(vocabulary.FORMS)}")
    fields = []
    for name, body in f["fields"].entries():
        b = body.fields(("title", "reference"), ("note",))
        note = b["note"].text() if b["note"] else ""
        fields.append(RequiredField(name, b["title"].text(), instrument.reference(b["reference"]), note))
    title = f["title"].text()
    note = f["note"].text() if f["note"] else ""
    return title, RequiredList(title, tuple(fields)), instrument.reference(f["reference"]), note


def read_options(entry: Entry, key: str, instrument: Instrument) -> tuple[str, OptionList, Reference, str]:
    """A closed list; each member has its own reference."""
    f = entry.fields(("title", "reference", "options"), ("note", "from", "until"))
    facts = vocabulary.OPTION_FACTS.get(key)
    if facts is None:
        entry.problem(f"不认识的清单；可用：{'、'.join(vocabulary.OPTION_FACTS)}")
        facts = {}
    options = []
    for name, body in f["options"].entries():
        b = body.fields(("title", "reference"), ("note", *facts))
        options.append(
            Option(
                key=name,
                title=b["title"].text(),
                reference=instrument.reference(b["reference"]),
                note=b["note"].text() if b["note"] else "",
                facts={fact: _fact(b[fact], words) for fact, words in facts.items() if b[fact]},
            )
        )
    if f["options"].is_mapping and not options:
        f["options"].problem("至少写一项")
    title = f["title"].text()
    note = f["note"].text() if f["note"] else ""
    return title, OptionList(title, tuple(options)), instrument.reference(f["reference"]), note


def read_value(entry: Entry, key: str, instrument: Instrument) -> tuple[str, Any, Reference, str]:
    """A single value of the type ``vocabulary.VALUES`` gives its key; ``unset`` (None) says that the text is silent."""
    f = entry.fields(("title", "value", "reference"), ("note", "from", "until"))
    kind = vocabulary.VALUES.get(key)
    value: Any = None
    if kind is None:
        entry.problem("不认识的键；可用的键见 yishu/law/vocabulary.py 的 VALUES")
    elif f["value"] and not _is(f["value"], UNSET):
        if kind == vocabulary.FLAG:
            value = f["value"].flag()
        elif kind == vocabulary.TEXT:
            value = f["value"].text()
        elif kind == vocabulary.NUMBER:
            value = f["value"].number()
        else:
            value = f["value"].choice(tuple(kind)) or None
    return f["title"].text(), value, instrument.reference(f["reference"]), f["note"].text() if f["note"] else ""


def read_register(entry: Entry, key: str, instrument: Instrument) -> tuple[str, Register, Reference, str]:
    """A register with its fields; a field without reference of its own stands on the register's."""
    f = entry.fields(
        ("title", "reference", "fields", "kept_by"), ("review_months", "title_field", "note", "from", "until")
    )
    if key not in vocabulary.REGISTERS:
        entry.problem(f"不认识的登记簿；可用：{'、'.join(vocabulary.REGISTERS)}")
    reference = instrument.reference(f["reference"])
    fields = tuple(_register_field(body, name, instrument, reference) for name, body in f["fields"].entries())
    if f["fields"].is_mapping and not fields:
        f["fields"].problem("至少写一个字段")
    names = tuple(field.name for field in fields)
    months = f["review_months"]
    title, note = f["title"].text(), f["note"].text() if f["note"] else ""
    register = Register(
        key=key,
        title=title,
        reference=reference,
        fields=fields,
        kept_by=f["kept_by"].choice(("authority", "department")),
        review_months=None if not months or _is(months, UNSET) else months.number(minimum=1),
        title_field=f["title_field"].choice(names) if f["title_field"] else next(iter(names), ""),
        note=note,
    )
    return title, register, reference, note


def _register_field(entry: Entry, name: str, instrument: Instrument, register: Reference) -> RegisterField:
    f = entry.fields(("title", "kind", "required"), ("choices", "reference", "note", "breaches", "demands"))
    kind = f["kind"].choice(vocabulary.REGISTER_FIELD_KINDS)
    choices = f["choices"].texts() if f["choices"] else ()
    if kind == "choice" and not choices:
        entry.problem("kind 为 choice 时须写 choices")
    if kind != "choice" and f["choices"]:
        f["choices"].problem("只有 kind 为 choice 的字段写 choices")
    if not KEY.fullmatch(name):
        entry.problem("键用小写英文、数字、下划线，以点分段")
    return RegisterField(
        name=name,
        title=f["title"].text(),
        kind=kind,
        required=f["required"].flag(),
        choices=choices,
        reference=instrument.reference(f["reference"]) if f["reference"] else register,
        note=f["note"].text() if f["note"] else "",
        breaches=_by_choice(f["breaches"], choices),
        demands=_by_choice(f["demands"], choices),
    )


def _by_choice(entry: Entry | None, choices: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Word of a choice → key, in the pack's order; a word that is no choice of the field is a problem."""
    if not entry:
        return ()
    found = tuple((word, body.text()) for word, body in entry.entries())
    for word, _ in found:
        if word not in choices:
            entry.problem(f"“{word}”不是本字段的选项")
    return found


def read_silent(entry: Entry, key: str, instrument: Instrument) -> Silence:
    """A statement that the text has no such thing; the note says what follows."""
    f = entry.fields(("title", "reference", "note"))
    if not known_key(key):
        entry.problem("不认识的键；应写全键，如 options.open_modes、procedures.opening.application")
    return Silence(key, f["title"].text(), f["note"].text(), instrument.reference(f["reference"]))


def known_key(key: str) -> bool:
    """Whether the vocabulary has a full key (``clocks.check.verify``, ``options.org_kinds``, ``opening.enabled``)."""
    section, _, name = key.partition(".")
    known: Mapping[str, object] = {
        "clocks": vocabulary.CLOCKS,
        "procedures": vocabulary.PROCEDURES,
        "required": vocabulary.FORMS,
        "options": vocabulary.OPTION_FACTS,
        "registers": vocabulary.REGISTERS,
    }
    return key in vocabulary.VALUES or name in known.get(section, ())  # type: ignore[operator]


def _fact(entry: Entry, words: tuple[str, ...] | None) -> str | bool | tuple[str, ...]:
    if words is None:
        return entry.texts()
    if words == ("true", "false"):
        return entry.flag()
    return entry.choice(words) if words else entry.text()


def _is(entry: Entry, word: str) -> bool:
    return getattr(entry.node, "text", None) == word


def _unset_or_flag(entry: Entry) -> bool | None:
    return None if not entry or _is(entry, UNSET) else entry.flag()


def _after_hours(entry: Entry) -> str | None:
    """``same_day`` or ``next_working_day``, with the end of office hours behind it where the text gives one."""
    if not entry or _is(entry, UNSET):
        return None
    rule, _, until = entry.text().partition(" ")
    if rule not in vocabulary.AFTER_HOURS or (until and not OFFICE_HOURS.fullmatch(until)):
        known = "、".join(vocabulary.AFTER_HOURS)
        entry.problem(f"应为以下之一：{known}；文本写明工作时间的在后面写明，如 next_working_day 17:30")
        return None
    return f"{rule} {until}" if until else rule


SECTIONS: Mapping[str, str] = {
    "clocks": "时限",
    "procedures": "程序",
    "required": "必填内容",
    "options": "清单",
    "registers": "登记簿",
    "values": "单项规定",
}
"""The sections a pack file may hold besides ``articles``, with their Chinese names."""
