"""Key files under ``<home>/keys``: mode 0600, made once even when several processes start at the same moment. Django-free."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def key_folder(home: Path) -> Path:
    """``<home>/keys``, made with mode 0700 when it is not there."""
    folder = home / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def key_text(home: Path, name: str, make: Callable[[], str]) -> str:
    """The text of key file ``name``, written from ``make()`` on first use; whoever comes second reads what the first wrote."""
    path = key_folder(home) / name
    if not path.exists():
        create(path, make())
    return path.read_text(encoding="utf-8").strip()


def create(path: Path, text: str) -> bool:
    """Write a new file at once and durably; False when it exists already (it is left as it is)."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Make a new name in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
