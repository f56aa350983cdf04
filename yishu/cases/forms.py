"""Forms of the decision box. A procedure's own form subclasses ``DecisionForm``."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django import forms

from yishu.cases.models import Case
from yishu.cases.procedures import procedure_of
from yishu.kernel.references import Reference
from yishu.law.kinds import Outcome

_REASONS = Path(__file__).parent / "data" / "reasons.yaml"


@cache
def _reasons() -> Mapping[str, Mapping[str, list[str]]]:
    document: Mapping[str, Mapping[str, list[str]]] = yaml.safe_load(_REASONS.read_text(encoding="utf-8"))
    return document


def reason_templates(procedure: str, outcome: str) -> tuple[str, ...]:
    """Wordings offered for the reason of an outcome; empty when none are kept for it."""
    return tuple(_reasons().get(procedure, {}).get(outcome, ()))


class DecisionForm(forms.Form):
    """The reason of one outcome with its wordings; demanded when the pack's outcome requires it, with its article.

    ``references`` maps field names to the articles that demand them (read by ``{% field %}``). A chosen wording becomes
    the reason when none was typed, so that the page needs no JavaScript.
    """

    wording = forms.ChoiceField(
        label="常用理由", required=False, help_text="选用后可在下面补充；下面留空则以所选为理由"
    )
    reason = forms.CharField(label="理由", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, case: Case, outcome: str, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.case, self.outcome = case, outcome
        chosen = procedure_of(case).steps[case.step].outcomes[outcome]
        self.requires_reason = "reason" in chosen.requires
        self.references = {name: chosen.because.get(name, chosen.reference) for name in chosen.requires}
        offered = reason_templates(case.procedure, outcome)
        self.fields["wording"].choices = [("", "（自行填写）"), *((text, text) for text in offered)]  # type: ignore[attr-defined]
        if not offered:
            del self.fields["wording"]

    def clean(self) -> dict[str, Any]:
        """Take the wording for the reason when none was typed; refuse a missing one where the law demands it."""
        cleaned = super().clean() or {}
        reason = (cleaned.get("reason") or "").strip() or cleaned.get("wording") or ""
        cleaned["reason"] = reason
        if self.requires_reason and not reason:
            self.add_error("reason", "请写明理由，或选用一条常用理由")
        return cleaned


class BatchForm(forms.Form):
    """One outcome and one reason for several cases; the reason is demanded where the pack's outcome requires it."""

    outcome = forms.ChoiceField(label="处理结果", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="理由", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写入每一件的办理记录",
    )  # fmt: skip

    def __init__(self, outcomes: Sequence[Outcome], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.outcomes = {outcome.key: outcome for outcome in outcomes}
        self.fields["outcome"].choices = [(o.key, o.title) for o in outcomes]  # type: ignore[attr-defined]
        demanding = [o for o in outcomes if "reason" in o.requires]
        self.references = {"reason": demanding[0].because.get("reason", demanding[0].reference)} if demanding else {}

    def clean(self) -> dict[str, Any]:
        """Refuse a missing reason where the chosen outcome demands one."""
        cleaned = super().clean() or {}
        cleaned["reason"] = (cleaned.get("reason") or "").strip()
        chosen = self.outcomes.get(cleaned.get("outcome", ""))
        if chosen is not None and "reason" in chosen.requires and not cleaned["reason"]:
            self.add_error("reason", "请写明理由")
        return cleaned


class ExtensionForm(forms.Form):
    """By how many working days a clock is to be extended, and why."""

    days = forms.IntegerField(label="延长工作日数", min_value=1)
    reason = forms.CharField(label="理由", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, most: int, reference: Reference | None, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={"days": most}, auto_id="id_extension_%s")
        self.fields["days"].widget.attrs["max"] = most
        self.fields["days"].help_text = f"最多 {most} 个工作日"
        self.references = {"days": reference} if reference else {}


class UrgingForm(forms.Form):
    """督办意见: what is asked for, and by when."""

    note = forms.CharField(label="督办意见", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    wanted_on = forms.DateField(
        label="要求办理日期", widget=forms.DateInput(attrs={"type": "date"}), help_text="不改变法定时限"
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, auto_id="id_urging_%s")


class NoticeForm(forms.Form):
    """A year's notice: the file, or its days typed line by line (``2027-01-01 元旦``)."""

    file = forms.FileField(label="放假安排文件（JSON）", required=False)
    year = forms.IntegerField(label="年份", required=False, min_value=2000, max_value=2999)
    title = forms.CharField(label="通知名称", required=False, max_length=120)
    off = forms.CharField(
        label="放假日", required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 6}),
        help_text="每行一天：日期、空格、节日名称，例如 2027-01-01 元旦",
    )  # fmt: skip
    worked = forms.CharField(
        label="调休上班日", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="每行一天，写法同上；只写周末中需要上班的日子",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Ask for a file or for a year with days."""
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not (cleaned.get("year") and (cleaned.get("off") or "").strip()):
            raise forms.ValidationError("请选择文件，或填写年份和放假日")
        return cleaned
