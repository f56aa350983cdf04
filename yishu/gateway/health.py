"""``GET /healthz``: whether this worker can answer, and which part is down; names parts, never addresses or errors."""

from yishu.gateway.database import Connections
from yishu.gateway.http import Answer, Exchange, Scope, json_answer
from yishu.kernel.errors import Unavailable

LEDGER = """
select not pg_catalog.pg_is_in_recovery() and pg_catalog.has_table_privilege('ledger.inbox', 'insert')
from gateway.epoch
"""


class Health:
    """Answers the health check: 200 when everything a lookup needs is there, else 503."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def __call__(self, _: Scope, __: Exchange, ___: str) -> Answer:
        """``{"status": "ok"|"down", "parts": {"gateway", "database", "ledger"}}``, each part ``ok`` or ``down``."""
        parts = {"gateway": "ok", "database": "down", "ledger": "down"}
        try:
            row = await self._connections.fetchrow(LEDGER)
            parts["database"] = "ok"
            if row is not None and row[0]:
                parts["ledger"] = "ok"
        except Unavailable:
            pass
        healthy = "down" not in parts.values()
        return json_answer({"status": "ok" if healthy else "down", "parts": parts}, status=200 if healthy else 503)
