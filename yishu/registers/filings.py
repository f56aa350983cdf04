"""责任备案 (XZ-1.3): a department files its responsible unit and person; a change is filed anew. Procedure ``org.filing`` of the pack."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.utils import timezone

from yishu.cases import actions as cases
from yishu.cases.forms import DecisionForm
from yishu.cases.models import Case
from yishu.cases.queries import procedure_of
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, Problem
from yishu.kernel.time import shanghai_date
from yishu.law import values
from yishu.law.packs import Missing
from yishu.orgs.models import Department, Person, RoleKind
from yishu.orgs.queries import may_act
from yishu.registers.models import Filing

PROCEDURE = "org.filing"
FORM = "department.filing"
FILED = "filed"
"""The final state in which a filing stands."""
FIELDS: Mapping[str, str] = {
    "unit": "责任部门",
    "person": "责任人",
    "rules": "内部管理制度",
    "coordination": "协调配合机制",
}


@transaction.atomic
def submit_filing(
    *, department: Department, unit: str, person: Person, rules: str, coordination: str, by: Person, at: datetime
) -> Filing:
    """File a department's responsible unit and person with the authority: opens a case of ``org.filing``.

    Raises NotAllowed (not of the department, or the law has no filing), Conflict (one is under way), Invalid with every
    missing part and its article. The responsible person is a named official, not necessarily the head (XZ-1.3, 7.1).
    """
    kinds = (RoleKind.PROVIDER, RoleKind.RESPONSIBLE)
    if not any(may_act(by, kind, department, at).allowed for kind in kinds):
        raise NotAllowed(
            f"责任备案由{department.name}的经办人或主要负责人报送",
            remedy="请转本部门人员报送",
            object_=department.name,
            code="registers.not_own_filing",
        )
    given: dict[str, Any] = {
        "unit": unit.strip(),
        "person": person,
        "rules": rules.strip(),
        "coordination": coordination.strip(),
    }
    _check(department, given, at)
    # One at a time per department: a second click finds the first one's filing.
    list(Department.objects.select_for_update(no_key=True).filter(pk=department.pk).values_list("pk"))
    if Filing.objects.filter(department=department, filed_at=None, case__closed_at=None).exists():
        raise Conflict(
            "本部门已有一件责任备案正在办理",
            remedy="请等待办结，或在办件中撤回后重报",
            object_=department.name,
            code="registers.filing_open",
        )
    filing = Filing.objects.create(
        department=department, unit=given["unit"], person=person, rules=given["rules"], coordination=given["coordination"],
        submitted_by=by, submitted_at=at,
    )  # fmt: skip
    filing.case = cases.open_case(
        procedure=PROCEDURE, jurisdiction=department.jurisdiction, subject_id=str(filing.pk), title=f"责任备案：{department.name}",
        department=department, provider=department, by=by, at=at, facts={},
    )  # fmt: skip
    filing.save(update_fields=["case"])
    return filing


@transaction.atomic
def decide_filing(
    *,
    case: Case,
    outcome: str,
    reason: str,
    seen_revision: int,
    by: Person,
    at: datetime,
    changes: Mapping[str, Any] | None = None,
) -> Case:
    """Take an outcome; ``changes`` (``FIELDS`` → value) is what the department made better before filing again. A filing that reaches the final state ``filed`` takes the place of the one before it.

    Raises as ``cases.act``, and Invalid for changes that do not hold.
    """
    moved = cases.act(case_id=case.pk, outcome=outcome, seen_revision=seen_revision, by=by, at=at, reason=reason)
    if changes:
        filing = Filing.objects.select_for_update(of=("self",)).select_related("department").get(case=moved)
        _check(filing.department, changes, at)
        for name in FIELDS:
            setattr(filing, name, changes[name])
        filing.save()
    if moved.step == FILED:
        filing = Filing.objects.select_for_update(of=("self",)).get(case=moved)
        Filing.objects.filter(department_id=filing.department_id, superseded_at=None).exclude(pk=filing.pk).exclude(
            filed_at=None
        ).update(superseded_at=at)
        filing.filed_at = at
        filing.save(update_fields=["filed_at"])
    return moved


def _check(department: Department, given: Mapping[str, Any], at: datetime) -> None:
    problems = [
        Problem(f.title, f"没有填写{f.title}", "请补充", "registers.missing_field", f.reference)
        for f in _demanded(department, at)
        if f.name in given and not given[f.name]
    ]
    person = given["person"]
    if person is not None and (person.department_id != department.pk or not person.is_active):
        problems.append(
            Problem("责任人", "责任人不是本部门在用的人员", "请从本部门人员中选择", "registers.not_own_person")
        )
    if problems:
        raise Invalid(
            "责任备案还不完整",
            remedy="请补充后再次报送，已填内容不会丢失",
            object_=department.name,
            problems=problems,
            code="registers.invalid",
        )


class FilingForm(forms.Form):
    """Responsible unit and person, internal rules and how departments work together; each with its article."""

    unit = forms.CharField(label="责任部门", max_length=120, required=False)
    person = forms.ModelChoiceField(label="责任人", queryset=Person.objects.none(), required=False)
    rules = forms.CharField(
        label="内部管理制度", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    coordination = forms.CharField(
        label="协调配合机制", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, department: Department, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        offer(self, department)


def offer(form: forms.Form, department: Department) -> None:
    """Give a form with the filing's fields the department's people and the articles."""
    people = department.people.filter(is_active=True).order_by("name")
    form.fields["person"].queryset = people  # type: ignore[attr-defined]
    references: dict[str, Any] = dict(getattr(form, "references", {}))
    try:
        view = department.jurisdiction.law.at(shanghai_date(timezone.now()))
        for field in values.required(view, FORM):
            references[field.name] = field.reference
            if field.note and field.name in form.fields:
                form.fields[field.name].help_text = field.note
    except Missing:
        pass
    form.references = references  # type: ignore[attr-defined]


class RefilingForm(DecisionForm, FilingForm):
    """The filing again, as it was sent back, to be made better."""

    def __init__(self, case: Case, outcome: str, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        DecisionForm.__init__(self, case, outcome, data, initial=_initial(Filing.objects.get(case=case)), **kwargs)
        offer(self, case.department)


def _initial(filing: Filing) -> dict[str, Any]:
    return {"unit": filing.unit, "person": filing.person_id, "rules": filing.rules, "coordination": filing.coordination}


class FilingHandler:
    """Handler of ``org.filing`` (``cases.ports.Handler``)."""

    def summary(self, case: Case) -> tuple[str, Mapping[str, Any]]:
        """The filing and the one in force it would replace."""
        filing = Filing.objects.select_related("person", "department").get(case=case)
        before = (
            filing.department.filings.filter(superseded_at=None).exclude(filed_at=None).exclude(pk=filing.pk).first()
        )
        return "registers/filing_summary.html", {"filing": filing, "before": before}

    def form(self, case: Case, outcome: str, data: Mapping[str, Any] | None, person: Person) -> DecisionForm:
        """A reason where the outcome wants one; sent back, the filing itself to change."""
        return (RefilingForm if outcome == "resubmit" else DecisionForm)(case, outcome, data)

    def decide(
        self, *, case: Case, outcome: str, form: forms.Form, seen_revision: int, by: Person, at: datetime
    ) -> Case:
        """Act on a valid form."""
        c = form.cleaned_data
        changes = {name: c[name] for name in FIELDS} if isinstance(form, RefilingForm) else None
        return decide_filing(
            case=case, outcome=outcome, reason=c.get("reason", ""), seen_revision=seen_revision, by=by, at=at,
            changes=changes,
        )  # fmt: skip


def _demanded(department: Department, at: datetime) -> tuple[values.RequiredField, ...]:
    view = department.jurisdiction.law.at(shanghai_date(at))
    try:
        values.procedure(view, PROCEDURE)
    except Missing as error:
        raise NotAllowed(
            "本行政区域的规定没有设责任备案",
            why=error.why or "",
            remedy="请在“部门”页维护主要负责人和专职人员",
            code="registers.no_filing",
        ) from error
    try:
        return values.required(view, FORM)
    except Missing:  # a text that wants the filing without saying what it holds
        return ()


def state_words(filing: Filing) -> str:
    """Where a filing stands, for lists."""
    if filing.superseded_at:
        return "已被新的备案替代"
    if filing.filed_at:
        return "已备案"
    if filing.case is None:
        return "未报送"
    if filing.case.closed_at:
        return procedure_of(filing.case).finals[filing.case.step]
    return "办理中"
