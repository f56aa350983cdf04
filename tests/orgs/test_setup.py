"""The first visit: once, for whoever holds the code."""

import threading
from datetime import date

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser

from yishu.kernel.errors import Conflict
from yishu.orgs import setup
from yishu.orgs.actions import create_jurisdiction
from yishu.orgs.forms import usual_mode
from yishu.orgs.models import Department, Jurisdiction, Person
from yishu.orgs.queries import roles_of

GIVEN = {
    "pack": "cn-henan-jiaozuo-xiuwu",
    "mode": "overlaid",
    "department": "修武县政务服务和大数据管理局",
    "uscc": "114108210000000116",
    "name": "甄管理",
    "username": "guanli",
    "password": "秋天的第一杯茶-2026",
    "again": "秋天的第一杯茶-2026",
}


@pytest.fixture
def given(valid_code) -> dict[str, str]:
    return GIVEN | {"uscc": valid_code, "code": settings.SETUP_CODE}


@pytest.fixture
def valid_code() -> str:
    from yishu.kernel import codes

    start = "1141082100000001" + codes.organisation_check("00000001")
    return start + codes.uscc_check(start)


@pytest.mark.django_db
def test_sign_in_without_people_leads_to_the_first_visit():
    answer = Browser().get("/accounts/login/")
    assert answer.status_code == 302 and answer["Location"] == "/setup/"


@pytest.mark.django_db
def test_setup_with_the_code_makes_place_authority_and_administrator(given):
    browser = Browser()
    page = browser.get("/setup/")
    assert page.status_code == 200 and page.context["form"]["mode"].initial == "overlaid"
    assert browser.post("/setup/", given)["Location"] == "/accounts/login/"
    person = Person.objects.get()
    assert roles_of(person) == {"admin"} and person.department.is_authority and not person.must_change_password
    assert Jurisdiction.objects.get().mode == "overlaid"
    assert browser.post("/accounts/login/", {"login": "guanli", "password": given["password"]}).status_code == 302
    assert Browser().get("/setup/").status_code == 404
    assert Browser().post("/setup/", given).status_code == 404


@pytest.mark.django_db
def test_setup_as_written_chosen_holds_even_where_a_demonstration_left_its_place(given):
    from django.utils import timezone

    create_jurisdiction(pack=given["pack"], mode="overlaid", by=None, at=timezone.now())
    assert Browser().post("/setup/", given | {"mode": "as_written"}).status_code == 302
    assert Jurisdiction.objects.get().mode == "as_written"


def test_usual_mode_is_overlaid_from_the_day_the_overlays_begin():
    assert usual_mode(date(2025, 7, 31)) == "as_written"
    assert usual_mode(date(2025, 8, 1)) == "overlaid"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("code", "guess", "初始化码不正确"),
        ("uscc", "114108210000000100", "校验位不符"),
        ("password", "short", "两次输入的密码不一致"),
        ("pack", "cn-henan", "不在可用的选项中"),
        ("mode", "looser", "不在可用的选项中"),
    ],
)
def test_setup_wrong_input_keeps_what_was_typed_and_makes_nothing(given, field, value, words):
    answer = Browser().post("/setup/", given | {field: value})
    page = answer.content.decode()
    assert answer.status_code == 422 and words in page
    assert 'value="甄管理"' in page and given["password"] not in page
    assert not Person.objects.exists() and not Jurisdiction.objects.exists() and not Department.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_setup_two_at_once_only_one_wins(given):
    from django.utils import timezone

    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def visit(n: int) -> None:
        fields = {k: v for k, v in given.items() if k != "again"} | {"username": f"guanli{n}", "kind": "government"}
        gate.wait()
        try:
            setup.first_administrator(at=timezone.now(), **fields)
            outcomes.append("won")
        except Conflict as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=visit, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["orgs.already_set_up", "won"]
    assert Person.objects.count() == 1
