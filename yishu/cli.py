"""The ``yishu`` command. Each context brings its own subcommands; this file only finds them and prints errors.

A context's ``cli`` module has ``add_commands(subparsers) -> None``: it adds parsers and sets ``handler`` on each
(``parser.set_defaults(handler=...)``), a function ``handler(args, environment) -> int`` that returns the exit code.
A ``PublicError`` raised by a handler is printed in Chinese with its code and remedy, and ends with exit code 2.
"""

import argparse
import errno
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence

import django

from yishu.config.environment import Environment, read_environment
from yishu.kernel.errors import PublicError

DJANGO_FREE = (
    "yishu.law.cli",
    "yishu.ledger.cli",
    "yishu.gateway.cli",
    "yishu.runtime.cli",
)
"""Their commands start without Django: an offline check of a receipt needs no settings and no database."""

WITH_DJANGO = (
    "yishu.orgs.cli",
    "yishu.cases.cli",
    "yishu.catalogue.cli",
    "yishu.collection.cli",
    "yishu.sharing.cli",
    "yishu.config.cli",
    "yishu.config.demo.cli",
)
"""Imported after ``django.setup()``, so they may import models at the top."""

Handler = Callable[[argparse.Namespace, Environment], int]


def _present(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", modules: Sequence[str]) -> None:
    for module in modules:
        if _present(module):
            importlib.import_module(module).add_commands(subparsers)


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """The parser that knows ``command``; Django is loaded only if no Django-free context has that command."""
    parser = argparse.ArgumentParser(prog="yishu", description="一数 Yishu：政务数据共享平台")
    subparsers = parser.add_subparsers(dest="command", metavar="命令", required=True)
    _add(subparsers, DJANGO_FREE)
    if command not in subparsers.choices:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yishu.config.settings")
        django.setup()
        _add(subparsers, WITH_DJANGO)
    return parser


def print_error(error: PublicError) -> None:
    """Print what happened, where, why and what to do next, to standard error."""
    lines = [f"错误：{error.what}  [{error.code}]"]
    if error.object:
        lines.append(f"  对象：{error.object}")
    if error.why:
        lines.append(f"  原因：{error.why}")
    if error.reference:
        lines.append(f"  依据：{error.reference}")
    for problem in error.problems:
        lines.append(f"  - {problem.where}：{problem.what}" + (f"（{problem.remedy}）" if problem.remedy else ""))
    lines.append(f"  处理：{error.remedy}")
    print("\n".join(lines), file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code; 2 for a ``PublicError`` or a wrong call, 130 after Ctrl-C, 141 when
    the reader of the output has gone."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        environment = read_environment()
        command = next((word for word in words if not word.startswith("-")), None)
        args = build_parser(command).parse_args(words)
        code = int(args.handler(args, environment) or 0)
        sys.stdout.flush()
        return code
    except PublicError as error:
        print_error(error)
        return 2
    except BrokenPipeError:  # the reader of our output has gone (``| head``): nothing is wrong, nothing more is said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print_error(
            PublicError(
                "磁盘已满", remedy="请腾出磁盘空间后重试", object_=str(error.filename or ""), code="runtime.disk_full"
            )
        )
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
