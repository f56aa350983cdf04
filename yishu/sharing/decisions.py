"""How the case pages show and decide 共享申请: the handler registered in ``config.wiring``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from yishu.cases.forms import DecisionForm
from yishu.cases.models import Case
from yishu.cases.queries import procedure_of
from yishu.catalogue.demands import demands
from yishu.catalogue.queries import published
from yishu.law.values import Outcome, options, required
from yishu.orgs.models import Person
from yishu.security.masks import MASKS, fits
from yishu.sharing import actions, queries
from yishu.sharing.adapters import in_words
from yishu.sharing.forms import ApplicationForm, GrantForm, condition_initial
from yishu.sharing.models import Application
from yishu.sharing.requests import FORM, agreement_needed
from yishu.sharing.rules import conditions, default_masks, resource_access

APPROVED, REFUSED = "approved", "refused"
"""Final states of an application's procedure: granted, and not."""
TEXTS: Mapping[str, tuple[str, str]] = {
    "material_list": ("一次性补正清单", "请一次列全还缺的材料，每行一项"),
    "basis": ("依据", "所依据的法律、法规或政策及其条款"),
    "minutes": ("协商记录", "时间、参加人和结果"),
    "conditions": ("使用条件", ""),
}
"""Requirements of outcomes that are answered in words."""


def _chosen(case: Case, outcome: str) -> Outcome:
    return procedure_of(case).steps[case.step].outcomes[outcome]


def _target(case: Case, outcome: str) -> str:
    return _chosen(case, outcome).to


class ApproveForm(GrantForm, DecisionForm):
    """Approval: the asked items, each with its mask, the row conditions and the term; all may be narrowed."""

    def __init__(self, case: Case, outcome: str, data: Mapping[str, Any] | None, application: Application) -> None:
        spec = queries.spec_of(application)
        view = queries.law(application.jurisdiction, case.law_on)
        initial = {
            "items": application.items,
            "starts_on": application.starts_on,
            "ends_on": application.ends_on,
        }
        super().__init__(
            case, outcome, data, spec=spec, view=view, columns=application.items, initial=initial,
            kept=conditions(application.row_filter), condition_rows=1,
        )  # fmt: skip
        for part, label in (
            ("column", "另加数据范围：信息项"),
            ("op", "另加数据范围：条件"),
            ("values", "另加数据范围：值"),
        ):
            self.fields[f"filter_1_{part}"].label = label
        self.fields["filter_1_values"].help_text = "申请中的数据范围一律保留；这里可以再加一条限制"
        self.fields["reason"].help_text = "取消脱敏时必须写明理由，随办件存档"
        self.asked = [name for name in _chosen(case, outcome).requires if name in TEXTS]
        for name in self.asked:
            label, hint = TEXTS[name]
            self.fields[name] = forms.CharField(
                label=label, max_length=1000, widget=forms.Textarea({"rows": 2}), help_text=hint
            )
        if agreement_needed(spec):
            self.asked.append("agreement")
            self.fields["agreement"] = forms.CharField(
                label="已签的安全协议", max_length=300, help_text="协议编号和签订日期"
            )
        defaults = default_masks(spec, application.items)
        for item in spec.items:
            if item.column in application.items:
                kinds = [m for m in MASKS.values() if fits(m.kind, item.data_type)]
                self.fields[f"mask_{item.column}"] = forms.ChoiceField(
                    label=f"“{item.name}”的脱敏（{item.grade} 级）",
                    choices=[("", "不脱敏"), *((m.kind, f"{m.title}：{m.shows}") for m in kinds)],
                    initial=defaults.get(item.column, ""),
                    required=False,
                )
        masks, extra = ([n for n in self.fields if n.startswith(prefix)] for prefix in ("mask_", "filter_"))
        order = ["items", *masks, *extra, "starts_on", "ends_on", "wording", "reason"]
        self.order_fields(order)

    def answers(self) -> dict[str, str]:
        """What the outcome demanded in words, by requirement."""
        return {name: self.cleaned_data[name] for name in self.asked}

    def masks(self) -> dict[str, str]:
        """Column id → chosen kind for the items kept."""
        given = self.cleaned_data
        return {column: given[f"mask_{column}"] for column in given["items"]}


class RefuseForm(DecisionForm):
    """Refusal: reason and basis."""

    basis = forms.CharField(
        label="依据", max_length=1000, widget=forms.Textarea({"rows": 2}), help_text="所依据的法律、法规或政策及其条款",
        error_messages={"required": "请写明依据"},
    )  # fmt: skip

    def __init__(self, case: Case, outcome: str, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(case, outcome, data, **kwargs)
        if kinds := demands(case.law, case.law_on).options("basis_kinds"):
            self.fields["basis_kind"] = forms.ChoiceField(
                label="依据种类", choices=[("", "请选择"), *((o.key, o.title) for o in kinds)], required=False
            )


class MoveForm(DecisionForm):
    """A step between: a consent, a pass, one list of what is missing, an objection; what the pack demands, with its article."""

    def __init__(self, case: Case, outcome: str, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(case, outcome, data, **kwargs)
        for name in _chosen(case, outcome).requires:
            if name in TEXTS:
                label, hint = TEXTS[name]
                self.fields[name] = forms.CharField(
                    label=label, max_length=2000, widget=forms.Textarea({"rows": 3}), help_text=hint
                )

    def facts(self) -> dict[str, str]:
        """What the outcome demanded, by requirement."""
        return {name: self.cleaned_data[name] for name in TEXTS if self.cleaned_data.get(name)}


class ResubmitForm(ApplicationForm, DecisionForm):
    """The whole application again, with what was typed before."""

    def __init__(self, case: Case, outcome: str, data: Mapping[str, Any] | None, application: Application) -> None:
        spec = published(id=application.resource_id)
        view = queries.law(application.jurisdiction, case.law_on)
        names = ("items", "law_basis", "duty_basis", "need", "purpose", "mode", "starts_on", "ends_on")
        initial = {name: getattr(application, name) for name in names}
        initial |= condition_initial(conditions(application.row_filter))
        super().__init__(case, outcome, data, spec=spec, view=view, initial=initial)
        self.fields["reason"].label = "补正说明"


class ApplicationHandler:
    """Shows and decides applications, whichever steps the pack gives them (``queries.PROCEDURES``)."""

    def summary(self, case: Case) -> tuple[str, Mapping[str, Any]]:
        """The application with everything the authority weighs."""
        application = queries.application_of(case)
        spec = queries.spec_of(application)
        view = queries.law(application.jurisdiction, case.law_on)
        defaults = default_masks(spec, application.items)
        items = [
            {"item": i, "mask": MASKS.get(defaults.get(i.column, ""))}
            for i in spec.items
            if i.column in application.items
        ]
        titles = {o.key: o.title for o in options(view, "use_purposes")} | {
            o.key: o.title for o in options(view, "delivery_modes")
        }
        said = {
            "items": "、".join(i.name for i in spec.items if i.column in application.items),
            "mode": titles.get(application.mode, application.mode),
        }
        return "sharing/application_summary.html", {
            "application": application,
            "spec": spec,
            "items": items,
            "not_asked": len(spec.items) - len(items),
            "filters": [in_words(spec, c) for c in conditions(application.row_filter)],
            "purpose": titles.get(application.purpose, application.purpose),
            "mode": titles.get(application.mode, application.mode),
            "parts": [
                (f, said.get(f.name, getattr(application, f.name, "")))
                for f in required(view, FORM)
                if f.name != "purpose"
            ],
            "access": resource_access(view, spec, application.items),
            "grant": getattr(application, "grant", None),
        }

    def form(self, case: Case, outcome: str, data: Mapping[str, Any] | None, person: Person) -> forms.Form:
        """The form of one outcome: of an approval or refusal in the end, of handing in again, or of a step between."""
        target = _target(case, outcome)
        if target == APPROVED:
            return ApproveForm(case, outcome, data, queries.application_of(case))
        if outcome == "resubmit":
            return ResubmitForm(case, outcome, data, queries.application_of(case))
        if target == REFUSED and outcome == "refuse":
            return RefuseForm(case, outcome, data)
        return MoveForm(case, outcome, data)

    def decide(
        self, *, case: Case, outcome: str, form: forms.Form, seen_revision: int, by: Person, at: datetime
    ) -> Case:
        """Take the outcome by its action. Raises PublicError as the actions do."""
        given = form.cleaned_data
        application = queries.application_of(case)
        common: dict[str, Any] = {"application_id": application.pk, "seen_revision": seen_revision, "by": by, "at": at}
        reason = given.get("reason", "")
        match outcome, form:
            case _, ApproveForm():
                actions.approve_application(
                    **common, items=given["items"], row_filter=given["row_filter"], masks=form.masks(), starts_on=given["starts_on"],
                    ends_on=given["ends_on"], reason=reason, basis=given.get("basis", ""), outcome=outcome,
                    answers=form.answers(),
                )  # fmt: skip
            case _, RefuseForm():
                actions.refuse_application(
                    **common, reason=reason, basis=given["basis"], basis_kind=given.get("basis_kind", "")
                )
            case "resubmit", ResubmitForm():
                actions.resubmit_application(**common, request=form.request(), reason=reason)
            case "withdraw", _ if _target(case, outcome) == "withdrawn":
                actions.withdraw_application(**common, reason=reason)
            case _, MoveForm():
                actions.move_application(**common, outcome=outcome, reason=reason, facts=form.facts())
            case _:
                raise TypeError(f"{outcome} was decided with the form of another outcome")
        case.refresh_from_db()
        return case
