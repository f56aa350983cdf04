"""Events of the catalogue. Subscribed in ``config.wiring``; handlers run in the publishing transaction."""

from dataclasses import dataclass

from yishu.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ResourcePublished(Event):
    """A version of a resource became current; read it with ``catalogue.queries.published(id=…)``."""

    resource_id: int
    code: str
    version: int
