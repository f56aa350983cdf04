"""版本对照: pure differences and the page, for readers, the department and the reviewer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yishu.cases.models import Case
from yishu.catalogue import actions, diffing
from yishu.catalogue.snapshots import item_drafts, resource_draft

from .conftest import AT, PERMIT_ITEMS, PERMITS
from .test_pages import client_of
from .test_rules import LAW

ITEMS = tuple(replace(item, column=f"i{n:04}") for n, item in enumerate(PERMIT_ITEMS, 1))


def compared(draft=PERMITS, items=ITEMS):
    before = diffing.draft_side(PERMITS, ITEMS, LAW, "甲")
    return diffing.difference(before, diffing.draft_side(draft, items, LAW, "乙"))


def test_every_kind_of_change_is_told():
    items = (
        replace(ITEMS[1], name="企业名称", length=300),
        ITEMS[0],
        ITEMS[3],
        replace(ITEMS[0], name="备注", column=""),
    )
    found = compared(replace(PERMITS, update_cycle="weekly", share_type="conditional", share_condition="核验"), items)
    assert {(c.label, c.before, c.after) for c in found.elements} == {
        ("共享类型", "无条件共享", "有条件共享"), ("共享条件", "", "核验"), ("更新周期", "每日", "每周"),
    }  # fmt: skip
    assert [i.name for i in found.added] == ["备注"] and [i.name for i in found.removed] == ["许可证编号"]
    changes = {c.name: {(x.label, x.before, x.after) for x in c.changes} for c in found.changed}
    assert ("名称", "单位名称", "企业名称") in changes["企业名称"] and ("数据长度", "200", "300") in changes["企业名称"]
    assert found.moved == ("企业名称",) or len(found.moved) == 1


@given(st.permutations(ITEMS))
def test_nothing_changes_but_the_order_when_only_the_order_changes(items):
    found = compared(items=tuple(items))
    assert not (found.elements or found.added or found.removed or found.changed)
    assert (len(found.moved) == 0) == (tuple(items) == ITEMS) and len(found.moved) < len(ITEMS)


@pytest.mark.django_db
def test_page_compares_versions_and_the_draft_only_for_those_who_may(county, elsewhere, draft_of, publish):
    resource = draft_of()
    publish(resource)
    resource.refresh_from_db()
    actions.save_draft(
        resource_id=resource.pk, seen_revision=resource.revision, draft=replace(resource_draft(resource), summary="改过的摘要"),
        items=item_drafts(resource)[:3], by=county.market_clerk, at=AT,
    )  # fmt: skip
    url = f"/catalogue/{resource.pk}/diff/"
    own = client_of(county.market_clerk)
    text = own.get(url).content.decode()
    assert "改过的摘要" in text and "发证日期" in text and "修改稿" in text
    assert url in own.get(f"/catalogue/{resource.pk}/").content.decode()
    for stranger in (client_of(county.police_clerk), client_of(county.reviewer)):
        assert "改过的摘要" not in stranger.get(url + "?from=1&to=draft").content.decode()
    assert client_of(elsewhere.market_clerk).get(url).status_code == 404
    publish(resource)
    assert "改过的摘要" in client_of(county.police_clerk).get(url + "?from=1&to=2").content.decode()
    assert own.get(url + "?from=%00&to=99999").status_code == 200


@pytest.mark.django_db
def test_reviewer_compares_the_submitted_draft_from_the_case(county, draft_of, publish):
    resource = draft_of()
    publish(resource)
    resource.refresh_from_db()
    actions.save_draft(
        resource_id=resource.pk, seen_revision=resource.revision, draft=replace(resource_draft(resource), summary="改过的摘要"),
        items=item_drafts(resource), by=county.market_clerk, at=AT,
    )  # fmt: skip
    resource.refresh_from_db()
    actions.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=county.market_clerk, at=AT)
    case = Case.objects.get(closed_at=None)
    reviewer = client_of(county.reviewer)
    link = f"/catalogue/{resource.pk}/diff/?from=1&amp;to=draft"
    assert link in reviewer.get(f"/cases/{case.pk}/").content.decode()
    assert "改过的摘要" in reviewer.get(link.replace("&amp;", "&")).content.decode()
