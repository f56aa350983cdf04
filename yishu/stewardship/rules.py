"""Pure decisions: how alike two items are, how well a resource meets a demand, how complete a department is. Django-free.

The scores are the platform's own and only order what people then decide; no duty follows from a score alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import yaml

from yishu.catalogue.rules import DATA_TYPES
from yishu.stewardship import naming
from yishu.stewardship.sketches import Sketch, compare

SUSPECT = 0.72
"""From this score on two items are listed as perhaps one datum (measured on the labelled fixture of the tests)."""
BLOCKING = 0.8
"""From this score on a decided datum stops a second claimant of a similar resource."""
SUGGESTED = 0.45
"""From this score on a published resource is suggested for a demand."""
OBTAINABLE = 0.8
"""From this score on a material counts as obtainable."""
_UNLIKE = 0.35
_CYCLES = Path(__file__).parent / "data" / "cycles.yaml"


@dataclass(frozen=True, slots=True)
class Thing:
    """One item as it is compared: its name, data type, kind of subject, and the title of its resource."""

    name: str
    title: str
    data_type: str = "C"
    subject_kind: str = "other"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why two items look alike: each part 0 to 1 (``values`` None: not known), the score, and words for people."""

    name: float
    meaning: float
    context: float
    values: float | None
    score: float
    words: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """The evidence as JSON-ready values."""
        return {
            "name": self.name, "meaning": self.meaning, "context": self.context, "values": self.values, "words": list(self.words),
        }  # fmt: skip


def share(left: frozenset[str], right: frozenset[str]) -> float:
    """The share of members two sets have in common, of all they have."""
    return len(left & right) / len(left | right) if left | right else 0.0


def title_alike(left: str, right: str) -> float:
    """How alike two resource titles are; titles that each say something the other does not are mostly different things."""
    a, b = naming.meaning_words(left), naming.meaning_words(right)
    alike = share(a, b)
    return alike * _UNLIKE if a - b and b - a else alike


def alike(left: Thing, right: Thing, values: tuple[Sketch, Sketch] | None = None) -> Evidence:
    """How likely two items are one datum: by name, meaning, context and, where both are known, values."""
    a, b = naming.normal(left.name), naming.normal(right.name)
    name = 1 - naming.edits(a, b) / max(len(a), len(b), 1)
    words_a, words_b = naming.meaning_words(left.name), naming.meaning_words(right.name)
    meaning = share(words_a, words_b)
    if naming.about_others(a, b) and words_a != words_b:
        name, meaning = name * _UNLIKE, meaning * _UNLIKE
    same_subject = left.subject_kind == right.subject_kind != "other"
    of_subject = meaning == 1 and same_subject and bool(words_a & naming.words().subject)
    titles = title_alike(left.title, right.title)
    context = max(0.75, titles) if of_subject else titles
    text = max(name if meaning > 0 else name * 0.6, meaning)
    generic = a in naming.words().generic or b in naming.words().generic
    score = 0.25 * text + 0.75 * context if generic else 0.55 * text + 0.45 * context
    said = [_name_words(a == b, name, meaning)]
    said.append("同一主体的固有属性" if of_subject else f"资源名称相似度 {titles:.0%}")
    found = compare(*values) if values else None
    if found and found.telling:
        score = 0.5 * score + 0.5 * found.score
        said.append(f"数值重合约 {found.overlap:.0%}")
    elif found:
        said.append("取值种类少，数值不作依据")
    if _family(left.data_type) != _family(right.data_type):
        score *= 0.85
        said.append("数据类型不同")
    valued = found.score if found and found.telling else None
    return Evidence(
        round(name, 3), round(meaning, 3), round(context, 3), valued, round(score, 3), tuple(w for w in said if w)
    )


def _family(letter: str) -> str:
    kind = DATA_TYPES.get(letter, ("", "string"))[1]
    return "time" if kind in ("date", "timestamp") else "text" if kind == "string" else "number"


def _name_words(same: bool, name: float, meaning: float) -> str:
    if same:
        return "名称相同"
    if meaning == 1:
        return "名称同义"
    return f"名称相似度 {max(name, meaning):.0%}"


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a resource meets a demand: the score, the share of wanted items it has, which they are, and words."""

    score: float
    title: float
    items: float
    found: tuple[str, ...]
    words: tuple[str, ...]


def fit(title: str, items: Sequence[str], their_title: str, their_items: Sequence[str]) -> Fit:
    """How well a published resource meets a wanted title and items; items count by meaning."""
    theirs = {naming.meaning(n) for n in their_items} | {naming.normal(n) for n in their_items}
    found = tuple(n for n in items if naming.meaning(n) in theirs or naming.normal(n) in theirs)
    by_title = title_alike(title, their_title)
    by_items = len(found) / len(items) if items else 0.0
    score = 0.5 * by_title + 0.5 * by_items if items else by_title
    said = [f"名称相似度 {by_title:.0%}"]
    if items:
        said.append(f"含所需信息项 {len(found)}/{len(items)}：{'、'.join(found[:6])}" if found else "没有所需信息项")
    return Fit(round(score, 3), round(by_title, 3), round(by_items, 3), found, tuple(said))


def material_fit(material: str, title: str, items: Sequence[str], document_class: str) -> tuple[float, str]:
    """How surely a material can be had from a resource, and why: by its title, or by one of its items."""
    plain = naming.material(material)
    wanted, theirs = naming.meaning_words(plain), naming.meaning_words(title)
    held = len(wanted & theirs) / len(wanted) if wanted else 0.0
    if plain and plain in naming.normal(title):
        held = 1.0
    by_title = held * (0.85 + 0.15 * share(wanted, theirs))
    by_item = max((0.9 for n in items if naming.meaning_words(n) == wanted), default=0.0)
    if by_item > by_title:
        return by_item, "信息项与材料同名"
    return round(by_title, 3), "同名电子证照、文书或合同" if document_class else "资源名称含材料名称"


@cache
def cycle_days() -> Mapping[str, int | None]:
    """Calendar days within which a resource of each update cycle is fresh; None: no fixed rhythm, one load suffices."""
    held: Mapping[str, int | None] = yaml.safe_load(_CYCLES.read_text(encoding="utf-8"))
    return held


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether a duty is kept: ``state`` is fresh, stale or missing."""

    state: str
    newest: datetime | None

    @property
    def words(self) -> str:
        """The state in Chinese."""
        return {"fresh": "按期更新", "stale": "逾期未更新", "missing": "尚未汇聚"}[self.state]


def kept(cadence: str, newest: datetime | None, at: datetime) -> Kept:
    """Whether a duty with this cadence is kept at a moment, given its newest load."""
    if newest is None:
        return Kept("missing", None)
    days = cycle_days().get(cadence)
    return Kept("fresh" if days is None or at - newest <= timedelta(days=days) else "stale", newest)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of something is done: ``done`` of ``total``."""

    done: int
    total: int

    @property
    def percent(self) -> int | None:
        """Whole percent, rounded down so that 100 means all; None when there is nothing to do."""
        return 100 * self.done // self.total if self.total else None


def split_names(text: str, most: int = 500) -> tuple[str, ...]:
    """The names of a pasted list: one per line, or separated by 、，；; numbering, blanks and repetitions are dropped."""
    table = str.maketrans(dict.fromkeys("、，,；;\t\r", "\n"))
    names: list[str] = []
    for line in text.replace("\x00", "").translate(table).split("\n"):
        name = line.strip().lstrip("0123456789.．)）(（ ·-").strip() or line.strip()
        if name:
            names.append(name)
    return tuple(dict.fromkeys(names))[:most]


def too_long(names: Iterable[str], most: int = 80) -> tuple[str, ...]:
    """The names that are longer than a name may be, cut for showing."""
    return tuple(n[:20] for n in names if len(n) > most)
