"""Tenants: founding, the mode of the law, areas, what a city sees of its counties."""

import re
from datetime import date

import pytest
from django.test import Client as Browser
from django.urls import reverse

from tests.orgs.conftest import valid_uscc
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from yishu.law import folders, packs, values
from yishu.orgs import actions, queries, tenants
from yishu.orgs.models import Department, Jurisdiction, JurisdictionChange, Person

pytestmark = pytest.mark.django_db
XINZHOU = "cn-shanxi-xinzhou"
COUNTY = """id: cn-shanxi-xinzhou-xinyuan
name: 新原县
instrument: 新原县政务数据共享工作方案（示例）
short_name: 新原方案
division_code: "140999"
status: in_force
parent: cn-shanxi-xinzhou
inherits: all
note: 试用的下级方案
validity:
  from: 2024-01-01
  until: 2034-01-01
  reference: {article: 第一条}
interpreter: {text: 新原县数据局, reference: {article: 第一条}}
basis:
  - {text: 忻州意见, reference: {article: 第一条}}
"""
CLOCK = """clocks:
  share.cond.reply:
    title: 答复有条件共享申请
    working_days: %d
    actor: provider
    starts_at: transferred
    starts: 申请转至提供部门之日
    ends_with: replied
    ends: 提供部门作出答复
    extension: none
    reference: {article: 第二条}
"""
ARTICLES = "articles:\n  第一条: {summary: 施行}\n  第二条: {summary: 三个工作日内答复}\n"


@pytest.fixture
def county_pack(tmp_path):
    """Writes a county's pack under 忻州's with a reply in so many working days; searched until the test ends."""

    def write(days: int) -> str:
        folder = tmp_path / "cn-shanxi-xinzhou-xinyuan"
        folder.mkdir(exist_ok=True)
        (folder / "pack.yaml").write_text(COUNTY, encoding="utf-8")
        (folder / "clocks.yaml").write_text(CLOCK % days, encoding="utf-8")
        (folder / "articles.yaml").write_text(ARTICLES, encoding="utf-8")
        packs.add_folder(tmp_path)
        packs.reload()
        return folder.name

    yield write
    folders.remove(tmp_path)
    packs.reload()


def founding(**more):
    return {
        "pack": XINZHOU, "name": "定襄平台", "parent": "", "mode": "overlaid", "department": "定襄县数据局", "uscc": valid_uscc(777),
        "person_name": "甄县管", "username": "dingxiang",
    } | more  # fmt: skip


@pytest.mark.article("XZ-1.1")
def test_city_and_county_logical_platforms_stand_in_one_deployment_apart(town, browser_of):
    city = town(XINZHOU, "忻州平台")
    browser = browser_of(city.admin)
    answer = browser.post(reverse("orgs-jurisdiction-new"), founding(parent=city.place.pk))
    page = answer.content.decode()
    password = re.search(r'<pre id="initial-password"[^>]*>([^<]+)</pre>', page).group(1)
    county = Jurisdiction.objects.get(name="定襄平台")
    assert county.parent == city.place and county.mode == "overlaid" and county.pack == XINZHOU
    person = Person.objects.get(username="dingxiang")
    assert person.department.is_authority and queries.roles_of(person) == {"admin"}
    assert Browser().post("/accounts/login/", {"login": "dingxiang", "password": password}).status_code == 302
    person.must_change_password = False
    person.save()
    theirs = browser_of(person)
    assert "忻州平台" not in theirs.get(reverse("orgs-departments")).content.decode()
    assert theirs.get(reverse("orgs-department", args=[city.bureau.pk])).status_code == 404
    assert browser.get(reverse("orgs-department", args=[person.department.pk])).status_code == 404
    seen = browser.get(reverse("orgs-jurisdictions")).content.decode()
    assert "定襄平台" in seen and "定襄县数据局" not in seen


@pytest.mark.article("XZ-8.1")
def test_county_plan_shortens_a_term_within_the_city_text_and_never_lengthens_it(town, county_pack, at):
    city = town(XINZHOU, "忻州平台")
    city_days = values.clock(city.place.law.at(date(2026, 9, 18)), "share.cond.reply").working_days
    assert city_days == 5
    with pytest.raises(Invalid) as refused:
        tenants.create_jurisdiction(
            pack=county_pack(city_days + 1), name="新原平台", parent=city.place, by=city.admin, at=at
        )
    assert {p.code for p in refused.value.problems} == {"orgs.pack_looser"}
    assert refused.value.problems[0].reference.instrument == "忻州意见"
    made = tenants.create_jurisdiction(
        pack=county_pack(city_days - 2), name="新原平台", parent=city.place, by=city.admin, at=at
    )
    view = made.law.at(date(2026, 9, 18))
    assert values.clock(view, "share.cond.reply").working_days == city_days - 2
    assert view.get("catalogue.acceptance").value == city.place.law.at(view.day).get("catalogue.acceptance").value


def test_county_under_a_pack_of_elsewhere_or_a_name_in_use_is_refused(town, at):
    city = town(XINZHOU, "忻州平台")
    with pytest.raises(Invalid):
        tenants.create_jurisdiction(pack="cn-henan-jiaozuo-xiuwu", name="甲", parent=city.place, by=None, at=at)
    with pytest.raises(Conflict):
        tenants.create_jurisdiction(pack=XINZHOU, name="忻州平台", by=None, at=at)


def test_founding_is_for_platform_operators_and_administrators_above(town, browser_of, at):
    first, city = town("cn-henan-jiaozuo-xiuwu", "修武平台"), town(XINZHOU, "忻州平台")
    assert tenants.is_platform_operator(first.admin, at) and not tenants.is_platform_operator(city.admin, at)
    with pytest.raises(NotAllowed):
        tenants.create_jurisdiction(pack=XINZHOU, name="另一平台", by=city.admin, at=at)
    with pytest.raises(NotAllowed):
        tenants.create_jurisdiction(pack=XINZHOU, name="另一平台", parent=first.place, by=city.admin, at=at)
    browser = browser_of(city.admin)
    assert browser.post(reverse("orgs-jurisdiction-new"), founding()).status_code == 422  # no parent chosen
    assert browser.post(reverse("orgs-jurisdiction-new"), founding(parent=first.place.pk)).status_code == 422
    clerk = city.person("jingban9", "易经办", city.bureau, "provider")
    assert browser_of(clerk).get(reverse("orgs-jurisdiction-new")).status_code == 403
    assert browser_of(clerk).get(reverse("orgs-jurisdictions")).status_code == 403
    made = browser_of(first.admin).post(reverse("orgs-jurisdiction-new"), founding())
    assert made.status_code == 200 and Jurisdiction.objects.filter(name="定襄平台", parent=None).exists()
    again = browser_of(first.admin).post(reverse("orgs-jurisdiction-new"), founding(name="另名", uscc="1"))
    assert again.status_code == 422 and not Jurisdiction.objects.filter(name="另名").exists()


def test_city_sees_figures_of_its_counties_and_not_of_strangers(town, at):
    stranger, city = town("cn-henan-jiaozuo-xiuwu", "修武平台"), town(XINZHOU, "忻州平台")
    county = town(XINZHOU, "定襄平台", parent=city.place)
    leader = city.person("lingdao", "甄领导", city.authority, "leader")
    found = tenants.lower_standings(leader, at)
    assert [(s.jurisdiction, s.departments, s.people, s.unfiled) for s in found] == [(county.place, 2, 1, 2)]
    assert tenants.lower_standings(county.admin, at) == () and tenants.lower_standings(stranger.admin, at) == ()
    assert set(tenants.jurisdictions_seen(county.admin, at)) == {county.place}


def test_mode_is_switched_with_a_reason_and_kept_in_history(town, browser_of, at):
    county, other = town("cn-henan-jiaozuo-xiuwu", "修武平台"), town(XINZHOU, "忻州平台")
    url = reverse("orgs-jurisdiction", args=[county.place.pk])
    browser = browser_of(county.admin)
    assert browser.post(url, {"mode": "overlaid", "reason": ""}).status_code == 422
    assert browser.post(url, {"mode": "as_written", "reason": "没有变化的理由"}).status_code == 422
    assert browser.post(url, {"mode": "overlaid", "reason": "国家条例已施行"}).status_code == 302
    county.place.refresh_from_db()
    assert county.place.mode == "overlaid"
    change = JurisdictionChange.objects.get(field="mode")
    assert (change.before, change.after, change.by) == ("按本级文本", "叠加国家条例", county.admin)
    page = browser.get(url).content.decode()
    assert "国家条例已施行" in page and "修武平台</strong>" in page and "叠加国家条例" in page
    assert browser_of(other.admin).post(url, {"mode": "as_written", "reason": "别人的理由"}).status_code == 404
    with pytest.raises(NotFound):
        tenants.switch_mode(jurisdiction=county.place, mode="as_written", reason="别人的理由", by=other.admin, at=at)
    clerk = county.person("jingban8", "易经办", county.authority, "authority")
    assert browser_of(clerk).post(url, {"mode": "as_written", "reason": "没有角色的人"}).status_code == 403


def test_area_has_its_own_authority_and_sees_its_departments_only(town, browser_of, at):
    city = town(XINZHOU, "忻州平台")
    browser = browser_of(city.admin)
    areas = reverse("orgs-area-new", args=[city.place.pk])
    assert browser.post(areas, {"name": "经开区"}).status_code == 302
    assert "已有同名片区" in browser.post(areas, {"name": "经开区"}, follow=True).content.decode()
    area = city.place.areas.get()
    zone = city.department("经开区数据局", is_authority=True, area=area)
    inside = city.department("经开区民政局", area=area)
    keeper = city.person("jingkai", "甄片区", zone, "authority")
    assert list(queries.authority_of(inside)) == [zone] and list(queries.authority_of(city.bureau)) == [city.authority]
    assert set(queries.read_over(keeper, "cases", at)) == {zone, inside}
    page = browser_of(keeper).get(reverse("orgs-departments")).content.decode()
    assert "经开区民政局" in page and city.bureau.name not in page
    assert browser_of(keeper).get(reverse("orgs-department", args=[city.bureau.pk])).status_code == 404
    over = city.person("shizhu", "甄市管", city.authority, "authority")
    assert set(queries.read_over(over, "cases", at)) == set(Department.objects.filter(jurisdiction=city.place))


def test_administrator_of_an_area_does_not_reach_beyond_it(town, browser_of, at):
    city = town(XINZHOU, "忻州平台")
    area = tenants.create_area(jurisdiction=city.place, name="经开区", by=city.admin, at=at)
    zone = city.department("经开区数据局", is_authority=True, area=area)
    keeper = city.person("pianguan", "甄片管", zone, "admin")
    stranger = city.person("jumin", "易民政", city.bureau, "provider")
    new = {"jurisdiction": city.place, "name": "新设局", "uscc": valid_uscc(77), "kind": "government", "at": at}
    assert actions.create_department(**new, area=area, by=keeper).area == area
    new |= {"name": "另设局", "uscc": valid_uscc(78)}
    outside = [
        lambda: actions.create_department(**new, is_authority=True, by=keeper),
        lambda: actions.update_department(department=zone, changes={"area": None}, by=keeper, at=at),
        lambda: actions.update_department(department=city.bureau, changes={"unit": "某科"}, by=keeper, at=at),
        lambda: actions.reset_password(person=stranger, by=keeper, at=at),
        lambda: actions.grant_role(person=keeper, kind="admin", department=city.authority, by=keeper, at=at),
        lambda: actions.create_person(username="xinren", name="新人", department=city.authority, by=keeper, at=at),
        lambda: tenants.switch_mode(
            jurisdiction=city.place, mode="overlaid", reason="片区想要改变", by=keeper, at=at
        ),
        lambda: tenants.create_area(jurisdiction=city.place, name="又一片区", by=keeper, at=at),
    ]  # fmt: skip
    for act in outside:
        with pytest.raises((NotFound, NotAllowed, Invalid)):
            act()
    assert not tenants.may_found(keeper, city.place, at) and not tenants.is_platform_operator(keeper, at)
    zone.refresh_from_db()
    assert zone.area == area and city.bureau.area is None


def test_nobody_acts_in_another_tenant(town, at):
    mine, theirs = town("cn-henan-jiaozuo-xiuwu", "修武平台"), town(XINZHOU, "忻州平台")
    clerk = theirs.person("jingban7", "易经办", theirs.bureau, "provider")
    given = {"by": mine.admin, "at": at}
    for act in (
        lambda: actions.create_department(jurisdiction=theirs.place, name="某局", uscc=valid_uscc(5), kind="government", **given),
        lambda: actions.update_department(department=theirs.bureau, changes={"unit": "科"}, **given),
        lambda: actions.create_person(username="moumou", name="某某", department=theirs.bureau, **given),
        lambda: actions.update_person(person=clerk, name="某某", department=mine.bureau, email="", active=True, **given),
        lambda: actions.update_person(person=mine.admin, name="某某", department=theirs.bureau, email="", active=True, **given),
        lambda: actions.grant_role(person=clerk, kind="consumer", **given),
        lambda: actions.grant_role(person=mine.admin, kind="admin", department=theirs.bureau, **given),
        lambda: actions.reset_password(person=clerk, **given),
        lambda: actions.unlock_person(person=clerk, **given),
        lambda: actions.revoke_role(role=clerk.roles.get(), **given),
        lambda: actions.create_client(department=theirs.bureau, name="系统", **given),
        lambda: tenants.create_area(jurisdiction=theirs.place, name="某区", **given),
        lambda: actions.update_department(department=mine.bureau, changes={"parent": theirs.bureau}, **given),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            act()


def test_last_administrator_of_each_tenant_stays(town, at):
    one, _ = town("cn-henan-jiaozuo-xiuwu", "修武平台"), town(XINZHOU, "忻州平台")
    with pytest.raises(Conflict) as refused:
        actions.revoke_role(role=one.admin.roles.get(), by=one.admin, at=at)
    assert refused.value.code == "orgs.last_administrator"


def test_units_stand_under_their_department_without_circles(town, browser_of, at):
    place = town("cn-henan-jiaozuo-xiuwu", "修武平台")
    unit = place.department("救助股", parent=place.bureau)
    page = browser_of(place.admin).get(reverse("orgs-department", args=[place.bureau.pk])).content.decode()
    assert "救助股" in page
    with pytest.raises(Invalid) as refused:
        actions.update_department(department=place.bureau, changes={"parent": unit}, by=place.admin, at=at)
    assert {p.code for p in refused.value.problems} == {"orgs.parent_circle"}
    actions.update_department(department=unit, changes={"parent": place.authority}, by=place.admin, at=at)
    kept = unit.changes.get(field="parent")
    assert (kept.before, kept.after) == (place.bureau.name, place.authority.name)


def test_sign_in_page_names_no_jurisdiction(town):
    town("cn-henan-jiaozuo-xiuwu", "修武平台")
    assert "修武平台" not in Browser().get("/accounts/login/").content.decode()
