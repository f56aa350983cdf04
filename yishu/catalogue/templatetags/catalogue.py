"""``{% load catalogue %}``: cells of the grid without help, and fields a form may not have."""

from django import template
from django.forms import BaseForm
from django.forms.boundfield import BoundField
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from yishu.pages import widgets

register = template.Library()


@register.simple_tag
def cell(bound: BoundField) -> SafeString:
    """The bare widget in the look of the pages."""
    kind = widgets.kind_of(bound.field.widget)
    css = {"select": "form-select", "check": "form-check-input"}.get(kind, "form-control")
    return bound.as_widget(attrs={"class": f"{css} is-invalid" if bound.errors else css})


@register.simple_tag
def own(form: BaseForm, name: str) -> SafeString:
    """A field as ``{% field %}`` shows it, or nothing where the law gives the form no such field."""
    if name not in form.fields:
        return SafeString("")
    bound = form[name]
    return render_to_string("pages/parts/field.html", {"bound": bound, "label": bound.label} | widgets.render(bound))
