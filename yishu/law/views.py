"""A pack and its view on one day: values with their references, articles, and whether the text is law."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from yishu.kernel.errors import PublicError
from yishu.kernel.references import Reference
from yishu.law import vocabulary
from yishu.law.instruments import WHOLE_TEXT, article_of
from yishu.law.kinds import Annex, Article, Overlay, OverlayDecision, Silence, Value
from yishu.law.overlays import overlaid

Mode = Literal["as_written", "overlaid"]
MODES: Mapping[str, str] = {"as_written": "依本级文本", "overlaid": "叠加国家条例"}
"""How a jurisdiction's law is read, with the words people see."""
INHERITANCE = ("none", "guide", "all")
"""What a pack takes from above: nothing, what stands in an annex (the guide's lists), or every key it does not hold."""


class Missing(PublicError):
    """The pack holds no such value at that date. ``object`` is ``pack key``."""

    code = "law.missing_value"
    status = 500


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
    ``sharing.access.unconditional``) to their dated variants. ``silent`` tells what the text has not. ``above`` are the parents, nearest
    first, filled in when the pack takes anything from them (``inherits``) or stands under one (``overlay``).
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

    annexes: Mapping[str, Annex] = field(repr=False, default_factory=dict)
    inherits: str = "none"
    silent: Mapping[str, Silence] = field(repr=False, default_factory=dict)
    overlay: Overlay | None = field(repr=False, default=None)
    above: "tuple[Pack, ...]" = field(repr=False, default=())

    @property
    def is_empty(self) -> bool:
        """Whether the text is not at hand: the pack holds no values and says so."""
        return self.status in ("not_included", "metadata_only")

    @property
    def looks_up(self) -> bool:
        """Whether the pack's parents have a say in its values."""
        return self.inherits != "none" or self.overlay is not None

    def at(self, day: date, mode: Mode = "as_written") -> "View":
        """The pack as it reads on a date (Asia/Shanghai). Outside its validity it still reads; ask ``View.standing``."""
        return View(self, day, mode, resolve(self, day, mode))

    def whole(self) -> Reference:
        """The place of a statement about the whole text."""
        return Reference(self.id, self.short_name, WHOLE_TEXT)

    def in_annex(self, reference: Reference) -> bool:
        """Whether a place stands in one of the pack's annexes."""
        return any(annex.short_name == reference.instrument for annex in self.annexes.values())

    def silence(self, key: str) -> Reference:
        """Where the text is silent on a key."""
        return self.silent[key].reference if key in self.silent else self.whole()


def resolve(pack: Pack, day: date, mode: Mode) -> dict[str, Value]:
    """Every value of a day by full key: the pack's own, what it inherits and, overlaid, what the overlay makes of them.

    A pack that inherits everything and has no overlay of its own stands under its parent's. Before its date an overlay does nothing.
    """
    found = {key: value for key, variants in pack.values.items() for value in variants if value.holds_on(day)}
    held = set(pack.values) | set(pack.silent)
    if pack.inherits == "guide":
        for parent in pack.above:
            for key, value in resolve(dataclasses.replace(parent, inherits="none"), day, "as_written").items():
                if key not in held and key not in found and parent.in_annex(value.reference):
                    found[key] = value
    elif pack.inherits == "all" and pack.above:
        parent = dataclasses.replace(pack.above[0], above=pack.above[1:])
        for key, value in resolve(parent, day, "as_written" if pack.overlay else mode).items():
            if key not in held:
                found[key] = value
    overlay = pack.overlay
    if mode != "overlaid" or overlay is None or day < overlay.since:
        return found
    national = next((parent for parent in pack.above if parent.id == overlay.national), None)
    return overlaid(overlay, found, resolve(national, day, "as_written"), pack.silence) if national else found


@dataclass(frozen=True, slots=True)
class View:
    """A pack on one day, in one mode. ``held`` are its values by full key."""

    pack: Pack
    day: date
    mode: Mode = "as_written"
    held: Mapping[str, Value] = field(repr=False, compare=False, default_factory=dict)

    def get(self, key: str) -> Value:
        """The value of a full key on the day, with its reference. Raises ``Missing`` naming pack and key, and why it is not there."""
        value = self.held.get(key)
        if value is None:
            raise self.missing(key)
        return value

    def has(self, key: str) -> bool:
        """Whether a full key has a value on the day."""
        return key in self.held

    def values(self, prefix: str = "") -> tuple[Value, ...]:
        """All values on the day whose key is ``prefix`` or begins with ``prefix.``, in the order of the files; "" means all."""
        return tuple(
            value for key, value in self.held.items() if not prefix or key == prefix or key.startswith(f"{prefix}.")
        )

    def silence(self, key: str) -> Silence | None:
        """What the pack says about a key it does not hold; None where it says nothing or something else stands there on the day."""
        if key in self.held:
            return None
        packs = [self.pack, *self.pack.above] if self.pack.inherits == "all" else [self.pack]
        return next((pack.silent[key] for pack in packs if key in pack.silent), None)

    def decisions(self) -> tuple[OverlayDecision, ...]:
        """The decisions of the overlay in force on the day, in the mode of the view."""
        overlay = self.pack.overlay
        if overlay is None or self.mode != "overlaid" or self.day < overlay.since:
            return ()
        return tuple(overlay.decisions.values())

    def article(self, place: str) -> Article:
        """The summary of a row (``XW-19.1.b``), an article (``第十九条``) or a place in one (``第十九条第一项``).

        Raises ``Missing`` when the pack has no such article. A place without a row of its own gets its article's summary.
        """
        if place in self.pack.rows:
            return self.pack.rows[place]
        for row in self.pack.rows.values():
            if row.reference.article == place and place not in self.pack.articles:
                return row
        article = self.pack.articles.get(article_of(place) or place)
        if article is None:
            return self._in_annex(place)
        reference = Reference(self.pack.id, self.pack.short_name, place)
        return Article(reference, article.summary)

    def _in_annex(self, place: str) -> Article:
        for annex in self.pack.annexes.values():
            if place in annex.places:
                return Article(
                    Reference(self.pack.id, annex.short_name, place), f"见《{annex.instrument}》“{place}”部分"
                )
        raise self.missing(f"articles.{place}")

    def standing(self) -> Standing:
        """Whether the text is law on the day, in words pages show."""
        return standing(self.pack, self.day)

    def missing(self, key: str, *, why: str = "") -> Missing:
        """The error for a value this view does not hold."""
        if not why and key in self.pack.silent:
            why = self.pack.silent[key].note
        if not why and self.pack.is_empty:
            why = vocabulary.PACK_STATES[self.pack.status]
        if not why and key in self.pack.values:
            why = "当日没有生效的值"
        return Missing(
            f"规则包 {self.pack.id} 中没有 {key}（{self.day.isoformat()}）",
            object_=f"{self.pack.id} {key}",
            why=why,
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
