"""Child processes that never outlive their parent: own session, a death signal from the kernel, a sweep of what they left."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


@dataclass(frozen=True, slots=True)
class Account:
    """The system account a child runs under. ``None`` in its place means: the account of this process."""

    name: str
    uid: int
    gid: int


def _tied_to(parent: int, death_signal: int) -> Callable[[], None]:
    """What the child does between fork and exec: ask the kernel for ``death_signal`` when its parent ends.

    Runs after the change of account, which would clear the request. The thread that starts a child must live as long
    as the process: the kernel watches the thread.
    """

    def tie() -> None:
        if _LIBC is not None:
            _LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # the parent was killed before the request was made
            os._exit(1)

    return tie


def start(
    command: Sequence[str | Path],
    *,
    death_signal: int = signal.SIGTERM,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    output: IO[bytes] | int = subprocess.DEVNULL,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session (Ctrl-C at the terminal reaches only this process).

    Both its streams go to ``output``. The kernel sends it ``death_signal`` if this process ends in any way.
    """
    return subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=None if environment is None else dict(environment),
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        umask=0o077 if account else -1,
        start_new_session=True,
        preexec_fn=_tied_to(os.getpid(), death_signal),
    )


def sweep(pid: int) -> None:
    """Kill whatever is left of the process group of an ended child (a server's workers may outlive it)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def stop(child: "subprocess.Popen[bytes]", *, how: int = signal.SIGTERM, seconds: float) -> int:
    """End a child: ask with signal ``how``, wait ``seconds``, then kill its group. Returns its exit code."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(how)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            sweep(child.pid)
            child.wait()
    sweep(child.pid)
    return child.returncode
