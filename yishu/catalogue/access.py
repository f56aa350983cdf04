"""Who may write a resource, and the row they write, locked. Shared by every write of the catalogue."""

from datetime import datetime

from yishu.cases.models import Case
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.models import Resource
from yishu.kernel.errors import Conflict, NotAllowed, NotFound
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Department, Person, RoleKind
from yishu.orgs.queries import may_act


class DraftChanged(Conflict):
    """Somebody else saved the working copy first. Nothing was written."""

    code = "catalogue.draft_changed"


def law_of(resource: Resource, at: datetime) -> Demands:
    """What the resource's law demands at a moment."""
    return demands(resource.jurisdiction.law, shanghai_date(at))


def must_provide(department: Department, by: Person, at: datetime) -> None:
    """Raise NotAllowed unless ``by`` is a provider of the department."""
    may = may_act(by, RoleKind.PROVIDER, department, at)
    if not may.allowed:
        raise NotAllowed(
            may.reason, remedy=may.remedy or f"请由{department.name}的提供方经办人员办理", reference=may.reference,
            object_=department.name, code="catalogue.not_provider",
        )  # fmt: skip


def must_be_authority(by: Person, at: datetime, what: str, *, whole: bool = True) -> Department:
    """The authority department ``by`` acts for in their own jurisdiction. Raises NotAllowed; ``what`` names the act in words.

    ``whole``: the act concerns the jurisdiction as a whole, so the authority of an area (片区) is not enough.
    """
    home = by.department
    acts = home is not None and home.is_authority and may_act(by, RoleKind.AUTHORITY, home, at).allowed
    if home is None or not acts or (whole and home.area_id is not None):
        raise NotAllowed(
            f"{what}由数据主管部门办理，您没有这个角色",
            remedy="请联系本行政区域数据主管部门的经办人员",
            code="catalogue.not_authority",
        )
    return home


def locked(resource_id: int, by: Person, at: datetime) -> Resource:
    """The working copy, locked, for somebody who may write it; other tenants' resources do not exist."""
    resource = locked_here(resource_id, by)
    must_provide(resource.department, by, at)
    return resource


def locked_here(resource_id: int, by: Person) -> Resource:
    """A resource of the person's jurisdiction, locked. Raises NotFound; says nothing about what they may do with it."""
    rows = Resource.objects.select_for_update(of=("self",)).select_related("jurisdiction", "department")
    home = by.department.jurisdiction_id if by.department else 0
    resource = rows.filter(pk=resource_id, jurisdiction_id=home).first()
    if resource is None:
        raise NotFound("没有这个信息资源", remedy="请从“本部门目录”进入", code="catalogue.not_found")
    return resource


def must_be_seen(resource: Resource, seen_revision: int) -> None:
    """Raise DraftChanged unless ``seen_revision`` is the working copy's."""
    if resource.revision != seen_revision:
        raise DraftChanged(
            f"“{resource.title}”已被他人修改，您的改动没有保存",
            remedy="请在另一窗口打开最新内容，对照后把改动重新填入",
            object_=resource.title,
            extra={"revision": resource.revision},
        )


def subject(case: Case) -> Resource:
    """The resource a review is about, locked."""
    rows = Resource.objects.select_for_update(of=("self",)).select_related("jurisdiction", "department")
    return rows.get(pk=case.subject_id)
