"""The demonstration's other places, in a real Chromium: every role opens its menu, and two cases go all the way through their people."""

import re
from pathlib import Path

import pytest

from tests.story.test_browser import CHROMIUM, NAMELESS, TWICE, WIDE, Eye

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(), reason="no Chromium at /usr/bin/chromium (apt-get install chromium)"
    ),
]

ROLES = {
    "xz-shuju": "数据主管", "xz-gongan": "提供方经办", "xz-gongan-sh": "部门审核人", "xz-gongan-bm": "保密审查员",
    "xz-gongan-bg": "共享工作机构负责人", "jy-minzheng-ld": "主要负责人", "jy-admin": "系统管理", "jy-yunwei": "平台运维",
    "jy-jishu": "技术服务单位", "jy-lingdao": "领导小组", "jy-guanwei": "本级政府", "yh-shenji": "审计", "yh-wangxin": "监督检查",
    "jl-minzheng": "使用方经办", "ys-cun": "使用方经办",
}  # fmt: skip
"""One account for each role, spread over the places."""


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def sign_in(chromium, demonstration):
    eyes = []

    def open_for(name):
        eyes.append(Eye(chromium, demonstration, name))
        return eyes[-1]

    yield open_for
    for eye in eyes:
        eye.context.close()


@pytest.mark.parametrize("name", ROLES)
def test_role_opens_every_page_of_its_menu_on_a_telephone(sign_in, name):
    eye = sign_in(name)
    page = eye.page
    page.set_viewport_size({"width": 390, "height": 844})
    addresses = page.locator(".y-nav a[href^='/']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    faults = []
    for address in dict.fromkeys(addresses):
        page.goto(address, wait_until="domcontentloaded")
        for look in (WIDE, NAMELESS, TWICE):
            faults += [f"{address}: {e}" for e in page.evaluate(look)]
        if page.locator("h1").count() != 1:
            faults.append(f"{address}: {page.locator('h1').count()} h1")
    assert addresses
    assert not faults + eye.wrong, (name, faults, eye.wrong)


def decide(eye: Eye, title: str, button: str, filled: dict[str, str] | None = None) -> str:
    """Find a case by its title in the work list, take the outcome with this name; returns what the page then says."""
    page = eye.page
    page.goto("/")
    page.get_by_role("link", name=title).first.click()
    page.wait_for_url("**/cases/**")
    box = page.locator("details.y-outcome", has=page.locator("summary", has_text=button)).first
    if box.get_attribute("open") is None:
        box.locator("summary").click()
    for label, text in (filled or {}).items():
        box.get_by_label(re.compile(label)).fill(text)
    for radio in ("passed",):
        for found in box.locator(f"input[type=radio][value={radio}]").all():
            found.check()
    for found in box.locator("input[type=radio][value=no]").all():
        found.check()
    for select in box.locator("select[name^=grade_]").all():
        select.select_option("2")
    for box_to_tick in box.locator("input[name=signature]").all():
        box_to_tick.check()
    box.get_by_role("button").last.click()
    page.wait_for_load_state("load")
    return page.locator("main").inner_text()


def test_xinzhou_application_under_overlay_goes_from_consent_to_grant(sign_in):
    title = "忻州市民政局申请使用“社会保险参保信息”"
    people = [sign_in(name) for name in ("xz-minzheng-ld", "xz-shuju", "xz-renshe", "xz-renshe-ld")]
    for eye, button in zip(people, ("同意提出", "符合，转提供部门", "拟出答复意见", "同意共享"), strict=True):
        assert "已办理" in decide(eye, title, button), button
        eye.look(f"xinzhou-application-{people.index(eye) + 1}")
    page = people[0].page
    page.goto(people[-1].page.url)
    assert "已同意共享" in page.locator("main").inner_text()
    assert not [eye.wrong for eye in people if eye.wrong]


def test_xinzhou_resource_goes_through_internal_review_head_and_authority(sign_in):
    title = "社会组织登记信息"
    review = {
        "共享属性": "与目录一致", "数据提供方式": "接口", "应用场景": "行政许可", "使用方身份": "政务部门经办人", "使用地域": "本市",
        "知悉范围": "经办人员", "使用范围": "申请写明的事项", "保密审查人": "惠审明", "保密审查日期": "2026-01-05",
    }  # fmt: skip
    reviewer, head, authority = sign_in("xz-minzheng-sh"), sign_in("xz-minzheng-ld"), sign_in("xz-shuju")
    assert "已办理" in decide(reviewer, title, "审查通过", review)
    reviewer.look("xinzhou-internal-review")
    assessment = {"：保密风险评估": "不含国家秘密和工作秘密", "：个人信息保护影响评估": "不含个人信息"}
    assert "已办理" in decide(head, title, "同意并报送", assessment)
    assert "已办理" in decide(authority, title, "审核通过")
    authority.look("xinzhou-reviewed")
    authority.page.goto("/catalogue/?q=" + title)
    assert authority.page.get_by_role("link", name=title, exact=True).count() == 1
    assert not reviewer.wrong + head.wrong + authority.wrong


def test_demonstration_prints_every_place_with_its_accounts(demonstration):
    for place in ("修武县", "忻州市", "静乐县", "济源示范区", "长沙市雨花区", "云山县"):
        assert place in demonstration.output
    places = {a["place"] for a in demonstration.facts["accounts"]}
    assert len(places) == 6
