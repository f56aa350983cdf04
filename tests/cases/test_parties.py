"""Who acts: heads and reviewers, both sides' offices, zones with an authority of their own, substitutes."""

from datetime import timedelta

import pytest

from yishu.cases import actions
from yishu.cases.parties import acting_department, may_act_as, visible_cases, waiting_for, whose_turn
from yishu.kernel.errors import NotAllowed
from yishu.orgs.models import Area, Department, Person, Role, Substitute

from .conftest import APPROVAL, AT, make_county, open_review

pytestmark = pytest.mark.django_db


def person(county, username, home, *kinds, department=None):
    made = Person.objects.create(username=username, name=username, department=home, created_at=AT)
    for kind in kinds:
        Role.objects.create(person=made, department=department or home, kind=kind, granted_at=AT)
    return made


@pytest.fixture
def zone(county):
    """A zone with its authority and one department, each with a person."""
    area = Area.objects.create(jurisdiction=county.jurisdiction, name="经开区", created_at=AT)

    def department(name, uscc, is_authority=False):
        return Department.objects.create(
            jurisdiction=county.jurisdiction, name=name, uscc=uscc, kind="government", is_authority=is_authority,
            area=area, created_at=AT,
        )  # fmt: skip

    authority = department("经开区数据局", "11410821MB0000004D", True)
    provider = department("经开区市场局", "11410821MB0000005E")
    return {
        "area": area, "authority": authority, "provider": provider,
        "reviewer": person(county, "zr", authority, "authority"), "clerk": person(county, "zc", provider, "provider"),
    }  # fmt: skip


def open_at(county, department, by):
    return actions.open_case(
        procedure="catalogue.review", jurisdiction=county.jurisdiction, subject_id="2", title="园区企业名录",
        department=department, provider=department, by=by, at=AT, facts={},
    )  # fmt: skip


def test_case_of_a_zone_goes_to_the_zones_authority_alone(county, zone, review):
    inside, outside = open_at(county, zone["provider"], zone["clerk"]), review()
    assert list(waiting_for(zone["reviewer"])) == [inside]
    assert list(waiting_for(county.reviewer)) == [outside]
    assert list(acting_department(inside, "authority")) == [zone["authority"]]
    assert list(acting_department(outside, "authority")) == [county.authority]
    assert set(visible_cases(zone["reviewer"])) == {inside}
    with pytest.raises(NotAllowed):
        actions.act(case_id=inside.pk, outcome="approve", seen_revision=1, by=county.reviewer, at=AT, facts=APPROVAL)


@pytest.mark.parametrize(("kind", "office"), [("auditor", ""), ("leader", ""), ("inspector", "audit")])
def test_who_looks_over_a_zone_reads_the_zones_cases_only(county, zone, review, kind, office):
    inside, outside = open_at(county, zone["provider"], zone["clerk"]), review()
    watcher = person(county, "zw", zone["authority"], kind)
    Role.objects.filter(person=watcher).update(office=office)
    assert list(visible_cases(watcher)) == [inside]
    over = person(county, "cw", county.authority, kind)
    Role.objects.filter(person=over).update(office=office)
    assert set(visible_cases(over)) == {inside, outside}


def test_zone_without_authority_stays_with_the_jurisdictions(county, zone):
    Department.objects.filter(pk=zone["authority"].pk).update(active=False)
    case = open_at(county, zone["provider"], zone["clerk"])
    assert list(waiting_for(county.reviewer)) == [case]


def test_substitute_decides_and_the_event_says_for_whom(county, review):
    case = review()
    other = person(county, "dai", county.authority)
    assert not waiting_for(other).exists()
    Substitute.objects.create(
        person=county.reviewer, substitute=other, department=county.authority, kinds=["authority"], since=AT,
        until=AT + timedelta(days=3650), made_by=county.reviewer, made_at=AT,
    )  # fmt: skip
    assert list(waiting_for(other)) == [case]
    later = AT + timedelta(hours=1)
    case = actions.act(case_id=case.pk, outcome="return", seen_revision=1, by=other, at=later, reason="请补充")
    event = case.events.get(seq=2)
    assert event.by == other and event.facts["for_name"] == "林审核"
    with pytest.raises(NotAllowed):
        actions.act(case_id=case.pk, outcome="resubmit", seen_revision=2, by=other, at=later)


@pytest.mark.parametrize("kind", ["reviewer", "secrecy_reviewer", "office_head", "responsible"])
def test_role_of_the_provider_acts_for_it_and_its_units(county, review, kind):
    case = review()
    unit = Department.objects.create(
        jurisdiction=county.jurisdiction, name="食品科", uscc="11410821MB0000006F", kind="government",
        parent=county.provider, created_at=AT,
    )  # fmt: skip
    of_unit = open_at(county, unit, county.clerk)
    holder, stranger = person(county, "h", county.provider, kind), person(county, "s", county.consumer, kind)
    for one in (case, of_unit):
        assert may_act_as(one, kind, holder, AT).allowed
        assert not may_act_as(one, kind, stranger, AT).allowed


def test_office_heads_of_both_sides_act_each_at_their_own_step(db):
    county = make_county("cn", "国家样例")
    mine, theirs = (
        person(county, "ch", county.consumer, "office_head"),
        person(county, "ph", county.provider, "office_head"),
    )
    case = actions.open_case(
        procedure="sharing.application", jurisdiction=county.jurisdiction, subject_id="1", title="核验营业执照",
        department=county.consumer, provider=county.provider, by=county.user, at=AT, facts={},
    )  # fmt: skip
    assert (case.step, case.step_side) == ("consumer_consent", "applicant")
    assert list(waiting_for(mine)) == [case] and not waiting_for(theirs).exists()
    assert county.consumer.name in whose_turn(case)


def test_government_step_is_for_whoever_holds_the_role_in_the_jurisdiction(county, elsewhere, review):
    case = review()
    office = person(county, "gov", county.authority, "government")
    stranger = person(elsewhere, "gov2", elsewhere.authority, "government")
    assert may_act_as(case, "government", office, AT).allowed
    assert not may_act_as(case, "government", stranger, AT).allowed
    assert list(visible_cases(office)) == [case] and not visible_cases(stranger).exists()


def test_government_step_nobody_holds_stays_with_the_authority_in_words(county, review):
    case = review()
    assert list(acting_department(case, "government")) == [county.authority]
    assert not may_act_as(case, "government", county.reviewer, AT).allowed


def test_people_of_another_jurisdiction_see_and_decide_nothing(county, elsewhere):
    open_review(county)
    for who in (elsewhere.reviewer, elsewhere.auditor, elsewhere.clerk):
        assert not visible_cases(who).exists() and not waiting_for(who).exists()
