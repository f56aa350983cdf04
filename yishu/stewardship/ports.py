"""What this context asks of the ones above it. Django-free."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from yishu.stewardship.sketches import Sketch


class Fulfilment(Protocol):
    """Tells how duties are kept; registered by the collecting context."""

    def newest(self, resource_ids: Collection[int]) -> Mapping[int, datetime]:
        """The moment of the newest load in force of each resource; resources never loaded are absent."""
        ...


class Profiles(Protocol):
    """Sketches the values in force of one item; registered by the collecting context."""

    def sketch(self, resource_id: int, column: str) -> Sketch | None:
        """A keyed sketch of the item's values as served now, None when nothing is served. No value leaves."""
        ...
