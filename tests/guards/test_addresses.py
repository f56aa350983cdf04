"""Every page, asked with numbers no row has and with hostile queries by somebody who holds every role: never a server error."""

import re
from urllib.parse import quote

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from yishu.config.urls import PUBLIC
from yishu.kernel.codes import organisation_check, uscc_check
from yishu.orgs import actions as orgs
from yishu.orgs.models import Role

HOSTILE = ("a\x00b", "²", "99999999999999999999", "-1", "' or 1=1 -- %[(\\../..\U0001f600")
NAMES = (
    "q",
    "page",
    "sort",
    "state",
    "kind",
    "role",
    "tab",
    "side",
    "resource",
    "department",
    "procedure",
    "share_type",
    "profile",
)


def addresses(patterns, prefix=""):
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern) and entry.name not in PUBLIC | {"account_logout"}:
            yield "/" + prefix + str(entry.pattern)


@pytest.fixture
def everyone(db, client):
    """A client of somebody who holds every role but the auditor's; the administrator's past the rule that keeps it apart."""
    at = timezone.now()
    place = orgs.create_jurisdiction(pack="cn-henan-jiaozuo-xiuwu", by=None, at=at)
    head = f"1141082100099000{organisation_check('00099000')}"
    office = orgs.create_department(
        jurisdiction=place, name="修武县数据局", uscc=head + uscc_check(head), kind="government", is_authority=True, by=None,
        at=at,
    )  # fmt: skip
    person, _ = orgs.create_person(
        username="quanneng", name="全能人", department=office, by=None, at=at, password="Mima-2026-Shufu"
    )
    for kind in ("authority", "provider", "consumer", "responsible"):
        orgs.grant_role(person=person, kind=kind, by=None, at=at)
    Role.objects.create(person=person, department=office, kind="admin", granted_at=at)
    person.refresh_from_db()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.raise_request_exception = False
    return client


def asked(path, number):
    samples = {"int": number, "uuid": "00000000-0000-0000-0000-000000000001", "str": "x", "slug": "x", "path": "x"}
    return re.sub(r"<(?:(\w+):)?\w+>", lambda m: samples[m.group(1) or "str"], path)


@pytest.mark.parametrize("number", ["0", "99999999999999999999", "9" * 5000])
def test_page_with_a_number_no_row_has_is_no_server_error(everyone, number):
    numbered = [path for path in addresses(get_resolver().url_patterns) if "<int:" in path]
    assert len(numbered) > 20
    for path in numbered:
        for method in (everyone.get, everyone.post):
            answer = method(asked(path, number))
            assert answer.status_code < 500, (path, number[:30], answer.status_code)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_page_with_a_hostile_query_or_form_is_no_server_error(everyone, text):
    for path in addresses(get_resolver().url_patterns):
        url = asked(path, "1")
        query = "&".join(f"{name}={quote(text)}" for name in NAMES)
        assert everyone.get(f"{url}?{query}").status_code < 500, (path, text)
        assert (
            everyone.post(url, dict.fromkeys((*NAMES, "step", "go", "keys", "reason", "revision"), text)).status_code
            < 500
        ), path
