"""Rows of the acceptance list this context carries whole, each through its pages or public actions, in its jurisdiction."""

from datetime import timedelta

import pytest
from django.urls import reverse

from yishu.cases.models import Case
from yishu.cases.queries import waiting_for
from yishu.kernel.errors import Invalid
from yishu.stewardship import completeness, demands, joint, lists, materials, plans
from yishu.stewardship.demands import Wanted
from yishu.stewardship.models import Demand, Responsibility

from .conftest import AT, LATER, browser, make_county

pytestmark = pytest.mark.django_db
XIUWU, JIYUAN, XINZHOU, YUHUA = (
    "cn-henan-jiaozuo-xiuwu",
    "cn-henan-jiyuan",
    "cn-shanxi-xinzhou",
    "cn-hunan-changsha-yuhua",
)
WANTED = Wanted("企业登记数据", ("企业名称", "登记状态"), None, "某条例第三条", "核验备案机构")


@pytest.mark.article("XW-8.2", "JY-16.2")
@pytest.mark.parametrize(
    ("pack", "row", "mandatory"), [(XIUWU, "XW-8.2", True), (JIYUAN, "JY-16.2", False)], ids=["xiuwu", "jiyuan"]
)
def test_demand_list_holds_resource_department_basis_purpose_and_is_matched_to_items(db, pack, row, mandatory):
    county = make_county(pack)
    market = county.publish(county.market, "市场主体登记信息", "企业名称", "住所", "登记状态")
    clerk = browser(county.civil_clerk)
    page = clerk.get("/stewardship/demands/").content.decode()
    assert ("应当提出" in page) is mandatory and ("可以提出" in page) is not mandatory and f"/{row}/" in page
    bare = demands.create_demand(department=county.civil, wanted=Wanted("数据"), by=county.civil_clerk, at=AT)
    with pytest.raises(Invalid) as caught:
        demands.submit_demand(demand_id=bare.pk, seen_revision=1, by=county.civil_clerk, at=AT)
    assert row in {p.reference.row for p in caught.value.problems if p.reference}
    demand = demands.create_demand(department=county.civil, wanted=WANTED, by=county.civil_clerk, at=AT)
    assert demand.target is None, "the holder may be unknown"
    demand = demands.submit_demand(demand_id=demand.pk, seen_revision=1, by=county.civil_clerk, at=AT)
    case = Case.objects.get(procedure="demand.list")
    assert list(waiting_for(county.reviewer)) == [case]
    best = demands.matches(demand)[0]
    assert best.entry.pk == market.id and best.found == ("企业名称", "登记状态") and "2/2" in best.words[1]
    reviewer = browser(county.reviewer)
    address = reverse("stewardship-demand-act", args=[demand.pk])
    assert reviewer.post(address, {"do": "match", "match": market.id, "revision": 2}).status_code == 302
    demand.refresh_from_db()
    case.refresh_from_db()
    assert (demand.state, demand.resource_id, case.step) == ("matched", market.id, "accepted")
    assert county.civil_clerk.notices.filter(url=f"/stewardship/demands/{demand.pk}/").exists()


@pytest.mark.article("XW-9.1", "XW-9.2", "JY-18")
@pytest.mark.parametrize("pack", [XIUWU, JIYUAN], ids=["xiuwu", "jiyuan"])
def test_responsibility_list_is_made_from_the_catalogue_acknowledged_and_measured(db, pack, serve):
    county = make_county(pack)
    licence = county.publish(county.market, "食品经营许可信息", "许可编号", update_cycle="daily", unit="食品科")
    county.publish(county.market, "市场主体登记信息", "企业名称", update_cycle="monthly")
    page = reverse("stewardship-responsibility", args=[county.market.pk])
    head = browser(county.market_head)
    line = lists.lines_of(county.market).get(resource_id=licence.id)
    assert (line.elements, line.cadence, line.unit) == (["统一社会信用代码", "许可编号"], "daily", "食品科")
    shown = head.get(page).content.decode()
    assert "食品科" in shown and "未确认" in shown and ("/XW-9.1/" in shown or "/JY-18/" in shown)
    assert county.market_head.notices.filter(url=page).count() == 1, "asked once, not for each version"
    lists.acknowledge_list(department_id=county.market.pk, seen_version=2, by=county.market_head, at=AT)
    assert lists.standings([county.market], AT)[0].version.acknowledged_by == county.market_head
    assert lists.fulfilled(list(lists.lines_of(county.market)), LATER).percent == 0
    serve(line.resource, at=AT)
    kept = lists.fulfilment(list(lists.lines_of(county.market)), LATER)
    assert sorted(k.state for k in kept.values()) == ["fresh", "missing"]
    assert lists.fulfilled(list(lists.lines_of(county.market)), LATER).percent == 50
    assert lists.fulfilled(list(lists.lines_of(county.market)), AT + timedelta(days=30)).percent == 0, (
        "daily, a month old"
    )
    overview = browser(county.reviewer).get("/stewardship/responsibilities/")
    assert "已装载" in overview.content.decode()


@pytest.mark.parametrize("pack", [XINZHOU, YUHUA], ids=["xinzhou", "yuhua"])
def test_responsibility_list_law_without_it_makes_none_and_says_so(db, pack):
    county = make_county(pack)
    county.publish(county.market, "食品经营许可信息", "许可编号")
    assert not Responsibility.objects.exists()
    page = browser(county.reviewer).get("/stewardship/responsibilities/").content.decode()
    assert "本地规定没有采集责任清单" in page


@pytest.mark.article("JY-22")
def test_joint_collection_registers_parties_split_and_lead_and_stands_when_all_agree(db):
    county = make_county(JIYUAN)
    parts = {county.market.pk: ("许可编号",), county.health.pk: ("体检结论",), county.civil.pk: ("机构类型",)}
    typed = {"title": "养老机构食品安全", "lead": county.market.pk, "arrangement": "各采各的"}
    for n, (pk, names) in enumerate(parts.items(), 1):
        typed |= {f"party_{n}": pk, f"elements_{n}": "\n".join(names)}
    assert browser(county.market_clerk).post("/stewardship/joint/new/", typed).status_code == 302
    held = joint.visible_joints(county.health_clerk, AT).get()
    assert held.lead == county.market and {p.department_id: tuple(p.elements) for p in held.parties.all()} == parts
    given = {"joint_id": held.pk, "note": "", "at": AT}
    joint.answer_joint(seen_revision=1, department_id=county.health.pk, agrees=True, by=county.health_clerk, **given)
    held = joint.answer_joint(
        seen_revision=1, department_id=county.civil.pk, agrees=True, by=county.civil_head, **given
    )
    assert held.state == "agreed"
    plan = joint.Plan("养老机构食品安全", county.market.pk, parts | {county.civil.pk: ("机构类型", "床位")}, "调整")
    held = joint.change_joint(joint_id=held.pk, seen_revision=1, plan=plan, by=county.market_clerk, at=LATER)
    assert held.state == "open", "a changed split asks everybody again"
    page = browser(county.civil_clerk).get(reverse("stewardship-joint", args=[held.pk])).content.decode()
    assert "/JY-22/" in page and "机构类型、床位" in page


@pytest.mark.article("XW-35.1", "JY-16.1", "YH-9")
@pytest.mark.parametrize(
    ("pack", "row"), [(XIUWU, "XW-35.1"), (JIYUAN, "JY-16.1"), (YUHUA, "YH-9")], ids=["xiuwu", "jiyuan", "yuhua"]
)
def test_registered_tables_without_resource_are_found_as_gaps_until_mapped_or_excused(db, pack, row):
    county = make_county(pack)
    own = county.publish(county.civil, "养老机构信息", "床位数量")
    covered, log, lost = (county.table(county.civil, t) for t in ("yanglao", "sys_log", "jiuzhu"))
    county.table(county.civil, "named", resource=own.code)
    assert {t.entry.title for t in completeness.gaps(county.jurisdiction)} == {"yanglao", "sys_log", "jiuzhu"}
    clerk = browser(county.civil_clerk)
    address = reverse("stewardship-map", args=[county.civil.pk])
    assert clerk.post(address, {"table": covered.pk, "ruling": "covered", "resource": own.id}).status_code == 302
    assert clerk.post(address, {"table": log.pk, "ruling": "not_duty", "reason": ""}).status_code == 422
    assert clerk.post(address, {"table": log.pk, "ruling": "not_duty", "reason": "系统日志"}).status_code == 302
    assert [t.entry for t in completeness.gaps(county.jurisdiction)] == [lost]
    civil = next(s for s in completeness.standings(county.jurisdiction) if s.department == county.civil)
    assert (civil.coverage.percent, civil.gaps) == (75, 1)
    shown = browser(county.reviewer).get("/stewardship/completeness/").content.decode()
    assert f"/{row}/" in shown and "未编目" in shown
    own_row = county.civil.resources.get()
    own_row.state = "retired"
    own_row.save()
    assert {t.entry.title for t in completeness.gaps(county.jurisdiction)} == {"yanglao", "named", "jiuzhu"}


@pytest.mark.article("XZ-4.1")
def test_repeat_collection_of_shareable_data_is_refused_unless_another_law_says_so(db):
    county = make_county(XINZHOU)
    county.publish(county.market, "市场主体登记信息", "企业名称", "住所")
    county.publish(county.police, "企业内部信息", "经营范围", share_type="withheld")
    given = {
        "department": county.health, "title": "医疗机构普查", "elements": ("单位名称", "经营范围", "科室数量"), "subject_kind": "legal_entity",
        "by": county.health_clerk, "at": AT,
    }  # fmt: skip
    with pytest.raises(Invalid) as caught:
        plans.record_plan(**given)
    assert [(p.where, p.reference.row) for p in caught.value.problems] == [("单位名称", "XZ-4.1")]
    assert "市场监管局" in caught.value.problems[0].what
    plan = plans.record_plan(**given, exceptions={"单位名称": "某法第十二条"})
    assert plan.exceptions == {"单位名称": "某法第十二条"} and plan.found[0]["item"] == "企业名称"


@pytest.mark.article("XW-23")
def test_materials_obtainable_by_sharing_are_listed_and_not_asked_for_again(county):
    county.publish(county.market, "营业执照", "单位名称", document_class="certificate")
    county.publish(
        county.police,
        "常住人口信息",
        "婚姻状况",
        share_type="conditional",
        share_condition="核验",
        share_scope="民政局",
    )
    county.publish(
        county.health,
        "出生医学证明",
        "新生儿姓名",
        share_type="conditional",
        share_condition="核验",
        share_scope="公安局",
    )
    names = ("1. 营业执照（副本）复印件", "出生医学证明原件", "场所平面图")
    answers = materials.check_materials(county.jurisdiction, names, AT)
    assert [a.resource.title if a.resource else "" for a in answers] == ["营业执照", "出生医学证明", ""]
    assert [a.how for a in answers] == ["直接获取", "提出共享申请", ""]
    typed = {"department": county.civil.pk, "name": "养老机构备案", "materials": "\n".join(names), "do": "save"}
    clerk = browser(county.civil_clerk)
    assert clerk.post("/stewardship/materials/new/", typed | {"basis_2": "某法另有规定"}).status_code == 302
    service = materials.services(county.jurisdiction).get()
    assert [m.ruling for m in service.materials.all()] == ["obtainable", "excused", "ask"]
    page = reverse("stewardship-service", args=[service.pk])
    assert "不得要求提交" in clerk.get(page).content.decode() and "/XW-23/" in clerk.get(page).content.decode()
    asked = {"material": "营业执照（副本）复印件", "text": "窗口要求再交一份"}
    assert browser(county.police_clerk).post(page, asked).status_code == 302
    complaint = materials.complaints(county.jurisdiction).get()
    assert complaint.founded and complaint.resource.title == "营业执照"
    # 可共享获取的不得重复采集, with the law's exception
    given = {"department": county.civil, "title": "普查", "elements": ("单位名称",), "by": county.civil_clerk, "at": AT}
    with pytest.raises(Invalid):
        plans.record_plan(**given, subject_kind="legal_entity")
    assert plans.record_plan(**given, subject_kind="legal_entity", exceptions={"单位名称": "某法"}).exceptions


def test_demand_turned_into_duty_stands_on_the_list_until_it_is_met(county):
    demand = demands.create_demand(department=county.civil, wanted=WANTED, by=county.civil_clerk, at=AT)
    demands.submit_demand(demand_id=demand.pk, seen_revision=1, by=county.civil_clerk, at=AT)
    given = {"demand_id": demand.pk, "by": county.reviewer, "at": AT}
    demands.decide_demand(seen_revision=2, verb="assign", reason="登记机关", department_id=county.market.pk, **given)
    assert [(e.kind, e.title) for e in lists.lines_of(county.market)] == [("demand", "企业登记数据")]
    assert county.market_head.notices.filter(url=f"/stewardship/demands/{demand.pk}/").exists()
    made = county.publish(county.market, "市场主体登记信息", "企业名称", "登记状态")
    demands.decide_demand(seen_revision=3, verb="match", resource_id=made.id, **given)
    assert [e.kind for e in lists.lines_of(county.market)] == ["resource"]
    assert Demand.objects.get().duty_of is None


def test_demand_sent_back_on_the_case_page_is_changed_and_taken_up_again(county):
    demand = demands.create_demand(department=county.civil, wanted=WANTED, by=county.civil_clerk, at=AT)
    demand = demands.submit_demand(demand_id=demand.pk, seen_revision=1, by=county.civil_clerk, at=AT)
    reviewer, clerk = browser(county.reviewer), browser(county.civil_clerk)
    page = reverse("case", args=[demand.case_id])
    assert "企业登记数据" in reviewer.get(page).content.decode()
    with pytest.raises(Invalid) as caught:
        demands.decide_demand(demand_id=demand.pk, seen_revision=2, verb="return", by=county.reviewer, at=AT)
    assert caught.value.reference.row.startswith("XW-8")
    demands.decide_demand(
        demand_id=demand.pk, seen_revision=2, verb="return", reason="请写明口径", by=county.reviewer, at=AT
    )
    demand.refresh_from_db()
    assert (
        demand.state == "returned"
        and "请写明口径" in clerk.get(reverse("stewardship-demand", args=[demand.pk])).content.decode()
    )
    demands.submit_demand(demand_id=demand.pk, seen_revision=3, by=county.civil_clerk, at=AT)
    case = Case.objects.get()
    assert (case.step, case.revision) == ("review", 3)
