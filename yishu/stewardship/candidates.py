"""Finds items and resources that may be the same thing, by index: never a comparison of all with all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from django.db import connection
from django.db.models import Case, When

from yishu.catalogue import search
from yishu.catalogue.models import SearchEntry
from yishu.catalogue.rules import ResourceSpec
from yishu.stewardship import naming, rules
from yishu.stewardship.models import Datum, Member, Term

PER_NAME = 40
"""Most items of other departments looked at for one name."""
_MOST_TERMS = 2_000
_MOST_RESOURCES = 150
_MOST_WORDS = 4

_OF_NAMES = """
select d.id from unnest(%s::text[]) as n(normal) cross join lateral (
  select id from stewardship_datum
  where jurisdiction_id = %s and normal = n.normal and department_id <> %s
  order by jurisdiction_id, normal, department_id limit %s
) d
"""
"""In the order of the index ``datum_name``, so that the most common name costs no more than a rare one."""
_NEAR = """
select distinct t.normal, t.meaning from unnest(%s::varchar[]) as k(key) cross join lateral (
  select normal, meaning from stewardship_term where near @> array[k.key] and jurisdiction_id = %s limit %s
) t
"""
"""One index probe for each key: for many keys at once PostgreSQL would rather read every name there is."""
_PER_KEY = 50
_SOURCES = 200
"""Most items of clusters already made that are looked at besides."""


def thing(name: str, title: str, data_type: str, subject_kind: str) -> rules.Thing:
    """An item as ``rules.alike`` compares it; an unknown kind of subject counts as other."""
    return rules.Thing(name, title, data_type, subject_kind or "other")


def thing_of(datum: Datum) -> rules.Thing:
    """A published item as ``rules.alike`` compares it."""
    return thing(datum.name, datum.title, datum.data_type, datum.subject_kind)


class Named(Protocol):
    """An item as drafted or as published."""

    @property
    def name(self) -> str: ...
    @property
    def identifier(self) -> str: ...
    @property
    def column(self) -> str: ...
    @property
    def data_type(self) -> str: ...


N = TypeVar("N", bound=Named)


def comparable(items: Iterable[N]) -> list[N]:
    """The items the registry compares: identifiers stand in every resource and are nobody's datum."""
    return [i for i in items if not i.identifier and naming.normal(i.name)]


def index_resource(spec: ResourceSpec) -> None:
    """Rewrite what the registry knows of a resource's items; an item keeps its row, a gone item's row goes with its ruling."""
    items = comparable(spec.items)
    before = {d.column: d for d in Datum.objects.filter(resource_id=spec.id)}
    subject = str(spec.elements.get("subject_kind", ""))
    new, changed = [], []
    for item in items:
        values = {
            "jurisdiction_id": spec.jurisdiction_id, "department_id": spec.department_id, "resource_id": spec.id, "column": item.column,
            "name": item.name, "normal": naming.normal(item.name), "data_type": item.data_type, "subject_kind": subject,
            "title": spec.title,
        }  # fmt: skip
        old = before.pop(item.column, None)
        if old is None:
            new.append(Datum(**values))
        elif any(getattr(old, k) != v for k, v in values.items()):
            for name, value in values.items():
                setattr(old, name, value)
            changed.append(old)
    if before:
        Datum.objects.filter(pk__in=[d.pk for d in before.values()]).delete()
    _learn(spec.jurisdiction_id, {naming.normal(i.name): i.name for i in items})
    Datum.objects.bulk_create(new)
    Datum.objects.bulk_update(changed, ["department_id", "name", "normal", "data_type", "subject_kind", "title"])


def forget_resource(resource_id: int) -> None:
    """Take a retired resource out of the registry."""
    Datum.objects.filter(resource_id=resource_id).delete()


def _learn(jurisdiction_id: int, names: Mapping[str, str]) -> None:
    """Note names not seen before in a jurisdiction; in a fixed order, so that two publications cannot block each other."""
    known = set(Term.objects.filter(jurisdiction_id=jurisdiction_id, normal__in=names).values_list("normal", flat=True))
    fresh = [
        Term(
            jurisdiction_id=jurisdiction_id, normal=normal, meaning=naming.meaning(name),
            near=list(naming.near_keys(normal)),
        )
        for normal, name in sorted(names.items())
        if normal not in known
    ]  # fmt: skip
    Term.objects.bulk_create(fresh, ignore_conflicts=True)


def near_terms(jurisdiction_id: int, names: Iterable[str]) -> dict[str, list[str]]:
    """For each name, the folded names in use that are the same, one edit away, or mean the same."""
    normals = {name: naming.normal(name) for name in names if naming.normal(name)}
    meanings = {name: naming.meaning(name) for name in normals}
    keys = {name: set(naming.near_keys(normal)) for name, normal in normals.items()}
    found = Term.objects.filter(jurisdiction_id=jurisdiction_id)
    every = sorted({k for held in keys.values() for k in held})
    with connection.cursor() as cursor:
        cursor.execute(_NEAR, [every, jurisdiction_id, _PER_KEY])
        rows: list[tuple[str, str]] = cursor.fetchall()
    rows += found.filter(meaning__in=set(meanings.values()) - {""}).values_list("normal", "meaning")[:_MOST_TERMS]
    terms = dict(rows)
    near: dict[str, list[str]] = {}
    for name, normal in normals.items():
        close = [
            other
            for other, meaning in terms.items()
            if meaning == meanings[name] or (len(normal) > 3 and naming.edits(normal, other) <= 1)
        ]
        near[name] = sorted({normal, *close})
    return near


def similar_data(jurisdiction_id: int, names: Iterable[str], *, without: int) -> dict[str, list[Datum]]:
    """For each name, items of other departments (``without`` is one's own) whose names are near it; at most ``PER_NAME`` of one name.

    Items that stand in clusters already come besides, the decided sources first.
    """
    near = near_terms(jurisdiction_id, names)
    wanted = sorted({normal for close in near.values() for normal in close})
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_OF_NAMES, [wanted, jurisdiction_id, without, PER_NAME])
        ids = {row[0] for row in cursor.fetchall()}
    known = Member.objects.filter(
        cluster__jurisdiction_id=jurisdiction_id, cluster__meaning__in={naming.meaning(n) for n in near} - {""}
    ).exclude(datum__department_id=without)
    sources_first = Case(When(ruling=Member.Ruling.SOURCE, then=0), default=1)
    ids.update(known.order_by(sources_first, "-score").values_list("datum_id", flat=True)[:_SOURCES])
    by_normal: dict[str, list[Datum]] = {}
    rows = Datum.objects.filter(pk__in=ids).select_related("department", "resource", "member__cluster", "profile")
    for datum in rows.order_by("pk"):
        by_normal.setdefault(datum.normal, []).append(datum)
    return {name: [d for normal in close for d in by_normal.get(normal, ())] for name, close in near.items()}


@dataclass(frozen=True, slots=True)
class Match:
    """A published resource suggested for a demand, material or plan, with why."""

    entry: SearchEntry
    score: float
    words: tuple[str, ...]
    found: tuple[str, ...] = ()


def likely_entries(jurisdiction_id: int, title: str, items: Sequence[str] = ()) -> list[SearchEntry]:
    """Published resources that share a word of the title or an item's name; a bounded number, found by index."""
    plain = naming.normal(title)
    words = sorted(naming.cut(plain), key=len, reverse=True)[:_MOST_WORDS]
    ids: set[int] = set()
    for query in dict.fromkeys([" ".join(words), *words]):
        if query:
            found = search.matching(jurisdiction_id, query, {}).order_by().values_list("pk", flat=True)
            ids.update(found[:_MOST_RESOURCES])
    if items:
        for data in similar_data(jurisdiction_id, list(items)[:60], without=-1).values():
            ids.update(d.resource_id for d in data)
    return list(SearchEntry.objects.filter(pk__in=ids).select_related("department", "resource"))


def suggestions(
    jurisdiction_id: int, title: str, items: Sequence[str], *, without: int = -1, most: int = 10
) -> list[Match]:
    """Published resources that may meet a demand, the best first (``rules.SUGGESTED``); ``without``: not of this department."""
    found = []
    for entry in likely_entries(jurisdiction_id, title, items):
        if entry.department_id == without:
            continue
        fit = rules.fit(title, items, entry.title, entry.item_names)
        if fit.score >= rules.SUGGESTED or (items and fit.items == 1):
            found.append(Match(entry, fit.score, fit.words, fit.found))
    return sorted(found, key=lambda m: (-m.score, m.entry.title, m.entry.pk))[:most]
