"""Messages between contexts."""

from dataclasses import dataclass

import pytest

from yishu.kernel import events


@dataclass(frozen=True, slots=True)
class Happened(events.Event):
    number: int


@pytest.fixture
def handlers():
    kept = events._handlers.pop(Happened, [])
    yield
    events._handlers.pop(Happened, None)
    if kept:
        events._handlers[Happened] = kept


def test_publish_calls_every_handler_once_in_order(handlers):
    seen = []

    def first(event):
        seen.append(("first", event.number))

    def second(event):
        seen.append(("second", event.number))

    for handler in (first, second, first):
        events.subscribe(Happened, handler)
    events.publish(Happened(7))
    assert seen == [("first", 7), ("second", 7)]
    assert events.subscribers(Happened) == (first, second)


def test_publish_where_a_handler_fails_passes_its_error_on(handlers):
    def failing(event):
        raise RuntimeError("no")

    events.subscribe(Happened, failing)
    with pytest.raises(RuntimeError, match="no"):
        events.publish(Happened(1))
