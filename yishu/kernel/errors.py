"""Errors people and programs can act on. Only a ``PublicError``'s text ever reaches a client or a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yishu.kernel.references import Reference


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in a list of several (a form, a file).

    ``where`` names the place (field name, line number, column title) in words for people.
    """

    where: str
    what: str
    remedy: str = ""
    code: str = ""
    reference: Reference | None = None


class PublicError(Exception):
    """An error whose text may be shown: what happened, to which object, why, and what to do next.

    ``code`` is stable and English (``sharing.not_granted``); the texts are Chinese; ``status`` is the HTTP status a
    web layer answers with; ``reference`` is the article where the law is the reason. Subclasses set ``code`` and ``status``.
    Texts never hold personal data.
    """

    code = "error"
    status = 400

    def __init__(
        self,
        what: str,
        *,
        remedy: str,
        object_: str = "",
        why: str = "",
        reference: Reference | None = None,
        problems: Sequence[Problem] = (),
        code: str | None = None,
        status: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(what)
        self.what, self.remedy, self.object, self.why = what, remedy, object_, why
        self.reference = reference
        self.problems = tuple(problems)
        self.extra = dict(extra or {})
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status

    def as_problem(self) -> dict[str, Any]:
        """The error as an RFC 9457 problem document (media type ``application/problem+json``)."""
        body: dict[str, Any] = {
            "type": f"urn:yishu:error:{self.code}",
            "title": self.what,
            "status": self.status,
            "code": self.code,
            "next": self.remedy,
        }
        if self.object:
            body["object"] = self.object
        if self.why:
            body["detail"] = self.why
        if self.reference:
            body["reference"] = self.reference.as_dict()
        if self.problems:
            body["problems"] = [
                {"where": p.where, "what": p.what, "next": p.remedy, "code": p.code} for p in self.problems
            ]
        return body | self.extra


class NotAllowed(PublicError):
    """The person or client may not do this."""

    code = "not_allowed"
    status = 403


class NotFound(PublicError):
    """The object does not exist, or the asker may not know that it does."""

    code = "not_found"
    status = 404


class Conflict(PublicError):
    """Somebody else changed the object first."""

    code = "conflict"
    status = 409


class Invalid(PublicError):
    """The input is wrong; ``problems`` lists every place at once."""

    code = "invalid"
    status = 422


class Unavailable(PublicError):
    """A part the platform needs is down; nothing was done."""

    code = "unavailable"
    status = 503
