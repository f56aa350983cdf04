"""How a bound field becomes HTML: classes by widget, what describes it, which article demands it."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from yishu.kernel.references import Reference


def reference_of(bound: BoundField) -> Reference | None:
    """The article that demands the field: ``field.reference``, or ``form.references[name]``; None where there is none."""
    own = getattr(bound.field, "reference", None)
    given: Reference | None = own or getattr(bound.form, "references", {}).get(bound.name)
    return given


def kind_of(widget: forms.Widget) -> str:
    """``choices``, ``check``, ``select``, ``file``, ``hidden`` or ``text``: which markup the field gets."""
    if isinstance(widget, forms.RadioSelect):  # CheckboxSelectMultiple is one too
        return "choices"
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.Select):
        return "select"
    if isinstance(widget, forms.FileInput):
        return "file"
    return "hidden" if widget.is_hidden else "text"


_CLASSES = {
    "select": "form-select",
    "check": "form-check-input",
    "text": "form-control",
    "file": "form-control",
    "hidden": "",
}


def render(bound: BoundField) -> dict[str, Any]:
    """What the field template needs: ``kind``, ``html`` or ``options``, ``described_by``, ``reference``."""
    widget = bound.field.widget
    kind = kind_of(widget)
    described = " ".join(
        name
        for name, there in ((f"{bound.auto_id}_help", bound.help_text), (f"{bound.auto_id}_errors", bound.errors))
        if there
    )
    context: dict[str, Any] = {
        "kind": kind,
        "reference": reference_of(bound),
        "described_by": described,
        "required": bound.field.required and kind != "hidden",
    }
    if kind == "choices":
        context["options"] = list(bound.subwidgets)
        context["input_type"] = "checkbox" if widget.allow_multiple_selected else "radio"
        return context
    attrs: dict[str, str | bool] = {
        "class": " ".join(
            filter(None, (widget.attrs.get("class"), _CLASSES[kind], "is-invalid" if bound.errors else ""))
        )
    }
    if described:
        attrs["aria-describedby"] = described
    context["html"] = bound.as_widget(attrs=attrs)
    return context
