"""Messages that travel upward: a lower context publishes, ``config.wiring`` subscribes the upper one.

Handlers run at once, in the caller's transaction: a handler that fails undoes the action it answers.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; subclasses are frozen dataclasses named in the past tense, listed in docs/events.md."""


E = TypeVar("E", bound=Event)
_handlers: dict[type[Event], list[Callable[[Any], None]]] = defaultdict(list)


def subscribe(event: type[E], handler: Callable[[E], None]) -> None:
    """Have ``handler`` called for every published ``event``; a second subscription of the same handler does nothing."""
    if handler not in _handlers[event]:
        _handlers[event].append(handler)


def publish(event: Event) -> None:
    """Call every handler of the event's type, in order of subscription; their errors pass through to the caller."""
    for handler in _handlers[type(event)]:
        handler(event)


def subscribers(event: type[Event]) -> tuple[Callable[[Any], None], ...]:
    """The handlers of one event type, for the guard test of the documentation."""
    return tuple(_handlers[event])
