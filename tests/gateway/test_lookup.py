"""Lookups over a real gateway with two workers: what leaves, what is recorded, what is refused."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.django_db


def test_lookup_granted_answers_masked_records_with_receipt(world: Any, sign_in: Callable[..., Any], people: Any) -> None:
    holder = world.holder()
    grant = world.grant(holder)
    answer = sign_in(holder).lookup(world.url_code, [people.ids[0], people.ids[1]])
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["records"] == [people.masked(people.ids[0]), people.masked(people.ids[1])]
    assert (body["resource"], body["version"], body["grant"]) == (world.code, 1, str(grant))
    assert answer.headers["x-receipt-id"] == body["receipt"]
    assert answer.headers["cache-control"] == "no-store"
    entry = world.entry(body["receipt"])
    assert (entry.kind, entry.actor, entry.resource) == ("delivery", f"client:{holder.client_id}", world.code)
