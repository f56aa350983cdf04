"""What a procedure's owner (catalogue, sharing …) gives the case pages. Django-free at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from django.forms import Form

    from yishu.cases.models import Case, Notice
    from yishu.orgs.models import Person


class Handler(Protocol):
    """Shows and decides the cases of one procedure; registered in ``config.wiring``."""

    def summary(self, case: Case) -> tuple[str, Mapping[str, Any]]:
        """Template name and context of the subject's summary on the case page."""
        ...

    def form(self, case: Case, outcome: str, data: Mapping[str, Any] | None, person: Person) -> Form:
        """The form of one outcome, bound when ``data`` is given. Subclass ``cases.forms.DecisionForm`` for the reason."""
        ...

    def decide(self, *, case: Case, outcome: str, form: Form, seen_revision: int, by: Person, at: datetime) -> Case:
        """Act on a valid form: the domain's write and ``cases.actions.act`` in one transaction. Raises PublicError."""
        ...


@runtime_checkable
class BatchHandler(Protocol):
    """What a handler adds when several of its cases may be decided at once, with one outcome and one reason."""

    def batch_outcomes(self, step: str) -> Sequence[str]:
        """The outcomes of a step that may be taken for several cases at once; none: it must be looked at one by one."""
        ...

    def batch_data(self, case: Case, outcome: str, reason: str) -> Mapping[str, Any]:
        """What the outcome's form of this case is filled in with, as if typed; it is validated as always."""
        ...


class Messenger(Protocol):
    """A way to tell people of their notices outside the pages: e-mail, SMS. Registered with ``registry.add_messenger``.

    The platform brings e-mail (``cases.mail``). An SMS gateway of the county is joined by a class of this shape in its own
    package and one line in ``config.wiring``: docs/configuration.md.
    """

    name: str

    def send(self, notice: Notice) -> bool:
        """Send one notice to ``notice.person``; False when the person cannot be reached this way.

        Sends title and address of the page only. Any exception means: not sent, try again later. May be called again for a notice
        already sent when the platform was killed in between; ``(notice.person_id, notice.key)`` identifies it.
        """
        ...
