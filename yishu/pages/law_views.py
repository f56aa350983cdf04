"""The pages of the law: every pack, its articles with their values, and packs side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from yishu.kernel.errors import NotFound
from yishu.kernel.references import Reference
from yishu.kernel.time import shanghai_date
from yishu.law import packs, vocabulary
from yishu.law.compare import KINDS, Row, compare, title_of
from yishu.law.instruments import WHOLE_TEXT, article_of
from yishu.law.kinds import OverlayDecision
from yishu.pages.lists import read_list_query
from yishu.pages.parts import FacetOption
from yishu.pages.values import values_at

MAX_PACKS = 8
"""Most packs side by side; more cannot be read."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision of an overlay, as a page shows it."""

    key: str
    title: str
    pack_name: str
    outcome: str
    reason: str
    local: Reference
    national: Reference
    since: date


@login_required
def law_home(request: HttpRequest) -> HttpResponse:
    """The packs of the platform with their standing today."""
    day = shanghai_date(timezone.now())
    rows = [{"pack": pack, "standing": packs.standing(pack, day)} for pack in map(packs.load, packs.pack_ids())]
    return render(request, "pages/law_home.html", {"rows": rows})


@login_required
def law_pack(request: HttpRequest, pack_id: str) -> HttpResponse:
    """A pack: where it stands, every article in our own summary, and what its overlay decides."""
    pack = packs.load(pack_id)
    context = {
        "pack": pack,
        "standing": packs.standing(pack, shanghai_date(timezone.now())),
        "line": packs.line(pack),
        "articles": pack.articles.values(),
        "annexes": pack.annexes.values(),
        "decided": list(_decided(pack)),
        "silent": pack.silent.values(),
    }
    return render(request, "pages/law_pack.html", context)


@login_required
def law_article(request: HttpRequest, pack_id: str, place: str) -> HttpResponse:
    """An article: our summary, the values the platform takes from it today, the decisions that touch it, and its line of packs."""
    pack = packs.load(pack_id)
    if place == WHOLE_TEXT:  # what rests on the text as a whole, or on its silence
        return redirect("law-pack", pack_id)
    view = pack.at(shanghai_date(timezone.now()))
    try:
        article = view.article(place)
    except packs.Missing as missing:
        raise NotFound(
            f"《{pack.instrument}》中没有“{place[:40]}”", remedy="请从法规页面重新进入", code="pages.no_article"
        ) from missing
    context = {
        "pack": pack,
        "standing": view.standing(),
        "article": article,
        "values": values_at(view, article.reference),
        "decided": list(_touching(article.reference)),
        "line": packs.line(pack),
        "back": request.headers.get("Referer", "") if _own_page(request) else "",
    }
    return render(request, "pages/law_article.html", context)


@login_required
def law_compare(request: HttpRequest) -> HttpResponse:
    """Packs side by side on a date: ``?packs=a,b&on=&mode=&kind=&only=&q=``. What cannot be read falls back and is said."""
    known = packs.pack_ids()
    asked = [part for text in request.GET.getlist("packs") for part in text.split(",")]
    chosen = list(dict.fromkeys(p for p in asked if p in known))[:MAX_PACKS] or _with_text(known)[:MAX_PACKS]
    day, day_problem = _day(request.GET.get("on", ""))
    mode = request.GET.get("mode", "")
    mode = mode if mode in packs.MODES else "as_written"
    kind = request.GET.get("kind", "clocks")
    kind = kind if kind in (*KINDS, "all") else "clocks"
    text = read_list_query(request, {"key": ("key",)}, "key").text
    views = [packs.Law(pack_id, mode).at(day) for pack_id in chosen]
    rows = [row for row in compare(views) if not text or text.casefold() in f"{row.key} {row.title}".casefold()]
    counts = {name: sum(row.kind == name for row in rows) for name in KINDS}
    only = request.GET.get("only") == "1"
    shown = [row for row in rows if kind in ("all", row.kind) and (row.differs or not only)]
    context = {
        "views": [{"view": view, "pack": view.pack, "standing": view.standing()} for view in views],
        "choices": [{"pack": packs.load(p), "on": p in chosen} for p in known],
        "day": day,
        "day_problem": day_problem,
        "mode": mode,
        "modes": packs.MODES.items(),
        "kind": kind,
        "only": only,
        "text": text,
        "kinds": [
            FacetOption("all", "全部", sum(counts.values())),
            *(FacetOption(name, title, counts[name]) for name, title in KINDS.items()),
        ],
        "sections": list(_sections(shown)),
        "outcomes": vocabulary.OVERLAY_OUTCOMES,
        "differing": sum(row.differs for row in shown),
        "total": len(shown),
    }
    return render(request, "pages/law_compare.html", context)


def _sections(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    for kind, title in KINDS.items():
        found = [row for row in rows if row.kind == kind]
        if found:
            yield title, found


def _with_text(known: tuple[str, ...]) -> list[str]:
    return [pack_id for pack_id in known if not packs.load(pack_id).is_empty]


def _day(text: str) -> tuple[date, str]:
    today = shanghai_date(timezone.now())
    if not text:
        return today, ""
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return today, f"“{text[:20]}”不是日期，以下按今天显示"


def _decided(pack: packs.Pack) -> Iterator[Decided]:
    """Every decision of a pack's overlay."""
    if pack.overlay:
        for decision in pack.overlay.decisions.values():
            yield _shown(pack, decision, pack.overlay.since)


def _shown(pack: packs.Pack, decision: OverlayDecision, since: date) -> Decided:
    note = decision.note
    outcome = vocabulary.OVERLAY_OUTCOMES.get(note.outcome, note.outcome)
    title = note.title or title_of(decision.key)
    return Decided(decision.key, title, pack.name, outcome, note.reason, note.local, note.national, since)


def _touching(place: Reference) -> Iterator[Decided]:
    """The decisions of any pack that cite an article, as local or as national law."""
    wanted = article_of(place.article) or place.article
    for pack_id in packs.pack_ids():
        for decided in _decided(packs.load(pack_id)):
            for cited in (decided.local, decided.national):
                if cited.pack == place.pack and (article_of(cited.article) or cited.article) == wanted:
                    yield decided
                    break


def _own_page(request: HttpRequest) -> bool:
    return request.headers.get("Referer", "").startswith(request.build_absolute_uri("/"))
