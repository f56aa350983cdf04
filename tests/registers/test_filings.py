"""Filing of the responsible unit and person (忻州): submit → filed, changes are filed anew, history stays."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.cases.conftest import AT, County, make_county
from yishu.kernel.errors import Conflict, Invalid, NotAllowed
from yishu.orgs.models import Person, Role
from yishu.registers.filings import decide_filing, state_words, submit_filing
from yishu.registers.models import Filing
from yishu.registers.queries import filing_in_force, filings

pytestmark = pytest.mark.django_db


def submit(county: County, person: Person | None = None, unit: str = "信息科", days: int = 0) -> Filing:
    return submit_filing(
        department=county.provider,
        unit=unit,
        person=person or county.clerk,
        rules="内部共享管理制度",
        coordination="",
        by=county.clerk,
        at=AT + timedelta(days=days),
    )


def decide(county: County, filing: Filing, outcome: str, by: Person, reason: str = "", **more: object) -> None:
    assert filing.case is not None
    filing.case.refresh_from_db()
    decide_filing(
        case=filing.case,
        outcome=outcome,
        reason=reason,
        seen_revision=filing.case.revision,
        by=by,
        at=AT + timedelta(days=1),
        **more,
    )


@pytest.mark.article("XZ-1.3")
def test_filing_is_filed_and_a_change_is_filed_anew(xinzhou: County) -> None:
    with pytest.raises(Invalid) as refused:
        submit(xinzhou, unit=" ")
    assert refused.value.problems[0].reference is not None
    assert refused.value.problems[0].reference.row == "XZ-1.3"
    first = submit(xinzhou)
    with pytest.raises(Conflict):
        submit(xinzhou)
    with pytest.raises(NotAllowed):
        decide(xinzhou, first, "file", xinzhou.clerk)
    decide(xinzhou, first, "return", xinzhou.reviewer, "请补充协调配合机制")
    changes = {"unit": "信息科", "person": xinzhou.clerk, "rules": "制度", "coordination": "与各股室联系人对接"}
    decide(xinzhou, first, "resubmit", xinzhou.clerk, changes=changes)
    decide(xinzhou, first, "file", xinzhou.reviewer)
    standing = filing_in_force(xinzhou.provider)
    assert standing == first
    assert standing.coordination == "与各股室联系人对接"

    new = Person.objects.create(username="xz-li", name="李接任", department=xinzhou.provider, created_at=AT)
    second = submit(xinzhou, new, unit="数据科", days=2)
    assert filing_in_force(xinzhou.provider) == first, "the old one stands until the new one is filed"
    decide(xinzhou, second, "file", xinzhou.reviewer)
    first.refresh_from_db()
    assert filing_in_force(xinzhou.provider) == second
    assert state_words(first) == "已被新的备案替代"
    assert [f.person.name for f in filings(xinzhou.reviewer)] == ["李接任", "赵经办"]
    assert not filings(xinzhou.user).exists(), "another department's"


def test_filing_where_the_law_has_none_is_refused_with_why(county: County) -> None:
    with pytest.raises(NotAllowed) as refused:
        submit(county)
    assert refused.value.code == "registers.no_filing"


def test_person_of_another_department_cannot_be_responsible(xinzhou: County) -> None:
    with pytest.raises(Invalid) as refused:
        submit(xinzhou, xinzhou.user)
    assert refused.value.problems[0].code == "registers.not_own_person"


def test_filing_pages_submit_return_and_resubmit(xinzhou: County, client: Client) -> None:
    client.force_login(xinzhou.clerk)
    assert "尚无有效备案" in client.get("/registers/filings/").content.decode()
    bad = client.post("/registers/filings/new/", {"unit": "", "person": xinzhou.clerk.pk, "rules": "留下的字"})
    assert bad.status_code == 422
    assert "留下的字" in bad.content.decode()
    made = client.post("/registers/filings/new/", {"unit": "信息科", "person": xinzhou.clerk.pk, "rules": "制度"})
    assert made.status_code == 302
    filing = Filing.objects.get()
    assert filing.case is not None
    other = make_county("cn-shanxi-xinzhou", "别处市", "o-")
    Role.objects.create(person=other.user, department=other.consumer, kind="inspector", office="audit", granted_at=AT)
    client.force_login(other.user)
    assert "信息科" not in client.get("/registers/filings/").content.decode()
