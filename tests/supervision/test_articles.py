"""Rows of the acceptance list this context carries whole, each through its pages, in its jurisdiction."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.stewardship.conftest import AT, make_county
from yishu.cases.models import Case, Notice
from yishu.catalogue import changes
from yishu.kernel.time import shanghai_date
from yishu.registers.models import Entry
from yishu.stewardship import demands
from yishu.stewardship.demands import Wanted

from .conftest import browser_of, person, review

pytestmark = pytest.mark.django_db
XIUWU, JIYUAN, XINZHOU, YUHUA = (
    "cn-henan-jiaozuo-xiuwu",
    "cn-henan-jiyuan",
    "cn-shanxi-xinzhou",
    "cn-hunan-changsha-yuhua",
)
WANTED = Wanted("企业登记数据", ("企业名称",), None, "某条例第三条", "核验备案机构")


def register(county, kind):
    """The authority keeps a register of the standards library; a department may read but not write it. Returns the entry."""
    authority, clerk = browser_of(county.reviewer), browser_of(county.market_clerk)
    page = authority.get(f"/registers/{kind}/new/")
    form = page.context["form"]
    given = {}
    for name, field in form.fields.items():
        choices = [key for key, _ in getattr(field, "choices", ()) if key]
        given[name] = (
            str(choices[0]) if choices else "2026-01-05" if "date" in type(field).__name__.lower() else "目录编制规范"
        )
    answer = authority.post(f"/registers/{kind}/new/", given)
    assert answer.status_code == 302, answer.context["form"].errors
    entry = Entry.objects.get(jurisdiction=county.jurisdiction, kind=kind)
    assert clerk.post(f"/registers/{kind}/new/", given).status_code == 403
    assert entry.title in authority.get(f"/registers/{kind}/").content.decode()
    return entry


def authority_runs_the_whole(county):
    """The standards library and the dashboard over all departments, reached from one page, by the authority alone."""
    county.publish(county.civil, "低保台账", "低保证编号")
    entry = register(county, "standard")
    authority = browser_of(county.reviewer)
    page = authority.get("/supervision/")
    text = page.content.decode()
    assert {row.department.name for row in page.context["page"]} == {
        "数据局",
        "公安局",
        "市场监管局",
        "民政局",
        "卫健委",
    }
    assert "/registers/standard/" in text and entry.title in authority.get("/registers/standard/").content.decode()
    for other in (county.market_clerk, county.market_head):
        assert browser_of(other).get("/supervision/").status_code == 403
    return text


@pytest.mark.article("XW-5.1", "JY-4.1")
@pytest.mark.parametrize(
    ("pack", "procedure"), [(XIUWU, "catalogue.review"), (JIYUAN, "demand.list")], ids=["xiuwu", "jiyuan"]
)
def test_authority_keeps_standards_reviews_and_supervises_every_department(db, pack, procedure):
    county = make_county(pack)
    text, authority = authority_runs_the_whole(county), browser_of(county.reviewer)
    if procedure == "demand.list":
        demand = demands.create_demand(department=county.market, wanted=WANTED, by=county.market_clerk, at=AT)
        demands.submit_demand(demand_id=demand.pk, seen_revision=1, by=county.market_clerk, at=AT)
        case = Case.objects.get(procedure=procedure)
    else:
        case = review(county, county.market)
        assert case.number in authority.get(f"/?tab=open&turn={county.authority.pk}&light=red").content.decode()
    queue = f"/?tab=waiting&procedure={procedure}"
    assert queue.replace("&", "&amp;") in text and case.number in authority.get(queue).content.decode()
    assert authority.get(f"/cases/{case.pk}/").context["may"].allowed
    assert not browser_of(county.market_clerk).get(f"/cases/{case.pk}/").context["may"].allowed


@pytest.mark.article("YH-5.1")
def test_district_centre_supervises_and_keeps_plans_under_the_citys_platform(db):
    county = make_county(YUHUA, "雨花区")
    authority_runs_the_whole(county)
    plan = register(county, "plan")
    page = browser_of(county.reviewer).get("/supervision/").content.decode()
    assert "/registers/plan/" in page and plan.created_by == county.reviewer
    law = browser_of(county.reviewer).get(f"/law/{YUHUA}/YH-5.1/").content.decode()
    assert "依托市平台" in law
    city = make_county("cn-hunan-changsha", "长沙市", "cs-")
    place = county.jurisdiction
    place.parent = city.jurisdiction
    place.save()
    above = browser_of(city.reviewer).get("/supervision/", {"place": place.pk})
    assert above.context["total"]["in_service"] == 1, "the city's platform sees the district's figures"


@pytest.mark.article("XZ-1.4.a")
def test_leading_group_reads_everything_and_urges_the_authority_co_ordinates(db):
    county = make_county(XINZHOU, "忻州市")
    leader = person(county.authority, "ling", "leader")
    change = changes.record_change(
        department=county.market, kind="law", changed_on=AT.date(), basis="某条例修改", by=county.market_clerk, at=AT
    )
    case, browser = change.case, browser_of(leader)
    assert len(browser.get("/supervision/").context["page"]) == 5
    page = browser.get(f"/cases/{case.pk}/")
    assert page.context["urging_form"] and not page.context["choices"], "the group urges, it does not decide"
    assert browser.post(f"/cases/{case.pk}/submit/", {"revision": case.revision}).status_code == 403
    wanted = shanghai_date(timezone.now()) + timedelta(days=5)
    given = {"note": "请说明逾期原因并办结", "wanted_on": wanted.isoformat(), "revision": case.revision}
    assert browser.post(f"/cases/{case.pk}/urging/", given).status_code == 302
    moved = (case.step, case.revision, case.due_on)
    case.refresh_from_db()
    assert (case.step, case.revision, case.due_on) == moved
    for told in (county.reviewer, county.market_clerk):
        assert Notice.objects.filter(case=case, key__startswith="urging:", person=told).exists()
    assert "请说明逾期原因并办结" in browser_of(county.reviewer).get(f"/cases/{case.pk}/").content.decode()
    assert len(browser_of(county.reviewer).get("/supervision/").context["page"]) == 5
    assert browser_of(county.market_clerk).post(f"/cases/{case.pk}/urging/", given).status_code == 403
    assert browser_of(leader).get("/?tab=open&urged=1").context["page"].paginator.count == 1
