"""Checks whole packs, as ``yishu packs check`` does: every problem of every pack at once, overlays included."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from yishu.law import folders, reading, vocabulary
from yishu.law.kinds import Overlay, OverlayDecision, Procedure, Value
from yishu.law.looser import looser
from yishu.law.overlays import ADAPTED, LOCAL, NATIONAL, is_set
from yishu.law.pack_files import read_pack
from yishu.law.packs import FOLDER, MAX_LINE, Pack
from yishu.law.strict_yaml import PackProblem
from yishu.law.views import View


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: the packs that can be read (by id, in order) and all problems by file and line."""

    packs: tuple[Pack, ...]
    problems: tuple[PackProblem, ...]


def check(folder: Path = FOLDER) -> Report:
    """Check every pack in a folder, or the one pack the folder is; parents may also lie where the platform looks for packs.

    Raises NotADirectoryError when there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(folder)
    if (folder / "pack.yaml").exists() or any(folder.glob("*.yaml")):
        paths = [folder]
    else:
        paths = sorted(path for path in folder.iterdir() if path.is_dir() and any(path.iterdir()))
    packs: dict[str, Pack] = {}
    problems: list[PackProblem] = []
    if not paths:
        problems.append(PackProblem(folder.name, 1, "", "文件夹中应有规则包（每个一个文件夹，内有 pack.yaml）"))
    broken = set()
    for path in paths:
        pack, found = read_pack(path)
        problems += found
        if found:
            broken.add(path.name)
        if pack:
            packs[pack.id] = pack
    lines = {pack.id: _line(pack, packs, problems) for pack in tuple(packs.values())}
    for pack_id, line in lines.items():
        pack = packs[pack_id] = dataclasses.replace(packs[pack_id], above=line)
        if not broken & {pack_id, *(above.id for above in line)}:
            problems += _resolved(pack)
    return Report(tuple(packs.values()), tuple(sorted(problems, key=lambda p: (p.file, p.line, p.key))))


def unanswered(pack: Pack, day: date) -> tuple[str, ...]:
    """The keys of the vocabulary (clocks, values, lists) on which a pack neither holds a value nor says that its text is silent."""
    view = pack.at(day)
    wanted = [
        *(f"clocks.{key}" for key in vocabulary.CLOCKS),
        *(f"options.{key}" for key in vocabulary.OPTION_FACTS),
        *vocabulary.VALUES,
    ]
    return tuple(key for key in wanted if not view.has(key) and view.silence(key) is None)


def _line(pack: Pack, packs: dict[str, Pack], problems: list[PackProblem]) -> tuple[Pack, ...]:
    """The parents of a pack, nearest first; a circle, and a parent there is not, are problems."""
    file = f"{pack.id}/pack.yaml"
    seen = [pack]
    while seen[-1].parent:
        up = seen[-1].parent
        if up in {p.id for p in seen} or len(seen) > MAX_LINE:
            names = " → ".join((*(p.id for p in seen), up))
            problems.append(PackProblem(file, 1, "parent", f"上级不得成环：{names}"))
            break
        if up not in packs:
            path = folders.find(up)
            known = read_pack(path)[0] if path else None
            if known is None:
                problems.append(PackProblem(file, 1, "parent", f"没有规则包“{up}”；最上一级写 none"))
                break
            seen.append(known)
        else:
            seen.append(packs[up])
    return tuple(seen[1:])


def _resolved(pack: Pack) -> Iterator[PackProblem]:
    """What only shows once a pack stands in its line: clocks of procedures, and what its overlay loosens."""
    overlay = pack.overlay
    if overlay and overlay.national not in {parent.id for parent in pack.above}:
        yield PackProblem(f"{pack.id}/pack.yaml", 1, "parent", f"叠加的规则包“{overlay.national}”应在上级之中")
        return
    for day in _days(pack):
        yield from _procedures(pack, pack.at(day, "overlaid"))
    if overlay:
        reported: set[str] = set()
        for day in _days(pack):
            if day >= overlay.since:
                for problem in _loosened(pack, overlay, day):
                    if problem.key not in reported:
                        reported.add(problem.key)
                        yield problem


def _days(pack: Pack) -> list[date]:
    """Days on which something may read differently: the overlay's first and every later variant's, of the pack and those above."""
    starts = {v.since for p in (pack, *pack.above) for variants in p.values.values() for v in variants if v.since}
    first = pack.overlay.since if pack.overlay else pack.valid_from or date.min
    return sorted({first, *(day for day in starts if day > first)})


def _procedures(pack: Pack, view: View) -> Iterator[PackProblem]:
    for value in view.values("procedures"):
        held: Procedure = value.value
        for clock in (held.outer_key, *(step.clock_key for step in held.steps.values())):
            if clock and not view.has(f"clocks.{clock}"):
                yield PackProblem(f"{pack.id}/pack.yaml", 1, value.key, f"{view.day} 起没有时限 {clock}，程序不能办理")


def _loosened(pack: Pack, overlay: Overlay, day: date) -> Iterator[PackProblem]:
    local = pack.at(day)
    national = next(parent for parent in pack.above if parent.id == overlay.national).at(day)
    for key in dict.fromkeys((*local.held, *overlay.decisions)):
        decision = overlay.decisions.get(key)
        if decision:
            yield from _decision(pack, overlay, decision, local, national)
            continue
        if not national.has(key) or _inherited(pack, local.held[key]):
            continue
        more = looser(local.get(key), national.get(key))
        if more:
            yield PackProblem(
                f"{pack.id}/overlay.yaml", 1, f"overlay.decisions.{key}", f"{more}；须在 decisions 中逐项决定"
            )


def _inherited(pack: Pack, value: Value) -> bool:
    return value.reference.pack != pack.id


def _decision(
    pack: Pack, overlay: Overlay, decision: OverlayDecision, local: View, national: View
) -> Iterator[PackProblem]:
    file, line = overlay.lines.get(decision.key, (f"{pack.id}/overlay.yaml", 1))
    key = f"overlay.decisions.{decision.key}"
    outcome, note = decision.note.outcome, decision.note
    if not reading.known_key(decision.key):
        yield PackProblem(file, line, key, "不认识的键；应写全键，如 clocks.check.verify")
        return
    if outcome == NATIONAL and not national.has(decision.key):
        yield PackProblem(file, line, key, f"规则包 {overlay.national} 中没有这个键，不能选 national")
        return
    if outcome == LOCAL and not local.has(decision.key):
        yield PackProblem(file, line, key, "本规则包中没有这个键，不能选 local")
        return
    chosen = {LOCAL: local.held.get(decision.key), ADAPTED: decision.value}.get(outcome)
    more = ""
    if chosen is not None and national.has(decision.key):
        more = looser(chosen, national.get(decision.key))
        if not more and not is_set(chosen) and is_set(national.get(decision.key)):
            more = "本级文本未规定，条例有规定"
    if more and not note.accepted_looser:
        yield PackProblem(file, line, key, f"{more}；确需如此时写 accepted_looser: true 并说明理由")
    if not more and note.accepted_looser:
        yield PackProblem(file, line, key, "并不宽于条例，不应写 accepted_looser")
