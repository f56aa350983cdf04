"""Forms of the decision box. A procedure's own form subclasses ``DecisionForm``."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django import forms

from yishu.cases.models import Case
from yishu.cases.queries import procedure_of

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
