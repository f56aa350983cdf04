"""The pages every platform has: an article with its values, and the error pages."""

import sys

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from yishu.kernel.errors import NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.lake.errors import FULL, LakeFull
from yishu.law import packs
from yishu.pages import errors
from yishu.pages.values import values_at


@login_required
def law_home(request: HttpRequest) -> HttpResponse:
    """The packs of the platform with their standing today."""
    day = shanghai_date(timezone.now())
    rows = [{"pack": pack, "standing": pack.at(day).standing()} for pack in map(packs.load, packs.pack_ids())]
    return render(request, "pages/law_home.html", {"rows": rows})


@login_required
def law_pack(request: HttpRequest, pack_id: str) -> HttpResponse:
    """A pack: where it stands, and every article in our own summary."""
    pack = packs.load(pack_id)
    view = pack.at(shanghai_date(timezone.now()))
    return render(
        request,
        "pages/law_pack.html",
        {"pack": pack, "standing": view.standing(), "line": packs.line(pack), "articles": pack.articles.values()},
    )


@login_required
def law_article(request: HttpRequest, pack_id: str, place: str) -> HttpResponse:
    """An article: our summary, the values the platform takes from it today, and the line of packs it stands in."""
    pack = packs.load(pack_id)
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
        "line": packs.line(pack),
        "back": request.headers.get("Referer", "") if _own_page(request) else "",
    }
    return render(request, "pages/law_article.html", context)


def _own_page(request: HttpRequest) -> bool:
    return request.headers.get("Referer", "").startswith(request.build_absolute_uri("/"))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return errors.error_response(request, errors.bad_request(), framed=False)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return errors.error_response(request, errors.not_allowed())


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return errors.error_response(request, errors.no_such_page())


def server_error(request: HttpRequest) -> HttpResponse:
    """500 with an incident number, 503 when the database is gone, 507 when the disk is full. None touches the database."""
    error = sys.exc_info()[1]
    shown: PublicError
    if errors.is_database_down(error):
        shown = errors.database_down()
    elif isinstance(error, OSError) and error.errno in FULL:
        shown = LakeFull()
    else:
        shown = errors.unexpected(error)
    return errors.error_response(request, shown, framed=False)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the session's token."""
    return errors.error_response(request, errors.form_expired())
