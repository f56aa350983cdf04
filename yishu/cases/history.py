"""Writes a case's row, its event and its ledger entry from one state, in the caller's transaction."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from django.conf import settings

from yishu.cases import rules
from yishu.cases.models import Case, CaseEvent
from yishu.cases.procedures import procedure_of
from yishu.kernel.time import shanghai_date
from yishu.law.calendar import Calendar
from yishu.law.kinds import Procedure
from yishu.ledger.actions import record
from yishu.ledger.digests import Digester
from yishu.orgs.models import Person


def state_of(case: Case, run: Procedure) -> rules.State:
    """A case's state as its row keeps it; for rows from before clocks were kept, as far as the row tells."""
    document: dict[str, Any] = dict(case.clocks)
    step = run.steps.get(case.step)
    if not document and case.due_on and step and step.clock and step.clock.working_days is not None:
        start = case.clock_from or shanghai_date(case.step_since)
        document = rules.as_json(
            rules.State(case.step, clock=rules.Running(step.clock.key, start, step.clock.working_days))
        )
    return rules.from_json(
        document,
        step=case.step,
        revision=case.revision,
        closed=case.closed_at is not None,
        asked_days=case.extension_asked,
    )


def put_state(case: Case, run: Procedure, state: rules.State, calendar: Calendar) -> None:
    """Set a case's columns from a state (nothing is saved). The dates follow from the clocks and the calendar."""
    step = run.steps.get(state.step)
    dates = rules.dates(run, state, calendar)
    case.step, case.revision = state.step, state.revision
    case.step_role = step.role if step else ""
    case.step_side = rules.side_of(step.role, state.step) if step else ""
    case.due_on, case.due_provisional = dates.due_on, dates.provisional
    case.outer_due_on, case.ends_on, case.amber_on = dates.outer_due_on, dates.ends_on, dates.amber_on
    case.clock_from = state.clock.start if state.clock and not state.clock.stopped else None
    case.extended_days = state.clock.extended if state.clock else 0
    stopped = [clock.days for clock in state.kept.values() if clock.stopped]
    case.paused_left = min(stopped) if stopped and state.clock is None else None
    case.clocks = rules.as_json(state)
    case.extension_asked = state.asked
    term = rules.clock_named(run, state.clock.key) if state.clock and state.asked else None
    case.extension_role = term.extension.approver if term and term.extension else ""


def happened(event: CaseEvent) -> rules.Happened:
    """An event as ``rules.replay`` reads it."""
    return rules.Happened(
        event.outcome, event.at, event.from_step, event.to_step, clock_from=event.clock_from, days=event.days
    )


def write(
    case: Case,
    outcome: str,
    before: str,
    *,
    by: Person,
    role: str,
    at: datetime,
    reason: str,
    facts: Mapping[str, Any],
    clock_from: date | None = None,
    days: int | None = None,
) -> None:
    """The event and the ledger entry; the entry holds keys and counts only, never what people wrote."""
    CaseEvent.objects.create(
        case=case,
        seq=case.revision,
        at=at,
        by=by,
        role=role,
        from_step=before,
        outcome=outcome,
        to_step=case.step,
        reason=reason,
        facts=dict(facts),
        due_on=case.due_on,
        clock_from=clock_from,
        days=days,
    )
    _record(case, outcome, before, by=by, role=role, at=at, reason=reason, facts=facts, days=days)


@cache
def _digester() -> Digester:
    return Digester.load(settings.ENVIRONMENT.home)


def _record(
    case: Case,
    outcome: str,
    before: str,
    *,
    by: Person,
    role: str,
    at: datetime,
    reason: str,
    facts: Mapping[str, Any],
    days: int | None,
) -> None:
    resource = facts.get("resource") or case.events.get(seq=1).facts.get("resource") or ""
    entry: dict[str, Any] = {
        "procedure": case.procedure,
        "object": case.procedure,
        "object_id": case.subject_id,
        "revision": case.revision,
        "jurisdiction": str(case.jurisdiction_id),
        "pack": case.jurisdiction.pack,
        "department_id": str(case.department_id),
    }
    if case.due_on:
        entry["due_on"] = case.due_on.isoformat()
    if facts.get("share_type"):
        entry["share_type"] = facts["share_type"]
    if reason:
        entry["reason"] = _digester().digest(reason, "reason")
    if before:
        step = procedure_of(case).steps[before]
        taken = step.outcomes.get(outcome)
        extension = step.clock.extension if step.clock else None
        reference = taken.reference if taken else extension.reference if extension else step.reference
        entry |= {"step": before, "outcome": outcome, "to_step": case.step, "role": role}
        entry |= {"law_on": case.law_on.isoformat(), "law": reference.row or str(reference), "mode": case.law_mode}
        if days:
            entry["days"] = days
        if facts.get("for_person"):
            entry["for_person"] = str(facts["for_person"])
    else:
        entry |= {"event": "cases.opened", "step": case.step, "mode": case.law_mode}
    record(
        kind="decision" if before else "event",
        by=by,
        at=at,
        department=by.department_id,
        resource=str(resource),
        case=case.pk,
        facts=entry,
    )
