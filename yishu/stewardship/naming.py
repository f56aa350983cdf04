"""Item names as the one-source registry compares them: folded form, edit neighbours, meaning. Django-free.

Words are cut by the platform's own list first and by jieba for the rest, where jieba is installed.
"""

import logging
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

_DATA = Path(__file__).parent / "data" / "names.yaml"
_PLAIN = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_LATIN = re.compile(r"[0-9a-z]+")
_BRACKETS = re.compile(r"[（(【\[].{0,40}?[）)】\]]")
_NUMBERING = re.compile(r"^\s*[（(]?[0-9一二三四五六七八九十]{1,3}[、.．)）]\s*")
LONGEST = 80
"""Characters of a name that are looked at."""
_SHORTEST_NEAR = 4
"""Names shorter than this are compared whole: one character of three is another thing."""


@dataclass(frozen=True, slots=True)
class Words:
    """The name table (``data/names.yaml``): other name → canonical name, and lists of words."""

    canonical: Mapping[str, str]
    subject: frozenset[str]
    generic: frozenset[str]
    stop: frozenset[str]
    papers: tuple[str, ...]
    others: frozenset[str]
    opposites: tuple[tuple[str, str], ...]
    known: frozenset[str]
    longest: int


@cache
def words() -> Words:
    """The name table, read once."""
    raw: Mapping[str, Any] = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    canonical = {normal(name): normal(one) for one, names in raw["synonyms"].items() for name in (one, *names)}
    others = frozenset(map(normal, raw["others"]))
    opposites = tuple((normal(a), normal(b)) for a, b in raw["opposites"])
    known = frozenset(
        {*others, *map(normal, raw["words"]), *canonical, *map(normal, raw["stop"]), *map(normal, raw["generic"])}
    )
    papers = tuple(sorted(map(normal, raw["papers"]), key=len, reverse=True))
    return Words(
        canonical, frozenset(map(normal, raw["subject"])), frozenset(map(normal, raw["generic"])),
        frozenset(map(normal, raw["stop"])), papers, others, opposites, known, max(map(len, known)),
    )  # fmt: skip


def normal(text: str) -> str:
    """A name without blanks, punctuation, case and width: what two names must share to be the same."""
    return _PLAIN.sub("", unicodedata.normalize("NFKC", text).casefold())[:LONGEST]


def near_keys(name: str) -> tuple[str, ...]:
    """The folded name and its forms less one character; names one edit apart share one of them. Short names stand alone."""
    if len(name) < _SHORTEST_NEAR:
        return (name,)
    return tuple(sorted({name, *(name[:i] + name[i + 1 :] for i in range(len(name)))}))


def edits(left: str, right: str) -> int:
    """Levenshtein distance of two folded names."""
    if left == right:
        return 0
    before = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
        before = row
    return before[-1]


@cache
def _cutter() -> Any:
    if find_spec("jieba") is None:
        return None
    jieba = import_module("jieba")
    jieba.setLogLevel(logging.ERROR)
    cutter = jieba.Tokenizer()
    # Read the word list ourselves: jieba would keep it in a file of a fixed name under /tmp, which anybody may have put there.
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    return cutter


def _rest(run: str) -> Sequence[str]:
    if _LATIN.fullmatch(run) or len(run) < 2:
        return [run]
    cutter = _cutter()
    return [w for w in cutter.lcut(run) if w] if cutter else [run[i : i + 2] for i in range(len(run) - 1)]


@lru_cache(maxsize=50_000)
def cut(text: str) -> tuple[str, ...]:
    """The words of a folded text: the longest known ones, the runs between them by jieba or in pairs. Stop words are left out."""
    table = words()
    found: list[str] = []
    run, at = "", 0
    while at < len(text):
        size = min(table.longest, len(text) - at)
        while size > 1 and text[at : at + size] not in table.known:
            size -= 1
        if size > 1 or (text[at] in table.known and not run):
            if run:
                found += _rest(run)
                run = ""
            found.append(text[at : at + size])
        else:
            run += text[at]
        at += size
    if run:
        found += _rest(run)
    kept = tuple(w for w in found if w not in table.stop)
    return kept or tuple(found)


def _canonical(word: str) -> str:
    word = words().canonical.get(word, word)
    return word[:-1] if word.endswith("证") and word[:-1] in words().known else word


@lru_cache(maxsize=50_000)
def meaning_words(text: str) -> frozenset[str]:
    """The canonical words of a name or title; a name the synonym table holds whole is one word."""
    whole = normal(text)
    if whole in words().canonical:
        return frozenset({words().canonical[whole]})
    plain = normal(_BRACKETS.sub("", text)) or whole
    if plain in words().canonical:
        return frozenset({words().canonical[plain]})
    return frozenset(_canonical(w) for w in cut(plain))


def meaning(text: str) -> str:
    """The canonical words in a fixed order: two names of the same thing have the same meaning. At most 120 characters."""
    return " ".join(sorted(meaning_words(text)))[:120]


def about_others(left: str, right: str) -> bool:
    """Whether two folded names are about different people or ends: 姓名 and 监护人姓名, 开工日期 and 竣工日期."""
    table = words()
    if any((word in left) != (word in right) for word in table.others):
        return True
    return any((a in left and b in right) or (b in left and a in right) for a, b in table.opposites)


def material(text: str) -> str:
    """A material's name without the form it is handed in: 营业执照（副本）复印件 → 营业执照."""
    plain = normal(_BRACKETS.sub("", _NUMBERING.sub("", text)))
    for paper in words().papers:
        plain = plain.replace(paper, "")
    return plain or normal(text)
