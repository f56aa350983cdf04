"""``yishu packs check|explain|list``: the law as the platform reads it."""

import argparse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from yishu.kernel.errors import PublicError
from yishu.kernel.references import Reference
from yishu.kernel.time import shanghai_date
from yishu.law import packs, reading, vocabulary
from yishu.law.check import check
from yishu.law.kinds import PERIOD_WORDS, Clock, OptionList, Procedure, RequiredList, Value
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
    """Add ``packs`` with its three commands."""
    parser = subparsers.add_parser("packs", help="规则包：检查、查阅、列出")
    commands = parser.add_subparsers(dest="packs_command", metavar="命令", required=True)
    checker = commands.add_parser("check", help="检查规则包，列出全部错误（文件、行、键、应为何物）")
    checker.add_argument("folder", nargs="?", metavar="目录", help="规则包所在目录；省略则检查随平台发布的规则包")
    checker.set_defaults(handler=_check)
    explainer = commands.add_parser("explain", help="说明某个值、条文或条目：值、出处、摘要、上级、效力")
    explainer.add_argument("pack", metavar="规则包")
    explainer.add_argument("key", metavar="键", help="如 check.verify、sharing.application、XW-19.1.b、第十九条")
    explainer.add_argument("--on", metavar="日期", help="YYYY-MM-DD，默认今天")
    explainer.set_defaults(handler=_explain)
    lister = commands.add_parser("list", help="列出规则包；给出规则包名则列出它的全部键")
    lister.add_argument("pack", nargs="?", metavar="规则包")
    lister.add_argument("--on", metavar="日期", help="YYYY-MM-DD，默认今天")
    lister.set_defaults(handler=_list)


def _check(args: argparse.Namespace, environment: object) -> int:
    folder = Path(args.folder) if args.folder else packs.FOLDER
    try:
        report = check(folder)
    except OSError as error:
        raise PublicError(
            f"读不到目录 {folder}", remedy="请给出规则包所在的目录", why=error.strerror or "", code="law.no_such_folder"
        ) from error
    for problem in report.problems:
        print(problem)
    if report.problems:
        print(f"共 {len(report.problems)} 处错误，未通过检查")
        return 1
    for pack in report.packs:
        print(f"{pack.id}：{vocabulary.PACK_STATES[pack.status]}，{len(pack.articles)} 条，{len(pack.values)} 个值")
    print(f"{len(report.packs)} 个规则包，没有错误")
    return 0


def _list(args: argparse.Namespace, environment: object) -> int:
    day = _day(args.on)
    if args.pack:
        view = packs.load(args.pack).at(day)
        for value in view.values():
            print(f"{value.key}\t{_short(value.value)}\t{value.title}\t{value.reference}")
        return 0
    for pack_id in packs.pack_ids():
        pack = packs.load(pack_id)
        print(f"{pack.id}\t{pack.name}\t{pack.instrument}\t{packs.standing(pack, day).words}\t{len(pack.values)} 个值")
    return 0


def _explain(args: argparse.Namespace, environment: object) -> int:
    pack = packs.load(args.pack)
    view = pack.at(_day(args.on))
    print(f"{pack.name}《{pack.instrument}》 {_standing(view)}")
    found = _find(view, args.key)
    if not found:
        _explain_article(view, args.key)
    for value in found:
        print()
        _explain_value(view, value)
    print()
    parents = packs.line(pack)[1:]
    print(f"上级：{' → '.join(_named(p) for p in parents) or '无'}")
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


def _find(view: View, key: str) -> list[Value]:
    """The values a person means by a key: the full key, or the key within each section."""
    full = [key, *(f"{section}.{key}" for section in reading.SECTIONS if section != "values")]
    return [view.get(name) for name in full if view.has(name)]


def _explain_value(view: View, value: Value) -> None:
    print(f"{value.key}（{value.title}）")
    shown = (
        procedure(view, value.key.removeprefix("procedures.")) if isinstance(value.value, Procedure) else value.value
    )
    for text in _lines(shown):
        print(f"  {text}")
    if value.since or value.until:
        print(f"  时段：{value.since or '起'} 至 {value.until or '今后'}")
    print(f"  出处：{_cited(value.reference)}")
    if value.reference.article != reading.WHOLE_TEXT:
        print(f"  摘要：{view.article(value.reference.row or value.reference.article).summary}")
        print(f"  本条：{view.article(reading.article_of(value.reference.article)).summary}")
    if value.note:
        print(f"  说明：{value.note}")


def _explain_article(view: View, key: str) -> None:
    try:
        article = view.article(key)
    except packs.Missing:
        near = [value.key for value in view.values() if key.lower() in value.key][:SUGGESTED]
        empty = view.pack.status in ("not_included", "metadata_only")
        state = vocabulary.PACK_STATES[view.pack.status]
        raise NoSuchKey(
            f"规则包 {view.pack.id} 中没有“{key[:80]}”（{view.day.isoformat()}）",
            object_=f"{view.pack.id} {key[:80]}",
            why=state if empty else "",
            remedy=f"相近的键：{'、'.join(near)}" if near else f"可用的键：yishu packs list {view.pack.id}",
        ) from None
    print(f"\n{_cited(article.reference)}\n  摘要：{article.summary}")
    cited = [v for v in view.values() if _cites(v.reference, article.reference)]
    for value in cited:
        print(f"  {value.key}（{value.title}）：{_short(value.value)}")


def _cites(reference: Reference, wanted: Reference) -> bool:
    if wanted.row:
        return reference.row == wanted.row
    return reference.article == wanted.article or reading.article_of(reference.article) == wanted.article


def _lines(value: Any) -> list[str]:
    """A value in Chinese, one statement a line."""
    if isinstance(value, Clock):
        return _clock_lines(value)
    if isinstance(value, Procedure):
        lines = [f"从“{value.steps[value.start].title}”开始"]
        for step in value.steps.values():
            term = _term(step.clock) if step.clock else "无时限"
            lines.append(f"{step.title}（{step.key}，由{vocabulary.ROLES[step.role]}办理，{term}，{step.reference}）")
            for outcome in step.outcomes.values():
                to = value.steps[outcome.to].title if outcome.to in value.steps else value.finals[outcome.to]
                needs = "、".join(f"{vocabulary.REQUIREMENTS[n]}（{outcome.because[n]}）" for n in outcome.requires)
                lines.append(f"  {outcome.title} → {to}{f'；须有{needs}' if needs else ''}（{outcome.reference}）")
        return lines
    if isinstance(value, RequiredList):
        return [f"{f.title}（{f.name}，{f.reference}）{f.note}" for f in value.fields]
    if isinstance(value, OptionList):
        return [f"{o.title}（{o.key}，{o.reference}）{o.note}" for o in value.options]
    return [f"值：{_short(value)}"]


def _clock_lines(clock: Clock) -> list[str]:
    lines = [
        f"值：{_term(clock)}",
        f"办理：{vocabulary.ACTORS[clock.actor]}",
        f"起算：{clock.starts}（当日不计）",
        f"终止：{clock.ends}",
    ]
    if clock.extension:
        e = clock.extension
        how = "合计" if e.total else "每次"
        lines.append(
            f"延长：{how}不超过 {e.working_days} 个工作日，须经{vocabulary.ROLES[e.approver]}同意（{e.reference}）"
        )
    else:
        lines.append("延长：文本未规定")
    stops = {None: "文本未规定", True: "停止计时", False: "不停止计时"}[clock.stops_during_correction]
    lines += [f"补正期间：{stops}", f"下班后收到：{clock.after_hours or '文本未规定'}"]
    return lines


def _term(clock: Clock) -> str:
    if clock.period == "immediate":
        return f"{PERIOD_WORDS['immediate']}（{clock.working_days} 个工作日）"
    return PERIOD_WORDS[clock.period] if clock.working_days is None else f"{clock.working_days} 个工作日"


def _short(value: Any) -> str:
    if value is None:
        return "文本未规定"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Clock):
        return _term(value)
    if isinstance(value, Procedure):
        return f"程序，{len(value.steps)} 步"
    if isinstance(value, RequiredList):
        return "、".join(f.title for f in value.fields)
    if isinstance(value, OptionList):
        return "、".join(o.title for o in value.options)
    return vocabulary.WORDS.get(str(value), str(value))


def _cited(reference: Reference) -> str:
    return f"{reference}{f'（{reference.row}）' if reference.row else ''}"


def _named(pack: Pack) -> str:
    return f"{pack.name}（{pack.id}，{vocabulary.PACK_STATES[pack.status]}）"


def _standing(view: View) -> str:
    standing = view.standing()
    return f"{view.day.isoformat()}：{standing.words}{f'（{standing.reference}）' if standing.reference else ''}"


def _day(text: str | None) -> date:
    if text is None:
        return shanghai_date(datetime.now(UTC))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadDate(f"“{text[:40]}”不是日期", object_=text[:40], remedy="请写作 YYYY-MM-DD，如 2026-09-18") from None
