"""What may not weaken: unconditional scope, grades, masks."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yishu.catalogue import actions, narrowing, queries
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.models import Version
from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.catalogue.sharing_rules import mask_rank, weakening
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.kernel.errors import Invalid, NotAllowed
from yishu.orgs.models import Area, Person
from yishu.security.masks import MASKS

from .conftest import PERMIT_ITEMS
from .town import AT, XINZHOU, XIUWU, YUHUA, forward, make_town, new_resource, publish, submit, take

KINDS = ["", *MASKS]


def edit(town, resource, items=None, **changes):
    resource.refresh_from_db()
    return actions.save_draft(
        resource_id=resource.pk, seen_revision=resource.revision, draft=replace(resource_draft(resource), **changes),
        items=items or item_drafts(resource), by=town.people["provider"], at=AT,
    )  # fmt: skip


NARROW = {"share_type": "conditional", "share_condition": "用于核验", "share_scope": "审批部门"}


@pytest.mark.django_db
@pytest.mark.article("YH-25.1")
def test_department_that_publishes_itself_cannot_narrow_without_basis_and_the_authoritys_consent(client):
    town = make_town(YUHUA)
    resource = new_resource(town)
    publish(town, resource)
    edit(town, resource, **NARROW)
    with pytest.raises(Invalid) as caught:
        submit(town, resource)
    assert {p.reference.row for p in caught.value.problems if p.code == "catalogue.narrowing_basis"} == {"YH-25.1"}
    edit(town, resource, **NARROW, share_basis="《某法》第三条", basis_kind="law")
    case = submit(town, resource)
    with pytest.raises(Invalid) as caught:
        take(town, case, "approve")
    assert caught.value.code == "catalogue.narrowing_unapproved" and caught.value.reference.row == "YH-25.1"
    client.force_login(town.people["authority"])
    page = client.get("/catalogue/narrowing/").content.decode()
    assert "食品经营许可证信息" in page and "《某法》第三条" in page
    typed = {"resource": resource.pk, "revision": case.revision, "do": "consent"}
    assert client.post("/catalogue/narrowing/", {**typed, "reason": ""}).status_code == 422
    with pytest.raises(NotAllowed):
        narrowing.decide_narrowing(
            resource_id=resource.pk, consent=True, reason="可", by=town.people["provider"], at=AT
        )
    narrowing.decide_narrowing(
        resource_id=resource.pk, consent=False, reason="依据不足", by=town.people["authority"], at=AT
    )
    with pytest.raises(Invalid):
        take(town, case, "approve")
    stale = client.post("/catalogue/narrowing/", {**typed, "revision": case.revision - 1, "reason": "依据充分"})
    assert stale.status_code == 409, "nobody consents to what was handed in since the page was shown"
    answer = client.post("/catalogue/narrowing/", {**typed, "reason": "依据充分" * 100})
    assert answer.status_code == 302
    consent = narrowing.consent_of(case)
    assert consent is not None and len(consent.fields["reason"]) == 400, "the reason is kept whole"
    take(town, case, "approve")
    assert queries.published(id=resource.pk).share_type == "conditional"
    assert narrowing.waiting(town.jurisdiction) == []


@pytest.mark.django_db
def test_narrowing_a_single_item_needs_consent_too_and_widening_does_not():
    town = make_town(YUHUA)
    resource = new_resource(
        town, items=(*PERMIT_ITEMS, ItemDraft("电话", share_type="conditional", mask="phone")), share_basis="某法第一条"
    )
    publish(town, resource)
    items = [replace(i, share_type="conditional") if i.name == "单位名称" else i for i in item_drafts(resource)]
    edit(town, resource, items=items, share_basis="《某法》第三条", basis_kind="law")
    case = submit(town, resource)
    with pytest.raises(Invalid, match="单位名称"):
        take(town, case, "approve")
    case = take(town, case, "return")
    wider = [replace(i, share_type="") for i in items]
    edit(town, resource, items=wider)
    take(town, submit(town, resource), "approve")
    assert {i.share_type for i in queries.published(id=resource.pk).items} == {"unconditional"}


@pytest.mark.django_db
def test_narrowing_under_the_overlay_is_the_authoritys_step_itself():
    town = make_town(YUHUA, "overlaid")
    resource = new_resource(town)
    publish(town, resource)
    edit(town, resource, **NARROW, share_basis="《某法》第三条", basis_kind="law")
    case = submit(town, resource)
    while case.closed_at is None:
        case = take(town, case, forward(case))
    assert queries.published(id=resource.pk).share_type == "conditional" and narrowing.waiting(town.jurisdiction) == []


@pytest.mark.django_db
@pytest.mark.parametrize("pack", [XIUWU, XINZHOU])
def test_version_with_a_lower_grade_or_weaker_mask_needs_a_recorded_reason(pack):
    town = make_town(pack)
    resource = new_resource(town, items=(*PERMIT_ITEMS, ItemDraft("电话", mask="hide")))
    publish(town, resource)
    items = [replace(i, mask="phone", column=i.column) if i.name == "电话" else i for i in item_drafts(resource)]
    edit(town, resource, items=items)
    case = submit(town, resource)
    lower = {i.column: 1 for i in resource.items.all()}
    with pytest.raises(Invalid) as caught:
        take(town, case, forward(case), reason=" ", grades=lower)
    assert {p.code for p in caught.value.problems} == {"catalogue.grade_weakened", "catalogue.mask_weakened"}
    assert Version.objects.count() == 1
    case = take(town, case, forward(case), reason="经评估可以降级", grades=lower)
    assert case.events.order_by("-seq")[0].reason == "经评估可以降级"
    assert Version.objects.count() == 2


@pytest.mark.django_db
def test_item_left_out_or_put_under_a_new_name_is_a_narrowing():
    town = make_town(YUHUA)
    resource = new_resource(town, share_basis="某法第一条")
    publish(town, resource)
    assert narrowing.narrowed(edit(town, resource)) == []
    kept = item_drafts(resource)
    edit(town, resource, items=kept[:-1])
    assert narrowing.narrowed(resource) == [f"{kept[-1].name}（删去）"]
    renamed = replace(kept[-1], name="另名", column="", share_type="conditional")
    edit(town, resource, items=[*kept[:-1], renamed], share_basis="《某法》第三条", basis_kind="law")
    case = submit(town, resource)
    with pytest.raises(Invalid) as caught:
        take(town, case, "approve")
    assert caught.value.code == "catalogue.narrowing_unapproved"


@pytest.mark.django_db
def test_consent_to_a_narrowing_comes_from_the_authority_of_the_departments_area():
    town = make_town(YUHUA)
    resource = new_resource(town)
    publish(town, resource)
    edit(town, resource, **NARROW, share_basis="《某法》第三条", basis_kind="law")
    submit(town, resource)
    town.authority.area = Area.objects.create(jurisdiction=town.jurisdiction, name="开发区", created_at=AT)
    town.authority.save()
    with pytest.raises(NotAllowed):
        narrowing.decide_narrowing(
            resource_id=resource.pk, consent=True, reason="可", by=Person.objects.get(username="lin"), at=AT
        )


@pytest.mark.django_db
def test_two_items_cannot_change_places_to_shed_a_mask():
    town = make_town(XIUWU)
    items = (*PERMIT_ITEMS, ItemDraft("电话", mask="hide"), ItemDraft("备注"))
    resource = new_resource(town, items=items)
    publish(town, resource)
    stored = {i.name: i for i in item_drafts(resource)}
    phone, note = stored["电话"], stored["备注"]
    swapped = [
        replace(i, column={phone.name: note.column, note.name: phone.column}.get(i.name, i.column), mask="")
        for i in stored.values()
    ]
    edit(town, resource, items=swapped)
    now = {i.name: i.column for i in item_drafts(resource)}
    assert (now["电话"], now["备注"]) == (phone.column, note.column), "a name keeps its column"
    # By way of other names, in several savings, the columns do move; the version in force is what counts.
    for step in ({"电话": "甲", "备注": "乙"}, {"甲": "备注", "乙": "电话"}):
        edit(town, resource, items=[replace(i, name=step.get(i.name, i.name)) for i in item_drafts(resource)])
    assert {i.name: i.column for i in item_drafts(resource)}["电话"] == note.column
    case = submit(town, resource)
    with pytest.raises(Invalid) as caught:
        take(town, case, forward(case), reason=" ", grades={i.column: 4 for i in resource.items.all()})
    assert {p.code for p in caught.value.problems} == {"catalogue.mask_weakened"}


@pytest.mark.django_db
def test_published_base_item_stays_unconditional_when_its_mark_is_taken_off():
    town = make_town(XIUWU)
    library = next(o for o in town.law.options("base_libraries") if str(o.facts.get("locked", "")).lower() != "false")
    items = tuple(replace(i, is_base=n == 0) for n, i in enumerate(PERMIT_ITEMS))
    resource = new_resource(town, items=items, base_library=library.key)
    publish(town, resource)
    bare = [replace(i, is_base=False, share_type="conditional") for i in item_drafts(resource)]
    edit(town, resource, items=bare, base_library="")
    with pytest.raises(Invalid) as caught:
        submit(town, resource)
    assert "catalogue.base_item_locked" in {p.code for p in caught.value.problems}


def spec_of(items):
    return ResourceSpec(
        id=1, code="307016/000001", version=1, title="试", jurisdiction_id=1, pack="x", department_id=1, department_name="试局",
        share_type="unconditional", items=items,
    )  # fmt: skip


def item(number, mask, grade):
    return ItemSpec(column=f"i{number:04d}", name=f"项{number}", data_type="C", mask=mask, grade=grade)


@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.integers(1, 4), st.sampled_from(KINDS), st.integers(1, 4)), max_size=6
    )
)
def test_versions_without_a_complaint_never_show_more_than_before(pairs):
    before = spec_of(tuple(item(n, mask, grade) for n, (mask, grade, _, _) in enumerate(pairs)))
    after = tuple(item(n, mask, grade) for n, (_, _, mask, grade) in enumerate(pairs))
    if weakening(before, after):
        return
    for old, new in zip(before.items, after, strict=True):
        assert new.grade >= old.grade
        assert new.mask == old.mask or mask_rank(new.mask) > mask_rank(old.mask)


@given(st.sampled_from(KINDS), st.integers(1, 4), st.sampled_from(KINDS), st.integers(1, 4))
def test_item_that_changed_its_column_is_compared_by_name(mask, grade, other_mask, other_grade):
    old = item(1, mask, grade)
    new = replace(item(1, other_mask, other_grade), column="i0099")
    same = replace(new, column=old.column)
    assert len(weakening(spec_of((old,)), (new,))) == len(weakening(spec_of((old,)), (same,)))
    assert weakening(spec_of((old,)), (replace(old, grade=4, mask="hide"),)) == []
