"""How log lines look: an exception shows its type and where it happened, never its text, which may quote people's data."""

import logging
import traceback
from types import TracebackType

_Info = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PlainFormatter(logging.Formatter):
    """Time, level, logger, message; exceptions as type and frames without source lines' values or messages."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatException(self, ei: _Info) -> str:
        """Each exception of the chain as its type and its frames, the outermost last."""
        parts: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None and len(parts) < 8:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-25:]]
            parts.append("\n".join([f"{type(error).__module__}.{type(error).__qualname__}", *lines]))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\ncaused by ".join(parts)
