"""The ``demand.list`` procedure's part of the case page: a demand under review, with what the catalogue has for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms

from yishu.cases import actions as cases
from yishu.cases.forms import DecisionForm
from yishu.cases.models import Case
from yishu.kernel.errors import NotFound
from yishu.orgs.models import Person
from yishu.stewardship import demands
from yishu.stewardship.models import Demand


class DemandReview:
    """Handler of ``demand.list`` (``cases.ports.Handler``); several may be decided at once."""

    def summary(self, case: Case) -> tuple[str, Mapping[str, Any]]:
        """The demand and the published resources that may meet it."""
        demand = Demand.objects.select_related("department", "target").get(case=case)
        found = demands.matches(demand) if case.closed_at is None else []
        return "stewardship/case_summary.html", {"demand": demand, "matches": found}

    def form(self, case: Case, outcome: str, data: Mapping[str, Any] | None, person: Person) -> DecisionForm:
        """A reason, where the outcome wants one."""
        return DecisionForm(case, outcome, data)

    def decide(
        self, *, case: Case, outcome: str, form: forms.Form, seen_revision: int, by: Person, at: datetime
    ) -> Case:
        """Act on a valid form through ``stewardship.demands``."""
        reason = form.cleaned_data.get("reason", "")
        now = Case.objects.get(pk=case.pk)
        if now.revision != seen_revision or now.closed_at:
            return cases.act(case_id=case.pk, outcome=outcome, seen_revision=seen_revision, by=by, at=at, reason=reason)
        demand = Demand.objects.get(case=case)
        given: dict[str, Any] = {"demand_id": demand.pk, "seen_revision": demand.revision, "by": by, "at": at}
        if outcome in ("approve", "return"):
            demands.decide_demand(**given, verb=outcome, reason=reason, seen_case=seen_revision)
        elif outcome == "withdraw":
            demands.withdraw_demand(**given, reason=reason, seen_case=seen_revision)
        elif outcome == "resubmit":
            demands.submit_demand(**given)
        else:
            raise NotFound("需求审核没有这种处理结果", remedy="请从给出的结果中选择", code="cases.unknown_outcome")
        return Case.objects.select_related("jurisdiction", "department", "provider").get(pk=case.pk)

    def batch_outcomes(self, step: str) -> Sequence[str]:
        """Demands under review may be taken or sent back together (``cases.ports.BatchHandler``)."""
        return ("approve", "return") if step == "review" else ()

    def batch_data(self, case: Case, outcome: str, reason: str) -> Mapping[str, Any]:
        """The one reason."""
        return {"reason": reason}
