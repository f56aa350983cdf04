"""Text functions no engine has, offered by every engine under the same name and callable from Ibis expressions."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

import ibis

from yishu.kernel import codes


@ibis.udf.scalar.builtin(name="yishu_identifier")  # type: ignore[untyped-decorator]
def identifier(text: str) -> str:
    """``kernel.codes.normalise_identifier``: NFKC, no outer blanks, ASCII letters upper case."""
    raise NotImplementedError


@ibis.udf.scalar.builtin(name="yishu_compatible")  # type: ignore[untyped-decorator]
def compatible(text: str) -> str:
    """NFKC without outer blanks."""
    raise NotImplementedError


@ibis.udf.scalar.builtin(name="strlen")  # type: ignore[untyped-decorator]
def utf8_bytes(text: str) -> int:
    """Length in UTF-8 bytes; DuckDB's name, Spark's is octet_length."""
    raise NotImplementedError


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


IMPLEMENTATIONS: Final[Mapping[str, Callable[[str], str]]] = {
    "yishu_identifier": codes.normalise_identifier,
    "yishu_compatible": _compatible,
}
"""What an engine registers when it opens; run row by row in Python, so expressions call them for few rows only."""
