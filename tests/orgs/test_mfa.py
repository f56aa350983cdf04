"""The second factor end to end: codes computed as an app computes them, through the real pages."""

import dataclasses
import re
import threading
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from yishu.kernel.errors import Invalid, NotAllowed, NotFound
from yishu.orgs import mfa

pytestmark = pytest.mark.django_db
LOGIN, SECOND, FACTORS = "/accounts/login/", "/accounts/second/", "/accounts/factors/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def fresh_cache():
    cache.clear()


@pytest.fixture
def demand(settings):
    """Sets YISHU_SECOND_FACTOR."""

    def set_to(wanted):
        settings.ENVIRONMENT = dataclasses.replace(settings.ENVIRONMENT, second_factor=wanted)

    return set_to


def code_at(moment, secret=SECRET):
    return format_hotp_value(hotp_value(secret, int(moment.timestamp()) // mfa.STEP))


def enrol(person, at=None):
    at = at or timezone.now() - timedelta(minutes=10)
    return mfa.enrol_app(person=person, secret=SECRET, code=code_at(at), at=at)


def first_step(name, password):
    browser = Browser()
    answer = browser.post(LOGIN, {"login": name, "password": password})
    return browser, answer


def confirmed(browser, password):
    assert browser.post("/accounts/confirm/", {"password": password}).status_code == 302
    return browser


def events():
    with connection.cursor() as cursor:
        cursor.execute("select convert_from(entry, 'utf8') from ledger.inbox order by at")
        return [
            re.search(r'"event":"([a-z_.]+)"', row[0]).group(1) for row in cursor.fetchall() if '"event":"' in row[0]
        ]


def test_app_enrolled_on_the_page_is_asked_for_at_the_next_sign_in(office, browser_of, password):
    browser = browser_of(office.clerk)
    add = reverse("mfa-app-add")
    asked = browser.get(add)
    assert asked.status_code == 302 and asked["Location"].startswith("/accounts/confirm/?next=")
    assert browser.post("/accounts/confirm/", {"password": "不是这个"}).status_code == 422
    confirmed(browser, password)
    page = browser.get(add).content.decode()
    secret = re.search(r'<pre id="factor-secret"[^>]*>([A-Z2-7 ]+)</pre>', page).group(1).replace(" ", "")
    assert 'src="data:image/svg+xml,' in page
    assert browser.post(add, {"code": "000000"}).status_code == 422
    done = browser.post(add, {"code": code_at(timezone.now(), secret)})
    codes = re.findall(r"\d{4} \d{4}", done.content.decode())
    assert len(codes) == 10
    assert browser.get(reverse("orgs-me")).status_code == 200
    row = Authenticator.objects.get(user=office.clerk, type="totp")
    assert secret not in str(row.data)

    again, answer = first_step("jingban", password)
    assert answer["Location"] == SECOND
    assert again.get(reverse("orgs-me")).status_code == 302
    used = again.post(SECOND, {"code": code_at(timezone.now(), secret)})
    assert used.status_code == 422, "the code that enrolled the app signs nobody in"
    later = code_at(timezone.now() + timedelta(seconds=30), secret)
    assert again.post(SECOND, {"code": f" {later[:3]} {later[3:]} "})["Location"] == "/"
    assert again.get(reverse("orgs-me")).status_code == 200

    other, _ = first_step("jingban", password)
    assert other.post(SECOND, {"code": later}).status_code == 422, "a code is taken once"
    assert other.post(SECOND, {"code": codes[3]})["Location"] == "/"
    third, _ = first_step("jingban", password)
    assert third.post(SECOND, {"code": codes[3]}).status_code == 422, "a recovery code is taken once"
    assert mfa.codes_left(office.clerk) == 9
    assert {"orgs.factor_enrolled", "orgs.recovery_code_used"} <= set(events())


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_code_of_a_clock_that_is_off_counts_within_one_step(office, steps, right):
    at = timezone.now()
    enrol(office.clerk, at - timedelta(hours=1))
    code = code_at(at + timedelta(seconds=steps * mfa.STEP))
    assert mfa.use_code(person=office.clerk, code=code, at=at) is right


def test_code_older_than_one_already_used_is_refused(office):
    at = timezone.now()
    enrol(office.clerk, at - timedelta(hours=1))
    assert mfa.use_code(person=office.clerk, code=code_at(at + timedelta(seconds=mfa.STEP)), at=at)
    assert not mfa.use_code(person=office.clerk, code=code_at(at), at=at)


@pytest.mark.parametrize("code", ["", " ", "-", "١٢٣٤٥٦", "１２３４５６７８９", "\x00" * 6, "abcdef", "1" * 400])
def test_code_that_is_none_is_refused(office, code, password):
    enrol(office.clerk)
    assert not mfa.use_code(person=office.clerk, code=code, at=timezone.now())
    browser, _ = first_step("jingban", password)
    assert browser.post(SECOND, {"code": code}).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_code_used_twice_at_once_is_taken_once(office):
    at = timezone.now()
    enrol(office.clerk, at - timedelta(hours=1))
    taken, start = [], threading.Barrier(2)

    def use():
        start.wait()
        try:
            taken.append(mfa.use_code(person=office.clerk, code=code_at(at), at=at))
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False, True]


def test_second_step_guessed_five_times_locks_the_name(office, password):
    enrol(office.clerk)
    browser, _ = first_step("jingban", password)
    answers = [browser.post(SECOND, {"code": f"00000{n}"}).status_code for n in range(5)]
    assert answers == [422, 422, 422, 422, 429]
    assert browser.post(SECOND, {"code": code_at(timezone.now())}).status_code == 429
    _, answer = first_step("jingban", password)
    assert answer.status_code == 429, "the password's step is locked with it"


def test_failures_of_both_steps_count_together(office, password):
    enrol(office.clerk)
    for _ in range(2):
        first_step("jingban", "错误的密码")
    browser, _ = first_step("jingban", password)
    answers = [browser.post(SECOND, {"code": "000000"}).status_code for _ in range(3)]
    assert answers == [422, 422, 429]


def test_confirmation_guessed_five_times_locks(office, browser_of):
    browser = browser_of(office.clerk)
    answers = [browser.post("/accounts/confirm/", {"password": f"猜{n}"}).status_code for n in range(5)]
    assert answers == [422, 422, 422, 422, 429]


def test_confirmation_lasts_five_minutes(office, browser_of, password):
    browser = confirmed(browser_of(office.clerk), password)
    assert browser.get(reverse("mfa-app-add")).status_code == 200
    session = browser.session
    session["confirmed_at"] = (timezone.now() - timedelta(minutes=6)).timestamp()
    session.save()
    for path in (reverse("mfa-app-add"), reverse("mfa-key-add")):
        assert browser.get(path).status_code == 302
    assert browser.post(reverse("mfa-codes")).status_code == 302
    assert browser.post(reverse("mfa-remove", args=[1])).status_code == 302


def test_confirmation_leads_nowhere_else(office, browser_of, password):
    for elsewhere in ("https://example.com/", "//example.com/", "javascript:alert(1)", "\\\\example.com"):
        answer = browser_of(office.clerk).post("/accounts/confirm/", {"password": password, "next": elsewhere})
        assert answer["Location"] == reverse("mfa-index")


def test_session_without_the_second_step_ends_when_a_factor_is_enrolled(office, browser_of):
    browser = browser_of(office.clerk)
    assert browser.get(reverse("orgs-me")).status_code == 200
    enrol(office.clerk)
    assert browser.get(reverse("orgs-me"))["Location"] == LOGIN
    assert "_auth_user_id" not in browser.session


def test_privileged_roles_are_led_to_enrol_and_others_are_not(office, browser_of, demand):
    demand("privileged")
    for person in (office.admin, office.auditor, office.reviewer):
        assert browser_of(person).get("/orgs/me/")["Location"] == FACTORS
    browser = browser_of(office.admin)
    assert "请先添加第二因子" in browser.get(FACTORS).content.decode()
    assert browser_of(office.clerk).get("/orgs/me/").status_code == 200
    demand("all")
    assert browser_of(office.clerk).get("/orgs/me/")["Location"] == FACTORS


def test_last_factor_of_somebody_who_must_have_one_stays(office, demand):
    enrol(office.admin)
    row = mfa.factors_of(office.admin)[0]
    demand("privileged")
    with pytest.raises(NotAllowed, match="最后一个"):
        mfa.remove_factor(person=office.admin, pk=row.pk, at=timezone.now())
    demand("none")
    mfa.remove_factor(person=office.admin, pk=row.pk, at=timezone.now())
    assert not Authenticator.objects.filter(user=office.admin).exists(), "recovery codes go with the last factor"


def test_factor_of_somebody_else_cannot_be_removed(office):
    enrol(office.clerk)
    row = mfa.factors_of(office.clerk)[0]
    with pytest.raises(NotFound):
        mfa.remove_factor(person=office.admin, pk=row.pk, at=timezone.now())


def test_new_recovery_codes_end_the_old_ones(office, at):
    old = enrol(office.clerk)
    new = mfa.new_recovery_codes(person=office.clerk, at=timezone.now())
    assert not set(old) & set(new)
    assert not mfa.use_code(person=office.clerk, code=old[0], at=timezone.now())
    assert mfa.use_code(person=office.clerk, code=new[0], at=timezone.now())


def test_administrator_resets_with_a_reason_and_not_their_own(office, browser_of, password, town):
    enrol(office.clerk)
    page = reverse("orgs-person-factors", args=[office.clerk.pk])
    admin = browser_of(office.admin)
    assert admin.post(page, {"reason": ""}).status_code == 422
    assert admin.post(page, {"reason": "丢"}).status_code == 422
    assert browser_of(office.auditor).post(page, {"reason": "手机遗失，已当面核实"}).status_code == 403
    stranger = town("cn-shanxi-xinzhou", "忻州市").admin
    assert browser_of(stranger).post(page, {"reason": "手机遗失，已当面核实"}).status_code == 404
    assert mfa.enrolled(office.clerk)
    assert admin.post(page, {"reason": "手机遗失，已当面核实"}).status_code == 302
    assert not mfa.enrolled(office.clerk) and "orgs.factors_reset" in events()
    browser, answer = first_step("jingban", password)
    assert answer["Location"] == "/" and browser.get("/orgs/me/").status_code == 200
    enrol(office.admin)
    with pytest.raises(NotAllowed):
        mfa.reset_factors(person=office.admin, reason="自己重置自己的", by=office.admin, at=timezone.now())
    with pytest.raises(Invalid):
        mfa.reset_factors(person=office.clerk, reason="   ", by=office.admin, at=timezone.now())


def test_switched_off_between_the_steps_does_not_get_in(office, password):
    enrol(office.clerk)
    browser, _ = first_step("jingban", password)
    type(office.clerk).objects.filter(pk=office.clerk.pk).update(is_active=False)
    browser.post(SECOND, {"code": code_at(timezone.now())})
    assert browser.get("/orgs/me/").status_code == 302


def test_second_step_without_a_first_leads_to_sign_in(office):
    assert Browser().get(SECOND)["Location"] == LOGIN
    assert Browser().post(SECOND, {"code": "123456"})["Location"] == LOGIN


def test_other_account_can_sign_in_from_the_second_step(office, password):
    enrol(office.clerk)
    browser, _ = first_step("jingban", password)
    assert "换一个账号" in browser.get(SECOND).content.decode()
    assert browser.post(SECOND, {"leave": "1"})["Location"] == LOGIN
    assert browser.post(LOGIN, {"login": "shenhe", "password": password})["Location"] == "/"
    assert "甄审核" in browser.get("/orgs/me/").content.decode()


@pytest.mark.parametrize(
    "credential",
    ["", "{", "[]", "null", "1", '{"id": 1}', '{"id":"AA","rawId":"AA","type":"public-key","response":{}}', "[" * 5000,
     '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"AA","attestationObject":"AA","authenticatorData":"AA","signature":"AA"}}',
     '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA","authenticatorData":"oA","signature":"AA"}}'],
)  # fmt: skip
def test_key_answer_that_is_none_is_refused(office, browser_of, credential, password):
    browser = confirmed(browser_of(office.clerk), password)
    browser.get(reverse("mfa-key-add"))
    assert browser.post(reverse("mfa-key-add"), {"credential": credential}).status_code == 422
    enrol(office.clerk)
    other, _ = first_step("jingban", password)
    assert other.post(SECOND, {"credential": credential}).status_code == 422


def test_failed_steps_keep_no_code(office, password):
    from axes.models import AccessAttempt

    enrol(office.clerk)
    browser, _ = first_step("jingban", password)
    browser.post(SECOND, {"code": "13572468"})
    assert "13572468" not in str(list(AccessAttempt.objects.values()))


def test_operator_on_the_server_takes_factors_off_with_a_reason(office, capsys):
    from django.conf import settings

    from yishu.cli import build_parser

    enrol(office.admin)
    parser = build_parser("reset-factors")
    args = parser.parse_args(["reset-factors", "GUANLI", "--reason", "唯一的管理员遗失手机"])
    assert args.handler(args, settings.ENVIRONMENT) == 0
    assert "guanli" in capsys.readouterr().out and not mfa.enrolled(office.admin)
    assert events()[-1] == "orgs.factors_reset"
    args = parser.parse_args(["reset-factors", "meiyouren", "--reason", "唯一的管理员遗失手机"])
    with pytest.raises(NotFound):
        args.handler(args, settings.ENVIRONMENT)
