"""Revocation is certain from the first call after it committed: several workers, no notifications anywhere."""

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from tests.gateway.waiting import wait_until

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Any]


def warm(gateway: Any, caller: Any, url_code: str, key: str) -> None:
    """Have every worker keep the reading of this grant: connections spread over workers by the kernel."""
    for _ in range(24):
        with httpx.Client(base_url=gateway.url) as http:
            answer = http.post(
                f"/v1/resources/{url_code}/lookup",
                json={"keys": [key]},
                headers={"Authorization": f"Bearer {caller.token}"},
            )
            assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("how", ["revoked", "deleted", "client_disabled", "client_moved", "client_unlisted"])
def test_revoked_grant_refused_from_the_first_call_by_every_worker(
    world: Any, sign_in: SignIn, gateway: Any, people: Any, how: str
) -> None:
    holder = world.holder()
    grant = world.grant(holder)
    caller = sign_in(holder)
    warm(gateway, caller, world.url_code, people.ids[0])
    world.run(
        {
            "revoked": "update gateway.grant_ set active = false where id = %s",
            "deleted": "delete from gateway.grant_ where id = %s",
            "client_disabled": "update gateway.client set active = false where client_id = %s",
            "client_moved": "update gateway.client set department_id = -1 where client_id = %s",
            "client_unlisted": "update gateway.grant_ set clients = '{}' where id = %s",
        }[how],
        holder.client_id if how in ("client_disabled", "client_moved") else grant,
    )
    expected = {"revoked": 403, "deleted": 404, "client_disabled": 401, "client_moved": 401, "client_unlisted": 404}[
        how
    ]
    for _ in range(24):
        with httpx.Client(base_url=gateway.url) as http:
            answer = http.post(
                f"/v1/resources/{world.url_code}/lookup",
                json={"keys": [people.ids[0]]},
                headers={"Authorization": f"Bearer {caller.token}"},
            )
        assert answer.status_code == expected and people.ids[0][:6] not in answer.text


def test_revocation_under_load_no_answer_to_a_call_begun_after_it(
    world: Any, sign_in: SignIn, gateway: Any, people: Any
) -> None:
    holder = world.holder()
    grant = world.grant(holder)
    caller = sign_in(holder)
    revoked_at: list[float] = []
    stop = threading.Event()

    seen: list[tuple[float, int]] = []

    def call(_: int) -> None:
        with httpx.Client(
            base_url=gateway.url, headers={"Authorization": f"Bearer {caller.token}"}, timeout=20
        ) as http:
            while not stop.is_set():
                began = time.monotonic()
                seen.append(
                    (
                        began,
                        http.post(f"/v1/resources/{world.url_code}/lookup", json={"keys": [people.ids[0]]}).status_code,
                    )
                )

    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(call, n) for n in range(6)]
        try:
            wait_until(lambda: len(seen) >= 20)
            world.revoke(grant)
            revoked_at.append(time.monotonic())
            wait_until(lambda: sum(began > revoked_at[0] for began, _ in tuple(seen)) >= 20)
        finally:
            stop.set()
        for future in calls:
            future.result()
    assert {status for _, status in seen} == {200, 403}
    assert {status for began, status in seen if began > revoked_at[0]} == {403}


def test_new_grant_usable_from_the_first_call(world: Any, sign_in: SignIn, gateway: Any, people: Any) -> None:
    holder = world.holder()
    caller = sign_in(holder)
    for _ in range(6):
        assert caller.lookup(world.url_code, [people.ids[0]]).status_code == 404
    world.grant(holder)
    warm(gateway, caller, world.url_code, people.ids[0])


@pytest.mark.chaos
def test_worker_killed_under_load_every_answer_received_is_in_the_ledger(
    world: Any, sign_in: SignIn, serve: Callable[..., Any], people: Any
) -> None:
    server = serve(workers=2)
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder, server)
    stop, lost, receipts = threading.Event(), [], []

    def call(n: int) -> None:
        while not stop.is_set():
            try:
                answer = httpx.post(
                    f"{server.url}/v1/resources/{world.url_code}/lookup",
                    json={"keys": [people.ids[n]]},
                    headers={"Authorization": f"Bearer {caller.token}"},
                )
                assert answer.status_code == 200, answer.text
                receipts.append(answer.json()["receipt"])
            except httpx.TransportError:
                lost.append(n)

    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(call, n) for n in range(6)]
        try:
            wait_until(lambda: len(receipts) >= 20)
            victim = server.workers()[0]
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda: len(server.workers()) == 2 and victim not in server.workers())
            before = len(receipts)
            wait_until(lambda: len(receipts) >= before + 20)
        finally:
            stop.set()
        for future in calls:
            future.result()
    for receipt in receipts:
        assert world.entry(receipt).kind == "delivery"


def test_stop_under_load_calls_under_way_are_answered(
    world: Any, sign_in: SignIn, serve: Callable[..., Any], people: Any, gateway_database_url: str
) -> None:
    server = serve(workers=1)
    holder = world.holder()
    slow = "select count(*)::integer as records, '[]' || coalesce(min(pg_sleep(1.5)::text), '') as body, '[]' as found from {table} where i0001 = any($1::text[])"
    world.grant(holder, lookup_sql=slow)
    caller = sign_in(holder, server)
    # Only the gateway's own role sees what its backends wait for.
    with ThreadPoolExecutor(1) as pool, psycopg.connect(gateway_database_url, autocommit=True) as watch:
        answer = pool.submit(caller.lookup, world.url_code, [people.ids[0]])
        asleep = "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"
        wait_until(lambda: watch.execute(asleep).fetchone() is not None)
        assert server.stop() == 0
        assert answer.result().status_code == 200
    world.entry(answer.result().json()["receipt"])
