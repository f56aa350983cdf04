"""Commands of the platform's processes: ``yishu up``."""

import argparse

from yishu.config.environment import Environment
from yishu.runtime.supervisor import Step, Supervisor, command


def up(args: argparse.Namespace, environment: Environment) -> int:
    """Run the platform until Ctrl-C; the first visit of an empty platform makes the first administrator."""
    return Supervisor(
        environment,
        after=[Step("正在检查是否首次访问……", command("first-visit"), shown=True)],
        greeting=lambda e: f"平台已启动：{e.public_url}    网关：{e.gateway_url}",
    ).run()


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``up``."""
    parser = subparsers.add_parser("up", help="启动平台（数据库、网页、网关、后台任务、账本定序），Ctrl-C 结束")
    parser.set_defaults(handler=up)
