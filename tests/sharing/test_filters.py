"""What a row filter gives away: who is found says something about the items it filters by."""

from dataclasses import replace
from datetime import date

import pytest

from tests.sharing.conftest import ITEMS, _publish
from yishu.kernel.errors import NotAllowed, PublicError
from yishu.sharing import actions
from yishu.sharing.rules import RowCondition


@pytest.fixture
def take(world, at):
    def run(resource, *row_filter):
        return actions.take_direct_access(
            resource_id=resource.pk, department=world.departments["civil"], purpose="data_verification",
            starts_on=date(2026, 9, 18), ends_on=date(2027, 9, 17), row_filter=row_filter, by=world.user, at=at,
        )  # fmt: skip

    return run


def test_direct_access_filtered_by_a_conditional_item_needs_an_application(world, take):
    items = [replace(i, share_type="conditional") if i.name == "性别代码" else i for i in ITEMS]
    resource = _publish(world, "unconditional", items=items, grades=(1, 1, 1, 1, 1))
    with pytest.raises(NotAllowed) as caught:
        take(resource, RowCondition("i0003", "eq", ("1",)))
    assert caught.value.code == "sharing.needs_application"
    assert take(resource).row_filter == []


def test_direct_access_filtered_by_a_masked_item_is_refused(open_resource, take):
    with pytest.raises(PublicError) as caught:
        take(open_resource, RowCondition("i0002", "eq", ("王小明",)))
    assert caught.value.code == "sharing.filter_by_masked"
    assert len(take(open_resource, RowCondition("i0003", "eq", ("1",))).row_filter) == 1


@pytest.fixture
def enter(world, client):
    def run(name):
        person = world.people[name]
        type(person).objects.filter(pk=person.pk).update(must_change_password=False)
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return run


@pytest.mark.parametrize("query", ["q=%00", "resource=%00", "kind=%00", "resource=a%00b"])
def test_receipt_list_with_hostile_query_opens(enter, query):
    assert enter("user").get(f"/sharing/receipts/?{query}").status_code == 200


def test_application_for_a_department_number_that_is_none_falls_back_to_the_own(enter, conditional):
    answer = enter("user").post(f"/sharing/apply/{conditional.pk}/", {"department": "²", "step": "1", "go": "2"})
    assert answer.status_code == 422
