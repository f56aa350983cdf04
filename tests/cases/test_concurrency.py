"""Two people, two connections, one case: exactly one decision counts."""

import threading

import pytest
from django.db import connection

from yishu.cases import actions
from yishu.cases.actions import CaseMoved
from yishu.cases.models import Case

from .conftest import APPROVAL, AT, make_county, open_review


def run_together(*jobs):
    """Run each job in a thread of its own (so with its own connection), released at once; returns results or errors."""
    barrier = threading.Barrier(len(jobs))
    results: list[object] = [None] * len(jobs)

    def run(index, job):
        try:
            barrier.wait(timeout=20)
            results[index] = job()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i, job)) for i, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


@pytest.mark.django_db(transaction=True)
def test_two_decisions_at_once_exactly_one_wins_and_the_other_is_told():
    county = make_county()
    case = open_review(county)

    def approve():
        return actions.act(
            case_id=case.pk, outcome="approve", seen_revision=1, by=county.reviewer, at=AT, facts=APPROVAL
        )

    def send_back():
        return actions.act(
            case_id=case.pk, outcome="return", seen_revision=1, by=county.second_reviewer, at=AT, reason="请补充"
        )

    results = run_together(approve, send_back)
    won = [r for r in results if isinstance(r, Case)]
    lost = [r for r in results if isinstance(r, CaseMoved)]
    assert (len(won), len(lost)) == (1, 1), results
    case.refresh_from_db()
    assert case.revision == 2 and case.step == won[0].step
    assert case.events.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from ledger.inbox where convert_from(entry, 'utf8') like '%%decision%%'")
        assert cursor.fetchone()[0] == 1


@pytest.mark.django_db(transaction=True)
def test_cases_opened_at_once_get_different_numbers():
    county = make_county()
    results = run_together(*(lambda n=n: open_review(county, title=f"资源{n}") for n in range(4)))
    numbers = {r.number for r in results if isinstance(r, Case)}
    assert len(numbers) == 4, results
