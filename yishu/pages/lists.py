"""What a list page reads from its address: search text, sorting, page. Bad values fall back, they never fail."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

M = TypeVar("M", bound=Model)
PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class ListQuery:
    """``text``: what is searched for, without control characters; ``order``: fields for ``order_by``; ``page``: from 1."""

    text: str
    sort: str
    order: tuple[str, ...]
    page: int


def read_list_query(request: HttpRequest, sorts: Mapping[str, tuple[str, ...]], default: str) -> ListQuery:
    """Read ``?q=&sort=&page=``. ``sorts`` maps a key to the fields it sorts by (up); ``-key`` turns them round."""
    raw = request.GET.get("q", "")[:100]
    text = "".join(c for c in unicodedata.normalize("NFKC", raw) if unicodedata.category(c)[0] != "C").strip()
    sort = request.GET.get("sort", "")
    if sort.removeprefix("-") not in sorts:
        sort = default
    fields = sorts[sort.removeprefix("-")]
    order = tuple(turned(f) for f in fields) if sort.startswith("-") else fields
    page = request.GET.get("page", "1")
    return ListQuery(text, sort, order, int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1)


def turned(field: str) -> str:
    """A field of ``order_by`` the other way round."""
    return field.removeprefix("-") if field.startswith("-") else f"-{field}"


def page_of(rows: QuerySet[M, Any], query: ListQuery, per_page: int = PER_PAGE) -> Page[M]:
    """The asked page of a queryset, or the nearest one there is."""
    return Paginator(rows, per_page).get_page(query.page)
