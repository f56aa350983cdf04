"""The administrator's pages."""

import re

import pytest
from django.urls import reverse

from yishu.orgs import actions
from yishu.orgs.models import Client, Department, Person, Role

pytestmark = pytest.mark.django_db


def test_departments_incomplete_profile_is_flagged_to_the_authority(office, browser_of, at):
    page = browser_of(office.reviewer).get(reverse("orgs-departments")).content.decode()
    assert "缺主要负责人、专职机构、专职人员" in page and "修武办法 第五条第二款" in page
    actions.update_department(
        department=office.estate,
        changes={"responsible": office.clerk, "unit": "信息中心", "officers": [office.clerk]},
        by=None,
        at=at,
    )
    only = browser_of(office.reviewer).get(reverse("orgs-departments") + "?profile=incomplete").content.decode()
    assert office.estate.name not in only and office.police.name in only


def test_departments_search_and_sort_from_the_address(office, browser_of):
    browser = browser_of(office.admin)
    url = reverse("orgs-departments")
    assert "修武县公安局" not in browser.get(url, {"q": "自然资源"}).content.decode()
    for strange in ("' OR 1=1 --", "\x00", "%", "<script>alert(1)</script>", "a" * 5000):
        answer = browser.get(url, {"q": strange, "sort": strange, "page": strange, "kind": strange, "profile": strange})
        assert answer.status_code == 200 and b"<script>alert" not in answer.content
    down = browser.get(url, {"sort": "-name"}).content.decode()
    assert 'aria-sort="descending"' in down


def test_departments_without_role_is_refused(office, browser_of):
    assert browser_of(office.clerk).get(reverse("orgs-departments")).status_code == 403


def test_department_edit_through_the_form_keeps_the_history(office, browser_of):
    browser = browser_of(office.admin)
    url = reverse("orgs-department-edit", args=[office.estate.pk])
    form = browser.get(url).content.decode()
    assert form.count("修武办法 第五条第二款") == 3
    given = {
        "name": office.estate.name,
        "uscc": office.estate.uscc,
        "kind": "government",
        "unit": "信息中心",
        "responsible": office.clerk.pk,
        "officers": [office.clerk.pk],
        "active": "on",
    }
    assert browser.post(url, given).status_code == 302
    page = browser.get(reverse("orgs-department", args=[office.estate.pk])).content.decode()
    assert "信息中心" in page and "变更记录" in page and "管理责任不完整" not in page


def test_department_new_wrong_fields_come_back_with_links_and_what_was_typed(office, browser_of):
    answer = browser_of(office.admin).post(
        reverse("orgs-department-new"),
        {"name": "修武县公安局", "uscc": "114108210000000200", "kind": "government", "unit": "一科"},
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#id_name"' in page and 'href="#id_uscc"' in page and "已填内容均已保留" in page
    assert 'value="一科"' in page and Department.objects.count() == 3


def test_person_new_shows_the_password_once(office, browser_of):
    browser = browser_of(office.admin)
    answer = browser.post(
        reverse("orgs-person-new"),
        {"username": "xinren", "name": "新人", "department": office.police.pk, "roles": ["consumer", "provider"]},
    )
    page = answer.content.decode()
    password = re.search(r'<pre id="initial-password"[^>]*>([^<]+)</pre>', page).group(1)
    made = Person.objects.get(username="xinren")
    assert made.check_password(password) and made.must_change_password
    assert answer["Cache-Control"] == "no-store"
    assert password not in browser.get(reverse("orgs-person", args=[made.pk])).content.decode()
    assert set(made.roles.values_list("kind", flat=True)) == {"consumer", "provider"}


def test_person_new_refused_role_makes_nobody(office, browser_of):
    answer = browser_of(office.admin).post(
        reverse("orgs-person-new"),
        {"username": "xinren", "name": "新人", "department": office.police.pk, "roles": ["authority"]},
    )
    assert answer.status_code == 422 and "只能授予数据主管部门" in answer.content.decode()
    assert not Person.objects.filter(username="xinren").exists()


def test_person_roles_granted_and_revoked_through_the_page(office, browser_of):
    browser = browser_of(office.admin)
    grant = reverse("orgs-role-grant", args=[office.reviewer.pk])
    assert browser.post(grant, {"kind": "consumer", "department": office.authority.pk}).status_code == 302
    role = Role.objects.get(person=office.reviewer, kind="consumer")
    assert browser.post(reverse("orgs-role-revoke", args=[office.reviewer.pk, role.pk])).status_code == 302
    role.refresh_from_db()
    assert role.revoked_at is not None and role.granted_by == office.admin


def test_person_pages_without_role_are_refused(office, browser_of):
    browser = browser_of(office.clerk)
    assert browser.get(reverse("orgs-people")).status_code == 403
    for name in ("orgs-person-unlock", "orgs-person-reset"):
        assert browser.post(reverse(name, args=[office.admin.pk])).status_code == 403
    auditor = browser_of(office.auditor)
    assert auditor.get(reverse("orgs-people")).status_code == 200
    assert auditor.post(reverse("orgs-person-reset", args=[office.clerk.pk])).status_code == 403


def test_client_secret_is_shown_once(office, browser_of):
    browser = browser_of(office.clerk)
    url = reverse("orgs-clients")
    answer = browser.post(url, {"department": office.estate.pk, "name": "不动产登记系统"})
    secret = re.search(r'<pre id="client-secret"[^>]*>([^<]+)</pre>', answer.content.decode()).group(1)
    made = Client.objects.get()
    assert made.secret_digest == actions.secret_digest(secret)
    assert secret not in browser.get(url).content.decode()
    turned = browser.post(reverse("orgs-client-rotate", args=[made.pk])).content.decode()
    assert secret not in turned and "原密钥已经失效" in turned
    assert browser.post(reverse("orgs-client-disable", args=[made.pk])).status_code == 302
    assert "已停用" in browser.get(url).content.decode()


def test_clients_of_another_department_stay_unseen(office, browser_of, at):
    actions.create_client(department=office.police, name="警务系统", by=None, at=at)
    assert "警务系统" not in browser_of(office.clerk).get(reverse("orgs-clients")).content.decode()
    assert "警务系统" in browser_of(office.admin).get(reverse("orgs-clients")).content.decode()
    made = Client.objects.get()
    assert browser_of(office.clerk).post(reverse("orgs-client-rotate", args=[made.pk])).status_code == 403
