"""What a pack's values are, as frozen dataclasses. No I/O; ``law.reading`` makes them, ``law.values`` hands them out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from yishu.kernel.references import Reference

Period = Literal["", "immediate", "yearly", "periodic", "per_case", "by_cycle", "unset"]
PERIOD_WORDS: Mapping[str, str] = {
    "immediate": "即时",
    "yearly": "每年",
    "periodic": "定期（周期未规定）",
    "per_case": "逐案确定",
    "by_cycle": "按更新周期",
    "unset": "文本未规定时限",
}


@dataclass(frozen=True, slots=True)
class Extension:
    """How far a clock may be extended: working days in total, by whom, under which article."""

    working_days: int
    approver: str
    total: bool
    """True: ``working_days`` bounds all extensions together."""
    reference: Reference


@dataclass(frozen=True, slots=True)
class Clock:
    """时限: a term the law sets. ``working_days`` is None when the text sets no number; ``period`` then says what it sets.

    ``starts_at`` and ``ends_with`` are event keys (``law.vocabulary``); ``starts`` and ``ends`` say them in Chinese. The start day is
    not counted. ``stops_during_correction`` (补正) and ``after_hours`` (what counts as receipt after office hours) are None where the
    text is silent.
    """

    key: str
    title: str
    working_days: int | None
    period: Period
    actor: str
    starts_at: str
    starts: str
    ends_with: str
    ends: str
    stops_during_correction: bool | None
    after_hours: str | None
    extension: Extension | None
    reference: Reference
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing the role of a step may decide. ``to`` is the next step or a final state.

    ``requires`` names what must come with it (``law.vocabulary.REQUIREMENTS``); ``because`` gives the article of each.
    """

    key: str
    title: str
    to: str
    requires: tuple[str, ...]
    reference: Reference
    because: Mapping[str, Reference] = field(default_factory=dict)
    extends: bool = False
    """The outcome keeps the step and extends its clock, as far as the clock's extension goes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a procedure: who acts (``role``), within which clock (None: none applies), with which outcomes."""

    key: str
    title: str
    role: str
    clock: Clock | None
    outcomes: Mapping[str, Outcome]
    reference: Reference
    clock_key: str = ""


@dataclass(frozen=True, slots=True)
class Procedure:
    """程序: steps by key in the order of the text, beginning at ``start``; ``finals`` maps final states to their titles.

    ``outer`` is the clock over all steps, from opening to a final state; None where the law sets none.
    """

    key: str
    title: str
    reference: Reference
    start: str
    steps: Mapping[str, Step]
    finals: Mapping[str, str]
    outer: Clock | None = None
    outer_key: str = ""


@dataclass(frozen=True, slots=True)
class RequiredField:
    """A field or document the law demands in a form; ``name`` is the form field's name."""

    name: str
    title: str
    reference: Reference
    note: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One member of a list the law closes (organisation kinds, share types …). ``facts`` per list: ``law.vocabulary.OPTION_FACTS``."""

    key: str
    title: str
    reference: Reference
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OptionList:
    """A closed list with the article that closes it; ``options`` in the order of the text."""

    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class RequiredList:
    """What one form must hold, in the order of the text."""

    title: str
    fields: tuple[RequiredField, ...]


@dataclass(frozen=True, slots=True)
class RegisterField:
    """A field of a register: ``kind`` is one of ``vocabulary.REGISTER_FIELD_KINDS``, ``choices`` the words of a choice.

    ``breaches`` pairs a word with the forbidden act it states (a key of ``options.prohibited_acts`` or ``options.sanctioned_acts``);
    ``demands`` pairs a word with the field that must then be filled.
    """

    name: str
    title: str
    kind: str
    required: bool
    choices: tuple[str, ...]
    reference: Reference
    note: str = ""
    breaches: tuple[tuple[str, str], ...] = ()
    demands: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Register:
    """登记簿: what a jurisdiction records of one kind of thing, who keeps it (``authority``, ``department``) and how often it is gone over.

    ``title_field`` names the field an entry is called by; ``review_months`` is None where the text sets no period.
    """

    key: str
    title: str
    reference: Reference
    fields: tuple[RegisterField, ...]
    kept_by: str
    review_months: int | None
    title_field: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Annex:
    """A second text a pack cites beside its own (the guide, a standard); ``places`` are named freely."""

    key: str
    instrument: str
    short_name: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Silence:
    """A statement that the text has no such list, procedure, form or register, and what that means."""

    key: str
    title: str
    note: str
    reference: Reference


@dataclass(frozen=True, slots=True)
class OverlayNote:
    """How the local text and the national regulation were brought together for one value.

    ``outcome`` is a word of ``vocabulary.OVERLAY_OUTCOMES``. ``decided``: written in the pack's overlay; False where the local text is silent
    and the national value fills it. ``conflicts`` are numbers of the list of known conflicts.
    """

    title: str
    outcome: str
    reason: str
    local: Reference
    national: Reference
    conflicts: tuple[int, ...] = ()
    decided: bool = True
    accepted_looser: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """A dated value with its reference. ``value`` is text, a whole number, a flag, None (the text is silent) or one of the kinds above.

    ``since`` and ``until`` are Asia/Shanghai dates, both inclusive; None: as long as the pack.
    """

    key: str
    title: str
    value: Any
    reference: Reference
    since: date | None = None
    until: date | None = None
    note: str = ""
    overlay: OverlayNote | None = None

    def holds_on(self, day: date) -> bool:
        """Whether this variant applies on a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class OverlayDecision:
    """One decision of a pack's overlay. ``value`` is set only for the outcome ``adapted``: the value as it then reads."""

    key: str
    note: OverlayNote
    value: Value | None


@dataclass(frozen=True, slots=True)
class Overlay:
    """叠加: how a local text stands under the national pack ``national`` from a date on, decided key by key.

    ``lines`` gives file and line of each decision, for the checker.
    """

    since: date
    national: str
    decisions: Mapping[str, OverlayDecision]
    lines: Mapping[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Article:
    """Our own summary of one article or one demand in it (never the text)."""

    reference: Reference
    summary: str
