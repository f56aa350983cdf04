"""What a published version is found by: its search entry and the words it brings, written in the publishing transaction."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from yishu.catalogue import folding
from yishu.catalogue.folding import fold, grams, key, keys
from yishu.catalogue.models import Resource, SearchEntry, SearchTerm
from yishu.catalogue.rules import ResourceSpec
from yishu.catalogue.segmenting import terms

FACETS = (
    "department", "share_type", "base_library", "theme_library", "document_class", "source_kind", "open_type",
    "format_class", "update_cycle", "state",
)  # fmt: skip
"""What a search can be narrowed by, in the order pages show."""


def facet_key(name: str, value: object) -> int:
    """The number a facet's value is indexed by."""
    return key("f", f"{name}:{value}")


def jurisdiction_key(jurisdiction_id: int) -> int:
    """The number a jurisdiction's entries are indexed by, so that the index itself keeps tenants apart."""
    return key("f", f"jurisdiction:{jurisdiction_id}")


def entry_values(spec: ResourceSpec, published_on: date, state: str = "published") -> dict[str, Any]:
    """The columns of a version's ``SearchEntry``, without the resource itself."""
    element = spec.elements.get
    names = [item.name for item in spec.items]
    values: dict[str, Any] = {
        "jurisdiction_id": spec.jurisdiction_id,
        "department_id": spec.department_id,
        "code": spec.code,
        "title": spec.title,
        "folded_title": fold(spec.title),
        "summary": element("summary", ""),
        "share_type": spec.share_type,
        **{
            name: str(element(name) or "")
            for name in ("base_library", "theme_library", "document_class", "source_kind", "open_type", "format_class")
        },
        "update_cycle": spec.update_cycle,
        "item_names": names,
        "published_on": published_on,
        "state": state,
        "retired": state == Resource.State.RETIRED,
        "pinyin": folding.pinyin_text(spec.title),
    }
    rest = fold(f"{values['summary']} {spec.department_name} {spec.code}")
    values["text"] = "\n".join([values["folded_title"], fold(" ".join(names)), rest])
    values["keys"] = entry_keys(values)
    return values


def entry_keys(values: Mapping[str, Any]) -> list[int]:
    """The numbers an entry is indexed by, from its columns (``department_id`` and ``jurisdiction_id`` as ids)."""
    title = values["folded_title"]
    found = keys("x", grams(values["text"])) | keys("t", grams(title)) | folding.pinyin_keys(title)
    found |= keys("m", map(fold, values["item_names"]))
    found |= {facet_key(n, values["department_id" if n == "department" else n]) for n in FACETS}
    return sorted(found | {jurisdiction_key(values["jurisdiction_id"])})


def reindex(resource: Resource, spec: ResourceSpec, published_on: date) -> None:
    """Rewrite what the current version of a resource is found by; in the publishing transaction."""
    SearchEntry.objects.update_or_create(resource=resource, defaults=entry_values(spec, published_on))
    words = set(terms(fold(spec.title)))
    for item in spec.items:
        words |= terms(fold(item.name))
    keep_terms(spec.jurisdiction_id, words)


def keep_terms(jurisdiction_id: int, words: Collection[str]) -> None:
    """Add words to a jurisdiction's terms; known ones stay as they are (in order, so that two publications never block each other)."""
    SearchTerm.objects.bulk_create(
        (term_row(jurisdiction_id, word) for word in sorted(words)), ignore_conflicts=True, batch_size=500
    )


def term_row(jurisdiction_id: int, word: str) -> SearchTerm:
    """A term, not saved."""
    found = folding.syllables(word)
    return SearchTerm(
        jurisdiction_id=jurisdiction_id,
        term=word,
        pinyin="".join(found)[:160],
        initials="".join(s[0] for s in found)[:40],
        near=sorted(folding.term_keys(jurisdiction_id, word)),
    )


def mark_state(resource: Resource) -> None:
    """Let the search show a published resource's present state; one never published has no entry."""
    entry = SearchEntry.objects.filter(resource=resource).first()
    shown = (Resource.State.PUBLISHED, Resource.State.RETIRING, Resource.State.RETIRED)
    if entry is None or resource.state not in shown:
        return
    before, after = facet_key("state", entry.state), facet_key("state", resource.state)
    entry.keys = sorted({*entry.keys, after} - ({before} if before != after else set()))
    entry.state, entry.retired = resource.state, resource.state == Resource.State.RETIRED
    entry.save(update_fields=["keys", "state", "retired"])
