"""Every page opens for its readers, refuses others, and keeps hostile input out."""

import pytest
from django.urls import reverse

from yishu.stewardship import demands, joint, lists, plans, sourcing
from yishu.stewardship.demands import Wanted
from yishu.stewardship.models import Cluster, Demand, JointCollection, ServiceItem, TableMapping

from .conftest import AT, browser

pytestmark = pytest.mark.django_db

LISTS = ("demands", "responsibilities", "sources", "joint", "completeness", "plans", "materials")
HOSTILE = "%00'\"<script>" + "汉" * 300


@pytest.fixture
def filled(county):
    """One of everything."""
    market = county.publish(county.market, "市场主体登记信息", "企业名称", "住所", "登记状态")
    county.publish(county.civil, "养老机构信息", "单位名称", "床位数量")
    wanted = Wanted("市场主体登记信息", ("企业名称", "住所"), county.market.pk, "某条例第三条", "核验养老机构")
    demand = demands.create_demand(department=county.civil, wanted=wanted, by=county.civil_clerk, at=AT)
    demands.submit_demand(demand_id=demand.pk, seen_revision=1, by=county.civil_clerk, at=AT)
    parts = {county.market.pk: ("许可编号",), county.health.pk: ("检查结论",)}
    joint.register_joint(plan=joint.Plan("餐饮健康检查", county.market.pk, parts), by=county.market_clerk, at=AT)
    plans.record_plan(department=county.health, title="健康普查", elements=("吸烟史",), by=county.health_clerk, at=AT)
    county.table(county.civil, "yanglao_jigou")
    county.market_resource = market.id
    return county


def test_every_list_searches_sorts_pages_exports_and_says_what_to_do_when_empty(filled, elsewhere):
    reviewer, stranger = browser(filled.reviewer), browser(elsewhere.reviewer)
    for name in LISTS:
        path = f"/stewardship/{name}/"
        assert reviewer.get(path).status_code == 200, path
        for query in ("?q=养老", "?sort=-name&page=9", f"?q={HOSTILE}&state=x&department=x&sort=x&page=x"):
            assert reviewer.get(path + query).status_code == 200, path + query
        export = reviewer.get(path + "?export=xlsx")
        assert export.content[:2] == b"PK" and "attachment" in export["Content-Disposition"], path
        page = stranger.get(path).content.decode()
        for word in ("养老机构", "市场主体登记", "餐饮健康", "健康普查", "yanglao"):
            assert word not in page, f"{path} shows another tenant's {word}"


def test_detail_pages_open_for_their_readers_and_do_not_exist_for_others(filled, elsewhere):
    own = {
        "stewardship-demand": Demand.objects.get().pk,
        "stewardship-responsibility": filled.market.pk,
        "stewardship-source": Cluster.objects.get().pk,
        "stewardship-joint": JointCollection.objects.get().pk,
        "stewardship-tables": filled.civil.pk,
    }
    for name, pk in own.items():
        address = reverse(name, args=[pk])
        assert browser(filled.reviewer).get(address).status_code == 200, name
        assert browser(elsewhere.reviewer).get(address).status_code == 404, name
    assert (
        browser(filled.health_clerk).get(reverse("stewardship-demand", args=[own["stewardship-demand"]])).status_code
        == 404
    )
    assert (
        browser(filled.health_clerk).get(reverse("stewardship-responsibility", args=[filled.market.pk])).status_code
        == 403
    )


def test_demand_is_written_submitted_and_matched_on_pages(filled):
    clerk, reviewer = browser(filled.health_clerk), browser(filled.reviewer)
    assert clerk.get("/stewardship/demands/new/").status_code == 200
    typed = {
        "title": "企业登记数据",
        "items": "1. 企业名称\n2. 登记状态",
        "purpose": "核验",
        "do": "submit",
        "target": "",
    }
    refused = clerk.post("/stewardship/demands/new/", typed)
    assert refused.status_code == 422 and "核验" in refused.content.decode(), "what was typed stays"
    demand = Demand.objects.get(title="企业登记数据")
    edit = reverse("stewardship-demand-edit", args=[demand.pk])
    given = typed | {"basis": "某办法第五条", "revision": demand.revision}
    assert clerk.post(edit, given).status_code == 302
    page = reverse("stewardship-demand", args=[demand.pk])
    shown = reviewer.get(page).content.decode()
    assert "市场主体登记信息" in shown and "2/2" in shown, "the suggestion with its evidence"
    demand.refresh_from_db()
    act = reverse("stewardship-demand-act", args=[demand.pk])
    stale = reviewer.post(act, {"do": "match", "match": filled.market_resource, "revision": 0})
    assert stale.status_code == 409
    done = reviewer.post(act, {"do": "match", "match": filled.market_resource, "revision": demand.revision})
    assert done.status_code == 302
    demand.refresh_from_db()
    assert (demand.state, demand.resource_id) == ("matched", filled.market_resource)
    assert "市场主体登记信息" in clerk.get(page).content.decode()


def test_source_is_decided_claimed_again_and_refused_on_pages(filled):
    reviewer, clerk = browser(filled.reviewer), browser(filled.civil_clerk)
    cluster = Cluster.objects.get()
    page, decide = (reverse(n, args=[cluster.pk]) for n in ("stewardship-source", "stewardship-source-decide"))
    market = cluster.members.get(datum__department=filled.market)
    civil = cluster.members.get(datum__department=filled.civil)
    assert (
        clerk.post(decide, {"source": market.pk, "scope": "similar", "reason": "因", "revision": 0}).status_code == 403
    )
    wrong = reviewer.post(decide, {"source": market.pk, "scope": "similar", "reason": "", "revision": 0})
    assert wrong.status_code == 200 and "请写明理由" in wrong.content.decode()
    given = {
        "source": market.pk,
        "scope": "similar",
        "reason": "登记机关",
        "revision": 0,
        f"ruling_{civil.pk}": "excepted",
    }
    refused = reviewer.post(decide, given)
    assert refused.status_code == 422 and "登记机关" in refused.content.decode()
    assert reviewer.post(decide, given | {f"ruling_{civil.pk}": "use"}).status_code == 302
    assert "提请重新判定" in clerk.get(page).content.decode()
    claim = reverse("stewardship-source-claim", args=[cluster.pk])
    assert clerk.post(claim, {"member": civil.pk, "note": "某条例"}).status_code == 302
    assert "有新主张" in reviewer.get("/stewardship/sources/").content.decode()
    assert reviewer.post(decide, {"do": "profile"}).status_code == 302


def test_joint_is_registered_changed_answered_and_ended_on_pages(filled):
    market, health = browser(filled.market_clerk), browser(filled.health_clerk)
    typed = {
        "title": "校园食品检查", "lead": filled.market.pk, "party_1": filled.market.pk, "elements_1": "许可编号",
        "party_2": filled.health.pk, "elements_2": "许可编号",
    }  # fmt: skip
    twice = market.post("/stewardship/joint/new/", typed)
    assert twice.status_code == 422 and "不止一个部门" in twice.content.decode()
    assert market.post("/stewardship/joint/new/", typed | {"elements_2": "体检结论"}).status_code == 302
    held = JointCollection.objects.get(title="校园食品检查")
    act = reverse("stewardship-joint-act", args=[held.pk])
    assert "同意" in health.get(reverse("stewardship-joint", args=[held.pk])).content.decode()
    assert market.get(reverse("stewardship-joint-edit", args=[held.pk])).status_code == 200
    assert health.post(act, {"do": "agree", "department": filled.health.pk, "revision": 1}).status_code == 302
    held.refresh_from_db()
    assert held.state == "agreed"
    assert market.post(act, {"do": "end", "revision": 1}).status_code == 302


def test_responsible_acknowledges_the_current_version_only(filled):
    head, clerk = browser(filled.market_head), browser(filled.market_clerk)
    page = reverse("stewardship-responsibility", args=[filled.market.pk])
    acknowledge = reverse("stewardship-acknowledge", args=[filled.market.pk])
    assert "确认第 1 版" in head.get(page).content.decode()
    assert clerk.post(acknowledge, {"version": 1}).status_code == 403
    assert head.post(acknowledge, {"version": 7}).status_code == 409
    assert head.post(acknowledge, {"version": 1}).status_code == 302
    assert head.post(acknowledge, {"version": 1}).status_code == 409
    assert head.get(page + "?version=99").status_code == 404
    assert browser(filled.reviewer).post(reverse("stewardship-rebuild")).status_code == 302
    assert lists.versions_of(filled.market).count() == 1, "nothing changed, no new version"


def test_table_is_mapped_on_its_page(filled):
    clerk = browser(filled.civil_clerk)
    table = filled.table(filled.civil, "sys_log")
    page, address = (reverse(n, args=[filled.civil.pk]) for n in ("stewardship-tables", "stewardship-map"))
    assert "未编目" in clerk.get(page).content.decode()
    given = {"table": table.pk, "ruling": "not_duty", "reason": "系统日志", "seen": ""}
    assert browser(filled.market_clerk).post(address, given).status_code == 403
    assert clerk.post(address, given).status_code == 302
    assert clerk.post(address, given).status_code == 409, "a second answer must have seen the first"
    assert TableMapping.objects.get(current=True).reason == "系统日志"


def test_materials_are_checked_kept_and_complained_about_on_pages(filled):
    filled.publish(filled.market, "营业执照", "企业名称", document_class="certificate")
    clerk = browser(filled.civil_clerk)
    typed = {
        "department": filled.civil.pk,
        "name": "养老机构备案",
        "materials": "营业执照复印件\n消防验收意见书\n场所照片",
        "do": "check",
    }
    shown = clerk.post("/stewardship/materials/new/", typed).content.decode()
    assert "3 项材料中 1 项可共享获取" in shown
    assert clerk.post("/stewardship/materials/new/", typed | {"do": "save"}).status_code == 302
    service = ServiceItem.objects.get()
    page = reverse("stewardship-service", args=[service.pk])
    assert clerk.post(page, {"material": "营业执照复印件", "text": "窗口要求提交"}).status_code == 302
    assert "可以获取" in browser(filled.reviewer).get(page).content.decode()
    assert clerk.get(reverse("stewardship-service-edit", args=[service.pk])).status_code == 200


def test_plan_is_checked_for_people_and_programs(filled):
    clerk = browser(filled.health_clerk)
    typed = {
        "department": filled.health.pk,
        "title": "医疗机构普查",
        "subject_kind": "legal_entity",
        "elements": "机构名称、吸烟史",
    }
    shown = clerk.post("/stewardship/plans/new/", typed).content.decode()
    assert "2 项中 1 项可以共享获取" in shown
    answer = clerk.post("/stewardship/plans/new/?format=json", typed).json()
    assert [bool(e["shareable"]) for e in answer["elements"]] == [True, False]
    refused = clerk.post("/stewardship/plans/new/", typed | {"do": "record"})
    assert refused.status_code == 422
    assert clerk.post("/stewardship/plans/new/", typed | {"do": "record", "basis_1": "某法第九条"}).status_code == 302


def test_sketch_button_without_loads_says_nothing_was_compared(filled):
    cluster = Cluster.objects.get()
    assert sourcing.profile_cluster(cluster_id=cluster.pk, by=filled.reviewer, at=AT) == 0
