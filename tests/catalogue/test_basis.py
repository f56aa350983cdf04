"""Bases of share types, classified and sensitive items: what each law accepts, with its article."""

from dataclasses import replace
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from yishu.catalogue import actions, attachments
from yishu.catalogue.demands import demands
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.models import Item, Resource, Upload
from yishu.catalogue.rules import DATA_TYPES
from yishu.catalogue.sharing_rules import basis_problems, default_mask
from yishu.kernel.errors import Invalid, NotFound
from yishu.law.packs import Law
from yishu.pages.uploads import Accepted
from yishu.security import masks

from .conftest import PERMIT_ITEMS
from .town import AT, JIYUAN, XINZHOU, XIUWU, YUHUA, draft_for, make_town, new_resource, publish, submit

WITHHELD = {"share_type": "withheld", "share_basis": "《某法》第十二条", "withheld_statement": "涉及案件线索"}
CONDITIONAL = {
    "share_type": "conditional",
    "share_condition": "用于核验",
    "share_scope": "审批部门",
    "share_basis": "《某法》第十二条",
}


def rows(error):
    return {p.reference.row for p in error.problems if p.reference}


def codes(error):
    return {p.code for p in error.problems}


@pytest.mark.django_db
@pytest.mark.article("XZ-2.1", "XZ-4.2")
def test_withholding_in_xinzhou_needs_statement_and_basis_and_no_internal_measure_carries_it(client):
    town = make_town(XINZHOU)
    for wrong, code in (
        ({"withheld_statement": ""}, "catalogue.missing_withheld_statement"),
        ({"share_basis": ""}, "catalogue.missing_share_basis"),
        ({"basis_kind": "internal_measure"}, "catalogue.basis_refused"),
    ):
        resource = new_resource(
            town, title=f"案件线索{code}", **(WITHHELD | {"basis_kind": "normative_document"} | wrong)
        )
        with pytest.raises(Invalid) as caught:
            submit(town, resource)
        assert code in codes(caught.value)
        assert rows(caught.value) & {"XZ-2.1", "XZ-4.2"}
    refused = basis_problems("refusal", "internal_measure", "本局数据管理办法第三条", town.law)
    assert [p.code for p in refused] == ["catalogue.basis_refused"] and refused[0].reference.row == "XZ-2.1"
    spec = publish(town, new_resource(town, title="案件线索", **(WITHHELD | {"basis_kind": "normative_document"})))
    assert spec.share_type == "withheld" and "statement" in {r["kind"] for r in spec.elements["review"]}
    client.force_login(town.people["authority"])
    page = client.get("/catalogue/statements/").content.decode()
    assert "案件线索" in page and "《某法》第十二条" in page and "规范性文件" in page
    client.force_login(town.people["police"])
    assert client.get("/catalogue/statements/").status_code == 403


@pytest.mark.django_db
@pytest.mark.article("JY-14.2", "JY-32.1", "JY-32.4")
def test_jiyuan_takes_only_law_regulation_or_central_policy_for_both_restricted_types():
    town = make_town(JIYUAN)
    assert publish(town, new_resource(town)).share_type == "unconditional"
    for number, given in enumerate((CONDITIONAL, WITHHELD)):
        for kind in ("", "local_regulation", "government_rule", "normative_document", "internal_measure", "invented"):
            resource = new_resource(
                town, title=f"限制{number}{kind}", duplicate_note="不同", **(given | {"basis_kind": kind})
            )
            with pytest.raises(Invalid) as caught:
                submit(town, resource)
            assert rows(caught.value) & {"JY-14.2", "JY-32.1"}
        without = new_resource(
            town, title=f"无依据{number}", duplicate_note="不同", **(given | {"basis_kind": "law", "share_basis": ""})
        )
        with pytest.raises(Invalid) as caught:
            submit(town, without)
        assert "catalogue.missing_share_basis" in codes(caught.value)
        for kind in ("law", "administrative_regulation", "central_policy"):
            draft = draft_for(
                town, title=f"有依据{number}{kind}", duplicate_note="不同", **(given | {"basis_kind": kind})
            )
            resource = actions.create_resource(
                department=town.market, draft=draft, items=PERMIT_ITEMS, by=town.people["provider"], at=AT
            )
            with pytest.raises(Invalid) as caught:
                submit(town, resource)
            assert codes(caught.value) == {"catalogue.missing_basis_attachment"}
            attachments.attach(
                resource_id=resource.pk, purpose="share_basis", file=PDF, by=town.people["provider"], at=AT
            )
            assert publish(town, resource).share_type == given["share_type"]


PDF = Accepted("依据.pdf", "application/pdf", b"%PDF-1.7 invented", "0" * 64)
ACCEPTED = [
    (XIUWU, "as_written", "withheld", {"internal_measure", "local_regulation", "law"}, set()),
    (
        XIUWU,
        "overlaid",
        "withheld",
        {"law", "administrative_regulation", "state_council_decision"},
        {"central_policy", "local_regulation"},
    ),
    (
        XINZHOU,
        "overlaid",
        "withheld",
        {"state_council_decision"},
        {"internal_measure", "normative_document", "central_policy"},
    ),
    (JIYUAN, "overlaid", "withheld", {"law", "state_council_decision"}, {"central_policy", "local_regulation"}),
    (JIYUAN, "overlaid", "conditional", {"central_policy"}, {"local_regulation", "internal_measure"}),
    (YUHUA, "overlaid", "withheld", {"law"}, {"internal_measure", "government_rule"}),
]


@pytest.mark.parametrize(("pack", "mode", "use", "accepted", "refused"), ACCEPTED)
def test_basis_of_a_kind_is_accepted_only_where_the_law_says_so(pack, mode, use, accepted, refused):
    law = demands(Law(pack, mode), date(2026, 9, 18))
    for kind in accepted:
        assert basis_problems(use, kind, "《某法》第十二条", law) == []
    for kind in refused:
        (problem,) = basis_problems(use, kind, "《某法》第十二条", law)
        assert problem.code == "catalogue.basis_refused" and problem.reference is not None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "pack",
    [
        pytest.param(YUHUA, marks=pytest.mark.article("YH-2.2", "YH-3")),
        JIYUAN,
        XINZHOU,
        XIUWU,
    ],
)
def test_classified_content_is_refused_at_once_and_nothing_of_it_is_stored(pack):
    town = make_town(pack)
    secret = ItemDraft("内部编号", sensitivity="state_secret")
    tries = (
        {"items": (*PERMIT_ITEMS, secret), "draft": draft_for(town)},
        {"items": PERMIT_ITEMS, "draft": draft_for(town), "classified": "state_secret"},
        {"items": PERMIT_ITEMS, "draft": draft_for(town, summary="机密★三年")},
    )
    for given in tries:
        with pytest.raises(Invalid) as caught:
            actions.create_resource(department=town.market, by=town.people["provider"], at=AT, **given)
        assert caught.value.code == "catalogue.classified" and caught.value.reference is not None
    assert not Resource.objects.exists()
    resource = new_resource(town)
    with pytest.raises(Invalid):
        actions.save_draft(
            resource_id=resource.pk, seen_revision=resource.revision, draft=draft_for(town, title="改名"), items=(secret,),
            by=town.people["provider"], at=AT,
        )  # fmt: skip
    resource.refresh_from_db()
    assert resource.title != "改名" and not Item.objects.filter(name="内部编号").exists()


@pytest.mark.django_db
@pytest.mark.article("JY-12")
def test_secret_items_are_refused_and_trade_secret_and_privacy_flags_mask_what_is_published():
    town = make_town(JIYUAN)
    with pytest.raises(Invalid) as caught:
        new_resource(town, items=(*PERMIT_ITEMS, ItemDraft("编号", sensitivity="state_secret")))
    assert rows(caught.value) == {"JY-12"}
    items = (
        *PERMIT_ITEMS,
        ItemDraft("法定代表人", sensitivity="privacy"),
        ItemDraft("联系电话", sensitivity="privacy"),
        ItemDraft("进货价格", data_type="N", sensitivity="trade_secret"),
        ItemDraft("配方", sensitivity="trade_secret", mask="hide"),
    )
    spec = publish(town, new_resource(town, items=items))
    assert [i.mask for i in spec.items[-4:]] == ["name", "phone", "number", "hide"]
    assert spec.elements["has_privacy"] is True and spec.elements["has_trade_secret"] is True
    said = new_resource(town, title="另一资源", has_privacy=True, duplicate_note="不同")
    with pytest.raises(Invalid) as caught:
        submit(town, said)
    assert "catalogue.sensitive_items_missing" in codes(caught.value)


def test_default_mask_fits_every_kind_of_item():
    for kind in DATA_TYPES:
        for identifier in ("", "person_id", "uscc", "identity_document"):
            item = ItemDraft("任意", data_type=kind, identifier=identifier, sensitivity="privacy")
            assert masks.fits(default_mask(item), kind)
    assert default_mask(replace(ItemDraft("身份证"), identifier="person_id")) == "person_id"


@pytest.mark.django_db
def test_attachment_is_kept_for_the_department_and_handed_out_as_a_download(client):
    town = make_town(JIYUAN)
    resource = new_resource(town)
    client.force_login(town.people["provider"])
    for name, content in (("a.exe", b"MZ"), ("a.pdf", b"MZ"), ("a.pdf", b"")):
        answer = client.post(
            f"/catalogue/{resource.pk}/files/", {"purpose": "share_basis", "file": SimpleUploadedFile(name, content)}
        )
        assert answer.status_code == 422 and not Upload.objects.exists()
    file = SimpleUploadedFile("依据.pdf", b"%PDF-1.7 <script>")
    assert client.post(f"/catalogue/{resource.pk}/files/", {"purpose": "share_basis", "file": file}).status_code == 302
    upload = Upload.objects.get()
    answer = client.get(f"/catalogue/files/{upload.pk}/")
    assert answer["Content-Disposition"].startswith("attachment") and answer["X-Content-Type-Options"] == "nosniff"
    for person in ("police", "authority"):
        client.force_login(town.people[person])
        assert client.get(f"/catalogue/files/{upload.pk}/").status_code == (404 if person == "police" else 200)
    with pytest.raises(NotFound):
        attachments.attach(
            resource_id=resource.pk, purpose="share_basis", file=PDF, at=AT,
            by=make_town(XIUWU, name="别县", prefix="b-").people["provider"],
        )  # fmt: skip
