"""Writes and reads about tenants: jurisdictions, the mode of their law, their areas. ``by`` None means the platform itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from yishu.kernel.errors import Conflict, Invalid, NotAllowed, Problem
from yishu.kernel.time import shanghai_date
from yishu.law import packs
from yishu.law.kinds import Value
from yishu.law.looser import looser
from yishu.ledger import actions as ledger
from yishu.ledger.digests import Digester
from yishu.ledger.facts import Fact
from yishu.orgs import queries
from yishu.orgs.guards import not_found, require_whole
from yishu.orgs.models import Area, Department, Jurisdiction, JurisdictionChange, Person, RoleKind

MODE_WORDS: Mapping[str, str] = {
    Jurisdiction.Mode.AS_WRITTEN: "按本级文本",
    Jurisdiction.Mode.OVERLAID: "叠加国家条例",
}
LOWER_ALLOWED = "org.logical_platforms"
MAX_LEVELS = 5


@cache
def _digester() -> Digester:
    return Digester.load(settings.ENVIRONMENT.home)


def founding_jurisdiction() -> Jurisdiction | None:
    """The tenant of the first visit; its administrators are the platform's operators (docs/decisions/0014-tenants.md)."""
    return Jurisdiction.objects.order_by("id").first()


def is_platform_operator(person: Person, at: datetime) -> bool:
    """Whether a person administers the deployment: an administrator of the founding jurisdiction."""
    first = founding_jurisdiction()
    home = queries.jurisdiction_id_of(person)
    runs = queries.may_act(person, RoleKind.ADMIN, None, at).allowed and queries.reaches(
        person, RoleKind.ADMIN, None, at
    )
    return first is not None and first.pk == home and runs


def below(jurisdiction_id: int) -> list[int]:
    """Ids of the jurisdictions under one, over all levels, without it."""
    found: list[int] = []
    level = [jurisdiction_id]
    for _ in range(MAX_LEVELS):
        level = list(Jurisdiction.objects.filter(parent__in=level).values_list("pk", flat=True))
        if not level:
            break
        found += level
    return found


def jurisdictions_seen(person: Person, at: datetime) -> QuerySet[Jurisdiction]:
    """The tenants a person sees in the list: all for platform operators, else their own and those under it.

    Only name, law, mode and counts are shown of another tenant, never what stands in it.
    """
    home = queries.jurisdiction_id_of(person)
    if is_platform_operator(person, at):
        return Jurisdiction.objects.all()
    return Jurisdiction.objects.filter(pk__in=[home, *below(home)]) if home else Jurisdiction.objects.none()


@dataclass(frozen=True, slots=True)
class Standing:
    """What one tenant shows of another under it: counts only."""

    jurisdiction: Jurisdiction
    departments: int
    people: int
    unfiled: int
    """Departments without a responsible person."""


def lower_standings(person: Person, at: datetime) -> tuple[Standing, ...]:
    """Figures of the jurisdictions under a person's own, for its authority, leading group and government (XZ-1.4); else nothing.

    The one read of organisations across tenants; it counts and names no department and no person.
    """
    home = queries.jurisdiction_id_of(person)
    over = {RoleKind.AUTHORITY, RoleKind.LEADER, RoleKind.GOVERNMENT, RoleKind.ADMIN}
    if home is None or not over & set(queries.roles_of(person, at)):
        return ()
    active = Q(departments__active=True)
    rows = Jurisdiction.objects.filter(pk__in=below(home)).annotate(
        n=Count("departments", filter=active, distinct=True),
        p=Count("departments__people", filter=active & Q(departments__people__is_active=True), distinct=True),
        u=Count("departments", filter=active & Q(departments__responsible=None), distinct=True),
    )
    return tuple(Standing(row, row.n, row.p, row.u) for row in rows.order_by("name"))


def may_found(by: Person, parent: Jurisdiction | None, at: datetime) -> bool:
    """Whether a person may found a tenant: platform operators anywhere, a tenant's administrator under it."""
    if is_platform_operator(by, at):
        return True
    home = queries.jurisdiction_id_of(by)
    if parent is None or home is None or not queries.may_act(by, RoleKind.ADMIN, None, at).allowed:
        return False
    if not queries.reaches(by, RoleKind.ADMIN, None, at):
        return False
    return parent.pk == home or parent.pk in below(home)


@transaction.atomic
def create_jurisdiction(
    *,
    pack: str,
    by: Person | None,
    at: datetime,
    mode: str = Jurisdiction.Mode.AS_WRITTEN,
    name: str = "",
    parent: Jurisdiction | None = None,
) -> Jurisdiction:
    """Found a jurisdiction on its pack; name and division code are the pack's unless a name is given.

    ``parent``: the city whose platform a county's logical platform stands on; its pack is then the city's or one under it.
    Raises ``law.packs.NoPack``, ``Conflict`` for a name in use, ``Invalid``, ``NotAllowed``.
    """
    if by is not None and not may_found(by, parent, at):
        raise NotAllowed(
            "只有平台管理员可以建立行政区域，上级区域的系统管理员可以建立其下级",
            remedy="请联系平台管理员",
            code="orgs.not_platform_operator",
        )
    found = packs.load(pack)
    name = name.strip() or found.name
    _check_founding(found, name, mode, parent, at)
    made = Jurisdiction.objects.create(
        pack=pack, division_code=found.division_code, name=name, mode=mode, parent=parent, created_at=at
    )
    JurisdictionChange.objects.create(jurisdiction=made, at=at, by=by, field="created", after=name)
    _tell(made, "orgs.jurisdiction_created", by, at, pack=pack, state=mode)
    return made


def _check_founding(found: packs.Pack, name: str, mode: str, parent: Jurisdiction | None, at: datetime) -> None:
    problems = []
    if not 2 <= len(name) <= 80 or not name.isprintable():
        problems.append(Problem("名称", "名称为 2 至 80 个字", "", "orgs.jurisdiction_name"))
    if mode not in Jurisdiction.Mode.values:
        problems.append(Problem("适用方式", "请选择适用方式", "", "orgs.jurisdiction_mode"))
    if parent is not None:
        allowed = queries.law_view(parent, shanghai_date(at)).held.get(LOWER_ALLOWED)
        if allowed is not None and allowed.value is False:
            problems.append(
                Problem("上级", "上级的办法不设下级共享逻辑平台", "", "orgs.no_logical_platforms", allowed.reference)
            )
        if parent.pack not in {pack.id for pack in packs.line(found)}:
            problems.append(
                Problem("规则包", "下级共享逻辑平台用上级的规则包，或以其为上级的规则包", "", "orgs.pack_not_under")
            )
        elif found.id != parent.pack:
            problems += _looser_problems(found, parent, at)
    if problems:
        raise Invalid(
            "行政区域没有建立", remedy="请按提示改正后重新提交", problems=problems, code="orgs.jurisdiction_invalid"
        )
    if Jurisdiction.objects.filter(name=name).exists():
        raise Conflict(
            "该行政区域已经建立",
            object_=name,
            remedy="无需重复建立，请直接使用，或另取名称",
            code="orgs.jurisdiction_exists",
        )


def _looser_problems(found: packs.Pack, parent: Jurisdiction, at: datetime) -> list[Problem]:
    """Where a lower platform's pack is looser than its city's: a county may set its own plan, never a longer term (XZ-8.1)."""
    day = shanghai_date(at)
    above = queries.law_view(parent, day).held
    own = found.at(day, "overlaid" if parent.mode == Jurisdiction.Mode.OVERLAID else "as_written").held
    problems = []
    for key in found.values:
        held, theirs = own.get(key), above.get(key)
        wider = looser(held, theirs) if held is not None and theirs is not None else ""
        if wider and theirs is not None:
            what = f"“{theirs.title or key}”宽于上级：{wider}"
            problems.append(Problem("规则包", what, "", "orgs.pack_looser", theirs.reference))
    return problems


@transaction.atomic
def switch_mode(*, jurisdiction: Jurisdiction, mode: str, reason: str, by: Person | None, at: datetime) -> Jurisdiction:
    """Change whether the national regulation is laid over the jurisdiction's text. Running cases keep the law they began under.

    The tenant's administrator does it, with the reason. Raises ``Invalid`` without a reason or for the mode it already has.
    """
    require_whole(by, RoleKind.ADMIN, at, within=jurisdiction)
    row = Jurisdiction.objects.select_for_update(of=("self",)).get(pk=jurisdiction.pk)
    reason = reason.strip()
    problems = []
    if not 4 <= len(reason) <= 500:
        problems.append(Problem("理由", "请写明 4 至 500 个字的理由", "", "orgs.reason_needed"))
    if mode not in Jurisdiction.Mode.values or mode == row.mode:
        problems.append(Problem("适用方式", "请选择与现在不同的适用方式", "", "orgs.jurisdiction_mode"))
    if problems:
        raise Invalid("适用方式没有改变", remedy="请按提示改正后重新提交", problems=problems, code="orgs.mode_invalid")
    JurisdictionChange.objects.create(
        jurisdiction=row, at=at, by=by, field="mode", before=MODE_WORDS[row.mode], after=MODE_WORDS[mode], reason=reason
    )
    row.mode = mode
    row.save(update_fields=["mode"])
    _tell(row, "orgs.law_mode_changed", by, at, state=mode, reason=_digester().digest(reason, "reason"))
    return row


@transaction.atomic
def create_area(*, jurisdiction: Jurisdiction, name: str, by: Person | None, at: datetime) -> Area:
    """Found an area inside a tenant: a zone with an authority of its own and no logical platform (XZ-1.4). Raises ``Invalid``."""
    require_whole(by, RoleKind.ADMIN, at, within=jurisdiction)
    name = name.strip()
    problem = ""
    if not 2 <= len(name) <= 80 or not name.isprintable():
        problem = "名称为 2 至 80 个字"
    elif Area.objects.filter(jurisdiction=jurisdiction, name=name).exists():
        problem = "已有同名片区"
    if problem:
        raise Invalid(
            "片区没有建立",
            remedy="请换一个名称",
            problems=[Problem("片区名称", problem, "", "orgs.area_name")],
            code="orgs.area_invalid",
        )
    made = Area.objects.create(jurisdiction=jurisdiction, name=name, created_at=at)
    JurisdictionChange.objects.create(jurisdiction=jurisdiction, at=at, by=by, field="area", after=name)
    _tell(jurisdiction, "orgs.area_created", by, at, object="orgs.area", object_id=str(made.pk))
    return made


def jurisdiction_for(person: Person, pk: int, at: datetime) -> Jurisdiction:
    """One tenant a person sees. Raises ``NotFound``."""
    found = jurisdictions_seen(person, at).filter(pk=pk).first()
    if found is None:
        raise not_found()
    return found


def upstream_of(jurisdiction: Jurisdiction, on: date) -> Value | None:
    """The platform above that the jurisdiction's law names (JY-31, YH-5.1) with its article; None where the text names none."""
    view = jurisdiction.law.at(on)
    return view.get("platform.upstream") if view.has("platform.upstream") else None


def areas_of(jurisdiction: Jurisdiction) -> QuerySet[Area]:
    """The areas of a tenant, by name."""
    return Area.objects.filter(jurisdiction=jurisdiction).order_by("name")


def authorities_of(jurisdiction: Jurisdiction) -> QuerySet[Department]:
    """The authorities of a tenant: its own and its areas'."""
    return Department.objects.filter(jurisdiction=jurisdiction, is_authority=True, active=True)


def _tell(jurisdiction: Jurisdiction, event: str, by: Person | None, at: datetime, **facts: Fact) -> None:
    given: dict[str, Fact] = {"event": event, "jurisdiction": str(jurisdiction.pk), "object_id": str(jurisdiction.pk)}
    ledger.record(kind="event", by=by, at=at, department=by.department_id if by else None, facts=given | facts)
