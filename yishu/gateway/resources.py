"""``GET /v1/resources`` and ``/v1/resources/{code}``: what the caller is granted, in its own words."""

from datetime import UTC, date, datetime
from typing import Any

from yishu.gateway.access import Accesses, Granted
from yishu.gateway.callers import Callers
from yishu.gateway.committer import Committer
from yishu.gateway.http import Answer, Exchange, Scope, json_answer, require_no_query
from yishu.gateway.keys import MAX_KEYS
from yishu.gateway.refusals import refuse, resource_code
from yishu.gateway.rules import may_look_up
from yishu.kernel.time import shanghai_date


class Resources:
    """Lists and describes the caller's grants."""

    def __init__(self, *, callers: Callers, accesses: Accesses, committer: Committer) -> None:
        self._callers, self._accesses, self._committer = callers, accesses, committer

    async def every(self, scope: Scope, _: Exchange, __: str) -> Answer:
        """All grants of the caller, usable or not, by resource code."""
        now = datetime.now(UTC)
        subject = self._callers.subject(scope, now)
        require_no_query(scope)
        today = shanghai_date(now)
        return json_answer({"resources": [describe(g, today) for g in await self._accesses.all(subject)]})

    async def one(self, scope: Scope, _: Exchange, segment: str) -> Answer:
        """The caller's grants on one resource; 404 alike for a resource not granted and one that does not exist."""
        now = datetime.now(UTC)
        subject = self._callers.subject(scope, now)
        require_no_query(scope)
        today = shanghai_date(now)
        code = resource_code(segment)
        found = [g for g in await self._accesses.all(subject) if g.code == code]
        if not found:
            raise await refuse(self._committer, subject, "describe", now, code=code or "")
        return json_answer({"resource": code, "grants": [describe(g, today) for g in found]})


def describe(granted: Granted, today: date) -> dict[str, Any]:
    """One grant for its holder: items with masks, filters, purpose, term, the calls it allows, and whether it is usable today."""
    grant, pointer = granted.grant, granted.pointer
    decision = may_look_up(grant, today)
    url_code = granted.code.replace("/", "-")
    return {
        **grant.spec,
        "resource": granted.code,
        "url_code": url_code,
        "grant": str(grant.id),
        "starts_on": grant.starts_on.isoformat(),
        "ends_on": grant.ends_on.isoformat(),
        "usable": decision.allowed,
        "why": decision.reason,
        "next": decision.remedy,
        "calls": {"lookup": f"/v1/resources/{url_code}/lookup"} if grant.lookup_sql else {},
        "keys": {"identifier": grant.key_identifier, "most": MAX_KEYS},
        "version": pointer.version if pointer else None,
        "load": str(pointer.load_id) if pointer else None,
    }
