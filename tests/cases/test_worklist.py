"""The work list: lights, filters, export, and the same number of queries however many cases there are."""

import io
from datetime import date, datetime, timedelta

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from yishu.cases import worklist
from yishu.cases.models import Case
from yishu.kernel.time import SHANGHAI
from yishu.law import calendar, clocks
from yishu.orgs import calendars

from .conftest import AT, open_review
from .test_pages import client_of, plain_handler  # noqa: F401

pytestmark = pytest.mark.django_db


def test_lights_filter_as_the_clock_shows(county):
    for days in range(0, 30, 2):
        open_review(county, title=f"资源{days}", at=AT - timedelta(days=days))
    today, days = date(2026, 9, 18), calendar.standard()
    for case in Case.objects.all():
        shown = clocks.light(case.ends_on, today, days, 5)
        found = [light for light in worklist.LIGHTS if worklist.by_light(Case.objects.filter(pk=case.pk), light, today)]
        assert found == [shown], case.ends_on
    facets = worklist.facets(Case.objects.all(), county.jurisdiction, today, {})
    assert sum(option.count for option in facets["light"]) == Case.objects.count()


def test_page_costs_the_same_queries_for_three_cases_as_for_thirty(county):
    client = client_of(county.reviewer)

    def queries(tab):
        calendars.forget()  # the calendar is read every two seconds, not by the page
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert client.get(f"/?tab={tab}").status_code == 200
        return len(caught)

    for n in range(3):
        open_review(county, title=f"资源{n}", at=AT - timedelta(days=n))
    few = {tab: queries(tab) for tab, _ in worklist.TABS}
    for n in range(27):
        open_review(county, title=f"更多{n}", at=AT - timedelta(days=n))
    assert {tab: queries(tab) for tab, _ in worklist.TABS} == few
    assert max(few.values()) < 45


def test_steps_of_one_procedure_narrow_the_list(county):
    case = open_review(county)
    client = client_of(county.reviewer)
    page = client.get("/?tab=open&procedure=catalogue.review&step=review").content.decode()
    assert case.title in page
    assert case.title not in client.get("/?tab=open&procedure=catalogue.review&step=revision").content.decode()


def test_exported_list_holds_the_filtered_rows_and_no_formula(county):
    open_review(county, title='=HYPERLINK("http://x.invalid","点我")')
    open_review(county, title="道路名称")
    client = client_of(county.reviewer)
    response = client.get("/cases/export/?q=HYPERLINK")
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    rows = list(sheet.iter_rows(values_only=False))
    assert len(rows) == 2 and rows[1][1].data_type == "s" and rows[1][1].value.startswith("=HYPERLINK")
    assert "filename*=utf-8''" in response["Content-Disposition"].lower()
    assert openpyxl.load_workbook(io.BytesIO(client.get("/cases/export/?tab=open").content)).active.max_row == 3


def test_export_shows_nothing_of_another_jurisdiction(county, elsewhere):
    open_review(county, title="道路名称")
    sheet = openpyxl.load_workbook(io.BytesIO(client_of(elsewhere.auditor).get("/cases/export/?tab=open").content))
    assert sheet.active.max_row == 1


@pytest.mark.parametrize("query", ["area=x", "light=blue", "step=%00", "department=-1", "tab=%00&procedure=%00"])
def test_list_with_hostile_filters_opens(county, query):
    open_review(county)
    client = client_of(county.reviewer)
    assert client.get(f"/?{query}").status_code == 200
    assert client.get(f"/cases/export/?{query}").status_code == 200


def test_nearest_of_both_ends_sorts_the_list(county):
    later, sooner = open_review(county, title="后"), open_review(county, title="先")
    Case.objects.filter(pk=sooner.pk).update(outer_due_on=date(2026, 9, 21), ends_on=date(2026, 9, 21))
    found = worklist.ordered(worklist.tab_cases(county.reviewer, "waiting"), "", "waiting")
    assert [case.pk for case in found] == [sooner.pk, later.pk]


def test_case_from_before_clocks_were_kept_is_decided_as_ever(county):
    from yishu.cases import actions

    case = open_review(county)
    Case.objects.filter(pk=case.pk).update(clocks={}, clock_from=None, ends_on=None, amber_on=None)
    at = datetime(2026, 9, 22, 9, 0, tzinfo=SHANGHAI)
    after = actions.act(case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=at, reason="补充")
    assert after.paused_left == 2
