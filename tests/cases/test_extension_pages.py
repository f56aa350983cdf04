"""Extending a clock on the case page: asked, granted, refused; what was typed is kept."""

import pytest
from django.utils import timezone

from yishu.cases import actions
from yishu.cases.models import Case
from yishu.cases.registry import Registered, _procedures
from yishu.orgs.models import Person, Role

from .conftest import AT
from .test_pages import PlainHandler, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def check(county, monkeypatch):
    monkeypatch.setitem(_procedures, "correction", Registered(PlainHandler(), "校核"))
    return actions.open_case(
        procedure="correction", jurisdiction=county.jurisdiction, subject_id="1", title="校核：许可证",
        department=county.consumer, provider=county.provider, by=county.user, at=timezone.now(), facts={},
    )  # fmt: skip


@pytest.fixture
def head(county):
    person = Person.objects.create(username="qian", name="钱局长", department=county.provider, created_at=AT)
    Role.objects.create(person=person, department=county.provider, kind="responsible", granted_at=AT)
    return person


def send(person, case, **typed):
    return client_of(person).post(f"/cases/{case.pk}/clock/extension/", {"revision": case.revision, **typed})


def test_extension_is_asked_on_the_page_found_in_the_heads_list_and_granted(county, check, head):
    page = client_of(county.clerk).get(f"/cases/{check.pk}/").content.decode()
    assert "申请延长时限" in page and "最多 10 个工作日" in page
    assert send(county.clerk, check, days="3", reason="须外调档案").status_code == 302
    fresh = Case.objects.get(pk=check.pk)
    assert fresh.extension_asked == 3
    assert check.title in client_of(head).get("/").content.decode()
    assert "答复延长申请" in client_of(head).get(f"/cases/{check.pk}/").content.decode()
    assert send(head, fresh, days="3", reason="同意").status_code == 302
    assert "本时限已延长 <strong>3</strong>" in client_of(head).get(f"/cases/{check.pk}/").content.decode()


def test_extension_refused_on_the_page_needs_a_reason_only(county, check, head):
    send(county.clerk, check, days="3", reason="须外调档案")
    fresh = Case.objects.get(pk=check.pk)
    assert send(head, fresh, days="", reason="", answer="refuse").status_code == 422
    assert send(head, fresh, days="", reason="材料齐全", answer="refuse").status_code == 302
    assert Case.objects.get(pk=check.pk).extension_asked is None


@pytest.mark.parametrize("days", ["0", "-1", "11", "99999999999999999999", "x", "", "\x00"])
def test_wrong_number_of_days_is_told_and_the_reason_kept(county, check, days):
    answer = send(county.clerk, check, days=days, reason="须外调甲乙丙档案")
    assert answer.status_code == 422 and "须外调甲乙丙档案" in answer.content.decode()
    assert Case.objects.get(pk=check.pk).revision == 1


def test_stale_request_is_told_who_was_first(county, check, head):
    send(county.clerk, check, days="3", reason="须外调档案")
    answer = send(county.clerk, check, days="2", reason="再说一次的理由")
    assert answer.status_code == 409 and "再说一次的理由" in answer.content.decode()


def test_extension_by_others_is_refused_or_not_found(county, elsewhere, check):
    assert send(county.user, check, days="3", reason="x").status_code == 403
    assert send(elsewhere.reviewer, check, days="3", reason="x").status_code == 404
    assert client_of(county.clerk).get(f"/cases/{check.pk}/clock/extension/").status_code == 405
