"""Chinese words by jieba: loaded at first use, quiet, its dictionary's cache in the platform's home.

The cache is a marshalled file that jieba reads back; in the machine's shared temporary folder anybody could put another there.
A search never depends on these words alone (docs/decisions/0016-search.md).
"""

import logging
from functools import cache, lru_cache
from importlib import import_module
from itertools import pairwise
from typing import Any

from django.conf import settings

from yishu.catalogue.folding import LONGEST_TERM, has_han

_LONGEST_PAIR = 8
_STOP = frozenset("的和与及或在了是为对从向之等按其各该由以于并")


@cache
def cutter() -> Any:
    """The one tokenizer of this process (its dictionary takes some 100 MB and a second)."""
    jieba = import_module("jieba")  # not at the top: most processes never cut a word
    jieba.setLogLevel(logging.ERROR)
    folder = settings.ENVIRONMENT.home / "jieba"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = jieba.Tokenizer()
    made.tmp_dir = str(folder)
    made.initialize()
    return made


@lru_cache(maxsize=20_000)
def segments(word: str) -> tuple[str, ...]:
    """The words of a run of folded text in order; a run without Chinese is one word."""
    if not has_han(word) or len(word) < 2:
        return (word,)
    return tuple(w for w in cutter().lcut(word) if w.strip())


def content_words(word: str) -> tuple[str, ...]:
    """The words of a run that say something: particles left out while anything else remains."""
    found = tuple(dict.fromkeys(segments(word)))
    kept = tuple(w for w in found if w not in _STOP)
    return kept or found


@lru_cache(maxsize=20_000)
def terms(text: str) -> frozenset[str]:
    """Every word of two or more characters that a folded text holds, the words inside longer ones, and each word with the next."""
    found: set[str] = set()
    for word in text.split():
        pieces = segments(word)
        found.update(a + b for a, b in pairwise(pieces) if has_han(a) and has_han(b) and len(a + b) <= _LONGEST_PAIR)
        cut = cutter().lcut_for_search(word) if has_han(word) else (word,)
        found.update(w for w in cut if 2 <= len(w) <= LONGEST_TERM and not w.isdigit() and any(c.isalnum() for c in w))
    return frozenset(found)
