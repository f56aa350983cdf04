"""One word per concept: the glossary is true of the code and of itself."""

import re
from pathlib import Path

import yishu

ROOT = Path(yishu.__file__).parent
TEXT = (ROOT.parent / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!中文|-)([^|]+) \| ([^|]+) \| [^|]+ \|$", TEXT, re.MULTILINE)


def twice(words):
    return sorted({word for word in words if words.count(word) > 1})


def test_glossary_has_no_word_and_no_term_twice():
    assert len(ROWS) > 80
    assert twice([word.strip() for _, word in ROWS]) == []
    assert twice([term for terms, _ in ROWS for term in terms.split("、")]) == []


def test_glossary_has_a_word_for_every_model():
    models = [
        name
        for path in ROOT.glob("*/models.py")
        for name in re.findall(r"^class (\w+)\(models\.Model\)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    words = {word.strip() for _, word in ROWS}
    spoken = {name: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower() for name in models}
    assert len(models) > 10
    assert {name for name, word in spoken.items() if word not in words} == set()
