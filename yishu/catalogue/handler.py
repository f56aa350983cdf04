"""The ``catalogue.review`` procedure's part of the case page: summary, forms, decisions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet

from yishu.cases.forms import DecisionForm
from yishu.cases.models import Case
from yishu.catalogue import actions, guide
from yishu.catalogue.actions import SecrecyFinding
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.forms import choices
from yishu.catalogue.models import Item, Resource
from yishu.catalogue.presentation import fact_rows, item_rows
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.kernel.errors import NotFound
from yishu.orgs.models import Person

GRADE = "grade_"


def _resource(case: Case) -> Resource:
    return Resource.objects.select_related("jurisdiction", "department").get(pk=case.subject_id)


def _law(case: Case) -> Demands:
    return demands(case.jurisdiction.pack, case.law_on)


class ApprovalForm(DecisionForm):
    """One decision: share type confirmed or changed, secrecy review, a grade for every item."""

    share_type = forms.ChoiceField(label="核定共享类型", widget=forms.RadioSelect)
    basis = forms.CharField(
        label="改变类型的依据", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="与所报类型不同时必填；理由写在下面",
    )  # fmt: skip
    share_condition = forms.CharField(
        label="共享条件", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="改为有条件共享、而提供部门没有填写时必填",
    )  # fmt: skip
    share_scope = forms.CharField(
        label="共享范围", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    reviewer = forms.CharField(label="保密审查人", required=False, max_length=60)
    conclusion = forms.ChoiceField(label="保密审查结论", required=False, widget=forms.RadioSelect)
    reviewed_on = forms.DateField(label="保密审查日期", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    secrecy_note = forms.CharField(
        label="保密审查说明", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, case: Case, outcome: str, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(case, outcome, data, **kwargs)
        law, resource = _law(case), _resource(case)
        self.items: QuerySet[Item] = resource.items.all()
        self.fields["share_type"].choices = choices(law.options("share_types"))  # type: ignore[attr-defined]
        self.fields["share_type"].initial = resource.share_type
        self.fields["conclusion"].choices = choices(law.options("secrecy_conclusions"))  # type: ignore[attr-defined]
        for item in self.items:
            self.fields[GRADE + item.column] = forms.ChoiceField(
                label=f"“{item.name}”级别",
                required=False,
                choices=[("", "请定级"), *((g.key, f"{g.title}：{g.hint}") for g in guide.entries("grades"))],
                initial=str(item.grade or ""),
            )
        demanded = {f.name: f.reference for f in law.forms.get("secrecy.review", ())}
        self.references |= demanded
        if changes := law.reference("sharing.type_confirmed_by"):
            self.references["basis"] = changes
        self.order_fields(
            [
                "share_type",
                "basis",
                "share_condition",
                "share_scope",
                "reviewer",
                "conclusion",
                "reviewed_on",
                "secrecy_note",
            ]
        )
        for name in ("wording", "reason"):  # the reason stands last
            if name in self.fields:
                self.fields[name] = self.fields.pop(name)

    def secrecy(self) -> SecrecyFinding | None:
        """The secrecy review when all three of its parts were given, else None."""
        c = self.cleaned_data
        if not (c["reviewer"].strip() and c["conclusion"] and c["reviewed_on"]):
            return None
        return SecrecyFinding(c["reviewer"].strip(), c["conclusion"], c["reviewed_on"], c["secrecy_note"].strip())

    def grades(self) -> dict[str, int]:
        """The grade given to each column; columns without one are left out."""
        given = {i.column: self.cleaned_data.get(GRADE + i.column) for i in self.items}
        return {column: int(text) for column, text in given.items() if text}


class CatalogueReview:
    """Handler of ``catalogue.review`` (``cases.ports.Handler``)."""

    def summary(self, case: Case) -> tuple[str, Mapping[str, Any]]:
        """The resource as submitted, its items, and the similar resources named at submission."""
        resource, law = _resource(case), _law(case)
        last = case.events.exclude(facts={}).filter(facts__has_key="similar").order_by("-seq").first()
        draft = resource_draft(resource)
        return "catalogue/case_summary.html", {
            "resource": resource,
            "facts": fact_rows(draft, law, code=resource.code or "", department=resource.department),
            "items": item_rows(item_drafts(resource), resource.confirmed_share_type or resource.share_type, law),
            "similar": last.facts["similar"] if last else [],
            "similar_reference": law.reference("collection.source_unique"),
        }

    def form(self, case: Case, outcome: str, data: Mapping[str, Any] | None, person: Person) -> DecisionForm:
        """The form of one outcome."""
        return (ApprovalForm if outcome == "approve" else DecisionForm)(case, outcome, data)

    def decide(
        self, *, case: Case, outcome: str, form: forms.Form, seen_revision: int, by: Person, at: datetime
    ) -> Case:
        """Take the outcome through ``catalogue.actions``; returns the case as it stands after. Raises PublicError."""
        reason = form.cleaned_data.get("reason", "")
        if isinstance(form, ApprovalForm):
            c = form.cleaned_data
            actions.approve_resource(
                case_id=case.pk, seen_revision=seen_revision, share_type=c["share_type"], secrecy=form.secrecy(),
                grades=form.grades(), by=by, at=at, reason=reason, basis=c["basis"], condition=c["share_condition"],
                scope=c["share_scope"],
            )  # fmt: skip
        elif outcome == "return":
            actions.return_resource(case_id=case.pk, seen_revision=seen_revision, reason=reason, by=by, at=at)
        elif outcome == "withdraw":
            actions.withdraw_resource(case_id=case.pk, seen_revision=seen_revision, by=by, at=at, reason=reason)
        elif outcome == "resubmit":
            resource = _resource(case)
            actions.resubmit_resource(
                case_id=case.pk, seen_revision=seen_revision, seen_resource=resource.revision, by=by, at=at
            )
        else:
            raise NotFound(
                "目录审核没有这种处理结果", remedy="请回到办件页，从给出的结果中选择", code="cases.unknown_outcome"
            )
        return Case.objects.select_related("jurisdiction", "department", "provider").get(pk=case.pk)
