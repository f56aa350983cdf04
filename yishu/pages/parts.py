"""The shapes pages hand to the tags of ``{% load yishu %}``. Frozen, no models: every context can fill them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from yishu.kernel.references import Reference


@dataclass(frozen=True, slots=True)
class LineStep:
    """One step of a case line.

    ``state``: ``done`` (who, when and took are known), ``now`` (whose turn in ``who``, its clock in ``due_on``),
    ``ahead`` (not reached yet), ``aside`` (a branch not taken, shown faded). ``took`` is in words ("2 个工作日").
    """

    title: str
    state: Literal["done", "now", "ahead", "aside"]
    who: str = ""
    when: datetime | None = None
    took: str = ""
    note: str = ""
    due_on: date | None = None
    provisional: bool = False
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class NavEntry:
    """One entry of the main navigation, as shown to one person on one page."""

    title: str
    path: str
    icon: str
    current: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class NavGroup:
    """One context of the main navigation with the entries its reader may use."""

    title: str
    entries: tuple[NavEntry, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page: whose platform this is, who reads it, and where they may go.

    ``pack_state`` and ``mode`` are words for people ("现行", "按本级文本").
    """

    jurisdiction: str = ""
    pack_title: str = ""
    pack_state: str = ""
    mode: str = ""
    person: str = ""
    department: str = ""
    roles: tuple[str, ...] = ()
    groups: tuple[NavGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetOption:
    """One value of a facet: what stands in the URL, what people read, how many rows it would leave."""

    value: str
    label: str
    count: int | None = None


Facets = Sequence[FacetOption]
