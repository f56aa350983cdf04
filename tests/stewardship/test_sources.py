"""The one-source registry: suspects at publication, decisions, the guard, lists that follow."""

import pytest
from django.db import transaction

from yishu.catalogue import actions as catalogue
from yishu.catalogue.messages import ResourceRetired
from yishu.catalogue.models import Resource
from yishu.kernel import events
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from yishu.orgs.models import Area
from yishu.stewardship import lists, sourcing
from yishu.stewardship.models import Cluster, Datum, Member, Profile, ResponsibilityVersion
from yishu.stewardship.sourcing import Ruling

from .conftest import AT, LATER

pytestmark = pytest.mark.django_db


def submit(resource, by):
    resource.refresh_from_db()
    return catalogue.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=by, at=AT)


def codes(resource, by):
    """What a submission is refused for; nothing when it is taken."""
    try:
        submit(resource, by)
    except Invalid as refused:
        return {p.code for p in refused.problems}
    return set()


def two_sources(county):
    county.publish(county.market, "市场主体登记信息", "企业名称", "住所", "登记状态")
    county.publish(county.civil, "养老机构信息", "单位名称", "床位数量")
    return Cluster.objects.get()


def decide(county, cluster, **more):
    members = {m.datum.department_id: m.pk for m in cluster.members.select_related("datum")}
    ruling = Ruling(member=members[county.market.pk], **more)
    return sourcing.decide_source(
        cluster_id=cluster.pk,
        seen_revision=cluster.revision,
        ruling=ruling,
        reason="登记机关掌握",
        by=county.reviewer,
        at=LATER,
    )


def test_publication_same_datum_of_another_department_is_suspected_with_evidence(county):
    cluster = two_sources(county)
    assert (cluster.state, cluster.members.count()) == ("open", 2)
    words = cluster.members.first().evidence["words"]
    assert words[0] == "名称同义" and cluster.score >= 0.8
    assert not Datum.objects.filter(name="统一社会信用代码").exists(), "identifiers are nobody's datum"


def test_publication_again_keeps_items_and_rulings_and_drops_gone_items(county):
    cluster = decide(county, two_sources(county))
    resource = Datum.objects.get(name="单位名称").resource
    resource.items.filter(name="床位数量").delete()
    county.publish_draft(resource)
    assert set(Datum.objects.filter(resource=resource).values_list("name", flat=True)) == {"单位名称"}
    assert cluster.members.get(datum__resource=resource).ruling == "use"


def test_decision_changes_both_lists_in_one_transaction_and_keeps_history(county):
    decide(county, two_sources(county))
    market = {e.kind: e for e in lists.lines_of(county.market)}
    assert market["source"].title == "企业名称" and market["source"].unit == "市场监管局信息股"
    assert lists.lines_of(county.civil).get().elements == ["统一社会信用代码", "床位数量"]
    assert lists.lines_of(county.civil, 1).get().elements == ["统一社会信用代码", "单位名称", "床位数量"]
    assert [v.cause for v in lists.versions_of(county.civil)] == ["source", "publication"]


def test_decision_by_department_or_other_tenant_or_old_page_is_refused(county, elsewhere):
    cluster = two_sources(county)
    member = cluster.members.first()
    given = {"cluster_id": cluster.pk, "ruling": Ruling(member=member.pk), "reason": "因", "at": LATER}
    with pytest.raises(NotAllowed) as caught:
        sourcing.decide_source(seen_revision=0, by=county.market_clerk, **given)
    assert caught.value.reference.row == "XW-12.1"
    with pytest.raises(NotFound):
        sourcing.decide_source(seen_revision=0, by=elsewhere.reviewer, **given)
    sourcing.decide_source(seen_revision=0, by=county.reviewer, **given)
    with pytest.raises(Conflict):
        sourcing.decide_source(seen_revision=0, by=county.reviewer, **given)


def test_decision_exception_without_basis_is_refused_and_with_it_kept(county):
    cluster = two_sources(county)
    civil = cluster.members.get(datum__department=county.civil)
    with pytest.raises(Invalid) as caught:
        decide(county, cluster, others={civil.pk: "excepted"})
    assert [p.code for p in caught.value.problems] == ["stewardship.missing_basis"]
    decide(county, cluster, others={civil.pk: "excepted"}, bases={civil.pk: "某法第十条"})
    assert "单位名称" in lists.lines_of(county.civil).get().elements


@pytest.mark.article("XW-12.1", "JY-20.1")
@pytest.mark.parametrize("pack", ["cn-henan-jiaozuo-xiuwu", "cn-henan-jiyuan"])
def test_second_claimant_of_a_decided_datum_is_blocked_and_collection_outside_the_list_flagged(db, pack, serve):
    from .conftest import make_county

    county = make_county(pack)
    cluster = two_sources(county)
    decide(county, cluster, scope="everywhere")
    row = {"cn-henan-jiaozuo-xiuwu": "XW-12.1", "cn-henan-jiyuan": "JY-20.1"}[pack]
    second = county.draft(county.health, "医疗机构信息", "机构名称", "科室数量", by=county.health_clerk)
    with pytest.raises(Invalid) as caught:
        submit(second, county.health_clerk)
    blocked = {p.where: p for p in caught.value.problems}["机构名称"]
    assert blocked.code == "stewardship.second_source" and blocked.reference.row == row
    assert "市场监管局" in blocked.what
    assert "stewardship.second_source" not in codes(
        county.draft(county.health, "医疗科室信息", "科室名称", by=county.health_clerk), county.health_clerk
    )
    # 清单外采集: the civil department was told to share, and loads all the same.
    home = Datum.objects.get(name="单位名称")
    serve(home.resource, at=AT)
    assert lists.outside_list(county.civil) == []
    serve(home.resource, at=LATER.replace(hour=23))
    assert [(o.item, o.source) for o in lists.outside_list(county.civil)] == [("单位名称", "市场监管局")]


def test_guard_scope_similar_stops_only_resources_like_the_source(county):
    county.publish(county.market, "食品经营许可证信息", "许可证编号")
    county.publish(county.health, "食品经营许可登记", "许可证号")
    decide(county, Cluster.objects.get())
    same = county.draft(county.civil, "食品经营许可台账", "许可编号", by=county.civil_clerk)
    other = county.draft(county.civil, "殡葬经营许可台账", "许可编号", by=county.civil_clerk)
    claims = [
        sourcing.second_claims(
            jurisdiction_id=county.jurisdiction.pk, department_id=county.civil.pk, resource_id=r.pk, title=r.title,
            subject_kind=r.subject_kind, items=list(r.items.all()),
        )
        for r in (same, other)
    ]  # fmt: skip
    assert [len(c) for c in claims] == [1, 0]


def test_claim_raised_again_reopens_the_member_and_tells_the_authority(county):
    cluster = decide(county, two_sources(county))
    member = cluster.members.get(datum__department=county.civil)
    sourcing.claim_again(cluster_id=cluster.pk, member_id=member.pk, note="某条例", by=county.civil_clerk, at=LATER)
    assert sourcing.cluster_for(county.reviewer, cluster.pk).claims == 1
    assert county.reviewer.notices.filter(title__contains="新的主张").exists()


def test_claim_where_nothing_was_ruled_or_by_the_source_itself_is_refused(county):
    cluster = two_sources(county)
    member = cluster.members.get(datum__department=county.civil)
    given = {"cluster_id": cluster.pk, "note": "某条例", "at": LATER}
    with pytest.raises(Conflict):
        sourcing.claim_again(member_id=member.pk, by=county.civil_clerk, **given)
    decide(county, cluster)
    source = cluster.members.get(ruling="source")
    with pytest.raises(Conflict):
        sourcing.claim_again(member_id=source.pk, by=county.market_clerk, **given)
    assert cluster.members.filter(ruling="source").exists()


def test_authority_of_an_area_names_no_source_for_the_whole_jurisdiction(county):
    cluster = two_sources(county)
    home = county.reviewer.department
    home.area = Area.objects.create(jurisdiction=county.jurisdiction, name="开发区", created_at=LATER)
    home.save()
    with pytest.raises(NotAllowed):
        decide(county, cluster)


def test_distinct_cluster_is_not_listed_again(county):
    cluster = two_sources(county)
    sourcing.find_distinct(cluster_id=cluster.pk, seen_revision=0, reason="口径不同", by=county.reviewer, at=LATER)
    county.publish(county.health, "医院信息", "单位名称")
    assert Cluster.objects.count() == 1 and set(Member.objects.values_list("ruling", flat=True)) == {"distinct"}
    assert ResponsibilityVersion.objects.filter(cause="source").count() == 0


def test_retirement_takes_the_resource_off_the_list_and_out_of_the_registry(county):
    two_sources(county)
    resource = Datum.objects.get(name="单位名称").resource
    with transaction.atomic():
        events.publish(ResourceRetired(resource_id=resource.pk, code=resource.code, replacement_id=None, at=LATER))
    assert not lists.lines_of(county.civil).exists() and lists.versions_of(county.civil)[0].cause == "retirement"
    assert lists.lines_of(county.civil, 1).get().resource == resource, "the earlier version still says it"
    assert not Datum.objects.filter(resource=resource).exists()


def test_profile_of_values_sharpens_the_score_and_keeps_no_value(county, serve):
    left = county.publish(county.market, "食品经营许可信息", "许可编号")
    right = county.publish(county.health, "食品经营许可名录", "许可证号")
    cluster = Cluster.objects.get()
    rows = [[f"u{n}", f"许可{n:06d}"] for n in range(300)]
    for spec, part in ((left, rows), (right, [[f"v{n}", f"别证{n:06d}"] for n in range(300)])):
        serve(Resource.objects.get(pk=spec.id), at=AT, rows=part)
    before = cluster.score
    assert sourcing.profile_cluster(cluster_id=cluster.pk, by=county.reviewer, at=LATER) == 2
    cluster.refresh_from_db()
    assert cluster.score < before and cluster.members.first().evidence["words"][-1] == "数值重合约 0%"
    assert "许可0" not in str(list(Profile.objects.values_list("sketch", flat=True)))
    serve(Resource.objects.get(pk=right.id), at=LATER, rows=rows)
    sourcing.profile_cluster(cluster_id=cluster.pk, by=county.reviewer, at=LATER)
    cluster.refresh_from_db()
    assert cluster.score > before * 0.95 and cluster.members.first().evidence["values"] > 0.9


def test_publication_of_many_items_asks_a_constant_number_of_queries(county, django_assert_max_num_queries):
    county.publish(county.market, "市场主体登记信息", *(f"指标{n}项目" for n in range(60)))
    resource = county.draft(county.civil, "养老机构信息", *(f"事项{n}内容" for n in range(60)), by=county.civil_clerk)
    with django_assert_max_num_queries(55):
        county.publish_draft(resource)
