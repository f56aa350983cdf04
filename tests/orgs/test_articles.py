"""Rows of the acceptance list the organisations carry whole, each driven through their pages."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.guards.test_routes import ROUTES
from tests.orgs.conftest import valid_uscc
from tests.orgs.test_actions import ledger_rows
from yishu.law import values
from yishu.orgs import actions, queries, tenants
from yishu.orgs.models import Department, DepartmentChange

pytestmark = pytest.mark.django_db


@pytest.mark.article("XW-5.2")
def test_department_profile_gaps_are_flagged_to_the_authority_and_every_change_is_kept(office, browser_of):
    authority, admin = browser_of(office.reviewer), browser_of(office.admin)
    department = reverse("orgs-department", args=[office.estate.pk])
    overview, edit = reverse("orgs-departments"), reverse("orgs-department-edit", args=[office.estate.pk])
    page = authority.get(overview, {"profile": "incomplete"}).content.decode()
    assert office.estate.name in page and "缺主要负责人、专职机构、专职人员" in page and "第五条第二款" in page
    form = admin.get(edit).content.decode()
    assert all(word in form for word in ("主要负责人", "专职机构", "专职人员")) and form.count("第五条第二款") == 3
    given = {"name": office.estate.name, "uscc": office.estate.uscc, "kind": "government", "active": "on"}
    steps = (
        ({"unit": "信息中心"}, "缺主要负责人、专职人员"),
        ({"unit": "信息中心", "responsible": office.clerk.pk}, "缺专职人员"),
        ({"unit": "信息中心", "responsible": office.clerk.pk, "officers": [office.clerk.pk]}, ""),
    )
    for more, missing in steps:  # a gap refuses nothing, it stays flagged until it is filled
        assert admin.post(edit, given | more).status_code == 302
        page = authority.get(overview, {"profile": "incomplete"}).content.decode()
        assert (missing in page) if missing else (office.estate.name not in page)
    assert admin.post(edit, given | steps[0][0]).status_code == 302
    assert "缺主要负责人、专职人员" in authority.get(overview, {"profile": "incomplete"}).content.decode()
    history = authority.get(department).content.decode().partition("变更记录")[2]
    assert "信息中心" in history and history.count("易经办") >= 4 and "甄管理" in history
    rows = DepartmentChange.objects.filter(department=office.estate).order_by("pk")
    kept = [(r.field, r.before, r.after) for r in rows if r.field in ("unit", "responsible", "officers")]
    assert kept[:3] == [("unit", "", "信息中心"), ("responsible", "", "易经办"), ("officers", "", "易经办")]
    assert set(kept[3:]) == {("responsible", "易经办", ""), ("officers", "易经办", "")}


KINDS = [
    pytest.param(
        "cn-henan-jiaozuo-xiuwu", ("government", "authorised_institution", "authorised_organisation"), ("township",), "XW-2.2",
        id="XW-2.2",
    ),
    pytest.param(
        "cn-shanxi-xinzhou", ("people_government", "government", "party_administrative", "authorised_organisation"), (),
        "XZ-1.2.b", marks=pytest.mark.article("XZ-1.2.b"), id="XZ-1.2.b",
    ),
    pytest.param(
        "cn-henan-jiyuan", ("government", "authorised_institution", "authorised_organisation"), ("township",), "JY-2.1",
        marks=pytest.mark.article("JY-2.1"), id="JY-2.1",
    ),
    pytest.param(
        "cn-henan-jiyuan", ("stationed", "court", "procuratorate", "social_organisation", "public_utility"), (), "JY-63",
        marks=pytest.mark.article("JY-63"), id="JY-63",
    ),
    pytest.param(
        "cn-hunan-changsha-yuhua", ("government", "authorised_institution", "authorised_organisation"), (), "YH-2.1",
        marks=pytest.mark.article("YH-2.1"), id="YH-2.1",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("pack", "own", "not_own", "row"), KINDS)
def test_kinds_of_organisation_are_the_pack_s_and_only_they_own_and_apply(
    town, browser_of, pack, own, not_own, row, at
):
    place = town(pack, "本区平台")
    browser, url = browser_of(place.admin), reverse("orgs-department-new")
    form = browser.get(url).content.decode()
    for number, kind in enumerate((*own, *not_own)):
        given = {"name": f"某{kind}", "uscc": valid_uscc(500 + number), "kind": kind}
        assert f'value="{kind}"' in form and browser.post(url, given).status_code == 302
        made = Department.objects.get(name=f"某{kind}")
        decisions = queries.may_own_resources(made, at.date()), queries.may_apply(made, at.date())
        assert [d.allowed for d in decisions] == [kind in own] * 2
        page = browser.get(reverse("orgs-department", args=[made.pk])).content.decode()
        assert ("参照执行" in page) == (row == "JY-63")
        if kind in own:
            assert decisions[0].reference.row == row
        else:
            assert "不能作为资源的提供部门" in page and "不能申请共享数据" in page
    refused = browser.post(url, {"name": "某公司", "uscc": valid_uscc(600), "kind": "company"})
    assert refused.status_code == 422 and not Department.objects.filter(name="某公司").exists()


@pytest.mark.article("YH-5.2")
@pytest.mark.article("XZ-7.1.b")
@pytest.mark.parametrize(
    ("pack", "texts", "titles"),
    [
        ("cn-hunan-changsha-yuhua", {}, ("主要负责人", "专职机构", "专职人员")),
        (
            "cn-shanxi-xinzhou",
            {"text_rules": "数据管理制度", "text_goals": "年内完成编目", "text_duties": "办公室牵头"},
            ("主要负责人", "实施机构", "管理制度", "工作目标", "责任分工"),
        ),
    ],
    ids=["YH", "XZ"],
)
def test_profile_the_text_asks_for_is_flagged_until_filled_and_its_history_kept(town, browser_of, pack, texts, titles):
    place = town(pack, "本区平台")
    head = place.person("juzhang", "甄局长", place.bureau, "responsible")
    keeper = place.person("zhuguan", "甄主管", place.authority, "authority")
    overview, edit = reverse("orgs-departments"), reverse("orgs-department-edit", args=[place.bureau.pk])
    assert f"缺{'、'.join(titles)}" in browser_of(keeper).get(overview, {"profile": "incomplete"}).content.decode()
    browser = browser_of(place.admin)
    form = browser.get(edit).content.decode()
    assert all(title in form for title in titles)
    given = {
        "name": place.bureau.name, "uscc": place.bureau.uscc, "kind": "government", "active": "on", "unit": "数据科",
        "responsible": head.pk, "officers": [head.pk],
    }  # fmt: skip
    if texts:
        assert browser.post(edit, given).status_code == 302
        page = browser_of(keeper).get(overview, {"profile": "incomplete"}).content.decode()
        assert "缺管理制度、工作目标、责任分工" in page
    assert browser.post(edit, given | texts).status_code == 302
    page = browser_of(keeper).get(overview, {"profile": "incomplete"}).content.decode()
    assert place.bureau.name not in page
    shown = browser_of(head).get(reverse("orgs-department", args=[place.bureau.pk])).content.decode()
    assert all(text in shown for text in texts.values()) and "甄局长" in shown.partition("变更记录")[2]


@pytest.mark.article("JY-7.1")
def test_four_parties_have_their_roles_and_a_department_is_producer_and_user_at_once(town, at):
    place = town("cn-henan-jiyuan", "济源平台")
    listed = {o.key for o in values.options(place.place.law.at(at.date()), "parties")}
    assert {"authority", "provider", "consumer", "vendor"} <= listed
    both = place.person("liangyong", "甄两用", place.bureau, "provider", "consumer")
    keeper = place.person("zhuguan", "甄主管", place.authority, "authority")
    firm = place.department("济源某技术公司", kind="vendor")
    engineer = place.person("gongcheng", "甄工程", firm)
    actions.grant_role(
        person=engineer, kind="vendor", department=place.bureau, scope=["collection"], until=at + timedelta(days=9),
        by=place.admin, at=at,
    )  # fmt: skip
    assert queries.may_act(both, "provider", place.bureau, at).allowed
    assert queries.may_act(both, "consumer", place.bureau, at).allowed
    assert queries.may_act(keeper, "authority", place.authority, at).allowed
    assert queries.may_act(engineer, "provider", place.bureau, at, work="collection").allowed
    assert not queries.may_own_resources(firm, at.date()).allowed and not queries.may_apply(firm, at.date()).allowed


@pytest.mark.article("YH-5.3")
def test_third_party_supports_for_a_department_and_nothing_more(town, browser_of, at):
    place = town("cn-hunan-changsha-yuhua", "雨花平台")
    firm = place.department("某第三方机构", kind="vendor")
    engineer = place.person("gongcheng", "甄工程", firm)
    given = {"kind": "vendor", "department": place.bureau.pk, "scope": ["collection"], "until": "2099-01-01"}
    browser = browser_of(place.admin)
    assert (
        "角色已授予"
        in browser.post(reverse("orgs-role-grant", args=[engineer.pk]), given, follow=True).content.decode()
    )
    now = timezone.now()
    assert queries.may_act(engineer, "provider", place.bureau, now, work="collection").allowed
    refused = queries.may_act(engineer, "consumer", place.bureau, now)
    assert not refused.allowed and refused.reference.row == "YH-5.3"
    theirs = browser_of(engineer)
    assert theirs.get("/collection/loads/").status_code == 200
    for path in ("/orgs/people/", "/orgs/departments/", "/orgs/jurisdictions/", "/catalogue/new/"):
        assert theirs.get(path).status_code == 403, path


@pytest.mark.article("XW-34.2")
def test_auditor_reads_everything_of_the_county_and_writes_nothing(office, browser_of, at):
    browser = browser_of(office.auditor)
    for path in ("/", "/catalogue/", "/catalogue/log/", "/collection/loads/", "/sharing/receipts/", "/sharing/mine/"):
        assert browser.get(path).status_code == 200, path
    for path in (reverse("orgs-people"), reverse("orgs-departments"), reverse("orgs-hand-overs")):
        assert browser.get(path).status_code == 200, path
    assert set(queries.read_over(office.auditor, "receipts", at)) == set(Department.objects.all())
    before = ledger_rows()
    own = {"account_login", "account_logout", "account_change_password", "orgs-setup", "notices-read", "orgs-view-save"}
    for _, address, pattern in ROUTES:
        if pattern.name not in own:
            answer = browser.post(address, {"name": "某", "reason": "某理由", "revision": "1"})
            assert answer.status_code in (200, 302, 400, 403, 404, 405, 409, 422), (address, answer.status_code)
    assert ledger_rows() == before  # every write leaves an entry


@pytest.mark.article("XW-5.3")
def test_township_works_under_the_county_and_counts_in_its_statistics(town, browser_of, at):
    county = town("cn-henan-jiaozuo-xiuwu", "修武平台")
    township = county.department("某镇人民政府", kind="township")
    clerk = county.person("zhenban", "易镇办", township, "provider", "consumer")
    keeper = county.person("zhuguan", "甄主管", county.authority, "authority")
    page = browser_of(keeper).get(reverse("orgs-departments")).content.decode()
    assert re.search(r"乡镇<small>1</small>", page) and "某镇人民政府" in page
    shown = browser_of(keeper).get(reverse("orgs-department", args=[township.pk])).content.decode()
    assert "第五条第三款" in shown
    kind = values.option(county.place.law.at(at.date()), "org_kinds", "township")
    assert kind.facts["assessed"] in (False, "false")  # annual evaluation is of departments only
    assert browser_of(clerk).get("/").status_code == 200 and browser_of(clerk).get("/catalogue/").status_code == 200
    standing = town("cn-henan-jiaozuo-xiuwu", "上级平台")
    county.place.parent = standing.place
    county.place.save()
    assert [s.departments for s in tenants.lower_standings(standing.admin, at)] == [3]
