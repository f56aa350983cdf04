"""``yishu gateway``: checks what the gateway needs, then becomes its server process."""

import argparse
import os
import pkgutil
import sys
from pathlib import Path
from typing import Protocol

from yishu.gateway.server import APPLICATION, SETTINGS
from yishu.runtime.addresses import Address, require_free


class GatewayEnvironment(Protocol):
    """The settings this command reads (``config.environment.Environment``)."""

    @property
    def home(self) -> Path:
        """The platform's folder."""

    @property
    def host(self) -> str:
        """Address to listen on."""

    @property
    def gateway_port(self) -> int:
        """Port of the service."""

    @property
    def metrics_port(self) -> int:
        """Port of ``/metrics``."""

    @property
    def gateway_workers(self) -> int:
        """Worker processes."""


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``yishu gateway``."""
    parser = subparsers.add_parser("gateway", help="运行数据共享网关")
    parser.set_defaults(handler=run)


def run(_: argparse.Namespace, environment: GatewayEnvironment) -> int:
    """Serve until told to stop (SIGTERM, SIGINT): calls under way are answered first.

    Raises ``PortTaken``, or what reading settings and keys raises. On success this process becomes
    ``yishu.gateway.server``, so that workers, which are started afresh from it, never load the rest of the platform.
    """
    require_free(
        [
            Address("网关", environment.host, environment.gateway_port, "YISHU_GATEWAY_PORT"),
            Address("网关指标", environment.host, environment.metrics_port, "YISHU_METRICS_PORT"),
        ]
    )
    pkgutil.resolve_name(SETTINGS)()
    counts = environment.home / "gateway" / f"metrics-{environment.metrics_port}"
    words = [environment.host, environment.gateway_port, environment.metrics_port, environment.gateway_workers, counts]
    os.execv(sys.executable, [sys.executable, "-m", "yishu.gateway.server", APPLICATION, *map(str, words)])  # noqa: S606
