"""The answer to "may this happen?", always with its reason."""

from dataclasses import dataclass

from yishu.kernel.references import Reference


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something may happen, why (Chinese, one sentence) and under which article.

    ``remedy`` says what to do next when ``allowed`` is false. Truthiness is refused: read ``allowed``.
    """

    allowed: bool
    reason: str
    reference: Reference | None = None
    remedy: str = ""
    code: str = ""

    def __bool__(self) -> bool:
        raise TypeError("a Decision is read through .allowed, so that its reason is not lost")
