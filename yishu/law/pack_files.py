"""Reads a pack's folder of YAML files into a ``Pack``, noting every problem."""

import functools
import itertools
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from yishu.kernel.references import Reference
from yishu.law import reading, vocabulary
from yishu.law.entries import Entry
from yishu.law.kinds import Value
from yishu.law.strict_yaml import PackProblem, read_file
from yishu.law.views import Pack, Statement


def read_pack(folder: Path) -> tuple[Pack | None, list[PackProblem]]:
    """Read a pack's folder: the pack, and everything wrong with it (then the pack is not to be used).

    ``pack.yaml`` holds the metadata; every other ``*.yaml`` any of the sections ``articles`` and ``reading.SECTIONS``.
    """
    problems: list[PackProblem] = []
    sections: dict[str, list[tuple[str, Entry]]] = {}
    head: Entry | None = None
    partial = False
    for path in sorted(folder.glob("*.yaml")):
        name = f"{folder.name}/{path.name}"
        mapping, found = read_file(path, name=name)
        problems += found
        if mapping is None:
            partial = True
            continue
        root = Entry(mapping, file=name, line=1, key="", problems=problems)
        if path.name == "pack.yaml":
            head = root
            continue
        for section, entry in root.entries():
            if section not in ("articles", *reading.SECTIONS):
                entry.problem(f"不认识的部分；可用：articles、{'、'.join(reading.SECTIONS)}")
            else:
                sections.setdefault(section, []).append((section, entry))
    if head is None:
        if not (folder / "pack.yaml").exists():
            problems.append(PackProblem(f"{folder.name}/pack.yaml", 1, "", "每个规则包要有 pack.yaml"))
        return None, problems
    instrument = reading.Instrument(folder.name, _short_name(head), partial=partial)
    for _, entry in sections.pop("articles", []):
        reading.read_articles(entry, instrument)
    values = _values(sections, instrument)
    return _head(head, folder.name, instrument, values), problems


def _short_name(head: Entry) -> str:
    return next((entry.text() for name, entry in head.entries() if name == "short_name"), "")


def _head(head: Entry, pack_id: str, instrument: reading.Instrument, values: dict[str, tuple[Value, ...]]) -> Pack:
    f = head.fields(
        ("id", "name", "instrument", "short_name", "division_code", "status", "parent"),
        ("note", "validity", "interpreter", "basis"),
    )
    status = f["status"].choice(tuple(vocabulary.PACK_STATES))
    if f["id"].text() != pack_id:
        f["id"].problem(f"应与文件夹同名：{pack_id}")
    if status != "not_included":
        for name in ("validity", "interpreter", "basis"):
            if not f[name] and (name == "validity" or status != "metadata_only"):
                head.problem("缺少此键（文本未收录时 status 写 not_included）", key=name)
    elif values or instrument.articles:
        f["status"].problem("文本未收录（not_included）的规则包不应有条文和值")
    v = f["validity"].fields(("from", "until", "reference"), ("note",))
    since, until = v["from"].day("unknown"), v["until"].day("none")
    if isinstance(since, date) and isinstance(until, date) and until < since:
        v["until"].problem("应不早于 from")
    parent = f["parent"].text()
    return Pack(
        id=pack_id,
        name=f["name"].text(),
        instrument=f["instrument"].text(),
        short_name=instrument.short_name,
        division_code=f["division_code"].text(),
        status=status,
        note=f["note"].text() if f["note"] else "",
        parent="" if parent == "none" else parent,
        valid_from=since if isinstance(since, date) else None,
        valid_until=until if isinstance(until, date) else None,
        validity_reference=instrument.reference(v["reference"]) if v["reference"] else None,
        interpreter=_statement(f["interpreter"], instrument) if f["interpreter"] else None,
        basis=tuple(_statement(entry, instrument) for entry in f["basis"].items()),
        articles=instrument.articles,
        rows=instrument.rows,
        values=values,
    )


def _statement(entry: Entry, instrument: reading.Instrument) -> Statement:
    f = entry.fields(("text", "reference"))
    return Statement(f["text"].text(), instrument.reference(f["reference"]))


_Reader = Callable[[Entry, str, reading.Instrument], tuple[str, Any, Reference, str]]


def _values(
    sections: Mapping[str, list[tuple[str, Entry]]], instrument: reading.Instrument
) -> dict[str, tuple[Value, ...]]:
    clock_keys = frozenset(key for _, entry in sections.get("clocks", ()) for key, _ in entry.entries())
    readers: dict[str, _Reader] = {
        "clocks": reading.read_clock,
        "procedures": functools.partial(reading.read_procedure, clock_keys=clock_keys),
        "required": reading.read_required,
        "options": reading.read_options,
        "values": reading.read_value,
    }
    values: dict[str, tuple[Value, ...]] = {}
    for section, reader in readers.items():
        for _, entry in sections.get(section, ()):
            for key, body in entry.entries():
                full = key if section == "values" else f"{section}.{key}"
                if not reading.KEY.fullmatch(key):
                    body.problem("键用小写英文、数字、下划线，以点分段")
                if full in values:
                    body.problem("键不得重复（另一文件中已写）")
                    continue
                values[full] = _variants(body, full, key, reader, instrument)
    return values


def _variants(entry: Entry, full: str, key: str, reader: _Reader, instrument: reading.Instrument) -> tuple[Value, ...]:
    """One value, or a list of dated ones (``from``, ``until``), in date order without overlap."""
    bodies = entry.items() if entry.is_sequence else [entry]
    dated: list[tuple[Value, Entry]] = []
    for body in bodies:
        title, value, reference, note = reader(body, key, instrument)
        since, until = _period(body)
        if since and until and until < since:
            body.problem("until 应不早于 from")
        if entry.is_sequence and since is None and body is not bodies[0]:
            body.problem("列出多个时段时，除第一个外都要写 from")
        dated.append((Value(full, title, value, reference, since, until, note), body))
    dated.sort(key=lambda pair: pair[0].since or date.min)
    for (before, _), (after, body) in itertools.pairwise(dated):
        if before.until is None or (after.since or date.min) <= before.until:
            end = (after.since - timedelta(days=1)).isoformat() if after.since else "前一日"
            body.problem(f"与前一时段重叠；前一时段的 until 应不晚于 {end}")
    return tuple(value for value, _ in dated)


def _period(body: Entry) -> tuple[date | None, date | None]:
    found: dict[str, date | None] = {"from": None, "until": None}
    for name, entry in body.entries() if body.is_mapping else ():
        if name in found:
            day = entry.day()
            found[name] = day if isinstance(day, date) else None
    return found["from"], found["until"]
