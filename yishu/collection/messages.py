"""Events of collection. Subscribed in ``config.wiring``; handlers run in the publishing transaction."""

from dataclasses import dataclass
from uuid import UUID

from yishu.kernel.events import Event


@dataclass(frozen=True, slots=True)
class LoadPublished(Event):
    """A load became what is served: ``serving.current`` names ``table`` for the resource."""

    resource_code: str
    table: str
    load_id: UUID
