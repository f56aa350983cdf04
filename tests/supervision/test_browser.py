"""The supervision pages and the urging box in a real Chromium, at desk and telephone width: nothing pushes sideways, the charts draw."""

from pathlib import Path

import pytest
from django.test import Client

from tests.plugins.browser import CHROMIUM
from tests.stewardship.conftest import AT

from .conftest import load, person, review

SHOTS = Path(__file__).parent / "screenshots"
WIDTHS = {1280: 800, 390: 844}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium (apt-get install chromium)"),
    pytest.mark.django_db(transaction=True),
]


def test_supervision_pages_read_at_both_widths_and_the_charts_draw(live_server, county, chromium):
    leader = person(county.authority, "ling", "leader")
    spec = county.publish(county.market, "食品经营许可台账", "许可证编号")
    county.publish(
        county.civil, "低保对象台账", "低保证编号", share_type="conditional", share_basis="社会救助暂行办法第九条"
    )
    load(spec.id, county.market_clerk, AT)
    county.table(county.market, "处罚表")
    case = review(county, county.market)
    pages = {
        "overview": (leader, "/supervision/"),
        "resources": (leader, "/supervision/resources/"),
        "department": (county.market_head, f"/supervision/department/{county.market.pk}/"),
        "urging": (leader, f"/cases/{case.pk}/"),
    }
    SHOTS.mkdir(exist_ok=True)
    wrong: list[str] = []
    for name, (who, path) in pages.items():
        client = Client()
        client.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
        for width, height in WIDTHS.items():
            context = chromium.new_context(
                viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai"
            )
            cookie = client.cookies["yishu_session"].value
            context.add_cookies([{"name": "yishu_session", "value": cookie, "url": live_server.url}])
            page = context.new_page()
            page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.goto(live_server.url + path)
            if name == "overview":
                page.locator(".y-chart-face canvas").nth(1).wait_for()
            page.screenshot(path=SHOTS / f"{name}-{width}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"
            context.close()
    assert not wrong
