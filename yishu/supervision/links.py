"""Where each number leads: the list that counts what it says, narrowed to the department."""

from collections.abc import Callable, Mapping

from django.urls import reverse
from django.utils.http import urlencode


def _with(path: str, **query: str | int | None) -> str:
    asked = {name: value for name, value in query.items() if value is not None and value != ""}
    return f"{path}?{urlencode(asked)}" if asked else path


def _resources(**query: str) -> Callable[[int | None], str]:
    return lambda pk: _with(reverse("supervision-resources"), **query, department=pk)


def _cases(**query: str) -> Callable[[int | None], str]:
    return lambda pk: _with(reverse("work-list"), tab="open", **query, turn=pk)


def _list(name: str, **query: str) -> Callable[[int | None], str]:
    return lambda pk: _with(reverse(name), **query, department=pk)


def _page(every: str, one: str, **query: str) -> Callable[[int | None], str]:
    """A list over all departments, and a page for each."""
    return lambda pk: _with(reverse(every), **query) if pk is None else reverse(one, args=[pk])


def _gaps(pk: int | None) -> str:
    if pk is None:
        return _with(reverse("stewardship-completeness"), state="gaps")
    return _with(reverse("stewardship-tables", args=[pk]), state="gap")


_RESPONSIBILITIES = ("stewardship-responsibilities", "stewardship-responsibility")
LINKS: Mapping[str, Callable[[int | None], str]] = {
    "in_service": _resources(state="in_service"),
    "draft": _resources(state="draft"),
    "submitted": _resources(state="submitted"),
    "returned": _resources(state="returned"),
    "retiring": _resources(state="retiring"),
    "unconditional": _resources(share_type="unconditional"),
    "conditional": _resources(share_type="conditional"),
    "withheld": _resources(share_type="withheld"),
    "tables": _page("stewardship-completeness", "stewardship-tables"),
    "gaps": _gaps,
    "duties": _page(*_RESPONSIBILITIES),
    "kept": _page(*_RESPONSIBILITIES),
    "unacknowledged": _page(*_RESPONSIBILITIES, state="waiting"),
    "late_loads": _resources(state="late"),
    "waiting": _cases(),
    "green": _cases(light="green"),
    "amber": _cases(light="amber"),
    "red": _cases(light="red"),
    "urged": _cases(urged="1"),
    "opened": lambda pk: _with(reverse("work-list"), tab="open", department=pk),
    "changes": _list("catalogue-changes", state="open"),
    "changes_late": _list("catalogue-changes", state="late"),
    "demands_submitted": _list("stewardship-demands", state="submitted"),
    "demands_open": _list("stewardship-demands", state="approved"),
    "sources": _list("stewardship-sources", state="open"),
    "unfiled": lambda pk: reverse("registers-filings"),
    "profile": lambda pk: (
        _with(reverse("orgs-departments"), profile="incomplete")
        if pk is None
        else reverse("orgs-department", args=[pk])
    ),
}
"""Measure → the address for a department (its primary key), or over all (None)."""


def link(measure: str, department_id: int | None = None) -> str:
    """Where a number of a department leads; None: the number over all departments."""
    return LINKS[measure](department_id)
