"""Events of sharing. Handlers run in the publishing transaction."""

from dataclasses import dataclass
from uuid import UUID

from yishu.kernel.events import Event


@dataclass(frozen=True, slots=True)
class GrantRevoked(Event):
    """A grant ended before its term; the gateway refuses it from the first call after the commit."""

    grant_id: UUID
