"""雨花: rows of the acceptance list that no single context carries whole."""

import re
from dataclasses import replace

import pytest

from tests.catalogue.conftest import PERMIT_ITEMS
from tests.catalogue.town import YUHUA, make_town, new_resource, publish, submit
from tests.collection.county import move_home
from yishu.catalogue.drafts import ItemDraft
from yishu.kernel.errors import Invalid
from yishu.orgs.models import Role
from yishu.registers.models import Entry

from .acts import browser, check_authority, check_catalogue_first, check_queue, enter, text

pytestmark = pytest.mark.django_db
STANDARD = {"title": "区数据规范", "level": "区", "version": "1.0", "issued_on": "2026-09-01"}


@pytest.mark.article("YH-5.1")
@pytest.mark.parametrize("mode", ["as_written", "overlaid"])
def test_data_centre_keeps_plans_and_standards_oversees_and_stands_on_the_city_platform(mode):
    town = make_town(YUHUA, mode)
    check_authority(town, STANDARD)
    if mode == "overlaid":
        check_queue(town)
    plan = {"title": "三年规划", "issued_on": "2026-09-01"}
    for kind in ("工作规划", "实施方案"):
        assert enter(town.people["authority"], "plan", town.authority.pk, kind=kind, **plan).status_code == 302
    assert enter(town.people["provider"], "plan", town.market.pk, kind="工作规划", **plan).status_code == 403
    assert Entry.objects.filter(kind="plan").count() == 2
    page = text(browser(town.people["authority"]).get(f"/orgs/jurisdictions/{town.jurisdiction.pk}/"))
    assert "上级平台" in page and "数据资源管理平台" in page and "/YH-" in page


@pytest.mark.article("YH-7")
@pytest.mark.parametrize("mode", ["as_written", "overlaid"])
def test_nothing_is_loaded_shared_or_opened_before_the_catalogue_names_it(mode, tmp_path, monkeypatch):
    move_home(tmp_path, monkeypatch)
    check_catalogue_first(make_town(YUHUA, mode), "YH-7")


@pytest.mark.article("YH-14.2")
def test_channel_built_beside_the_city_platform_stands_as_a_forbidden_act_in_the_register():
    town = make_town(YUHUA)
    keeper, clerk = town.people["authority"], town.people["provider"]
    given = {"department": town.market.pk, "through_city": "yes"}
    assert enter(clerk, "channel", town.market.pk, name="经市平台", status="依托市平台", **given).status_code == 302
    closing = given | {"through_city": "no"}
    assert enter(clerk, "channel", town.market.pk, name="旧前置库", status="停用中", **closing).status_code == 302
    assert enter(keeper, "channel", town.market.pk, name="私建专线", status="另建在用", **closing).status_code == 302
    page = text(browser(keeper).get("/registers/channel/?state=breach"))
    assert "私建专线" in page and "/YH-25.7/" in page
    assert "经市平台" not in page and "旧前置库" not in page, "what is being closed is no breach"
    entry = Entry.objects.get(title="私建专线")
    shown = text(browser(clerk).get(f"/registers/entries/{entry.pk}/"))
    assert "属于禁止行为" in shown and "/YH-25.7/" in shown
    Role.objects.filter(person=clerk).delete()
    typed = {
        "revision": 1,
        "f_name": "私建专线",
        "f_status": "已停用",
        "f_department": town.market.pk,
        "f_through_city": "no",
    }
    assert browser(keeper).post(f"/registers/entries/{entry.pk}/edit/", typed).status_code == 302
    assert "私建专线" not in text(browser(keeper).get("/registers/channel/?state=breach"))


@pytest.mark.article("YH-15", "YH-16")
def test_sharing_is_free_and_unconditional_unless_departments_or_items_are_named():
    town = make_town(YUHUA)
    form = text(browser(town.people["provider"]).get("/catalogue/new/"))
    (ticked,) = [t for t in re.findall(r'<input[^>]*name="share_type"[^>]*>', form) if "checked" in t]
    assert 'value="unconditional"' in ticked
    for word in ("price", "fee", "收费", "单价"):
        assert f'name="{word}' not in form and word not in re.sub(r"<[^>]*>", "", form), word
    partly = {"share_type": "conditional", "share_condition": "用于核验"}
    with pytest.raises(Invalid) as caught:
        submit(town, new_resource(town, title="未写范围", share_scope="", **partly))
    assert {p.reference.row for p in caught.value.problems if p.reference} == {"YH-15"}
    items = (
        *(replace(i, share_type="unconditional") for i in PERMIT_ITEMS),
        ItemDraft("举报记录", share_type="withheld"),
    )
    spec = publish(
        town, new_resource(town, title="按信息项", items=items, duplicate_note="不同", **partly, share_scope="")
    )
    assert [i.share_type for i in spec.items][-2:] == ["unconditional", "withheld"]
    named = publish(town, new_resource(town, title="按部门", duplicate_note="不同", **partly, share_scope="公安局"))
    assert named.elements["share_scope"] == "公安局"
