"""Two places with their own registers, and people in their roles. Invented names only."""

import pytest

from tests.cases.conftest import County, make_county


@pytest.fixture
def county(db: None) -> County:
    return make_county()


@pytest.fixture
def xinzhou(db: None) -> County:
    return make_county("cn-shanxi-xinzhou", "忻州市", "xz-")
