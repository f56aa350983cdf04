"""The review under every pack and mode: who decides, what each step demands, what stands with the published resource."""

import random

import pytest

from yishu.cases.queries import procedure_of
from yishu.catalogue import actions, attachments, queries
from yishu.catalogue.actions import SecrecyFinding
from yishu.catalogue.handler import CatalogueReview
from yishu.catalogue.models import Resource, ReviewRecord, SecrecyReview, Version
from yishu.kernel.errors import Invalid, NotAllowed

from .test_basis import PDF
from .town import (
    AT,
    BACK,
    JIYUAN,
    XINZHOU,
    XIUWU,
    YUHUA,
    forward,
    given_for,
    make_town,
    new_resource,
    publish,
    submit,
    take,
)

pytestmark = pytest.mark.django_db
EVERY = [(pack, mode) for pack in (XIUWU, JIYUAN, XINZHOU, YUHUA) for mode in ("as_written", "overlaid")]


@pytest.mark.parametrize(("pack", "mode"), EVERY)
def test_review_of_every_pack_and_mode_ends_with_a_published_version(pack, mode):
    town = make_town(pack, mode)
    resource = new_resource(town)
    spec = publish(town, resource)
    case = Version.objects.get(resource=resource).case
    run = procedure_of(case)
    asked = {name for step in run.steps.values() for o in step.outcomes.values() for name in o.requires}
    kept = set(ReviewRecord.objects.filter(case=case).values_list("kind", flat=True))
    assert spec.version == 1 and case.step == "published"
    assert asked & {"internal_review", "impact_assessment", "signature", "agreement", "secrecy_review"} <= kept
    assert {r["kind"] for r in spec.elements["review"]} == kept


@pytest.mark.parametrize(("pack", "mode"), EVERY)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_walk_of_a_review_ends_and_leaves_one_outcome(pack, mode, seed):
    town, choose = make_town(pack, mode), random.Random(seed)
    resource = new_resource(town)
    case = submit(town, resource)
    for _ in range(12):
        if case.closed_at:
            break
        case = take(town, case, choose.choice(list(procedure_of(case).steps[case.step].outcomes)))
    while case.closed_at is None:
        case = take(town, case, forward(case))
    resource.refresh_from_db()
    assert case.step in ("published", "withdrawn")
    assert (resource.state, resource.version) == (("published", 1) if case.step == "published" else ("draft", 0))
    assert Version.objects.filter(resource=resource).count() == resource.version


@pytest.mark.parametrize(
    ("pack", "mode", "word"),
    [
        (XIUWU, "as_written", "目录"),
        (XINZHOU, "as_written", "备案"),
        (YUHUA, "as_written", "发布"),
        (XINZHOU, "overlaid", "目录"),
    ],
)
def test_case_number_says_how_the_catalogue_is_accepted(pack, mode, word):
    town = make_town(pack, mode)
    assert word in submit(town, new_resource(town)).number


@pytest.mark.article("JY-19.1")
def test_department_registers_reviews_and_publishes_before_the_authority_decides():
    town = make_town(JIYUAN)
    resource = new_resource(town)
    case = submit(town, resource)
    assert case.step == "internal_review"
    with pytest.raises(NotAllowed):
        _as(town, case, "pass", "provider")
    case = take(town, case, "pass")
    with pytest.raises(NotAllowed):
        _as(town, case, "submit", "reviewer")
    case = take(town, case, "submit")
    assert case.step == "review" and not Version.objects.exists()
    with pytest.raises(NotAllowed):
        _as(town, case, "approve", "responsible")
    assert take(town, case, "approve").step == "published"


def _as(town, case, outcome, who):
    return actions.decide_review(
        case_id=case.pk,
        outcome=outcome,
        seen_revision=case.revision,
        given=given_for(case, outcome),
        by=town.people[who],
        at=AT,
    )


@pytest.mark.article("XZ-4.3.b", "XZ-4.3.e")
def test_internal_review_needs_all_seven_fields_and_is_published_with_the_resource(client):
    town = make_town(XINZHOU)
    resource = new_resource(town)
    case = submit(town, resource)
    full = given_for(case, "file").records["internal_review"]
    assert set(full) == {
        "share_attribute", "provision_mode", "scenarios", "user_identity", "region", "knowledge_scope", "use_scope",
    }  # fmt: skip
    for name in full:
        with pytest.raises(Invalid) as caught:
            take(town, case, "file", records={"internal_review": full | {name: " "}})
        assert {p.reference.row for p in caught.value.problems if p.reference} == {"XZ-4.3.b"}
    assert not Version.objects.exists() and not ReviewRecord.objects.exists()
    case = take(town, case, "file", records={"internal_review": full | {"region": "仅限本市"}})
    client.force_login(town.people["police"])
    page = client.get(f"/catalogue/{resource.pk}/").content.decode()
    assert "仅限本市" in page and "使用地域" in page and "已备案" in page


@pytest.mark.article("XZ-4.3.a", "XZ-4.3.c")
def test_filing_without_grades_or_an_answer_about_the_agreement_is_refused():
    town = make_town(XINZHOU)
    resource = new_resource(town)
    case = submit(town, resource)
    with pytest.raises(Invalid) as caught:
        take(town, case, "file", grades={})
    assert "XZ-4.3.a" in {p.reference.row for p in caught.value.problems if p.reference}
    with pytest.raises(Invalid) as caught:
        take(town, case, "file", agreement=None)
    assert "XZ-4.3.c" in {p.reference.row for p in caught.value.problems if p.reference}
    take(town, case, "file", agreement=True)
    resource.refresh_from_db()
    assert resource.agreement_required is True
    assert queries.published(id=resource.pk).elements["agreement_required"] is True


@pytest.mark.article("XZ-6.1.a")
def test_filing_without_a_clear_secrecy_review_publishes_nothing():
    town = make_town(XINZHOU)
    case = submit(town, new_resource(town))
    for secrecy in (None, _finding("secret")):
        with pytest.raises(Invalid):
            take(town, case, "file", secrecy=secrecy)
        assert not Version.objects.exists() and not SecrecyReview.objects.exists()
    take(town, case, "file")
    assert SecrecyReview.objects.get().conclusion == "passed"


def _finding(conclusion):
    return SecrecyFinding("郑保密", conclusion, AT.date())


def test_overlay_asks_for_assessment_and_signature_before_the_authority_sees_it():
    town = make_town(XIUWU, "overlaid")
    case = submit(town, new_resource(town))
    assert case.step == "sign_off"
    with pytest.raises(Invalid) as caught:
        take(town, case, "sign", records={})
    assert {p.reference.row for p in caught.value.problems if p.reference} == {"TL-13"}
    case = take(town, case, "sign")
    assert case.step == "review" and (case.due_on - AT.date()).days <= 6
    assert take(town, case, "approve").step == "published"


@pytest.mark.article("YH-15", "YH-16")
def test_yuhua_shares_unconditionally_by_default_and_the_departments_choice_stands():
    town = make_town(YUHUA)
    spec = publish(town, new_resource(town))
    assert spec.share_type == town.law.values["sharing.default_type"] == "unconditional"
    partly = new_resource(
        town,
        title="经营异常名录",
        share_type="conditional",
        share_condition="用于核验",
        share_scope="审批部门",
        duplicate_note="不同",
    )
    assert publish(town, partly).share_type == "conditional"
    none = new_resource(
        town, title="举报线索", share_type="withheld", share_basis="某办法第三条", duplicate_note="不同"
    )
    assert publish(town, none).share_type == "withheld"
    assert town.law.values["sharing.free_of_charge"] is True


def test_returned_submission_forgets_what_was_reviewed_before_the_revision():
    town = make_town(JIYUAN)
    case = take(town, submit(town, new_resource(town)), "pass")
    case = take(town, case, "return")
    assert Resource.objects.get(pk=case.subject_id).state == "returned"
    case = take(town, case, "resubmit")
    assert case.step == "internal_review" and set(procedure_of(case).steps["revision"].outcomes) - BACK == {"resubmit"}


@pytest.mark.parametrize(
    "pack",
    [
        pytest.param(JIYUAN, marks=pytest.mark.article("JY-33.1")),
        pytest.param(YUHUA, marks=pytest.mark.article("YH-17.1")),
    ],
)
def test_shared_catalogue_of_the_jurisdiction_stands_by_share_type_with_its_log(client, pack):
    town, other = make_town(pack), make_town(XIUWU, name="别县", prefix="b-")
    publish(town, new_resource(town))
    held = {
        "share_type": "withheld",
        "share_basis": "《某法》第三条",
        "basis_kind": "law",
        "withheld_statement": "案件线索",
    }
    second = new_resource(town, title="举报线索登记", duplicate_note="不同", **held)
    attachments.attach(resource_id=second.pk, purpose="share_basis", file=PDF, by=town.people["provider"], at=AT)
    publish(town, second)
    client.force_login(town.people["police"])
    for kind, shown, hidden in (
        ("withheld", "举报线索登记", "食品经营许可证信息"),
        ("unconditional", "食品经营许可证信息", "举报线索登记"),
    ):
        for path in ("/catalogue/", "/catalogue/log/"):
            text = client.get(path, {"share_type": kind}).content.decode().split("<main", 1)[1]
            assert shown in text and hidden not in text, (path, kind)
    client.force_login(other.people["police"])
    assert "举报线索登记" not in client.get("/catalogue/log/").content.decode()


@pytest.mark.parametrize(("pack", "mode"), EVERY)
def test_review_decided_on_its_case_page_shows_a_field_for_everything_the_law_demands(client, pack, mode):
    town = make_town(pack, mode)
    resource = new_resource(town)
    case = submit(town, resource)
    while case.closed_at is None:
        outcome = forward(case)
        person = town.people[procedure_of(case).steps[case.step].role]
        client.force_login(person)
        assert client.get(f"/cases/{case.pk}/").status_code == 200
        form = CatalogueReview().form(case, outcome, None, person)
        typed = dict.fromkeys(form.fields, "已核对") | {
            "revision": str(case.revision),
            "wording": "",
            "signature": "on",
        }
        typed |= {name: "2" for name in form.fields if name.startswith("grade_")}
        typed |= {
            "share_type": "unconditional",
            "conclusion": "passed",
            "reviewed_on": AT.date().isoformat(),
            "agreement": "no",
        }
        if set(form.needed) - {"reason"}:
            empty = client.post(f"/cases/{case.pk}/{outcome}/", {"revision": str(case.revision)})
            assert empty.status_code == 422
        answer = client.post(f"/cases/{case.pk}/{outcome}/", typed)
        assert answer.status_code == 302, answer.content.decode()
        case.refresh_from_db()
    assert Version.objects.filter(resource=resource).count() == 1
