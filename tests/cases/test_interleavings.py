"""Two hundred random interleavings of two people on one case each, with two connections: never two outcomes, never a lost event."""

import json
import random
import threading
import time

import pytest
from django.db import connection, transaction

from yishu.cases import actions, extensions, rules
from yishu.cases.actions import CaseMoved
from yishu.cases.history import happened, state_of
from yishu.cases.models import Case
from yishu.cases.procedures import procedure_of
from yishu.kernel.errors import Conflict, PublicError
from yishu.law import calendar
from yishu.orgs.models import Person, Role

from .conftest import APPROVAL, AT, make_county, open_review

ROUNDS = 200
SEED = 20260918


class GaveUp(Exception):
    """The person's browser went away before the transaction ended."""


def ledger_by_case():
    with connection.cursor() as cursor:
        cursor.execute("select convert_from(entry, 'utf8') from ledger.inbox")
        found = {}
        for (text,) in cursor.fetchall():
            entry = json.loads(text)
            found.setdefault(entry.get("case"), []).append(entry)
    return found


def one_person(case_id, seen, work, pauses, gives_up, barrier, results, index):
    """What one person does, pausing at random points: before, between decision and commit, and sometimes never committing."""
    try:
        barrier.wait(timeout=20)
        time.sleep(pauses[0])
        with transaction.atomic():
            done = work(case_id, seen)
            time.sleep(pauses[1])
            if gives_up:
                raise GaveUp
        results[index] = done
    except (PublicError, GaveUp) as error:
        results[index] = error
    except Exception as error:  # anything else is a defect; the assertion shows it
        results[index] = error


def person_loop(jobs, done):
    """One thread, one connection, many rounds."""
    try:
        while (job := jobs.get()) is not None:
            one_person(*job)
            done.release()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_two_people_two_hundred_interleavings_one_outcome_each_and_nothing_lost():
    from queue import SimpleQueue

    chance = random.Random(SEED)
    county = make_county()
    head = Person.objects.create(username="qian", name="钱局长", department=county.provider, created_at=AT)
    Role.objects.create(person=head, department=county.provider, kind="responsible", granted_at=AT)

    def decide(by, outcome, **more):
        return lambda pk, seen: actions.act(
            case_id=pk, outcome=outcome, seen_revision=seen, by=by, at=AT, reason="理由", **more
        )

    def extend(by, days):
        return lambda pk, seen: extensions.extend_clock(
            case_id=pk, days=days, reason="须外调", by=by, at=AT, seen_revision=seen
        )

    reviews = [
        [decide(who, "approve", facts=APPROVAL), decide(who, "return")]
        for who in (county.reviewer, county.second_reviewer)
    ]
    jobs, done = [SimpleQueue(), SimpleQueue()], threading.Semaphore(0)
    threads = [threading.Thread(target=person_loop, args=(queue, done)) for queue in jobs]
    for thread in threads:
        thread.start()
    both_failed = 0
    try:
        for number in range(ROUNDS):
            if number % 4 == 3:  # a check: the clerk decides or asks for time while the head answers
                case = actions.open_case(
                    procedure="correction", jurisdiction=county.jurisdiction, subject_id="1", title="校核",
                    department=county.consumer, provider=county.provider, by=county.user, at=AT, facts={},
                )  # fmt: skip
                case = extensions.extend_clock(case_id=case.pk, days=2, reason="须外调", by=county.clerk, at=AT)
                outcome = next(iter(procedure_of(case).steps[case.step].outcomes.values()))
                facts = {name: {"x": "y"} for name in outcome.requires if name != "reason"}
                works = [decide(county.clerk, outcome.key, facts=facts), extend(head, chance.choice([1, 2]))]
            else:
                case = open_review(county, title=f"资源{number}")
                works = [chance.choice(reviews[0]), chance.choice(reviews[1])]
            results, barrier = [None, None], threading.Barrier(2)
            quits = [chance.random() < 0.1, chance.random() < 0.1]
            for index in (0, 1):
                pauses = (chance.choice([0, 0, 0.002, 0.01]), chance.choice([0, 0, 0.003, 0.01]))
                jobs[index].put((case.pk, case.revision, works[index], pauses, quits[index], barrier, results, index))
            for _ in (0, 1):
                assert done.acquire(timeout=60)
            assert all(isinstance(r, Case | Conflict | GaveUp) for r in results), results
            won = [r for r in results if isinstance(r, Case)]
            assert len(won) <= 1, (number, results)
            if not won:
                both_failed += 1
                assert any(isinstance(r, GaveUp) for r in results), results
            if len(won) == 1 and not any(quits):
                assert sum(isinstance(r, CaseMoved) for r in results) == 1, results
            fresh = Case.objects.select_related("jurisdiction").get(pk=case.pk)
            assert fresh.revision == case.revision + len(won)
    finally:
        for queue in jobs:
            queue.put(None)
        for thread in threads:
            thread.join(timeout=60)
    assert both_failed < ROUNDS / 5
    ledger = ledger_by_case()
    for case in Case.objects.select_related("jurisdiction"):
        run, events = procedure_of(case), list(case.events.order_by("seq"))
        assert [e.seq for e in events] == list(range(1, case.revision + 1))
        assert rules.replay(run, map(happened, events), calendar.standard()) == state_of(case, run)
        entries = ledger[str(case.pk)]
        assert sorted(e["facts"].get("outcome", "open") for e in entries) == sorted(e.outcome for e in events)
