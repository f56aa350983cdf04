"""The forms texts are searched in: folded, as numbered pairs of characters, as pinyin, less one character. Django-free.

Everything here narrows a search; whatever it narrows to is confirmed against the text itself (``catalogue.search``).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from zlib import crc32

import pypinyin

LONGEST_QUERY = 100
MOST_WORDS = 8
LONGEST_TERM = 20
"""Characters of a word that is kept as a term."""
_ASCII = re.compile(r"[a-z]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_FEWEST_LETTERS = 4
"""Letters a pinyin word needs before a slip in it is looked for."""


def fold(text: str) -> str:
    """The form texts are compared in: NFKC, lower case, blanks joined, characters PostgreSQL cannot hold left out."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isprintable() else " " for c in plain if not "\ud800" <= c <= "\udfff").split())


def query_words(text: str) -> tuple[str, ...]:
    """The words of a typed query, folded; at most 8 words of the first 100 characters."""
    folded = fold(text[:LONGEST_QUERY])
    return tuple(dict.fromkeys(folded.split(" ")))[:MOST_WORDS] if folded else ()


def grams(text: str) -> set[str]:
    """Single characters and pairs of neighbours of every word of a folded text."""
    found: set[str] = set()
    for word in text.split():
        found.update(word)
        found.update(word[i : i + 2] for i in range(len(word) - 1))
    return found


def parts(word: str) -> set[str]:
    """What a row must hold to contain ``word``: its pairs, or the word itself when it is one character."""
    return {word} if len(word) == 1 else {word[i : i + 2] for i in range(len(word) - 1)}


@lru_cache(maxsize=100_000)
def key(kind: str, gram: str) -> int:
    """The number a gram is indexed by (four bytes instead of text). Two grams may share one: the text decides.

    Kinds: ``x`` text, ``t`` title, ``m`` whole item name, ``p`` three letters of the title's pinyin, ``i`` two of its initials,
    ``f`` facet value, ``n`` neighbour of a term.
    """
    number = crc32(f"{kind}\x00{gram}".encode())
    return number - (1 << 32) if number >= 1 << 31 else number


def keys(kind: str, found: Iterable[str]) -> set[int]:
    """The numbers of several grams."""
    return {key(kind, gram) for gram in found}


def has_han(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return _HAN.search(text) is not None


def is_letters(word: str) -> bool:
    """Whether a folded word is letters only, so that it may be pinyin."""
    return _ASCII.fullmatch(word) is not None


@lru_cache(maxsize=50_000)
def syllables(text: str) -> tuple[str, ...]:
    """The pinyin syllables of the Chinese characters of a text, by word, without tones; ü is v; other characters left out."""
    if not has_han(text):
        return ()
    found = pypinyin.lazy_pinyin("".join(c if _HAN.match(c) else " " for c in text), errors="ignore")
    return tuple(s for s in found if is_letters(s))


def pinyin_text(title: str) -> str:
    """A title's syllables joined by apostrophes, a blank, its initials likewise: what a typed pinyin is confirmed against."""
    found = syllables(title)
    return f"{chr(39).join(found)} {chr(39).join(s[0] for s in found)}" if found else ""


def pinyin_pattern(word: str) -> str:
    """A PostgreSQL pattern that finds typed letters in ``pinyin_text`` from the beginning of a syllable on."""
    return "(^|[ '])" + "'?".join(word)


def pinyin_keys(title: str) -> set[int]:
    """The numbers a title's pinyin is found by: triples of letters of its syllables, pairs of its initials."""
    found = syllables(title)
    return keys("p", _runs("".join(found), 3)) | keys("i", _runs("".join(s[0] for s in found), 2))


def spelled_keys(word: str) -> set[int]:
    """What a title must hold when ``word`` is spelled out; empty when it is too short to say."""
    return keys("p", _runs(word, 3))


def initials_keys(word: str) -> set[int]:
    """What a title must hold when ``word`` is initials; empty for a single letter."""
    return keys("i", _runs(word, 2))


def _runs(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(len(text) - size + 1))


def less_one(word: str) -> set[str]:
    """A word and its forms less one character: two words one slip apart (wrong, missing, more, swapped) share one."""
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))} - {""}


def near_keys(jurisdiction_id: int, word: str) -> set[int]:
    """The numbers of ``less_one``, apart for each jurisdiction and for letters and other words."""
    kind = f"{jurisdiction_id}:{'l' if is_letters(word) else 'c'}"
    return {key("n", f"{kind}:{form}") for form in less_one(word)}


def term_keys(jurisdiction_id: int, term: str) -> set[int]:
    """What a term is found by when it was mistyped, as characters or as pinyin."""
    found = near_keys(jurisdiction_id, term)
    spelled = "".join(syllables(term))
    initials = "".join(s[0] for s in syllables(term))
    for word in (spelled, initials):
        if _FEWEST_LETTERS <= len(word) <= 30:
            found |= near_keys(jurisdiction_id, word)
    return found


def one_slip(typed: str, meant: str) -> bool:
    """Whether two different words are one wrong, missing, additional or swapped character apart."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    left, right = typed[start:], meant[start:]
    if len(left) == len(right):
        swapped = len(left) > 1 and left[:2] == right[1::-1] and left[2:] == right[2:]
        return left[1:] == right[1:] or swapped
    return left[1:] == right if len(left) > len(right) else left == right[1:]
