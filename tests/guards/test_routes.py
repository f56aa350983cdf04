"""Every route asks for a sign-in unless it stands on the one public list."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from yishu.config.urls import PUBLIC

SAMPLES = {"int": "1", "uuid": str(UUID(int=1)), "slug": "a", "str": "a", "path": "a/b"}


def _routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    """Each pattern's route, an address that matches it, and the pattern."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _routes(entry, route)
        else:
            yield route, _address(route), entry


def _address(route: str) -> str:
    parts = []
    for part in route.replace("^", "").replace("$", "").replace("\\Z", "").split("<"):
        if ">" in part:
            kind, rest = part.split(">", 1)
            parts.append(SAMPLES[kind.split(":")[0] if ":" in kind else "str"] + rest)
        else:
            parts.append(part)
    return "/" + "".join(parts)


ROUTES = list(_routes(get_resolver()))


def test_routes_all_found() -> None:
    assert len(ROUTES) > 10


def test_public_list_names_only_routes_that_exist() -> None:
    names = {pattern.name for _, _, pattern in ROUTES} | {route for route, _, _ in ROUTES}
    assert set(PUBLIC) <= names


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("route", "address", "pattern"), ROUTES, ids=[route or "home" for route, _, _ in ROUTES])
def test_route_not_public_anonymous_is_sent_to_sign_in(
    method: str, route: str, address: str, pattern: URLPattern
) -> None:
    if pattern.name in PUBLIC or route in PUBLIC:
        return
    answer = getattr(Client(), method)(address)
    if answer.status_code == 302:
        assert answer["Location"].startswith(settings.LOGIN_URL)
    else:
        assert answer.status_code in (401, 403), f"{address} answered {answer.status_code}"
