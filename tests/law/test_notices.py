"""A year's notice of holidays as people import it, and the calendar with it put in."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yishu.law import calendar
from yishu.law.calendar import Notice, standard
from yishu.law.clocks import due
from yishu.law.notices import MAX_BYTES, BadNotice, read_notice

GOOD = {
    "year": 2027,
    "papers": ["https://www.gov.cn/a"],
    "days": [
        {"name": "元旦", "date": "2026-12-31", "isOffDay": True},
        {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
        {"name": "春节", "date": "2027-01-30", "isOffDay": False},
        {"name": "春节", "date": "2027-02-08", "isOffDay": True},
    ],
}


def raw(**changes):
    return json.dumps(GOOD | changes).encode()


def day(**changes):
    return raw(days=[{"name": "元旦", "date": "2027-01-01", "isOffDay": True} | changes])


def test_notice_is_read_with_days_off_and_days_worked():
    notice = read_notice(raw())
    assert (notice.year, notice.title) == (2027, "https://www.gov.cn/a")
    assert notice.off == {date(2026, 12, 31): "元旦", date(2027, 1, 1): "元旦", date(2027, 2, 8): "春节"}
    assert notice.worked == {date(2027, 1, 30): "春节"}


@pytest.mark.parametrize(
    ("source", "where", "words"),
    [
        (b"\xff\x00", "文件", "JSON"),
        (b"[1]", "文件", "最外层"),
        (b"[" * 100_000, "文件", "JSON"),
        (b" " * (MAX_BYTES + 1), "文件", "不超过"),
        (raw(year="2027"), "year", "年份"),
        (raw(year=True), "year", "年份"),
        (raw(year=1999), "year", "年份"),
        (raw(year=10**30), "year", "年份"),
        (raw(days={}), "days", "列表"),
        (raw(days=[]), "days", "列表"),
        (raw(days=["元旦"]), "days 第 1 项", "name, date, isOffDay"),
        (day(date="2027-02-30"), "days 第 1 项", "真实的日期"),
        (day(date="2027-W01-1"), "days 第 1 项", "真实的日期"),
        (day(date=None), "days 第 1 项", "真实的日期"),
        (day(date="2028-01-01"), "days 第 1 项", "不在 2027 年"),
        (day(date="2026-11-30"), "days 第 1 项", "不在 2027 年"),
        (day(name=""), "days 第 1 项", "节日名称"),
        (day(name="元\x00旦"), "days 第 1 项", "节日名称"),
        (day(name="元" * 41), "days 第 1 项", "节日名称"),
        (day(isOffDay="yes"), "days 第 1 项", "true（放假）"),
        (day(isOffDay=False), "days 第 1 项", "不是周末"),
        (raw(days=[GOOD["days"][1]] * 2), "days 第 2 项", "出现两次"),
    ],
)
def test_notice_that_cannot_be_used_says_where_and_why(source, where, words):
    with pytest.raises(BadNotice) as caught:
        read_notice(source)
    assert [p.where for p in caught.value.problems if words in p.what] == [where]


def test_notice_lists_every_problem_at_once():
    with pytest.raises(BadNotice) as caught:
        read_notice(raw(days=[{"name": "", "date": "x", "isOffDay": 1}, {"name": "", "date": "x", "isOffDay": 1}]))
    assert len(caught.value.problems) == 6


@given(st.binary(max_size=300) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["year", "days", "date", "name", "isOffDay", "papers"]), x), max_leaves=12).map(lambda x: json.dumps(x).encode()))  # fmt: skip
def test_notice_of_anything_is_read_or_refused(source):
    try:
        assert read_notice(source).off is not None
    except BadNotice as refused:
        assert refused.problems


def test_notice_without_its_paper_names_the_year():
    assert read_notice(raw(papers=["javascript:alert(1)"])).title == "2027 年部分节假日安排"
    assert read_notice(raw(papers=None)).title == "2027 年部分节假日安排"


@pytest.fixture
def source(standard_calendar):
    """Installs notices instead of those in the database."""
    return lambda *notices: calendar.install_source(lambda: notices)


def test_current_calendar_without_notices_is_the_standard_one(standard_calendar):
    assert calendar.current() is standard()


def test_current_calendar_judges_the_year_of_a_notice_and_moves_deadlines(source):
    before = due(date(2027, 1, 29), 5, calendar.current())
    source(read_notice(raw()))
    found = calendar.current()
    after = due(date(2027, 1, 29), 5, found)
    assert (before.provisional, after.provisional) == (True, False)
    assert (before.date, after.date) == (date(2027, 2, 9), date(2027, 2, 4))
    assert found.why(date(2027, 1, 30)) == "调休上班（春节）"
    assert not found.is_working(date(2026, 12, 31))
    assert standard().is_working(date(2026, 12, 31))
    assert calendar.current() is found


def test_current_calendar_replaces_a_year_and_keeps_what_the_next_notice_said(source):
    plain = Notice(2022, "改", {date(2022, 10, 3): "国庆节"}, {})
    source(plain)
    assert calendar.current().is_working(date(2022, 10, 4))
    assert calendar.current().why(date(2022, 12, 31)) == "元旦"


def test_current_calendar_leaves_out_a_notice_behind_a_gap_until_it_closes(source):
    far = Notice(2028, "远", {date(2028, 1, 3): "元旦"}, {})
    source(far)
    assert max(calendar.current().years) == 2026
    source(far, read_notice(raw()))
    assert max(calendar.current().years) == 2028
    assert not calendar.current().is_working(date(2028, 1, 3))
