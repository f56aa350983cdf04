"""Secrets the platform makes for itself, kept as files of mode 0600 under ``<home>/keys``. Django-free."""

import os
import secrets
from pathlib import Path


def secret_text(home: Path, name: str) -> str:
    """The secret of that name, made on first use: 256 random bits, URL-safe text. Two processes starting at once agree."""
    folder = home / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        draft = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        _force_to_disk(folder)
    return path.read_text().strip()


def _force_to_disk(folder: Path) -> None:
    """Make the new name survive a power cut: a database whose password was lost cannot be opened again."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
