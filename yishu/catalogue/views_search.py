"""The catalogue's search page and what it suggests while somebody types. Everything stands in the URL, so a search can be kept."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from yishu.catalogue import guide, queries, retiring, search, suggestions
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.models import Resource, SearchEntry
from yishu.catalogue.reading import reader
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Department, Jurisdiction
from yishu.pages.parts import FacetOption

PAGE = 20
_SHOWN = 40
"""Values a facet offers when there are more."""
_STATES = (Resource.State.PUBLISHED, Resource.State.RETIRING, Resource.State.RETIRED)
TITLES: Mapping[str, str] = {
    "share_type": "共享类型",
    "department": "提供部门",
    "base_library": "基础库",
    "theme_library": "主题库",
    "document_class": "证照文书合同",
    "source_kind": "来源方式",
    "open_type": "开放类型",
    "format_class": "资源格式",
    "update_cycle": "更新周期",
    "state": "状态",
}
"""The facets in the order of the page."""
_LISTS = {
    "share_type": "share_types",
    "base_library": "base_libraries",
    "theme_library": "theme_libraries",
    "document_class": "equivalent_classes",
    "source_kind": "source_kinds",
    "open_type": "open_types",
}
_FOLDED = (
    "base_library",
    "theme_library",
    "document_class",
    "source_kind",
    "open_type",
    "format_class",
    "update_cycle",
    "state",
)
"""Facets that stand under 更多筛选 until one of them is used."""


def labels(law: Demands, jurisdiction: Jurisdiction) -> dict[str, dict[str, str]]:
    """What people read for each value of each facet, in the order of the law's lists; departments by name."""
    departments = Department.objects.filter(jurisdiction=jurisdiction).order_by("name").values_list("pk", "name")
    return {
        **{name: {o.key: o.title for o in law.options(list_)} for name, list_ in _LISTS.items()},
        "update_cycle": {e.key: e.title for e in guide.entries(law, "update_cycles")},
        "format_class": {e.key: e.title for e in guide.entries(law, "format_classes")},
        "state": {state.value: str(state.label) for state in _STATES},
        "department": {str(pk): name for pk, name in departments},
    }


def _options(name: str, held: Mapping[str, str], found: search.Found) -> list[FacetOption]:
    """A facet's values: with counts when everything found is listed, else those in the list first, without counts."""
    counts = search.counted(found, name)
    if not found.more:
        return [FacetOption(value, held.get(value, value), rows) for value, rows in counts][:_SHOWN]
    values = list(dict.fromkeys([*(value for value, _ in counts), *held]))
    return [FacetOption(value, held.get(value, value)) for value in values[:_SHOWN]]


def _facets(
    jurisdiction: Jurisdiction,
    text: str,
    filters: Mapping[str, str],
    titles: Mapping[str, Mapping[str, str]],
    found: search.Found,
) -> list[dict[str, Any]]:
    """The facets of the page; a chosen one counts what its other values would leave."""
    rows = []
    for name, title in TITLES.items():
        base = found
        if filters[name]:
            base = search.find(jurisdiction.pk, found.meant or text, {**filters, name: ""})
        options = _options(name, titles[name], base)
        if filters[name] and all(o.value != filters[name] for o in options):
            options.append(FacetOption(filters[name], titles[name].get(filters[name], filters[name])))
        whole = len(options) == 1 and options[0].count == len(base.hits)  # it would narrow nothing
        if filters[name] or (options and not whole):
            rows.append({"name": name, "title": title, "options": options, "folded": name in _FOLDED})
    return rows


@login_required
@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    """``/catalogue/``: published resources by text and facets; everything stands in the URL."""
    person, jurisdiction = reader(request)
    law = demands(jurisdiction.law, shanghai_date(timezone.now()))
    query = request.GET.dict()
    text, sort = query.get("q", "").replace("\x00", ""), query.get("sort", "")
    filters = {name: query.get(name, "") for name in search.FILTERS}
    titles = labels(law, jurisdiction)
    found = suggestions.find_or_meant(jurisdiction.pk, text, filters, sort, department_names=titles["department"])
    paginator = Paginator(found.ids, PAGE)
    paginator.more = found.more  # type: ignore[attr-defined]
    page = paginator.get_page(query.get("page"))
    facets = _facets(jurisdiction, text, filters, titles, found)
    context = {
        "page": page,
        "rows": _rows(list(page.object_list), titles),
        "facets": [f for f in facets if not f["folded"]],
        "folded": [f for f in facets if f["folded"]],
        "unfolded": any(filters[name] for name in _FOLDED),
        "narrowed": bool(text) or any(filters.values()),
        "found": found,
        "most": search.MOST,
        "meant": _reading(request, found.meant) if found.meant else None,
        "others": [_reading(request, other) for other in found.others],
        "search_everywhere": text,
        "q": text,
        "provides": bool(queries.departments_of(person)),
        "sorts": (
            ("", "相关度" if text else "最近发布"),
            ("title", "名称"),
            ("-published_on", "最近发布"),
            ("department", "提供部门"),
        ),
        "sort": sort,
        "reference": law.reference("catalogue.required_before_load"),
        "kept": [(k, v) for k, v in query.items() if k not in ("sort", "page")],
        "filters": [(k, v) for k, v in query.items() if k not in ("q", "page")],
        "export_query": request.GET.urlencode(),
    }
    return render(request, "catalogue/search.html", context)


def _reading(request: HttpRequest, text: str) -> dict[str, str]:
    kept = request.GET.copy()
    kept["q"] = text
    kept.pop("page", None)
    return {"text": text, "url": f"?{kept.urlencode()}"}


def _rows(ids: list[int], titles: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    entries = SearchEntry.objects.defer("text", "pinyin", "keys").select_related("department").in_bulk(ids)
    gone = retiring.replacements(pk for pk, entry in entries.items() if entry.retired)
    return [
        {
            "entry": entry,
            "replacement": gone.get(entry.resource_id),
            "share_title": titles["share_type"].get(entry.share_type, entry.share_type),
            "cycle": titles["update_cycle"].get(entry.update_cycle, entry.update_cycle),
            "items": entry.item_names[:8],
            "more": max(0, len(entry.item_names) - 8),
        }
        for entry in (entries[pk] for pk in ids if pk in entries)
    ]


@login_required
@require_GET
def suggest(request: HttpRequest) -> HttpResponse:
    """``/catalogue/suggest/?q=``: a fragment with what may be meant, each a link to its search; empty when nothing begins so."""
    _, jurisdiction = reader(request)
    found = suggestions.suggest(jurisdiction.pk, request.GET.get("q", "").replace("\x00", ""))
    rows = [{"text": text, "url": f"{reverse('catalogue')}?{urlencode({'q': text})}"} for text in found]
    return render(request, "catalogue/parts/suggestions.html", {"rows": rows})
