"""叠加: reads a pack's overlay, and brings a local text and the national regulation together for one day."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from yishu.kernel.references import Reference
from yishu.law import vocabulary
from yishu.law.entries import Entry
from yishu.law.instruments import Instrument
from yishu.law.kinds import Clock, Overlay, OverlayDecision, OverlayNote, Value

Reader = Callable[[Entry, str, Instrument], tuple[str, Any, Reference, str]]
Found = tuple[Instrument, frozenset[str]]
NATIONAL, LOCAL, ADAPTED = "national", "local", "adapted"
FILLED = "本级文本未作规定，自国家条例施行起按条例执行"
"""Why a national value stands where no decision was needed."""


def read_overlay(
    entry: Entry,
    instrument: Instrument,
    clock_keys: frozenset[str],
    find: Callable[[str], Found | None],
    readers: Callable[[frozenset[str]], Mapping[str, Reader]],
) -> Overlay:
    """Read section ``overlay``. ``find`` gives the text and the clocks of another pack, ``readers`` the reader of each section.

    Noted: an unknown pack, unknown keys, outcomes without reason, places that are not in their text, bodies of a wrong kind.
    """
    f = entry.fields(("from", "with", "decisions"))
    since = f["from"].day()
    pack_id = f["with"].text()
    found = find(pack_id) if pack_id and pack_id != instrument.pack else None
    if pack_id and found is None:
        f["with"].problem(f"没有规则包“{pack_id[:40]}”；应为国家条例的规则包")
    national, national_clocks = found or (Instrument(pack_id, "", partial=True), frozenset[str]())
    citing = dataclasses.replace(instrument, other={national.pack: national}.get)
    by_section = readers(clock_keys | national_clocks)
    decisions: dict[str, OverlayDecision] = {}
    lines: dict[str, tuple[str, int]] = {}
    for key, body in f["decisions"].entries():
        decisions[key] = _decision(body, key, citing, national, by_section)
        lines[key] = (body.file, body.line)
    return Overlay(since if isinstance(since, date) else date.min, pack_id, decisions, lines)


def _decision(
    entry: Entry, key: str, local: Instrument, national: Instrument, readers: Mapping[str, Reader]
) -> OverlayDecision:
    f = entry.fields(
        ("title", "outcome", "reason", "local", "national"), ("conflict", "value", "accepted_looser", "note")
    )
    section, _, name = key.partition(".")
    if section not in readers or section == "values":
        section, name = "values", key
    outcome = f["outcome"].choice(tuple(vocabulary.OVERLAY_OUTCOMES))
    note = OverlayNote(
        title=f["title"].text(),
        outcome=outcome,
        reason=f["reason"].text(),
        local=local.reference(f["local"]),
        national=national.reference(f["national"]),
        conflicts=_conflicts(f["conflict"]),
        accepted_looser=f["accepted_looser"].flag() if f["accepted_looser"] else False,
    )
    value = None
    if outcome == ADAPTED and not f["value"]:
        entry.problem("outcome 为 adapted 时须写 value（执行的内容）")
    elif f["value"] and outcome and outcome != ADAPTED:
        f["value"].problem("只有 outcome 为 adapted 时写 value")
    elif f["value"]:
        title, held, reference, words = readers[section](f["value"], name, local)
        value = Value(key, title, held, reference, note=words)
    return OverlayDecision(key, note, value)


def _conflicts(entry: Entry) -> tuple[int, ...]:
    if not entry:
        return ()
    if entry.is_sequence:
        return tuple(item.number(minimum=1) for item in entry.items())
    return (entry.number(minimum=1),)


def is_set(value: Value | None) -> bool:
    """Whether a value says something: not missing, not ``unset``."""
    if value is None or value.value is None:
        return False
    held = value.value
    return not (isinstance(held, Clock) and held.working_days is None and held.period in ("", "unset"))


def overlaid(
    overlay: Overlay, local: Mapping[str, Value], national: Mapping[str, Value], silence: Callable[[str], Reference]
) -> dict[str, Value]:
    """The values of a day under an overlay: decided keys as decided; else the local value; else, where that is silent, the national one.

    ``silence`` gives the place of the local text's silence on a key. Keys come in the order of the local text,
    then of the national one.
    """
    found: dict[str, Value] = {}
    for key in dict.fromkeys((*local, *national, *overlay.decisions)):
        value = _decided(overlay, key, local.get(key), national.get(key), silence)
        if value is not None:
            found[key] = value
    return found


def _decided(
    overlay: Overlay, key: str, local: Value | None, national: Value | None, silence: Callable[[str], Reference]
) -> Value | None:
    decision = overlay.decisions.get(key)
    if decision:
        chosen = {NATIONAL: national, LOCAL: local, ADAPTED: decision.value}.get(decision.note.outcome)
        return dataclasses.replace(chosen, overlay=decision.note) if chosen else None
    if is_set(local) or not is_set(national):
        return local or national
    assert national is not None  # noqa: S101  (is_set said so; for the type checker)
    where = local.reference if local else silence(key)
    note = OverlayNote(national.title, NATIONAL, FILLED, where, national.reference, decided=False)
    return dataclasses.replace(national, overlay=note)
