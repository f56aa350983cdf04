"""Tells people what concerns them: one notice per person and matter, in the work list (and by e-mail where that is set)."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from yishu.cases.models import Notice
from yishu.cases.notices import tell
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind


def tell_department(department: Department, roles: Iterable[str], key: str, title: str, url: str, at: datetime) -> None:
    """Tell everybody who holds one of the roles in a department. A second notice of the same key changes nothing."""
    people = Person.objects.filter(
        Q(roles__until=None) | Q(roles__until__gt=at), is_active=True, roles__department=department, roles__kind__in=list(roles),
        roles__revoked_at=None,
    )  # fmt: skip
    _tell(people.distinct(), key, title, url, at)


def tell_authority(jurisdiction: Jurisdiction, key: str, title: str, url: str, at: datetime) -> None:
    """Tell the people of the jurisdiction's authority."""
    for department in Department.objects.filter(jurisdiction=jurisdiction, is_authority=True, active=True):
        tell_department(department, (RoleKind.AUTHORITY,), key, title, url, at)


def _tell(people: Iterable[Person], key: str, title: str, url: str, at: datetime) -> None:
    tell(Notice(person=p, key=f"stewardship.{key}"[:120], title=title[:200], url=url, at=at) for p in people)
