"""Events of the catalogue. Subscribed in ``config.wiring``; handlers run in the publishing transaction."""

from dataclasses import dataclass
from datetime import datetime

from yishu.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ResourcePublished(Event):
    """A version of a resource became current; read it with ``catalogue.queries.published(id=…)``."""

    resource_id: int
    code: str
    version: int


@dataclass(frozen=True, slots=True)
class ResourceRetired(Event):
    """A resource went out of service at ``at``; ``replacement_id`` names the one to use instead, if any. Its data stay."""

    resource_id: int
    code: str
    replacement_id: int | None
    at: datetime
