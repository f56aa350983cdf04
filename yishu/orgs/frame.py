"""What stands around every page, from whoever asks: jurisdiction and pack state, person and roles, navigation."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from yishu.kernel.errors import PublicError
from yishu.kernel.time import shanghai_date
from yishu.law import packs
from yishu.orgs import queries
from yishu.orgs.models import Person, RoleKind
from yishu.orgs.saved_views import clean_query, saved_views_of
from yishu.orgs.tenants import MODE_WORDS
from yishu.pages.navigation import navigation_for
from yishu.pages.parts import Frame


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``frame`` for ``pages/base.html``, ``saved_views`` for the tag of that name (read when it is used)."""
    return {"frame": frame_for(request, timezone.now()), "saved_views": SimpleLazyObject(lambda: _saved(request))}


def _saved(request: HttpRequest) -> list[dict[str, Any]]:
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return []
    now = clean_query(request.META.get("QUERY_STRING", ""))
    return [
        {"pk": view.pk, "name": view.name, "url": f"{view.page}?{view.query}", "on": view.query == now}
        for view in saved_views_of(person, request.path)
    ]


def frame_for(request: HttpRequest, at: datetime) -> Frame:
    """The frame of one request at a moment; empty for somebody not signed in, who belongs to no jurisdiction yet."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return Frame()
    jurisdiction = queries.jurisdiction_of(person)
    title = state = ""
    if jurisdiction is not None:
        try:
            pack = packs.load(jurisdiction.pack)
        except PublicError:
            state = "规则包不可用"
        else:
            standing = pack.at(shanghai_date(at)).standing()
            state = "现行" if standing.key == "in_force" else standing.words
            title = pack.instrument
    place = Frame(
        jurisdiction=jurisdiction.name if jurisdiction else "",
        mode=MODE_WORDS[jurisdiction.mode] if jurisdiction else "",
        pack_state=state,
        pack_title=title,
    )
    kinds = queries.roles_of(person, at)
    return replace(
        place,
        person=person.name,
        department=person.department.name if person.department else "",
        roles=tuple(label for key, label in RoleKind.choices if key in kinds),
        groups=() if person.must_change_password else navigation_for(kinds, request.path),
    )
