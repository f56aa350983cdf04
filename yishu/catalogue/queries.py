"""Reads of the catalogue: the published form of a resource, search, drafts of a department, suspected duplicates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from yishu.cases.models import Case
from yishu.catalogue import folding, search
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.models import Resource, SearchEntry, Version
from yishu.catalogue.rules import ResourceSpec, from_json
from yishu.kernel.errors import NotFound
from yishu.orgs.models import Jurisdiction, Person, RoleKind
from yishu.orgs.queries import departments_as

PROCEDURE = "catalogue.review"


def published(
    *, code: str | None = None, id: int | None = None, jurisdiction: Jurisdiction | None = None
) -> ResourceSpec:
    """The current published version of a resource, by code (either form) or id, within ``jurisdiction`` when given.

    Raises NotFound when it does not exist, was never published or is retired; the reader may not know which.
    """
    versions = Version.objects.filter(number=F("resource__version")).exclude(resource__state=Resource.State.RETIRED)
    if id is not None:
        versions = versions.filter(resource_id=id)
    elif code is not None:
        versions = versions.filter(resource__code=code.replace("-", "/"))
    else:
        raise ValueError("published() needs a code or an id")
    if jurisdiction is not None:
        versions = versions.filter(resource__jurisdiction=jurisdiction)
    snapshot = versions.values_list("snapshot", flat=True).first()
    if snapshot is None:
        raise NotFound(
            "目录中没有这个已发布的信息资源",
            remedy="请在目录检索中核对资源名称或代码",
            object_=code or "",
            code="catalogue.not_found",
        )
    return from_json(snapshot)


def published_version(resource_id: int, number: int) -> ResourceSpec:
    """One earlier or current version of a resource as it was published. Raises NotFound."""
    snapshot = Version.objects.filter(resource_id=resource_id, number=number).values_list("snapshot", flat=True).first()
    if snapshot is None:
        raise NotFound("没有这个版本", remedy="请在资源页查看已有版本", code="catalogue.version_not_found")
    return from_json(snapshot)


def published_resources(
    jurisdiction: Jurisdiction, text: str = "", filters: Mapping[str, str] | None = None, sort: str = ""
) -> QuerySet[SearchEntry]:
    """Published resources of a jurisdiction by text and filters, in order (see ``catalogue.search``)."""
    return search.ordered(search.matching(jurisdiction.pk, text, filters or {}), text, sort)


def departments_of(person: Person, kind: str = RoleKind.PROVIDER) -> tuple[int, ...]:
    """Ids of the active departments a person acts in a role for, those of people they stand in for included."""
    return tuple(departments_as(person, timezone.now(), kind).values_list("pk", flat=True))


def resources_of(person: Person) -> QuerySet[Resource]:
    """Working copies a person may see: those of departments where they are provider or responsible, latest first."""
    ids = (*departments_of(person), *departments_of(person, RoleKind.RESPONSIBLE))
    return Resource.objects.filter(department_id__in=ids).select_related("department").order_by("-updated_at", "pk")


def open_case(resource: Resource) -> Case | None:
    """The running review of a resource's working copy, or None."""
    cases = Case.objects.filter(procedure=PROCEDURE, subject_id=str(resource.pk), closed_at=None)
    return cases.select_related("jurisdiction", "department", "provider").first()


def open_cases(resources: Iterable[Resource]) -> dict[int, Case]:
    """The running reviews of several working copies by resource id, in one query."""
    ids = [str(resource.pk) for resource in resources]
    cases = Case.objects.filter(procedure=PROCEDURE, subject_id__in=ids, closed_at=None)
    return {int(c.subject_id): c for c in cases.select_related("jurisdiction", "department", "provider")}


@dataclass(frozen=True, slots=True)
class Similar:
    """A published resource of another department that looks like the same datum. ``why`` is Chinese, for people."""

    resource_id: int
    code: str
    title: str
    department: str
    why: str


_TITLE_ALIKE = 0.7
_ITEMS_ALIKE = 0.8
_FEWEST_ITEMS = 4
_MOST_SIMILAR = 10
_LOOKED_AT = 10_000


def _alike(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / len(left | right) if left | right else 0.0


def _pairs(folded: str) -> frozenset[str]:
    plain = folded.replace(" ", "")
    return frozenset(plain[i : i + 2] for i in range(len(plain) - 1)) or frozenset(plain)


def similar_published(
    *, jurisdiction_id: int, department_id: int, title: str, items: tuple[ItemDraft, ...]
) -> tuple[Similar, ...]:
    """Published resources of other departments with the same or a similar title, or nearly the same items.

    Alike: 70 % of the titles' character pairs, or 80 % of at least four item names. Most alike first, at most ten.
    The thresholds are the platform's, not the law's: they only ask for an explanation that the authority then judges.
    The index leads to the entries that can be so alike (``search.telling``); of very many, those of the same title and ``_LOOKED_AT`` more.
    """
    fold = cache(folding.fold)  # the same few names stand in many entries
    mine, names = _pairs(fold(title)), frozenset(fold(i.name) for i in items)
    others = SearchEntry.objects.filter(jurisdiction_id=jurisdiction_id, retired=False).exclude(
        department_id=department_id
    )
    alternatives = [
        *search.telling(folding.keys("t", mine), _TITLE_ALIKE, 1),
        *search.telling(folding.keys("m", names), _ITEMS_ALIKE, _FEWEST_ITEMS),
    ]
    near = others.filter(reduce(or_, (Q(keys__contains=held) for held in alternatives), Q(pk__in=())))
    same = others.filter(folded_title=fold(title))
    found: dict[int, tuple[float, str, str]] = {}
    for rows in (same[:_MOST_SIMILAR], near[:_LOOKED_AT]):
        for pk, code, folded, held in rows.values_list("pk", "code", "folded_title", "item_names").iterator(5_000):
            score, why = _likeness(mine, names, _pairs(folded), frozenset(map(fold, held)))
            if why:
                found[pk] = (-score, code, why)
    first = sorted(found, key=lambda pk: found[pk])[:_MOST_SIMILAR]
    entries = SearchEntry.objects.select_related("department").in_bulk(first)
    return tuple(
        Similar(pk, e.code, e.title, e.department.name, found[pk][2]) for pk in first if (e := entries.get(pk))
    )


def _likeness(
    mine: frozenset[str], names: frozenset[str], pairs: frozenset[str], theirs: frozenset[str]
) -> tuple[float, str]:
    """How alike an entry with these pairs of its title and these items is, and why; no words when it is not."""
    by_title = _alike(mine, pairs)
    common = len(names & theirs)
    by_items = _alike(names, theirs) if common >= _FEWEST_ITEMS else 0.0
    score = max(by_title, by_items)
    if by_title >= _TITLE_ALIKE:
        return score, "名称相同" if by_title == 1 else "名称相近"
    return score, f"{common} 个信息项相同" if by_items >= _ITEMS_ALIKE else ""
