"""The county of ``county``, with uploads and lake in a folder of the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.collection.county import World, make_world, move_home, serving_tables


@pytest.fixture
def world(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The county, with uploads and lake in a folder of this test."""
    move_home(tmp_path, monkeypatch)
    return make_world()


@pytest.fixture
def committed_world(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The county for tests with a second process: committed, and its serving tables dropped at the end."""
    move_home(tmp_path, monkeypatch)
    yield make_world()
    with connection.cursor() as cursor:
        cursor.execute("delete from serving.current")
        for name in serving_tables():
            cursor.execute(f'drop table serving."{name}"')
