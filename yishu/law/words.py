"""Values of the law in Chinese, as the command line, the comparison and the pages say them."""

from collections.abc import Mapping

from yishu.kernel.references import Reference
from yishu.law import vocabulary
from yishu.law.kinds import (
    PERIOD_WORDS,
    Clock,
    Option,
    OptionList,
    Procedure,
    Register,
    RequiredList,
    Step,
    Value,
)

SILENT = "文本未规定"
KINDS = {
    "text": "文字",
    "long_text": "长文字",
    "choice": "选择",
    "date": "日期",
    "flag": "是否",
    "number": "整数",
    "department": "部门",
    "person": "人员",
    "document": "文件",
    "url": "网址",
}
"""``vocabulary.REGISTER_FIELD_KINDS`` in Chinese."""
KEEPERS = {"authority": "数据主管部门", "department": "各政务部门"}
FACTS: Mapping[str, str] = {
    "may_own_resources": "可为提供部门",
    "may_apply": "可申请共享",
    "assessed": "参加评价",
    "by_reference": "参照执行",
    "access": "获取",
    "decided_by": "由谁决定",
    "demands": "须有",
    "basis_required": "须有依据",
    "accepted_for": "可作为依据",
    "needs_reason": "须说明理由",
    "lead": "牵头",
    "catalogue_by": "目录编制",
    "locked": "共享类型锁定",
    "aspect": "方面",
    "measure": "计算",
    "detectors": "发现方式",
    "binds": "约束",
    "follows": "在此之后",
    "by": "提交",
    "to": "报送",
    "due": "期限",
    "blocks": "不得发布",
    "effect": "后果",
    "types": "类型",
    "modes": "方式",
    "structured": "结构化",
    "describe": "须描述信息项",
    "of": "属于",
    "hint": "提示",
    "identifier": "须有标识",
    "code": "代码",
}
"""The facts of ``vocabulary.OPTION_FACTS`` in Chinese."""

FACT_WORDS: Mapping[str, str] = {
    "direct": "直接获取",
    "application": "申请",
    "none": "无",
    "authority": "数据主管部门",
    "provider": "提供部门",
    "platform": "共享平台",
    "department": "政务部门",
    "anyone": "任何单位和个人",
    "refuse": "不得录入",
    "mask": "脱敏",
    "lead": "牵头部门",
    **vocabulary.REQUIREMENTS,
    **vocabulary.BASIS_USES,
}
"""Words of facts in Chinese; what stands here not is shown as the pack writes it."""


def lines(held: object, *, cited: bool = True) -> list[str]:
    """What a value holds, one statement a line; ``cited`` puts the article and the keys behind each and names what is silent."""
    if isinstance(held, Clock):
        return _clock(held, cited)
    if isinstance(held, Procedure):
        return _procedure(held, cited)
    if isinstance(held, RequiredList):
        return [f"{f.title}{_cite(f.name, f.reference, cited)}{f.note}" for f in held.fields]
    if isinstance(held, OptionList):
        return [
            f"{o.title}{_cite(o.key, o.reference, cited)}{_facts(o)}{o.note if cited else ''}" for o in held.options
        ]
    if isinstance(held, Register):
        return _register(held, cited)
    return [f"值：{short(held)}" if cited else short(held)]


def short(held: object) -> str:
    """A value in a few words: ``10 个工作日``, ``程序，2 步``, ``是``."""
    if held is None:
        return SILENT
    if isinstance(held, bool):
        return "是" if held else "否"
    if isinstance(held, Clock):
        return term(held)
    if isinstance(held, Procedure):
        return f"程序，{len(held.steps)} 步"
    if isinstance(held, RequiredList):
        return "、".join(f.title for f in held.fields)
    if isinstance(held, OptionList):
        return "、".join(o.title for o in held.options)
    if isinstance(held, Register):
        return f"登记簿，{len(held.fields)} 个字段"
    return vocabulary.WORDS.get(str(held), str(held))


def term(clock: Clock) -> str:
    """How long a clock runs: ``5 个工作日``, ``即时（0 个工作日）``, ``每年``, ``文本未规定时限``."""
    if clock.period == "immediate":
        return f"{PERIOD_WORDS['immediate']}（{clock.working_days or 0} 个工作日）"
    return PERIOD_WORDS[clock.period] if clock.working_days is None else f"{clock.working_days} 个工作日"


def overlay_words(value: Value) -> str:
    """What the overlay did to a value, or ""."""
    if value.overlay is None:
        return ""
    word = vocabulary.OVERLAY_OUTCOMES.get(value.overlay.outcome, value.overlay.outcome)
    return word if value.overlay.decided else f"{word}（本级未规定）"


def cite(reference: Reference) -> str:
    """A place with its row: ``修武办法 第十条（XW-10.2）``."""
    return f"{reference}{f'（{reference.row}）' if reference.row else ''}"


def _clock(clock: Clock, cited: bool) -> list[str]:
    found = [
        f"值：{term(clock)}" if cited else term(clock),
        f"办理：{vocabulary.ACTORS[clock.actor]}",
        f"起算：{clock.starts}（当日不计）",
        f"终止：{clock.ends}",
    ]
    if clock.extension:
        e = clock.extension
        how = "合计" if e.total else "每次"
        where = f"（{e.reference}）" if cited else ""
        found.append(f"延长：{how}不超过 {e.working_days} 个工作日，须经{vocabulary.ROLES[e.approver]}同意{where}")
    else:
        found.append(f"延长：{SILENT}")
    stops = {None: SILENT, True: "停止计时", False: "不停止计时"}[clock.stops_during_correction]
    if cited or clock.stops_during_correction is not None:
        found.append(f"补正期间：{stops}")
    if cited or clock.after_hours is not None:
        found.append(f"下班后收到：{_after_hours(clock)}")
    return found


def _after_hours(clock: Clock) -> str:
    if clock.after_hours is None:
        return SILENT
    rule, _, until = clock.after_hours.partition(" ")
    return f"{vocabulary.AFTER_HOURS[rule]}{f'（工作时间至 {until}）' if until else ''}"


def _procedure(held: Procedure, cited: bool) -> list[str]:
    found = [f"从“{held.steps[held.start].title}”开始"]
    if held.outer:
        found.append(f"全程：{term(held.outer)}（{held.outer.title}）")
    for step in held.steps.values():
        found += _step(held, step, cited)
    return found


def _step(held: Procedure, step: Step, cited: bool) -> list[str]:
    limit = term(step.clock) if step.clock else ("时限见 " + step.clock_key if step.clock_key else "无时限")
    names = f"{step.key}，" if cited else ""
    where = f"，{step.reference}" if cited else ""
    found = [f"{step.title}（{names}由{vocabulary.ROLES[step.role]}办理，{limit}{where}）"]
    for outcome in step.outcomes.values():
        to = held.steps[outcome.to].title if outcome.to in held.steps else held.finals[outcome.to]
        needs = "、".join(
            f"{vocabulary.REQUIREMENTS[n]}{f'（{outcome.because[n]}）' if cited else ''}" for n in outcome.requires
        )
        where = f"（{outcome.reference}）" if cited else ""
        longer = "，延长时限" if outcome.extends else ""
        found.append(f"  {outcome.title} → {to}{longer}{f'；须有{needs}' if needs else ''}{where}")
    return found


def _register(held: Register, cited: bool) -> list[str]:
    every = f"每 {held.review_months} 个月复核" if held.review_months else "复核周期未规定"
    found = [f"登记：{KEEPERS[held.kept_by]}，{every}"]
    for f in held.fields:
        need = "必填" if f.required else "选填"
        choices = f"：{'、'.join(f.choices)}" if f.choices else ""
        where = _cite(f.name, f.reference, cited)
        found.append(f"{f.title}（{need}，{KINDS[f.kind]}{choices}）{where}{f.note if cited else ''}")
        titles = {other.name: other.title for other in held.fields}
        found += [f"  “{word}”属于禁止行为{f'（{act}）' if cited else ''}" for word, act in f.breaches]
        found += [f"  “{word}”的须填{titles.get(name, name)}" for word, name in f.demands]
    return found


def _facts(option: Option) -> str:
    words = []
    for name, fact in option.facts.items():
        if isinstance(fact, bool):
            words.append(f"{FACTS.get(name, name)}：{'是' if fact else '否'}")
        else:
            texts = fact if isinstance(fact, tuple) else (fact,)
            words.append(f"{FACTS.get(name, name)}：{'、'.join(FACT_WORDS.get(t, t) for t in texts)}")
    return f"（{'；'.join(words)}）" if words else ""


def _cite(name: str, reference: Reference, cited: bool) -> str:
    return f"（{name}，{reference}）" if cited else ""
