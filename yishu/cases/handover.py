"""What orgs asks about cases when work is handed over (``orgs.ports``)."""

from yishu.cases.parties import waiting_for
from yishu.orgs.models import Person


def open_cases_of(person_id: int, department_id: int) -> int:
    """How many open cases wait for a person whose home is the department; 0 for somebody elsewhere."""
    person = Person.objects.select_related("department").filter(pk=person_id, department_id=department_id).first()
    return waiting_for(person).count() if person else 0
