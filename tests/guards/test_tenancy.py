"""Nothing of one tenant is seen or touched from another: every address as every role, and every query that takes a reader."""

import datetime as dt
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

import yishu
from tests.guards import tenants
from tests.guards.tenants import MARK, NUMBER, UNIVERSAL
from yishu.cases.models import Case
from yishu.kernel.errors import PublicError
from yishu.law.packs import Law
from yishu.ledger.actions import record
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind

pytestmark = pytest.mark.django_db

REFUSED = {302, 400, 403, 404, 405, 409, 422}
SAMPLES = {"slug": "approve", "str": "x", "path": "x"}
PLAIN_NUMBERS = {"number", "year", "version", "month", "left", "right", "old", "new"}
"""Parameters that count something within an object and are no keys of their own."""
ENDS_SESSION = {"account_logout"}
FIELDS = (
    "department", "person", "parent", "area", "jurisdiction", "resource", "resource_id", "case", "cases", "client", "clients",
    "substitute", "taker", "giver", "role", "responsible", "officers", "provider", "replacement", "lead", "entry", "datum",
    "demand", "load", "ids", "selected", "subject", "target", "file",
)  # fmt: skip
"""Names forms give to choices of rows; each is sent the foreign key."""


def _patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, route)
        elif isinstance(entry, URLPattern):
            yield str(entry.name), route


def _address(route: str, receipt: object) -> tuple[str, bool]:
    """An address of the route with foreign keys, and whether it holds one."""
    holds = False

    def value(match: re.Match[str]) -> str:
        nonlocal holds
        kind, name = match.group(1) or "str", match.group(2)
        if kind == "uuid":
            holds = True
            return str(receipt if "receipt" in name else UNIVERSAL)
        if kind == "int":
            holds = holds or name not in PLAIN_NUMBERS
            return "1" if name in PLAIN_NUMBERS else str(NUMBER)
        return SAMPLES[kind]

    return "/" + re.sub(r"<(?:(\w+):)?(\w+)>", value, route), holds


@pytest.fixture
def world(db: None) -> dict[str, Person]:
    """The people of another tenant, by role; the marked tenant stands beside them."""
    people = tenants.home_tenant()
    tenants.foreign_tenant()
    return people


@pytest.fixture
def receipt(world: dict[str, Person]) -> object:
    """A receipt of the marked tenant."""
    with transaction.atomic():
        return record(
            kind="delivery", by=Person.objects.get(pk=NUMBER), at=timezone.now(), department=NUMBER,
            facts={"records": 1, "key_count": 1},
        )  # fmt: skip


def _enter(person: Person) -> Client:
    browser = Client()
    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


@pytest.mark.parametrize("role", tenants.READERS)
def test_every_address_shows_and_changes_nothing_of_another_tenant(
    role: str, world: dict[str, Person], receipt: object
) -> None:
    browser = _enter(world[role])
    browser.raise_request_exception = False  # a page that fails is told with all the others
    before = {model: tenants.reading_of(model) for model in tenants.own_models()}
    form = {name: str(NUMBER) for name in FIELDS} | {"revision": "1", "reason": "核对理由", "name": "名称", "page": "1"}
    wrong = []
    for name, route in _patterns(get_resolver()):
        address, holds = _address(route, receipt)
        for method in ("get", "post"):
            if name in ENDS_SESSION and method == "post":
                continue
            answer = browser.get(address, form) if method == "get" and not holds else None
            answer = answer or (browser.get(address) if method == "get" else browser.post(address, form))
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            if MARK in body.decode(errors="replace") or MARK in unquote(answer.get("Location", "")):
                wrong.append(f"{method} {address} shows the mark ({answer.status_code})")
            elif holds and answer.status_code not in REFUSED:
                wrong.append(f"{method} {address} answered {answer.status_code}")
            elif answer.status_code >= 500:
                wrong.append(f"{method} {address} failed with {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    changed = [model._meta.label for model, rows in before.items() if tenants.reading_of(model) != rows]
    assert not changed and not tenants.hangers_on()


def _queries() -> Iterator[tuple[str, Any]]:
    """Public functions of modules that read (``queries`` and those named below) with a person or jurisdiction to read for."""
    for info in pkgutil.walk_packages(yishu.__path__, "yishu."):
        if info.name.rsplit(".", 1)[-1] not in ("queries", "worklist", "receipts", "tenants", "duties", "saved_views"):
            continue
        module = importlib.import_module(info.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("_") or function.__module__ != info.name or _writes(function):
                continue
            annotations = {str(p.annotation) for p in inspect.signature(function).parameters.values()}
            if any(word in text for text in annotations for word in ("Person", "Jurisdiction")):
                yield f"{info.name.removeprefix('yishu.')}.{name}", function


def _writes(function: Any) -> bool:
    """Actions, which say ``by`` and ``at`` by keyword: the addresses above drive them."""
    by = inspect.signature(function).parameters.get("by")
    return by is not None and by.kind is inspect.Parameter.KEYWORD_ONLY


QUERIES = dict(_queries())
FOREIGN_ARGUMENTS = {
    "orgs.queries.law_view", "orgs.queries.required_profile", "orgs.queries.kinds_of", "orgs.queries.vendor_reference",
}  # fmt: skip
"""Reads of the law for a jurisdiction: they return nothing of anybody's."""


ALSO: dict[str, dict[str, Any]] = {"catalogue.queries.published": {"id": NUMBER}}
"""Arguments with a default that a query is asked with all the same."""


def _argument(name: str, annotation: str, person: Person) -> Any:
    """What a query is asked with: the reader's own tenant, the foreign tenant's keys."""
    home = person.department
    assert home is not None
    now = timezone.now()
    known: dict[str, Any] = {
        "at": now, "now": now, "on": now.date(), "day": now.date(), "today": now.date(), "tab": "waiting", "text": "", "kind": "",
        "what": "cases", "role": "provider", "page": "/orgs/people/", "code": MARK, "id": NUMBER, "pk": NUMBER, "kinds": "provider",
        "law": Law(tenants.PACK), "query": {}, "sort": "", "form": "catalogue.resource", "key": "catalogue.review",
        "procedure": "catalogue.review", "requirement": "reason", "title": MARK, "items": (), "number": 1,
        "cases": Case.objects.filter(jurisdiction=home.jurisdiction), "held_by": SimpleNamespace(kept_by="department"),
    }  # fmt: skip
    if annotation.endswith("Jurisdiction") or "Jurisdiction |" in annotation:
        return home.jurisdiction
    if "Person" in annotation:
        return person
    if "Department" in annotation:
        return home
    if "UUID" in annotation:
        return UNIVERSAL
    for model in tenants.own_models():
        if re.search(rf"\b{model.__name__}\b", annotation):
            return model._base_manager.filter(
                pk__in=[NUMBER if model._meta.pk.get_internal_type() != "UUIDField" else UNIVERSAL]
            ).first()
    if name.endswith("_id"):
        return NUMBER
    return known[name]


def _asked(function: Any, person: Person) -> Any:
    positional, keywords = [], {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            positional.append("provider")
        elif parameter.default is inspect.Parameter.empty or "Jurisdiction" in str(parameter.annotation):
            annotation = parameter.annotation if isinstance(parameter.annotation, str) else _named(parameter.annotation)
            value = _argument(name, annotation, person)
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                keywords[name] = value
            else:
                positional.append(value)
    return function(
        *positional, **keywords, **ALSO.get(f"{function.__module__.removeprefix('yishu.')}.{function.__name__}", {})
    )


def _named(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Every text in what a query answered, rows and keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, models.QuerySet):
        for row in list(value[:50]):
            yield from _texts(row, depth + 1)
    elif isinstance(value, models.Model):
        for name, held in vars(value).items():
            if not name.startswith("_"):
                yield from _texts(held, depth + 1)
    elif isinstance(value, dict) and depth < 6:
        for key, held in value.items():
            yield from _texts(key, depth + 1)
            yield from _texts(held, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset) and depth < 6:
        for held in value:
            yield from _texts(held, depth + 1)
    elif hasattr(value, "__dataclass_fields__") and depth < 6:
        for name in value.__dataclass_fields__:
            yield from _texts(getattr(value, name), depth + 1)
    elif value in (NUMBER, UNIVERSAL):
        yield f"{MARK} (key)"


def test_every_role_walks() -> None:
    walked = {kind for kinds in tenants.READERS.values() for kind in kinds}
    assert walked == set(RoleKind.values) - {RoleKind.PUBLIC}


def test_queries_are_found() -> None:
    assert len(QUERIES) > 30


def test_every_query_answers_nothing_of_another_tenant(world: dict[str, Person]) -> None:
    wrong = []
    for name, function in QUERIES.items():
        for role in ("authority", "admin", "auditor", "business", "inspector"):
            try:
                with transaction.atomic():
                    found = list(_texts(_asked(function, world[role])))
            except PublicError:
                continue
            except KeyError as missing:
                wrong.append(f"{name}: no sample for the argument {missing} in _argument()")
                break
            if any(MARK in text for text in found) and name not in FOREIGN_ARGUMENTS | GIVEN_THE_ROW:
                wrong.append(f"{name} as {role}: answers with the foreign tenant's")
                break
    assert not wrong, "\n".join(wrong)


GIVEN_THE_ROW: set[str] = set()
"""Queries whose caller already holds the row they read about, fetched by a query that is walked here."""


def test_a_role_row_of_another_tenant_gives_nothing(world: dict[str, Person]) -> None:
    from yishu.orgs import queries
    from yishu.orgs.models import Role

    person = world["business"]
    Role.objects.create(
        person=person, department_id=NUMBER, kind="authority", granted_at=timezone.now() - dt.timedelta(hours=1)
    )
    assert queries.roles_of(person) == set(tenants.BUSINESS)
    foreign = Department.objects.get(pk=NUMBER)
    assert not queries.may_act(person, "authority", foreign, timezone.now()).allowed
    assert Jurisdiction.objects.count() == 3
