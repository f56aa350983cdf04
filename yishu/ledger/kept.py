"""Checkpoints kept outside the database, so that a rolled-back or rewritten database is found. Django-free.

The file ``<home>/ledger/checkpoints`` holds one JSON string per line, each a signed note, in the order of signing. A checkpoint
is written here, durably, *before* anybody can see it in the database; so the file is never behind what receipts show.
"""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from yishu.ledger.keyfiles import sync_folder
from yishu.ledger.notes import BadNote, Checkpoint, VerifierKey, verify_checkpoint

_log = logging.getLogger(__name__)
_TAIL = 1 << 18


class KeptCheckpoints:
    """The sequencer's own kept checkpoints; only the process that holds the ledger's lock writes."""

    def __init__(self, home: Path) -> None:
        self.path = home / "ledger" / "checkpoints"
        self._last = ""

    def append(self, note: str) -> None:
        """Add a note and have it on disk; a line torn by an earlier crash is cut off first. Raises OSError (disk full)."""
        if note == self._last:
            return
        if not self.path.parent.is_dir():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            end = _end_of_whole_lines(file, os.fstat(descriptor).st_size)
            file.truncate(end)
            file.seek(end)
            file.write(json.dumps(note, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(descriptor)
        if new:
            sync_folder(self.path.parent)
        self._last = note

    def newest(self, trusted: Sequence[VerifierKey]) -> Checkpoint | None:
        """The last checkpoint in the file that a trusted key signed; lines that are not are said loudly and passed over."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            lines = file.read().split(b"\n")
        whole = lines[1:-1] if size > _TAIL else lines[:-1]
        for line in reversed(whole):
            try:
                note = _note(line)
                checkpoint = verify_checkpoint(note, trusted)
            except (ValueError, RecursionError, BadNote) as error:
                _log.critical("留存的检查点文件 %s 里有一行不能用（%s），可能被改动过", self.path, type(error).__name__)
                continue
            self._last = note
            return checkpoint
        return None


def _end_of_whole_lines(file: Any, size: int) -> int:
    """Offset after the last newline."""
    begin = max(0, size - _TAIL)
    file.seek(begin)
    tail = file.read(size - begin)
    return int(begin + tail.rfind(b"\n") + 1)


def _note(line: bytes) -> str:
    note = json.loads(line)
    if not isinstance(note, str):
        raise ValueError("not a string")
    return note


def notes_in(data: bytes) -> Iterator[tuple[str, str]]:
    """The checkpoint notes in a file of any of three forms, each with where it stood: kept lines, one plain note, or a receipt.

    A last line without its newline is a write cut short by a crash and left out. Raises ``BadNote`` for any other line that
    cannot be read, naming it: a checkpoint somebody spoiled must not pass for one that was never there.
    """
    try:
        receipt = json.loads(data)
    except (ValueError, RecursionError):
        receipt = None
    if isinstance(receipt, dict):
        if not isinstance(receipt.get("checkpoint"), str):
            raise _unreadable("文件")
        yield "凭证中的检查点", receipt["checkpoint"]
        return
    if "\n\n— ".encode() in data:
        try:
            yield "检查点文件", data.decode()
        except UnicodeDecodeError:
            raise _unreadable("文件") from None
        return
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            yield f"第 {number} 行", _note(line)
        except (ValueError, RecursionError):
            raise _unreadable(f"第 {number} 行") from None


def _unreadable(where: str) -> BadNote:
    return BadNote(
        "检查点文件读不出来",
        object_=where,
        why="不是检查点文件、检查点原文或凭证，或者被改动过",
        remedy="请用平台主目录下的 ledger/checkpoints，或审计方自己留存的检查点、凭证文件",
        code="ledger.bad_checkpoints",
    )
