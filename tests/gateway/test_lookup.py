"""Lookups over a real gateway with two workers: what leaves, what is recorded, what is refused."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Any]


def test_lookup_granted_answers_masked_records_with_receipt(world: Any, sign_in: SignIn, people: Any) -> None:
    holder = world.holder()
    grant = world.grant(holder)
    answer = sign_in(holder).lookup(world.url_code, [people.ids[1], people.ids[0]])
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["records"] == [people.masked(people.ids[1]), people.masked(people.ids[0])]
    assert (body["resource"], body["version"], body["grant"]) == (world.code, 1, str(grant))
    assert answer.headers["x-receipt-id"] == body["receipt"]
    assert answer.headers["cache-control"] == "no-store"
    entry = world.entry(body["receipt"])
    assert (entry.kind, entry.actor, entry.resource) == ("delivery", f"client:{holder.client_id}", world.code)
    assert (entry.grant, entry.department) == (str(grant), str(holder.department_id))
    assert entry.facts["records"] == 2 and entry.facts["key_count"] == 2 and len(entry.facts["keys"]) == 2
    assert entry.facts["items"] == ["i0001", "i0002", "i0003"] and entry.facts["purpose"] == "licensing"
    assert people.ids[0] not in str(entry) and "张" not in str(entry)


def test_lookup_keys_written_otherwise_are_normalised_and_repeated_keys_answered_once(
    world: Any, sign_in: SignIn, people: Any
) -> None:
    holder = world.holder()
    world.grant(holder)
    key = next(p for p in people.ids if p.endswith("X"))
    wide = "".join(chr(ord(c) + 0xFEE0) for c in key)
    body = sign_in(holder).lookup(world.url_code, [key.lower(), wide, f" {key} "]).json()
    assert body["records"] == [people.masked(key)] and body["found"] == [0]
    assert world.entry(body["receipt"]).facts["key_count"] == 3


def test_lookup_found_names_the_position_of_each_records_key(world: Any, sign_in: SignIn, people: Any) -> None:
    holder = world.holder()
    world.grant(holder)
    caller, here, there = sign_in(holder), people.ids[0], people.ids[1]
    body = caller.lookup(world.url_code, [people.gone, here, there]).json()
    assert body["records"] == [people.masked(here), people.masked(there)] and body["found"] == [1, 2]
    body = caller.lookup(world.url_code, [here, here, people.gone, there]).json()
    assert body["records"] == [people.masked(here), people.masked(there)] and body["found"] == [0, 3]


def test_lookup_outside_row_filter_and_absent_keys_are_the_same_nothing(
    world: Any, sign_in: SignIn, people: Any
) -> None:
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder)
    for key in (people.gone, "11010519491231002X"):
        answer = caller.lookup(world.url_code, [key])
        assert answer.status_code == 200 and answer.json()["records"] == []


def test_lookup_hundred_keys_answered_more_refused(world: Any, sign_in: SignIn, people: Any) -> None:
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder)
    assert len(caller.lookup(world.url_code, list(people.ids[:100])).json()["records"]) == 100
    refused = caller.lookup(world.url_code, list(people.ids[:101]))
    assert (refused.status_code, refused.json()["code"]) == (422, "gateway.too_many_keys")
    refused = caller.lookup(world.url_code, [])
    assert (refused.status_code, refused.json()["code"]) == (422, "gateway.no_keys")


def test_lookup_wrong_keys_listed_by_position_never_repeated(world: Any, sign_in: SignIn, people: Any) -> None:
    holder = world.holder()
    world.grant(holder)
    wrong = people.ids[0][:17] + ("0" if people.ids[0][17] != "0" else "1")
    answer = sign_in(holder).lookup(world.url_code, [people.ids[0], wrong, 5, "\x00", "'; drop table x; --"])
    assert answer.status_code == 422
    problems = answer.json()["problems"]
    assert [(p["where"], p["code"]) for p in problems] == [
        ("keys[1]", "id_check_digit"),
        ("keys[2]", "key_type"),
        ("keys[3]", "id_format"),
        ("keys[4]", "id_format"),
    ]
    assert wrong not in answer.text and "drop" not in answer.text


def test_lookup_not_granted_and_not_existing_are_identical_and_recorded(
    world: Any, sign_in: SignIn, people: Any
) -> None:
    holder, owner = world.holder(), world.holder()
    world.grant(owner)
    caller = sign_in(holder)
    codes = (
        world.url_code,
        "307021999999-000001",
        "no-such-thing",
        "..%2F..%2Fetc",
        "%00",
        "1' or '1'='1",
        "110105194912310021",
        "110105194912310021-1",
        "307021-13800138000",
    )
    answers = [caller.lookup(code, [people.ids[0]]) for code in codes]
    assert {(a.status_code, a.content, a.headers["content-type"]) for a in answers} == {
        (404, answers[0].content, "application/problem+json")
    }
    assert answers[0].json()["code"] == "gateway.not_granted" and answers[0].json()["next"]
    refusals = world.entries(f"client:{holder.client_id}")
    assert [e.kind for e in refusals] == ["refusal"] * len(codes)
    assert {e.resource for e in refusals} == {world.code, "307021999999/000001", ""}


@pytest.mark.parametrize("head", ["307021022100123", "307021022100123456"])
def test_resource_whose_code_looks_like_a_persons_number_is_served_and_refused_under_its_code(
    world: Any, sign_in: SignIn, people: Any, head: str
) -> None:
    world.code = f"{head}/{uuid4().int % 10**6:06d}"
    world.publish()
    holder, stranger = world.holder(), world.holder()
    world.grant(holder)
    answer = sign_in(holder).lookup(world.url_code, [people.ids[0]])
    assert answer.status_code == 200 and world.entry(answer.json()["receipt"]).resource == world.code
    assert sign_in(stranger).lookup(world.url_code, [people.ids[0]]).status_code == 404
    assert [e.resource for e in world.entries(f"client:{stranger.client_id}")] == [world.code]


@pytest.mark.parametrize(
    ("starts", "ends", "code"),
    [(1, 5, "gateway.grant_not_begun"), (-5, -1, "gateway.grant_ended")],
)
def test_lookup_outside_term_refused_with_article_and_recorded(
    world: Any, sign_in: SignIn, people: Any, starts: int, ends: int, code: str
) -> None:
    holder = world.holder()
    grant = world.grant(holder, starts=starts, ends=ends)
    answer = sign_in(holder).lookup(world.url_code, [people.ids[0]])
    assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert answer.json()["reference"]["article"] == "第十九条"
    (entry,) = world.entries(f"client:{holder.client_id}")
    assert (entry.kind, entry.facts["code"], entry.grant) == ("refusal", code, str(grant))


@pytest.mark.parametrize(("starts", "ends"), [(0, 0), (-3, 0), (0, 3)])
def test_lookup_on_first_and_last_day_allowed(world: Any, sign_in: SignIn, people: Any, starts: int, ends: int) -> None:
    holder = world.holder()
    world.grant(holder, starts=starts, ends=ends)
    assert sign_in(holder).lookup(world.url_code, [people.ids[0]]).status_code == 200


def test_lookup_mode_not_granted_refused(world: Any, sign_in: SignIn, people: Any) -> None:
    holder = world.holder()
    world.grant(holder, lookup_sql="")
    answer = sign_in(holder).lookup(world.url_code, [people.ids[0]])
    assert (answer.status_code, answer.json()["code"]) == (403, "gateway.mode_not_granted")


def test_lookup_client_not_named_in_grant_refused_like_no_grant(world: Any, sign_in: SignIn, people: Any) -> None:
    named = world.holder()
    other = world.holder(named.department_id)
    world.grant(named)
    answer = sign_in(other).lookup(world.url_code, [people.ids[0]])
    assert (answer.status_code, answer.json()["code"]) == (404, "gateway.not_granted")


def test_lookup_two_grants_named_one_decides_else_the_later(world: Any, sign_in: SignIn, people: Any) -> None:
    holder = world.holder()
    older, newer = world.grant(holder, starts=-9), world.grant(holder, starts=-2)
    world.grant(holder, starts=-1, active=False)
    caller = sign_in(holder)
    assert caller.lookup(world.url_code, [people.ids[0]]).json()["grant"] == str(newer)
    assert caller.lookup(world.url_code, [people.ids[0]], grant=str(older)).json()["grant"] == str(older)
    assert caller.lookup(world.url_code, [people.ids[0]], grant=str(uuid4())).status_code == 404


def test_lookup_resource_without_data_refused(world: Any, sign_in: SignIn, people: Any) -> None:
    holder = world.holder()
    world.grant(holder, code="307021000000/000777")
    answer = sign_in(holder).lookup("307021000000-000777", [people.ids[0]])
    assert (answer.status_code, answer.json()["code"]) == (409, "gateway.no_data")


def test_lookup_pointer_moved_and_old_table_dropped_answers_from_the_new(
    world: Any, sign_in: SignIn, people: Any
) -> None:
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder)
    old = world.run("select table_name from serving.current where resource_code = %s", world.code)[0][0]
    for _ in range(6):
        assert caller.lookup(world.url_code, [people.ids[0]]).json()["version"] == 1
    world.publish()
    world.run(f"drop table serving.{old}")
    versions = {caller.lookup(world.url_code, [people.ids[0]]).json()["version"] for _ in range(12)}
    assert versions == {2}


def test_lookup_grant_narrowed_next_answer_shows_only_the_narrower(world: Any, sign_in: SignIn, people: Any) -> None:
    holder = world.holder()
    grant = world.grant(holder)
    caller = sign_in(holder)
    for _ in range(6):
        assert caller.lookup(world.url_code, [people.ids[0]]).json()["records"]
    nothing = "select 0 as records, '[]' as body, '[]' as found from {table} where i0001 = any($1::text[]) and false union all select 0, '[]', '[]'"
    world.run("update gateway.grant_ set lookup_sql = %s where id = %s", nothing, grant)
    assert all(caller.lookup(world.url_code, [people.ids[0]]).json()["records"] == [] for _ in range(8))


def test_lookup_broken_statement_answers_500_without_details_and_others_go_on(
    world: Any, sign_in: SignIn, people: Any, gateway: Any
) -> None:
    broken, fine = world.holder(), world.holder()
    world.grant(broken, lookup_sql="select 1, (1 / (array_length($1::text[], 1) - 1))::text from {table} limit 1")
    world.grant(fine)
    answer = sign_in(broken).lookup(world.url_code, [people.ids[0]])
    assert (answer.status_code, answer.json()["code"]) == (500, "gateway.query_failed")
    assert "division" not in answer.text
    assert sign_in(fine).lookup(world.url_code, [people.ids[0]]).status_code == 200
    assert people.ids[0] not in gateway.log.read_text()


def test_lookup_table_name_not_ours_is_never_run(world: Any, sign_in: SignIn, people: Any, gateway: Any) -> None:
    holder = world.holder()
    world.grant(holder)
    world.run(
        "update serving.current set table_name = 'x\"; drop table gateway.epoch; --' where resource_code = %s",
        world.code,
    )
    assert sign_in(holder).lookup(world.url_code, [people.ids[0]]).status_code == 500
    assert world.run("select count(*) from gateway.epoch") == [(1,)]


def test_lookup_by_person_of_the_department_allowed_and_named_in_the_entry(
    world: Any, mint: Callable[..., str], people: Any, gateway: Any
) -> None:
    holder = world.holder()
    world.grant(holder)
    token = mint("person:42", holder.department_id)
    answer = httpx.post(
        f"{gateway.url}/v1/resources/{world.url_code}/lookup",
        json={"keys": [people.ids[0]]},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200, answer.text
    assert world.entry(answer.json()["receipt"]).actor == "person:42"
    stranger = mint("person:43", holder.department_id + 1)
    answer = httpx.post(
        f"{gateway.url}/v1/resources/{world.url_code}/lookup",
        json={"keys": [people.ids[0]]},
        headers={"Authorization": f"Bearer {stranger}"},
    )
    assert answer.status_code == 404


def test_lookup_free_keys_compared_as_given(world: Any, sign_in: SignIn, people: Any) -> None:
    holder = world.holder()
    world.grant(holder, key_identifier="")
    caller = sign_in(holder)
    assert len(caller.lookup(world.url_code, [people.ids[0], "任意文字"]).json()["records"]) == 1
    assert caller.lookup(world.url_code, ["a\u200bb"]).json()["problems"][0]["code"] == "key_characters"
    assert caller.lookup(world.url_code, ["x" * 201]).json()["problems"][0]["code"] == "key_length"
