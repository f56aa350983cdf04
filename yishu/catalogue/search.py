"""Finding published resources by text: literal first, then by words, by pinyin, and, when nothing is found, past one slip of the hand.

One GIN index over numbers narrows (``indexing.entry_keys``), the folded text confirms: a search neither misses a literal substring
nor invents one, and hostile text is only text. No extension, no ICU. The work of one search is bounded: it lists the ``MOST`` most
relevant rows of however many there are, and says so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil, comb
from typing import Any

from django.db import connection
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL

from yishu.catalogue import folding
from yishu.catalogue.folding import LONGEST_QUERY, fold, keys, parts, query_words
from yishu.catalogue.indexing import FACETS, facet_key, jurisdiction_key
from yishu.catalogue.models import SearchEntry
from yishu.catalogue.segmenting import content_words

FILTERS = FACETS
SORTS = ("relevance", "title", "-title", "published_on", "-published_on", "department", "-department")
MOST = 1000
"""Rows one search lists."""
_MOST_LISTS = 20
"""Probes of the index one question for alike entries makes."""
_FREQUENT = """
select element, frequency from pg_stats, unnest(most_common_elems::text::int[], most_common_elem_freqs) as m (element, frequency)
where schemaname = current_schema() and tablename = 'catalogue_searchentry' and attname = 'keys' and element = any(%s)
"""
"""How often numbers occur, as PostgreSQL's statistics have it; a number it does not list is rare."""
_ROW = (
    "resource_id", "title", "published_on", "department_id", "share_type", "base_library", "theme_library",
    "document_class", "source_kind", "open_type", "format_class", "update_cycle", "state",
)  # fmt: skip
ELSEWHERE = _SUMMARY = 4
_ITEMS = 3
_WORDS, _PINYIN = 5, 6


@dataclass(frozen=True, slots=True)
class Hit:
    """One row found. ``tier``: 0 exact title, 1 its beginning, 2 in it, 3 in an item, 4 elsewhere, 5 all words, 6 pinyin."""

    id: int
    tier: int
    title: str
    published_on: Any
    facets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, in order, and whether there is ``more`` than it lists.

    ``meant``: what was searched instead of the typed text, when that found nothing; ``others``: further readings of it.
    """

    hits: tuple[Hit, ...]
    more: bool
    meant: str = ""
    others: tuple[str, ...] = ()

    @property
    def ids(self) -> list[int]:
        """Resource ids in order."""
        return [hit.id for hit in self.hits]


@dataclass(frozen=True, slots=True)
class _Condition:
    """A piece of SQL over the entry ``e`` with its parameters."""

    sql: str
    args: tuple[Any, ...] = ()

    def __and__(self, other: "_Condition") -> "_Condition":
        return _Condition(f"{self.sql} and {other.sql}", self.args + other.args)

    def __or__(self, other: "_Condition") -> "_Condition":
        return _Condition(f"({self.sql} or {other.sql})", self.args + other.args)

    def __invert__(self) -> "_Condition":
        return _Condition(f"not ({self.sql})", self.args)


def _like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _holds(column: str, words: Sequence[str]) -> _Condition:
    return _Condition(" and ".join([f"e.{column} like %s"] * len(words)), tuple(f"%{_like(w)}%" for w in words))


def _has(numbers: set[int]) -> _Condition:
    return _Condition("e.keys @> %s::int[]", (sorted(numbers),))


def _narrowed(filters: Mapping[str, str]) -> dict[str, str]:
    return {name: filters[name].replace("\x00", "")[:80] for name in FILTERS if filters.get(name)}


def _tiers(text: str, words: Sequence[str], common: set[int]) -> Iterator[tuple[int, _Condition]]:
    """The conditions of each tier; no row meets two of them. ``common``: numbers every row must have."""
    folded = fold(text[:LONGEST_QUERY])
    begins = _Condition("e.folded_title like %s", (f"{_like(folded)}%",))
    exact = _Condition("e.folded_title = %s", (folded,))
    grams = set().union(*(parts(w) for w in words))
    titled, literal = _holds("folded_title", words), _holds("text", words)
    only = _has(common)
    yield 0, exact & only
    yield 1, begins & ~exact & only
    yield 2, titled & ~begins & _has(common | keys("t", grams))
    yield 3, literal & ~titled & _has(common | keys("x", grams))
    pieces = list(dict.fromkeys(piece for w in words for piece in content_words(w)))[: 2 * folding.MOST_WORDS]
    if pieces and set(pieces) != set(words):
        apart = set().union(*(parts(p) for p in pieces))
        yield _WORDS, _holds("text", pieces) & ~literal & _has(common | keys("x", apart))
    if any(folding.is_letters(w) and len(w) > 1 for w in words):
        yield _PINYIN, _sounds(words, common) & ~literal


def _sounds(words: Sequence[str], common: set[int]) -> _Condition:
    """Rows in which every word stands literally or, when it is letters, as pinyin of the title."""
    whole = _has(common)
    for word in words:
        stands = _holds("text", [word]) & _has(keys("x", parts(word)))
        if folding.is_letters(word) and len(word) > 1:
            spoken = _Condition("e.pinyin ~ %s", (folding.pinyin_pattern(word),))
            for numbers in (folding.spelled_keys(word), folding.initials_keys(word)):
                if numbers:
                    stands = stands | (spoken & _has(numbers))
        whole = whole & _Condition(f"({stands.sql})", stands.args)
    return whole


def _select(tier: int, condition: _Condition, limit: int, order: str = "") -> _Condition:
    shown = (
        f"case when split_part(e.text, E'\\n', 2) like %s then {_ITEMS} else {_SUMMARY} end"
        if tier == _ITEMS
        else str(tier)
    )
    columns = ", ".join(f"e.{name}" for name in _ROW)
    sql = f"(select {shown}, {columns} from catalogue_searchentry e where {condition.sql}{order} limit {limit})"  # noqa: S608
    return _Condition(sql, condition.args)


def _rows(jurisdiction_id: int, text: str, filters: Mapping[str, str], sort: str, limit: int) -> list[Hit]:
    chosen = _narrowed(filters)
    common = {facet_key(n, v) for n, v in chosen.items()}
    here = _Condition("e.jurisdiction_id = %s", (jurisdiction_id,))
    words = query_words(text)
    if not words:
        order = {
            "title": "e.title, e.resource_id",
            "-title": "e.title desc, e.resource_id desc",
            "published_on": "e.published_on",
        }
        narrowed = here & _has(common) if common else here
        pieces = [_select(0, narrowed, limit, f" order by {order.get(sort, 'e.published_on desc, e.resource_id')}")]
    else:
        common.add(jurisdiction_key(jurisdiction_id))
        pieces = []
        for tier, condition in _tiers(text, words, common):
            piece = _select(tier, here & condition, limit)
            if tier == _ITEMS:
                piece = replace(piece, args=(f"%{_like(words[0])}%", *piece.args))
            pieces.append(piece)
    # Branches run one after the other until there are enough: PostgreSQL runs none with a limit of its own in parallel.
    sql = f"select * from ({' union all '.join(p.sql for p in pieces)}) as found limit {limit}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [a for p in pieces for a in p.args])
        found = [_hit(row) for row in cursor.fetchall()]
    # A number of the index may stand for two values: the columns decide.
    return [h for h in found if all(h.facets[n] == v for n, v in chosen.items())]


def _hit(row: tuple[Any, ...]) -> Hit:
    tier, id_, title, published_on, department = row[:5]
    return Hit(
        id_, tier, title, published_on, {"department": str(department), **dict(zip(FACETS[1:], row[5:], strict=True))}
    )


def find(
    jurisdiction_id: int,
    text: str,
    filters: Mapping[str, str],
    sort: str = "",
    *,
    department_names: Mapping[str, str] | None = None,
) -> Found:
    """Published resources of a jurisdiction that match ``text`` and ``filters`` (keys: ``FILTERS``), at most ``MOST``, in order.

    ``department_names``: id → name, for sorting by department. Where there is more, the most relevant are listed (without text the
    first in the order asked for) and the order is theirs. Unknown filters are ignored; a value that cannot exist finds nothing.
    """
    hits = _rows(jurisdiction_id, text, filters, sort, MOST + 1)
    more = len(hits) > MOST
    return Found(tuple(_ordered(hits[:MOST], sort, bool(query_words(text)), department_names or {})), more)


def _ordered(hits: list[Hit], sort: str, worded: bool, names: Mapping[str, str]) -> list[Hit]:
    field, down = sort.removeprefix("-"), sort.startswith("-")
    if sort not in SORTS or field == "relevance":
        if worded:
            return sorted(hits, key=lambda h: (h.tier, h.title, h.id))
        field, down = "published_on", True
    plain = sorted(hits, key=lambda h: (h.title, h.id))
    if field == "title":
        return plain[::-1] if down else plain
    if field == "department":
        return sorted(plain, key=lambda h: names.get(h.facets["department"], ""), reverse=down)
    return sorted(plain, key=lambda h: h.published_on, reverse=down)


def anything(jurisdiction_id: int, text: str) -> bool:
    """Whether a search for ``text`` would find anything."""
    return best_tier(jurisdiction_id, text) is not None


def best_tier(jurisdiction_id: int, text: str) -> int | None:
    """The tier of the best row a search for ``text`` would find (``Hit``), or None when there is none."""
    rows = _rows(jurisdiction_id, text, {}, "", 1)
    return rows[0].tier if rows else None


def counted(found: Found, name: str) -> list[tuple[str, int]]:
    """How many of the rows found have each value of a facet, most first; rows without one are left out."""
    tally = Counter(hit.facets[name] for hit in found.hits if hit.facets[name])
    return sorted(tally.items(), key=lambda pair: (-pair[1], pair[0]))


def facet_counts(jurisdiction_id: int, text: str, filters: Mapping[str, str], name: str) -> list[tuple[str, int]]:
    """How many results each value of one filter would leave, the other filters applied; most first, counted within ``MOST`` rows."""
    others = {k: v for k, v in filters.items() if k != name}
    return counted(find(jurisdiction_id, text, others), name)


def telling(numbers: set[int], share: float, least: int) -> list[list[int]]:
    """What an entry must hold to be alike: every number of at least one of the lists; none when nothing can be alike.

    Alike is who has ``share`` of all numbers of both in common (Jaccard), and ``least`` at least. Whoever shares s of n numbers lacks n - s
    of them, so of any n - s + k it holds k: the rarest are taken, and k as large as makes no more than ``_MOST_LISTS`` lists.
    """
    shared = max(ceil(len(numbers) * share), least)
    if not numbers or shared > len(numbers):
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FREQUENT, [sorted(numbers)])
        often = dict(cursor.fetchall())
    lacking = len(numbers) - shared
    held = max((k for k in range(1, shared + 1) if comb(lacking + k, k) <= _MOST_LISTS), default=1)
    rarest = sorted(numbers, key=lambda n: (often.get(n, 0.0), n))[: lacking + held]
    return [list(chosen) for chosen in combinations(rarest, held)]


def matching(jurisdiction_id: int, text: str, filters: Mapping[str, str]) -> QuerySet[SearchEntry]:
    """Every published resource of a jurisdiction that literally holds every word of ``text`` and meets ``filters``; unordered, unbounded.

    For exports and comparisons; pages use ``find``.
    """
    found = SearchEntry.objects.filter(jurisdiction_id=jurisdiction_id)
    numbers: set[int] = set()
    for word in query_words(text):
        numbers |= keys("x", parts(word))
        found = found.filter(text__contains=word)
    for name, value in _narrowed(filters).items():
        numbers.add(facet_key(name, value))
        if name == "department":
            known = value.isascii() and value.isdigit() and len(value) < 10
            found = found.filter(department_id=int(value) if known else -1)
        else:
            found = found.filter(**{name: value})
    return found.filter(keys__contains=sorted(numbers)) if numbers else found


def ordered(found: QuerySet[SearchEntry], text: str, sort: str) -> QuerySet[SearchEntry]:
    """Rows of ``matching`` in order: by ``sort`` (one of ``SORTS``), else exact title first, then its beginning, title, items, the rest."""
    folded = fold(text[:LONGEST_QUERY])
    rows = found.select_related("department")
    if sort in SORTS and sort != "relevance":
        return rows.order_by(sort.replace("department", "department__name"), "title", "pk")
    if not folded:
        return rows.order_by("-published_on", "title", "pk")
    items = RawSQL("split_part(catalogue_searchentry.text, E'\\n', 2)", [])
    rank = Case(
        When(Q(folded_title=folded), then=Value(0)),
        When(Q(folded_title__startswith=folded), then=Value(1)),
        When(Q(folded_title__contains=folded), then=Value(2)),
        When(Q(in_items__contains=query_words(text)[0]), then=Value(_ITEMS)),
        default=Value(_SUMMARY),
        output_field=IntegerField(),
    )
    return rows.annotate(in_items=items).annotate(rank=rank).order_by("rank", "title", "pk")
