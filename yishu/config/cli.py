"""Commands that need every context: ``yishu prepare`` and ``yishu worker``."""

import argparse

from yishu.config.environment import Environment
from yishu.config.prepare import prepare
from yishu.config.worker import run


def _prepare(args: argparse.Namespace, environment: Environment) -> int:
    prepare(environment)
    return 0


def _worker(args: argparse.Namespace, environment: Environment) -> int:
    run()
    return 0


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``prepare`` and ``worker``; ``yishu up`` runs both."""
    parser = subparsers.add_parser("prepare", help="迁移数据库、授予网关权限（可重复运行）")
    parser.set_defaults(handler=_prepare)
    parser = subparsers.add_parser("worker", help="后台任务进程")
    parser.set_defaults(handler=_worker)
