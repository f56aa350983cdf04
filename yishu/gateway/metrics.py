"""What is counted: calls by route and status, ledger batches, throttled and unauthenticated attempts. No personal data.

With several workers prometheus_client keeps the numbers in files under ``PROMETHEUS_MULTIPROC_DIR``, set by
``yishu gateway`` before this module is imported; that command serves their sum on its own port.
"""

import logging
import time
from typing import Any

from prometheus_client import Counter, Histogram

LOG = logging.getLogger("yishu.gateway")

CALLS = Histogram(
    "yishu_gateway_call_seconds",
    "Calls by route and HTTP status.",
    ("route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)
BATCH = Histogram(
    "yishu_gateway_ledger_batch", "Entries per ledger commit.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 512)
)
RECHECKS = Counter("yishu_gateway_rechecks", "Answers whose grant was checked again because the epoch had moved.")
WITHHELD = Counter("yishu_gateway_withheld", "Answers withheld because the grant had changed while they were made.")

SAMPLE_SECONDS = 1.0
_children: dict[tuple[str, int], Any] = {}
_last: dict[tuple[str, int, str], float] = {}


def observe(route: str, status: int, seconds: float) -> None:
    """Count one call; a route is its template, never the address called."""
    child = _children.get((route, status))
    if child is None:
        child = _children[(route, status)] = CALLS.labels(route, str(status))
    child.observe(seconds)


def sample(route: str, status: int, code: str) -> None:
    """Log a refusal that is no ledger entry (401, 429, 503 …), at most one line a second of each kind and worker."""
    now = time.monotonic()
    if now - _last.get((route, status, code), 0.0) >= SAMPLE_SECONDS:
        _last[(route, status, code)] = now
        LOG.warning("%s answered %d %s", route, status, code)
