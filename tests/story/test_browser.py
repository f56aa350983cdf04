"""A person does the whole story by clicking, in a real Chromium; every page is looked at, at desk and telephone width."""

import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

CHROMIUM = Path("/usr/bin/chromium")
SHOTS = Path(__file__).parent / "screenshots"
SHANGHAI = ZoneInfo("Asia/Shanghai")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--lang=zh-CN"]
WIDTHS = {1280: 800, 390: 844}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium (apt-get install chromium)"),
]

BARE_CONTROLS = """() => [...document.querySelectorAll('input, select, textarea')]
  .filter(e => !['hidden', 'submit', 'button'].includes(e.type))
  .filter(e => !(e.labels && e.labels.length) && !e.ariaLabel && !e.getAttribute('aria-labelledby'))
  .map(e => e.outerHTML.slice(0, 120))"""
NAMELESS = """() => [...document.querySelectorAll('a[href], button')]
  .filter(e => !e.innerText.trim() && !e.textContent.trim() && !e.ariaLabel).map(e => e.outerHTML.slice(0, 120))"""
TWICE = """() => { const seen = {}; document.querySelectorAll('[id]').forEach(e => seen[e.id] = (seen[e.id] || 0) + 1);
  return Object.keys(seen).filter(id => seen[id] > 1) }"""
WIDE = """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? []
  : [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 5).map(e => e.outerHTML.slice(0, 120))"""


class Eye:
    """One person's browser that keeps pictures and finds fault."""

    def __init__(self, browser, demonstration, name: str):
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 800},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            base_url=demonstration.web,
            accept_downloads=True,
        )
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)
        self.expected: set[int] = set()
        self.page.goto("/")
        self.page.get_by_label("登录名").fill(name)
        self.page.get_by_label("密码").fill(demonstration.password)
        self.page.get_by_role("button", name="登录").click()
        self.page.wait_for_url(re.compile(r"^(?!.*login)"))

    def _console(self, message) -> None:
        if message.type in ("error", "warning") and not any(
            f"status of {code}" in message.text for code in self.expected
        ):
            self.wrong.append(f"console: {message.text}")

    def _failed(self, request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):  # a page left while it polled
            self.wrong.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.wrong.append(f"{response.status}: {response.url}")

    def look(self, name: str) -> None:
        """Keep the page's pictures at both widths, and hold it against what every page must be."""
        SHOTS.mkdir(exist_ok=True)
        faults = []
        for width, height in WIDTHS.items():
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.evaluate("scrollTo(0, 0)")
            self.page.screenshot(path=SHOTS / f"{name}-{width}.png", full_page=True)
            faults += [f"too wide at {width}: {e}" for e in self.page.evaluate(WIDE)]
        self.page.set_viewport_size({"width": 1280, "height": 800})
        headings = self.page.locator("h1").count()
        faults += [f"{headings} h1"] if headings != 1 else []
        faults += [f"no label: {e}" for e in self.page.evaluate(BARE_CONTROLS)]
        faults += [f"no words: {e}" for e in self.page.evaluate(NAMELESS)]
        faults += [f"id twice: {e}" for e in self.page.evaluate(TWICE)]
        assert not faults + self.wrong, (name, faults, self.wrong)

    def said(self) -> str:
        """The message at the top of the page."""
        return self.page.locator(".y-messages").inner_text()


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def sign_in(chromium, demonstration) -> Iterator:
    """Opens browsers for people by sign-in name; all are closed at the end."""
    eyes: list[Eye] = []

    def open_for(name: str) -> Eye:
        eyes.append(Eye(chromium, demonstration, name))
        return eyes[-1]

    yield open_for
    for eye in eyes:
        eye.context.close()


def describe(eye: Eye, example, title: str) -> str:
    """Compile a resource in the form, with one wrong submission on the way; returns the case's address."""
    page = eye.page
    page.goto("/")
    page.get_by_role("link", name="编制信息资源").first.click()
    page.get_by_label("信息资源名称").fill(title)
    page.get_by_label("信息资源摘要").fill("本县家庭医生签约居民的号码、姓名、电话、机构、日期和服务状态。")
    page.get_by_text("批量粘贴信息项").click()
    rows = zip(example.ITEMS, example.KINDS, example.LENGTHS, strict=True)
    page.get_by_label("从电子表格复制的行").fill("\n".join(f"{n}\t{k}\t{length}\t是" for n, k, length in rows))
    page.get_by_role("button", name="加入表格").click()
    page.get_by_text("已加入 6 个信息项").wait_for()
    assert page.get_by_label("信息资源名称").input_value() == title, "pasting keeps what was typed"
    eye.look("catalogue-new")

    eye.expected.add(422)
    page.get_by_role("button", name="保存并提交审核").click()
    page.get_by_role("alert").first.wait_for()
    eye.look("catalogue-refused")
    eye.expected.clear()

    for label, value in (
        ("信息资源分类（类、项）", "3-07"), ("更新周期", "daily"), ("信息资源格式", "3:postgresql"), ("共享方式", "platform:interface"),
    ):  # fmt: skip
        page.get_by_label(label, exact=True).select_option(value)
    for label in ("依托政务信息系统形成", "自然人", "有条件共享", "用于数据校核", "业务协同"):
        page.get_by_label(label, exact=True).check()
    for name, value in (
        ("category", "021"), ("share_condition", "仅用于核验本人申请的事项"), ("share_scope", "因履行职责需要核验的县级政务部门"),
        ("duplicate_note", "各次演示编制的同类资源，不是重复采集"),
    ):  # fmt: skip
        page.locator(f"[name={name}]").fill(value)
    page.get_by_label("第 1 行 标识").select_option("person_id")
    page.get_by_label("第 1 行 主标识").check()
    for row, mask in ((1, "person_id"), (2, "name"), (3, "phone")):
        more(page, row)
        page.locator(f"[name=items-{row - 1}-mask]").select_option(mask)
    more(page, 4)
    page.locator("[name=items-3-codes]").fill(example.STATES)
    more(page, 6)
    page.locator("[name=items-5-newest_by]").check()
    eye.look("catalogue-filled")
    page.get_by_role("button", name="保存并提交审核").click()
    page.wait_for_url("**/cases/**")
    assert "已提交审核" in eye.said()
    eye.look("case-submitted")
    return page.url


def more(page, row: int) -> None:
    """Open a row's further fields."""
    details = page.locator("tr.y-more details").nth(row - 1)
    if details.get_attribute("open") is None:
        details.locator("summary").click()


def review(eye: Eye, case: str, example) -> None:
    """Find the case in the work list, grade, record the secrecy review, publish."""
    page = eye.page
    page.goto("/")
    eye.look("worklist")
    page.goto(case)
    eye.look("case-review")
    box = page.locator("details.y-outcome").first
    box.locator("summary").click()
    page.get_by_label("保密审查人", exact=True).fill("舒知行")
    page.get_by_label("不涉密，可以发布").check()
    page.get_by_label("保密审查日期").fill(f"{datetime.now(SHANGHAI):%Y-%m-%d}")
    for select in box.locator("select[name^=grade_]").all():
        label = select.evaluate("e => e.labels[0].innerText")
        select.select_option("3" if any(f"“{item}”" in label for item in example.PERSONAL) else "2")
    eye.look("case-deciding")
    box.get_by_role("button").click()
    page.wait_for_url(case)
    assert "已办理" in eye.said()
    eye.look("case-decided")


def upload(eye: Eye, title: str, example) -> None:
    """Upload the file from the resource's page; read the load report."""
    page = eye.page
    page.goto("/catalogue/mine/")
    eye.look("catalogue-mine")
    page.goto("/collection/loads/")
    eye.look("loads")
    page.get_by_role("link", name="上传数据").first.click()
    label = page.locator("select[name=resource] option", has_text=title).inner_text()
    page.locator("select[name=resource]").select_option(label=label)
    page.set_input_files("input[type=file]", {"name": "家庭医生签约.csv", "mimeType": "text/csv", "buffer": example.file_of_people()})  # fmt: skip
    eye.look("load-new")
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_url(re.compile("/loads/[0-9a-f-]{36}/"))
    page.get_by_text("结束时间").wait_for(timeout=60_000)  # the page follows the load by itself
    report = page.locator("main").inner_text()
    assert re.search(r"读入\s+60 行", report), report
    assert re.search(r"问题数据\s+4 行", report), report
    assert person_free(report, example), "samples are masked"
    eye.look("load-report")


def person_free(text: str, example) -> bool:
    """Whether none of the story's identity numbers stands in a text."""
    return not any(example.person_id(n) in text for n in range(100))


def apply(eye: Eye, title: str) -> str:
    """Search the catalogue, apply in three steps; returns the case's address."""
    page = eye.page
    page.goto("/catalogue/")
    eye.look("catalogue")
    page.get_by_label("搜索目录").fill(title)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=title, exact=True).click()
    page.wait_for_url(re.compile(r"/catalogue/\d+/"))
    eye.look("resource")
    page.get_by_role("link", name="申请共享").click()
    for item in ("公民身份号码", "姓名", "联系电话", "服务状态"):
        page.get_by_label(item, exact=True).check()
    eye.look("apply-1")
    page.get_by_role("button", name="下一步：为什么").click()
    eye.expected.add(422)
    page.get_by_role("button", name="下一步：怎么用").click()
    page.get_by_role("alert").first.wait_for()
    eye.look("apply-2-refused")
    eye.expected.clear()
    page.locator("[name=law_basis]").fill("《社会救助暂行办法》关于核对申请家庭情况的规定（示例）")
    page.locator("[name=duty_basis]").fill("本局三定规定：负责社会救助对象认定（示例）")
    page.locator("[name=need]").fill("办理临时救助时核验申请人是否为签约服务对象，并取得联系电话")
    page.get_by_label("用于数据校核").check()
    eye.look("apply-2")
    page.get_by_role("button", name="下一步：怎么用").click()
    page.locator("[name=filter_1_column]").select_option(label="服务状态")
    page.locator("[name=filter_1_values]").fill("1")
    page.locator("[name=undertaking]").check()
    eye.look("apply-3")
    page.get_by_role("button", name="提交申请").click()
    page.wait_for_url("**/cases/**")
    assert "申请已提交" in eye.said()
    return page.url


def grant(eye: Eye, case: str) -> None:
    """Approve the application as asked."""
    page = eye.page
    page.goto(case)
    eye.look("application-review")
    box = page.locator("details.y-outcome").first
    box.locator("summary").click()
    eye.look("application-deciding")
    box.get_by_role("button").click()
    page.wait_for_url(case)
    assert "已办理" in eye.said()


def connect(eye: Eye, case: str, name: str) -> None:
    """Make a machine client, see its secret once, attach it to the grant."""
    page = eye.page
    page.goto("/orgs/clients/")
    page.get_by_label("名称", exact=True).fill(name)
    page.get_by_role("button", name="建立并显示密钥").click()
    secret = page.locator("#client-secret").inner_text()
    eye.look("client-secret")
    page.get_by_role("link", name="已妥善保存").click()
    assert secret not in page.content()
    eye.look("clients")
    page.goto(case)
    page.get_by_role("link", name="查看授权").click()
    page.get_by_label(name).check()
    page.get_by_role("button", name="保存").click()
    assert "已保存" in eye.said()
    assert "curl" in page.locator("main").inner_text()
    eye.look("grant")


def look_up(eye: Eye, example) -> str:
    """Look a person up in the browser, open the receipt, verify it in place; returns the receipt's address."""
    page = eye.page
    page.get_by_role("link", name="联机查询").click()
    eye.look("lookup")
    page.locator("[name=keys]").fill(example.person_id(0))
    page.get_by_role("button", name="查询", exact=True).click()
    page.get_by_text("查到 1 条记录").wait_for()
    answer = page.get_by_label("查询结果").inner_text()
    assert example.person_id(0) not in answer
    assert "13903910000" not in answer
    assert "温*" in answer
    eye.look("lookup-found")
    page.get_by_role("link", name="查看凭证").click()
    for _ in range(40):  # the proof is made within two seconds
        if page.get_by_role("link", name="现场核验").count():
            break
        time.sleep(0.25)
        page.reload()
    eye.look("receipt")
    address = page.url
    page.get_by_role("link", name="现场核验").click()
    page.locator("[role=status]").first.wait_for()
    eye.look("receipt-verified")
    assert example.person_id(0) not in page.content()
    return address


@pytest.mark.timeout(300)
@pytest.mark.article("XW-19.1.b")
def test_whole_story_by_clicking_ends_with_a_verified_receipt(demonstration, example, sign_in):
    title = f"家庭医生签约信息（点击{time.strftime('%H%M%S')}）"
    provider, authority, consumer = sign_in("weijian"), sign_in("shuju"), sign_in("minzheng")
    case = describe(provider, example, title)
    review(authority, case, example)
    upload(provider, title, example)
    case = apply(consumer, title)
    grant(authority, case)
    connect(consumer, case, f"救助核验程序{time.strftime('%H%M%S')}")
    grant_address = consumer.page.url
    receipt = look_up(consumer, example)

    page = consumer.page
    page.goto(receipt)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载凭证").click()
    file = demonstration.home / "receipt.json"
    download.value.save_as(file)
    checked = example.verify(example.json.loads(file.read_text()), demonstration.home / "keys" / "ledger-verifier.txt")
    assert checked.returncode == 0, checked.stderr
    assert "凭证属实" in checked.stdout

    authority.page.goto(grant_address)
    authority.look("grant-authority")
    authority.page.get_by_label("收回理由").fill("演示结束")
    authority.page.get_by_role("button", name="收回授权").click()
    assert "收回" in authority.said()
    consumer.page.goto(grant_address)
    assert "演示结束" in page.locator("main").inner_text()
    consumer.look("grant-revoked")
    assert not provider.wrong + authority.wrong + consumer.wrong


@pytest.mark.article("XW-19.1.a")
def test_unconditional_resource_taken_by_clicking_is_usable_at_once(sign_in):
    eye = sign_in("jiaoti")
    page = eye.page
    page.goto("/catalogue/?q=企业登记信息")
    page.get_by_role("link", name="企业登记信息", exact=True).click()
    page.get_by_role("link", name="直接获取").click()
    eye.expected.add(422)
    page.get_by_role("button", name="直接获取").click()
    page.get_by_role("alert").first.wait_for()
    eye.look("direct-refused")
    eye.expected.clear()
    for item in ("企业名称", "统一社会信用代码"):
        page.get_by_label(item, exact=True).check()
    page.get_by_label("用于数据校核").check()
    page.locator("[name=undertaking]").check()
    eye.look("direct")
    page.get_by_role("button", name="直接获取").click()
    assert "现在就可以使用" in eye.said()
    page.get_by_role("link", name="联机查询").click()
    page.locator("[name=keys]").fill("不是代码")
    eye.expected.add(422)
    page.get_by_role("button", name="查询", exact=True).click()
    page.get_by_role("alert").first.wait_for()
    eye.look("lookup-refused")
    eye.expected.clear()
    page.get_by_role("link", name=re.compile("修武办法")).first.click()
    eye.look("law-article")


def test_receipt_printed_holds_its_text_on_one_page(example, sign_in):
    eye = sign_in("renshe")
    page = eye.page
    page.goto("/sharing/mine/")
    eye.look("grants")
    page.get_by_role("link", name="常住人口登记信息").first.click()
    page.get_by_role("link", name="联机查询").click()
    page.locator("[name=keys]").fill(example.person_id(0))  # nobody of the register: an answer without records
    page.get_by_role("button", name="查询", exact=True).click()
    eye.look("lookup-none")
    page.get_by_role("link", name="查看凭证").click()
    for _ in range(40):
        if page.get_by_role("link", name="下载凭证").count():
            break
        time.sleep(0.25)
        page.reload()
    page.wait_for_load_state("load")  # a click does not wait for the style sheets
    page.emulate_media(media="print")
    for text in ("政务数据资源调用记录凭证", "凭证号", "二维码"):
        assert page.get_by_text(text).first.is_visible(), text
    assert not page.locator(".y-nav").first.is_visible(), "the menu is not printed"
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1, "one sheet"


def test_sign_in_and_case_by_keyboard_alone(chromium, demonstration):
    context = chromium.new_context(base_url=demonstration.web, locale="zh-CN", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto("/")

    def until(wanted: str, most: int = 90, tag: str = "") -> None:
        """Press Tab until something (of the tag) whose words are these has the focus, and see that the focus shows."""
        for _ in range(most):
            page.keyboard.press("Tab")
            words = page.evaluate("""() => { const e = document.activeElement;
              return [(e.labels && e.labels[0] ? e.labels[0].innerText : e.innerText || e.ariaLabel || ''), getComputedStyle(e).outlineStyle + getComputedStyle(e).boxShadow, e.tagName] }""")
            if wanted in words[0] and tag in words[2]:
                assert words[1] != "nonenone", f"focus on {wanted} does not show"
                return
        pytest.fail(f"Tab does not reach {wanted}")

    if page.evaluate("document.activeElement.name") != "login":
        until("登录名")
    page.keyboard.type("shuju")
    page.keyboard.press("Tab")
    page.keyboard.type(demonstration.password)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^(?!.*login)"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "y-skip", "the first stop skips to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    first = page.locator("main tbody a").first.inner_text()
    until(first, tag="A")  # the box that picks a case for a batch bears its name too
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/**")
    assert first in page.locator("h1").inner_text()
    context.close()


@pytest.mark.parametrize("name", ["admin", "shuju", "weijian", "minzheng-ld", "shenji"])
def test_every_page_of_the_menu_stands_at_both_widths(sign_in, name):
    eye = sign_in(name)
    addresses = eye.page.locator(".y-nav a[href^='/']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert addresses
    for address in dict.fromkeys(addresses):
        eye.page.goto(address)
        words = re.sub(r"[^a-z]+", "-", address.strip("/")) or "home"
        eye.look(f"menu-{name}-{words}")
