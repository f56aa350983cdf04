"""`yishu first-visit`: tells whoever started an empty platform how its first administrator is made."""

import argparse
import sys

from django.conf import settings

from yishu.config.environment import Environment
from yishu.orgs.queries import any_person


def first_visit(args: argparse.Namespace, environment: Environment) -> int:
    """Print the address and the one-time code while nobody has an account; print nothing afterwards."""
    if not any_person():
        sys.stdout.write(
            f"          还没有管理员。请打开 {environment.public_url}/setup/ 建立第一个管理员，一次性设置码：{settings.SETUP_CODE}\n"
        )
    return 0


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``first-visit``, which ``yishu up`` runs."""
    parser = subparsers.add_parser("first-visit", help="显示建立第一个管理员的地址和一次性设置码")
    parser.set_defaults(handler=first_visit)
