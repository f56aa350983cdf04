"""Drafts, submission, review and versions through the catalogue's actions."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from yishu.cases.actions import CaseMoved
from yishu.catalogue import actions, queries
from yishu.catalogue.actions import SecrecyFinding
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.messages import ResourcePublished
from yishu.catalogue.models import Resource, SecrecyReview, Version
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.kernel import events
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound

from .conftest import AT, CLEARED, PERMIT_ITEMS, PERMITS, make_county

pytestmark = pytest.mark.django_db


def problem_codes(error):
    return {p.code for p in error.problems}


def problem_rows(error):
    return {p.reference.row for p in error.problems if p.reference}


def submit(county, resource, by=None):
    resource.refresh_from_db()
    return actions.submit_resource(
        resource_id=resource.pk, seen_revision=resource.revision, by=by or county.market_clerk, at=AT
    )


def approve(county, case, resource, **changes):
    values = {
        "share_type": resource.share_type,
        "secrecy": CLEARED,
        "grades": {i.column: 2 for i in resource.items.all()},
        "by": county.reviewer,
        "at": AT,
    } | changes
    return actions.approve_resource(case_id=case.pk, seen_revision=case.revision, **values)


def save(county, resource, draft=None, items=None, by=None):
    resource.refresh_from_db()
    return actions.save_draft(
        resource_id=resource.pk,
        seen_revision=resource.revision,
        draft=draft or resource_draft(resource),
        items=item_drafts(resource) if items is None else items,
        by=by or county.market_clerk,
        at=AT,
    )


def test_resource_submitted_and_approved_is_published(county, draft_of):
    resource = draft_of()
    case = submit(county, resource)
    approve(county, case, resource)
    spec = queries.published(id=resource.pk)
    assert (spec.code, spec.version, spec.share_type) == ("307016/000001", 1, "unconditional")
    assert [i.column for i in spec.items] == ["i0001", "i0002", "i0003", "i0004"]
    assert {i.grade for i in spec.items} == {2}
    assert spec.key is not None and spec.key.name == "统一社会信用代码"
    assert queries.published(code="307016-000001") == spec
    case.refresh_from_db()
    assert case.step == "published" and case.closed_at == AT


def test_approval_writes_ledger_and_event_without_names(county, draft_of, monkeypatch):
    heard = []
    monkeypatch.setitem(events._handlers, ResourcePublished, [heard.append])
    resource = draft_of()
    approve(county, submit(county, resource), resource)
    assert heard == [ResourcePublished(resource.pk, "307016/000001", 1)]
    with connection.cursor() as cursor:
        cursor.execute("select convert_from(entry, 'utf8') from ledger.inbox")
        entries = [row[0] for row in cursor.fetchall()]
    assert any('"outcome":"approve"' in e and "307016/000001" in e for e in entries)
    assert not any("郑保密" in e or "食品" in e or "赵经办" in e for e in entries)


def test_draft_and_submitted_resource_are_not_in_the_catalogue(county, draft_of):
    resource = draft_of()
    with pytest.raises(NotFound):
        queries.published(id=resource.pk)
    submit(county, resource)
    resource.refresh_from_db()
    with pytest.raises(NotFound):
        queries.published(code=resource.code)
    assert not queries.published_resources(county.jurisdiction, "食品").exists()


def test_submission_without_source_kind_is_refused_with_the_article(county, draft_of):
    resource = draft_of(source_kind="")
    with pytest.raises(Invalid) as caught:
        submit(county, resource)
    assert "catalogue.missing_source_kind" in problem_codes(caught.value)
    assert "XW-2.1" in problem_rows(caught.value)
    resource.refresh_from_db()
    assert resource.state == "draft" and resource.code is None


def test_submission_by_a_township_is_refused_with_the_article(county, draft_of):
    resource = draft_of(department=county.township, by=county.township_clerk)
    with pytest.raises(Invalid) as caught:
        submit(county, resource, by=county.township_clerk)
    assert "catalogue.provider_kind" in problem_codes(caught.value)
    assert "XW-2.2" in problem_rows(caught.value)


def test_submission_marked_open_is_refused_with_the_article(county, draft_of):
    resource = draft_of(is_open=True, open_condition="注明来源")
    with pytest.raises(Invalid) as caught:
        submit(county, resource)
    assert "XW-3.1" in problem_rows(caught.value)


@pytest.mark.parametrize(
    ("subject", "word"), [("natural_person", "公民身份号码"), ("legal_entity", "统一社会信用代码")]
)
def test_subject_without_identifier_item_is_refused_with_the_article(county, draft_of, subject, word):
    resource = draft_of(subject_kind=subject, items=(ItemDraft("名称"), ItemDraft("地址")))
    with pytest.raises(Invalid) as caught:
        submit(county, resource)
    found = [p for p in caught.value.problems if p.code == "catalogue.identifier_missing"]
    assert word in found[0].what and found[0].reference.row == "XW-12.2"


def test_share_type_not_chosen_is_unconditional(county, draft_of):
    assert draft_of().share_type == "unconditional"


def test_conditional_without_condition_and_scope_is_refused(county, draft_of):
    resource = draft_of(share_type="conditional")
    with pytest.raises(Invalid) as caught:
        submit(county, resource)
    assert {"catalogue.missing_share_condition", "catalogue.missing_share_scope"} <= problem_codes(caught.value)
    assert "XW-18.2" in problem_rows(caught.value)


def test_conditional_by_items_instead_of_scope_is_accepted(county, draft_of, publish):
    items = (*PERMIT_ITEMS, ItemDraft("法定代表人电话", share_type="conditional", mask="phone"))
    resource = draft_of(share_type="conditional", share_condition="用于行政审批核验", items=items)
    spec = publish(resource)
    assert spec.items[-1].share_type == "conditional" and spec.items[-1].mask == "phone"


def test_withheld_without_basis_is_refused(county, draft_of):
    resource = draft_of(share_type="withheld")
    with pytest.raises(Invalid) as caught:
        submit(county, resource)
    assert "catalogue.missing_share_basis" in problem_codes(caught.value)


def test_base_item_marked_conditional_is_refused_with_the_article(county, draft_of):
    items = (PERMIT_ITEMS[0], ItemDraft("单位名称", is_base=True, share_type="conditional"))
    resource = draft_of(base_library="legal_entity", items=items)
    with pytest.raises(Invalid) as caught:
        submit(county, resource)
    assert "catalogue.base_item_locked" in problem_codes(caught.value)
    assert "XW-19.2" in problem_rows(caught.value)


def test_base_item_of_a_conditional_resource_stays_unconditional(county, draft_of, publish):
    items = (PERMIT_ITEMS[0], ItemDraft("单位名称", is_base=True), ItemDraft("联系电话"))
    resource = draft_of(
        base_library="legal_entity",
        share_type="conditional",
        share_condition="核验",
        share_scope="行政审批部门",
        items=items,
    )
    spec = publish(resource)
    assert [i.share_type for i in spec.items] == ["conditional", "unconditional", "conditional"]


def test_submission_without_use_purpose_is_refused_with_the_article(county, draft_of):
    with pytest.raises(Invalid) as caught:
        submit(county, draft_of(use_purposes=()))
    assert "XW-22.1" in problem_rows(caught.value)


def test_similar_resource_of_another_department_is_flagged_before_submission(county, draft_of, publish):
    publish(draft_of())
    twin = draft_of(department=county.police, by=county.police_clerk, title="食品经营许可证信息表")
    with pytest.raises(actions.SuspectedDuplicates) as caught:
        submit(county, twin, by=county.police_clerk)
    assert caught.value.reference.row == "XW-12.1"
    assert [s.department for s in caught.value.similar] == ["市场监督管理局"]
    draft = resource_draft(twin)
    save(
        county,
        twin,
        draft=type(draft)(**{n: getattr(draft, n) for n in draft.__slots__} | {"duplicate_note": "仅含治安检查结果"}),
        by=county.police_clerk,
    )
    case = submit(county, twin, by=county.police_clerk)
    assert case.events.get(seq=1).facts["similar"][0]["code"] == "307016/000001"


def test_same_items_under_another_title_are_flagged(county, draft_of, publish):
    publish(draft_of())
    twin = draft_of(department=county.police, by=county.police_clerk, title="餐饮场所治安登记")
    with pytest.raises(actions.SuspectedDuplicates, match="相近"):
        submit(county, twin, by=county.police_clerk)


def test_same_title_in_the_own_department_is_refused(county, draft_of, publish):
    publish(draft_of())
    with pytest.raises(Invalid) as caught:
        submit(county, draft_of())
    assert "catalogue.title_twice" in problem_codes(caught.value)


@pytest.mark.article("XW-18.3")
def test_authority_changing_the_share_type_needs_reason_and_basis(county, draft_of):
    resource = draft_of()
    case = submit(county, resource)
    change = {"share_type": "conditional", "condition": "用于核验", "scope": "行政审批部门"}
    with pytest.raises(Invalid) as caught:
        approve(county, case, resource, **change)
    assert problem_codes(caught.value) == {"catalogue.missing_reason", "catalogue.missing_basis"}
    assert problem_rows(caught.value) == {"XW-18.3"}
    approve(county, case, resource, **change, reason="含经营者信息", basis="个人信息保护法")
    spec = queries.published(id=resource.pk)
    assert spec.share_type == "conditional" and spec.elements["proposed_share_type"] == "unconditional"
    event = case.events.get(seq=2)
    assert event.reason == "含经营者信息" and event.facts["basis"] == "个人信息保护法"


@pytest.mark.parametrize(
    "secrecy",
    [
        None,
        SecrecyFinding(reviewer="郑保密", conclusion="secret", reviewed_on=AT.date()),
        SecrecyFinding(reviewer="郑保密", conclusion="invented", reviewed_on=AT.date()),
        SecrecyFinding(reviewer="郑保密", conclusion="passed", reviewed_on=AT.date() + timedelta(days=1)),
        SecrecyFinding(reviewer="  ", conclusion="passed", reviewed_on=AT.date()),
    ],
)
def test_approval_without_a_clear_secrecy_review_publishes_nothing(county, draft_of, secrecy):
    resource = draft_of()
    case = submit(county, resource)
    with pytest.raises(Invalid) as caught:
        approve(county, case, resource, secrecy=secrecy)
    assert caught.value.reference.row in ("XW-30", "XW-17.1")
    case.refresh_from_db()
    resource.refresh_from_db()
    assert (case.revision, resource.state, Version.objects.count(), SecrecyReview.objects.count()) == (
        1,
        "submitted",
        0,
        0,
    )


def test_approval_with_an_item_not_graded_publishes_nothing(county, draft_of):
    resource = draft_of()
    case = submit(county, resource)
    with pytest.raises(Invalid) as caught:
        approve(county, case, resource, grades={"i0001": 1, "i0002": 9})
    assert problem_codes(caught.value) == {"catalogue.missing_grade"} and len(caught.value.problems) == 3
    assert not Version.objects.exists()


def test_approval_by_the_provider_is_refused(county, draft_of):
    resource = draft_of()
    case = submit(county, resource)
    with pytest.raises(NotAllowed):
        approve(county, case, resource, by=county.market_clerk)
    assert not Version.objects.exists()


def test_returned_resource_is_revised_and_resubmitted_in_the_same_case(county, draft_of):
    resource = draft_of()
    case = submit(county, resource)
    actions.return_resource(case_id=case.pk, seen_revision=1, reason="摘要过于笼统", by=county.reviewer, at=AT)
    resource.refresh_from_db()
    assert resource.state == "returned"
    code = resource.code
    save(county, resource)
    again = submit(county, resource)
    assert (again.pk, again.revision, again.step) == (case.pk, 3, "review")
    approve(county, again, resource)
    assert queries.published(id=resource.pk).code == code


def test_withdrawn_resource_is_a_draft_and_can_be_submitted_anew(county, draft_of):
    resource = draft_of()
    case = submit(county, resource)
    actions.return_resource(case_id=case.pk, seen_revision=1, reason="请核对", by=county.reviewer, at=AT)
    actions.withdraw_resource(case_id=case.pk, seen_revision=2, by=county.market_clerk, at=AT)
    resource.refresh_from_db()
    assert resource.state == "draft"
    assert submit(county, resource).pk != case.pk


def test_resource_under_review_cannot_be_changed_or_submitted_again(county, draft_of):
    resource = draft_of()
    submit(county, resource)
    with pytest.raises(Conflict) as caught:
        save(county, resource)
    assert caught.value.code == "catalogue.under_review"
    with pytest.raises(Conflict):
        submit(county, resource)


def test_edit_of_a_published_resource_leaves_the_version_serving(county, draft_of, publish):
    resource = draft_of()
    first = publish(resource)
    resource.refresh_from_db()
    kept = [i for i in item_drafts(resource) if i.name != "单位名称"]
    save(county, resource, items=[*kept, ItemDraft("经营场所")])
    resource.refresh_from_db()
    assert resource.state == "draft" and queries.published(id=resource.pk) == first
    second = publish(resource)
    assert second.version == 2 and second.code == first.code
    assert {i.name: i.column for i in second.items} == {
        "统一社会信用代码": "i0001",
        "许可证编号": "i0003",
        "发证日期": "i0004",
        "经营场所": "i0005",
    }


def test_column_of_a_removed_item_is_never_used_again(county, draft_of):
    resource = draft_of()
    save(county, resource, items=item_drafts(resource)[:3])
    save(county, resource, items=[*item_drafts(resource), ItemDraft("发证日期", data_type="D")])
    assert [i.column for i in resource.items.all()] == ["i0001", "i0002", "i0003", "i0005"]


def test_renamed_item_keeps_its_column_and_retyped_item_gets_a_new_one(county, draft_of):
    resource = draft_of()
    items = [
        ItemDraft("名称（全称）", column="i0002"),
        ItemDraft("许可证编号", data_type="I", column="i0003"),
        ItemDraft("冒用列", column="i0099"),
        ItemDraft("重复列", column="i0002"),
    ]
    save(county, resource, items=items)
    assert [(i.name, i.column) for i in resource.items.all()] == [
        ("名称（全称）", "i0002"),
        ("许可证编号", "i0005"),
        ("冒用列", "i0006"),
        ("重复列", "i0007"),
    ]


def test_draft_saved_by_somebody_else_first_is_refused(county, draft_of):
    resource = draft_of()
    seen = resource.revision
    save(county, resource)
    with pytest.raises(actions.DraftChanged, match="已被他人修改"):
        actions.save_draft(
            resource_id=resource.pk, seen_revision=seen, draft=PERMITS, items=(), by=county.market_clerk, at=AT
        )
    assert resource.items.count() == 4


def test_classification_of_a_coded_resource_is_fixed(county, draft_of, publish):
    resource = draft_of()
    publish(resource)
    resource.refresh_from_db()
    draft = resource_draft(resource)
    with pytest.raises(Invalid) as caught:
        save(
            county, resource, draft=type(draft)(**{n: getattr(draft, n) for n in draft.__slots__} | {"category": "017"})
        )
    assert caught.value.code == "catalogue.code_fixed"


def test_draft_of_another_department_or_tenant_is_refused(county, elsewhere, draft_of):
    resource = draft_of()
    with pytest.raises(NotAllowed):
        save(county, resource, by=county.police_clerk)
    with pytest.raises(NotFound):
        save(county, resource, by=elsewhere.market_clerk)


@pytest.mark.parametrize("table", ["catalogue_version", "catalogue_secrecyreview"])
def test_published_version_changed_in_the_database_is_refused(county, draft_of, publish, table):
    publish(draft_of())
    with pytest.raises(DatabaseError, match="不可修改"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"delete from {table}")


def test_second_approval_of_the_same_case_is_told_who_was_first(county, draft_of):
    resource = draft_of()
    case = submit(county, resource)
    approve(county, case, resource)
    with pytest.raises(CaseMoved, match="林审核"):
        approve(county, case, resource, by=county.second_reviewer)
    assert Version.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_resources_submitted_at_once_get_different_codes():
    county = make_county("cn-henan-jiaozuo-xiuwu", "修武县", "")
    made = [
        actions.create_resource(
            department=county.market,
            draft=type(PERMITS)(**{n: getattr(PERMITS, n) for n in PERMITS.__slots__} | {"title": f"第{n}类许可"}),
            items=PERMIT_ITEMS,
            by=county.market_clerk,
            at=AT,
        )
        for n in range(4)
    ]
    barrier, errors = threading.Barrier(4), []

    def run(resource):
        try:
            barrier.wait(timeout=20)
            actions.submit_resource(resource_id=resource.pk, seen_revision=1, by=county.market_clerk, at=AT)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(r,)) for r in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not errors
    assert sorted(Resource.objects.values_list("code", flat=True)) == [f"307016/{n:06d}" for n in range(1, 5)]


@pytest.mark.django_db(transaction=True)
def test_resubmission_and_withdrawal_at_once_leave_one_winner_and_no_deadlock():
    county = make_county("cn-henan-jiaozuo-xiuwu", "修武县", "")
    resource = actions.create_resource(
        department=county.market, draft=PERMITS, items=PERMIT_ITEMS, by=county.market_clerk, at=AT
    )
    case = submit(county, resource)
    actions.return_resource(case_id=case.pk, seen_revision=1, reason="请补充", by=county.reviewer, at=AT)
    resource.refresh_from_db()
    barrier, results = threading.Barrier(2), []

    def run(job):
        try:
            barrier.wait(timeout=20)
            results.append(job())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    def resubmit():
        return actions.submit_resource(
            resource_id=resource.pk, seen_revision=resource.revision, by=county.market_clerk, at=AT
        )

    def withdraw():
        return actions.withdraw_resource(case_id=case.pk, seen_revision=2, by=county.market_clerk, at=AT)

    threads = [threading.Thread(target=run, args=(job,)) for job in (resubmit, withdraw)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    refused = [r for r in results if isinstance(r, Exception)]
    assert len(results) == 2 and len(refused) == 1 and isinstance(refused[0], Conflict), results
    case.refresh_from_db()
    assert case.revision == 3
