"""A small county with an authority, a provider, a consumer; people in their roles. Invented names only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from yishu.cases import actions
from yishu.cases.models import Case
from yishu.kernel.time import SHANGHAI
from yishu.orgs.models import Department, Jurisdiction, Person, Role

AT = datetime(2026, 9, 18, 10, 0, tzinfo=SHANGHAI)


@dataclass(frozen=True)
class County:
    jurisdiction: Jurisdiction
    authority: Department
    provider: Department
    consumer: Department
    reviewer: Person
    second_reviewer: Person
    clerk: Person
    user: Person
    auditor: Person


def make_county(pack: str = "cn-henan-jiaozuo-xiuwu", name: str = "修武县", prefix: str = "") -> County:
    jurisdiction = Jurisdiction.objects.create(
        pack=pack, division_code="410821", name=name, mode="as_written", created_at=AT
    )

    def department(title: str, uscc: str, is_authority: bool = False) -> Department:
        return Department.objects.create(
            jurisdiction=jurisdiction,
            name=title,
            uscc=uscc,
            kind="government",
            is_authority=is_authority,
            created_at=AT,
        )

    def person(username: str, title: str, home: Department, *roles: str) -> Person:
        made = Person.objects.create(username=prefix + username, name=title, department=home, created_at=AT)
        for kind in roles:
            Role.objects.create(person=made, department=home, kind=kind, granted_at=AT)
        return made

    authority = department("政务服务和大数据管理局", "11410821MB0000001A", is_authority=True)
    provider = department("市场监督管理局", "11410821MB0000003C")
    consumer = department("公安局", "11410821MB0000002B")
    return County(
        jurisdiction,
        authority,
        provider,
        consumer,
        reviewer=person("lin", "林审核", authority, "authority"),
        second_reviewer=person("he", "何审核", authority, "authority"),
        clerk=person("zhao", "赵经办", provider, "provider"),
        user=person("wang", "王经办", consumer, "consumer"),
        auditor=person("sun", "孙审计", authority, "auditor"),
    )


@pytest.fixture
def county(db: None) -> County:
    return make_county()


@pytest.fixture
def elsewhere(db: None) -> County:
    return make_county("cn-henan-jiaozuo", "焦作市", "jz-")


def open_review(county: County, title: str = "食品经营许可证信息", at: datetime = AT) -> Case:
    return actions.open_case(
        procedure="catalogue.review",
        jurisdiction=county.jurisdiction,
        subject_id="1",
        title=title,
        department=county.provider,
        provider=county.provider,
        by=county.clerk,
        at=at,
        facts={"resource": "307016/000001"},
    )


@pytest.fixture
def review(county: County) -> Callable[..., Case]:
    """Open a catalogue review of the provider."""
    return lambda **given: open_review(county, **given)


APPROVAL = {
    "share_type": "unconditional",
    "grades": {"i0001": 1},
    "secrecy_review": {"reviewer": "郑保密", "conclusion": "passed", "reviewed_on": "2026-09-18"},
}
