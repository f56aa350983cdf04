"""Who tells about loads and values. Filled once by ``config.wiring``; without it, nothing is loaded and nothing is known."""

from collections.abc import Collection, Mapping
from datetime import datetime

from yishu.stewardship.ports import Fulfilment, Profiles
from yishu.stewardship.sketches import Sketch

_fulfilment: list[Fulfilment] = []
_profiles: list[Profiles] = []


def register_fulfilment(port: Fulfilment) -> None:
    """Have ``port`` asked for newest loads; the last registered counts."""
    _fulfilment[:] = [port]


def register_profiles(port: Profiles) -> None:
    """Have ``port`` asked for sketches of values; the last registered counts."""
    _profiles[:] = [port]


def newest_loads(resource_ids: Collection[int]) -> Mapping[int, datetime]:
    """The newest load in force of each resource that has one."""
    return _fulfilment[0].newest(resource_ids) if _fulfilment and resource_ids else {}


def sketch_of(resource_id: int, column: str) -> Sketch | None:
    """The sketch of one item's values, None when nothing is served or nobody can tell."""
    return _profiles[0].sketch(resource_id, column) if _profiles else None
