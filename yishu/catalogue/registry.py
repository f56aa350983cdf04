"""Who adds to the resource page. Filled once by ``config.wiring``."""

from typing import TYPE_CHECKING

from yishu.catalogue.ports import PageAction, PagePanel, ResourcePanels
from yishu.catalogue.rules import ResourceSpec

if TYPE_CHECKING:
    from yishu.orgs.models import Person

_panels: list[ResourcePanels] = []


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
