"""What the guides name exists: pages, files, commands, and a guide for every role."""

import re
from pathlib import Path

import pytest
from django.urls import Resolver404, resolve

import yishu
from yishu.cli import build_parser
from yishu.law.vocabulary import ROLES

ROOT = Path(yishu.__file__).parent.parent
GUIDES = sorted((ROOT / "docs/guides").glob("*.md"))
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]
ELSEWHERE = {"/healthz", "/metrics", "/openapi.json"}
"""Addresses of the gateway, not of the pages."""
_PAGE = re.compile(r"`(/[a-z0-9/_.-]*)(?:\?[^`]*)?`")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_ANCHOR = re.compile(r"\]\(([^)#\s]*)#([^)]+)\)")
_COMMAND = re.compile(r"\byishu (up|demo|first-visit|prepare|packs [a-z]+|receipt [a-z]+|ledger [a-z]+)\b")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_guide_names_pages_that_exist(guide: Path) -> None:
    for address in set(_PAGE.findall(guide.read_text())) - ELSEWHERE:
        if address.startswith("/srv/"):
            continue
        try:
            resolve(address)
        except Resolver404:
            pytest.fail(f"{guide.name}: {address} is no page")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_document_links_lead_somewhere(document: Path) -> None:
    text = document.read_text()
    for target in _LINK.findall(text):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name}: {target}"
    for target, anchor in _ANCHOR.findall(text):
        if "://" in target:
            continue
        there = (document.parent / target) if target else document
        heads = {line.lstrip("# ").strip() for line in there.read_text().splitlines() if line.startswith("#")}
        assert anchor.lower() in {head.lower().replace(" ", "-") for head in heads}, (
            f"{document.name}: {target}#{anchor}"
        )


def test_guides_name_commands_that_exist() -> None:
    named = {found for guide in GUIDES for found in _COMMAND.findall(guide.read_text())}
    assert named
    for words in named:
        first, *rest = words.split()
        parser = build_parser(first)
        for word in (first, *rest):
            choices = parser._subparsers._group_actions[0].choices  # type: ignore[union-attr]
            assert word in choices, words
            parser = choices[word]


def test_every_role_has_a_guide() -> None:
    text = "".join(guide.read_text() for guide in GUIDES)
    without = {"public", "delegate"}  # the public has no account; a delegate decides as the provider's case page shows
    assert [title for key, title in ROLES.items() if key not in without and title not in text] == []
