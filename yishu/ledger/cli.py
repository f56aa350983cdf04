"""Commands of the ledger: ``yishu receipt verify``, ``yishu ledger verify``, ``yishu ledger status``, ``yishu sequencer``."""

import argparse
import logging
import signal
import sys
from pathlib import Path
from typing import Any, Protocol

import psycopg

from yishu.kernel.errors import Invalid, Unavailable
from yishu.ledger.audit import Finding, verify_log
from yishu.ledger.display import display
from yishu.ledger.kept import notes_in
from yishu.ledger.logs import Connection
from yishu.ledger.notes import VERIFIER_KEYS, VerifierKey, read_verifier_keys
from yishu.ledger.sequencer import LOCK, Sequencer
from yishu.ledger.verify import LONGEST, open_receipt, read_receipt


class Environment(Protocol):
    """What the commands need of ``config.environment.Environment``."""

    @property
    def home(self) -> Path: ...
    def control_url(self) -> str: ...


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the ledger's commands to ``yishu``."""
    receipt = subparsers.add_parser("receipt", help="调用记录凭证").add_subparsers(metavar="操作", required=True)
    verify = receipt.add_parser("verify", help="离线核验一份凭证")
    verify.add_argument("file", metavar="文件", help="凭证 JSON 文件，- 表示标准输入")
    verify.add_argument(
        "--trust", required=True, type=Path, metavar="公钥文件", help="可信公钥，每行一个；凭证自带的公钥不作数"
    )
    verify.set_defaults(handler=verify_receipt_file)

    ledger = subparsers.add_parser("ledger", help="存证日志").add_subparsers(metavar="操作", required=True)
    whole = ledger.add_parser("verify", help="重算整个存证日志，并与留存的检查点核对")
    whole.add_argument(
        "--checkpoints", action="append", type=Path, default=[], metavar="文件",
        help="在别处留存的检查点（或凭证），可多次给出；默认用平台主目录下的 ledger/checkpoints",
    )  # fmt: skip
    whole.add_argument(
        "--trust", type=Path, metavar="公钥文件", help="可信公钥；默认用平台自己的 keys/ledger-verifier.txt"
    )
    whole.add_argument(
        "--accept-loss",
        action="append",
        default=[],
        metavar="日志编号",
        help="已查明原因（如按批准恢复过备份）的旧日志",
    )
    whole.set_defaults(handler=verify_ledger)
    ledger.add_parser("status", help="存证日志的现状").set_defaults(handler=show_status)

    subparsers.add_parser("sequencer", help="存证排序进程（一般由 yishu up 启动）").set_defaults(handler=run_sequencer)


def verify_receipt_file(args: argparse.Namespace, environment: Environment) -> int:
    """Check one receipt offline; 0 when it is good, otherwise the error goes to the caller."""
    trusted = _trusted(args.trust)
    if args.file == "-":
        data = sys.stdin.buffer.read(LONGEST + 1)
    else:
        path = Path(args.file)
        with _open(path) as file:
            data = file.read(LONGEST + 1)
    document = read_receipt(data)
    good = open_receipt(document, trusted)
    shown = display(document)
    print("凭证属实")
    for label, value in (
        ("种类", shown.title),
        ("凭证编号", shown.id),
        ("时间", f"{shown.at}（北京时间）"),
        *shown.what,
    ):
        print(f"  {label}：{value}")
    for label, value in shown.facts:
        print(f"  {label}：{value}")
    for label, value in shown.proof:
        print(f"  {label}：{value}")
    print(f"  签名方：{good.signed_by}")
    return 0


def verify_ledger(args: argparse.Namespace, environment: Environment) -> int:
    """Recompute the ledger; 0 when everything fits, 1 when something was found."""
    trusted = _trusted(args.trust or environment.home / "keys" / VERIFIER_KEYS)
    own = environment.home / "ledger" / "checkpoints"
    paths = args.checkpoints or ([own] if own.exists() else [])
    kept = [(f"{path.name} {where}", note) for path in paths for where, note in notes_in(_read(path))]
    with _connect(environment) as conn:
        report = verify_log(conn, trusted, kept, frozenset(args.accept_loss))
    for log in report.logs:
        print(
            f"{'当前' if log.current else '已关闭'}日志 {log.origin}：{log.size} 条，树根 {log.root.hex()}，检查点 {log.checkpoints} 个"
        )
    print(
        f"与 {report.kept} 个留存的检查点核对过"
        if report.kept
        else "没有留存的检查点可核对：改写后重新签名、整体回退查不出来"
    )
    _print_all("注意", report.notices)
    _print_all("问题", report.findings)
    print(f"共发现 {len(report.findings)} 个问题" if report.findings else "没有发现问题")
    return 1 if report.findings else 0


def show_status(args: argparse.Namespace, environment: Environment) -> int:
    """Print the current log, its newest checkpoint and what waits."""
    with _connect(environment) as conn:
        logs = conn.execute("select number, id, started_at, reason from ledger.log where current").fetchall()
        for number, origin, started, reason in logs:
            size = conn.execute("select max(index) + 1 from ledger.leaf where log = %s", [number]).fetchone()
            newest = conn.execute(
                "select size, signed_at from ledger.checkpoint where log = %s order by size desc limit 1", [number]
            ).fetchone()
            print(f"当前日志 {origin}（建立于 {started:%Y-%m-%d %H:%M:%S%z}，{reason}）")
            print(f"  已入日志 {(size and size[0]) or 0} 条")
            print(f"  最新检查点 {newest[0]} 条，签于 {newest[1]:%Y-%m-%d %H:%M:%S%z}" if newest else "  还没有检查点")
        if not logs:
            print("存证日志还没有建立：排序进程尚未运行")
        waiting = conn.execute(
            "select count(*), coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::bigint from ledger.inbox"
        ).fetchone()
        if waiting:
            print(f"待排序 {waiting[0]} 条，最早的已等 {waiting[1]} 秒")
        holder = conn.execute(
            "select count(*) from pg_locks where locktype = 'advisory' and granted and objsubid = 1"
            " and database = (select oid from pg_database where datname = current_database())"
            " and (classid::bigint << 32) + objid::bigint = %s",
            [LOCK],
        ).fetchone()
        print("排序进程在工作" if holder and holder[0] else "没有排序进程在工作")
    return 0


def run_sequencer(args: argparse.Namespace, environment: Environment) -> int:
    """Sequence until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    sequencer = Sequencer(url=environment.control_url, home=environment.home)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sequencer.stop.set())
    sequencer.run()
    return 0


def _connect(environment: Environment) -> Connection:
    try:
        conn: psycopg.Connection[Any] = psycopg.connect(environment.control_url(), autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise Unavailable(
            "连不上数据库",
            remedy="请确认平台正在运行（yishu up），或核对 YISHU_DATABASE_URL",
            code="ledger.database_down",
        ) from error
    row = conn.execute("select to_regclass('ledger.conflict')").fetchone()
    if row is None or row[0] is None:
        conn.close()
        raise Unavailable(
            "数据库里还没有存证日志", remedy="请先完成数据库迁移（yishu up 会自动迁移）", code="ledger.not_migrated"
        )
    return conn


def _open(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise Invalid(
            "文件打不开",
            remedy="请核对文件名和读取权限",
            object_=str(path),
            why=error.strerror or "",
            code="ledger.unreadable_file",
        ) from error


def _read(path: Path) -> bytes:
    with _open(path) as file:
        data: bytes = file.read()
        return data


def _trusted(path: Path) -> tuple[VerifierKey, ...]:
    return read_verifier_keys(_read(path).decode("utf-8", errors="replace"))


def _print_all(title: str, findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        print(f"{title}：{finding.where}：{finding.what}  [{finding.code}]")
