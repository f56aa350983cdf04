"""Sign-in and lock-out through the real pages."""

import json

import pytest
from axes.models import AccessAttempt, AccessLog
from django.test import Client as Browser
from django.urls import reverse

from yishu.orgs import actions
from yishu.orgs.models import Person

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def sign_in(browser, name, password):
    return browser.post(LOGIN, {"login": name, "password": password})


@pytest.fixture(autouse=True)
def fresh_cache():
    from django.core.cache import cache

    cache.clear()


def test_sign_in_right_password_opens_the_platform(office, password):
    browser = Browser()
    answer = sign_in(browser, " JINGBAN ", password)
    assert answer.status_code == 302 and answer["Location"] == "/"
    assert browser.get(reverse("orgs-me")).status_code == 200


def test_sign_in_wrong_and_unknown_name_look_the_same(office):
    wrong = sign_in(Browser(), "jingban", "不是这个密码").content.decode()
    unknown = sign_in(Browser(), "meiyouren", "不是这个密码").content.decode()
    assert "登录名或密码不正确" in wrong
    import re

    def plain(page):
        return re.sub(r'(csrfmiddlewaretoken" value="|name="login" value=")[^"]*', "", page)

    assert plain(wrong) == plain(unknown)


def test_sign_in_five_failures_lock_the_name_from_every_address(office, password):
    for n in range(5):
        answer = Browser(REMOTE_ADDR=f"10.0.0.{n}").post(LOGIN, {"login": "jingban", "password": "错误的密码"})
    assert answer.status_code == 429 and int(answer["Retry-After"]) == 900
    assert "15 分钟" in answer.content.decode()
    locked = sign_in(Browser(), "jingban", password)
    assert locked.status_code == 429 and "已暂时锁定" in locked.content.decode()
    assert sign_in(Browser(), "shenhe", password).status_code == 302


def test_sign_in_unknown_name_locks_alike(office):
    answers = [sign_in(Browser(), "meiyouren", "错误的密码").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]


def test_sign_in_failures_keep_neither_name_nor_password(office, caplog):
    sign_in(Browser(), "11010519491231002X", "秘密一二三四五")
    rows = json.dumps(list(AccessAttempt.objects.values()), default=str, ensure_ascii=False)
    assert "11010519491231002" not in rows.upper() and "秘密" not in rows
    assert "11010519491231002" not in caplog.text.upper() and "秘密" not in caplog.text


def test_sign_in_success_forgets_failures_and_logs_no_address(office, password):
    for _ in range(4):
        sign_in(Browser(), "jingban", "错误的密码")
    assert sign_in(Browser(), "jingban", password).status_code == 302
    assert not AccessAttempt.objects.exists() and not AccessLog.objects.exists()


def test_unlock_by_administrator_ends_the_lock(office, browser_of, password):
    for _ in range(5):
        sign_in(Browser(), "jingban", "错误的密码")
    admin = browser_of(office.admin)
    page = reverse("orgs-person", args=[office.clerk.pk])
    assert "登录已暂时锁定" in admin.get(page).content.decode()
    assert admin.post(reverse("orgs-person-unlock", args=[office.clerk.pk])).status_code == 302
    assert "登录已暂时锁定" not in admin.get(page).content.decode()
    assert sign_in(Browser(), "jingban", password).status_code == 302


def test_sign_in_switched_off_account_is_told_only_with_the_password(office, at, password):
    actions.update_person(
        person=office.clerk, name="易经办", department=office.estate, email="", active=False, by=office.admin, at=at
    )
    assert "停用" not in sign_in(Browser(), "jingban", "错误的密码").content.decode()
    browser = Browser()
    answer = sign_in(browser, "jingban", password)
    assert answer.status_code == 403 and "该账号已停用" in answer.content.decode()
    assert browser.get(reverse("orgs-me")).status_code == 302


def test_sign_in_next_elsewhere_is_not_followed(office, password):
    answer = Browser().post(LOGIN + "?next=https://example.com/", {"login": "jingban", "password": password})
    assert answer.status_code == 302 and answer["Location"] == "/"


def test_initial_password_must_be_changed_before_anything_else(office, at):
    made, first = actions.create_person(
        username="xinren", name="新人", department=office.police, by=office.admin, at=at
    )
    browser = Browser()
    assert sign_in(browser, "xinren", first).status_code == 302
    change = reverse("account_change_password")
    assert browser.get(reverse("orgs-me"))["Location"] == change
    weak = browser.post(change, {"old": first, "new": "12345678", "again": "12345678"})
    assert weak.status_code == 422
    own = "自己想的密码-2026"
    assert browser.post(change, {"old": first, "new": own, "again": own}).status_code == 302
    assert browser.get(reverse("orgs-me")).status_code == 200
    assert not Person.objects.get(pk=made.pk).must_change_password


def test_change_password_ends_other_sessions(office, password):
    one, other = Browser(), Browser()
    for browser in (one, other):
        sign_in(browser, "jingban", password)
    own = "换一个新的密码-26"
    one.post(reverse("account_change_password"), {"old": password, "new": own, "again": own})
    assert one.get(reverse("orgs-me")).status_code == 200
    assert other.get(reverse("orgs-me")).status_code == 302


def test_sign_out_needs_a_post(office, browser_of):
    browser = browser_of(office.clerk)
    assert browser.get(reverse("account_logout")).status_code == 200
    assert browser.get(reverse("orgs-me")).status_code == 200
    assert browser.post(reverse("account_logout")).status_code == 302
    assert browser.get(reverse("orgs-me")).status_code == 302


@pytest.mark.parametrize("path", ["signup/", "password/reset/", "email/", "inactive/", "reauthenticate/"])
def test_accounts_other_pages_do_not_exist(office, browser_of, path):
    assert browser_of(office.clerk).get(f"/accounts/{path}").status_code == 404
