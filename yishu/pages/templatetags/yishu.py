"""The elements of Yishu's pages: ``{% load yishu %}``. Every argument is a plain value; nothing here reads the database.

=============================================================== ================================================================
``{% icon "search" %}``                                          decorative icon (names: pages/assets/icons.json)
``{% asset "yishu/yishu.css" %}``                                address of a static file that changes with its content
``{% article reference %}``                                      article chip linking to ``/law/<pack>/<row>/``; empty for None
``{% clock_light due today total=5 reference=ref %}``            light, days left in words, days counted and not counted
``{% case_line steps %}``                                        steps: ``pages.parts.LineStep``
``{% problem_list problems %}``                                  ``kernel.errors.Problem`` list, e.g. ``error.problems``
``{% form_problems form %}``                                     all errors of a form at the top, linking to its fields
``{% field form.name %}``                                        label, article chip, widget, help, errors
``{% form_fields form %}``                                       every visible field, hidden ones too
``{% empty_state "标题" hint="…" url="…" label="…" %}``          what to do next when a list is empty
``{% receipt_seal state=… tree_size=… at=… digest=… url=… %}``   存证印
``{% share_type key title %}`` ``{% grade 2 %}`` ``{% badge %}`` labels
``{% sort_header "name" "名称" %}``                              sortable column head, keeps filters
``{% facet "kind" "类别" options %}``                            links that filter, keep the rest of the query
``{% search_box "按名称查找" %}``                                search within a list, keeps filters
``{% pagination page %}``                                        Django ``Page``, keeps filters
``{% saved_views %}``                                            常用筛选: open, save, delete (rows: context ``saved_views``)
``{% progress value total label %}``                             bar with its number in words
``{% code_block text id="curl" %}``                              text to copy
``{% confirm url "停用" "停用后不能恢复" tone="danger" %}``      a POST that asks first, without scripts
``{{ day|in_words }}`` ``{{ moment|moment }}`` ``{{ n|number }}`` dates, times, thousands
=============================================================== ================================================================
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.core.paginator import Page
from django.forms import BaseForm
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from yishu.kernel.errors import Problem
from yishu.kernel.references import Reference
from yishu.kernel.time import SHANGHAI
from yishu.kernel.time import in_words as words_of
from yishu.pages import widgets
from yishu.pages.clocks import ClockFace, Dueness, clock_face
from yishu.pages.parts import FacetOption, LineStep

register = template.Library()


@lru_cache(maxsize=64)
def _stamp(path: str, changed: float) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]


_found: dict[str, str] = {}
"""Where static files were found: a page asks for its icons' sprite dozens of times."""


@register.simple_tag
def asset(name: str) -> str:
    """The address of a static file, with a stamp of its content, so that browsers may keep it."""
    try:
        path = _found.get(name) or finders.find(name)
        if not isinstance(path, str):
            return static(name)
        changed = Path(path).stat().st_mtime
    except FileNotFoundError:  # found before and built anew since
        _found.pop(name, None)
        return static(name)
    _found[name] = path
    return f"{static(name)}?v={_stamp(path, changed)}"


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; decorative unless it has a label."""
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon" {}><use href="{}#{}"></use></svg>', role, asset("yishu/vendor/icons.svg"), name
    )


@register.simple_tag
def article(reference: Reference | Mapping[str, str] | None) -> SafeString:
    """The chip that names the article; takes a ``Reference``, its ``as_dict()``, or None (then nothing)."""
    if not reference:
        return SafeString("")
    given = reference if isinstance(reference, Reference) else Reference(**reference)
    return format_html(
        '<a class="y-article" href="{}" title="查看条文要点与规则取值">{}</a>', article_url(given), str(given)
    )


register.simple_tag(article, name="reference")


def article_url(reference: Reference) -> str:
    """Where the summary of an article stands; by row of the acceptance list where the reference has one."""
    return reverse("law-article", args=[reference.pack, reference.row or reference.article])


@register.inclusion_tag("pages/parts/clock_light.html")
def clock_light(
    due: Dueness,
    today: date,
    total: int | None = None,
    reference: Reference | None = None,
    provisional: bool = False,
    start: date | None = None,
) -> dict[str, Any]:
    """The clock of a case: ``due`` is a date, a ``law.clocks.Due``, or None (no clock in the text).

    ``total`` is the clock's length in working days (for amber at a fifth of it); with ``start`` (the date the clock
    started) the days counted and not counted are listed even when ``due`` is only a date.
    """
    face: ClockFace = clock_face(due, today=today, total=total, provisional=provisional, start=start)
    return {"face": face, "reference": reference}


@register.inclusion_tag("pages/parts/case_line.html")
def case_line(steps: Sequence[LineStep]) -> dict[str, Any]:
    """A procedure as a line of steps; each says its state in words too, not by colour alone."""
    return {"steps": steps}


@register.inclusion_tag("pages/parts/problem_list.html")
def problem_list(problems: Sequence[Problem], title: str = "") -> dict[str, Any]:
    """Everything that is wrong, in one list; nothing when the list is empty."""
    rows = [
        {"where": p.where, "what": p.what, "remedy": p.remedy, "reference": p.reference, "to": ""} for p in problems
    ]
    return {"rows": rows, "title": title or f"有 {len(rows)} 处需要改正"}


@register.inclusion_tag("pages/parts/problem_list.html")
def form_problems(form: BaseForm) -> dict[str, Any]:
    """All errors of a bound form, each linking to its field."""
    rows: list[dict[str, Any]] = [
        {"where": "", "what": text, "remedy": "", "reference": None, "to": ""} for text in form.non_field_errors()
    ]
    for bound in form:
        rows += [
            {
                "where": bound.label,
                "what": text,
                "remedy": "",
                "reference": widgets.reference_of(bound),
                "to": bound.id_for_label or bound.auto_id,
            }
            for text in bound.errors
        ]
    return {"rows": rows, "title": f"有 {len(rows)} 处需要改正，已填内容均已保留"}


@register.inclusion_tag("pages/parts/field.html")
def field(bound: BoundField, label: str = "") -> dict[str, Any]:
    """One field with label, the article that demands it, help and errors."""
    return {"bound": bound, "label": label or bound.label} | widgets.render(bound)


@register.inclusion_tag("pages/parts/form_fields.html")
def form_fields(form: BaseForm) -> dict[str, Any]:
    """Every field of a form, in its order."""
    return {"form": form}


@register.inclusion_tag("pages/parts/empty_state.html")
def empty_state(title: str, hint: str = "", url: str = "", label: str = "", icon_name: str = "inbox") -> dict[str, Any]:
    """An empty list says what to do next."""
    return {"title": title, "hint": hint, "url": url, "label": label, "icon_name": icon_name}


@register.inclusion_tag("pages/parts/receipt_seal.html")
def receipt_seal(
    state: str,
    number: str = "",
    tree_size: int | None = None,
    index: int | None = None,
    at: datetime | None = None,
    digest: str = "",
    url: str = "",
    verify: str = "",
) -> dict[str, Any]:
    """The seal of a receipt. ``state``: ``sealed`` (in the signed tree), ``pending`` (durable, proof within 2 s), ``broken``."""
    words = {"sealed": "已存证", "pending": "存证中", "broken": "验证不符"}
    return {
        "state": state,
        "words": words.get(state, state),
        "number": number,
        "tree_size": tree_size,
        "index": index,
        "at": at,
        "digest": digest,
        "url": url,
        "verify": verify,
    }


SHARE_TYPES = {"unconditional": "无条件共享", "conditional": "有条件共享", "withheld": "不予共享"}
"""Words for the three share types where a page has no pack view at hand."""


@register.simple_tag
def share_type(key: str, title: str = "") -> SafeString:
    """A badge for the share type; the words carry the meaning, the colour repeats it."""
    return format_html('<span class="y-badge y-share-{}">{}</span>', key, title or SHARE_TYPES.get(key, key))


@register.simple_tag
def grade(level: int | None) -> SafeString:
    """A badge for the data grade 1–4; 未定级 where there is none."""
    if not level:
        return format_html('<span class="y-badge y-grade-0">{}</span>', "未定级")
    return format_html('<span class="y-badge y-grade-{}">{}级</span>', level, level)


@register.simple_tag
def badge(words: str, tone: str = "plain") -> SafeString:
    """A badge; ``tone``: plain, info, good, warn, bad."""
    return format_html('<span class="y-badge y-tone-{}">{}</span>', tone, words)


def _query(context: Context, **changes: str | None) -> str:
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    query.pop("page", None)
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return "?" + query.urlencode()


@register.inclusion_tag("pages/parts/sort_header.html", takes_context=True)
def sort_header(context: Context, key: str, label: str, css: str = "") -> dict[str, Any]:
    """A column head that sorts by ``key`` (``?sort=key`` up, ``?sort=-key`` down) and keeps every filter."""
    now = context["request"].GET.get("sort", "") or context.get("sort", "")
    up, down = now == key, now == f"-{key}"
    return {
        "label": label,
        "css": css,
        "url": _query(context, sort=f"-{key}" if up else key),
        "aria": "ascending" if up else "descending" if down else "",
        "arrow": "arrow-up" if up else "arrow-down" if down else "arrows-sort",
    }


@register.inclusion_tag("pages/parts/facet.html", takes_context=True)
def facet(context: Context, key: str, label: str, options: Sequence[FacetOption]) -> dict[str, Any]:
    """Links that narrow a list to one value of ``key``; the chosen one clears it again."""
    now = context["request"].GET.get(key, "")
    rows = [
        {"option": o, "on": o.value == now, "url": _query(context, **{key: None if o.value == now else o.value})}
        for o in options
    ]
    return {"label": label, "rows": rows, "all_url": _query(context, **{key: None}), "none": not now}


@register.inclusion_tag("pages/parts/search_box.html", takes_context=True)
def search_box(context: Context, placeholder: str = "查找") -> dict[str, Any]:
    """Search within a list by ``?q=``; the other filters go along as hidden fields."""
    request: HttpRequest = context["request"]
    kept = [(name, value) for name, values in request.GET.lists() if name not in ("q", "page") for value in values]
    return {"q": request.GET.get("q", ""), "placeholder": placeholder, "kept": kept, "clear": _query(context, q=None)}


@register.inclusion_tag("pages/parts/pagination.html", takes_context=True)
def pagination(context: Context, page: Page[Any], unit: str = "条") -> dict[str, Any]:
    """Pages of a list with the total; keeps every filter."""
    base = _query(context)
    joint = base if base == "?" else base + "&"
    numbers = [
        {"number": n if isinstance(n, int) else None, "url": f"{joint}page={n}"}
        for n in page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    ]
    return {"page": page, "numbers": numbers, "joint": joint, "unit": unit}


@register.inclusion_tag("pages/parts/saved_views.html", takes_context=True)
def saved_views(context: Context) -> dict[str, Any]:
    """The reader's saved filters of this list, and saving the present ones; stands in a list's tools, needs no view code."""
    request: HttpRequest = context["request"]
    rows = list(context.get("saved_views") or ())
    kept = request.GET.copy()
    kept.pop("page", None)
    return {
        "rows": rows,
        "known": any(row["on"] for row in rows),
        "query": kept.urlencode()[:1000],
        "page": request.path,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("pages/parts/progress.html")
def progress(value: int, total: int = 100, label: str = "进度") -> dict[str, Any]:
    """A bar with its share in words; both are whole numbers."""
    return {"value": value, "total": total, "label": label, "percent": round(100 * value / total) if total else 0}


@register.inclusion_tag("pages/parts/code_block.html")
def code_block(text: str, id: str, label: str = "复制") -> dict[str, Any]:
    """Text to copy: credentials, examples. ``id`` is unique on the page."""
    return {"text": text, "id": id, "label": label}


@register.inclusion_tag("pages/parts/confirm.html", takes_context=True)
def confirm(
    context: Context, url: str, label: str, question: str, button: str = "确定", tone: str = "", icon_name: str = ""
) -> dict[str, Any]:
    """A POST that asks first, without scripts: opens a box with the question and the button. ``tone`` "danger": red."""
    return {
        "url": url,
        "label": label,
        "question": question,
        "button": button,
        "tone": tone,
        "icon_name": icon_name,
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def in_words(day: date | None) -> str:
    """``9月24日 周四``; the year stands in front when it is not this one."""
    if day is None:
        return "—"
    if isinstance(day, datetime):
        day = day.astimezone(SHANGHAI).date()
    return words_of(day, year=day.year != datetime.now(SHANGHAI).year)


@register.filter
def moment(at: datetime | None) -> str:
    """A moment in Asia/Shanghai: ``2026-09-24 15:04``."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if at else "—"


@register.filter
def number(value: int | None) -> str:
    """A whole number with thousands separated; a dash for none."""
    return f"{value:,}" if value is not None else "—"
