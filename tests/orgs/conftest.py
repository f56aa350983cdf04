"""A small county office: authority, two departments, people in roles. Invented people only."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client as Browser

from yishu.kernel import codes
from yishu.orgs import actions
from yishu.orgs.models import Department, Jurisdiction, Person

AT = datetime(2026, 9, 18, 2, 0, tzinfo=UTC)
PASSWORD = "秋天的第一杯茶-2026"


def valid_uscc(number: int) -> str:
    """A made-up 统一社会信用代码 that passes every check."""
    body = f"{number:08d}"
    start = f"11410821{body}{codes.organisation_check(body)}"
    return start + codes.uscc_check(start)


@dataclass
class Office:
    """Who is who."""

    place: Jurisdiction
    authority: Department
    police: Department
    estate: Department
    admin: Person
    auditor: Person
    clerk: Person
    reviewer: Person


@pytest.fixture
def office(db: None) -> Office:
    place = actions.create_jurisdiction(pack="cn-henan-jiaozuo-xiuwu", by=None, at=AT)

    def department(name: str, number: int, *, is_authority: bool = False) -> Department:
        return actions.create_department(
            jurisdiction=place,
            name=name,
            uscc=valid_uscc(number),
            kind="government",
            is_authority=is_authority,
            by=None,
            at=AT,
        )

    authority = department("修武县政务服务和大数据管理局", 1, is_authority=True)
    police, estate = department("修武县公安局", 2), department("修武县自然资源局", 3)

    def person(username: str, name: str, where: Department, *roles: str) -> Person:
        made, _ = actions.create_person(
            username=username, name=name, department=where, password=PASSWORD, by=None, at=AT
        )
        for role in roles:
            actions.grant_role(person=made, kind=role, by=None, at=AT)
        return made

    return Office(
        place,
        authority,
        police,
        estate,
        admin=person("guanli", "甄管理", authority, "admin"),
        auditor=person("shenji", "贾审计", authority, "auditor"),
        clerk=person("jingban", "易经办", estate, "consumer", "provider"),
        reviewer=person("shenhe", "甄审核", authority, "authority"),
    )


@dataclass
class Town:
    """A tenant with an authority, one department and an administrator, and what makes more of it."""

    place: Jurisdiction
    authority: Department
    bureau: Department
    admin: Person
    number: int

    def department(self, name: str, **more: Any) -> Department:
        self.number += 1
        given = {"kind": "government"} | more
        return actions.create_department(
            jurisdiction=self.place, name=name, uscc=valid_uscc(self.number), by=None, at=AT, **given
        )

    def person(self, username: str, name: str, where: Department, *roles: str) -> Person:
        made, _ = actions.create_person(
            username=username, name=name, department=where, password=PASSWORD, by=None, at=AT
        )
        for role in roles:
            actions.grant_role(person=made, kind=role, by=None, at=AT)
        return made


@pytest.fixture
def town(db: None) -> Callable[..., Town]:
    """Founds a tenant on a pack: ``town("cn-shanxi-xinzhou", "忻州市")``; parent and mode as keywords."""
    numbers = itertools.count(1000, 100)

    def found(pack: str, name: str, **more: Any) -> Town:
        number = next(numbers)
        place = actions.create_jurisdiction(pack=pack, name=name, by=None, at=AT, **more)
        made = Town(place, None, None, None, number)  # type: ignore[arg-type]
        made.authority = made.department(f"{name}数据局", is_authority=True)
        made.bureau = made.department(f"{name}民政局")
        made.admin = made.person(f"admin{number}", "甄管理", made.authority, "admin")
        return made

    return found


@pytest.fixture
def at() -> datetime:
    return AT


@pytest.fixture
def browser_of():
    """A test client signed in as somebody, without the sign-in page."""

    def make(person: Person) -> Browser:
        browser = Browser()
        browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return browser

    return make


@pytest.fixture
def password() -> str:
    """Everybody's in the office."""
    return PASSWORD
