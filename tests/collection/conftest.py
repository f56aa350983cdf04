"""The county of ``county``, with uploads and lake in a folder of the test."""

from pathlib import Path

import pytest

from tests.collection.county import World, make_world, move_home


@pytest.fixture
def world(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The county, with uploads and lake in a folder of this test."""
    move_home(tmp_path, monkeypatch)
    return make_world()


@pytest.fixture
def committed_world(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The county for tests with a second process: committed."""
    move_home(tmp_path, monkeypatch)
    return make_world()
