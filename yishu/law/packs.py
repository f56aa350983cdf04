"""Regulation packs: loaded whole and checked whole, then read at a date. Django-free; a loaded pack never changes."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

from yishu.kernel.errors import Problem, PublicError
from yishu.law import folders
from yishu.law.folders import FOLDER
from yishu.law.pack_files import read_pack
from yishu.law.views import MODES, Missing, Mode, Pack, Standing, Statement, View, standing

__all__ = [
    "FOLDER",
    "MODES",
    "BadPack",
    "Law",
    "Missing",
    "Mode",
    "NoPack",
    "Pack",
    "Standing",
    "Statement",
    "View",
    "add_folder",
    "line",
    "load",
    "on_reload",
    "pack_ids",
    "reload",
    "standing",
]

MAX_LINE = 8
"""Most packs a line of parents may have; more is taken for a circle."""
MAX_VIEWS = 64
"""Most days kept of each law; a platform asks for today and the days its open cases began."""
_read: dict[tuple[str, Path], Pack] = {}
_loaded: dict[tuple[str, Path], Pack] = {}
_views: "dict[Law, dict[date, View]]" = {}
_override: dict[str, Pack] = {}
"""Packs that stand in for those on disk (the mutation run); set through ``override``."""
_callbacks: list[Callable[[], object]] = []


class BadPack(PublicError):
    """The pack cannot be used; ``problems`` lists everything wrong with it."""

    code = "law.bad_pack"
    status = 500


class NoPack(PublicError):
    """No pack of that id."""

    code = "law.no_such_pack"
    status = 404


@dataclass(frozen=True, slots=True)
class Law:
    """Which law stands somewhere: a pack, alone (``as_written``) or under the national regulation (``overlaid``)."""

    pack: str
    mode: str = "as_written"

    def at(self, day: date) -> View:
        """What the law says on a date (Asia/Shanghai); the same view each time. Raises as ``load``, ValueError for an unknown mode."""
        days = _views.setdefault(self, {})
        view = days.get(day)
        if view is None:
            if self.mode not in MODES:
                raise ValueError(f"no mode of the law: {self.mode!r}")
            if len(days) >= MAX_VIEWS:
                days.clear()
            view = days[day] = load(self.pack).at(day, cast(Mode, self.mode))
        return view


def pack_ids(folder: Path | None = None) -> tuple[str, ...]:
    """The ids of all packs, sorted: of one folder, or of every folder the platform searches."""
    paths = folder.glob("*/pack.yaml") if folder else (path / "pack.yaml" for path in folders.pack_paths())
    return tuple(sorted(path.parent.name for path in paths))


def load(pack_id: str, folder: Path = FOLDER) -> Pack:
    """The pack of an id, read once per process, with its parents where they have a say. ``folder`` is searched first.

    Raises ``NoPack`` for an unknown id and ``BadPack`` listing every problem when the files of the pack or of a parent are wrong.
    """
    key = (pack_id, folder)
    if key not in _loaded:
        pack = _own(pack_id, folder)
        above: list[Pack] = []
        while pack.looks_up and (above[-1] if above else pack).parent and len(above) < MAX_LINE:
            above.append(_own((above[-1] if above else pack).parent, folder))
        _loaded[key] = dataclasses.replace(pack, above=tuple(above)) if above else pack
    return _loaded[key]


def _own(pack_id: str, folder: Path) -> Pack:
    """A pack without its parents."""
    if pack_id in _override:
        return _override[pack_id]
    key = (pack_id, folder)
    if key not in _read:
        path = folders.find(pack_id, folder)
        if path is None:
            known = "、".join(dict.fromkeys((*pack_ids(folder), *pack_ids())))
            raise NoPack(f"没有规则包“{pack_id[:80]}”", object_=pack_id[:80], remedy=f"可用的规则包：{known}")
        pack, problems = read_pack(path)
        if pack is None or problems:
            raise BadPack(
                f"规则包 {pack_id} 有 {len(problems)} 处错误，不能使用",
                object_=pack_id,
                remedy="请按所列位置逐一改正，并运行 yishu packs check",
                problems=[Problem(f"{p.file}:{p.line} {p.key}", p.expected, code="law.bad_pack") for p in problems],
            )
        _read[key] = pack
    return _read[key]


def line(pack: Pack, folder: Path = FOLDER) -> tuple[Pack, ...]:
    """The pack and its parents, lowest first (county, city, province, nation). Raises as ``load``."""
    found = [pack]
    while found[-1].parent and len(found) < MAX_LINE:
        found.append(load(found[-1].parent, folder))
    return tuple(found)


def add_folder(path: Path) -> None:
    """Search a folder for packs too (``YISHU_PACKS``, ``--packs``). Raises NotADirectoryError when there is none."""
    if folders.add(path):
        reload()


def on_reload(callback: Callable[[], object]) -> None:
    """Call ``callback`` whenever packs change within a process, so that whatever was derived from them is forgotten.

    For caches: ``on_reload(demands.cache_clear)``.
    """
    _callbacks.append(callback)


def reload() -> None:
    """Forget every pack read, every view and whatever ``on_reload`` subscribed; they are read anew when asked for."""
    _read.clear()
    _changed()


def override(pack: Pack | None, *, pack_id: str) -> None:
    """Let a pack stand in for the one on disk, or (None) no longer. For the mutation run; the files are not read anew."""
    if pack is None:
        _override.pop(pack_id, None)
    else:
        _override[pack_id] = pack
    _changed()


def _changed() -> None:
    _loaded.clear()
    _views.clear()
    for callback in _callbacks:
        callback()
