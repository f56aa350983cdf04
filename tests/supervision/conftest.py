"""A county with departments of every standing, and the people who look over them. Invented names only."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from tests.stewardship.conftest import AT, County, make_county
from yishu.cases import actions
from yishu.cases.models import Case
from yishu.collection.models import Load
from yishu.orgs.models import Department, Person, Role


def person(department: Department, username: str, *kinds: str, **more: object) -> Person:
    """Somebody of a department in some roles."""
    made = Person.objects.create(username=username, name=f"{username}员", department=department, created_at=AT)
    for kind in kinds:
        Role.objects.create(person=made, department=department, kind=kind, granted_at=AT - timedelta(days=9), **more)
    return made


def browser_of(who: Person) -> Client:
    """A browser somebody is signed in with."""
    client = Client()
    client.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def review(county: County, department: Department, title: str = "台账审核", at: datetime = AT) -> Case:
    """An open catalogue review of a department, waiting for the authority; overdue since long ago."""
    clerk = Person.objects.filter(department=department, roles__kind="provider").first()
    resource = county.draft(department, title, "名称", by=clerk)
    return actions.open_case(
        procedure="catalogue.review", jurisdiction=county.jurisdiction, subject_id=str(resource.pk), title=title,
        department=department, provider=department, by=clerk, at=at, facts={},
    )  # fmt: skip


def load(resource_id: int, by: Person, at: datetime) -> Load:
    """A published load of a resource."""
    return Load.objects.create(
        resource_id=resource_id, resource_version=1, state="published", file_name="a.csv", file_bytes=1, file_digest="0",
        started_by=by, received_at=at, finished_at=at,
    )  # fmt: skip


@pytest.fixture
def county(db: None) -> County:
    return make_county()


@pytest.fixture
def leader(county: County) -> Person:
    return person(county.authority, "ling", "leader")
