"""What a procedure's owner (catalogue, sharing …) gives the case pages. Django-free at run time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from django.forms import Form

    from yishu.cases.models import Case
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
