"""Resources older than the one-source registry: found once when the platform is prepared."""

import pytest

from yishu.catalogue.models import Resource
from yishu.stewardship.backfill import backfill, unknown_resources
from yishu.stewardship.candidates import forget_resource
from yishu.stewardship.models import Cluster, Datum, Member, Responsibility

from .conftest import LATER

pytestmark = pytest.mark.django_db


def test_backfill_of_resources_published_before_is_done_once_and_finds_suspects(county):
    names = {"企业名称", "住所", "登记状态", "单位名称", "床位数量"}
    first = county.publish(county.market, "市场主体登记信息", "企业名称", "住所", "登记状态")
    second = county.publish(county.civil, "养老机构信息", "单位名称", "床位数量")
    gone = county.publish(county.health, "医疗机构信息", "机构名称")
    county.publish(county.police, "只有标识的台账")
    Cluster.objects.all().delete()
    for spec in (first, second, gone):
        forget_resource(spec.id)
    # One in revision still counts by what is published; a retired one is nobody's source any more.
    Resource.objects.filter(pk=second.id).update(state=Resource.State.DRAFT)
    Resource.objects.filter(pk=gone.id).update(state=Resource.State.RETIRED)
    lines = Responsibility.objects.count()

    assert [backfill(at=LATER), backfill(at=LATER)] == [2, 0]
    assert set(Datum.objects.values_list("name", flat=True)) == names
    cluster = Cluster.objects.get()
    assert (cluster.state, cluster.found_at, cluster.members.count()) == ("open", LATER, 2)
    assert Responsibility.objects.count() == lines and not unknown_resources().exists()


def test_backfill_leaves_what_the_registry_knows_and_decided_alone(county):
    county.publish(county.market, "市场主体登记信息", "企业名称")
    county.publish(county.civil, "养老机构信息", "单位名称")
    before = list(Member.objects.order_by("pk").values())
    assert before and backfill(at=LATER) == 0
    assert list(Member.objects.order_by("pk").values()) == before
