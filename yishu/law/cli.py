"""``yishu packs check|explain|list|compare``: the law as the platform reads it."""

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

from yishu.kernel.errors import PublicError
from yishu.kernel.references import Reference
from yishu.kernel.time import shanghai_date
from yishu.law import packs, reading, vocabulary, words
from yishu.law.check import check, unanswered
from yishu.law.compare import compare, title_of
from yishu.law.kinds import Procedure, Value
from yishu.law.packs import Pack, View
from yishu.law.values import procedure

SUGGESTED = 8
"""How many near keys an unknown key is answered with."""


class NoSuchKey(PublicError):
    """The pack has no value of the asked key on that date."""

    code = "law.no_such_key"
    status = 404


class BadDate(PublicError):
    """The text is not a date."""

    code = "law.bad_date"
    status = 422


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``packs`` with its four commands."""
    parser = subparsers.add_parser("packs", help="规则包：检查、查阅、列出、对照")
    commands = parser.add_subparsers(dest="packs_command", metavar="命令", required=True)
    checker = commands.add_parser("check", help="检查规则包，列出全部错误（文件、行、键、应为何物）")
    checker.add_argument("folder", nargs="?", metavar="目录", help="规则包所在目录；省略则检查随平台发布的规则包")
    checker.set_defaults(handler=_check)
    explainer = commands.add_parser("explain", help="说明某个值、条文或条目：值、出处、摘要、上级、效力")
    explainer.add_argument("pack", metavar="规则包")
    explainer.add_argument("key", metavar="键", help="如 check.verify、sharing.application、XW-19.1.b、第十九条")
    explainer.set_defaults(handler=_explain)
    lister = commands.add_parser("list", help="列出规则包；给出规则包名则列出它的全部键")
    lister.add_argument("pack", nargs="?", metavar="规则包")
    lister.set_defaults(handler=_list)
    comparer = commands.add_parser("compare", help="对照几个规则包，列出不同之处")
    comparer.add_argument("packs", nargs="+", metavar="规则包")
    comparer.add_argument("--all", action="store_true", help="相同的也列出")
    comparer.set_defaults(handler=_compare)
    for command in (explainer, lister, comparer):
        command.add_argument("--on", metavar="日期", help="YYYY-MM-DD，默认今天")
        command.add_argument(
            "--mode", choices=tuple(packs.MODES), default="as_written", help="依本级文本（默认），或叠加国家条例"
        )
    for command in (checker, explainer, lister, comparer):
        command.add_argument("--packs", dest="packs_folder", metavar="目录", help="另有规则包的目录（同 YISHU_PACKS）")


def _add_folders(args: argparse.Namespace, environment: object) -> None:
    """Search the folders of the setting and of ``--packs`` too. ``law`` knows no settings, so the environment is an object here."""
    for folder in (*getattr(environment, "packs", ()), *([args.packs_folder] if args.packs_folder else [])):
        try:
            packs.add_folder(Path(folder))
        except OSError as error:
            raise _no_folder(folder, error) from error


def _no_folder(folder: object, error: OSError) -> PublicError:
    return PublicError(
        f"读不到目录 {folder}", remedy="请给出规则包所在的目录", why=error.strerror or "", code="law.no_such_folder"
    )


def _check(args: argparse.Namespace, environment: object) -> int:
    _add_folders(args, environment)
    folder = Path(args.folder or args.packs_folder or packs.FOLDER)
    try:
        report = check(folder)
    except OSError as error:
        raise _no_folder(folder, error) from error
    for problem in report.problems:
        print(problem)
    if report.problems:
        print(f"共 {len(report.problems)} 处错误，未通过检查")
        return 1
    today = shanghai_date(datetime.now(UTC))
    for pack in report.packs:
        decided = f"，叠加决定 {len(pack.overlay.decisions)} 项" if pack.overlay else ""
        print(
            f"{pack.id}：{vocabulary.PACK_STATES[pack.status]}，{len(pack.articles)} 条，{len(pack.values)} 个值{decided}"
        )
        left = () if pack.is_empty or pack.inherits == "all" else unanswered(pack, today)
        if left:
            print(
                f"  尚有 {len(left)} 个键未作说明：{'、'.join(left[:SUGGESTED])}{'……' if len(left) > SUGGESTED else ''}"
            )
    print(f"{len(report.packs)} 个规则包，没有错误")
    return 0


def _list(args: argparse.Namespace, environment: object) -> int:
    _add_folders(args, environment)
    day = _day(args.on)
    if args.pack:
        view = packs.load(args.pack).at(day, args.mode)
        for value in view.values():
            print(f"{value.key}\t{words.short(value.value)}\t{value.title}\t{value.reference}")
        for silence in view.pack.silent.values():
            if not view.has(silence.key):
                print(f"{silence.key}\t{words.SILENT}\t{silence.title}\t{silence.reference}")
        return 0
    for pack_id in packs.pack_ids():
        pack = packs.load(pack_id)
        standing = packs.standing(pack, day).words
        print(f"{pack.id}\t{pack.name}\t{pack.instrument}\t{standing}\t{len(pack.values)} 个值")
    return 0


def _compare(args: argparse.Namespace, environment: object) -> int:
    _add_folders(args, environment)
    day = _day(args.on)
    rows = compare([packs.load(pack_id).at(day, args.mode) for pack_id in args.packs])
    shown = [row for row in rows if args.all or row.differs]
    for row in shown:
        print(f"{'≠' if row.differs else '＝'} {row.key}（{row.title}）")
        for cell in row.cells:
            overlay = f"〔{vocabulary.OVERLAY_OUTCOMES[cell.overlay.outcome]}〕" if cell.overlay else ""
            print(f"    {cell.pack}\t{'；'.join(cell.lines)}\t{cell.reference or ''}{overlay}")
    print(f"{len(rows)} 个键，{sum(row.differs for row in rows)} 个不同（{day.isoformat()}，{packs.MODES[args.mode]}）")
    return 0


def _explain(args: argparse.Namespace, environment: object) -> int:
    _add_folders(args, environment)
    pack = packs.load(args.pack)
    view = pack.at(_day(args.on), args.mode)
    print(f"{pack.name}《{pack.instrument}》 {_standing(view)}")
    found = _find(view, args.key)
    if not found and not _explain_silence(view, args.key):
        _explain_article(view, args.key)
    for value in found:
        print()
        _explain_value(view, value)
    print()
    parents = packs.line(pack)[1:]
    print(f"上级：{' → '.join(_named(p) for p in parents) or '无'}")
    if not view.decisions():
        for parent in parents:
            if parent.valid_from and parent.valid_from <= view.day:
                print(
                    f"注意：{parent.short_name}自 {parent.valid_from} 起施行，以上为本级文本原样，未叠加{parent.short_name}"
                )
    for basis in pack.basis:
        print(f"依据：{basis.text}（{basis.reference}）")
    if pack.interpreter:
        print(f"解释：{pack.interpreter.text}（{pack.interpreter.reference}）")
    if pack.note:
        print(f"说明：{pack.note}")
    return 0


def _full_keys(key: str) -> list[str]:
    """The full keys a person may mean: as written, or within each section."""
    return [key, *(f"{section}.{key}" for section in reading.SECTIONS if section != "values")]


def _find(view: View, key: str) -> list[Value]:
    return [view.get(name) for name in _full_keys(key) if view.has(name)]


def _explain_silence(view: View, key: str) -> bool:
    """Say that the text is silent on a key, or not at hand; False when the key is none the platform knows."""
    silent = [found for name in _full_keys(key) if (found := view.silence(name))]
    for found in silent:
        print(f"\n{found.key}（{found.title}）\n  值：{words.SILENT}\n  出处：{words.cite(found.reference)}")
        print(f"  说明：{found.note}")
    if silent:
        return True
    known = [name for name in _full_keys(key) if reading.known_key(name)]
    if not known or not view.pack.is_empty:
        return False
    for name in known:
        print(f"\n{name}（{title_of(name) or name}）\n  值：{vocabulary.PACK_STATES[view.pack.status]}")
        print(f"  出处：{view.pack.whole()}")
    return True


def _explain_value(view: View, value: Value) -> None:
    print(f"{value.key}（{value.title}）")
    held = value.value
    shown = procedure(view, value.key.removeprefix("procedures.")) if isinstance(held, Procedure) else held
    for text in words.lines(shown):
        print(f"  {text}")
    if value.since or value.until:
        print(f"  时段：{value.since or '起'} 至 {value.until or '今后'}")
    print(f"  出处：{words.cite(value.reference)}")
    cited = view if value.reference.pack == view.pack.id else packs.load(value.reference.pack).at(view.day)
    if value.reference.article != reading.WHOLE_TEXT:
        print(f"  摘要：{cited.article(value.reference.row or value.reference.article).summary}")
        article = reading.article_of(value.reference.article)
        if article:
            print(f"  本条：{cited.article(article).summary}")
    if value.note:
        print(f"  说明：{value.note}")
    if value.overlay:
        note = value.overlay
        print(f"  叠加：{words.overlay_words(value)}——{note.reason}")
        print(f"    本级：{words.cite(note.local)}；国家：{words.cite(note.national)}")


def _explain_article(view: View, key: str) -> None:
    try:
        article = view.article(key)
    except packs.Missing:
        near = [value.key for value in view.values() if key.lower() in value.key][:SUGGESTED]
        state = vocabulary.PACK_STATES[view.pack.status]
        raise NoSuchKey(
            f"规则包 {view.pack.id} 中没有“{key[:80]}”（{view.day.isoformat()}）",
            object_=f"{view.pack.id} {key[:80]}",
            why=state if view.pack.is_empty else "",
            remedy=f"相近的键：{'、'.join(near)}" if near else f"可用的键：yishu packs list {view.pack.id}",
        ) from None
    print(f"\n{words.cite(article.reference)}\n  摘要：{article.summary}")
    for value in view.values():
        if _cites(value.reference, article.reference):
            print(f"  {value.key}（{value.title}）：{words.short(value.value)}")
    for decision in view.decisions():
        if any(_cites(place, article.reference) for place in (decision.note.local, decision.note.national)):
            outcome = vocabulary.OVERLAY_OUTCOMES[decision.note.outcome]
            print(f"  叠加 {decision.key}（{decision.note.title}）：{outcome}")


def _cites(reference: Reference, wanted: Reference) -> bool:
    if reference.pack != wanted.pack:
        return False
    if wanted.row:
        return reference.row == wanted.row
    return reference.article == wanted.article or reading.article_of(reference.article) == wanted.article


def _named(pack: Pack) -> str:
    return f"{pack.name}（{pack.id}，{vocabulary.PACK_STATES[pack.status]}）"


def _standing(view: View) -> str:
    standing = view.standing()
    mode = "" if view.mode == "as_written" else f"，{packs.MODES[view.mode]}"
    return f"{view.day.isoformat()}：{standing.words}{mode}{f'（{standing.reference}）' if standing.reference else ''}"


def _day(text: str | None) -> date:
    if text is None:
        return shanghai_date(datetime.now(UTC))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadDate(f"“{text[:40]}”不是日期", object_=text[:40], remedy="请写作 YYYY-MM-DD，如 2026-09-18") from None
