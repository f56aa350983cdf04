"""The form of one outcome of the review: a field for everything the pack demands of it, each with its article."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet

from yishu.cases.forms import DecisionForm
from yishu.cases.models import Case
from yishu.catalogue import guide
from yishu.catalogue.approval_rules import FORMS, ReviewInput, SecrecyFinding, demanded, form_fields
from yishu.catalogue.choices import choices
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.models import Item, Resource
from yishu.catalogue.reviewing import recorded_kinds, step_and_outcome
from yishu.law.vocabulary import REQUIREMENTS
from yishu.orgs.models import Person

GRADE = "grade_"


def resource_of(case: Case) -> Resource:
    """The resource a review is about."""
    return Resource.objects.select_related("jurisdiction", "department").get(pk=case.subject_id)


def law_of_case(case: Case) -> Demands:
    """What the case's law demands, as it stood when the case was opened."""
    return demands(case.law, case.law_on)


def _text(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), help_text=help_text
    )


class ReviewForm(DecisionForm):
    """One outcome of the review. ``needed`` names what it must come with; fields the pack's forms list follow the pack's order."""

    def __init__(
        self,
        case: Case,
        outcome: str,
        data: Mapping[str, Any] | None = None,
        person: Person | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(case, outcome, data, **kwargs)
        self.person = person
        self.law, self.resource = law_of_case(case), resource_of(case)
        step, chosen = step_and_outcome(case, outcome)
        self.needed = demanded(step, chosen, self.law, recorded_kinds(case)) if step and chosen else ()
        self.items: QuerySet[Item] = self.resource.items.all()
        for name in (
            "share_type",
            "internal_review",
            "impact_assessment",
            "secrecy_review",
            "agreement",
            "statement",
            "signature",
            "grades",
        ):
            if name in self.needed:
                getattr(self, f"_add_{name}")()
        for name in self.needed:
            formless = name in _OWN_FORMS and not form_fields(name, self.law)
            if formless or (name not in _BUILT and name not in FORMS):
                self.fields[f"{name}_text"] = _text(REQUIREMENTS.get(name, name))
                self._cite(f"{name}_text", name)
        for name in ("wording", "reason"):  # the reason stands last
            if name in self.fields:
                self.fields[name] = self.fields.pop(name)

    def _cite(self, field: str, requirement: str) -> None:
        reference = self.references.get(requirement)
        if reference is not None:
            self.references[field] = reference

    def _add_share_type(self) -> None:
        self.fields["share_type"] = forms.ChoiceField(
            label="核定共享类型", widget=forms.RadioSelect, choices=choices(self.law.options("share_types")),
            initial=self.resource.share_type,
        )  # fmt: skip
        self.fields["basis"] = _text("改变类型的依据", "与所报类型不同时必填；理由写在下面")
        self.fields["share_condition"] = _text("共享条件", "改为有条件共享、而提供部门没有填写时必填")
        self.fields["share_scope"] = _text("共享范围")
        if changes := self.law.reference("sharing.type_confirmed_by"):
            self.references["basis"] = changes

    def _add_secrecy_review(self) -> None:
        self.fields["reviewer"] = forms.CharField(label="保密审查人", required=False, max_length=60)
        self.fields["conclusion"] = forms.ChoiceField(
            label="保密审查结论",
            required=False,
            widget=forms.RadioSelect,
            choices=choices(self.law.options("secrecy_conclusions")),
        )
        self.fields["reviewed_on"] = forms.DateField(
            label="保密审查日期", required=False, widget=forms.DateInput(attrs={"type": "date"})
        )
        self.fields["secrecy_note"] = _text("保密审查说明")
        self.references |= {f.name: f.reference for f in form_fields("secrecy_review", self.law)}
        if "reviewer" not in self.references and (said := self.law.reference("secrecy.review_before_publish")):
            self.references["reviewer"] = said

    def _add_form(self, requirement: str) -> None:
        for field in form_fields(requirement, self.law):
            name = f"{requirement}_{field.name}"
            initial = getattr(self.resource, field.name, "") if requirement == "statement" else ""
            self.fields[name] = _text(f"{REQUIREMENTS[requirement]}：{field.title}", field.note)
            self.fields[name].initial = initial
            self.references[name] = field.reference

    def _add_internal_review(self) -> None:
        self._add_form("internal_review")

    def _add_impact_assessment(self) -> None:
        self._add_form("impact_assessment")

    def _add_statement(self) -> None:
        self._add_form("statement")

    def _add_agreement(self) -> None:
        asked = self.resource.agreement_required
        self.fields["agreement"] = forms.ChoiceField(
            label="是否须签安全协议", required=False, widget=forms.RadioSelect, choices=[("yes", "须签"), ("no", "不须签")],
            initial={True: "yes", False: "no"}.get(asked) if asked is not None else None,
        )  # fmt: skip

    def _add_signature(self) -> None:
        self.fields["signature"] = forms.BooleanField(label="我作为负责人审核同意，并对以上内容签署", required=False)

    def _add_grades(self) -> None:
        for item in self.items:
            self.fields[GRADE + item.column] = forms.ChoiceField(
                label=f"“{item.name}”级别",
                required=False,
                choices=[("", "请定级"), *((g.key, f"{g.title}：{g.hint}") for g in guide.entries(self.law, "grades"))],
                initial=str(item.grade or ""),
            )

    def _secrecy(self) -> SecrecyFinding | None:
        """The secrecy review when all three of its parts were given, else None."""
        c = self.cleaned_data
        if not (c.get("reviewer", "").strip() and c.get("conclusion") and c.get("reviewed_on")):
            return None
        return SecrecyFinding(
            c["reviewer"].strip(), c["conclusion"], c["reviewed_on"], c.get("secrecy_note", "").strip()
        )

    def given(self) -> ReviewInput:
        """What was typed, as ``reviewing.decide_review`` takes it."""
        c = self.cleaned_data
        records: dict[str, dict[str, Any]] = {}
        for name in self.needed:
            if f"{name}_text" in self.fields:
                records[name] = {"text": c.get(f"{name}_text", "").strip()}
            elif name in _OWN_FORMS:
                records[name] = {f.name: c.get(f"{name}_{f.name}", "").strip() for f in form_fields(name, self.law)}
        if c.get("signature") and self.person is not None:
            records["signature"] = {"name": self.person.name}
        grades = {i.column: c.get(GRADE + i.column) for i in self.items}
        return ReviewInput(
            reason=c.get("reason", ""), share_type=c.get("share_type", ""), basis=c.get("basis") or c.get("basis_text") or "",
            condition=c.get("share_condition", ""), scope=c.get("share_scope", ""), secrecy=self._secrecy(),
            grades={column: int(text) for column, text in grades.items() if text},
            agreement={"yes": True, "no": False}.get(c.get("agreement", "")), records=records,
        )  # fmt: skip


_BUILT = frozenset(
    {
        "share_type",
        "internal_review",
        "impact_assessment",
        "secrecy_review",
        "agreement",
        "statement",
        "signature",
        "grades",
        "reason",
    }
)
_OWN_FORMS = frozenset({"internal_review", "impact_assessment", "statement"})
"""Requirements that are forms of the pack; where a pack demands one and lists no fields, one text answers it."""
