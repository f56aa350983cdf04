"""Which procedure a case runs, as the law stood when it was opened."""

from datetime import date
from functools import lru_cache

from yishu.cases.models import Case
from yishu.law import packs, values
from yishu.law.kinds import RequiredField

KEPT = 4096
"""Procedures kept by law and day: as many days as open cases may have been opened on."""


@lru_cache(maxsize=KEPT)
def procedure(law: packs.Law, key: str, on: date) -> values.Procedure:
    """The procedure ``key`` of a law as it stands at ``on`` (Asia/Shanghai date). Raises ``law.packs.Missing``."""
    return values.procedure(law.at(on), key)


packs.on_reload(procedure.cache_clear)


def procedure_of(case: Case) -> values.Procedure:
    """The procedure a case runs, as it stood when the case was opened."""
    return procedure(case.law, case.procedure, case.law_on)


def present_step(case: Case) -> values.Step | None:
    """The step a case stands at, or None once it is closed."""
    return None if case.closed_at else procedure_of(case).steps[case.step]


def step_title(case: Case, key: str) -> str:
    """A step's or final state's title in the case's procedure."""
    run = procedure_of(case)
    return run.steps[key].title if key in run.steps else run.finals[key]


def clock_of(case: Case) -> values.Clock | None:
    """The clock that runs on a case's present step, or None when the law sets none or the case is closed."""
    step = present_step(case)
    return step.clock if step and step.clock and step.clock.working_days is not None else None


def clock_total(case: Case) -> int | None:
    """The running clock's whole length in working days, extensions included; None without a clock."""
    clock = clock_of(case)
    return clock.working_days + case.extended_days if clock and clock.working_days is not None else None


def required_in(law: packs.Law, on: date, form: str) -> tuple[RequiredField, ...]:
    """The fields a law demands in a form on a day; none where it says nothing about the form."""
    view = law.at(on)
    return values.required(view, form) if view.has(f"required.{form}") else ()
