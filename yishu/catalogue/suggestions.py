"""What a person may be typing, and what they meant: terms and titles by their beginning or pinyin, and one slip of the hand past them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.db.models import F, Q
from django.db.models.functions import Length

from yishu.catalogue import folding, search
from yishu.catalogue.folding import fold, near_keys, one_slip, query_words
from yishu.catalogue.models import SearchEntry, SearchTerm
from yishu.catalogue.segmenting import segments

MOST = 8
"""Suggestions shown."""
_LOOKED_AT = 60
_NEAR = 400
_READINGS = 3
_TRIED = 8
"""Readings of a mistyped query that are tried."""
_LONGEST_WINDOW = 10
_LETTERS = (4, 24)
"""Letters a mistyped piece of pinyin has at least and at most."""


def suggest(jurisdiction_id: int, text: str) -> list[str]:
    """At most ``MOST`` queries that begin as typed (characters, pinyin or initials) and find something, terms before titles."""
    typed = fold(text[: folding.LONGEST_QUERY])
    if not typed:
        return []
    starts = Q(term__startswith=typed)
    if folding.is_letters(typed) and len(typed) > 1:
        starts |= Q(pinyin__startswith=typed) | Q(initials__startswith=typed)
    rows = SearchTerm.objects.filter(starts, jurisdiction_id=jurisdiction_id)
    words = list(rows.order_by(Length("term"), "term").values_list("term", flat=True)[:_LOOKED_AT])
    found = (
        [w for w in words if search.anything(jurisdiction_id, w)][:MOST]
        if len(words) <= MOST
        else _first(words, jurisdiction_id)
    )
    titles = SearchEntry.objects.filter(jurisdiction_id=jurisdiction_id, folded_title__startswith=typed, retired=False)
    found += list(titles.order_by("folded_title").values_list("title", flat=True)[:MOST])
    found = list(dict.fromkeys(found))[:MOST]
    if found or search.anything(jurisdiction_id, typed):
        return found
    return list(meant(jurisdiction_id, typed))


def _first(words: Iterable[str], jurisdiction_id: int) -> list[str]:
    found: list[str] = []
    for word in words:
        if len(found) == MOST - 2:
            break
        if search.anything(jurisdiction_id, word):
            found.append(word)
    return found


def find_or_meant(
    jurisdiction_id: int,
    text: str,
    filters: Mapping[str, str],
    sort: str = "",
    *,
    department_names: Mapping[str, str] | None = None,
) -> search.Found:
    """``search.find``; when the text finds nothing at all, what it most likely meant, named in ``meant``."""
    found = search.find(jurisdiction_id, text, filters, sort, department_names=department_names)
    if found.hits or not query_words(text) or (any(filters.values()) and search.anything(jurisdiction_id, text)):
        return found
    readings = meant(jurisdiction_id, text)
    if not readings:
        return found
    instead = search.find(jurisdiction_id, readings[0], filters, sort, department_names=department_names)
    return replace(instead, meant=readings[0], others=tuple(readings[1:3]))


def meant(jurisdiction_id: int, text: str) -> tuple[str, ...]:
    """Readings of a query that finds nothing, one slip apart from it, that find something; the most likely first, at most three.

    A slip is one wrong, missing, additional or swapped character of a word, or letter of its pinyin.
    """
    words = query_words(text)
    found: dict[str, int] = {}
    for at, word in enumerate(words):
        if len(word) < 2 or (len(words) > 1 and search.anything(jurisdiction_id, word)):
            continue
        for reading in _readings(jurisdiction_id, word)[:_TRIED]:
            whole = " ".join((*words[:at], reading, *words[at + 1 :]))
            tier = search.best_tier(jurisdiction_id, whole)
            if tier is not None:
                found.setdefault(whole, tier)
            if sum(t <= search.ELSEWHERE for t in found.values()) == _READINGS:
                break
    # What stands there literally is likelier than words found apart; otherwise as they came.
    return tuple(sorted(found, key=lambda whole: found[whole] > search.ELSEWHERE))[:_READINGS]


def _readings(jurisdiction_id: int, word: str) -> list[str]:
    """The word with one of its pieces put right by a known term; the longest piece first."""
    letters = folding.is_letters(word)
    long, short = _windows(word, letters)
    scored: dict[str, tuple[int, int, str]] = {}
    for pieces in (long, short):
        if not pieces:
            continue
        for term in _terms_near(jurisdiction_id, {word[i:j] for i, j in pieces}):
            forms = (term.pinyin, term.initials) if letters else ()
            for i, j in pieces:
                for form in (term.term, *forms):
                    if form and one_slip(word[i:j], form):
                        score = (-(j - i), abs(j - i - len(form)), term.term)
                        reading = word[:i] + form + word[j:]
                        scored[reading] = min(scored.get(reading, score), score)
    return sorted(scored, key=lambda reading: scored[reading])


def _windows(word: str, letters: bool) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pieces of a word that may hold the slip: the longer ones, and those of two characters where words begin and end."""
    low, high = _LETTERS if letters else (3, _LONGEST_WINDOW)
    size = len(word)
    long = [(i, j) for i in range(size) for j in range(i + low, min(size, i + high) + 1)][:300]
    if letters:
        return long, []
    edges = {0}
    for piece in segments(word):
        edges.add(max(edges) + len(piece))
    short = [(i, i + 2) for i in range(size - 1) if i in edges and i + 2 in edges]
    return long, short or ([(0, 2)] if size == 2 else [])


def _terms_near(jurisdiction_id: int, pieces: set[str]) -> list[SearchTerm]:
    numbers: set[int] = set()
    for piece in pieces:
        numbers |= near_keys(jurisdiction_id, piece)
    rows = SearchTerm.objects.filter(jurisdiction_id=jurisdiction_id, near__overlap=sorted(numbers))
    return list(
        rows.annotate(size=Length(F("term"))).order_by("-size", "term").only("term", "pinyin", "initials")[:_NEAR]
    )
