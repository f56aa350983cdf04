"""Finding published resources by text, without extension or ICU: characters and pairs of neighbours in a GIN index.

A search narrows by tokens (index) and confirms by substring, so it neither misses nor invents; hostile text is only text.
"""

import unicodedata
from collections.abc import Mapping
from datetime import date

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from yishu.catalogue.models import Resource, SearchEntry
from yishu.catalogue.rules import ResourceSpec

FILTERS = ("department", "share_type", "base_library", "update_cycle")
SORTS = ("relevance", "title", "-title", "published_on", "-published_on", "department", "-department")
_LONGEST_QUERY = 100
_MOST_WORDS = 8


def fold(text: str) -> str:
    """The form texts are compared in: NFKC, lower case, blanks joined, characters PostgreSQL cannot hold left out."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isprintable() else " " for c in plain if not "\ud800" <= c <= "\udfff").split())


def tokens(text: str) -> frozenset[str]:
    """Single characters and pairs of neighbours of every word of a folded text."""
    found: set[str] = set()
    for word in text.split(" "):
        found.update(word)
        found.update(word[i : i + 2] for i in range(len(word) - 1))
    return frozenset(found)


def query_words(text: str) -> tuple[str, ...]:
    """The words of a typed query, folded; at most 8 words of the first 100 characters."""
    return (
        tuple(dict.fromkeys(fold(text[:_LONGEST_QUERY]).split(" ")))[:_MOST_WORDS]
        if fold(text[:_LONGEST_QUERY])
        else ()
    )


def reindex(resource: Resource, spec: ResourceSpec, published_on: date) -> None:
    """Rewrite what the current version of a resource is found by; in the publishing transaction."""
    names = [item.name for item in spec.items]
    text = fold("\n".join([spec.title, str(spec.elements.get("summary", "")), *names, spec.department_name, spec.code]))
    SearchEntry.objects.update_or_create(
        resource=resource,
        defaults={
            "jurisdiction_id": spec.jurisdiction_id,
            "department_id": spec.department_id,
            "code": spec.code,
            "title": spec.title,
            "folded_title": fold(spec.title),
            "summary": spec.elements.get("summary", ""),
            "share_type": spec.share_type,
            "base_library": spec.elements.get("base_library", ""),
            "update_cycle": spec.update_cycle,
            "item_names": names,
            "published_on": published_on,
            "text": text,
            "tokens": sorted(tokens(text)),
        },
    )


def matching(jurisdiction_id: int, text: str, filters: Mapping[str, str]) -> QuerySet[SearchEntry]:
    """Published resources of a jurisdiction that hold every word of ``text`` and meet ``filters`` (keys: ``FILTERS``).

    Unknown filters are ignored; a filter value that cannot exist finds nothing. Unordered: see ``ordered``.
    """
    found = SearchEntry.objects.filter(jurisdiction_id=jurisdiction_id)
    for word in query_words(text):
        # Pairs suffice for the index, except for a word of one character.
        parts = [word] if len(word) == 1 else sorted({word[i : i + 2] for i in range(len(word) - 1)})
        found = found.filter(tokens__contains=parts, text__contains=word)
    for name in FILTERS:
        value = filters.get(name, "")
        if not value:
            continue
        if name == "department":
            number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else -1
            found = found.filter(department_id=number)
        else:
            found = found.filter(**{name: value.replace("\x00", "")})
    return found


def ordered(found: QuerySet[SearchEntry], text: str, sort: str) -> QuerySet[SearchEntry]:
    """Results in order: by ``sort`` (one of ``SORTS``), else exact title first, then title's beginning, title, the rest."""
    folded = fold(text[:_LONGEST_QUERY])
    rows = found.select_related("department")
    if sort in SORTS and sort != "relevance":
        key = sort.replace("department", "department__name")
        return rows.order_by(key, "title", "pk")
    if not folded:
        return rows.order_by("-published_on", "title", "pk")
    rank = Case(
        When(Q(folded_title=folded), then=Value(0)),
        When(Q(folded_title__startswith=folded), then=Value(1)),
        When(Q(folded_title__contains=folded), then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    return rows.annotate(rank=rank).order_by("rank", "title", "pk")


def facet_counts(jurisdiction_id: int, text: str, filters: Mapping[str, str], name: str) -> list[tuple[str, int]]:
    """How many results each value of one filter would leave, the other filters applied; most first."""
    others = {k: v for k, v in filters.items() if k != name}
    field = "department__name" if name == "department" else name
    rows = matching(jurisdiction_id, text, others).exclude(**{name: ""} if name != "department" else {"pk": -1})
    keys = ("department_id", field) if name == "department" else (field,)
    counted = rows.values_list(*keys).annotate(rows=Count("pk")).order_by("-rows", field)
    return [(str(row[0]), row[-1]) for row in counted]
