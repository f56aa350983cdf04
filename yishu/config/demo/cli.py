"""`yishu demo`: the whole platform with the demonstration in it."""

import argparse
import json
import sys
import time
from itertools import groupby
from pathlib import Path

from yishu.collection.models import Load
from yishu.config.demo.build import build
from yishu.config.environment import Environment
from yishu.kernel.errors import Invalid
from yishu.runtime.supervisor import Step, Supervisor, command

WAIT_SECONDS = 150
EXAMPLE = Path(__file__).parents[3] / "examples" / "new-jurisdiction" / "packs"


def _say(text: str) -> None:
    sys.stdout.write(f"          {text}\n")
    sys.stdout.flush()


def demo(args: argparse.Namespace, environment: Environment) -> int:
    """Build the demonstration if this home has none, run the platform, print addresses and accounts."""
    words = ["demo-build"]
    if args.data:
        folder = Path(args.data).absolute()
        if not (folder / "enterprises" / "2019_河南.csv").is_file():
            raise Invalid(
                "指定的数据目录里没有企业登记文件",
                object_=str(folder),
                remedy="目录下应有 enterprises/2019_河南.csv",
                code="demo.no_registers",
            )
        words += ["--data", str(folder)]
    _lend_example(environment)
    return Supervisor(
        environment,
        before=[Step("正在准备演示数据……", command(*words), shown=True)],
        after=[Step("正在装载演示数据……", command("demo-wait"), shown=True)],
        greeting=_greeting,
    ).run()


def demo_build(args: argparse.Namespace, environment: Environment) -> int:
    """Fill the database; called by ``demo`` before the processes start."""
    build(environment.home, _say, Path(args.data) if args.data else None)
    return 0


def demo_wait(args: argparse.Namespace, environment: Environment) -> int:
    """Wait until every load is in service, showing progress; after a while leave the rest to the background."""
    until = time.monotonic() + WAIT_SECONDS
    shown = -1
    total = Load.objects.count()
    while time.monotonic() < until:
        ended = Load.objects.filter(state__in=(Load.State.PUBLISHED, Load.State.FAILED)).count()
        if ended != shown:
            shown = ended
            _say(f"数据装载 {ended}/{total}")
        if ended == total:
            return 0
        time.sleep(0.3)
    _say("装载仍在后台继续，可在“汇聚”页面查看进度")
    return 0


def _greeting(environment: Environment) -> str:
    facts = json.loads((environment.home / "demo.json").read_text(encoding="utf-8"))
    indent = "\n          "
    client = facts.get("client") or {}
    lines = [
        f"平台已启动：{environment.public_url}    网关：{environment.gateway_url}",
        f"演示账号（口令都是 {facts['password']}）：",
        *_account_lines(facts["accounts"]),
        f"演示客户端：client_id={client.get('client_id', '')}  密钥在 {environment.home / 'demo.json'}",
        "把整个故事用程序走一遍：.venv/bin/python examples/first_thread.py",
    ]
    return indent.join(lines)


def _account_lines(accounts: list[dict[str, str]]) -> list[str]:
    """Place by place, a line for each department with its people's sign-in names, names and roles."""
    lines: list[str] = []
    for place, people in groupby(accounts, key=lambda a: a.get("place", "")):
        lines.append(f"  {place}" if place else "  ──")
        departments: dict[str, list[str]] = {}
        for a in people:
            departments.setdefault(a["department"], []).append(f"{a['username']} {a['name']}（{a['roles']}）")
        lines += [f"    {department}：{'  '.join(named)}" for department, named in departments.items()]
    return lines


def _lend_example(environment: Environment) -> None:
    """Put the invented county's pack into the home, where every process of the platform finds it; a wheel has no examples."""
    for pack in sorted(EXAMPLE.glob("*/pack.yaml")):
        target = environment.home / "packs" / pack.parent.name
        target.mkdir(parents=True, exist_ok=True)
        for file in pack.parent.glob("*.yaml"):
            (target / file.name).write_bytes(file.read_bytes())


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``demo`` and the two steps it runs as processes of their own."""
    parser = subparsers.add_parser("demo", help="启动带演示数据的平台，Ctrl-C 结束")
    parser.add_argument(
        "--data", metavar="目录", help="用该目录的企业登记文件代替虚构的企业（目录下有 enterprises/2019_河南.csv）"
    )
    parser.set_defaults(handler=demo)
    parser = subparsers.add_parser("demo-build")
    parser.add_argument("--data")
    parser.set_defaults(handler=demo_build)
    subparsers.add_parser("demo-wait").set_defaults(handler=demo_wait)
