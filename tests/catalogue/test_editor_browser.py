"""The grid in a real Chromium, at desk and telephone width: pasted blocks, keys, checks while typing, restored after closing."""

from pathlib import Path

import pytest
from django.test import Client

from tests.plugins.browser import CHROMIUM
from yishu.catalogue.models import Autosave, Resource

SHOTS = Path(__file__).parent / "screenshots"
WIDTHS = {1280: 800, 390: 844}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium (apt-get install chromium)"),
    pytest.mark.django_db(transaction=True),
]
PASTE = """(input, text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  input.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""
BLOCK = '统一社会信用代码\t字符型\t18\t统一社会信用代码\n"单位\n名称"\t字符型 C\t200\n许可证编号\tC\t40\n发证日期\t日期型\t\n有效期至\t日期型\n'


def opened(chromium, live_server, person, width, path):
    """A page signed in as a person, and what its console complains about."""
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    context = chromium.new_context(
        viewport={"width": width, "height": WIDTHS[width]}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    cookie = client.cookies["yishu_session"]
    context.add_cookies([{"name": "yishu_session", "value": cookie.value, "url": live_server.url}])
    page, wrong = context.new_page(), []
    # A check still under way when the page is left is cut off by the browser, and htmx says so: no fault.
    cut_off = ("htmx:sendAbort", "htmx:afterRequest")
    page.on(
        "console",
        lambda message: (
            wrong.append(message.text)
            if message.type in ("error", "warning") and not message.text.startswith(cut_off)
            else None
        ),
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(live_server.url + path)
    return page, wrong


@pytest.mark.parametrize("width", WIDTHS)
def test_grid_takes_a_block_moves_rows_by_keys_and_restores_what_was_typed(live_server, county, chromium, width):
    page, wrong = opened(chromium, live_server, county.market_clerk, width, "/catalogue/new/")
    page.locator("#y-check:has-text('提交前还有')").wait_for()
    page.locator("#id_title").fill("食品经营许可证信息")
    page.locator("#id_items-0-name").evaluate(PASTE, BLOCK)
    names = page.locator("table[data-grid] input[name$='-name']")
    assert [names.nth(i).input_value() for i in range(names.count())] == [
        "统一社会信用代码", "单位 名称", "许可证编号", "发证日期", "有效期至",
    ]  # fmt: skip
    assert page.locator("#id_items-3-data_type").input_value() == "D"
    assert page.locator("#id_items-0-identifier").input_value() == "uscc"
    names.nth(4).press("Enter")  # past the last row a new one begins
    assert names.count() == 6 and page.evaluate("document.activeElement.id") == "id_items-5-name"
    page.keyboard.type("=单位")
    assert "y-hint-bad" in (names.nth(5).get_attribute("class") or "")
    names.nth(5).fill("备注")
    names.nth(5).press("Alt+ArrowUp")
    assert names.nth(4).input_value() == "备注" and page.locator("#id_items-5-ORDER").input_value() == "5"
    names.nth(4).press("Control+ArrowRight")
    assert page.evaluate("document.activeElement.id") == "id_items-5-data_type"
    page.locator(".y-kept:has-text('已自动保存')").wait_for()
    page.locator("#id_summary.y-wanted").wait_for()
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"editor-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.goto(live_server.url + "/law/")  # closed without saving
    page.goto(live_server.url + "/catalogue/new/")
    assert page.get_by_text("已恢复").count() == 1
    assert names.nth(4).input_value() == "备注" and page.locator("#id_title").input_value() == "食品经营许可证信息"
    page.get_by_role("button", name="保存草稿", exact=True).last.click()
    page.wait_for_url("**/edit/")
    items = [i.name for i in Resource.objects.get().items.all()]
    assert items == ["统一社会信用代码", "单位 名称", "许可证编号", "发证日期", "备注", "有效期至"]
    page.wait_for_timeout(2000)
    page.reload()
    assert page.get_by_text("已恢复").count() == 0 and not Autosave.objects.exists()
    assert not wrong, wrong


@pytest.mark.parametrize("width", WIDTHS)
def test_other_pages_fit(live_server, county, chromium, width):
    from yishu.catalogue import classification

    from .conftest import AT

    classification.add_class(
        jurisdiction=county.jurisdiction, path="307", code="016", title="食品经营", by=county.reviewer, at=AT
    )
    page, wrong = opened(chromium, live_server, county.reviewer, width, "/catalogue/classes/")
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"classes-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page, more = opened(chromium, live_server, county.market_clerk, width, "/catalogue/import/")
    page.screenshot(path=SHOTS / f"import-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert not wrong and not more
