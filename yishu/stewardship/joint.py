"""Joint collection: departments that collect one thing together register who brings what; each agrees (JY-22, TL-19)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from yishu.kernel.errors import Conflict, Invalid, Problem
from yishu.law import values
from yishu.law.kinds import RequiredField
from yishu.law.packs import Missing, View
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind
from yishu.stewardship import access
from yishu.stewardship.models import JointCollection, JointParty
from yishu.stewardship.notices import tell_department
from yishu.stewardship.rules import too_long

OWN = frozenset({"title", "parties", "division", "items", "elements", "lead", "arrangement"})
"""Names in the pack's form ``joint.collection`` that the register's own columns hold."""
_STATES = JointCollection.State
_CONSENTS = JointParty.Consent
SIGNERS = (RoleKind.PROVIDER, RoleKind.RESPONSIBLE)


@dataclass(frozen=True, slots=True)
class Plan:
    """A joint collection as typed: ``parts`` maps each department to the elements it brings; ``lead`` is one of them."""

    title: str
    lead: int
    parts: Mapping[int, Sequence[str]]
    arrangement: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


def extra_fields(view: View) -> tuple[RequiredField, ...]:
    """What the law demands in the register beyond title, parties, split and lead."""
    try:
        return tuple(f for f in values.required(view, "joint.collection") if f.name not in OWN)
    except Missing:
        return ()


@transaction.atomic
def register_joint(*, plan: Plan, by: Person, at: datetime) -> JointCollection:
    """Register a joint collection; every party but one's own is asked. Raises NotAllowed, Invalid."""
    home = access.home_of(by)
    parties = _checked(plan, home, at)
    access.require_role(by, parties[plan.lead], at, *SIGNERS)
    joint = JointCollection(jurisdiction=home, created_by=by, created_at=at)
    _store(joint, plan, parties, by, at)
    access.note("joint_registered", kind="joint", id=joint.pk, by=by, at=at, department=plan.lead, count=len(parties))
    return joint


@transaction.atomic
def change_joint(*, joint_id: int, seen_revision: int, plan: Plan, by: Person, at: datetime) -> JointCollection:
    """The lead changes the split: every party is asked again. Raises NotFound, NotAllowed, Conflict, Invalid."""
    joint = _locked(joint_id, seen_revision, by)
    access.require_role(by, joint.lead, at, *SIGNERS)
    parties = _checked(plan, joint.jurisdiction, at)
    _store(joint, plan, parties, by, at)
    access.note(
        "joint_changed", kind="joint", id=joint.pk, by=by, at=at, department=joint.lead_id, revision=joint.revision
    )
    return joint


@transaction.atomic
def answer_joint(
    *, joint_id: int, seen_revision: int, department_id: int, agrees: bool, note: str, by: Person, at: datetime
) -> JointCollection:
    """One party agrees or declines (with its reason). Agreed by all, the joint collection stands.

    Raises NotFound, NotAllowed, Conflict (the split has changed, or it has ended), Invalid (declined without a reason).
    """
    joint = _locked(joint_id, seen_revision, by)
    party = joint.parties.select_related("department__jurisdiction").filter(department_id=department_id).first()
    if party is None:
        raise access.nothing()
    access.require_role(by, party.department, at, *SIGNERS)
    if not agrees and not note.strip():
        raise Invalid(
            "不同意须写明理由", remedy="请写明理由后再次提交", object_=joint.title, code="stewardship.missing_reason"
        )
    party.consent = _CONSENTS.AGREED if agrees else _CONSENTS.DECLINED
    party.note, party.by, party.at = note.strip()[:500], by, at
    party.save()
    _settle(joint, at)
    access.note(
        "joint_answered", kind="joint", id=joint.pk, by=by, at=at, department=department_id, outcome=party.consent, state=joint.state
    )  # fmt: skip
    people = (RoleKind.PROVIDER,)
    tell_department(
        joint.lead, people, f"joint.{joint.pk}.{joint.revision}.{party.pk}.{party.consent}",
        f"{party.department.name}{party.get_consent_display()}联合采集：{joint.title}", url_of(joint), at,
    )  # fmt: skip
    return joint


@transaction.atomic
def end_joint(*, joint_id: int, seen_revision: int, by: Person, at: datetime) -> JointCollection:
    """The lead ends a joint collection. Raises as ``change_joint``."""
    joint = _locked(joint_id, seen_revision, by)
    access.require_role(by, joint.lead, at, *SIGNERS)
    joint.state, joint.updated_at = _STATES.ENDED, at
    joint.revision += 1
    joint.save()
    access.note("joint_ended", kind="joint", id=joint.pk, by=by, at=at, department=joint.lead_id)
    return joint


def _locked(joint_id: int, seen_revision: int, by: Person) -> JointCollection:
    rows = JointCollection.objects.select_for_update(of=("self",)).select_related("jurisdiction", "lead__jurisdiction")
    joint = rows.filter(pk=joint_id, jurisdiction=access.home_of(by)).first()
    if joint is None:
        raise access.nothing()
    if joint.revision != seen_revision:
        raise Conflict(
            f"“{joint.title}”的分工已经调整，您看到的不是最新内容", remedy="请刷新后按最新分工办理", object_=joint.title,
            code="stewardship.joint_moved", extra={"revision": joint.revision},
        )  # fmt: skip
    if joint.state == _STATES.ENDED:
        raise Conflict(
            "联合采集已经终止", remedy="如需恢复，请重新登记", object_=joint.title, code="stewardship.joint_ended"
        )
    return joint


def _checked(plan: Plan, home: Jurisdiction, at: datetime) -> dict[int, Department]:
    problems: list[Problem] = []
    rows = Department.objects.select_related("jurisdiction").filter(
        jurisdiction=home, active=True, pk__in=list(plan.parts)
    )
    parties = {d.pk: d for d in rows}
    names = [n for part in plan.parts.values() for n in part]
    if not plan.title.strip() or len(plan.title) > 120:
        problems.append(
            Problem("采集事项", "没有填写或超过 120 字", "请填写采集事项的名称", "stewardship.missing_title")
        )
    if len(parties) < 2 or len(parties) != len(plan.parts):
        problems.append(Problem("参与部门", "须有至少两个本地部门", "请选择参与的部门", "stewardship.parties"))
    if plan.lead not in parties:
        problems.append(Problem("牵头部门", "牵头部门不在参与部门中", "请从参与部门中选择", "stewardship.lead"))
    if any(not part for part in plan.parts.values()):
        problems.append(
            Problem("职责分工", "有部门没有分到数据元素", "请为每个部门写明所负责的数据元素", "stewardship.no_elements")
        )
    if twice := sorted({n for n in names if names.count(n) > 1}):
        problems.append(
            Problem(
                "职责分工",
                f"“{'、'.join(twice[:5])}”分给了不止一个部门",
                "一项数据只由一个部门采集",
                "stewardship.twice",
            )
        )
    if long := too_long(names):
        problems.append(Problem("职责分工", f"“{long[0]}…”过长", "每项不超过 80 字", "stewardship.too_long"))
    for f in extra_fields(access.law_of(home, at)):
        if not plan.fields.get(f.name, "").strip():
            problems.append(Problem(f.title, f"没有填写{f.title}", "请补充", "stewardship.missing_field", f.reference))
    if problems:
        raise Invalid(
            "联合采集没有登记",
            remedy="请按所列改正，已填内容均已保留",
            problems=problems,
            code="stewardship.joint_invalid",
        )
    return parties


def _store(joint: JointCollection, plan: Plan, parties: Mapping[int, Department], by: Person, at: datetime) -> None:
    joint.title, joint.lead, joint.arrangement = plan.title.strip(), parties[plan.lead], plan.arrangement.strip()[:2000]
    joint.fields = {k: v.strip()[:2000] for k, v in plan.fields.items()}
    joint.revision += 1
    joint.updated_at = at
    joint.save()
    joint.parties.all().delete()
    for pk, elements in plan.parts.items():
        own = pk == plan.lead
        JointParty.objects.create(
            joint=joint, department=parties[pk], elements=list(elements), consent=_CONSENTS.AGREED if own else _CONSENTS.ASKED,
            by=by if own else None, at=at if own else None,
        )  # fmt: skip
        if not own:
            tell_department(
                parties[pk],
                SIGNERS,
                f"joint.{joint.pk}.{joint.revision}",
                f"联合采集待确认：{joint.title}",
                url_of(joint),
                at,
            )
    _settle(joint, at)


def _settle(joint: JointCollection, at: datetime) -> None:
    answers = set(joint.parties.values_list("consent", flat=True))
    joint.state = (
        _STATES.DECLINED if _CONSENTS.DECLINED in answers else _STATES.OPEN if _CONSENTS.ASKED in answers else _STATES.AGREED
    )  # fmt: skip
    joint.updated_at = at
    joint.save(update_fields=["state", "updated_at"])


def url_of(joint: JointCollection) -> str:
    """Where a joint collection stands."""
    return f"/stewardship/joint/{joint.pk}/"


def visible_joints(person: Person, at: datetime) -> QuerySet[JointCollection]:
    """Joint collections a person may see: the jurisdiction's for who oversees it, else those of their departments."""
    rows = JointCollection.objects.filter(jurisdiction=access.home_of(person)).select_related("lead")
    if not access.oversees(person, at):
        own = access.own_departments(person, at).values("pk")
        rows = rows.filter(pk__in=JointParty.objects.filter(department__in=own).values("joint"))
    return rows.annotate(size=Count("parties"), asked=Count("parties", filter=Q(parties__consent=_CONSENTS.ASKED)))


def joint_for(person: Person, joint_id: int, at: datetime) -> JointCollection:
    """One of them. Raises NotFound."""
    found = visible_joints(person, at).filter(pk=joint_id).first()
    if found is None:
        raise access.nothing()
    return found
