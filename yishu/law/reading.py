"""Reads a pack's entries into ``law.kinds``. Every value must carry its reference; every problem is noted, none raised."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from yishu.kernel.references import Reference
from yishu.law import vocabulary
from yishu.law.entries import Entry
from yishu.law.kinds import (
    PERIOD_WORDS,
    Article,
    Clock,
    Extension,
    Option,
    OptionList,
    Outcome,
    Period,
    Procedure,
    RequiredField,
    RequiredList,
    Step,
)

ARTICLE = re.compile(r"(第[一二三四五六七八九十百]+条)(第[一二三四五六七八九十]+款)?(第[一二三四五六七八九十]+项)?")
"""How a place in a text of articles is named: 第十九条第一款第一项."""
WHOLE_TEXT = "全文"
"""The place of a statement that the whole text is silent."""
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
UNSET = "unset"


@dataclass(slots=True)
class Instrument:
    """The text whose places references name: its articles with summaries, and its rows with their places."""

    pack: str
    short_name: str
    articles: dict[str, Article] = field(default_factory=dict)
    rows: dict[str, Article] = field(default_factory=dict)
    partial: bool = False
    """A file of the pack could not be read: what it held is not missed a second time."""

    def reference(self, entry: Entry) -> Reference:
        """Read ``{article, row}``; the article must be one of the text, the row one of that article."""
        fields = entry.fields(("article",), ("row",))
        place = fields["article"].text()
        row = fields["row"].text() if fields["row"] else ""
        head = article_of(place)
        if place and place != WHOLE_TEXT and not head:
            fields["article"].problem(f"应写作“第×条第×款第×项”，或“{WHOLE_TEXT}”（文本未规定）（现为“{place[:40]}”）")
        elif head and self.articles and head not in self.articles and not self.partial:
            fields["article"].problem(f"本规则包的 articles 中没有{head}")
        if row and row not in self.rows:
            if not self.partial:
                fields["row"].problem(f"本规则包的 articles 中没有条目 {row[:40]}")
        elif row and head and article_of(self.rows[row].reference.article) != head:
            fields["row"].problem(f"条目 {row} 在{self.rows[row].reference.article}，与 article 不一致")
        return Reference(pack=self.pack, instrument=self.short_name, article=place, row=row)


def article_of(place: str) -> str:
    """The article a place belongs to (``第十四条第二款`` → ``第十四条``), or "" when it is not a place."""
    match = ARTICLE.fullmatch(place)
    return match.group(1) if match else ""


def read_articles(entry: Entry, instrument: Instrument) -> None:
    """Fill the instrument from section ``articles``: article → summary and rows, row → place and summary."""
    for name, body in entry.entries():
        if article_of(name) != name:
            body.problem("键应写作“第×条”")
            continue
        fields = body.fields(("summary",), ("rows",))
        reference = Reference(instrument.pack, instrument.short_name, name)
        instrument.articles[name] = Article(reference, fields["summary"].text())
        for row, row_body in fields["rows"].entries() if fields["rows"] else ():
            row_fields = row_body.fields(("place", "summary"))
            place = row_fields["place"].text()
            if place and article_of(place) != name:
                row_fields["place"].problem(f"应为{name}中的位置")
            if row in instrument.rows:
                row_body.problem("条目编号不得重复")
            instrument.rows[row] = Article(
                Reference(instrument.pack, instrument.short_name, place, row), row_fields["summary"].text()
            )


def read_clock(entry: Entry, key: str, instrument: Instrument) -> tuple[str, Clock, Reference, str]:
    """One clock; ``working_days`` a number or ``unset``, ``period`` demanded when it is unset."""
    f = entry.fields(
        ("title", "reference", "working_days", "actor", "starts_at", "ends_with"),
        ("period", "starts", "ends", "stops_during_correction", "after_hours", "extension", "note", "from", "until"),
    )
    reference = instrument.reference(f["reference"])
    unset = f["working_days"] and _is(f["working_days"], UNSET)
    period = f["period"].choice(tuple(PERIOD_WORDS)) if f["period"] else ""
    if unset and not period:
        entry.problem(f"working_days 为 unset 时须写 period：{'、'.join(PERIOD_WORDS)}")
    starts_at = f["starts_at"].choice(tuple(vocabulary.EVENTS))
    ends_with = f["ends_with"].choice(tuple(vocabulary.EVENTS))
    extension = None
    if f["extension"] and not _is(f["extension"], "none"):
        e = f["extension"].fields(("working_days", "approver", "total", "reference"))
        extension = Extension(
            working_days=e["working_days"].number(minimum=1),
            approver=e["approver"].choice(tuple(vocabulary.ROLES)),
            total=e["total"].flag(),
            reference=instrument.reference(e["reference"]),
        )
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
        after_hours=_unset_or_text(f["after_hours"]),
        extension=extension,
        reference=reference,
        note=f["note"].text() if f["note"] else "",
    )
    return clock.title, clock, reference, clock.note


def read_procedure(
    entry: Entry, key: str, instrument: Instrument, clock_keys: frozenset[str]
) -> tuple[str, Procedure, Reference, str]:
    """One procedure. Its steps name their clock by key; ``law.values.procedure`` puts in the clock that holds at a date.

    Noted: unknown roles, clocks, requirements; outcomes that lead nowhere; a start that is no step; steps nothing leads to.
    """
    f = entry.fields(("title", "reference", "start", "steps", "finals"), ("note", "from", "until"))
    finals = {name: body.text() for name, body in f["finals"].entries()}
    names = [name for name, _ in f["steps"].entries()] if f["steps"].is_mapping else []
    start = f["start"].choice(names) if names else ""
    steps: dict[str, Step] = {}
    for name, body in f["steps"].entries():
        if name in finals:
            body.problem("步骤与终态不得同名")
        s = body.fields(("title", "role", "clock", "reference", "outcomes"))
        clock = s["clock"].text()
        if clock and clock != "none" and clock not in clock_keys and not instrument.partial:
            s["clock"].problem(f"clocks 中没有“{clock[:40]}”；没有时限写 none")
        outcomes = {n: _outcome(o, n, instrument, (*names, *finals)) for n, o in s["outcomes"].entries()}
        if s["outcomes"].is_mapping and not outcomes:
            s["outcomes"].problem("至少写一种结果")
        steps[name] = Step(
            key=name,
            title=s["title"].text(),
            role=s["role"].choice(tuple(vocabulary.ROLES)),
            clock=None,
            outcomes=outcomes,
            reference=instrument.reference(s["reference"]),
            clock_key="" if clock == "none" else clock,
        )
    targets = {o.to for step in steps.values() for o in step.outcomes.values()} | {start}
    for name, body in (*f["steps"].entries(), *f["finals"].entries()):
        if name not in targets:
            body.problem("没有任何结果通向这里")
    reference = instrument.reference(f["reference"])
    title = f["title"].text()
    procedure = Procedure(key, title, reference, start, steps, finals)
    return title, procedure, reference, f["note"].text() if f["note"] else ""


def _outcome(entry: Entry, key: str, instrument: Instrument, targets: tuple[str, ...]) -> Outcome:
    f = entry.fields(("title", "to", "reference"), ("requires",))
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
        else:
            value = f["value"].choice(tuple(kind))
    return f["title"].text(), value, instrument.reference(f["reference"]), f["note"].text() if f["note"] else ""


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


def _unset_or_text(entry: Entry) -> str | None:
    return None if not entry or _is(entry, UNSET) else entry.text()


SECTIONS: Mapping[str, str] = {
    "clocks": "时限",
    "procedures": "程序",
    "required": "必填内容",
    "options": "清单",
    "values": "单项规定",
}
"""The sections a pack file may hold besides ``articles``, with their Chinese names."""
