"""How a refusal by an action comes back into the form it came from."""

from django import forms

from yishu.kernel.errors import PublicError


def add_problems(form: forms.BaseForm, error: PublicError) -> None:
    """Put an error's problems on the fields they name (by label or field name), the rest at the top of the form."""
    by_label = {str(field.label): name for name, field in form.fields.items()}
    if not error.problems:
        form.add_error(None, f"{error.what}。{error.why or ''}{error.remedy}")
    for problem in error.problems:
        text = f"{problem.what}。{problem.remedy}" if problem.remedy else problem.what
        name = by_label.get(problem.where) or (problem.where if problem.where in form.fields else None)
        form.add_error(name, text if name else f"{problem.where}：{text}" if problem.where else text)
