"""Reads: which procedure a case runs, where it stands, a case's line. Who may act: ``cases.parties``."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from yishu.cases import rules
from yishu.cases.models import Case, CaseEvent
from yishu.cases.parties import acting_department, held, may_act_on, visible_cases, waiting_for, whose_turn
from yishu.cases.procedures import clock_of, present_step, procedure, procedure_of, step_title
from yishu.kernel.errors import NotFound
from yishu.kernel.references import Reference
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Person
from yishu.pages.parts import LineStep

__all__ = [
    "acting_department",
    "case_for",
    "case_line",
    "clock_of",
    "event_reference",
    "event_words",
    "held",
    "may_act_on",
    "present_step",
    "procedure",
    "procedure_of",
    "step_title",
    "took_in_words",
    "visible_cases",
    "waiting_for",
    "whose_turn",
]


def case_for(person: Person, case_id: UUID) -> Case:
    """One case a person may read. Raises NotFound alike when it does not exist and when it is not theirs to see."""
    case = (
        visible_cases(person)
        .select_related("jurisdiction", "department", "provider", "opened_by")
        .filter(pk=case_id)
        .first()
    )
    if case is None:
        raise NotFound("没有这个办件，或您无权查看", remedy="请从工作台进入自己的办件", code="cases.not_found")
    return case


def event_words(case: Case, event: CaseEvent) -> tuple[str, str]:
    """An event's step and outcome in words."""
    if not event.from_step:
        return "提交", "提交"
    step = procedure_of(case).steps.get(event.from_step)
    if event.outcome in rules.EXTENSION_WORDS:
        return (
            step.title if step else event.from_step
        ), f"{rules.EXTENSION_WORDS[event.outcome]} {event.days or 0} 个工作日"
    outcome = step.outcomes.get(event.outcome) if step else None
    return (step.title if step else event.from_step), (outcome.title if outcome else event.outcome)


def event_reference(case: Case, event: CaseEvent) -> Reference | None:
    """The article an event rests on."""
    run = procedure_of(case)
    step = run.steps.get(event.from_step)
    if step is None:
        return run.reference
    if event.outcome in rules.EXTENSION_WORDS:
        return step.clock.extension.reference if step.clock and step.clock.extension else None
    return step.outcomes[event.outcome].reference if event.outcome in step.outcomes else None


def took_in_words(start: datetime, end: datetime) -> str:
    """How long something took, for people: calendar days, hours or minutes."""
    minutes = max(0, int((end - start).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} 分钟"
    if minutes < 24 * 60:
        return f"{minutes // 60} 小时"
    return f"{(shanghai_date(end) - shanghai_date(start)).days} 天"


def case_line(case: Case, events: Iterable[CaseEvent]) -> tuple[LineStep, ...]:
    """The procedure as a line: what was done (who, when, how long), what is now, what may come, what was not taken."""
    run = procedure_of(case)
    line: list[LineStep] = []
    since: datetime | None = None
    taken: set[str] = set()
    aside: list[str] = []
    for event in events:
        step = run.steps.get(event.from_step)
        title, note = event_words(case, event)
        line.append(
            LineStep(
                title=title,
                state="done",
                who=event.by.name,
                when=event.at,
                took=took_in_words(since, event.at) if since else "",
                note=note if step else "",
                reference=event_reference(case, event) if step else None,
            )
        )
        taken |= {event.from_step, event.to_step}
        if step:
            aside += [o.to for o in step.outcomes.values()]
        since = event.at
    now = run.steps.get(case.step)
    if now is None:
        line.append(LineStep(title=run.finals[case.step], state="done", when=case.closed_at))
        ahead: list[str] = []
    else:
        clock = clock_of(case)
        line.append(
            LineStep(
                title=now.title, state="now", who=whose_turn(case), due_on=case.due_on,
                provisional=case.due_provisional, reference=clock.reference if clock else None,
            )
        )  # fmt: skip
        ahead = [o.to for o in now.outcomes.values()]
    titles = {key: step.title for key, step in run.steps.items()} | dict(run.finals)
    line += [LineStep(title=titles[key], state="ahead") for key in dict.fromkeys(ahead) if key != case.step]
    left = [key for key in dict.fromkeys(aside) if key not in taken and key not in ahead]
    return tuple(line + [LineStep(title=titles[key], state="aside") for key in left])
