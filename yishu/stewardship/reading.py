"""What every page here begins with: who reads, under which law, and how a list's address is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from yishu.kernel.time import shanghai_date
from yishu.law import values
from yishu.law.packs import Missing, View
from yishu.orgs.models import Department, Jurisdiction, Person
from yishu.orgs.reading import signed_in
from yishu.pages.parts import FacetOption
from yishu.stewardship import access
from yishu.stewardship.rules import split_names

MOST_FACETS = 12


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is signed in, where, under which law, when."""

    person: Person
    home: Jurisdiction
    view: View
    at: datetime

    @property
    def authority(self) -> bool:
        """Whether the reader acts for the authority."""
        return access.is_authority(self.person, self.at)

    def clerk_of(self) -> list[Department]:
        """The departments the reader is a clerk of."""
        return list(access.own_departments(self.person, self.at, *access.CLERKS).select_related("jurisdiction"))


def reader(request: HttpRequest) -> Reader:
    """The reader of a page. Raises NotAllowed for an account without department."""
    person = signed_in(request)
    home, at = access.home_of(person), timezone.now()
    return Reader(person, home, home.law.at(shanghai_date(at)), at)


def whole(text: str | None) -> int | None:
    """A primary key from an address or form, None for anything else."""
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def revision(request: HttpRequest) -> int:
    """The revision a form was shown with; one that cannot be is never current."""
    found = whole(request.POST.get("revision"))
    return -1 if found is None else min(found, 2_000_000_000)


def chosen(request: HttpRequest, name: str, allowed: Iterable[str]) -> str:
    """A facet's value from the address, empty unless it is one of the allowed."""
    value = request.GET.get(name, "")
    return value if value in set(allowed) else ""


def state_facet(rows: QuerySet[Model], field: str, titles: Mapping[str, str]) -> list[FacetOption]:
    """How many rows stand in each state; states without any are left out."""
    counts = dict(rows.order_by().values_list(field).annotate(n=Count("pk", distinct=True)))
    return [FacetOption(key, title, counts[key]) for key, title in titles.items() if counts.get(key)]


def department_facet(rows: QuerySet[Model], field: str = "department") -> list[FacetOption]:
    """The departments with most rows."""
    counted = rows.order_by().values_list(f"{field}_id", f"{field}__name").annotate(n=Count("pk", distinct=True))
    found = counted.exclude(**{field: None}).order_by("-n", f"{field}__name")[:MOST_FACETS]
    return [FacetOption(str(pk), str(name), n) for pk, name, n in found]


def department_choices(home: Jurisdiction, *, without: Iterable[int] = (), empty: str = "") -> list[tuple[str, str]]:
    """The active departments of a jurisdiction for a select field."""
    rows = Department.objects.filter(jurisdiction=home, active=True).exclude(pk__in=list(without))
    first = [("", empty)] if empty else []
    return first + [(str(pk), name) for pk, name in rows.values_list("pk", "name")]


def cycle_titles(view: View) -> dict[str, str]:
    """The words of the update cycles."""
    try:
        return {o.key: o.title for o in values.options(view, "update_cycles")}
    except Missing:
        return {}


class NamesField(forms.CharField):
    """A pasted list of names; cleans to a tuple (``rules.split_names``)."""

    def __init__(self, *, rows: int = 6, most: int = 20_000, **kwargs: object) -> None:
        super().__init__(max_length=most, widget=forms.Textarea(attrs={"rows": rows}), **kwargs)  # type: ignore[arg-type]

    def clean(self, value: object) -> tuple[str, ...]:
        """The names in their order, without numbering, blanks and repetitions."""
        return split_names(str(super().clean(value) or ""))
