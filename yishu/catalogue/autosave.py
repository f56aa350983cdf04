"""自动保存: what somebody has typed into the editor and not saved yet. Nobody else sees it and nothing of the catalogue changes.

It therefore leaves no ledger entry; saving the draft does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from yishu.catalogue.demands import demands
from yishu.catalogue.grid import PREFIX
from yishu.catalogue.models import Autosave, Resource
from yishu.catalogue.sharing_rules import MARKED
from yishu.kernel.errors import Invalid
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Department, Person

MOST_CHARACTERS = 2_000_000
"""Characters kept of one form; a grid of 500 items with code lists stays well below."""
KEPT_DAYS = 90
_NOT_KEPT = frozenset({"csrfmiddlewaretoken", "do", "paste", "classified"})
"""Never kept: the token, which button was pressed, the paste box, and what must not be stored at all."""

Typed = Mapping[str, Sequence[str]]


@transaction.atomic
def keep(
    *, department: Department, resource: Resource | None, seen_revision: int, typed: Typed, by: Person, at: datetime
) -> Autosave:
    """Keep what was typed, in place of what was kept before; of two at once the later one stays.

    Something ticked as classified, or bearing a classification mark, is not kept, and what was kept goes. Raises Invalid for
    more than fits.
    """
    payload = {
        name.replace("\x00", "")[:120]: [text.replace("\x00", "") for text in texts]
        for name, texts in typed.items()
        if name not in _NOT_KEPT
    }
    if sum(len(text) for texts in payload.values() for text in texts) > MOST_CHARACTERS:
        raise Invalid(
            "内容太多，没有自动保存",
            remedy="请点“保存草稿”；代码表很长的，请分成几个资源",
            code="catalogue.autosave_size",
        )
    # One row per person: locking the person is what keeps two windows from writing at once.
    Person.objects.select_for_update(no_key=True).get(pk=by.pk)
    rows = Autosave.objects.filter(person=by, resource=resource)
    if resource is None:
        rows = rows.filter(department=department)
    if any(typed.get("classified", ())) or _is_marked(payload, department, at):
        rows.delete()
        return Autosave(person=by, department=department, resource=resource, at=at)
    values = {"department": department, "seen_revision": max(seen_revision, 0), "payload": payload, "at": at}
    if rows.update(**values):
        return rows.get()
    return Autosave.objects.create(person=by, resource=resource, **values)


def _is_marked(payload: Typed, department: Department, at: datetime) -> bool:
    """Whether a typed text bears a mark of classification, or an item is flagged with one that no form offers."""
    flags = demands(department.jurisdiction.law, shanghai_date(at)).options("sensitivity_flags")
    refused = {o.key for o in flags if o.facts.get("effect") == "refuse"}
    for name, texts in payload.items():
        flagged = name.endswith("-sensitivity") and any(text in refused for text in texts)
        if flagged or any(MARKED.search(text) for text in texts):
            return True
    return False


def discard(*, department: Department, resource: Resource | None, by: Person) -> int:
    """Forget what was kept; returns how many rows went. Runs in the caller's transaction when there is one."""
    rows = Autosave.objects.filter(person=by, resource=resource)
    if resource is None:
        rows = rows.filter(department=department)
    return rows.delete()[0]


def found(*, person: Person, department: Department, resource: Resource | None, at: datetime) -> Autosave | None:
    """What is kept for this editor, unless it is older than ``KEPT_DAYS``."""
    rows = Autosave.objects.filter(person=person, resource=resource, at__gt=at - timedelta(days=KEPT_DAYS))
    if resource is None:
        rows = rows.filter(department=department)
    return rows.first()


def is_empty(typed: Typed) -> bool:
    """Whether nothing worth keeping was typed into a new form: no title, no summary, no item with a name."""
    watched = ("title", "summary")
    names = (texts for name, texts in typed.items() if name in watched or _is_item_name(name))
    return not any(text.strip() for texts in names for text in texts)


def _is_item_name(name: str) -> bool:
    return name.startswith(f"{PREFIX}-") and name.endswith("-name")
