"""Commands that need every context: ``yishu prepare``, ``yishu worker`` and ``yishu first-visit``."""

import argparse
import sys

from django.conf import settings

from yishu.config.environment import Environment
from yishu.config.prepare import prepare
from yishu.config.worker import run
from yishu.orgs.queries import any_person


def _prepare(args: argparse.Namespace, environment: Environment) -> int:
    prepare(environment)
    return 0


def _worker(args: argparse.Namespace, environment: Environment) -> int:
    run()
    return 0


def _first_visit(args: argparse.Namespace, environment: Environment) -> int:
    """Print the address and the one-time code while nobody has an account; print nothing afterwards."""
    if not any_person():
        sys.stdout.write(
            f"          还没有管理员。请打开 {environment.public_url}/setup/ 建立第一个管理员，一次性设置码：{settings.SETUP_CODE}\n"
        )
    return 0


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands that ``yishu up`` runs."""
    parser = subparsers.add_parser("prepare", help="迁移数据库、授予网关权限（可重复运行）")
    parser.set_defaults(handler=_prepare)
    parser = subparsers.add_parser("worker", help="后台任务进程")
    parser.set_defaults(handler=_worker)
    parser = subparsers.add_parser("first-visit", help="显示建立第一个管理员的地址和一次性设置码")
    parser.set_defaults(handler=_first_visit)
