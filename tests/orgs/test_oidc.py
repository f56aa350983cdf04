"""Sign-in through a real OpenID Connect provider on loopback, and every wrong answer it could give."""

import dataclasses
import time
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse

from tests.orgs.provider import CLIENT, SECRET, OidcProvider
from yishu.config.environment import BadSetting, Oidc, read_environment
from yishu.orgs import actions
from yishu.orgs.models import Person

pytestmark = pytest.mark.django_db
BEGIN, BACK = "/accounts/oidc/", "/accounts/oidc/callback/"


@pytest.fixture
def provider(settings):
    cache.clear()
    running = OidcProvider()
    oidc = Oidc(running.issuer, CLIENT, SECRET, "县统一身份认证")
    settings.ENVIRONMENT = dataclasses.replace(settings.ENVIRONMENT, oidc=oidc, public_url="http://testserver")
    yield running
    running.stop()


def sign_in(provider, browser=None, address=BEGIN, **change):
    browser = browser or Browser()
    away = browser.get(address)
    assert away.status_code == 302 and away["Location"].startswith(provider.issuer)
    return browser, browser.get(BACK, provider.sign_in(away["Location"]) | change)


def refused(provider, code, **change):
    browser, answer = sign_in(provider, **change)
    assert answer.status_code == 403 and "没有登录成功" in answer.content.decode(), answer.content.decode()
    assert browser.get("/orgs/me/").status_code == 302
    browser, answer = sign_in(provider, browser, **change)
    problem = browser.get(BACK, {"code": "x"}, headers={"accept": "application/json"})
    assert problem.json()["code"] == "orgs.oidc_state", "an attempt is used once"
    return answer


def test_person_registered_here_signs_in_through_the_provider(office, provider):
    page = Browser().get("/accounts/login/?next=/orgs/me/").content.decode()
    assert "用县统一身份认证登录" in page and SECRET not in page
    provider.username = " JingBan "
    browser, answer = sign_in(provider, address=f"{BEGIN}?next=/orgs/me/")
    assert answer.status_code == 302 and answer["Location"] == "/orgs/me/"
    assert "易经办" in browser.get("/orgs/me/").content.decode()
    assert provider.last["redirect_uri"] == f"http://testserver{BACK}" and len(provider.last["nonce"]) > 40


def test_unknown_person_is_refused_and_no_account_is_made(office, provider):
    provider.username = "meiyouren"
    before = Person.objects.count()
    answer = refused(provider, "unknown_person")
    assert "没有在本平台登记" in answer.content.decode() and Person.objects.count() == before


def test_switched_off_person_is_refused(office, provider, at):
    actions.update_person(
        person=office.clerk, name="易经办", department=office.estate, email="", active=False, by=office.admin, at=at
    )
    browser, answer = sign_in(provider)
    assert answer.status_code == 403 and "已停用" in answer.content.decode()
    assert browser.get("/orgs/me/").status_code == 302


NOW = int(time.time())
WRONG_CLAIMS = {
    "nonce_wrong": {"nonce": "x" * 43},
    "nonce_missing": {"nonce": None},
    "audience": {"aud": "another"},
    "audience_several": {"aud": [CLIENT, "another"]},
    "azp": {"azp": "another"},
    "expired": {"exp": NOW - 3600, "iat": NOW - 7200},
    "no_end": {"exp": None},
    "not_yet": {"nbf": NOW + 3600},
    "issuer": {"iss": "https://other.invalid"},
    "no_subject": {"sub": None},
    "no_name": {"preferred_username": None},
    "name_a_list": {"preferred_username": ["guanli"]},
    "name_long": {"preferred_username": "a" * 300},
    "name_nul": {"preferred_username": "\x00"},
}


@pytest.mark.parametrize("kind", WRONG_CLAIMS)
def test_token_with_wrong_claims_is_refused(office, provider, kind):
    provider.claims = WRONG_CLAIMS[kind]
    provider.userinfo = {"sub": "42"}
    refused(provider, kind)


def test_token_signed_by_another_key_is_refused(office, provider):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for header in ({"kid": "one"}, {"kid": "two"}):
        provider.sign = lambda claims, h=header: jwt.encode(claims, other, algorithm="RS256", headers=h)
        refused(provider, "token")


def test_token_without_a_signature_or_keyed_by_the_secret_is_refused(office, provider):
    provider.sign = lambda claims: jwt.encode(claims, None, algorithm="none")
    refused(provider, "algorithm")
    provider.sign = lambda claims: jwt.encode(claims, SECRET * 3, algorithm="HS256")
    refused(provider, "algorithm")
    provider.sign = lambda claims: "not.a.token"
    refused(provider, "token")


def test_state_of_another_browser_is_refused(office, provider):
    refused(provider, "state", state="x" * 43)
    one, other = Browser(), Browser()
    answer = provider.sign_in(one.get(BEGIN)["Location"])
    other.get(BEGIN)
    assert other.get(BACK, answer).status_code == 403
    assert Browser().get(BACK, answer).status_code == 403


def test_code_of_another_attempt_is_refused_by_pkce(office, provider):
    one, other = Browser(), Browser()
    stolen = provider.sign_in(one.get(BEGIN)["Location"])["code"]
    mine = provider.sign_in(other.get(BEGIN)["Location"])
    assert other.get(BACK, mine | {"code": stolen}).status_code == 403


@pytest.mark.parametrize("query", [{}, {"error": "access_denied"}, {"code": "x" * 5000}, {"code": "\x00"}])
def test_answer_without_a_code_is_refused(office, provider, query):
    browser = Browser()
    state = parse_qs(urlsplit(browser.get(BEGIN)["Location"]).query)["state"][0]
    assert browser.get(BACK, {"state": state, **query}).status_code == 403


def test_claim_left_out_of_the_token_comes_from_userinfo_of_the_same_subject(office, provider):
    provider.claims = {"preferred_username": None}
    provider.userinfo = {"sub": "42", "preferred_username": "jingban"}
    assert sign_in(provider)[1].status_code == 302
    provider.userinfo = {"sub": "43", "preferred_username": "jingban"}
    refused(provider, "subject")


@pytest.mark.parametrize(
    "change",
    [{"issuer": "http://127.0.0.1:1"}, {"token_endpoint": "http://elsewhere.invalid/token"}, {"jwks_uri": None},
     {"authorization_endpoint": "javascript:alert(1)"}],
)  # fmt: skip
def test_provider_that_describes_itself_wrongly_is_not_followed(office, provider, change):
    provider.description = change
    answer = Browser().get(BEGIN)
    assert answer.status_code == 503 and "用登录名和密码登录" in answer.content.decode()


def test_provider_that_answers_nonsense_is_an_outage(office, provider):
    for body in (b"<html>", b"[]", b"{" + b" " * 600_000 + b"}", b"[" * 100_000, b"\xff\xfe"):
        provider.described = lambda body=body: body
        assert Browser().get(BEGIN).status_code == 503


def test_provider_down_says_so(office, provider):
    provider.stop()
    assert Browser().get(BEGIN).status_code == 503


def test_without_a_provider_the_pages_do_not_exist(office):
    assert Browser().get(BEGIN).status_code == 404 and Browser().get(BACK).status_code == 404
    assert BEGIN not in Browser().get("/accounts/login/").content.decode()


def test_second_factor_is_asked_for_after_the_provider(office, provider):
    from tests.orgs.test_mfa import code_at, enrol, timezone

    enrol(office.clerk)
    browser, answer = sign_in(provider)
    assert answer["Location"] == "/accounts/second/"
    assert browser.get("/orgs/me/").status_code == 302
    assert browser.post("/accounts/second/", {"code": code_at(timezone.now())}).status_code == 302
    assert browser.get("/orgs/me/").status_code == 200


def test_somebody_with_an_initial_password_need_not_change_what_they_never_used(office, provider, at, password):
    actions.reset_password(person=office.clerk, by=office.admin, at=at)
    browser, _ = sign_in(provider)
    assert browser.get("/orgs/me/").status_code == 200


def test_confirmation_through_the_provider_needs_a_new_authentication_of_the_same_person(office, provider):
    browser, _ = sign_in(provider)
    again = f"{BEGIN}?confirm=1&next={reverse('mfa-app-add')}"
    _, answer = sign_in(provider, browser, again)
    assert provider.last["prompt"] == "login" and provider.last["max_age"] == "0"
    assert answer["Location"] == reverse("mfa-app-add") and browser.get(reverse("mfa-app-add")).status_code == 200

    browser, _ = sign_in(provider)
    for claims in ({"auth_time": NOW - 4000}, {"auth_time": None}, {"preferred_username": "guanli"}):
        provider.claims = claims
        _, answer = sign_in(provider, browser, again)
        assert answer.status_code == 403 and browser.get(reverse("mfa-app-add")).status_code == 302


FULL = {"YISHU_OIDC_ISSUER": "https://id.invalid", "YISHU_OIDC_CLIENT_ID": "a", "YISHU_OIDC_CLIENT_SECRET": "b"}


@pytest.mark.parametrize(
    "change",
    [{"YISHU_OIDC_ISSUER": "http://id.invalid"}, {"YISHU_OIDC_ISSUER": "https://id.invalid/?a=b"}, {"YISHU_OIDC_CLIENT_ID": ""},
     {"YISHU_OIDC_CLIENT_SECRET": ""}, {"YISHU_OIDC_ISSUER": ""}, {"YISHU_OIDC_CLIENT_SECRET_FILE": "/nowhere"},
     {"YISHU_OIDC_CLIENT_SECRET": "", "YISHU_OIDC_CLIENT_SECRET_FILE": "/nowhere"}, {"YISHU_SECOND_FACTOR": "some"}],
)  # fmt: skip
def test_settings_half_filled_or_unsafe_stop_the_start(change):
    with pytest.raises(BadSetting):
        read_environment(FULL | change)


def test_secret_comes_from_a_file_and_is_not_printed(tmp_path):
    (tmp_path / "secret").write_text("机密的\n")
    found = read_environment(
        FULL | {"YISHU_OIDC_CLIENT_SECRET": "", "YISHU_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret")}
    )
    assert found.oidc.client_secret == "机密的" and "机密的" not in repr(found)
