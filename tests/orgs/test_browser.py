"""Sign-in and the administrator's pages in a real Chromium, at desk and telephone width; screenshots are kept and looked at."""

import os
import re
from pathlib import Path

import pytest

from tests.plugins.browser import CHROMIUM

SHOTS = Path(__file__).parent / "screenshots"
WIDTHS = {1280: 800, 390: 844}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium (apt-get install chromium)"),
    pytest.mark.django_db(transaction=True),
]


def shoot(page, name: str, width: int) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}-{width}.png", full_page=True)


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("width", WIDTHS)
def test_sign_in_and_pages_at_width(live_server, office, password, chromium, at, width):
    from yishu.orgs import actions

    actions.update_department(
        department=office.estate,
        changes={"responsible": office.clerk, "unit": "信息中心", "officers": [office.clerk]},
        by=office.admin,
        at=at,
    )
    actions.create_client(department=office.estate, name="不动产登记系统", by=office.admin, at=at)
    context = chromium.new_context(
        viewport={"width": width, "height": WIDTHS[width]}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))

    page.goto(live_server.url + "/")
    assert "/accounts/login/" in page.url
    shoot(page, "sign-in", width)
    page.get_by_label("登录名").fill("guanli")
    page.get_by_label("密码").fill("错误的密码")
    page.get_by_role("button", name="登录").click()
    assert page.get_by_role("alert").inner_text(timeout=2000).startswith("登录名或密码不正确")
    shoot(page, "sign-in-wrong", width)
    page.get_by_label("登录名").fill("guanli")
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(re.compile(r"^(?!.*login).*$"))

    visits = {
        "departments": "/orgs/departments/",
        "department": f"/orgs/departments/{office.estate.pk}/",
        "department-edit": f"/orgs/departments/{office.estate.pk}/edit/",
        "people": "/orgs/people/",
        "person": f"/orgs/people/{office.clerk.pk}/",
        "person-new": "/orgs/people/new/",
        "clients": "/orgs/clients/",
        "me": "/orgs/me/",
        "password": "/accounts/password/change/",
        "law": "/law/",
        "law-pack": "/law/cn-henan-jiaozuo-xiuwu/",
        "law-article": "/law/cn-henan-jiaozuo-xiuwu/XW-19.1.b/",
        "error-404": "/meiyou/",
    }
    for name, path in visits.items():
        page.goto(live_server.url + path)
        shoot(page, name, width)
        assert page.locator("h1").count() == 1, name
        assert page.locator("main").count() == 1, name
        assert fits(page), f"{name} is wider than {width} px"
        unlabelled = page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')]"
            ".filter(e => !e.labels.length && !e.ariaLabel).map(e => e.name)"
        )
        assert unlabelled == [], name
    assert [text for text in wrong if "404" not in text] == []

    page.goto(live_server.url + "/orgs/clients/")
    page.get_by_label("名称", exact=True).last.fill("窗口核验系统")
    page.get_by_role("button", name="建立并显示密钥").click()
    assert page.get_by_text("密钥只显示这一次。").is_visible()
    shoot(page, "client-secret", width)
    if width > 1000:
        page.goto(live_server.url + "/orgs/clients/")
        page.get_by_text("停用", exact=True).first.click()
        shoot(page, "client-confirm", width)
        page.keyboard.press("Escape")
        assert page.locator("details[open]").count() == 0
        page.keyboard.press("Tab")
        shoot(page, "focus", width)
    else:
        page.goto(live_server.url + "/orgs/departments/")
        page.locator(".y-nav-small summary").click()
        shoot(page, "menu", width)
    context.close()


def test_pages_read_and_work_without_scripts(live_server, office, password, chromium):
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(live_server.url + "/accounts/login/?next=/orgs/me/")
    page.get_by_label("登录名").fill("guanli")
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    assert page.locator("h1").inner_text() == "我的资料"
    page.locator(".y-nav-small summary").click()
    page.locator(".y-nav-small").get_by_role("link", name="机器客户端").click()
    assert page.locator("h1").inner_text() == "机器客户端"
    context.close()


def test_first_visit_at_width(live_server, chromium):
    from django.conf import settings

    for width, height in WIDTHS.items():
        context = chromium.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        page.goto(live_server.url + "/")
        if "/accounts/login/" in page.url:
            page.goto(live_server.url + "/accounts/login/")
        assert page.url.endswith("/setup/")
        page.get_by_label("初始化码").fill("猜的")
        page.get_by_label("数据主管部门名称").fill("修武县政务服务和大数据管理局")
        page.get_by_label("统一社会信用代码").fill("114108210000000100")
        page.get_by_label("姓名").fill("甄管理")
        page.get_by_label("登录名").fill("guanli")
        page.get_by_label("密码", exact=False).first.fill("秋天的第一杯茶-2026")
        page.get_by_label("再输一次密码").fill("秋天的第一杯茶-2026")
        page.get_by_role("button", name="完成初始化").click()
        assert "初始化码不正确" in page.get_by_role("alert").inner_text()
        assert fits(page)
        shoot(page, "setup", width)
        context.close()
    assert settings.SETUP_CODE


@pytest.fixture(autouse=True)
def fresh_cache():
    from django.core.cache import cache

    cache.clear()
    os.environ.setdefault("PLAYWRIGHT_SKIP_VALIDATE_HOST_REQUIREMENTS", "1")
