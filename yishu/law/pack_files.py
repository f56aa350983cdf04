"""Reads a pack's folder of YAML files into a ``Pack``, noting every problem."""

import functools
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from yishu.kernel.references import Reference
from yishu.law import folders, instruments, overlays, reading, vocabulary
from yishu.law.entries import Entry
from yishu.law.instruments import Instrument
from yishu.law.kinds import Overlay, Silence, Value
from yishu.law.strict_yaml import PackProblem, read_file
from yishu.law.views import INHERITANCE, Pack, Statement

SECTIONS = ("articles", "silent", "overlay", *reading.SECTIONS)
"""What a pack's file may hold; ``pack.yaml`` holds the metadata."""
_Sections = Mapping[str, list[Entry]]
_Reader = Callable[[Entry, str, Instrument], tuple[str, Any, Reference, str]]


@dataclass(slots=True)
class _Files:
    """What stands in a pack's files, unread: the metadata and every section's entries."""

    head: Entry | None = None
    sections: dict[str, list[Entry]] = field(default_factory=dict)
    partial: bool = False
    problems: list[PackProblem] = field(default_factory=list)


def read_pack(folder: Path) -> tuple[Pack | None, list[PackProblem]]:
    """Read a pack's folder: the pack, and everything wrong with it (then the pack is not to be used).

    ``pack.yaml`` holds the metadata; every other ``*.yaml`` any of ``SECTIONS``. The national pack an overlay cites is looked for
    beside the folder, then where packs lie.
    """
    files = _open(folder)
    if files.head is None:
        if not (folder / "pack.yaml").exists():
            files.problems.append(PackProblem(f"{folder.name}/pack.yaml", 1, "", "每个规则包要有 pack.yaml"))
        return None, files.problems
    head = _fields(files.head)
    instrument = _instrument(head, folder, files)
    sections = files.sections
    values = _values(sections, instrument)
    silent = _silent(sections.get("silent", []), instrument, values)
    overlay = _overlay(sections.get("overlay", []), folder, instrument, values)
    return _pack(files.head, head, instrument, values, silent, overlay), files.problems


def read_instrument(folder: Path) -> tuple[Instrument, frozenset[str]] | None:
    """The text of a pack and the keys of its clocks, without its values; None when its metadata cannot be read."""
    files = _open(folder)
    if files.head is None:
        return None
    clocks = frozenset(key for entry in files.sections.get("clocks", ()) for key, _ in entry.entries())
    return _instrument(_fields(files.head), folder, files), clocks


def _open(folder: Path) -> _Files:
    files = _Files()
    for path in sorted(folder.glob("*.yaml")):
        name = f"{folder.name}/{path.name}"
        mapping, found = read_file(path, name=name)
        files.problems += found
        if mapping is None:
            files.partial = True
            continue
        root = Entry(mapping, file=name, line=1, key="", problems=files.problems)
        if path.name == "pack.yaml":
            files.head = root
            continue
        for section, entry in root.entries():
            if section not in SECTIONS:
                entry.problem(f"不认识的部分；可用：{'、'.join(SECTIONS)}")
            else:
                files.sections.setdefault(section, []).append(entry)
    return files


def _fields(head: Entry) -> dict[str, Entry]:
    return head.fields(
        ("id", "name", "instrument", "short_name", "division_code", "status", "parent"),
        ("note", "validity", "interpreter", "basis", "places", "inherits", "annexes"),
    )


def _instrument(head: Mapping[str, Entry], folder: Path, files: _Files) -> Instrument:
    places = head["places"].choice(tuple(instruments.PLACES)) if head["places"] else ""
    instrument = Instrument(folder.name, head["short_name"].text(), places or "articles", partial=files.partial)
    if head["annexes"]:
        instruments.read_annexes(head["annexes"], instrument)
    for entry in files.sections.get("articles", []):
        instruments.read_articles(entry, instrument)
    return instrument


def _pack(
    entry: Entry,
    f: Mapping[str, Entry],
    instrument: Instrument,
    values: dict[str, tuple[Value, ...]],
    silent: Mapping[str, Silence],
    overlay: Overlay | None,
) -> Pack:
    status = f["status"].choice(tuple(vocabulary.PACK_STATES))
    if f["id"].text() != instrument.pack:
        f["id"].problem(f"应与文件夹同名：{instrument.pack}")
    if status != "not_included":
        for name in ("validity", "interpreter", "basis"):
            if not f[name] and (name == "validity" or status != "metadata_only"):
                entry.problem("缺少此键（文本未收录时 status 写 not_included）", key=name)
    elif values or instrument.articles:
        f["status"].problem("文本未收录（not_included）的规则包不应有条文和值")
    since, until, reference = _validity(f["validity"], instrument)
    parent = f["parent"].text()
    return Pack(
        id=instrument.pack,
        name=f["name"].text(),
        instrument=f["instrument"].text(),
        short_name=instrument.short_name,
        division_code=f["division_code"].text(),
        status=status,
        note=f["note"].text() if f["note"] else "",
        parent="" if parent == "none" else parent,
        valid_from=since,
        valid_until=until,
        validity_reference=reference,
        interpreter=_statement(f["interpreter"], instrument) if f["interpreter"] else None,
        basis=tuple(_statement(entry, instrument) for entry in f["basis"].items()),
        articles=instrument.articles,
        rows=instrument.rows,
        values=values,
        annexes=instrument.annexes,
        inherits=f["inherits"].choice(INHERITANCE) if f["inherits"] else "none",
        silent=silent,
        overlay=overlay,
    )


def _validity(entry: Entry, instrument: Instrument) -> tuple[date | None, date | None, Reference | None]:
    """From, until (both inclusive; None: not told, no end) and where the text says so."""
    v = entry.fields(("from", "until", "reference"), ("note",))
    since, until = v["from"].day("unknown"), v["until"].day("none")
    if isinstance(since, date) and isinstance(until, date) and until < since:
        v["until"].problem("应不早于 from")
    return (
        since if isinstance(since, date) else None,
        until if isinstance(until, date) else None,
        instrument.reference(v["reference"]) if v["reference"] else None,
    )


def _statement(entry: Entry, instrument: Instrument) -> Statement:
    f = entry.fields(("text", "reference"))
    return Statement(f["text"].text(), instrument.reference(f["reference"]))


def readers(clock_keys: frozenset[str]) -> dict[str, _Reader]:
    """The reader of each section's bodies; a procedure may name the clocks of ``clock_keys``."""
    return {
        "clocks": reading.read_clock,
        "procedures": functools.partial(reading.read_procedure, clock_keys=clock_keys),
        "required": reading.read_required,
        "options": reading.read_options,
        "registers": reading.read_register,
        "values": reading.read_value,
    }


def _values(sections: _Sections, instrument: Instrument) -> dict[str, tuple[Value, ...]]:
    clock_keys = frozenset(key for entry in sections.get("clocks", ()) for key, _ in entry.entries())
    values: dict[str, tuple[Value, ...]] = {}
    for section, reader in readers(clock_keys).items():
        for entry in sections.get(section, ()):
            for key, body in entry.entries():
                full = key if section == "values" else f"{section}.{key}"
                if not reading.KEY.fullmatch(key):
                    body.problem("键用小写英文、数字、下划线，以点分段")
                if full in values:
                    body.problem("键不得重复（另一文件中已写）")
                    continue
                values[full] = _variants(body, full, key, reader, instrument)
    return values


def _silent(
    entries: list[Entry], instrument: Instrument, values: Mapping[str, tuple[Value, ...]]
) -> dict[str, Silence]:
    silent: dict[str, Silence] = {}
    for entry in entries:
        for key, body in entry.entries():
            if key in values or key in silent:
                body.problem("此键已有值，不能又写在 silent 中" if key in values else "键不得重复（另一文件中已写）")
            silent[key] = reading.read_silent(body, key, instrument)
    return silent


def _overlay(
    entries: list[Entry], folder: Path, instrument: Instrument, values: Mapping[str, tuple[Value, ...]]
) -> Overlay | None:
    """The overlay, written in one file; bodies of adapted values may name the clocks of both texts."""
    for entry in entries[1:]:
        entry.problem("叠加只写在一个文件中")
    if not entries:
        return None
    own_clocks = frozenset(key.removeprefix("clocks.") for key in values if key.startswith("clocks."))

    def find(pack_id: str) -> tuple[Instrument, frozenset[str]] | None:
        path = folders.find(pack_id, folder.parent)
        return read_instrument(path) if path else None

    return overlays.read_overlay(entries[0], instrument, own_clocks, find, readers)


def _variants(entry: Entry, full: str, key: str, reader: _Reader, instrument: Instrument) -> tuple[Value, ...]:
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
