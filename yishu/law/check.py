"""Checks whole packs, as ``yishu packs check`` does: every problem of every pack at once."""

from dataclasses import dataclass
from pathlib import Path

from yishu.law.pack_files import read_pack
from yishu.law.packs import FOLDER, MAX_LINE, Pack
from yishu.law.strict_yaml import PackProblem


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: the packs that can be read (by id, in order) and all problems by file and line."""

    packs: tuple[Pack, ...]
    problems: tuple[PackProblem, ...]


def check(folder: Path = FOLDER) -> Report:
    """Check every pack in a folder, or the one pack the folder is; parents may also be packs that ship with the platform.

    Raises NotADirectoryError when there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(folder)
    if (folder / "pack.yaml").exists() or any(folder.glob("*.yaml")):
        folders = [folder]
    else:
        folders = sorted(path for path in folder.iterdir() if path.is_dir() and any(path.iterdir()))
    packs: dict[str, Pack] = {}
    problems: list[PackProblem] = []
    if not folders:
        problems.append(PackProblem(folder.name, 1, "", "文件夹中应有规则包（每个一个文件夹，内有 pack.yaml）"))
    for path in folders:
        pack, found = read_pack(path)
        problems += found
        if pack:
            packs[pack.id] = pack
    problems += _parents(packs)
    return Report(tuple(packs.values()), tuple(sorted(problems, key=lambda p: (p.file, p.line, p.key))))


def _parents(packs: dict[str, Pack]) -> list[PackProblem]:
    """Every parent exists and no line of parents is a circle."""
    shipped = {path.parent.name: path.parent for path in FOLDER.glob("*/pack.yaml")}
    parents = {pack.id: pack.parent for pack in packs.values()}
    problems = []
    for pack in packs.values():
        file = f"{pack.id}/pack.yaml"
        seen = [pack.id]
        while parents.get(seen[-1]):
            up = parents[seen[-1]]
            if up in seen or len(seen) > MAX_LINE:
                problems.append(PackProblem(file, 1, "parent", f"上级不得成环：{' → '.join((*seen, up))}"))
                break
            if up not in parents:
                if up not in shipped:
                    problems.append(PackProblem(file, 1, "parent", f"没有规则包“{up}”；最上一级写 none"))
                    break
                known, _ = read_pack(shipped[up])
                parents[up] = known.parent if known else ""
            seen.append(up)
    return problems
