"""Several cases decided at once: each its own transaction, and a line for each."""

import pytest

from yishu.cases import actions, batch
from yishu.cases.registry import Registered, _procedures
from yishu.kernel.errors import Invalid

from .conftest import APPROVAL, AT, open_review
from .test_pages import PlainHandler, client_of

pytestmark = pytest.mark.django_db


class TogetherHandler(PlainHandler):
    """May send several back at once, one by one approve."""

    def batch_outcomes(self, step):
        return ("return",) if step == "review" else ()

    def batch_data(self, case, outcome, reason):
        return {"reason": reason}


@pytest.fixture(autouse=True)
def together(monkeypatch):
    monkeypatch.setitem(_procedures, "catalogue.review", Registered(TogetherHandler(), "目录"))


def test_batch_reports_done_moved_and_refused_each_for_itself(county):
    first, moved, closed = (open_review(county, title=f"资源{n}") for n in range(3))
    seen = [(first.pk, 1), (moved.pk, 1), (closed.pk, 1)]
    actions.act(case_id=closed.pk, outcome="approve", seen_revision=1, by=county.reviewer, at=AT, facts=APPROVAL)
    actions.act(case_id=moved.pk, outcome="return", seen_revision=1, by=county.reviewer, at=AT, reason="补充")
    actions.act(case_id=moved.pk, outcome="resubmit", seen_revision=2, by=county.clerk, at=AT)
    lines = batch.decide_batch(
        chosen=seen, outcome="return", reason="请统一补充联系人", by=county.second_reviewer, at=AT
    )
    assert {line.case.pk: line.state for line in lines} == {first.pk: "done", moved.pk: "moved"}
    first.refresh_from_db(), moved.refresh_from_db()
    assert (first.step, moved.step) == ("revision", "review")
    assert first.events.get(seq=2).reason == "请统一补充联系人"


def test_batch_without_the_reason_the_law_demands_refuses_every_case(county):
    case = open_review(county)
    (line,) = batch.decide_batch(chosen=[(case.pk, 1)], outcome="return", reason="", by=county.reviewer, at=AT)
    assert line.state == "refused" and "理由" in line.words
    case.refresh_from_db()
    assert case.revision == 1


def test_batch_with_an_outcome_not_offered_is_refused(county):
    case = open_review(county)
    with pytest.raises(Invalid):
        batch.decide_batch(chosen=[(case.pk, 1)], outcome="approve", reason="x", by=county.reviewer, at=AT)


def test_batch_of_cases_not_waiting_for_the_person_is_refused(county, elsewhere):
    case = open_review(county)
    for who in (county.user, elsewhere.reviewer):
        with pytest.raises(Invalid) as caught:
            batch.decide_batch(chosen=[(case.pk, 1)], outcome="return", reason="x", by=who, at=AT)
        assert caught.value.code == "cases.batch_empty"


def test_batch_pages_choose_decide_and_report(county):
    cases = [open_review(county, title=f"资源{n}") for n in range(2)]
    client = client_of(county.reviewer)
    assert "一并办理所选" in client.get("/").content.decode()
    ticked = [f"{case.pk}:{case.revision}" for case in cases]
    page = client.post("/cases/batch/", {"case": ticked}).content.decode()
    assert "资源0" in page and "退回修改" in page
    kept = client.post("/cases/batch/", {"case": ticked, "stage": "decide", "outcome": "return", "reason": " "})
    assert kept.status_code == 422 and "请写明理由" in kept.content.decode()
    report = client.post("/cases/batch/", {"case": ticked, "stage": "decide", "outcome": "return", "reason": "补充"})
    assert "办成 2 件" in report.content.decode()


@pytest.mark.parametrize("case", ["", "x", "\x00", "11111111-1111-1111-1111-111111111111:99999999999999"])
def test_batch_page_with_hostile_choice_is_no_server_error(county, case):
    client = client_of(county.reviewer)
    assert client.post("/cases/batch/", {"case": [case], "stage": "decide"}).status_code in (302, 422)
