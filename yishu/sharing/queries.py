"""Reads of sharing: the law of a jurisdiction, one's applications and grants, who may see and do what."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from yishu.cases.models import Case
from yishu.catalogue.queries import published_version
from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.errors import NotFound
from yishu.kernel.references import Reference
from yishu.kernel.time import shanghai_date
from yishu.law.decision import Decision
from yishu.law.packs import View
from yishu.law.values import options
from yishu.orgs import queries as orgs
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind
from yishu.orgs.queries import may_act
from yishu.sharing.models import Application, Grant
from yishu.sharing.rules import may_use, strictest_type

PROCEDURE = "sharing.application"
PROCEDURES = (PROCEDURE, f"{PROCEDURE}.unconditional", f"{PROCEDURE}.withheld")
"""The procedures applications run by: one for all, or one of its own for a share type, as the pack has it."""
REVOKED_BY = "sharing.revoked_by"


def law(jurisdiction: Jurisdiction, on: date) -> View:
    """The jurisdiction's pack as it reads on an Asia/Shanghai date."""
    return jurisdiction.law.at(on)


def departments_as(person: Person, *kinds: str) -> QuerySet[Department]:
    """Active departments of the person's jurisdiction in which they act in one of the roles now, for others included."""
    if person.department is None:
        return Department.objects.none()
    return orgs.departments_as(person, timezone.now(), *kinds).filter(active=True)


def _mine(person: Person, *kinds: str) -> list[int]:
    return list(departments_as(person, *kinds).values_list("pk", flat=True))


def visible_applications(person: Person) -> QuerySet[Application]:
    """Applications a person may read: those of the departments they look over (``orgs.queries.read_over``: authority,
    auditors, inspectors), those of their own departments, and those for their departments' resources."""
    rows = Application.objects.select_related("resource", "resource__department", "department", "case", "submitted_by")
    if person.department is None:
        return rows.none()
    rows = rows.filter(jurisdiction_id=person.department.jurisdiction_id)
    over = orgs.read_over(person, "cases", timezone.now()).values_list("pk", flat=True)
    used = [*over, *_mine(person, RoleKind.CONSUMER, RoleKind.RESPONSIBLE)]
    given = [*over, *_mine(person, RoleKind.PROVIDER, RoleKind.RESPONSIBLE)]
    return rows.filter(Q(department_id__in=used) | Q(resource__department_id__in=given))


def visible_grants(person: Person) -> QuerySet[Grant]:
    """Grants a person may read, by the same rule as ``visible_applications``."""
    rows = Grant.objects.select_related(
        "resource",
        "resource__department",
        "department",
        "jurisdiction",
        "application",
        "application__case",
        "granted_by",
    )
    if person.department is None:
        return rows.none()
    rows = rows.filter(jurisdiction_id=person.department.jurisdiction_id)
    over = orgs.read_over(person, "cases", timezone.now()).values_list("pk", flat=True)
    used = [*over, *_mine(person, RoleKind.CONSUMER, RoleKind.RESPONSIBLE)]
    given = [*over, *_mine(person, RoleKind.PROVIDER, RoleKind.RESPONSIBLE)]
    return rows.filter(Q(department_id__in=used) | Q(resource__department_id__in=given))


def grant_for(person: Person, grant_id: UUID) -> Grant:
    """One grant a person may read. Raises NotFound alike when it does not exist and when it is not theirs to see."""
    grant = visible_grants(person).filter(pk=grant_id).first()
    if grant is None:
        raise NotFound("没有这个授权，或您无权查看", remedy="请从“我的申请与授权”进入", code="sharing.grant_not_found")
    return grant


def spec_of(held: Grant | Application) -> ResourceSpec:
    """The published version an application was made for, or a grant stands on."""
    return published_version(held.resource_id, held.resource_version)


def application_of(case: Case) -> Application:
    """The application a case decides."""
    rows = Application.objects.select_related("resource", "resource__department", "department", "jurisdiction")
    return rows.get(pk=case.subject_id)


def active_grants(department: Department, resource_id: int, at: datetime) -> QuerySet[Grant]:
    """A department's grants on a resource that are not revoked and not over, latest first."""
    return Grant.objects.filter(
        department=department, resource_id=resource_id, state=Grant.State.ACTIVE, ends_on__gte=shanghai_date(at)
    )


def may_use_grant(grant: Grant, at: datetime) -> Decision:
    """Whether a grant may be used at a moment (state and term)."""
    return may_use(
        starts_on=grant.starts_on,
        ends_on=grant.ends_on,
        active=grant.state == Grant.State.ACTIVE,
        today=shanghai_date(at),
    )


def may_look_up(grant: Grant, person: Person, at: datetime) -> Decision:
    """Whether a person may look records up online under a grant: a consumer of its department, within state and term."""
    usable = may_use_grant(grant, at)
    return usable if not usable.allowed else may_act(person, RoleKind.CONSUMER, grant.department, at)


def may_revoke(grant: Grant, person: Person, at: datetime) -> Decision:
    """Whether a person may revoke a grant: people of the authority, and whoever else the pack names in ``sharing.revoked_by``.

    Where the text is silent (修武) only who approves may take back: the authority.
    """
    view = law(grant.jurisdiction, shanghai_date(at))
    named = view.get(REVOKED_BY) if view.has(REVOKED_BY) else None
    words = str(named.value) if named is not None and named.value else RoleKind.AUTHORITY
    reference = named.reference if named is not None and named.value else view.get("sharing.decided_by").reference
    if RoleKind.PROVIDER in words and may_act(person, RoleKind.PROVIDER, grant.resource.department, at).allowed:
        return Decision(True, "提供部门可以收回", reference)
    for department in Department.objects.filter(jurisdiction=grant.jurisdiction, is_authority=True, active=True):
        if may_act(person, RoleKind.AUTHORITY, department, at).allowed:
            return Decision(True, "数据主管部门可以收回", reference)
    return Decision(
        False, "只有数据主管部门可以收回授权", reference, "请向数据主管部门说明情况，由其收回", "sharing.may_not_revoke"
    )


def access_reference(grant: Grant) -> Reference:
    """The article a grant stands on: that of its share type on the day it was given."""
    view = law(grant.jurisdiction, shanghai_date(grant.granted_at))
    kind = "unconditional" if grant.application_id is None else "conditional"
    return view.get(f"sharing.access.{kind}").reference


def title_of(view: View, option_list: str, key: str) -> str:
    """The Chinese title of a key of one of the pack's lists; the key itself when the list no longer has it."""
    return next((o.title for o in options(view, option_list) if o.key == key), key)


def application_procedure(view: View, spec: ResourceSpec, columns: Sequence[str]) -> str:
    """Which procedure an application for these columns runs: the one of the strictest share type among them, else the general one."""
    own = f"{PROCEDURE}.{strictest_type(spec, columns)}"
    return own if view.has(f"procedures.{own}") else PROCEDURE
