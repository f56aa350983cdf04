"""Which address does what. The public list is a constant that a test holds against this table."""

from dataclasses import dataclass
from typing import Final

PUBLIC: Final = frozenset({"/oauth/token", "/healthz", "/log/checkpoint"})
"""Routes that answer without a bearer token, and nothing else (DESIGN §6)."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route: its template (also its name in metrics), its only method and the name of the handler."""

    template: str
    method: str
    handler: str


LOOKUP = Route("/v1/resources/{code}/lookup", "POST", "lookup")
RESOURCE = Route("/v1/resources/{code}", "GET", "resource")
RECEIPT = Route("/v1/receipts/{id}", "GET", "receipt")
FIXED: Final = {
    route.template: route
    for route in (
        Route("/oauth/token", "POST", "token"),
        Route("/v1/resources", "GET", "resources"),
        Route("/log/checkpoint", "GET", "checkpoint"),
        Route("/log/proof", "GET", "proof"),
        Route("/openapi.json", "GET", "openapi"),
        Route("/healthz", "GET", "health"),
    )
}
ROUTES: Final = (*FIXED.values(), LOOKUP, RESOURCE, RECEIPT)
_RESOURCES, _RECEIPTS, _LOOKUP = "/v1/resources/", "/v1/receipts/", "/lookup"


def match(path: str) -> tuple[Route, str] | None:
    """The route of a percent-decoded path and its variable segment ("" where it has none); None when nothing is there.

    Whatever stands in the variable segment, slashes included, is the handler's to judge, so that a hostile resource code
    meets the same checks and gets the same answer as one that is not granted.
    """
    if path.startswith(_RESOURCES):
        rest = path[len(_RESOURCES) :]
        if rest.endswith(_LOOKUP):
            return LOOKUP, rest[: -len(_LOOKUP)]
        return RESOURCE, rest
    route = FIXED.get(path)
    if route is not None:
        return route, ""
    if path.startswith(_RECEIPTS):
        return RECEIPT, path[len(_RECEIPTS) :]
    return None
