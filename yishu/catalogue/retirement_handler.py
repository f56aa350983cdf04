"""The ``catalogue.retirement`` procedure's part of the case page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from yishu.cases.forms import DecisionForm
from yishu.cases.models import Case
from yishu.catalogue.models import Retirement
from yishu.catalogue.retiring import decide_retirement
from yishu.law.vocabulary import REQUIREMENTS
from yishu.orgs.models import Person


class RetirementForm(DecisionForm):
    """The reason and whatever else the outcome demands that the plan does not hold (协商记录 …)."""

    def __init__(self, case: Case, outcome: str, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(case, outcome, data, **kwargs)
        self.asked = [name for name in self.references if name not in ("reason", "replacement")]
        for name in self.asked:
            self.fields[name] = forms.CharField(
                label=REQUIREMENTS.get(name, name),
                required=False,
                max_length=2000,
                widget=forms.Textarea(attrs={"rows": 3}),
            )

    def given(self) -> dict[str, str]:
        """What was typed for each of them."""
        return {name: self.cleaned_data.get(name, "").strip() for name in self.asked}


class CatalogueRetirement:
    """Handler of ``catalogue.retirement`` (``cases.ports.Handler``)."""

    def summary(self, case: Case) -> tuple[str, Mapping[str, Any]]:
        """The plan, and which departments were told and have acknowledged."""
        rows = Retirement.objects.select_related("resource__department", "replacement__department", "announced_by")
        retirement = rows.get(pk=case.subject_id)
        notices = list(retirement.notices.select_related("department", "acknowledged_by").order_by("department__name"))
        return "catalogue/parts/retirement.html", {"retirement": retirement, "notices": notices}

    def form(self, case: Case, outcome: str, data: Mapping[str, Any] | None, person: Person) -> DecisionForm:
        """The form of one outcome."""
        return RetirementForm(case, outcome, data)

    def decide(
        self, *, case: Case, outcome: str, form: forms.Form, seen_revision: int, by: Person, at: datetime
    ) -> Case:
        """Take the outcome through ``retiring.decide_retirement``. Raises PublicError."""
        given = form.given() if isinstance(form, RetirementForm) else {}
        decide_retirement(
            case_id=case.pk, outcome=outcome, seen_revision=seen_revision, reason=form.cleaned_data.get("reason", ""), given=given, by=by,
            at=at,
        )  # fmt: skip
        return Case.objects.select_related("jurisdiction", "department", "provider").get(pk=case.pk)
