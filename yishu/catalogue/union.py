"""全市目录: what lower jurisdictions file upward (XZ-3.1.d). The one read that crosses tenants on purpose: published entries only."""

from datetime import date

from django.db.models import Q, QuerySet
from django.utils import timezone

from yishu.catalogue.folding import fold
from yishu.catalogue.models import SearchEntry
from yishu.kernel.time import shanghai_date
from yishu.law import packs
from yishu.orgs.models import Jurisdiction

FLAG = "catalogue.filed_upward"


def files_upward(jurisdiction: Jurisdiction, on: date) -> bool:
    """Whether the law of a jurisdiction sends its catalogue to the one above it on a day (Asia/Shanghai)."""
    try:
        return jurisdiction.law.at(on).get(FLAG).value is True
    except packs.Missing:
        return False


def union_catalogue(jurisdiction: Jurisdiction, text: str = "") -> QuerySet[SearchEntry]:
    """The published entries of a jurisdiction and of those directly below it that file upward; by words when given.

    A county's people read only their own: what stands below a jurisdiction is read by that jurisdiction alone.
    """
    today = shanghai_date(timezone.now())
    lower = [j.pk for j in Jurisdiction.objects.filter(parent=jurisdiction) if files_upward(j, today)]
    found = SearchEntry.objects.filter(jurisdiction_id__in=[jurisdiction.pk, *lower], retired=False)
    for word in fold(text).split()[:5]:
        found = found.filter(Q(text__contains=word))
    return found.select_related("jurisdiction", "department", "resource")
