"""The engine: steps, roles, clocks, requirements, history."""

from datetime import date, datetime

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from yishu.cases import actions
from yishu.cases.actions import CaseMoved
from yishu.cases.models import Case, CaseEvent
from yishu.kernel.errors import Invalid, NotAllowed, NotFound
from yishu.kernel.time import SHANGHAI
from yishu.ledger.digests import Digester

from .conftest import APPROVAL, AT

pytestmark = pytest.mark.django_db


def ledger_entries() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("select convert_from(entry, 'utf8') from ledger.inbox order by at")
        return [row[0] for row in cursor.fetchall()]


def test_case_opened_stands_at_first_step_with_number_and_ledger_entry(county, review):
    case = review()
    assert (case.step, case.step_role, case.revision) == ("review", "authority", 1)
    assert case.number == "修武共享〔2026〕1号" or case.number == "修武目录〔2026〕1号"
    assert [e.outcome for e in case.events.all()] == ["open"]
    assert sum("cases.opened" in e for e in ledger_entries()) == 1


def test_review_clock_opened_on_18_september_ends_on_24_september(county, review):
    case = review()
    assert case.due_on == date(2026, 9, 24) and not case.due_provisional
    assert case.events.get().due_on == date(2026, 9, 24)


def test_clock_reaching_beyond_the_calendar_is_provisional(county, review):
    case = review(at=datetime(2026, 12, 28, 9, 0, tzinfo=SHANGHAI))
    assert case.due_provisional


def test_two_cases_get_consecutive_numbers(county, review):
    first, second = review(), review()
    assert first.number != second.number
    assert second.number.endswith("〔2026〕2号")


def test_same_number_in_two_jurisdictions_is_allowed(county, elsewhere, review):
    review()
    assert Case.objects.filter(jurisdiction=elsewhere.jurisdiction).count() == 0


def test_return_moves_to_provider_stops_the_clock_and_writes_a_decision(county, review):
    case = review()
    after = actions.act(
        case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=AT, reason="摘要过于笼统"
    )
    assert (after.step, after.step_role, after.revision, after.due_on) == ("revision", "provider", 2, None)
    event = after.events.get(seq=2)
    assert (event.by, event.role, event.from_step, event.outcome, event.reason) == (
        county.reviewer,
        "authority",
        "review",
        "return",
        "摘要过于笼统",
    )
    decisions = [e for e in ledger_entries() if '"kind":"decision"' in e]
    assert len(decisions) == 1 and "摘要" not in decisions[0] and "XW-8.3" in decisions[0]
    digest = Digester.load(settings.ENVIRONMENT.home).digest("摘要过于笼统", "reason")
    assert digest in decisions[0]


def test_return_without_reason_is_refused_with_the_article(county, review):
    case = review()
    with pytest.raises(Invalid) as caught:
        actions.act(case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=AT, reason="  ")
    assert caught.value.reference.row == "XW-8.3"
    assert [p.code for p in caught.value.problems] == ["cases.missing_reason"]
    case.refresh_from_db()
    assert case.revision == 1 and case.events.count() == 1


def test_approval_without_secrecy_review_is_refused_with_the_article(county, review):
    case = review()
    facts = {k: v for k, v in APPROVAL.items() if k != "secrecy_review"}
    with pytest.raises(Invalid) as caught:
        actions.act(case_id=case.pk, outcome="approve", seen_revision=1, by=county.reviewer, at=AT, facts=facts)
    assert caught.value.reference.row == "XW-30"
    assert "保密审查" in caught.value.what


@pytest.mark.parametrize("part", ["reviewer", "conclusion", "reviewed_on"])
def test_approval_with_half_a_secrecy_review_is_refused(county, review, part):
    case = review()
    facts = APPROVAL | {"secrecy_review": dict(APPROVAL["secrecy_review"]) | {part: ""}}
    with pytest.raises(Invalid):
        actions.act(case_id=case.pk, outcome="approve", seen_revision=1, by=county.reviewer, at=AT, facts=facts)


def test_approval_closes_the_case(county, review):
    case = review()
    after = actions.act(case_id=case.pk, outcome="approve", seen_revision=1, by=county.reviewer, at=AT, facts=APPROVAL)
    assert (after.step, after.step_role, after.closed_at, after.due_on) == ("published", "", AT, None)
    with pytest.raises(CaseMoved):
        actions.act(case_id=case.pk, outcome="approve", seen_revision=2, by=county.reviewer, at=AT, facts=APPROVAL)


def test_resubmission_starts_a_new_clock(county, review):
    case = review()
    actions.act(case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=AT, reason="请补充")
    later = datetime(2026, 9, 24, 16, 0, tzinfo=SHANGHAI)
    after = actions.act(case_id=case.pk, outcome="resubmit", seen_revision=2, by=county.clerk, at=later)
    assert (after.step, after.due_on) == ("review", date(2026, 10, 9))


@pytest.mark.parametrize("who", ["clerk", "user", "auditor"])
def test_decision_by_wrong_role_is_refused_and_writes_nothing(county, review, who):
    case = review()
    before = len(ledger_entries())
    with pytest.raises(NotAllowed) as caught:
        actions.act(case_id=case.pk, outcome="approve", seen_revision=1, by=getattr(county, who), at=AT, facts=APPROVAL)
    assert caught.value.code == "cases.wrong_role"
    assert "政务服务和大数据管理局" in caught.value.what and caught.value.remedy
    case.refresh_from_db()
    assert case.revision == 1 and len(ledger_entries()) == before


def test_provider_step_is_not_for_the_authority(county, review):
    case = review()
    actions.act(case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=AT, reason="请补充")
    with pytest.raises(NotAllowed):
        actions.act(case_id=case.pk, outcome="resubmit", seen_revision=2, by=county.reviewer, at=AT)


def test_role_revoked_before_the_decision_is_refused(county, review):
    case = review()
    county.reviewer.roles.update(revoked_at=AT)
    with pytest.raises(NotAllowed):
        actions.act(case_id=case.pk, outcome="approve", seen_revision=1, by=county.reviewer, at=AT, facts=APPROVAL)


def test_decision_from_another_jurisdiction_finds_no_case(county, elsewhere, review):
    case = review()
    with pytest.raises(NotFound):
        actions.act(case_id=case.pk, outcome="approve", seen_revision=1, by=elsewhere.reviewer, at=AT, facts=APPROVAL)


def test_outcome_of_another_step_is_refused_naming_the_right_ones(county, review):
    case = review()
    with pytest.raises(Invalid) as caught:
        actions.act(case_id=case.pk, outcome="withdraw", seen_revision=1, by=county.reviewer, at=AT)
    assert caught.value.code == "cases.unknown_outcome" and "退回修改" in caught.value.remedy


def test_decision_on_a_moved_case_tells_who_what_when_and_what_to_do(county, review):
    case = review()
    actions.act(case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=AT, reason="请补充")
    with pytest.raises(CaseMoved) as caught:
        actions.act(
            case_id=case.pk, outcome="approve", seen_revision=1, by=county.second_reviewer, at=AT, facts=APPROVAL
        )
    error = caught.value
    assert "林审核" in error.what and "退回修改" in error.what and "2026年09月18日 10:00" in error.what
    assert "提供部门修改" in error.why and "刷新" in error.remedy
    assert error.as_problem()["revision"] == 2


@pytest.mark.parametrize("change", ["update cases_caseevent set reason = 'x'", "delete from cases_caseevent"])
def test_history_changed_in_the_database_is_refused(county, review, change):
    review()
    with pytest.raises(DatabaseError, match="不可修改或删除"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert CaseEvent.objects.count() == 1


def test_case_with_a_foreign_department_is_refused(county, elsewhere):
    with pytest.raises(NotAllowed):
        actions.open_case(
            procedure="catalogue.review",
            jurisdiction=county.jurisdiction,
            subject_id="1",
            title="x",
            department=elsewhere.provider,
            provider=None,
            by=county.clerk,
            at=AT,
            facts={},
        )
