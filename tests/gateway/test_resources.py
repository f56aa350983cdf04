"""What callers read about themselves, the service's state, and what the gateway's database role may do."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Any]


def test_resources_lists_own_grants_only_with_items_masks_and_term(world: Any, sign_in: SignIn) -> None:
    mine, other = world.holder(), world.holder()
    grant = world.grant(mine)
    world.grant(other)
    caller = sign_in(mine)
    (one,) = caller.get("/v1/resources").json()["resources"]
    assert (one["grant"], one["resource"], one["usable"]) == (str(grant), world.code, True)
    assert one["items"][1] == {"column": "i0002", "name": "姓名", "mask": "name", "type": "string"}
    assert one["calls"] == {"lookup": f"/v1/resources/{world.url_code}/lookup"} and one["purpose"] == "licensing"
    assert "lookup_sql" not in str(one) and "select" not in str(one)
    (same,) = caller.get(f"/v1/resources/{world.url_code}").json()["grants"]
    assert same == one


def test_resource_not_granted_and_not_existing_identical_and_recorded(world: Any, sign_in: SignIn) -> None:
    holder = world.holder()
    world.grant(world.holder())
    caller = sign_in(holder)
    answers = [caller.get(f"/v1/resources/{c}") for c in (world.url_code, "307021999999-000001", "x%2Fy")]
    assert {(a.status_code, a.content) for a in answers} == {(404, answers[0].content)}
    assert [e.facts["call"] for e in world.entries(f"client:{holder.client_id}")] == ["describe"] * 3


def test_resource_grant_ended_is_shown_with_the_reason(world: Any, sign_in: SignIn) -> None:
    holder = world.holder()
    world.grant(holder, starts=-5, ends=-1)
    (one,) = sign_in(holder).get("/v1/resources").json()["resources"]
    assert one["usable"] is False and one["why"] == "授权的使用期限已过" and one["next"]


def test_disabled_client_with_valid_token_refused_everywhere(world: Any, sign_in: SignIn) -> None:
    holder = world.holder()
    caller = sign_in(holder)
    world.run("update gateway.client set active = false where client_id = %s", holder.client_id)
    for path in ("/v1/resources", f"/v1/resources/{world.url_code}", "/openapi.json", "/log/proof?from=1&to=1"):
        assert caller.get(path).status_code == 401, path


def test_openapi_describes_only_what_is_granted(world: Any, sign_in: SignIn) -> None:
    mine = world.holder()
    world.grant(mine)
    world.grant(mine, code="307021000001/000001", starts=-5, ends=-1)
    world.grant(world.holder(), code="307021000002/000002")
    document = sign_in(mine).get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    lookups = [path for path in document["paths"] if path.endswith("/lookup")]
    assert lookups == [f"/v1/resources/{world.url_code}/lookup"]
    record = document["components"]["schemas"][f"Record.{world.url_code}"]
    assert list(record["properties"]) == ["公民身份号码", "姓名", "状态"]
    body = document["paths"][lookups[0]]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["keys"]["maxItems"] == 100 and body["properties"]["keys"]["items"]["pattern"]


def test_health_ok_names_parts(gateway: Any) -> None:
    answer = httpx.get(f"{gateway.url}/healthz")
    assert answer.json() == {"status": "ok", "parts": {"gateway": "ok", "database": "ok", "ledger": "ok"}}


def test_metrics_sum_over_workers_on_their_own_port(world: Any, sign_in: SignIn, gateway: Any, people: Any) -> None:
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder)

    def counted() -> float:
        text = httpx.get(f"http://127.0.0.1:{gateway.metrics_port}/metrics").text
        start = 'yishu_gateway_call_seconds_count{route="/v1/resources/{code}/lookup",status="200"} '
        return sum(float(line.removeprefix(start)) for line in text.splitlines() if line.startswith(start))

    before = counted()
    for _ in range(10):
        with httpx.Client(base_url=gateway.url) as http:
            http.post(
                f"/v1/resources/{world.url_code}/lookup",
                json={"keys": [people.ids[0]]},
                headers={"Authorization": f"Bearer {caller.token}"},
            )
    assert counted() == before + 10


@pytest.mark.parametrize(
    "statement",
    [
        "select * from public.orgs_person",
        "select * from public.catalogue_resource",
        "select * from public.sharing_grant",
        "select entry from ledger.inbox",
        "update ledger.leaf set entry = ''",
        "delete from ledger.inbox",
        "truncate ledger.leaf",
        "delete from serving.current",
        "insert into serving.current values ('a', 'b', gen_random_uuid(), 1, 1, now())",
        "update gateway.epoch set value = 0",
        "update gateway.grant_ set ends_on = '2999-01-01'",
        "insert into gateway.client values ('a', 'a', 1, 'a', 'a', true)",
        "create table serving.mine ()",
    ],
)
def test_gateway_role_may_not(gateway_database_url: str, statement: str) -> None:
    with psycopg.connect(gateway_database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)
