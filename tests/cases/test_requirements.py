"""What an outcome demands comes from the pack, field by field, each with its article."""

import pytest

from yishu.cases import actions
from yishu.cases.requirements import required_fields
from yishu.kernel.errors import Invalid
from yishu.orgs.models import Person, Role

from .conftest import AT, make_county

pytestmark = pytest.mark.django_db

WHOLE = {
    "internal_review": {
        "share_attribute": "unconditional", "provision_mode": "接口", "scenarios": "开办企业", "user_identity": "工作人员",
        "region": "本市", "knowledge_scope": "窗口", "use_scope": "核验",
    },
    "secrecy_review": {"reviewer": "郑保密", "conclusion": "passed", "reviewed_on": "2026-09-18"},
    "grades": {"i0001": 1},
    "agreement": False,
}  # fmt: skip


@pytest.fixture
def filing(db):
    """忻州's review inside the department: it files without the authority."""
    county = make_county("cn-shanxi-xinzhou", "忻州市")
    person = Person.objects.create(username="yuan", name="袁审核", department=county.provider, created_at=AT)
    Role.objects.create(person=person, department=county.provider, kind="reviewer", granted_at=AT)
    case = actions.open_case(
        procedure="catalogue.review", jurisdiction=county.jurisdiction, subject_id="1", title="道路名称",
        department=county.provider, provider=county.provider, by=county.clerk, at=AT, facts={},
    )  # fmt: skip
    return case, person


def act(filing, facts):
    case, person = filing
    return actions.act(case_id=case.pk, outcome="file", seen_revision=1, by=person, at=AT, facts=facts)


def test_required_fields_of_the_internal_review_come_from_the_pack(filing):
    names = [field.name for field in required_fields(filing[0], "internal_review")]
    assert set(names) == set(WHOLE["internal_review"])
    assert required_fields(filing[0], "reason") == ()


def test_everything_given_files_the_resource(filing):
    assert act(filing, WHOLE).closed_at == AT


@pytest.mark.parametrize("field", sorted(WHOLE["internal_review"]))
def test_one_missing_field_is_named_with_its_article(filing, field):
    kept = {k: v for k, v in WHOLE["internal_review"].items() if k != field}
    with pytest.raises(Invalid) as caught:
        act(filing, WHOLE | {"internal_review": kept})
    (problem,) = caught.value.problems
    assert problem.code == "cases.missing_internal_review" and problem.reference.pack == "cn-shanxi-xinzhou"


def test_everything_missing_is_told_at_once(filing):
    with pytest.raises(Invalid) as caught:
        act(filing, {})
    assert {p.code.removeprefix("cases.missing_") for p in caught.value.problems} == set(WHOLE)


def test_blank_words_are_not_given(filing):
    with pytest.raises(Invalid):
        act(filing, WHOLE | {"secrecy_review": WHOLE["secrecy_review"] | {"reviewer": "  "}})
