"""Rows of the acceptance list the catalogue carries whole, each driven through its pages or public actions."""

import re
from dataclasses import replace

import pytest
from django.test import Client

from yishu.catalogue import actions, queries
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.models import Version
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.kernel.errors import Invalid
from yishu.orgs.models import Department, Person, Role

from .conftest import AT, CLEARED, PERMIT_ITEMS

pytestmark = pytest.mark.django_db

SOURCE_KINDS = {
    "direct": "直接采集",
    "third_party": "通过第三方依法采集",
    "authorised": "依法授权管理",
    "system": "依托政务信息系统形成",
}
SHARE_TYPES = {"unconditional": "无条件共享", "conditional": "有条件共享", "withheld": "不予共享"}


def client_of(person):
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def choices_of(page, name):
    """Value → label of a field of radio buttons on a page."""
    found = re.findall(rf'<input[^>]*name="{name}"[^>]*>', page)
    values = [re.search(r'value="([^"]*)"', tag).group(1) for tag in found]
    return {v: t for v in values for t in [re.search(rf'value="{v}"[^>]*>\s*(?:<[^>]*>\s*)*([^<\s]+)', page)] if t}


def submit(resource, by):
    resource.refresh_from_db()
    return actions.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=by, at=AT)


def refusal(resource, by):
    """What a refused submission says: problem code → row of the article; the resource stays a draft."""
    with pytest.raises(Invalid) as caught:
        submit(resource, by)
    resource.refresh_from_db()
    assert resource.state == "draft" and resource.code is None
    return {p.code: p.reference.row if p.reference else "" for p in caught.value.problems}


@pytest.mark.article("XW-2.1")
def test_source_kind_is_mandatory_and_one_of_the_four_of_the_text(county, draft_of, publish):
    page = client_of(county.market_clerk).get("/catalogue/new/").content.decode()
    assert {k: m.group(1) for k, m in choices_of(page, "source_kind").items()} == SOURCE_KINDS
    for kind, title in SOURCE_KINDS.items():
        spec = publish(draft_of(title=f"{title}的台账", source_kind=kind))
        assert title in client_of(county.police_clerk).get(f"/catalogue/{spec.id}/").content.decode()
    assert refusal(draft_of(source_kind=""), county.market_clerk) == {"catalogue.missing_source_kind": "XW-2.1"}
    assert refusal(draft_of(source_kind="bought"), county.market_clerk) == {"catalogue.unknown_source_kind": "XW-2.1"}


@pytest.mark.article("XW-18.1")
def test_share_type_is_one_of_the_three_of_the_text(county, draft_of, publish):
    page = client_of(county.market_clerk).get("/catalogue/new/").content.decode()
    assert {k: m.group(1) for k, m in choices_of(page, "share_type").items()} == SHARE_TYPES
    more = {
        "conditional": {"share_condition": "用于核验", "share_scope": "公安局"},
        "withheld": {"share_basis": "某条例"},
    }
    for kind, title in SHARE_TYPES.items():
        spec = publish(draft_of(title=f"{title}的台账", share_type=kind, **more.get(kind, {})))
        assert spec.share_type == kind
        assert title in client_of(county.police_clerk).get(f"/catalogue/{spec.id}/").content.decode()
    assert refusal(draft_of(share_type="secret"), county.market_clerk).keys() == {"catalogue.share_type"}


@pytest.mark.article("XW-18.2")
def test_conditional_names_departments_or_items_and_items_have_types_of_their_own(county, draft_of, publish):
    given = {"share_type": "conditional", "share_condition": "用于行政审批核验"}
    assert refusal(draft_of(**given), county.market_clerk) == {"catalogue.missing_share_scope": "XW-18.2"}
    by_department = publish(draft_of(title="按部门共享的台账", share_scope="公安局、税务局", **given))
    assert by_department.elements["share_scope"] == "公安局、税务局"
    items = (
        *(replace(i, share_type="unconditional") for i in PERMIT_ITEMS),
        ItemDraft("法定代表人电话", share_type="conditional", mask="phone"),
        ItemDraft("举报记录", share_type="withheld"),
    )
    by_item = publish(draft_of(title="按信息项共享的台账", items=items, **given))
    assert [i.share_type for i in by_item.items[-3:]] == ["unconditional", "conditional", "withheld"]
    page = client_of(county.police_clerk).get(f"/catalogue/{by_item.id}/").content.decode()
    row = page.partition("举报记录")[2][:400]
    assert "不予共享" in row


@pytest.mark.article("XW-19.2")
def test_base_items_of_a_base_library_are_locked_to_unconditional(county, draft_of, publish):
    base = ItemDraft("单位名称", is_base=True)
    locked = draft_of(base_library="legal_entity", items=(PERMIT_ITEMS[0], replace(base, share_type="conditional")))
    assert refusal(locked, county.market_clerk) == {"catalogue.base_item_locked": "XW-19.2"}
    items = (PERMIT_ITEMS[0], base, ItemDraft("联系电话"))
    scope = {"share_condition": "核验", "share_scope": "行政审批部门"}
    proposed = publish(
        draft_of(title="法人登记甲", base_library="legal_entity", share_type="conditional", items=items, **scope)
    )
    assert [i.share_type for i in proposed.items] == ["conditional", "unconditional", "conditional"]
    resource = draft_of(title="法人登记乙", base_library="legal_entity", items=items)
    case = submit(resource, county.market_clerk)
    actions.approve_resource(
        case_id=case.pk, seen_revision=case.revision, share_type="withheld", reason="涉及个人",
        basis="某条例第二条", secrecy=CLEARED, grades={i.column: 1 for i in resource.items.all()}, by=county.reviewer, at=AT,
    )  # fmt: skip
    changed = queries.published(id=resource.pk)
    assert [i.share_type for i in changed.items] == ["withheld", "unconditional", "withheld"], "not even the authority"


@pytest.mark.article("XW-17.1")
def test_share_type_begins_unconditional_and_what_another_department_collects_is_told(county, draft_of, publish):
    page = client_of(county.police_clerk).get("/catalogue/new/").content.decode()
    (ticked,) = [t for t in re.findall(r'<input[^>]*name="share_type"[^>]*>', page) if "checked" in t]
    assert 'value="unconditional"' in ticked
    publish(draft_of())
    twin = draft_of(department=county.police, by=county.police_clerk, title="食品经营许可证信息表")
    assert twin.share_type == "unconditional"
    with pytest.raises(actions.SuspectedDuplicates) as caught:
        submit(twin, county.police_clerk)
    assert "市场监督管理局" in str([s.department for s in caught.value.similar]) and caught.value.remedy
    twin.refresh_from_db()
    assert twin.state == "draft"
    actions.save_draft(
        resource_id=twin.pk, seen_revision=twin.revision, items=item_drafts(twin), by=county.police_clerk, at=AT,
        draft=replace(resource_draft(twin), duplicate_note="仅含治安检查结果"),
    )  # fmt: skip
    case = submit(twin, county.police_clerk)
    shown = client_of(county.reviewer).get(f"/cases/{case.pk}/").content.decode()
    assert "仅含治安检查结果" in shown and "307016/000001" in shown, "the authority judges both side by side"


@pytest.mark.article("XW-21")
def test_shared_catalogue_stands_by_share_type_with_a_log_of_every_publication(county, elsewhere, draft_of, publish):
    first = draft_of()
    publish(first)
    publish(draft_of(title="经营异常名录", share_type="withheld", share_basis="某条例第二条"))
    first.refresh_from_db()
    actions.save_draft(
        resource_id=first.pk, seen_revision=first.revision, draft=replace(resource_draft(first), summary="新的摘要"),
        items=item_drafts(first), by=county.market_clerk, at=AT,
    )  # fmt: skip
    publish(first)
    reader = client_of(county.police_clerk)
    for kind, shown, hidden in (
        ("withheld", "经营异常名录", "食品经营许可证信息"),
        ("unconditional", "食品经营许可证信息", "经营异常名录"),
    ):
        for path in ("/catalogue/", "/catalogue/log/"):
            text = reader.get(path, {"share_type": kind}).content.decode().split("<main", 1)[1]
            assert shown in text and hidden not in text, (path, kind)
    log = reader.get("/catalogue/log/").content.decode()
    assert log.count("林审核") == Version.objects.count() == 3 and "第 2 版" in log
    assert "食品经营许可证信息" not in client_of(elsewhere.market_clerk).get("/catalogue/log/").content.decode()


@pytest.mark.article("XW-30")
def test_nothing_is_published_without_a_secrecy_review_and_an_inspector_reads_but_decides_nothing(county, draft_of):
    office = Department.objects.create(
        jurisdiction=county.jurisdiction, name="机要保密局", uscc="11410821MB0000005E", kind="government", created_at=AT
    )
    inspector = Person.objects.create(username="jimi", name="严检查", department=office, created_at=AT)
    Role.objects.create(person=inspector, department=office, kind="auditor", granted_at=AT)
    resource = draft_of()
    case = submit(resource, county.market_clerk)
    reviewer, reader = client_of(county.reviewer), client_of(inspector)
    given = {"revision": "1", "share_type": "unconditional"} | {f"grade_{i.column}": "1" for i in resource.items.all()}
    finding = {"reviewer": "郑保密", "conclusion": "passed", "reviewed_on": AT.date().isoformat()}
    approve = f"/cases/{case.pk}/approve/"
    for part in finding:
        answer = reviewer.post(approve, given | finding | {part: ""})
        assert answer.status_code == 422 and "第三十条" in answer.content.decode(), part
    assert reviewer.post(approve, given | finding | {"conclusion": "secret"}).status_code == 422
    assert not Version.objects.exists()
    assert reader.post(approve, given | finding).status_code == 403
    assert not Version.objects.exists()
    assert reviewer.post(approve, given | finding).status_code == 302
    page = reader.get(f"/catalogue/{resource.pk}/").content.decode()
    assert "郑保密" in page and "9月18日" in page
    assert "请您办理" not in reader.get(f"/cases/{case.pk}/").content.decode()
    assert reader.get("/catalogue/new/").status_code == 403
