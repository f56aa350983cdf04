"""Where packs lie: the folder that ships with the platform, and folders an operator adds (``YISHU_PACKS``, ``--packs``)."""

from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "packs"
"""The packs that ship with the platform, one folder each, named by pack id."""
_ADDED: list[Path] = []


def folders(first: Path | None = None) -> tuple[Path, ...]:
    """Every folder of packs, in the order they are searched: ``first``, the shipped one, then those added."""
    return tuple(dict.fromkeys([*([first] if first else []), FOLDER, *_ADDED]))


def pack_paths(first: Path | None = None) -> Iterator[Path]:
    """The folder of each pack; where two folders hold the same id, the one searched first wins."""
    seen: set[str] = set()
    for folder in folders(first):
        for path in sorted(folder.glob("*/pack.yaml")):
            if path.parent.name not in seen:
                seen.add(path.parent.name)
                yield path.parent


def find(pack_id: str, first: Path | None = None) -> Path | None:
    """The folder of a pack id, or None. The id is compared with names that exist, so it cannot lead elsewhere."""
    return next((path for path in pack_paths(first) if path.name == pack_id), None)


def add(path: Path) -> bool:
    """Search a folder too, behind those known; whether it is new. Raises NotADirectoryError when there is no such folder."""
    folder = path.resolve()
    if not folder.is_dir():
        raise NotADirectoryError(folder)
    if folder in folders():
        return False
    _ADDED.append(folder)
    return True


def remove(path: Path) -> None:
    """Forget an added folder (tests); the shipped one stays."""
    if path.resolve() in _ADDED:
        _ADDED.remove(path.resolve())
