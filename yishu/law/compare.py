"""Packs side by side on one day: what each says on every key, and where they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

from yishu.kernel.references import Reference
from yishu.law import reading, values, vocabulary, words
from yishu.law.kinds import Clock, OptionList, OverlayNote, Procedure, Register, RequiredList, Value
from yishu.law.packs import View

KINDS = {**{key: title for key, title in reading.SECTIONS.items() if key != "values"}, "values": "单项规定"}
"""The sections of a comparison, in order."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one pack says on a key. ``lines`` are its words; ``reference`` None where the text is not at hand.

    ``rule`` is what the words come to, by which packs are compared: equal rules in other words do not differ.
    ``state``: ``held``, ``silent`` (the text sets nothing), ``empty`` (the text is not at hand) or ``open`` (the pack does not answer).
    """

    pack: str
    state: str
    lines: tuple[str, ...]
    reference: Reference | None
    note: str = ""
    overlay: OverlayNote | None = None
    rule: object = None


@dataclass(frozen=True, slots=True)
class Row:
    """One key over all packs. ``differs``: the packs at hand do not say the same."""

    key: str
    kind: str
    title: str
    cells: tuple[Cell, ...]
    differs: bool

    @property
    def overlaid(self) -> bool:
        """Whether an overlay decided something here."""
        return any(cell.overlay and cell.overlay.decided for cell in self.cells)


def compare(views: Sequence[View]) -> tuple[Row, ...]:
    """Every key that any of the packs holds or is silent on, by kind and in the order of the packs."""
    keys = dict.fromkeys(key for view in views for key in (*view.held, *view.pack.silent))
    rows = [_row(key, views) for key in keys]
    order = list(KINDS)
    return tuple(sorted(rows, key=lambda row: order.index(row.kind)))


def kind_of(key: str) -> str:
    """The section a full key belongs to."""
    section = key.partition(".")[0]
    return section if section in reading.SECTIONS and section != "values" else "values"


def _row(key: str, views: Sequence[View]) -> Row:
    cells = tuple(cell(view, key) for view in views)
    said = {c.rule for c in cells if c.state != "empty"}
    held = (view.get(key).title for view in views if view.has(key))
    silent = (view.pack.silent[key].title for view in views if key in view.pack.silent)
    return Row(key, kind_of(key), title_of(key) or next(held, "") or next(silent, key), cells, len(said) > 1)


def title_of(key: str) -> str:
    """What the vocabulary calls a key, or ""."""
    section, _, name = key.partition(".")
    known = {
        "clocks": vocabulary.CLOCKS,
        "procedures": vocabulary.PROCEDURES,
        "registers": vocabulary.REGISTERS,
    }
    return known.get(section, {}).get(name, "")


def cell(view: View, key: str) -> Cell:
    """What a pack says on a key on the view's day."""
    pack = view.pack.id
    if view.has(key):
        return _held(view, view.get(key))
    silence = view.silence(key)
    if silence:
        return Cell(pack, "silent", (words.SILENT,), silence.reference, silence.note)  # rule None: silence
    if view.pack.is_empty:
        return Cell(pack, "empty", (vocabulary.PACK_STATES[view.pack.status],), None)
    return Cell(pack, "open", ("规则包未写明",), None)


def _held(view: View, value: Value) -> Cell:
    held = value.value
    if isinstance(held, Procedure):
        held = values.procedure(view, value.key.removeprefix("procedures."))
    state = "silent" if rule(held) is None else "held"
    lines = tuple(words.lines(held, cited=False))
    return Cell(view.pack.id, state, lines, value.reference, value.note, value.overlay, rule(held))


def rule(held: object) -> object:
    """What a value comes to, without its words and articles: two texts that rule the same give equal rules. None: the text is silent."""
    if isinstance(held, Clock):
        return _clock(held)
    if isinstance(held, Procedure):
        steps = tuple(
            (key, s.role, s.clock and _clock(s.clock), tuple((o.key, o.to, o.requires) for o in s.outcomes.values()))
            for key, s in held.steps.items()
        )
        return held.start, steps, held.outer and _clock(held.outer)
    if isinstance(held, RequiredList):
        return frozenset(f.name for f in held.fields)
    if isinstance(held, OptionList):
        return frozenset((o.key, tuple(sorted(o.facts.items()))) for o in held.options)
    if isinstance(held, Register):
        fields = frozenset((f.name, f.kind, f.required, f.choices) for f in held.fields)
        return held.kept_by, held.review_months, fields
    return held


def _clock(held: Clock) -> object:
    if held.working_days is None and held.period in ("", "unset") and held.extension is None:
        return None
    e = held.extension
    more = (e.working_days, e.approver, e.total) if e else None
    runs = (held.actor, held.starts_at, held.ends_with, held.stops_during_correction, held.after_hours)
    return held.working_days, held.period, more, runs
