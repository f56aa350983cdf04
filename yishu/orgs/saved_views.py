"""常用筛选: a list's filters kept under a name, each person's own."""

from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.urls import Resolver404, resolve

from yishu.kernel.errors import Invalid, Problem
from yishu.ledger import actions as ledger
from yishu.orgs.guards import not_found
from yishu.orgs.models import Person, SavedView

MOST = 30
"""Most views one person keeps for one page."""


def saved_views_of(person: Person, page: str) -> QuerySet[SavedView]:
    """A person's saved views of a list, by name."""
    return SavedView.objects.filter(person=person, page=page).order_by("name")


def clean_query(text: str) -> str:
    """A query string as it is kept: known to parse, without page number, at most 1,000 characters."""
    pairs = [(k, v) for k, v in parse_qsl(text[:4000].removeprefix("?"), max_num_fields=None) if k and k != "page"]
    cleaned = urlencode([(k, v.replace("\x00", "")) for k, v in pairs])
    return cleaned if len(cleaned) <= 1000 else ""


@transaction.atomic
def save_view(*, page: str, name: str, query: str, by: Person, at: datetime) -> SavedView:
    """Keep the filters of a list under a name; a name in use gets the new filters. Raises ``Invalid``."""
    name = name.strip()
    problems = []
    if not 1 <= len(name) <= 40 or not name.isprintable():
        problems.append(Problem("名称", "名称为 1 至 40 个字", "", "orgs.view_name"))
    if not _is_page(page):
        problems.append(Problem("页面", "没有这个页面", "", "orgs.view_page"))
    cleaned = clean_query(query)
    if not cleaned:
        problems.append(Problem("筛选条件", "没有可保存的筛选条件", "请先筛选或查找", "orgs.view_empty"))
    if not problems and saved_views_of(by, page).exclude(name=name).count() >= MOST:
        problems.append(Problem("名称", f"每个页面最多保存 {MOST} 个", "请先删除不用的", "orgs.view_many"))
    if problems:
        raise Invalid("筛选没有保存", remedy="请按提示改正", problems=problems, code="orgs.view_invalid")
    made, _ = SavedView.objects.update_or_create(
        person=by, page=page, name=name, defaults={"query": cleaned, "created_at": at}
    )
    _tell("orgs.view_saved", made, by, at)
    return made


@transaction.atomic
def delete_view(*, view_id: int, by: Person, at: datetime) -> str:
    """Forget one of one's own views; returns its page. Raises ``NotFound``, also for another person's."""
    found = SavedView.objects.select_for_update().filter(pk=view_id, person=by).first()
    if found is None:
        raise not_found()
    _tell("orgs.view_deleted", found, by, at)
    page = found.page
    found.delete()
    return page


def _tell(event: str, view: SavedView, by: Person, at: datetime) -> None:
    facts = {"event": event, "object": "orgs.saved_view", "object_id": str(view.pk)}
    ledger.record(kind="event", by=by, at=at, department=by.department_id, facts=facts)


def _is_page(page: str) -> bool:
    if not page.startswith("/") or page.startswith("//") or len(page) > 80 or not page.isascii():
        return False
    try:
        resolve(page)
    except Resolver404:
        return False
    return True
