"""What later contexts add to the resource page. Django-free at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.references import Reference

if TYPE_CHECKING:
    from yishu.orgs.models import Person


@dataclass(frozen=True, slots=True)
class PageAction:
    """A button on the resource page. ``rank``: the lowest becomes the page's primary action; ``post``: the URL wants POST."""

    label: str
    url: str
    icon: str = "arrow-right"
    rank: int = 50
    post: bool = False
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class PagePanel:
    """A card on the resource page: a template of the owning context and its context, shown in order of ``rank``."""

    title: str
    template: str
    context: Mapping[str, Any]
    rank: int = 50


class ResourcePanels(Protocol):
    """Buttons and cards one context adds for one reader; registered in ``config.wiring``."""

    def actions(self, spec: ResourceSpec, person: Person) -> Sequence[PageAction]:
        """Buttons for this reader, e.g. 申请共享, 直接获取, 上传数据."""
        ...

    def panels(self, spec: ResourceSpec, person: Person) -> Sequence[PagePanel]:
        """Cards for this reader, e.g. the flow strip, loads, who uses it."""
        ...
