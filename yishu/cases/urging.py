"""督办 (XZ-1.4.a): who stands above writes about a late case and by when they want it done. Changes no step and no clock."""

from datetime import date, datetime, timedelta
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import transaction

from yishu.cases.actions import locked
from yishu.cases.models import Case, Notice, Urging
from yishu.cases.notices import tell
from yishu.cases.reminders import Actors
from yishu.cases.urgings import may_urge
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, Problem
from yishu.kernel.time import in_words, shanghai_date
from yishu.ledger.actions import record
from yishu.ledger.digests import Digester
from yishu.orgs.models import Person, RoleKind

SHORTEST, LONGEST = 4, 500
"""Characters of the note."""
FARTHEST = timedelta(days=366)
"""How far ahead a date may be wanted; the platform's own limit against slips of the hand."""


@cache
def _digester() -> Digester:
    return Digester.load(settings.ENVIRONMENT.home)


@transaction.atomic
def urge_case(
    *, case_id: UUID, note: str, wanted_on: date, by: Person, at: datetime, seen_revision: int | None = None
) -> Urging:
    """Write a 督办意见 on a late case: kept for good, in the ledger, told to whoever acts now and to the authority.

    ``wanted_on`` is an Asia/Shanghai date from today on. Raises NotFound (no such case in the person's jurisdiction), CaseMoved (closed,
    or decided since ``seen_revision``), NotAllowed (not theirs to urge, or not late), Invalid, Conflict (the person's own urging on this
    step still waits and its date has not passed).
    """
    case = locked(case_id, by=by, seen_revision=seen_revision)
    may, role = may_urge(case, by, at)
    if not may.allowed:
        raise NotAllowed(may.reason, remedy=may.remedy, object_=case.number, code=may.code)
    note, today = note.strip(), shanghai_date(at)
    _check(case, note, wanted_on, today)
    before = case.urgings.filter(by=by, at__gte=case.step_since, wanted_on__gte=today).first()
    if before is not None:
        raise Conflict(
            f"您已督办过这一步骤，要求{in_words(before.wanted_on)}前办理，期限未到",
            remedy="请等到要求的日期，届时仍未办理的可再次督办",
            object_=case.number,
            code="cases.urged_already",
        )
    made = Urging.objects.create(
        case=case, note=note, wanted_on=wanted_on, revision=case.revision, step=case.step, role=role, by=by, at=at
    )
    _tell(case, made, at)
    record(
        kind="event",
        by=by,
        at=at,
        department=by.department_id,
        case=case.pk,
        facts={
            "event": "cases.urged",
            "object": "cases.urging",
            "object_id": str(made.pk),
            "jurisdiction": str(case.jurisdiction_id),
            "procedure": case.procedure,
            "step": case.step,
            "revision": case.revision,
            "role": role,
            "wanted_on": wanted_on.isoformat(),
            "reason": _digester().digest(note, "reason"),
        },
    )
    return made


def _check(case: Case, note: str, wanted_on: date, today: date) -> None:
    problems = []
    if not SHORTEST <= len(note) <= LONGEST or "\x00" in note:
        problems.append(Problem("督办意见", f"请写明 {SHORTEST} 至 {LONGEST} 个字的督办意见", "", "cases.urging_note"))
    if not today <= wanted_on <= today + FARTHEST:
        problems.append(Problem("要求办理日期", "要求办理日期应为今天起一年之内", "", "cases.urging_date"))
    if problems:
        raise Invalid(
            "督办意见没有写入",
            remedy="请按提示改正后重新提交",
            object_=case.number,
            problems=problems,
            code="cases.urging_invalid",
        )


def _tell(case: Case, made: Urging, at: datetime) -> None:
    """Those who act now, and the people of the authority that looks after the department; whoever urged knows."""
    actors = Actors(case.jurisdiction_id, at)
    people = actors.of(case)
    for office in actors.parties.authority_of(case.department):
        people |= actors.holding(RoleKind.AUTHORITY, office.pk)
    tell(
        Notice(
            person_id=person,
            key=f"urging:{made.pk}",
            title=f"督办：{case.title}（要求{in_words(made.wanted_on)}前办理）"[:200],
            url=f"/cases/{case.pk}/",
            case=case,
            at=at,
        )
        for person in people - {made.by_id}
    )
