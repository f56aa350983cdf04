"""Change events: the clock runs from the day of the change and ends where the law says, in every pack and mode."""

from datetime import datetime, time, timedelta

import pytest

from yishu.cases.extensions import extend_clock
from yishu.catalogue import actions, changes
from yishu.catalogue.messages import ResourcePublished
from yishu.catalogue.models import ChangeEvent, Resource, Version
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.kernel import events
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from yishu.kernel.time import SHANGHAI
from yishu.law import calendar
from yishu.stewardship.models import ResponsibilityList

from .town import AT, JIYUAN, XINZHOU, XIUWU, YUHUA, forward, make_town, new_resource, publish, submit, take

pytestmark = pytest.mark.django_db
DAY = AT.date()
BEFORE = AT - timedelta(days=30)


def after(days):
    """The moment ten o'clock on the n-th working day after the day of the change."""
    day = DAY
    while days:
        day += timedelta(days=1)
        days -= calendar.current().is_working(day)
    return datetime.combine(day, time(10), SHANGHAI)


def change(town, resource=None, at=AT, **values):
    given = {"kind": "law", "changed_on": DAY, "basis": "《食品安全法》修改"} | values
    return changes.record_change(
        department=town.market, resources=[resource] if resource else [], by=town.people["provider"], at=at, **given
    )


def changed(town, resource, at):
    """The published resource, edited again."""
    resource.refresh_from_db()
    return actions.save_draft(
        resource_id=resource.pk,
        seen_revision=resource.revision,
        draft=resource_draft(resource),
        items=item_drafts(resource),
        by=town.people["provider"],
        at=at,
    )


FILE = [
    pytest.param(XIUWU, "as_written", 10, marks=pytest.mark.article("XW-10.1")),
    pytest.param(XINZHOU, "as_written", 15, marks=pytest.mark.article("XZ-3.2")),
    pytest.param(JIYUAN, "as_written", 5, marks=pytest.mark.article("JY-19.1")),
    pytest.param(YUHUA, "as_written", 15, marks=pytest.mark.article("YH-10")),
    (XIUWU, "overlaid", 10),
    (XINZHOU, "overlaid", 10),
    (JIYUAN, "overlaid", 5),
    (YUHUA, "overlaid", 10),
]


@pytest.mark.parametrize(("pack", "mode", "days"), FILE)
def test_update_within_the_days_of_the_law_is_in_time_and_a_day_later_is_overdue(client, pack, mode, days):
    town = make_town(pack, mode)
    resource = new_resource(town)
    publish(town, resource, BEFORE)
    event = change(town, resource)
    assert event.case.due_on == after(days).date() and event.case.clock_from == DAY
    late = change(town, resource, at=after(3), basis="职能调整", kind="duty")
    assert late.case.due_on == after(days).date()
    at = after(days + 1)
    assert event.case.due_on < at.date()
    changed(town, resource, at)
    case = submit(town, resource, at)
    while case.closed_at is None and not _finished(event):
        case = take(town, case, forward(case), at)
    event.refresh_from_db()
    assert event.done_at == at and event.case.closed_at == at and event.case.step == "filed"
    assert event.case.events.get(seq=1).due_on == after(days).date()
    client.force_login(town.people["authority"])
    page = client.get("/catalogue/changes/?state=done").content.decode()
    act = {XIUWU: "XW-35.7", XINZHOU: "XZ-7.4.5", JIYUAN: "JY-57.8", YUHUA: "YH-25.8"}[pack]
    assert "逾期" in page and f"/{act}/" in page


def _finished(event):
    return ChangeEvent.objects.get(pk=event.pk).done_at is not None


@pytest.mark.parametrize(
    ("pack", "mode", "days"),
    [(XIUWU, "as_written", 5), (JIYUAN, "as_written", 5), (XIUWU, "overlaid", 2), (XINZHOU, "overlaid", 2)],
)
def test_authority_has_the_days_of_the_law_for_an_update(pack, mode, days):
    town = make_town(pack, mode)
    resource = new_resource(town)
    case = submit(town, resource)
    while case.step_role != "authority":
        case = take(town, case, forward(case))
    assert case.due_on == after(days).date()


def test_application_ends_the_clock_when_it_reaches_the_authority_not_when_published():
    town = make_town(XIUWU, "overlaid")
    resource = new_resource(town)
    publish(town, resource, BEFORE)
    event = change(town, resource)
    changed(town, resource, after(2))
    case = submit(town, resource, after(2))
    assert case.step == "sign_off" and not _finished(event)
    take(town, case, "sign", after(3))
    assert _finished(event) and Version.objects.filter(resource=resource).count() == 1


def test_filing_pack_ends_the_clock_with_publication():
    town = make_town(XINZHOU)
    resource = new_resource(town)
    publish(town, resource, BEFORE)
    event = change(town, resource)
    changed(town, resource, after(2))
    case = submit(town, resource, after(2))
    assert not _finished(event)
    take(town, case, "file", after(4))
    assert _finished(event)


def test_change_without_basis_or_in_the_future_or_of_foreign_resources_is_refused():
    town = make_town(XIUWU)
    for wrong in ({"basis": " "}, {"changed_on": DAY + timedelta(days=1)}, {"kind": "other"}):
        with pytest.raises(Invalid):
            change(town, **wrong)
    with pytest.raises(NotAllowed):
        changes.record_change(
            department=town.market, kind="law", changed_on=DAY, basis="x", by=town.people["police"], at=AT
        )
    assert not ChangeEvent.objects.exists()


def test_change_closed_by_hand_needs_its_resources_updated_or_a_reason():
    town = make_town(XIUWU)
    resource = new_resource(town)
    publish(town, resource, BEFORE)
    event = change(town, resource)
    with pytest.raises(Invalid, match="尚未更新"):
        changes.decide_change(
            case_id=event.case_id, outcome="submit", seen_revision=1, reason="", by=town.people["provider"], at=AT
        )
    with pytest.raises(Invalid):
        changes.decide_change(
            case_id=event.case_id, outcome="withdraw", seen_revision=1, reason="", by=town.people["provider"], at=AT
        )
    changes.decide_change(
        case_id=event.case_id,
        outcome="withdraw",
        seen_revision=1,
        reason="不涉及本部门目录",
        by=town.people["provider"],
        at=AT,
    )
    assert _finished(event)


def test_change_of_another_tenant_does_not_exist():
    town = make_town(XIUWU)
    other = make_town(JIYUAN, name="别县", prefix="b-")
    event, resource = change(town), new_resource(other)
    with pytest.raises(NotFound):
        changes.link_resource(change_id=event.pk, resource=resource, by=other.people["provider"], at=AT)
    with pytest.raises(Invalid):
        changes.link_resource(change_id=event.pk, resource=resource, by=town.people["provider"], at=AT)


@pytest.mark.article("XW-10.2", "JY-19.2")
@pytest.mark.parametrize("pack", [XIUWU, JIYUAN])
def test_approval_publishes_and_renews_the_responsibility_list_in_one_transaction(pack, monkeypatch):
    town = make_town(pack)
    resource = new_resource(town)
    case = submit(town, resource)
    while case.step_role != "authority":
        case = take(town, case, forward(case))
    assert case.due_on == after(5).date()

    def fails(event):
        raise RuntimeError("a later subscriber fails")

    with monkeypatch.context() as patch:
        patch.setitem(events._handlers, ResourcePublished, [*events._handlers[ResourcePublished], fails])
        with pytest.raises(RuntimeError):
            take(town, case, "approve")
    assert not Version.objects.exists() and not ResponsibilityList.objects.filter(department=town.market).exists()
    take(town, case, "approve", after(5))
    assert Resource.objects.get().state == "published"
    assert ResponsibilityList.objects.filter(department=town.market).exists()


def test_change_pages_record_list_and_close(client):
    town = make_town(XIUWU)
    resource = new_resource(town)
    publish(town, resource, BEFORE)
    client.force_login(town.people["provider"])
    assert "登记变更事项" in client.get("/catalogue/changes/").content.decode()
    typed = {"kind": "law", "changed_on": "2026-09-18", "basis": "《某法》\x00修改", "resources": [resource.pk]}
    page = client.post("/catalogue/changes/new/", typed | {"basis": "", "note": "保留我"})
    assert page.status_code == 422 and "保留我" in page.content.decode()
    answer = client.post("/catalogue/changes/new/", typed | {"basis": "《某法》修改"})
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "食品经营许可证信息" in page and "待更新报送" in page
    listed = client.get("/catalogue/changes/?state=open&sort=due&q=某法").content.decode()
    assert "《某法》修改" in listed
    other = make_town(JIYUAN, name="别县", prefix="b-")
    client.force_login(other.people["authority"])
    assert "《某法》修改" not in client.get("/catalogue/changes/").content.decode()


@pytest.mark.parametrize("pack", [XINZHOU, YUHUA])
def test_overlay_extends_the_departments_ten_days_by_five_with_the_authoritys_consent_and_no_more(pack):
    town = make_town(pack, "overlaid")
    event = change(town)
    asked = {"case_id": event.case_id, "reason": "涉及多个系统"}
    with pytest.raises(Invalid):
        extend_clock(**asked, days=6, by=town.people["provider"], at=after(1))
    extend_clock(**asked, days=5, by=town.people["provider"], at=after(1))
    event.case.refresh_from_db()
    assert event.case.due_on == after(10).date()
    with pytest.raises(Conflict):
        extend_clock(**asked, days=5, by=town.people["provider"], at=after(2))
    extend_clock(**asked, days=5, by=town.people["authority"], at=after(2))
    event.case.refresh_from_db()
    assert event.case.due_on == after(15).date()
    with pytest.raises(Invalid):
        extend_clock(**asked, days=1, by=town.people["provider"], at=after(3))
