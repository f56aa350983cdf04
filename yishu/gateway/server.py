"""The gateway's server process: Granian with its workers, and the metrics of all of them on their own port.

Run as ``python -m yishu.gateway.server APPLICATION HOST PORT METRICS_PORT WORKERS FOLDER``, by ``yishu gateway``.
"""

import multiprocessing
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

APPLICATION = "yishu.config.gateway:app"
SETTINGS = "yishu.config.gateway:settings"
BACKLOG = 1024
BACKPRESSURE = 512
"""Connections one worker serves at once; further ones wait in the socket's queue."""
KILL_SECONDS = 5
HEADER_MILLISECONDS = 15_000
"""A client that has not sent its headers by then is disconnected."""


def main(words: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT; calls under way are answered first. Returns the exit code.

    ``FOLDER`` holds the workers' counts while the server lives; what a killed server left there is removed.
    """
    application, host, port, metrics_port, workers, place = words
    folder = Path(place)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = place
    # A respawned worker must not inherit locks that a thread of this process holds.
    multiprocessing.set_start_method("spawn")
    registry: Any = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    metrics, thread = start_http_server(int(metrics_port), addr=host, registry=registry)
    # Having the port means that no other server counts in this folder, which is named by it.
    for left in folder.iterdir():
        left.unlink(missing_ok=True)
    try:
        Granian(
            application,
            address=host,
            port=int(port),
            interface=Interfaces.RSGI,
            workers=int(workers),
            loop=Loops.uvloop,
            backlog=BACKLOG,
            backpressure=BACKPRESSURE,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
            websockets=False,
            respawn_failed_workers=True,
            workers_kill_timeout=KILL_SECONDS,
        ).serve()
    finally:
        metrics.shutdown()
        thread.join(1)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
