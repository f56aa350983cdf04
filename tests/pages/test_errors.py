"""Errors as pages and as problem documents, security headers, and the database gone."""

import errno
import json
import logging

import pytest
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from yishu.config import urls as real
from yishu.kernel.errors import Conflict, Problem
from yishu.kernel.references import Reference
from yishu.orgs import actions

PLACE = Reference("cn-henan-jiaozuo-xiuwu", "修武办法", "第十九条第一项", "XW-19.1.b")


def refuse(request: HttpRequest):
    raise Conflict(
        "该办件已由他人办理",
        object_="修武共享〔2026〕1号",
        why="甄审核已于 10:00 同意",
        remedy="请刷新后查看",
        reference=PLACE,
        problems=[Problem("理由", "未填")],
        code="cases.moved",
    )


def explode(request: HttpRequest):
    raise RuntimeError("身份证 11010519491231002X 出错")


def fill_disk(request: HttpRequest):
    raise OSError(errno.ENOSPC, "No space left on device")


def lose_database(request: HttpRequest):
    raise OperationalError("connection failed")


urlpatterns = [
    path("t/refuse/", refuse),
    path("t/explode/", explode),
    path("t/lost/", lose_database),
    path("t/full/", fill_disk),
    *real.urlpatterns,
]
handler400, handler403, handler404, handler500 = real.handler400, real.handler403, real.handler404, real.handler500


@pytest.fixture
def browser(db, settings) -> Client:
    settings.ROOT_URLCONF = __name__
    from django.utils import timezone

    person, _ = actions.create_person(
        username="jingban", name="易经办", department=None, password="秋天的第一杯茶-2026", by=None, at=timezone.now()
    )
    browser = Client(raise_request_exception=False)
    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def test_public_error_is_a_page_with_everything_it_says(browser):
    answer = browser.get("/t/refuse/")
    page = answer.content.decode()
    assert answer.status_code == 409
    for words in (
        "该办件已由他人办理",
        "修武共享〔2026〕1号",
        "甄审核已于 10:00 同意",
        "请刷新后查看",
        "cases.moved",
        "第十九条第一项",
    ):
        assert words in page
    assert '<nav class="y-nav"' in page


def test_public_error_asked_as_json_is_a_problem_document(browser):
    answer = browser.get("/t/refuse/", headers={"Accept": "application/json"})
    assert answer["Content-Type"] == "application/problem+json" and answer.status_code == 409
    body = json.loads(answer.content)
    assert body["code"] == "cases.moved" and body["reference"]["row"] == "XW-19.1.b" and body["problems"]


def test_unexpected_error_shows_an_incident_number_and_nothing_else(browser, caplog):
    with caplog.at_level(logging.ERROR):
        answer = browser.get("/t/explode/")
    page = answer.content.decode()
    assert answer.status_code == 500 and "事件编号" in page
    assert "11010519491231002X" not in page and "RuntimeError" not in page
    record = next(r for r in caplog.records if r.name == "yishu.errors")
    incident = record.args[0]
    assert incident in page
    from yishu.config.logs import PlainFormatter

    line = PlainFormatter().format(record)
    assert "RuntimeError" in line and "explode" in line and "11010519491231002X" not in line


def test_lost_database_in_a_view_is_a_503_page(browser):
    answer = browser.get("/t/lost/")
    assert answer.status_code == 503 and "数据库暂时连接不上" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_dead_database_is_a_503_page_before_any_view():
    class Dead:
        def __call__(self, *args):
            raise OperationalError("the connection is closed")

    with connection.execute_wrapper(Dead()):
        answer = Client(raise_request_exception=False).get("/accounts/login/")
        signed = Client(raise_request_exception=False)
        signed.cookies["yishu_session"] = "x" * 32
        deep = signed.get("/orgs/me/")
    assert answer.status_code == deep.status_code == 503
    assert "数据库暂时连接不上" in deep.content.decode()


def test_unknown_address_is_a_page_of_ours(browser):
    answer = browser.get("/meiyou/")
    assert answer.status_code == 404 and "没有这个页面" in answer.content.decode()
    assert Client().get("/meiyou/").status_code == 404


def test_form_from_elsewhere_is_refused_in_words(browser):
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/accounts/login/", {"login": "a", "password": "b"})
    assert answer.status_code == 403 and "页面已过期" in answer.content.decode()


@pytest.mark.django_db
def test_every_answer_carries_the_security_headers(browser):
    for url in ("/accounts/login/", "/orgs/me/", "/meiyou/", "/t/explode/", "/t/refuse/"):
        answer = browser.get(url)
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self';" in policy and "unsafe" not in policy and "default-src 'none'" in policy
        assert answer["Referrer-Policy"] == "same-origin" and answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff" and "no-store" in answer["Cache-Control"]


def test_session_ends_after_half_an_hour_and_its_cookie_is_closed_to_scripts(browser):
    answer = browser.get("/orgs/me/")
    cookie = answer.cookies["yishu_session"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    from django.contrib.sessions.models import Session

    session = Session.objects.get()
    from datetime import timedelta

    from django.utils import timezone

    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert session and browser.get("/orgs/me/").status_code == 302


@pytest.mark.parametrize(("url", "secure"), [("https://yishu.example.gov", True), ("http://127.0.0.1:8000", False)])
def test_settings_https_address_closes_cookies_and_sets_hsts(url, secure, tmp_path):
    import subprocess
    import sys

    code = (
        "from yishu.config import settings as s;"
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0)"
    )
    import os

    env = {**os.environ, "YISHU_PUBLIC_URL": url, "YISHU_HOME": str(tmp_path)}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert out.split() == [str(secure)] * 3


def test_bad_host_is_refused_in_words():
    with override_settings(ALLOWED_HOSTS=["yishu.example.gov"]):
        answer = Client(headers={"host": "evil.example"}).get("/accounts/login/")
    assert answer.status_code == 400 and "无法识别" in answer.content.decode()


def test_wants_problem_only_programs():
    from yishu.pages.errors import wants_problem

    factory = RequestFactory()
    assert wants_problem(factory.get("/", headers={"Accept": "application/json"}))
    assert not wants_problem(factory.get("/", headers={"Accept": "text/html,application/json"}))


@pytest.mark.parametrize("place", ["XW-19.1.b", "第十九条", "第十九条第一款"])
def test_law_article_shows_summary_and_values(browser, place):
    page = browser.get(f"/law/cn-henan-jiaozuo-xiuwu/{place}/").content.decode()
    assert "平台取自本条的值" in page and "所在层级" in page and "法律政策依据" in page


@pytest.mark.parametrize("url", ["/law/nope/XW-1/", "/law/cn-henan-jiaozuo-xiuwu/XW-999/", "/law/nope/"])
def test_law_unknown_place_is_not_found(browser, url):
    assert browser.get(url).status_code == 404


def test_law_every_pack_and_every_article_opens(browser):
    from yishu.law import packs

    assert browser.get("/law/").status_code == 200
    for pack_id in packs.pack_ids():
        assert browser.get(f"/law/{pack_id}/").status_code == 200
    for row in packs.load("cn-henan-jiaozuo-xiuwu").rows:
        assert browser.get(f"/law/cn-henan-jiaozuo-xiuwu/{row}/").status_code == 200, row


def test_full_disk_says_so(browser):
    answer = browser.get("/t/full/")
    assert answer.status_code == 507 and "存储空间不足" in answer.content.decode()
