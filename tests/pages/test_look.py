"""All elements on one page in a real Chromium, kept as screenshots: what the other contexts' pages are made of."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import path

from yishu.config import urls as real
from yishu.kernel.errors import Problem
from yishu.kernel.references import Reference
from yishu.law.calendar import standard
from yishu.law.clocks import due
from yishu.pages.parts import FacetOption, Frame, LineStep, NavEntry, NavGroup

CHROMIUM = Path("/usr/bin/chromium")
SHOTS = Path(__file__).parents[1] / "browser" / "screenshots"
PLACE = Reference("cn-henan-jiaozuo-xiuwu", "修武办法", "第十九条第一项", "XW-19.1.b")
PAGE = """{% extends "pages/base.html" %}{% load yishu %}
{% block title %}元素{% endblock %}{% block heading %}元素{% endblock %}{% block subheading %}<p>各页面共用的部件</p>{% endblock %}
{% block actions %}<a class="btn" href="#">次要操作</a><a class="btn btn-primary" href="#">{% icon "send" %}主要操作</a>{% endblock %}
{% block content %}
<section class="card"><div class="card-header"><h2>进程</h2>{% article place %}</div><div class="card-body">{% case_line steps %}</div></section>
<section class="card"><div class="card-header"><h2>时限</h2></div><div class="y-tools">{% search_box "查找办件" %}{% facet "kind" "程序" options %}</div>
<div class="y-table-box"><table class="table y-stack"><thead><tr>{% sort_header "title" "办件" %}{% sort_header "due" "时限" %}<th scope="col">共享类型</th><th scope="col">级别</th><th scope="col" class="y-num">行数</th></tr></thead><tbody>
{% for clock in clocks %}<tr><th scope="row"><a href="#">人口基本信息共享申请</a></th><td data-label="时限">{% clock_light clock today total=5 reference=place %}</td><td data-label="类型">{% share_type "conditional" %} {% share_type "unconditional" %} {% share_type "withheld" %}</td><td data-label="级别">{% grade 1 %} {% grade 2 %} {% grade 3 %} {% grade 4 %}</td><td class="y-num" data-label="行数">{{ 1234567|number }}</td></tr>{% endfor %}
</tbody></table></div>{% pagination page "件" %}</section>
<section class="card"><div class="card-header"><h2>其他</h2></div><div class="card-body">{% problem_list problems %}<p>{% progress 40 100 "装载" %} {% badge "plain" %} {% badge "好" "good" %} {% badge "提醒" "warn" %} {% badge "错误" "bad" %} {% badge "说明" "info" %}</p>
{% code_block code id="curl" %}</div></section>
<section class="card"><div class="card-body">{% receipt_seal state="sealed" number="5b1c" tree_size=1200345 index=1200344 at=at digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" url="#" verify="#" %}</div></section>
<section class="card">{% empty_state "还没有申请" hint="先在目录里找到需要的资源，再点“申请共享”。" url="/catalogue/" label="去目录" %}</section>
{% endblock %}"""


def elements(request: HttpRequest) -> HttpResponse:
    today = date(2026, 9, 21)
    steps = [
        LineStep("提交申请", "done", who="易经办", when=datetime(2026, 9, 18, 2, tzinfo=UTC), note="已提交"),
        LineStep(
            "主管审批",
            "done",
            who="甄审核",
            when=datetime(2026, 9, 19, 2, tzinfo=UTC),
            took="1 个工作日",
            note="退回补正",
        ),
        LineStep("使用部门补正", "now", who="修武县自然资源局", due_on=date(2026, 9, 24), reference=PLACE),
        LineStep("撤回", "aside"),
        LineStep("办结", "ahead"),
    ]
    calendar = standard()
    clocks = [
        due(date(2026, 9, 20), 10, calendar),
        due(date(2026, 9, 18), 3, calendar),
        due(date(2026, 9, 8), 5, calendar),
        due(date(2026, 12, 18), 10, calendar),
        None,
    ]
    context = {
        "request": request,
        "frame": Frame(
            jurisdiction="修武县",
            pack_state="现行",
            mode="按本级文本",
            person="易经办",
            department="修武县自然资源局",
            roles=("使用方经办",),
            groups=(NavGroup("工作台", (NavEntry("我的工作", "/", "inbox", current=True, count=3),)),),
        ),
        "place": PLACE,
        "steps": steps,
        "clocks": clocks,
        "today": today,
        "options": [FacetOption("a", "目录审核", 12), FacetOption("b", "共享申请", 3)],
        "page": Paginator(range(900), 50).get_page(3),
        "problems": [
            Problem("第 3 行 身份证号", "校验位不符", "请核对原始材料", reference=PLACE),
            Problem("文件", "缺少列“姓名”"),
        ],
        "code": 'curl -X POST https://gateway.example/v1/resources/307021022100-000009/lookup \\\n  -H "Authorization: Bearer $TOKEN" -d \'{"keys": ["…"]}\'',
        "at": datetime(2026, 9, 18, 2, tzinfo=UTC),
    }
    return HttpResponse(Template(PAGE).render(Context(context)))


elements.login_required = False
urlpatterns = [path("t/elements/", elements), *real.urlpatterns]


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium (apt-get install chromium)")
@pytest.mark.django_db(transaction=True)
def test_elements_look_right_and_never_push_the_page_sideways(live_server, settings, monkeypatch):
    from playwright.sync_api import sync_playwright

    settings.ROOT_URLCONF = __name__
    # Playwright's sync API runs an event loop in this thread; Django would refuse the ORM beside it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    SHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for width, height in ((1280, 800), (640, 400), (390, 844)):  # 640: 1280 at 200 % zoom
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"{live_server.url}/t/elements/")
            page.locator(".y-clock").first.focus()
            assert page.get_by_text("计入的工作日（10 天）").first.is_visible()
            page.evaluate("window.scrollTo(0, 0)")
            page.screenshot(path=SHOTS / f"elements-{width}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
            page.close()
        page = browser.new_page(viewport={"width": 794, "height": 1123})
        page.goto(f"{live_server.url}/t/elements/")
        page.emulate_media(media="print")
        page.screenshot(path=SHOTS / "elements-print.png", full_page=True)
        assert not page.locator(".y-top").is_visible() and not page.locator(".y-nav").is_visible()
        browser.close()
