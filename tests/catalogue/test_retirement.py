"""Retirement: plan, notices to everyone who uses it, acknowledgements, the end, what stays."""

from datetime import timedelta

import pytest

from yishu.cases.models import Notice
from yishu.catalogue import life_forms, queries, retiring
from yishu.catalogue.life_forms import RetirementPlanForm
from yishu.catalogue.models import Resource, Retirement, RetirementNotice, SearchEntry, Version
from yishu.catalogue.retiring import Plan
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from yishu.sharing.models import Grant

from .town import AT, JIYUAN, XINZHOU, XIUWU, make_town, new_resource, publish, submit

pytestmark = pytest.mark.django_db
ENDS = AT.date() + timedelta(days=20)
LATER = AT + timedelta(days=20)


def grant(town, resource):
    return Grant.objects.create(
        jurisdiction=town.jurisdiction, department=town.police, resource=resource, resource_version=1, items=["i0001"],
        purpose="administrative_basis", starts_on=AT.date(), ends_on=AT.date() + timedelta(days=300),
        granted_by=town.people["authority"], granted_at=AT,
    )  # fmt: skip


def pair(town):
    old = new_resource(town)
    publish(town, old)
    new = new_resource(town, title="经营主体许可汇总", duplicate_note="不同")
    publish(town, new)
    return old, new


def plan(new=None, **changes):
    values = {
        "reason": "系统合并",
        "transition": "两个月内并行",
        "retention": "原数据保留三年",
        "ends_on": ENDS,
    } | changes
    return Plan(replacement_id=new.pk if new else None, **values)


def announce(town, old, made):
    return retiring.announce_retirement(resource_id=old.pk, plan=made, by=town.people["provider"], at=AT)


def act(town, retirement, outcome, who="provider", at=AT, **given):
    case = Retirement.objects.get(pk=retirement.pk).case
    return retiring.decide_retirement(
        case_id=case.pk,
        outcome=outcome,
        seen_revision=case.revision,
        reason="系统合并",
        given=given,
        by=town.people[who],
        at=at,
    )


@pytest.mark.article("XZ-5.7.b")
def test_retirement_needs_replacement_transition_and_retention_and_tells_every_user(client):
    town = make_town(XINZHOU)
    old, new = pair(town)
    held = grant(town, old)
    for wrong in (
        plan(),
        plan(new, transition=" "),
        plan(new, retention=""),
        plan(new, ends_on=AT.date() - timedelta(days=1)),
        plan(old),
    ):
        with pytest.raises(Invalid) as caught:
            announce(town, old, wrong)
        assert caught.value.problems
    assert not Retirement.objects.exists()
    retirement = announce(town, old, plan(new))
    assert retirement.case.step == "transition"
    notice = RetirementNotice.objects.get()
    assert notice.department == town.police and Notice.objects.filter(person=town.people["police"]).exists()
    client.force_login(town.people["police"])
    page = client.get(f"/catalogue/retirements/{retirement.pk}/").content.decode()
    assert "两个月内并行" in page and "经营主体许可汇总" in page and "确认收到" in page
    assert client.post(f"/catalogue/retirement-notices/{notice.pk}/", {"reply": "同意"}).status_code == 302
    notice.refresh_from_db()
    assert notice.acknowledged_by == town.people["police"] and notice.reply == "同意"
    act(town, retirement, "complete")
    old.refresh_from_db()
    assert old.state == "retiring" and retiring.finish_due(AT) == 0
    assert queries.published(id=old.pk).version == 1
    assert retiring.finish_due(LATER) == 1 and retiring.finish_due(LATER) == 0
    old.refresh_from_db()
    held.refresh_from_db()
    assert (old.state, held.state) == ("retired", "revoked")
    assert Version.objects.filter(resource=old).exists() and old.items.count() == 4
    with pytest.raises(NotFound):
        queries.published(id=old.pk)
    found = client.get("/catalogue/?q=食品").content.decode()
    assert "已停用" in found and "经营主体许可汇总" in found
    shown = client.get(f"/catalogue/{old.pk}/").content.decode()
    assert "不再接受申请" in shown and "查看替代资源" in shown


def test_text_without_a_procedure_lets_the_department_retire_directly_and_says_so(client):
    town = make_town(XIUWU)
    old, _ = pair(town)
    client.force_login(town.people["provider"])
    assert "没有规定停用程序" in client.get(f"/catalogue/{old.pk}/retire/").content.decode()
    typed = {"reason": "重复", "transition": "", "retention": "保留", "ends_on": ENDS.isoformat()}
    kept = client.post(f"/catalogue/{old.pk}/retire/", typed)
    assert kept.status_code == 422 and "重复" in kept.content.decode()
    retirement = announce(town, old, plan())
    assert retirement.case is None
    with pytest.raises(Conflict, match="停用日期"):
        retiring.finish_retirement(retirement_id=retirement.pk, by=town.people["provider"], at=AT)
    retiring.finish_retirement(retirement_id=retirement.pk, by=town.people["provider"], at=LATER)
    assert Resource.objects.get(pk=old.pk).state == "retired" and SearchEntry.objects.get(resource=old).retired


def test_overlay_consults_files_with_the_authority_and_then_ends():
    town = make_town(JIYUAN, "overlaid")
    old, new = pair(town)
    retirement = announce(town, old, plan(new))
    assert retirement.case.step == "consult"
    with pytest.raises(Invalid):
        act(town, retirement, "submit")
    act(town, retirement, "submit", minutes="公安局同意改用新资源")
    with pytest.raises(NotAllowed):
        act(town, retirement, "file")
    act(town, retirement, "file", who="authority", at=LATER)
    assert Resource.objects.get(pk=old.pk).state == "retired"


def test_cancelled_retirement_leaves_the_resource_serving():
    town = make_town(XINZHOU)
    old, new = pair(town)
    grant(town, old)
    retirement = announce(town, old, plan(new))
    act(town, retirement, "cancel")
    old.refresh_from_db()
    assert old.state == "published" and Retirement.objects.get().cancelled_at == AT
    assert Notice.objects.filter(key=f"retirement-cancelled:{retirement.pk}").count() == 1
    assert retiring.finish_due(LATER) == 0


def test_resource_in_review_or_of_others_cannot_be_retired_nor_a_notice_acknowledged_by_strangers():
    town = make_town(XIUWU)
    draft = new_resource(town)
    submit(town, draft)
    with pytest.raises(Conflict):
        announce(town, draft, plan())
    old = new_resource(town, title="别的资源", duplicate_note="不同")
    publish(town, old)
    with pytest.raises(NotAllowed):
        retiring.announce_retirement(resource_id=old.pk, plan=plan(), by=town.people["police"], at=AT)
    grant(town, old)
    announce(town, old, plan())
    notice = RetirementNotice.objects.get()
    other = make_town(JIYUAN, name="别县", prefix="b-")
    with pytest.raises(NotFound):
        retiring.acknowledge(notice_id=notice.pk, reply="", by=other.people["police"], at=AT)
    with pytest.raises(NotAllowed):
        retiring.acknowledge(notice_id=notice.pk, reply="", by=town.people["provider"], at=AT)
    retiring.acknowledge(notice_id=notice.pk, reply="知悉\x00", by=town.people["police"], at=AT)
    with pytest.raises(Conflict):
        retiring.acknowledge(notice_id=notice.pk, reply="", by=town.people["police"], at=AT)


def test_replacement_among_many_resources_is_named_by_its_code(monkeypatch):
    """Hundreds of thousands of options would be megabytes of page; a code is typed instead."""
    town = make_town(XIUWU)
    old, new = new_resource(town), new_resource(town, title="新许可证信息")
    publish(town, old)
    publish(town, new)
    new.refresh_from_db()
    form = RetirementPlanForm(old, town.law)
    assert f'<option value="{new.pk}"' in str(form["replacement"])
    monkeypatch.setattr(life_forms, "MOST_OFFERED", 0)
    typed = {"reason": "停", "transition": "接", "retention": "存", "ends_on": "2027-01-01", "replacement": new.code}
    form = RetirementPlanForm(old, town.law, typed)
    assert "<option" not in str(form["replacement"]) and form.is_valid() and form.plan().replacement_id == new.pk
    assert not RetirementPlanForm(old, town.law, typed | {"replacement": "999999/999999"}).is_valid()
