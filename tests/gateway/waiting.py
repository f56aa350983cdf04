"""Waiting for what another process must do soon."""

import time
from collections.abc import Callable

import pytest


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something that must happen soon; fails when it does not within a minute."""
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen within a minute")
