"""A grant on an item that the catalogue gained after the last load."""

from typing import Any

import pytest

pytestmark = pytest.mark.django_db

SQL = """select count(*)::integer as records, coalesce(max(x.i0099), '') as body, '[]' as found
from (select i0099, i0001 as k from {table} where i0001 = any($1::text[])) x"""


def test_lookup_of_an_item_not_loaded_yet_says_so_and_is_no_fault(world: Any, sign_in: Any, people: Any) -> None:
    holder = world.holder()
    world.grant(holder, lookup_sql=SQL)
    answer = sign_in(holder).lookup(world.url_code, [people.ids[0]])
    assert (answer.status_code, answer.json()["code"]) == (409, "gateway.no_data")
