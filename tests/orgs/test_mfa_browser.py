"""Security keys in a real Chromium with a virtual authenticator, and the pages of signing in at desk and telephone width."""

import os
import re
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from tests.orgs.test_people_import import book, someone
from tests.plugins.browser import CHROMIUM
from yishu.orgs import mfa

SHOTS = Path(__file__).parent / "screenshots"
WIDTHS = {1280: 800, 390: 844}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium (apt-get install chromium)"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(autouse=True)
def fresh_cache():
    cache.clear()
    os.environ.setdefault("PLAYWRIGHT_SKIP_VALIDATE_HOST_REQUIREMENTS", "1")


@pytest.fixture
def address(live_server) -> str:
    """Keys work on https addresses and on localhost; an IP address is neither."""
    return live_server.url.replace("127.0.0.1", "localhost")


def opened(chromium, width=1280):
    """A page, and the list of whatever its console complains about."""
    context = chromium.new_context(viewport={"width": width, "height": WIDTHS[width]}, locale="zh-CN")
    page, wrong = context.new_page(), []
    page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    return page, wrong


def with_key(page):
    """Plug a virtual security key in; returns the session that controls it and its number."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "usb", "hasResidentKey": False, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    return devtools, devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def sign_in(page, address, password, name="jingban"):
    page.goto(address + "/accounts/login/?next=/orgs/me/")
    page.get_by_label("登录名").fill(name)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def confirm(page, password):
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="确认", exact=True).click()


def uploaded(page, address, rows):
    page.goto(address + "/orgs/import/")
    file = {"name": "人员.xlsx", "mimeType": "application/octet-stream", "buffer": book(people=rows)}
    page.get_by_label("填好的模板").set_input_files(file)
    page.get_by_role("button", name="上传并检查").click()
    page.get_by_role("heading", name="导入预览").wait_for()


def leave(page, address):
    page.context.clear_cookies()
    page.goto(address + "/accounts/login/")


def shoot(page, name, width=1280):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name


def test_security_key_is_enrolled_signs_in_and_is_refused_when_copied(address, office, password, chromium):
    page, wrong = opened(chromium)
    devtools, key = with_key(page)
    sign_in(page, address, password)
    page.goto(address + "/accounts/factors/key/")
    confirm(page, password)
    page.get_by_label("名称").fill("办公电脑")
    shoot(page, "key-add")
    page.get_by_role("button", name="登记安全密钥").click()
    page.get_by_text("只显示这一次").wait_for()
    shoot(page, "recovery-codes")
    codes = re.findall(r"\d{4} \d{4}", page.locator("#recovery-codes").inner_text())
    assert len(codes) == 10
    assert [f.data["name"] for f in mfa.factors_of(office.clerk)] == ["办公电脑"]

    leave(page, address)
    sign_in(page, address, password)
    page.wait_for_url("**/accounts/second/")
    shoot(page, "second-step-key")
    page.get_by_role("button", name="使用安全密钥").click()
    page.wait_for_url("**/orgs/me/")
    row = Authenticator.objects.get(user=office.clerk, type="webauthn")
    assert row.data["sign_count"] > 0 and row.last_used_at is not None

    leave(page, address)
    row.data["sign_count"] += 100  # what the platform would know had a copy of the key signed in meanwhile
    row.save()
    sign_in(page, address, password)
    page.get_by_role("button", name="使用安全密钥").click()
    page.get_by_role("alert").wait_for()
    assert "/accounts/second/" in page.url
    page.get_by_label("验证码").fill(codes[0])
    page.get_by_role("button", name="验证并登录").click()
    page.wait_for_url("**/orgs/me/")

    leave(page, address)
    devtools.send("WebAuthn.clearCredentials", {"authenticatorId": key})
    sign_in(page, address, password)
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    page.get_by_role("button", name="使用安全密钥").click()
    page.get_by_text("没有完成").wait_for()
    assert "/accounts/second/" in page.url
    assert [text for text in wrong if "422" not in text] == []


def test_key_answer_replayed_is_refused(address, office, password, chromium):
    page, _ = opened(chromium)
    with_key(page)
    sign_in(page, address, password)
    page.goto(address + "/accounts/factors/key/")
    confirm(page, password)
    page.get_by_role("button", name="登记安全密钥").click()
    page.get_by_text("只显示这一次").wait_for()
    leave(page, address)
    sign_in(page, address, password)
    page.wait_for_url("**/accounts/second/")
    with page.expect_request(lambda r: r.method == "POST") as sent:
        page.get_by_role("button", name="使用安全密钥").click()
    page.wait_for_url("**/orgs/me/")
    credential = sent.value.post_data_json["credential"]
    leave(page, address)
    sign_in(page, address, password)
    page.wait_for_url("**/accounts/second/")
    page.evaluate(
        "c => { const f = document.querySelector('form[data-webauthn]'); f.elements.credential.value = c; f.submit(); }",
        credential,
    )
    page.get_by_role("alert").wait_for()
    assert "/accounts/second/" in page.url


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_of_signing_in_at_width(address, office, password, chromium, width):
    page, wrong = opened(chromium, width)
    sign_in(page, address, password, "guanli")
    page.goto(address + "/accounts/factors/")
    shoot(page, "factors-none", width)
    page.get_by_role("link", name="添加验证器应用").click()
    shoot(page, "confirm", width)
    confirm(page, password)
    page.get_by_role("heading", name="添加验证器应用").wait_for()
    assert page.locator("img.y-qr").evaluate("i => i.naturalWidth") > 0
    shoot(page, "app-add", width)
    for name, path in {
        "people-import": "/orgs/import/",
        "settings": "/orgs/settings/",
        "person-factors": f"/orgs/people/{office.clerk.pk}/factors/",
    }.items():
        page.goto(address + path)
        assert page.locator("h1").count() == 1
        shoot(page, name, width)
    assert wrong == []
    for name, rows in {
        "import-errors": [someone("x"), someone("jue", 角色="皇帝")],
        "import-preview": [someone("xinren", 角色="提供方经办、部门审核人"), someone("jingban")],
    }.items():
        uploaded(page, address, rows)
        shoot(page, name, width)
    with page.expect_download() as handed:
        page.get_by_role("button", name="导入并下载初始密码表").click()
    assert handed.value.suggested_filename.startswith("初始密码-")
    uploaded(page, address, [someone("xinren"), someone("lingyiren")])
    page.get_by_role("button", name="供打印").click()
    page.get_by_role("heading", name="导入完成").wait_for()
    shoot(page, "import-done", width)
