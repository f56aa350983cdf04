"""The route table: every route authenticates unless it is on the one public list."""

from typing import Any

import httpx
import pytest

from yishu.gateway.routes import PUBLIC, ROUTES, match

pytestmark = pytest.mark.django_db


def test_public_list_is_exactly_the_contract() -> None:
    assert {"/oauth/token", "/healthz", "/log/checkpoint"} == PUBLIC
    assert {route.template for route in ROUTES} >= PUBLIC


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.template)
def test_route_without_token_refused_unless_public(gateway: Any, route: Any) -> None:
    path = route.template.replace("{code}", "307021022100-000009").replace(
        "{id}", "00000000-0000-4000-8000-000000000000"
    )
    answer = httpx.request(route.method, gateway.url + path)
    if route.template in PUBLIC:
        assert answer.status_code != 401 or "Basic" in answer.headers["www-authenticate"]
    else:
        assert answer.status_code == 401
        assert answer.json()["code"] == "gateway.no_token"


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.template)
def test_route_template_matches_itself(route: Any) -> None:
    found = match(route.template)
    assert found is not None and found[0] is route


def test_segment_with_slashes_stays_with_its_route() -> None:
    found = match("/v1/resources/../../x/lookup")
    assert found is not None and (found[0].template, found[1]) == ("/v1/resources/{code}/lookup", "../../x")
    assert match("/v1/resourcesx") is None
