"""Who adds to the resource page, and who guards submissions. Filled once by ``config.wiring``."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.ports import Consumers, PageAction, PagePanel, ResourcePanels, SourceGuard
from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.errors import Problem

if TYPE_CHECKING:
    from yishu.catalogue.models import Resource
    from yishu.orgs.models import Person

_panels: list[ResourcePanels] = []
_consumers: list[Consumers] = []
_guards: list[SourceGuard] = []


def register_panels(panels: ResourcePanels) -> None:
    """Have ``panels`` asked for every resource page; a second registration of the same object does nothing."""
    if panels not in _panels:
        _panels.append(panels)


def actions_for(spec: ResourceSpec, person: "Person") -> list[PageAction]:
    """All buttons for this reader, the primary one first."""
    return sorted((a for p in _panels for a in p.actions(spec, person)), key=lambda a: a.rank)


def panels_for(spec: ResourceSpec, person: "Person") -> list[PagePanel]:
    """All cards for this reader, in order."""
    return sorted((c for p in _panels for c in p.panels(spec, person)), key=lambda c: c.rank)


def register_source_guard(guard: SourceGuard) -> None:
    """Have ``guard`` asked at every submission; the last registered counts."""
    _guards[:] = [guard]


def source_problems(resource: "Resource", title: str, items: Sequence[ItemDraft]) -> list[Problem]:
    """What the decided sources of data say against a submission; nothing without a guard."""
    if not _guards:
        return []
    return list(
        _guards[0].problems(
            jurisdiction_id=resource.jurisdiction_id, department_id=resource.department_id, resource_id=resource.pk, title=title,
            subject_kind=resource.subject_kind, items=items,
        )
    )  # fmt: skip


def register_consumers(consumers: Consumers) -> None:
    """Have ``consumers`` asked who uses a resource; a second registration of the same object does nothing."""
    if consumers not in _consumers:
        _consumers.append(consumers)


def consumers_of(resource_id: int, at: datetime) -> set[int]:
    """Ids of all departments that may use a resource at a moment."""
    return {pk for c in _consumers for pk in c.departments(resource_id, at)}
