"""A place of the demonstration: a jurisdiction with its departments and people, founded from a YAML file by the public actions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher

from yishu.catalogue.models import Resource
from yishu.config.demo.generate import department_uscc
from yishu.kernel.time import shanghai_date
from yishu.orgs import actions as orgs
from yishu.orgs.models import Department, Jurisdiction, Person
from yishu.orgs.tenants import create_area

DATA = Path(__file__).parent / "data"
_FOUNDED_DAYS_AGO = 40
_QUICK_ROUNDS = 20_000


@cache
def read(name: str) -> Any:
    """A YAML file of the demonstration's data folder."""
    return yaml.safe_load((DATA / name).read_text(encoding="utf-8"))


@dataclass
class Place:
    """A founded place: what its file says, and what was made of it so far. ``now`` is the moment of the build."""

    given: Mapping[str, Any]
    jurisdiction: Jurisdiction
    now: datetime
    departments: dict[str, Department] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    holders: dict[tuple[str, int | None], Person] = field(default_factory=dict)
    """(role, department's id or None for anywhere) → who was given it first."""

    def who(self, role: str, department: Department | None = None) -> Person:
        """The first person who holds a role, in a department or anywhere in the place."""
        found = self.holders.get((role, department.pk if department else None))
        if found is None:
            raise LookupError(f"{self.jurisdiction}: nobody is {role} in {department}")
        return found

    @property
    def authority(self) -> Person:
        """Who decides for the data authority."""
        return self.who("authority")

    def clerk(self, department: str) -> Person:
        """Who provides and applies for a department (key of the file)."""
        return self.who("provider", self.departments[department])

    def ago(self, days: float) -> datetime:
        """The moment so many days before the build."""
        return self.now - timedelta(days=days)

    def day(self, days: int) -> date:
        """The Asia/Shanghai date so many days after the build, before it when negative."""
        return shanghai_date(self.now) + timedelta(days=days)


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Hash the accounts' one printed password with few rounds; the first sign-in hashes it anew with all of them.

    A hundred accounts would take a minute otherwise. Django stores the rounds with the hash and upgrades by itself.
    """
    hasher = get_hasher("default")
    assert isinstance(hasher, PBKDF2PasswordHasher)  # noqa: S101  (narrows the type)
    usual, hasher.iterations = hasher.iterations, _QUICK_ROUNDS
    try:
        yield
    finally:
        hasher.iterations = usual


def found(given: Mapping[str, Any], password: str, now: datetime) -> Place:
    """Open the jurisdiction, register its areas and departments, make its accounts with their roles."""
    at = now - timedelta(days=_FOUNDED_DAYS_AGO)
    named = given["jurisdiction"]
    parent = Jurisdiction.objects.get(name=named["parent"]) if "parent" in named else None
    opened = orgs.create_jurisdiction(
        pack=named["pack"], mode=named.get("mode", Jurisdiction.Mode.AS_WRITTEN), name=named.get("name", ""), parent=parent,
        by=None, at=at,
    )  # fmt: skip
    place = Place(given, opened, now)
    areas = {name: create_area(jurisdiction=opened, name=name, by=None, at=at) for name in given.get("areas", ())}
    for d in given["departments"]:
        place.departments[d["key"]] = orgs.create_department(
            jurisdiction=opened, name=d["name"], short_name=d["short_name"], kind=d["kind"],
            uscc=department_uscc(d["subject"], opened.division_code), is_authority=d.get("authority", False),
            unit=d.get("unit", ""), parent=place.departments.get(d.get("parent", "")), area=areas.get(d.get("area", "")),
            profile=d.get("profile"), by=None, at=at,
        )  # fmt: skip
    for p in given["people"]:
        place.people[p["username"]] = _person(place, p, password, at)
    return place


def _person(place: Place, given: Mapping[str, Any], password: str, at: datetime) -> Person:
    department = place.departments[given["department"]]
    person, _ = orgs.create_person(
        username=given["username"], name=given["name"], department=department, password=password, by=None, at=at
    )
    for role in given["roles"]:
        said: Mapping[str, Any] = {"kind": role} if isinstance(role, str) else role
        where = place.departments[said["department"]] if "department" in said else department
        until = place.now + timedelta(days=said["until_days"]) if "until_days" in said else None
        orgs.grant_role(
            person=person, kind=said["kind"], office=said.get("office", ""), scope=said.get("scope", ()), until=until,
            department=where, by=None, at=at,
        )  # fmt: skip
        for key in ((said["kind"], where.pk), (said["kind"], None)):
            place.holders.setdefault(key, person)
    if given.get("responsible"):
        orgs.update_department(department=department, changes={"responsible": person}, by=None, at=at)
    if given.get("officer"):
        officers = [*department.officers.all(), person]
        orgs.update_department(department=department, changes={"officers": officers}, by=None, at=at)
    return person
