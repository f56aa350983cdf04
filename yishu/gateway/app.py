"""The RSGI application of one gateway worker: routing, the one error path, counting, and an orderly end."""

import asyncio
import ctypes
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter

from yishu.gateway.access import Accesses
from yishu.gateway.batches import Batches
from yishu.gateway.callers import Callers
from yishu.gateway.committer import Committer
from yishu.gateway.database import Connections
from yishu.gateway.health import Health
from yishu.gateway.http import Answer, BadRequest, Exchange, Scope, problem_answer
from yishu.gateway.lookup import Lookup
from yishu.gateway.metrics import observe, sample
from yishu.gateway.oauth import Tokens
from yishu.gateway.openapi import Description
from yishu.gateway.receipts import Receipts
from yishu.gateway.resources import Resources
from yishu.gateway.routes import Route, match
from yishu.kernel.errors import NotFound, PublicError
from yishu.ledger.digests import Digester
from yishu.security.tokens import TokenKeys

LOG = logging.getLogger("yishu.gateway")
DRAIN_SECONDS = 4
PR_SET_PDEATHSIG = 1
_READ_ONLY = {"default_transaction_read_only": "on", "search_path": "pg_catalog", "jit": "off"}
_SERVING = {**_READ_ONLY, "application_name": "yishu-gateway-serving", "plan_cache_mode": "force_generic_plan"}
_READING = {**_READ_ONLY, "application_name": "yishu-gateway"}
_LEDGER = {
    "search_path": "pg_catalog",
    "synchronous_commit": "on",
    "application_name": "yishu-gateway-ledger",
    "jit": "off",
}

Handler = Callable[[Scope, Exchange, str], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a worker needs. ``seconds`` bounds each step at the database; ``connections`` serve lookups of one worker."""

    database_url: str
    token_keys: TokenKeys
    digester: Digester
    token_seconds: int
    version: str
    connections: int = 2
    seconds: float = 5.0


class Gateway:
    """One worker. ``settings`` is called in the worker's process when its loop is ready."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._handlers: dict[str, Handler] = {}
        self._pools: list[Connections] = []
        self._running = 0
        self._idle = asyncio.Event()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Granian calls this once before serving. Needs no database: a worker that starts without one answers 503."""
        _end_with_parent(loop)
        settings = self._settings()
        serving, reading, ledger = self._pools = [
            Connections(settings.database_url, size=size, seconds=settings.seconds, session=session)
            for size, session in ((settings.connections, _SERVING), (2, _READING), (1, _LEDGER))
        ]
        callers, accesses = Callers(settings.token_keys), Accesses(reading)
        committer = Committer(ledger)
        resources = Resources(callers=callers, accesses=accesses, committer=committer)
        receipts = Receipts(callers=callers, accesses=accesses, connections=reading)
        self._handlers = {
            "lookup": Lookup(
                callers=callers,
                accesses=accesses,
                batches=Batches(serving, settings.connections),
                committer=committer,
                digester=settings.digester,
            ),
            "token": Tokens(keys=settings.token_keys, connections=reading, seconds=settings.token_seconds),
            "resources": resources.every,
            "resource": resources.one,
            "receipt": receipts.receipt,
            "checkpoint": receipts.checkpoint,
            "proof": receipts.proof,
            "openapi": Description(callers=callers, accesses=accesses, version=settings.version),
            "health": Health(reading),
        }

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Granian calls this after it stopped accepting: calls under way are answered first."""
        loop.run_until_complete(self._drain())

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        """Answer one request."""
        started = perf_counter()
        self._running += 1
        template = "none"
        try:
            found = match(scope.path)
            if found is None:
                raise _no_such_path()
            route, segment = found
            template = route.template
            if scope.method != route.method:
                raise _wrong_method(route)
            answer = await self._handlers[route.handler](scope, exchange, segment)
        except PublicError as error:
            answer = problem_answer(error)
            if error.status in (401, 429) or error.status >= 500:
                sample(template, error.status, error.code)
        except Exception as error:
            # The text of an unforeseen error may hold values: only its kind and place are logged.
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
            LOG.error("%s failed: %s at %s", template, type(error).__name__, where)
            answer = problem_answer(_fault())
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()
        exchange.response_bytes(answer.status, answer.headers, answer.body)
        observe(template, answer.status, perf_counter() - started)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._running:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            LOG.error("%d calls were still running at the end", self._running)
        await asyncio.sleep(0)
        for pool in self._pools:
            await pool.close()


def _end_with_parent(loop: asyncio.AbstractEventLoop) -> None:
    """Have the kernel end this worker when the process that supervises it is killed: no orphan keeps answering.

    A supervisor killed before the kernel was asked sends no signal, and uvloop loses a signal that comes before it runs; so
    the loop's first step looks whether the supervisor this worker was born of (not merely its parent now) is still there.
    """
    supervisor = multiprocessing.parent_process()
    if supervisor is None or not sys.platform.startswith("linux"):
        return
    born_of = supervisor.pid

    def end_if_orphaned() -> None:
        if os.getppid() != born_of:
            os.kill(os.getpid(), signal.SIGTERM)

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    loop.call_soon(end_if_orphaned)


def _no_such_path() -> NotFound:
    return NotFound(
        "没有这个接口", remedy="请核对网址，接口清单见 docs/gateway-protocol.md", code="gateway.no_such_path"
    )


def _wrong_method(route: Route) -> BadRequest:
    return BadRequest(
        "请求方法不对",
        remedy=f"请使用 {route.method}",
        code="gateway.wrong_method",
        status=405,
        extra={"allow": route.method},
    )


def _fault() -> PublicError:
    return PublicError(
        "平台内部出错，本次没有返回任何数据", remedy="请把出错的时间告诉平台运维", code="gateway.fault", status=500
    )
