"""Regulation packs: loaded whole and checked whole, then read at a date. Django-free; a loaded pack never changes."""

import functools
from pathlib import Path

from yishu.kernel.errors import Problem, PublicError
from yishu.law.pack_files import read_pack
from yishu.law.views import Missing, Pack, Standing, Statement, View, standing

__all__ = [
    "FOLDER",
    "BadPack",
    "Missing",
    "NoPack",
    "Pack",
    "Standing",
    "Statement",
    "View",
    "line",
    "load",
    "pack_ids",
    "standing",
]

FOLDER = Path(__file__).parent.parent / "packs"
"""The packs that ship with the platform, one folder each, named by pack id."""
MAX_LINE = 8
"""Most packs a line of parents may have; more is taken for a circle."""


class BadPack(PublicError):
    """The pack cannot be used; ``problems`` lists everything wrong with it."""

    code = "law.bad_pack"
    status = 500


class NoPack(PublicError):
    """No pack of that id."""

    code = "law.no_such_pack"
    status = 404


def pack_ids(folder: Path = FOLDER) -> tuple[str, ...]:
    """The ids of all packs in a folder, sorted."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/pack.yaml")))


@functools.cache
def load(pack_id: str, folder: Path = FOLDER) -> Pack:
    """The pack of an id, read once per process.

    Raises ``NoPack`` for an unknown id and ``BadPack`` listing every problem when the pack's files are wrong.
    """
    if pack_id not in pack_ids(folder):
        raise NoPack(
            f"没有规则包“{pack_id[:80]}”", object_=pack_id[:80], remedy=f"可用的规则包：{'、'.join(pack_ids(folder))}"
        )
    pack, problems = read_pack(folder / pack_id)
    if pack is None or problems:
        raise BadPack(
            f"规则包 {pack_id} 有 {len(problems)} 处错误，不能使用",
            object_=pack_id,
            remedy="请按所列位置逐一改正，并运行 yishu packs check",
            problems=[Problem(f"{p.file}:{p.line} {p.key}", p.expected, code="law.bad_pack") for p in problems],
        )
    return pack


def line(pack: Pack, folder: Path = FOLDER) -> tuple[Pack, ...]:
    """The pack and its parents, lowest first (county, city, province, nation). Raises as ``load``."""
    found = [pack]
    while found[-1].parent and len(found) < MAX_LINE:
        found.append(load(found[-1].parent, folder))
    return tuple(found)
