"""Typed readers of a pack at a date. Each raises ``packs.Missing`` (pack and key named) for what the pack does not hold."""

import dataclasses
from typing import Any, TypeVar

from yishu.kernel.references import Reference
from yishu.law.kinds import (
    Article,
    Clock,
    Extension,
    Option,
    OptionList,
    Outcome,
    OverlayNote,
    Procedure,
    Register,
    RegisterField,
    RequiredField,
    RequiredList,
    Step,
    Value,
)
from yishu.law.packs import View

__all__ = [
    "Article",
    "Clock",
    "Extension",
    "Option",
    "Outcome",
    "OverlayNote",
    "Procedure",
    "Register",
    "RegisterField",
    "RequiredField",
    "Step",
    "Value",
    "clock",
    "flag",
    "number",
    "option",
    "options",
    "procedure",
    "procedures",
    "register",
    "registers",
    "required",
    "text",
]

K = TypeVar("K")


def clock(view: View, key: str) -> Clock:
    """The clock of a key of articles' deadlines (``catalogue.change.review``); ``working_days`` is None where the text sets none."""
    return _typed(view, f"clocks.{key}", Clock)


def procedure(view: View, key: str) -> Procedure:
    """The procedure of a key (``catalogue.review``), its steps holding the clocks of the view's day."""
    found = _typed(view, f"procedures.{key}", Procedure)
    steps = {
        name: dataclasses.replace(step, clock=clock(view, step.clock_key)) if step.clock_key else step
        for name, step in found.steps.items()
    }
    return dataclasses.replace(found, steps=steps, outer=clock(view, found.outer_key) if found.outer_key else None)


def procedures(view: View) -> tuple[Procedure, ...]:
    """Every procedure of the day, in the order of the pack."""
    return tuple(procedure(view, value.key.removeprefix("procedures.")) for value in view.values("procedures"))


def required(view: View, form: str) -> tuple[RequiredField, ...]:
    """The fields and documents the law demands in a form (``sharing.application``), in the order of the text."""
    return _typed(view, f"required.{form}", RequiredList).fields


def options(view: View, key: str) -> tuple[Option, ...]:
    """The members of a closed list (``org_kinds``, ``share_types``, ``delivery_modes`` …), in the order of the text."""
    return _typed(view, f"options.{key}", OptionList).options


def option(view: View, key: str, member: str) -> Option:
    """One member of a closed list; ``Missing`` when the law has no such member."""
    for found in options(view, key):
        if found.key == member:
            return found
    raise view.missing(f"options.{key}.{member}")


def register(view: View, key: str) -> Register:
    """The register of a key (``risk_assessment``): its fields, who keeps it and how often it is gone over."""
    return _typed(view, f"registers.{key}", Register)


def registers(view: View) -> tuple[Register, ...]:
    """Every register the law opens on the day, in the order of the pack."""
    return tuple(register(view, value.key.removeprefix("registers.")) for value in view.values("registers"))


def text(view: View, key: str) -> tuple[str | None, Reference]:
    """A textual value (``ownership.label``) and its reference; None where the text is silent."""
    value = view.get(key)
    return (None if value.value is None else str(value.value)), value.reference


def flag(view: View, key: str) -> tuple[bool | None, Reference]:
    """A yes/no value (``opening.enabled``) and its reference; None where the text is silent."""
    value = view.get(key)
    if value.value is not None and not isinstance(value.value, bool):
        raise TypeError(f"{key} is not a flag")
    return value.value, value.reference


def number(view: View, key: str) -> tuple[int | None, Reference]:
    """A whole number (``log.retention_months``) and its reference; None where the text is silent."""
    value = view.get(key)
    if value.value is not None and (isinstance(value.value, bool) or not isinstance(value.value, int)):
        raise TypeError(f"{key} is not a number")
    return value.value, value.reference


def _typed(view: View, key: str, kind: type[K]) -> K:
    value: Any = view.get(key).value
    if not isinstance(value, kind):
        raise TypeError(f"{key} is not a {kind.__name__}")
    return value
