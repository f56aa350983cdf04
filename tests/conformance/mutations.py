"""Every way one value of a pack can be wrong: packs with one value changed, made in memory."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from yishu.kernel.references import Reference
from yishu.law import vocabulary
from yishu.law.kinds import (
    Clock,
    Extension,
    Option,
    OptionList,
    Outcome,
    OverlayDecision,
    Procedure,
    Register,
    RequiredList,
    Step,
    Value,
)
from yishu.law.packs import Pack

OTHER = "另一种说法"
"""What stands in for a text."""
STEP2: tuple[str, ...] = (
    "clocks.catalogue.",
    "procedures.catalogue.",
    "procedures.org.filing",
    "procedures.source.decision",
    "procedures.demand.list",
    "required.catalogue.",
    "required.secrecy.review",
    "required.department.",
    "required.internal.review",
    "required.impact.assessment",
    "required.withheld.statement",
    "required.demand",
    "required.joint.collection",
    "options.org_kinds",
    "options.parties",
    "options.source_kinds",
    "options.media_kinds",
    "options.lifecycle_stages",
    "options.share_types",
    "options.basis_kinds",
    "options.base_libraries",
    "options.theme_libraries",
    "options.secrecy_conclusions",
    "options.sensitivity_flags",
    "options.catalogue_",
    "options.format_classes",
    "options.share_mode_",
    "options.data_types",
    "options.grades",
    "options.subject_kinds",
    "options.identifiers",
    "options.update_cycles",
    "registers.",
    "ownership.",
    "platform.",
    "authority.",
    "org.",
    "scope.",
    "catalogue.",
    "identifier.",
    "secrecy.",
    "collection.duplicates_allowed",
    "collection.joint",
    "collection.lead_source_named_by",
    "collection.multi_source_check",
    "collection.source_unique",
    "sharing.default_type",
    "sharing.type_confirmed_by",
    "sharing.base_elements_type",
    "sharing.base_items_shared",
    "sharing.withheld_basis",
    "sharing.conditional_basis",
    "sharing.internal_measure_as_basis",
    "sharing.withheld_stated_to_authority",
)
"""Keys that belong to organisation, catalogue, demand, responsibility, one source, filing, classification, publication, registers."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One changed value: the pack as it then is, what changed in words, and the places the change stands on."""

    pack: Pack
    key: str
    change: str
    references: tuple[Reference, ...]

    def __str__(self) -> str:
        return f"{self.pack.id} {self.key}：{self.change}"


Changed = Iterator[tuple[Any, str, Reference | None]]
"""A changed value, what changed, and the place of the changed part (None: the value's own)."""


def in_scope(key: str, scope: str) -> bool:
    """Whether a full key belongs to a scope: ``all`` or ``step2``."""
    return scope == "all" or key.startswith(STEP2)


def mutations(pack: Pack) -> Iterator[Mutation]:
    """The pack with each of its values changed in each way, one at a time; the overlay's decisions too."""
    for key, variants in pack.values.items():
        for number, value in enumerate(variants):
            for held, change, place in changed(value.value, key):
                other = dataclasses.replace(value, value=held)
                values = {**pack.values, key: (*variants[:number], other, *variants[number + 1 :])}
                places = tuple(dict.fromkeys(p for p in (place, value.reference) if p))
                yield Mutation(dataclasses.replace(pack, values=values), key, change, places)
    if pack.overlay:
        for decision in pack.overlay.decisions.values():
            for other, change in _decided(decision):
                decisions = {**pack.overlay.decisions, decision.key: other}
                overlay = dataclasses.replace(pack.overlay, decisions=decisions)
                places = (decision.note.local, decision.note.national)
                yield Mutation(dataclasses.replace(pack, overlay=overlay), decision.key, f"叠加：{change}", places)


def changed(held: Any, key: str) -> Changed:
    """A value changed in each way its kind can be wrong."""
    if isinstance(held, Clock):
        yield from _clock(held)
    elif isinstance(held, Procedure):
        yield from _procedure(held)
    elif isinstance(held, RequiredList):
        for field in held.fields:
            rest = tuple(f for f in held.fields if f is not field)
            yield dataclasses.replace(held, fields=rest), f"必填内容少了“{field.title}”", field.reference
    elif isinstance(held, OptionList):
        yield from _options(held, key.removeprefix("options."))
    elif isinstance(held, Register):
        yield from _register(held)
    else:
        yield from _plain(held, key)


def _plain(held: Any, key: str) -> Changed:
    if isinstance(held, bool):
        others: tuple[Any, ...] = (not held,)
    elif isinstance(held, int):
        others = (held + 1, held - 1)
    else:
        kind = vocabulary.VALUES.get(key, vocabulary.TEXT)
        words = kind if isinstance(kind, tuple) else {vocabulary.FLAG: (True,), vocabulary.NUMBER: (1,)}.get(kind)
        others = tuple(word for word in words or (OTHER,) if word != held)
    for other in others:
        yield other, f"{held} → {other}", None
    if held is not None:
        yield None, f"{held} → 未规定", None


def _clock(held: Clock) -> Changed:
    if held.working_days is None:
        yield dataclasses.replace(held, working_days=1, period=""), f"{held.period} → 1 个工作日", None
    else:
        for days in (held.working_days + 1, held.working_days - 1):
            if days >= 0:
                yield dataclasses.replace(held, working_days=days), f"{held.working_days} → {days} 个工作日", None
    actor = _other(tuple(vocabulary.ACTORS), held.actor)
    yield dataclasses.replace(held, actor=actor), f"办理 {held.actor} → {actor}", None
    e = held.extension
    if e is None:
        given = Extension(1, "authority", True, held.reference)
        yield dataclasses.replace(held, extension=given), "可延长 1 个工作日", None
        return
    yield dataclasses.replace(held, extension=None), "不得延长", e.reference
    role = _other(tuple(vocabulary.ROLES), e.approver)
    for other, change in (
        (dataclasses.replace(e, working_days=e.working_days + 1), f"延长 {e.working_days} → {e.working_days + 1}"),
        (dataclasses.replace(e, working_days=e.working_days - 1), f"延长 {e.working_days} → {e.working_days - 1}"),
        (dataclasses.replace(e, approver=role), f"延长由 {e.approver} → {role} 批准"),
        (dataclasses.replace(e, total=not e.total), "延长合计 ↔ 每次"),
    ):
        yield dataclasses.replace(held, extension=other), change, e.reference


def _procedure(held: Procedure) -> Changed:
    for step in held.steps.values():
        role = _other(tuple(vocabulary.ROLES), step.role)
        yield _with(held, dataclasses.replace(step, role=role)), f"{step.key} 由 {step.role} → {role}", step.reference
        if step.clock_key:
            yield _with(held, dataclasses.replace(step, clock_key="")), f"{step.key} 没有时限", step.reference
        for outcome in step.outcomes.values():
            yield from _outcome(held, step, outcome)
    if held.outer_key:
        yield dataclasses.replace(held, outer_key=""), "没有全程时限", None


def _outcome(held: Procedure, step: Step, outcome: Outcome) -> Changed:
    def with_outcome(other: Outcome | None) -> Procedure:
        outcomes = {k: v for k, v in step.outcomes.items() if k != outcome.key} | ({other.key: other} if other else {})
        return _with(held, dataclasses.replace(step, outcomes=outcomes))

    name = f"{step.key}.{outcome.key}"
    target = _other((*held.steps, *held.finals), outcome.to)
    yield with_outcome(dataclasses.replace(outcome, to=target)), f"{name} → {target}", outcome.reference
    for need in outcome.requires:
        rest = tuple(n for n in outcome.requires if n != need)
        because = {k: v for k, v in outcome.because.items() if k != need}
        other = dataclasses.replace(outcome, requires=rest, because=because)
        yield with_outcome(other), f"{name} 不需要 {need}", outcome.because.get(need)
    if len(step.outcomes) > 1:
        yield with_outcome(None), f"没有 {name}", outcome.reference


def _with(held: Procedure, step: Step) -> Procedure:
    return dataclasses.replace(held, steps={**held.steps, step.key: step})


def _options(held: OptionList, name: str) -> Changed:
    facts = vocabulary.OPTION_FACTS.get(name, {})
    for option in held.options:
        rest = tuple(o for o in held.options if o is not option)
        yield dataclasses.replace(held, options=rest), f"少了“{option.title}”", option.reference
        for fact, value in option.facts.items():
            other = _fact(value, facts.get(fact))
            yield (
                _with_fact(held, option, fact, other),
                f"“{option.title}”的 {fact} {value} → {other}",
                option.reference,
            )


def _with_fact(held: OptionList, option: Option, fact: str, value: Any) -> OptionList:
    other = dataclasses.replace(option, facts={**option.facts, fact: value})
    return dataclasses.replace(held, options=tuple(other if o is option else o for o in held.options))


def _fact(value: Any, words: tuple[str, ...] | None) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, tuple):
        return value[1:] if value else (OTHER,)
    return _other(words, value) if words else OTHER


def _register(held: Register) -> Changed:
    keeper = _other(("authority", "department"), held.kept_by)
    yield dataclasses.replace(held, kept_by=keeper), f"由 {held.kept_by} → {keeper} 登记", None
    months = (held.review_months or 0) + 1
    yield dataclasses.replace(held, review_months=months), f"复核 {held.review_months} → {months} 个月", None
    for field in held.fields:
        other = dataclasses.replace(field, required=not field.required)
        fields = tuple(other if f is field else f for f in held.fields)
        word = "选填" if field.required else "必填"
        yield dataclasses.replace(held, fields=fields), f"“{field.title}”{word}", field.reference
        for part, word in (("breaches", "不再指认禁止行为"), ("demands", "不再牵出必填内容")):
            if getattr(field, part):
                other = dataclasses.replace(field, **{part: ()})
                fields = tuple(other if f is field else f for f in held.fields)
                yield dataclasses.replace(held, fields=fields), f"“{field.title}”{word}", field.reference
        rest = tuple(f for f in held.fields if f is not field)
        if rest and field.name != held.title_field:
            yield dataclasses.replace(held, fields=rest), f"少了“{field.title}”", field.reference


def _decided(decision: OverlayDecision) -> Iterator[tuple[OverlayDecision, str]]:
    outcome = decision.note.outcome
    for other in ("national", "local"):
        if other != outcome:
            note = dataclasses.replace(decision.note, outcome=other)
            yield dataclasses.replace(decision, note=note, value=None), f"{outcome} → {other}"
    if decision.value:
        value: Value = decision.value
        for held, change, _ in changed(value.value, decision.key):
            yield dataclasses.replace(decision, value=dataclasses.replace(value, value=held)), change


def _other(words: tuple[str, ...], word: str) -> str:
    """The next word of a list, round the end."""
    return words[(words.index(word) + 1) % len(words)] if word in words else words[0]


def rows_at(pack: Pack, packs: Mapping[str, Pack], reference: Reference) -> list[str]:
    """The rows a place stands for: its own, then those of the same place, then the rest of its article."""
    from yishu.law.instruments import article_of

    home = pack if reference.pack == pack.id else packs.get(reference.pack)
    if home is None or reference.instrument != home.short_name:
        return [reference.row] if reference.row else []
    article = article_of(reference.article)
    same = [row for row, a in home.rows.items() if a.reference.article == reference.article]
    near = [row for row, a in home.rows.items() if article and article_of(a.reference.article) == article]
    return list(dict.fromkeys(([reference.row] if reference.row else []) + same + near))
