"""How many unread notices a person has, beside their name on every page."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from yishu.cases.notices import unread
from yishu.orgs.models import Person

MOST = 99


def bell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``bell``, "" or how many notices are unread (``99+``); one query on the pages that show it."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return {"bell": None}
    return {"bell": SimpleLazyObject(lambda: _words(unread(person)))}


def _words(count: int) -> str:
    return f"{MOST}+" if count > MOST else str(count or "")
