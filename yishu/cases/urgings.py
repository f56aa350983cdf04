"""Reads of 督办意见: which stand at a case, whether each was answered, who may write one. ``cases.urging`` writes them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, F, OuterRef, QuerySet

from yishu.cases import rules
from yishu.cases.models import Case, CaseEvent, Urging
from yishu.cases.notices import notify
from yishu.cases.parties import Parties, may_act_on
from yishu.kernel.time import shanghai_date
from yishu.law.decision import Decision
from yishu.orgs.models import Person, RoleKind
from yishu.orgs.queries import may_act, reaches

URGERS = (RoleKind.LEADER, RoleKind.GOVERNMENT, RoleKind.AUTHORITY)
"""Who may write one, in the order in which their role is named."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One 督办意见 with the event that answered it, None while it waits."""

    urging: Urging
    answer: CaseEvent | None
    late: bool
    """Unanswered after the wanted date."""

    @property
    def role_words(self) -> str:
        """The role it was written in."""
        return RoleKind(self.urging.role).label


def is_late(case: Case, today: date) -> bool:
    """Whether a case is open and its light is amber or red on an Asia/Shanghai date."""
    if case.closed_at or case.ends_on is None:
        return False
    return case.ends_on < today or (case.amber_on is not None and case.amber_on <= today)


def answer_of(urging: Urging, events: Iterable[CaseEvent]) -> CaseEvent | None:
    """The first of a case's events (by ``seq``) that moved it on after it was urged; asking for more time is no answer."""
    later = (e for e in events if e.seq > urging.revision and e.outcome not in rules.EXTENSION_WORDS)
    return next((e for e in later if e.to_step != e.from_step), None)


def urgings_of(case: Case, events: Sequence[CaseEvent], today: date) -> list[Standing]:
    """The 督办意见 of a case, the latest first, each with its answer; ``events`` are the case's in order."""
    found = []
    for urging in case.urgings.select_related("by", "by__department"):
        answer = answer_of(urging, events)
        found.append(Standing(urging, answer, answer is None and case.closed_at is None and urging.wanted_on < today))
    return found


def urged() -> Exists:
    """A condition on cases: a 督办意见 stands at the present step and was not answered yet."""
    return Exists(unanswered().filter(case=OuterRef("pk")))


def unanswered() -> QuerySet[Urging]:
    """The 督办意见 whose case is open and has not left the step it was urged at."""
    return Urging.objects.filter(case__closed_at=None, at__gte=F("case__step_since"))


def may_urge(case: Case, person: Person, at: datetime) -> tuple[Decision, str]:
    """Whether a person may urge a case now, and in which role (empty when not).

    The leading group and the government of the jurisdiction, and the authority that looks after the department; on an open case whose
    light is amber or red, and not on what waits for themselves.
    """
    role = _role(case, person, at)
    if not role:
        words = "、".join(RoleKind(kind).label for kind in URGERS)
        return Decision(
            False, f"督办由本行政区域的{words}提出", remedy="请向数据主管部门反映", code="cases.may_not_urge"
        ), ""
    if not is_late(case, shanghai_date(at)):
        return Decision(
            False, "办件没有临近截止或逾期，不需要督办", remedy="临近截止后再督办", code="cases.not_late"
        ), ""
    if may_act_on(case, person, at).allowed:
        return Decision(False, "办件现在就等您办理，不需要督办", remedy="请直接办理", code="cases.urge_own"), ""
    return Decision(True, f"以“{RoleKind(role).label}”身份督办"), role


def _role(case: Case, person: Person, at: datetime) -> str:
    home = person.department
    if home is None or home.jurisdiction_id != case.jurisdiction_id:
        return ""
    for kind in URGERS[:2]:
        if may_act(person, kind, None, at).allowed and reaches(person, kind, case.department.area_id, at):
            return kind
    offices = Parties(case.jurisdiction_id).authority_of(case.department)
    mine = any(may_act(person, RoleKind.AUTHORITY, office, at).allowed for office in offices)
    return RoleKind.AUTHORITY if mine else ""


def tell_answered(case: Case, since: datetime, at: datetime) -> None:
    """Tell whoever urged a case at its earlier step (reached at ``since``) that it has moved on. Joins the caller's transaction."""
    for urging in Urging.objects.filter(case=case, at__gte=since).select_related("by"):
        notify(
            person=urging.by,
            key=f"urging.answered:{urging.pk}",
            title=f"督办的办件已有进展：{case.title}",
            url=f"/cases/{case.pk}/",
            case=case,
            at=at,
        )
