"""What stands around every page, from whoever asks: jurisdiction and pack state, person and roles, navigation."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from yishu.kernel.errors import PublicError
from yishu.kernel.time import shanghai_date
from yishu.law import packs
from yishu.orgs import queries
from yishu.orgs.models import Jurisdiction, Person, Role, RoleKind
from yishu.pages.navigation import navigation_for
from yishu.pages.parts import Frame

MODES = {Jurisdiction.Mode.AS_WRITTEN: "按本级文本", Jurisdiction.Mode.OVERLAID: "叠加国家条例"}


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``frame`` for ``pages/base.html``."""
    return {"frame": frame_for(request, timezone.now())}


def frame_for(request: HttpRequest, at: datetime) -> Frame:
    """The frame of one request at a moment; nearly empty for somebody not signed in."""
    jurisdiction = queries.the_jurisdiction()
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
        mode=MODES[Jurisdiction.Mode(jurisdiction.mode)] if jurisdiction else "",
        pack_state=state,
        pack_title=title,
    )
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return place
    held = Role.objects.filter(person=person, revoked_at=None, department__active=True).values_list("kind", flat=True)
    kinds = frozenset(held)
    return replace(
        place,
        person=person.name,
        department=person.department.name if person.department else "",
        roles=tuple(label for key, label in RoleKind.choices if key in kinds),
        groups=() if person.must_change_password else navigation_for(kinds, request.path),
    )
