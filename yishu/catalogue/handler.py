"""The catalogue's procedures on the case page: review and change events (retirement: ``retirement_handler``)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms

from yishu.cases.forms import DecisionForm
from yishu.cases.models import Case
from yishu.catalogue import actions, changes, narrowing
from yishu.catalogue.approval_rules import ReviewInput
from yishu.catalogue.classification import tree
from yishu.catalogue.demands import demands
from yishu.catalogue.models import ChangeEvent
from yishu.catalogue.presentation import fact_rows, item_rows
from yishu.catalogue.review_forms import ReviewForm, law_of_case, resource_of
from yishu.catalogue.snapshots import item_drafts, resource_draft, review_results
from yishu.orgs.models import Person


class CatalogueReview:
    """Handler of ``catalogue.review`` (``cases.ports.Handler``)."""

    def summary(self, case: Case) -> tuple[str, Mapping[str, Any]]:
        """The resource as submitted, its items, the similar resources named at submission, what the review found so far."""
        resource, law = resource_of(case), law_of_case(case)
        last = case.events.exclude(facts={}).filter(facts__has_key="similar").order_by("-seq").first()
        draft = resource_draft(resource)
        records = resource.reviews.filter(case=case).order_by("at", "pk").select_related("by__department")
        parts = narrowing.narrowed(resource) if resource.version and not case.closed_at else []
        return "catalogue/case_summary.html", {
            "resource": resource,
            "facts": fact_rows(
                draft, law, code=resource.code or "", department=resource.department, tree=tree(resource.jurisdiction)
            ),
            "items": item_rows(item_drafts(resource), resource.confirmed_share_type or resource.share_type, law),
            "similar": last.facts["similar"] if last else [],
            "similar_reference": law.reference("collection.source_unique"),
            "reviews": review_results(records, law),
            "narrowed": parts,
            "narrowing_reference": law.reference(narrowing.FLAG),
            "narrowing_consent": narrowing.consent_of(case) if parts else None,
            "uploads": list(resource.uploads.defer("content").order_by("-at")),
        }

    def form(self, case: Case, outcome: str, data: Mapping[str, Any] | None, person: Person) -> DecisionForm:
        """The form of one outcome, with a field for everything the pack demands of it."""
        return ReviewForm(case, outcome, data, person)

    def decide(
        self, *, case: Case, outcome: str, form: forms.Form, seen_revision: int, by: Person, at: datetime
    ) -> Case:
        """Take the outcome through ``catalogue.actions``; returns the case as it stands after. Raises PublicError."""
        if outcome == "resubmit":
            resource = resource_of(case)
            actions.resubmit_resource(
                case_id=case.pk, seen_revision=seen_revision, seen_resource=resource.revision, by=by, at=at
            )
        else:
            given = (
                form.given()
                if isinstance(form, ReviewForm)
                else ReviewInput(reason=form.cleaned_data.get("reason", ""))
            )
            actions.decide_review(
                case_id=case.pk, outcome=outcome, seen_revision=seen_revision, given=given, by=by, at=at
            )
        return Case.objects.select_related("jurisdiction", "department", "provider").get(pk=case.pk)

    def batch_outcomes(self, step: str) -> Sequence[str]:
        """Outcomes that may be taken for several cases at once: only those that one common reason explains."""
        return ("return",)

    def batch_data(self, case: Case, outcome: str, reason: str) -> Mapping[str, Any]:
        """The common reason; nothing else can be said for several resources at once."""
        return {"reason": reason}


class CatalogueChange:
    """Handler of ``catalogue.change``: what changed, which resources, how far each is."""

    def summary(self, case: Case) -> tuple[str, Mapping[str, Any]]:
        """The change event with its resources; those not yet updated as far as the clock asks are marked."""
        change = ChangeEvent.objects.select_related("department").get(pk=case.subject_id)
        left = {r.pk for r in changes.pending(change)} if not case.closed_at else set()
        return "catalogue/change_summary.html", {
            "change": change,
            "resources": [{"resource": r, "pending": r.pk in left} for r in change.resources.all()],
            "reference": next(
                (
                    f.reference
                    for f in demands(case.law, case.law_on).forms.get("catalogue.change", ())
                    if f.name == "change_basis"
                ),
                None,
            ),
        }

    def form(self, case: Case, outcome: str, data: Mapping[str, Any] | None, person: Person) -> DecisionForm:
        """The form of one outcome: a reason where the pack asks for one; the basis is the event's."""
        return DecisionForm(case, outcome, data)

    def decide(
        self, *, case: Case, outcome: str, form: forms.Form, seen_revision: int, by: Person, at: datetime
    ) -> Case:
        """Close the change through ``changes.decide_change``. Raises PublicError."""
        reason = form.cleaned_data.get("reason", "")
        return changes.decide_change(
            case_id=case.pk, outcome=outcome, seen_revision=seen_revision, reason=reason, by=by, at=at
        )
