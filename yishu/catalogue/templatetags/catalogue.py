"""``{% load catalogue %}``: a field of the grid without label and help, which stand in the column head."""

from django import template
from django.forms.boundfield import BoundField
from django.utils.safestring import SafeString

from yishu.pages import widgets

register = template.Library()


@register.simple_tag
def cell(bound: BoundField) -> SafeString:
    """The bare widget in the look of the pages."""
    kind = widgets.kind_of(bound.field.widget)
    css = {"select": "form-select", "check": "form-check-input"}.get(kind, "form-control")
    return bound.as_widget(attrs={"class": f"{css} is-invalid" if bound.errors else css})
