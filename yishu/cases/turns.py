"""At which department a case waits: for lists and for figures over all departments, both by the same rule.

A step of the provider's side waits at the provider (else who opened the case), the applicant's at who opened it, the authority's at the
authority that looks after that department, and any other role's at the departments where somebody holds it, or at the authority while
nobody does (``parties.acting_department``).
"""

from collections.abc import Iterable

from django.db.models import Q

from yishu.cases.parties import Parties, authority_cases
from yishu.orgs.models import Department


def turn_of(department_id: int) -> Q:
    """The condition on open cases: it is the department's turn. One that is not there has none."""
    department = Department.objects.filter(pk=department_id).first()
    if department is None:
        return Q(pk__in=())
    parties = Parties(department.jurisdiction_id)
    at_it = Q(step_side="provider") & (Q(provider=department) | Q(provider=None, department=department))
    at_it |= Q(step_side="applicant", department=department)
    held = parties.roles_held
    mine = [role for role, ids in held.items() if department.pk in ids]
    if mine:
        at_it |= Q(step_side="any", step_role__in=mine)
    if department.is_authority and department.active:
        here = authority_cases(department.jurisdiction_id, frozenset({department.pk}))
        at_it |= here & (Q(step_side="authority") | (Q(step_side="any") & ~Q(step_role__in=list(held))))
    return at_it & Q(closed_at=None)


def departments_at(
    parties: Parties, side: str, role: str, department: Department, provider_id: int | None
) -> Iterable[int]:
    """Ids of the departments at which a case waits, by its step's side and role and its parties; the same rule for one case."""
    if side == "provider":
        return (provider_id or department.pk,)
    if side == "applicant":
        return (department.pk,)
    held = parties.roles_held.get(role, ()) if side == "any" else ()
    return held or tuple(office.pk for office in parties.authority_of(department))
