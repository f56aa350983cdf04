"""Forms made from the pack's registers: one field per field, with the article that asks for it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms

from yishu.law.kinds import Register, RegisterField
from yishu.orgs.models import Department, Person
from yishu.pages.uploads import TYPES
from yishu.registers.rules import LONGEST


class EntryForm(forms.Form):
    """The fields of one register. ``fields_given`` returns what ``registers.actions`` takes."""

    def __init__(
        self,
        register: Register,
        *,
        departments: Sequence[Department],
        jurisdiction_id: int,
        with_department: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.register = register
        self.references = {field.name: field.reference for field in register.fields}
        if with_department:
            self.fields["department"] = forms.ChoiceField(
                label="部门",
                choices=[(d.pk, d.name) for d in departments],
                initial=departments[0].pk if departments else None,
            )
        for field in register.fields:
            self.fields["f_" + field.name] = _form_field(field, jurisdiction_id)
            self.references["f_" + field.name] = field.reference

    def fields_given(self) -> dict[str, Any]:
        """Field name → text, bool, int or ISO date, as typed; document fields are left out (they come as files)."""
        given: dict[str, Any] = {}
        for field in self.register.fields:
            value = self.cleaned_data.get("f_" + field.name)
            if field.kind == "document":
                continue
            if field.kind == "flag":
                value = {"yes": True, "no": False}.get(str(value))
            elif field.kind in ("department", "person", "number") and value not in (None, ""):
                value = int(value)
            elif isinstance(value, date):
                value = value.isoformat()
            elif isinstance(value, str):
                value = value.strip()
            given[field.name] = value
        return given

    def files_given(self) -> dict[str, Any]:
        """Document fields that came with a file: name → uploaded file."""
        names = [field.name for field in self.register.fields if field.kind == "document"]
        return {n: self.cleaned_data["f_" + n] for n in names if self.cleaned_data.get("f_" + n)}


def initial_of(register: Register, stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored entry's fields as the form shows them."""
    shown: dict[str, Any] = {}
    for field in register.fields:
        if field.kind == "document":
            continue  # a kept file stays when none is sent
        value = stored.get(field.name)
        if field.kind == "flag" and value is not None:
            value = "yes" if value else "no"
        shown["f_" + field.name] = value
    return shown


def _form_field(field: RegisterField, jurisdiction_id: int) -> forms.Field:
    # The law's "required" is checked by ``rules.problems``, which can name the article; the form only shows the mark.
    common: dict[str, Any] = {"label": field.title, "required": False, "help_text": field.note}
    if field.kind == "long_text":
        made: forms.Field = forms.CharField(
            max_length=LONGEST["long_text"], widget=forms.Textarea(attrs={"rows": 3}), **common
        )
    elif field.kind == "choice":
        made = forms.ChoiceField(choices=[("", "请选择"), *((c, c) for c in field.choices)], **common)
    elif field.kind == "flag":
        made = forms.ChoiceField(choices=[("", "请选择"), ("yes", "是"), ("no", "否")], **common)
    elif field.kind == "date":
        made = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **common)
    elif field.kind == "number":
        made = forms.IntegerField(min_value=0, max_value=10**12, **common)
    elif field.kind == "department":
        rows = Department.objects.filter(jurisdiction_id=jurisdiction_id, active=True).values_list("pk", "name")
        made = forms.ChoiceField(choices=[("", "请选择"), *((str(pk), name) for pk, name in rows)], **common)
    elif field.kind == "person":
        people = Person.objects.filter(department__jurisdiction_id=jurisdiction_id, is_active=True).order_by("name")
        choices = [(str(p.pk), f"{p.name}（{p.department}）") for p in people.select_related("department")]
        made = forms.ChoiceField(choices=[("", "请选择"), *choices], **common)
    elif field.kind == "document":
        common["help_text"] = field.note or f"可传 {'、'.join(sorted(TYPES))}，不超过 10 MB"
        made = forms.FileField(allow_empty_file=True, max_length=200, **common)
    else:
        made = forms.CharField(max_length=LONGEST.get(field.kind, 300), **common)
    made.widget.attrs["data-demanded"] = "yes" if field.required else "no"
    if field.required:
        made.label = f"{field.title}（必填）"
    return made
