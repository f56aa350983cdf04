"""Rows of the acceptance list that loads carry whole, each driven through pages or public actions."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.collection.county import AT, csv_bytes, person_id, person_row, served, uscc
from yishu.catalogue import actions as catalogue
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.queries import published
from yishu.collection.errors import NotCatalogued
from yishu.collection.models import Load
from yishu.kernel.errors import Invalid, NotFound
from yishu.sharing import actions as sharing

DRAFT = ResourceDraft(
    title="出入境证件持有人", summary="持证人和有效期，测试用", category="016", source_kind="system", subject_kind="natural_person",
    format_class="3", format_type="postgresql", use_purposes=("administrative_basis",), share_mode_type="interface",
    update_cycle="daily",
)  # fmt: skip
NAME = ItemDraft("姓名", "C", required=True)


def sign_in(person):
    type(person).objects.filter(pk=person.pk).update(must_change_password=False)
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def submit(world, draft, items, department="police", by=None):
    by = by or world.clerk
    resource = catalogue.create_resource(
        department=world.departments[department], draft=draft, items=items, by=by, at=AT
    )
    case = catalogue.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=by, at=AT)
    resource.refresh_from_db()
    return resource, case


def approve(world, resource, case):
    catalogue.approve_resource(
        case_id=case.pk, seen_revision=case.revision, share_type=resource.share_type, by=world.reviewer, at=AT,
        secrecy=catalogue.SecrecyFinding("严正阳", "passed", AT.date()), grades={i.column: 1 for i in resource.items.all()},
    )  # fmt: skip
    return published(id=resource.pk)


def reasons(load):
    return {r["code"]: r["rows"] for r in load.report["reasons"]}


@pytest.mark.article("XW-12.2")
def test_people_stand_by_document_number_and_organisations_by_credit_code_and_wrong_ones_are_rejected(world):
    for subject, items in (
        ("natural_person", (NAME,)),
        ("legal_entity", (NAME, ItemDraft("证号", identifier="person_id"))),
    ):
        with pytest.raises(Invalid) as caught:
            submit(world, replace(DRAFT, title=f"{subject}无标识", subject_kind=subject), items)
        assert [(p.code, p.reference.row) for p in caught.value.problems] == [
            ("catalogue.identifier_missing", "XW-12.2")
        ]

    load = world.load(csv_bytes([person_row(1), [person_id(2)[:17] + "Y", *person_row(2)[1:]]]))
    assert reasons(load) == {"id_format": 1} and [r[0] for r in served(world.population)] == [person_id(1)]

    document = ItemDraft("证件号码", "C", required=True, identifier="identity_document", is_key=True, mask="text")
    papers = approve(world, *submit(world, DRAFT, (document, NAME)))
    right, swapped = person_id(3), person_id(4)
    swapped = swapped[:17] + ("1" if swapped[17] != "1" else "2")
    rows = [[v, "某人"] for v in (right, "E12345678", "Ｈ1234567", "R123456(7)", swapped, "12", "E 1234567")]
    load = world.load(csv_bytes(rows, ["证件号码", "姓名"]), spec=papers)
    assert reasons(load) == {"id_check_digit": 1, "id_document_format": 2}
    assert {r[0] for r in served(papers)} == {right, "E12345678", "H1234567", "R123456(7)"}

    good, bad = uscc(1), uscc(2)[:17] + ("A" if uscc(2)[17] != "A" else "B")
    heading = [i.name for i in world.enterprises.items]
    load = world.load(
        csv_bytes([["甲公司", good, *[""] * 8], ["乙公司", bad, *[""] * 8]], heading),
        spec=world.enterprises,
        by=world.market,
    )
    assert reasons(load) == {"uscc_check_character": 1} and [r[1] for r in served(world.enterprises)] == [good]


@pytest.mark.article("XW-15.2")
def test_every_quality_problem_stands_under_the_department_that_answers_for_the_data(world):
    broken = person_row(2)
    broken[2] = "7"
    loads = [world.load(csv_bytes([person_row(1), broken])), world.load(b"", "空.csv")]
    authority = sign_in(world.reviewer)
    overview = authority.get(reverse("collection-loads")).content.decode()
    assert overview.count("修武县公安局") >= 2 and "空.csv" in overview
    page = authority.get(reverse("collection-load", args=[loads[0].pk])).content.decode()
    assert "数据质量由修武县公安局负责" in page and "修武办法 第十五条" in page and "不在代码表内" in page
    assert sign_in(world.market).get(reverse("collection-load", args=[loads[0].pk])).status_code == 404


@pytest.mark.article("XW-22.1")
def test_publication_states_type_condition_scope_and_purposes_and_works_only_once_approved_with_full_data(world):
    user = world.consumer
    given = replace(
        DRAFT, title="出入境记录", share_type="conditional", share_condition="仅用于核验", share_scope="市场监管局",
        use_purposes=("administrative_basis", "work_reference", "data_verification", "business_coordination", "other"),
    )  # fmt: skip
    items = (ItemDraft("证件号码", "C", required=True, identifier="identity_document", is_key=True), NAME)
    for changes, code in (
        ({"use_purposes": ()}, "catalogue.missing_use_purposes"),
        ({"use_purposes": ("anything",)}, "catalogue.use_purpose"),
        ({"share_condition": ""}, "catalogue.missing_share_condition"),
        ({"share_scope": ""}, "catalogue.missing_share_scope"),
    ):
        with pytest.raises(Invalid) as caught:
            submit(world, replace(given, title=f"缺{code}", **changes), items)
        assert [p.code for p in caught.value.problems] == [code] and caught.value.problems[0].reference

    resource, case = submit(world, given, items)
    file = csv_bytes([["E12345678", "某人"], ["E12345679", "某人"]], ["证件号码", "姓名"])
    request = sharing.Request(
        items=("i0001",), row_filter=(), law_basis="某条例", duty_basis="职责清单", need="核验", purpose="data_verification",
        mode="lookup", starts_on=AT.date(), ends_on=AT.date() + timedelta(days=30),
    )  # fmt: skip
    with pytest.raises(NotCatalogued):
        world.upload(file, spec=replace(world.population, code=resource.code))
    with pytest.raises(NotFound):
        sharing.submit_application(
            resource_id=resource.pk, department=world.departments["market"], request=request, by=user, at=AT
        )
    spec = approve(world, resource, case)
    assert (spec.share_type, spec.elements["share_condition"], spec.elements["share_scope"]) == (
        "conditional",
        "仅用于核验",
        "市场监管局",
    )
    page = sign_in(user).get(f"/catalogue/{spec.id}/").content.decode()
    assert all(words in page for words in ("仅用于核验", "市场监管局", "用于数据校核", "业务协同", "其他"))
    assert world.load(file, spec=spec).state == Load.State.PUBLISHED and len(served(spec)) == 2
    world.load(csv_bytes([["E12345680", "某人"]], ["证件号码", "姓名"]), spec=spec)
    assert [r[0] for r in served(spec)] == ["E12345680"], "a load is the full data, not an addition"
    assert sharing.submit_application(
        resource_id=spec.id, department=world.departments["market"], request=request, by=user, at=AT
    ).case_id
