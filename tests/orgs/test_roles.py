"""Roles with a term, an office or a scope; what stays apart; who only reads."""

from datetime import timedelta

import pytest
from django.urls import reverse

from tests.guards.test_routes import ROUTES
from tests.orgs.test_actions import ledger_rows
from yishu.kernel.errors import Invalid, NotAllowed
from yishu.orgs import actions, queries, rules
from yishu.orgs.models import RoleKind
from yishu.pages import navigation

pytestmark = pytest.mark.django_db
JIYUAN = "cn-henan-jiyuan"


def test_management_audit_and_operation_are_held_apart():
    for group, members in rules.KINDS_APART.items():
        for held in members:
            for other, others in rules.KINDS_APART.items():
                for wanted in others:
                    together = rules.may_hold([held], wanted, in_authority=True).allowed
                    alone = {held, wanted} & rules.ALONE and held != wanted
                    assert together == (group == other and not alone), (held, wanted)
    assert set().union(*rules.KINDS_APART.values()) | {"leader", "government", "upper", "public"} == set(
        RoleKind.values
    )
    assert rules.may_hold(["provider", "consumer"], "reviewer", in_authority=False).allowed


@pytest.fixture
def contracted(town, at):
    """A tenant of 济源 with a vendor's engineer who collects for a bureau, for thirty days."""
    place = town(JIYUAN, "济源平台")
    firm = place.department("济源某技术公司", kind="vendor")
    engineer = place.person("gongcheng", "甄工程", firm)
    actions.grant_role(
        person=engineer, kind="vendor", department=place.bureau, scope=["collection"], until=at + timedelta(days=30),
        by=place.admin, at=at,
    )  # fmt: skip
    return place, firm, engineer


def test_vendor_acts_within_scope_and_term_only(contracted, at):
    place, _, engineer = contracted
    assert queries.may_act(engineer, "provider", place.bureau, at, work="collection").allowed
    refused = {
        "scope": queries.may_act(engineer, "provider", place.bureau, at, work="sharing"),
        "no work": queries.may_act(engineer, "provider", place.bureau, at),
        "elsewhere": queries.may_act(engineer, "provider", place.authority, at, work="collection"),
        "term": queries.may_act(engineer, "provider", place.bureau, at + timedelta(days=30), work="collection"),
    }
    for decision in refused.values():
        assert not decision.allowed and decision.reference.row == "JY-10"
    assert refused["term"].code == "orgs.vendor_term_over" and "登记汇聚" in refused["scope"].reason


def test_vendor_role_without_term_or_work_or_firm_is_refused(contracted, at):
    place, firm, engineer = contracted
    clerk = place.person("jingban1", "易经办", place.bureau)
    until = at + timedelta(days=1)
    for person, kind, more in (
        (engineer, "vendor", {"department": place.bureau, "scope": ["collection"]}),
        (engineer, "vendor", {"department": place.bureau, "until": until}),
        (engineer, "vendor", {"department": place.bureau, "until": until, "scope": ["everything"]}),
        (engineer, "vendor", {"department": place.bureau, "until": at, "scope": ["collection"]}),
        (engineer, "vendor", {"department": firm, "until": until, "scope": ["collection"]}),
        (engineer, "provider", {"department": place.bureau}),
        (clerk, "vendor", {"until": until, "scope": ["collection"]}),
        (clerk, "provider", {"scope": ["collection"]}),
        (clerk, "inspector", {}),
        (clerk, "inspector", {"office": "tax"}),
        (clerk, "consumer", {"office": "audit"}),
    ):
        with pytest.raises(Invalid):
            actions.grant_role(person=person, kind=kind, by=place.admin, at=at, **more)


def test_vendor_role_given_anew_replaces_the_old_one_and_keeps_it(contracted, at):
    place, _, engineer = contracted
    again = actions.grant_role(
        person=engineer, kind="vendor", department=place.bureau, scope=["governance"], until=at + timedelta(days=60),
        by=place.admin, at=at,
    )  # fmt: skip
    assert engineer.roles.count() == 2 and engineer.roles.get(revoked_at=None) == again
    assert not queries.may_act(engineer, "provider", place.bureau, at, work="collection").allowed


def test_vendor_role_is_granted_through_the_page(contracted, browser_of, at):
    place, _, engineer = contracted
    url = reverse("orgs-role-grant", args=[engineer.pk])
    browser = browser_of(place.admin)
    given = {"kind": "vendor", "department": place.authority.pk, "scope": ["operation", "security"]}
    assert "委托期限" in browser.post(url, given, follow=True).content.decode()
    page = browser.post(url, given | {"until": "2099-12-31"}, follow=True).content.decode()
    assert "角色已授予" in page and "平台运维" in page
    for wrong in ("9999-12-31", "x", "2099-12-31\x00"):
        assert browser.post(url, given | {"until": wrong}).status_code == 302
    assert engineer.roles.filter(revoked_at=None).count() == 2


@pytest.mark.parametrize("office", sorted(rules.OFFICES))
def test_inspector_reads_what_their_office_needs_and_every_write_refuses_them(office, town, browser_of, at):
    place = town("cn-henan-jiaozuo-xiuwu", "修武平台")
    person = place.person("jiancha", "甄检查", place.bureau)
    actions.grant_role(person=person, kind="inspector", office=office, by=None, at=at)
    for what in ("catalogue", "cases", "receipts"):
        reads = queries.read_over(person, what, at).exists()
        assert reads == (what in rules.INSPECTOR_READS[office])
    browser = browser_of(person)
    assert browser.get("/").status_code == 200 and browser.get("/catalogue/").status_code == 200
    if office != "audit":  # one walk is enough: what is refused does not depend on the office
        return
    own = {"account_login", "account_logout", "account_change_password", "orgs-setup", "notices-read", "orgs-view-save"}
    before = ledger_rows()
    for _, address, pattern in ROUTES:
        if pattern.name not in own:
            answer = browser.post(address, {"name": "某", "reason": "某理由", "revision": "1"})
            # 200, 302: pages that read or lead elsewhere, whatever was sent.
            assert answer.status_code in (200, 302, 400, 403, 404, 405, 409, 422), (address, answer.status_code)
    assert ledger_rows() == before  # every write leaves an entry


def test_auditor_and_leader_read_and_decide_nothing(office, at):
    leader, _ = actions.create_person(
        username="lingdao", name="甄领导", department=office.authority, password="秋天的第一杯茶-2026", by=None, at=at
    )
    actions.grant_role(person=leader, kind="leader", by=None, at=at)
    for person in (leader, office.auditor):
        assert queries.read_over(person, "cases", at).count() == 3
        for kind in ("authority", "provider", "consumer", "admin"):
            assert not queries.may_act(person, kind, None, at).allowed
    with pytest.raises(NotAllowed):
        actions.grant_role(person=leader, kind="consumer", by=leader, at=at)


def test_role_ends_by_itself_on_its_day(office, at):
    actions.grant_role(person=office.reviewer, kind="consumer", until=at + timedelta(days=2), by=office.admin, at=at)
    assert queries.may_act(office.reviewer, "consumer", None, at + timedelta(days=1)).allowed
    assert not queries.may_act(office.reviewer, "consumer", None, at + timedelta(days=2)).allowed


def test_navigation_leads_an_inspector_to_no_page_that_refuses_them(town, browser_of, at):
    place = town("cn-henan-jiaozuo-xiuwu", "修武平台")
    person = place.person("jiancha", "甄检查", place.bureau)
    actions.grant_role(person=person, kind="inspector", office="audit", by=None, at=at)
    browser = browser_of(person)
    for group in navigation.navigation_for(frozenset({"inspector"}), "/"):
        for entry in group.entries:
            assert browser.get(entry.path).status_code == 200, entry.path
