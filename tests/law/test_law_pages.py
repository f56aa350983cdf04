"""The pages of the law: packs side by side, overlay decisions on packs and articles. Hostile addresses fall back."""

import pytest
from django.test import Client
from django.utils import timezone

from yishu.law import packs
from yishu.orgs import actions

XIUWU = "cn-henan-jiaozuo-xiuwu"


@pytest.fixture
def browser(db) -> Client:
    person, _ = actions.create_person(
        username="jingban", name="易经办", department=None, password="秋天的第一杯茶-2026", by=None, at=timezone.now()
    )
    browser = Client()
    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def page(browser, url):
    answer = browser.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_compare_page_shows_packs_side_by_side_with_their_articles(browser):
    html = page(browser, f"/law/compare/?packs={XIUWU},cn&on=2026-09-18")
    assert "修武县" in html and "全国" in html
    assert "修武办法 第十四条第二款" in html and "共享条例 第二十六条" in html
    assert 'class="y-differs"' in html
    assert "2026年9月18日 · 依本级文本" in html
    assert 'data-label="修武县"' in html


def test_compare_page_with_only_differences_leaves_out_what_is_the_same(browser):
    twice = page(browser, f"/law/compare/?packs={XIUWU}&kind=all&only=1&on=2026-09-18")
    assert "没有可以对照的内容" in twice
    assert page(browser, f"/law/compare/?packs={XIUWU}&packs=cn&kind=all&only=1").count("<tr") > 5


def test_compare_page_overlaid_marks_what_the_overlay_did(browser):
    html = page(browser, f"/law/compare/?packs={XIUWU}&mode=overlaid&on=2026-09-18&kind=all")
    assert "适用国家条例" in html
    assert "叠加国家条例" in html


@pytest.mark.parametrize(
    "query",
    [
        "packs=../../etc,nope&on=2026-02-30&mode=x&kind=y&only=2",
        "packs=%00&on=%00&q=%00%F0%9F%98%80",
        f"packs={'x' * 5000}&q={'法' * 500}",
        "on=0001-01-01&mode=overlaid",
        "on=9999-12-31&mode=overlaid&kind=all",
    ],
)
def test_compare_page_of_a_hostile_address_falls_back(browser, query):
    html = page(browser, f"/law/compare/?{query}")
    assert "法规对照" in html
    assert "etc" not in html


def test_compare_page_searches_by_name_and_key(browser):
    html = page(browser, f"/law/compare/?packs={XIUWU}&kind=all&q=check.verify&on=2026-09-18")
    assert "clocks.check.verify" in html
    assert "clocks.share.provide" not in html


def test_compare_page_and_pack_pages_need_a_person_signed_in(db):
    for url in ("/law/", "/law/compare/", f"/law/{XIUWU}/", f"/law/{XIUWU}/XW-1/"):
        assert Client().get(url).status_code == 302


def test_article_of_an_annex_opens_with_what_stands_on_it(browser):
    html = page(browser, "/law/cn/更新周期/")
    assert "编制指南 更新周期" in html


def test_article_page_shows_no_value_of_another_text(browser):
    html = page(browser, f"/law/{XIUWU}/第二十六条/")
    assert "修武办法 第二十六条" in html
    assert "共享条例 第二十六条" not in html


def test_pack_page_lists_what_its_overlay_decides(browser):
    html = page(browser, f"/law/{XIUWU}/")
    assert "叠加国家条例的决定" in html
    for decision in packs.load(XIUWU).overlay.decisions.values():
        assert decision.note.title in html


def test_decision_is_shown_on_the_articles_of_both_texts(browser):
    decision = packs.load(XIUWU).overlay.decisions["clocks.check.verify"].note
    for place in (decision.local, decision.national):
        html = page(browser, f"/law/{place.pack}/{place.article}/")
        assert decision.title in html
        assert decision.reason in html


def test_pack_page_says_what_the_text_does_not_have(browser):
    html = page(browser, f"/law/{XIUWU}/")
    assert "文本没有规定的" in html
