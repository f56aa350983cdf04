"""Sketches of values: enough to tell whether two columns hold the same things, too little to read a value. Django-free.

A sketch keeps the smallest keyed hashes of the distinct values (bottom-k: their overlap estimates how many values two
columns share), the shapes of values, and their lengths. Without the platform's key the hashes say nothing.
"""

import heapq
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

SIZE = 128
"""Hashes kept."""
MOST_ROWS = 200_000
"""Rows looked at."""
_FEWEST_DISTINCT = 24
"""Below this many different values (性别, 民族 …) shared values say nothing about a shared source."""
_SHAPES = 8
_LENGTHS = (0, 2, 4, 8, 12, 16, 20, 40)
"""Lower bounds of the length classes, in characters."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """``rows`` looked at, ``filled`` not empty, ``distinct_ratio`` of the filled; shares by shape and length class; hashes ascending."""

    rows: int
    filled: int
    distinct_ratio: float
    shapes: Mapping[str, float]
    lengths: tuple[float, ...]
    hashes: tuple[int, ...]

    @property
    def distinct(self) -> int:
        """About how many different values there are."""
        return round(self.filled * self.distinct_ratio)


@dataclass(frozen=True, slots=True)
class Likeness:
    """``score`` 0 to 1, ``overlap`` the share of the smaller column's values found in the other; ``telling``: whether it may count."""

    score: float
    overlap: float
    telling: bool


def shape(value: str) -> str:
    """What a value looks like: digits 9, Latin letters a, Chinese 汉, the rest itself; runs longer than four as ``+``."""
    kinds = "".join(
        "9" if c.isdigit() else "汉" if "\u3400" <= c <= "\u9fff" else "a" if c.isalpha() else c
        for c in unicodedata.normalize("NFKC", value[:60])
    )
    parts = []
    for kind, run in groupby(kinds):
        count = sum(1 for _ in run)
        parts.append(f"{kind}{count if count <= 4 or kind != '汉' else '+'}")
    return "".join(parts)[:40]


def sketch(values: Iterable[object], digest: Callable[[str], int]) -> Sketch:
    """Sketch a column. ``digest`` is a keyed hash of a value's text to a whole number below 2**52."""
    rows = filled = 0
    shapes: Counter[str] = Counter()
    lengths = [0] * len(_LENGTHS)
    hashes: set[int] = set()
    for value in values:
        rows += 1
        text = "" if value is None else str(value).strip()
        if text:
            filled += 1
            shapes[shape(text)] += 1
            lengths[max(i for i, least in enumerate(_LENGTHS) if len(text) >= least)] += 1
            hashes.add(digest(text))
        if rows >= MOST_ROWS:
            break
    total = filled or 1
    return Sketch(
        rows, filled, len(hashes) / total, {k: round(n / total, 4) for k, n in shapes.most_common(_SHAPES)},
        tuple(round(n / total, 4) for n in lengths), tuple(heapq.nsmallest(SIZE, hashes)),
    )  # fmt: skip


def _shared(left: Sketch, right: Sketch) -> float:
    """The estimated share of the smaller column's different values that the other holds too."""
    a, b = set(left.hashes), set(right.hashes)
    if not a or not b:
        return 0.0
    union = heapq.nsmallest(SIZE, a | b)
    jaccard = sum(h in a and h in b for h in union) / len(union)
    together = (left.distinct + right.distinct) * jaccard / (1 + jaccard)
    return min(1.0, together / max(1, min(left.distinct, right.distinct)))


def compare(left: Sketch, right: Sketch) -> Likeness:
    """How alike two columns' values are. Not telling: an empty column, or one of few different values."""
    overlap = _shared(left, right)
    shapes = sum(min(share, right.shapes.get(kind, 0.0)) for kind, share in left.shapes.items())
    lengths = sum(map(min, left.lengths, right.lengths))
    ratio = 1 - abs(left.distinct_ratio - right.distinct_ratio)
    telling = min(left.distinct, right.distinct) >= _FEWEST_DISTINCT
    score = 0.7 * overlap + 0.15 * shapes + 0.1 * lengths + 0.05 * ratio
    return Likeness(round(score, 4), round(overlap, 4), telling)


def to_json(held: Sketch) -> dict[str, Any]:
    """A sketch as JSON-ready values."""
    return asdict(held)


def from_json(document: Mapping[str, Any]) -> Sketch:
    """The sketch that ``to_json`` wrote."""
    lists = {name: tuple(document[name]) for name in ("lengths", "hashes")}
    return Sketch(**(dict(document) | lists))
