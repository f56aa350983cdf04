"""Received files on disk: written once, forced to disk before anybody is told, under ``<home>/uploads/<load id>``."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from django.conf import settings

from yishu.collection.errors import bad_file
from yishu.lake.errors import FULL, LakeFull

PIECE = 1024 * 1024


class Readable(Protocol):
    """A received file: bytes in pieces."""

    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is durably there. ``digest`` is SHA-256 in hex."""

    path: Path
    size: int
    digest: str


def uploads() -> Path:
    """The folder of received files."""
    return Path(settings.ENVIRONMENT.home) / "uploads"


def scratch() -> Path:
    """The folder for work in progress; everything in it may be thrown away when no worker runs."""
    return Path(settings.ENVIRONMENT.home) / "scratch"


def lake_root() -> Path:
    """The folder of the lake."""
    return Path(settings.ENVIRONMENT.lake_url)


def upload_limit() -> int:
    """Most bytes of one file (``YISHU_UPLOAD_LIMIT_MB``)."""
    return int(settings.ENVIRONMENT.upload_limit)


def path_of(load_id: UUID) -> Path:
    """Where the file of a load lies."""
    return uploads() / load_id.hex


def store(load_id: UUID, file: Readable, *, file_name: str, limit: int) -> Stored:
    """Write the file in pieces of ``PIECE`` bytes, force it to disk, and only then give it its name.

    Raises ``BadFile`` (``file_too_large``, status 413) beyond ``limit`` bytes and ``LakeFull`` on a full disk; nothing of
    the file stays in either case.
    """
    folder = uploads()
    target = path_of(load_id)
    part = target.with_suffix(".part")
    digest, size = hashlib.sha256(), 0
    try:
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _force_folder(folder.parent)
        with part.open("xb") as out:
            while piece := file.read(PIECE):
                size += len(piece)
                if size > limit:
                    error = bad_file(
                        "file_too_large",
                        file_name,
                        f"文件超过允许的大小（{limit // (1024 * 1024)} MB）",
                        "请按行拆分为全量之外的渠道报送，或请系统管理员调大 YISHU_UPLOAD_LIMIT_MB",
                    )
                    error.status = 413
                    raise error
                digest.update(piece)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        part.rename(target)
        _force_folder(folder)
    except OSError as error:
        if error.errno in FULL:
            raise LakeFull() from error
        raise
    finally:
        part.unlink(missing_ok=True)
    return Stored(target, size, digest.hexdigest())


def discard(load_id: UUID) -> None:
    """Remove the file of a load, if it is there."""
    path_of(load_id).unlink(missing_ok=True)


def _force_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
