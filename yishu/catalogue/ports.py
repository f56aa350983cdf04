"""What later contexts add to the resource page. Django-free at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.errors import Problem
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


class SourceGuard(Protocol):
    """Stops what another department was named the source of; registered in ``config.wiring``."""

    def problems(
        self,
        *,
        jurisdiction_id: int,
        department_id: int,
        resource_id: int | None,
        title: str,
        subject_kind: str,
        items: Sequence[ItemDraft],
    ) -> Sequence[Problem]:
        """One problem per item of a submission that a decided source already gives."""
        ...


class Consumers(Protocol):
    """Who uses a resource; registered in ``config.wiring`` by the context that grants access."""

    def departments(self, resource_id: int, at: datetime) -> Sequence[int]:
        """Ids of the departments that may use the resource at a moment."""
        ...
