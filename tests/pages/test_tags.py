"""The elements of pages: plain values in, accessible HTML out."""

from datetime import UTC, date, datetime

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory

from yishu.kernel.errors import Problem
from yishu.kernel.references import Reference
from yishu.law.calendar import standard
from yishu.law.clocks import due
from yishu.pages.parts import FacetOption, LineStep

PLACE = Reference("cn-henan-jiaozuo-xiuwu", "修武办法", "第十九条第一项", "XW-19.1.b")


def render(text: str, path: str = "/", **context: object) -> str:
    request = RequestFactory().get(path)
    return Template("{% load yishu %}" + text).render(Context({"request": request, **context}))


def test_article_reference_links_to_its_row():
    html = render("{% article r %}", r=PLACE)
    assert 'href="/law/cn-henan-jiaozuo-xiuwu/XW-19.1.b/"' in html and ">修武办法 第十九条第一项</a>" in html
    assert render("{% article r %}", r=PLACE.as_dict()) == html
    assert render("{% article r %}", r=None) == ""


@pytest.mark.usefixtures("standard_calendar")
def test_clock_light_due_tells_days_counted_and_not_counted():
    term = due(date(2026, 9, 24), 10, standard())
    html = render("{% clock_light d today reference=r %}", d=term, today=date(2026, 9, 28), r=PLACE)
    assert "y-clock-green" in html and "10月15日 周四截止" in html
    assert "计入的工作日（10 天）" in html and "国庆节" in html and "修武办法" in html


@pytest.mark.usefixtures("standard_calendar")
@pytest.mark.parametrize(
    ("today", "light", "words"),
    [
        (date(2026, 9, 18), "green", "还剩 5 个工作日"),
        (date(2026, 9, 23), "amber", "还剩 1 个工作日"),
        (date(2026, 9, 24), "amber", "今天截止"),
        (date(2026, 9, 28), "red", "已逾期 1 个工作日"),
    ],
)
def test_clock_light_plain_date_says_its_state_in_words(today, light, words):
    html = render("{% clock_light d today total=5 start=s %}", d=date(2026, 9, 24), today=today, s=date(2026, 9, 17))
    assert f"y-clock-{light}" in html and words in html


@pytest.mark.usefixtures("standard_calendar")
def test_clock_light_provisional_and_none():
    assert "暂定" in render(
        "{% clock_light d today total=10 provisional=True %}", d=date(2027, 1, 4), today=date(2026, 12, 28)
    )
    assert "文本未规定时限" in render("{% clock_light d today %}", d=None, today=date(2026, 12, 28))


def test_case_line_says_states_in_words_and_marks_the_present_step():
    steps = [
        LineStep("提交", "done", who="易经办", when=datetime(2026, 9, 18, 2, tzinfo=UTC), took="1 个工作日"),
        LineStep("审核", "now", who="数据主管部门", due_on=date(2026, 9, 24), reference=PLACE),
        LineStep("补正", "aside"),
        LineStep("办结", "ahead"),
    ]
    html = render("{% case_line steps %}", steps=steps)
    assert html.count("<li") == 4 and html.count('aria-current="step"') == 1
    assert "2026-09-18 10:00" in html and "9月24日 周四截止" in html and "未经过" in html


def test_problem_list_escapes_and_names_the_article():
    html = render("{% problem_list p %}", p=[Problem("第 3 行", "<b>", "改正", "x", PLACE)])
    assert "&lt;b&gt;" in html and "第 3 行" in html and "修武办法" in html
    assert render("{% problem_list p %}", p=[]).strip() == ""


class Sample(forms.Form):
    references = {"basis": PLACE}
    basis = forms.CharField(label="依据", help_text="写明文件")
    kind = forms.ChoiceField(label="类别", choices=[("a", "甲"), ("b", "乙")])
    way = forms.ChoiceField(label="方式", choices=[("a", "甲"), ("b", "乙")], widget=forms.RadioSelect)
    items = forms.MultipleChoiceField(
        label="信息项", choices=[("a", "姓名"), ("b", "地址")], widget=forms.CheckboxSelectMultiple
    )
    agree = forms.BooleanField(label="同意")
    note = forms.CharField(label="备注", required=False, widget=forms.Textarea)
    seen = forms.IntegerField(widget=forms.HiddenInput)
    file = forms.FileField(label="文件", required=False)


def test_form_fields_keep_what_was_typed_and_mark_the_article():
    form = Sample({"basis": "", "kind": "b", "way": "b", "items": ["b"], "note": "已填<x>", "seen": "3"})
    html = render("{% form_problems form %}{% form_fields form %}", form=form)
    assert 'href="#id_basis"' in html and "有 2 处需要改正" in html
    assert html.count("修武办法 第十九条第一项") == 2
    assert '<option value="b" selected>' in html and "已填&lt;x&gt;" in html
    assert (
        'name="way" value="b" id="id_way_1" checked' in html
        and 'name="items" value="b" id="id_items_1" checked' in html
    )
    assert 'aria-invalid="true"' in html and 'aria-describedby="id_basis_help id_basis_errors"' in html
    assert html.count('type="radio"') == 2 and html.count('type="checkbox"') == 3
    assert 'type="hidden" name="seen" value="3"' in html and 'type="file"' in html
    for name in ("basis", "kind", "note", "file", "agree"):
        assert f'for="id_{name}"' in html


def test_list_tags_keep_the_other_filters():
    path = "/x/?q=a%26b&kind=k&sort=name&page=3"
    head = render('{% sort_header "name" "名称" %}', path)
    assert 'aria-sort="ascending"' in head and "sort=-name" in head and "q=a%26b" in head and "page=" not in head
    facet = render('{% facet "kind" "类别" o %}', path, o=[FacetOption("k", "甲", 1200), FacetOption("m", "乙")])
    assert "1,200" in facet and facet.count("aria-current") == 1 and "kind=m" in facet
    box = render('{% search_box "查找" %}', path)
    assert 'name="kind" value="k"' in box and 'value="a&amp;b"' in box and 'name="page"' not in box
    pages = render("{% pagination p %}", path, p=Paginator(range(500), 50).get_page(3))
    assert "共 500 条" in pages and "page=4" in pages and 'aria-current="page">3<' in pages


def test_small_elements_say_what_they_mean_in_words():
    assert "有条件共享" in render('{% share_type "conditional" %}')
    assert "3级" in render("{% grade 3 %}") and "未定级" in render("{% grade None %}")
    assert "40%" in render("{% progress 2 5 %}") and 'value="2"' in render("{% progress 2 5 %}")
    assert "还没有" in render('{% empty_state "还没有" hint="去做" url="/x/" label="做" %}')
    assert "已存证" in render('{% receipt_seal state="sealed" tree_size=12000 digest="ab" %}')
    assert "12,000" in render('{% receipt_seal state="sealed" tree_size=12000 %}')
    assert 'data-copy="x"' in render('{% code_block t id="x" %}', t="a") and "a&lt;b" in render(
        '{% code_block t id="x" %}', t="a<b"
    )
    assert render("{{ d|in_words }}", d=date(2020, 9, 24)) == "2020年9月24日 周四"
    assert render("{{ m|moment }}", m=datetime(2026, 9, 18, 20, tzinfo=UTC)) == "2026-09-19 04:00"
    assert render("{{ n|number }}", n=1234567) == "1,234,567"
    assert "csrfmiddlewaretoken" in render('{% confirm "/x/" "停用" "真的吗" tone="danger" %}', csrf_token="t")
