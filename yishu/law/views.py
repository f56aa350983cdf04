"""A pack and its view on one day: values with their references, articles, and whether the text is law."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from yishu.kernel.errors import PublicError
from yishu.kernel.references import Reference
from yishu.law import reading, vocabulary
from yishu.law.kinds import Article, Value


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
