"""Regulation packs: loaded whole and checked whole, then read at a date. Django-free; a loaded pack never changes."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from yishu.kernel.errors import Problem, PublicError
from yishu.kernel.references import Reference
from yishu.law import reading, vocabulary
from yishu.law.entries import Entry
from yishu.law.kinds import Article, Value
from yishu.law.strict_yaml import PackProblem, read_file

FOLDER = Path(__file__).parent.parent / "packs"
"""The packs that ship with the platform, one folder each, named by pack id."""
MAX_LINE = 8
"""Most packs a line of parents may have; more is taken for a circle."""


class Missing(PublicError):
    """The pack holds no such value at that date. ``object`` is ``pack key``."""

    code = "law.missing_value"
    status = 500


class BadPack(PublicError):
    """The pack cannot be used; ``problems`` lists everything wrong with it."""

    code = "law.bad_pack"
    status = 500


class NoPack(PublicError):
    """No pack of that id."""

    code = "law.no_such_pack"
    status = 404


@dataclass(frozen=True, slots=True)
class Statement:
    """A text about the pack with its place in the instrument: interpreter, legal basis."""

    text: str
    reference: Reference


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a pack's text is law on a day. ``key`` is one of ``vocabulary.PACK_STATES`` or ``not_yet``; ``words`` Chinese."""

    key: str
    words: str
    reference: Reference | None

    @property
    def is_law(self) -> bool:
        """True while the text is in force; elsewhere pages say what it is instead."""
        return self.key == "in_force"


@dataclass(frozen=True, slots=True)
class Pack:
    """规则包: one jurisdiction's regulation as dated values.

    ``status`` is a key of ``vocabulary.PACK_STATES``. ``valid_from`` is None when the text does not tell its date, ``valid_until`` None
    when it sets no end; both inclusive. ``values`` maps full keys (``clocks.check.verify``, ``options.org_kinds``,
    ``sharing.access.unconditional``) to their dated variants.
    """

    id: str
    name: str
    instrument: str
    short_name: str
    division_code: str
    status: str
    note: str
    parent: str
    valid_from: date | None
    valid_until: date | None
    validity_reference: Reference | None
    interpreter: Statement | None
    basis: tuple[Statement, ...]
    articles: Mapping[str, Article] = field(repr=False)
    rows: Mapping[str, Article] = field(repr=False)
    values: Mapping[str, tuple[Value, ...]] = field(repr=False)

    def at(self, day: date) -> "View":
        """The pack as it reads on a date (Asia/Shanghai). Outside its validity it still reads; ask ``View.standing``."""
        return View(self, day)


@dataclass(frozen=True, slots=True)
class View:
    """A pack on one day."""

    pack: Pack
    day: date

    def get(self, key: str) -> Value:
        """The value of a full key on the day, with its reference. Raises ``Missing`` naming pack and key."""
        variants = self.pack.values.get(key, ())
        for value in variants:
            if value.holds_on(self.day):
                return value
        raise self.missing(key, why="当日没有生效的值" if variants else "")

    def has(self, key: str) -> bool:
        """Whether a full key has a value on the day."""
        return any(value.holds_on(self.day) for value in self.pack.values.get(key, ()))

    def values(self, prefix: str = "") -> tuple[Value, ...]:
        """All values on the day whose key is ``prefix`` or begins with ``prefix.``, in the order of the files; "" means all."""
        return tuple(
            value
            for key, variants in self.pack.values.items()
            if not prefix or key == prefix or key.startswith(f"{prefix}.")
            for value in variants
            if value.holds_on(self.day)
        )

    def article(self, place: str) -> Article:
        """The summary of a row (``XW-19.1.b``), an article (``第十九条``) or a place in one (``第十九条第一项``).

        Raises ``Missing`` when the pack has no such article. A place without a row of its own gets its article's summary.
        """
        if place in self.pack.rows:
            return self.pack.rows[place]
        for row in self.pack.rows.values():
            if row.reference.article == place and place not in self.pack.articles:
                return row
        article = self.pack.articles.get(reading.article_of(place) or place)
        if article is None:
            raise self.missing(f"articles.{place}")
        reference = Reference(self.pack.id, self.pack.short_name, place)
        return Article(reference, article.summary)

    def standing(self) -> Standing:
        """Whether the text is law on the day, in words pages show."""
        return standing(self.pack, self.day)

    def missing(self, key: str, *, why: str = "") -> Missing:
        """The error for a value this view does not hold."""
        empty = self.pack.status in ("not_included", "metadata_only")
        return Missing(
            f"规则包 {self.pack.id} 中没有 {key}（{self.day.isoformat()}）",
            object_=f"{self.pack.id} {key}",
            why=why or (vocabulary.PACK_STATES[self.pack.status] if empty else ""),
            remedy="请在规则包中补充该值及其条文，并运行 yishu packs check",
        )


def standing(pack: Pack, day: date) -> Standing:
    """Whether a pack's text is law on a day: its own status first, then its dates."""
    reference = pack.validity_reference
    if pack.status in ("draft", "not_included", "metadata_only"):
        return Standing(pack.status, vocabulary.PACK_STATES[pack.status], reference)
    if pack.valid_from and day < pack.valid_from:
        return Standing("not_yet", f"自 {pack.valid_from.isoformat()} 起施行，当日尚未施行", reference)
    if pack.status == "expired" or (pack.valid_until and day > pack.valid_until):
        ended = f"（有效期至 {pack.valid_until.isoformat()}）" if pack.valid_until else ""
        return Standing("expired", f"已失效{ended}", reference)
    if pack.valid_from is None:
        return Standing("in_force", "施行中（施行日期未载明）", reference)
    return Standing("in_force", "施行中", reference)


def pack_ids(folder: Path = FOLDER) -> tuple[str, ...]:
    """The ids of all packs in a folder, sorted."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/pack.yaml")))


@functools.cache
def load(pack_id: str, folder: Path = FOLDER) -> Pack:
    """The pack of an id, read once per process.

    Raises ``NoPack`` for an unknown id and ``BadPack`` listing every problem when the pack's files are wrong.
    """
    if pack_id not in pack_ids(folder):
        raise NoPack(
            f"没有规则包“{pack_id[:80]}”", object_=pack_id[:80], remedy=f"可用的规则包：{'、'.join(pack_ids(folder))}"
        )
    pack, problems = read_pack(folder / pack_id)
    if pack is None or problems:
        raise BadPack(
            f"规则包 {pack_id} 有 {len(problems)} 处错误，不能使用",
            object_=pack_id,
            remedy="请按所列位置逐一改正，并运行 yishu packs check",
            problems=[Problem(f"{p.file}:{p.line} {p.key}", p.expected, code="law.bad_pack") for p in problems],
        )
    return pack


def line(pack: Pack, folder: Path = FOLDER) -> tuple[Pack, ...]:
    """The pack and its parents, lowest first (county, city, province, nation). Raises as ``load``."""
    found = [pack]
    while found[-1].parent and len(found) < MAX_LINE:
        found.append(load(found[-1].parent, folder))
    return tuple(found)


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
    for (before, _), (after, body) in zip(dated, dated[1:], strict=False):
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
