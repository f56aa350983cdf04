"""The overview: its numbers, the lists they open, who may read it, and how often it asks the database."""

import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from tests.stewardship.conftest import AT, make_county
from yishu.orgs.models import Area, Department
from yishu.stewardship.models import Demand
from yishu.supervision import queries, rules
from yishu.supervision.figures import resources_in
from yishu.supervision.links import link

from .conftest import browser_of, load, person, review

pytestmark = pytest.mark.django_db

COUNTED = {
    "in_service", "draft", "submitted", "returned", "retiring", "unconditional", "conditional", "withheld", "late_loads", "waiting",
    "green", "amber", "red", "urged", "opened", "changes", "changes_late", "demands_submitted", "demands_open", "sources",
}  # fmt: skip
"""Measures whose link is a list with one line for each thing counted."""


def figures(who, department=None):
    found = queries.overview(who, timezone.now())
    if department is None:
        return found.total
    return next(r.figures for r in found.rows if r.department.pk == department.pk)


@pytest.fixture
def busy(county):
    """Something to count at nearly every measure."""
    spec = county.publish(county.market, "食品经营许可台账", "许可证编号", "经营者")
    county.publish(
        county.civil, "低保对象台账", "低保证编号", share_type="conditional", share_basis="社会救助暂行办法第九条"
    )
    load(spec.id, county.market_clerk, AT)
    review(county, county.market, "药品台账")
    review(county, county.civil, "养老机构台账", timezone.now())
    county.draft(county.police, "户籍台账", "户号", by=county.police_clerk)
    county.table(county.market, "许可表", resource=spec.code)
    county.table(county.market, "处罚表")
    for state in ("submitted", "approved"):
        Demand.objects.create(
            jurisdiction=county.jurisdiction, department=county.health, title="需求", state=state, created_by=county.health_clerk,
            created_at=AT, updated_at=AT,
        )  # fmt: skip
    return county


def test_every_number_opens_the_list_that_counts_it(busy, leader):
    browser = browser_of(leader)
    page = browser.get("/supervision/")
    assert page.status_code == 200
    text, seen = page.content.decode(), set()
    rows = queries.overview(leader, timezone.now()).rows
    for pk, found in [(None, figures(leader)), *((r.department.pk, r.figures) for r in rows)]:
        for measure in rules.MEASURES:
            if not found[measure.key]:
                continue
            seen.add(measure.key)
            url = link(measure.key, pk)
            assert url.replace("&", "&amp;") in text
            answer = browser.get(url)
            assert answer.status_code == 200, url
            if measure.key in COUNTED:
                assert answer.context["page"].paginator.count == found[measure.key], url
    assert len(seen) >= 15


def test_overview_counts_by_department(busy, leader):
    market, civil = figures(leader, busy.market), figures(leader, busy.civil)
    assert (market["in_service"], market["unconditional"], market["tables"], market["gaps"]) == (1, 1, 2, 1)
    assert market.completeness == 50 and civil.completeness is None
    assert (market["late_loads"], market["duties"], market["kept"], market["unacknowledged"]) == (1, 1, 0, 1)
    authority = figures(leader, busy.authority)
    assert (authority["waiting"], authority["red"], authority["green"]) == (2, 1, 1)
    assert market["opened"] == 1 and market["waiting"] == 0
    load(resources_in([busy.market.pk], "in_service", AT).get().pk, busy.market_clerk, timezone.now())
    market = figures(leader, busy.market)
    assert (market["late_loads"], market["kept"]) == (0, 1)


def test_overview_asks_as_often_for_many_as_for_few(busy, leader):
    def asked():
        with CaptureQueriesContext(connection) as caught:
            queries.overview(leader, timezone.now())
        return len(caught)

    few = asked()
    for n in range(8):
        office = Department.objects.create(
            jurisdiction=busy.jurisdiction,
            name=f"第{n}局",
            uscc=f"1141082100009{n:04d}X",
            kind="government",
            created_at=AT,
        )
        person(office, f"clerk{n}", "provider")
        busy.publish(office, f"第{n}台账", "名称")
        review(busy, office, f"第{n}审核")
    assert asked() == few < 40


def test_overview_sorts_narrows_and_exports(busy, leader):
    browser = browser_of(leader)
    rows = browser.get("/supervision/", {"sort": "-red"}).context["page"]
    assert rows[0].department == busy.authority
    assert len(browser.get("/supervision/", {"q": "市场"}).context["page"]) == 1
    assert "没有符合条件" in browser.get("/supervision/", {"q": "\x00没有"}).content.decode()
    answer = browser.get("/supervision/", {"export": "xlsx", "sort": "name"})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet.max_row == 6 and sheet.max_column == 3 + len(rules.MEASURES)


@pytest.mark.parametrize("kinds", [("provider",), ("consumer", "responsible"), ("admin",), ("vendor",)])
def test_overview_refused_to_whoever_looks_over_nobody(kinds, county):
    who = person(county.market, "qita", *kinds)
    assert browser_of(who).get("/supervision/").status_code == 403


@pytest.mark.parametrize("kind", ["authority", "leader", "government", "auditor", "inspector"])
def test_overview_open_to_those_who_look_over_departments(kind, county):
    who = person(county.authority, "kan", kind, **({"office": "audit"} if kind == "inspector" else {}))
    assert len(browser_of(who).get("/supervision/").context["page"]) == 5


def test_overview_of_an_areas_authority_shows_the_area_alone(busy):
    area = Area.objects.create(jurisdiction=busy.jurisdiction, name="经开区", created_at=AT)
    office = Department.objects.create(
        jurisdiction=busy.jurisdiction, name="经开区数据局", uscc="11410821000095555X", kind="government", is_authority=True, area=area,
        created_at=AT,
    )  # fmt: skip
    Department.objects.filter(pk=busy.civil.pk).update(area=area)
    who = person(office, "kai", "authority")
    found = queries.overview(who, timezone.now())
    assert {r.department.pk for r in found.rows} == {office.pk, busy.civil.pk}
    assert figures(who, office)["waiting"] == 1 and found.total["in_service"] == 1
    assert (
        browser_of(who).get("/supervision/resources/", {"department": busy.market.pk}).context["page"].paginator.count
        == 0
    )


def test_lower_platform_gives_the_city_counts_and_no_names(busy, leader):
    city = make_county("cn-henan-jiaozuo", "焦作市", "jz-")
    place = busy.jurisdiction
    place.parent = city.jurisdiction
    place.save()
    browser = browser_of(city.reviewer)
    assert "修武县" in browser.get("/supervision/").content.decode()
    answer = browser.get("/supervision/", {"place": place.pk})
    text = answer.content.decode().split("<main", 1)[1]
    assert answer.status_code == 200 and "市场监管局" not in text and answer.context["total"]["in_service"] == 2
    assert 'href="/supervision/resources' not in text
    for who, pk in (
        (leader, city.jurisdiction.pk),
        (city.auditor, place.pk),
        (city.reviewer, 0),
        (city.market_clerk, place.pk),
    ):
        assert browser_of(who).get("/supervision/", {"place": pk}).status_code == 404
    assert browser.get("/supervision/", {"place": "九"}).status_code == 404


def test_department_page_shows_its_head_what_waits_for_a_signature(busy):
    head = browser_of(busy.market_head)
    assert head.get("/supervision/mine/")["Location"] == f"/supervision/department/{busy.market.pk}/"
    text = head.get(f"/supervision/department/{busy.market.pk}/").content.decode()
    assert "等我签署" in text and "采集责任清单有新版" in text
    assert head.get(f"/supervision/department/{busy.civil.pk}/").status_code == 404
    assert head.get("/supervision/resources/").context["page"].paginator.count == 2
    page = browser_of(busy.auditor).get(f"/supervision/department/{busy.civil.pk}/")
    assert page.status_code == 200 and "完整性 —" in page.content.decode()


def test_department_page_of_another_tenant_is_not_there(county):
    other = make_county("cn-henan-jiaozuo", "焦作市", "jz-")
    assert browser_of(other.auditor).get(f"/supervision/department/{county.market.pk}/").status_code == 404
