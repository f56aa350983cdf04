"""The bare yardstick for lookups: Starlette and asyncpg, one SELECT by key, no token, no grant, no mask, no ledger.

Run:  BASELINE_DATABASE_URL=… BASELINE_TABLE=serving.r1_bench granian --interface asgi --workers 1 baseline_gateway:app
"""

import contextlib
import os
from collections.abc import AsyncIterator

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SQL = f"select * from {os.environ.get('BASELINE_TABLE', 'baseline')} where i0001 = $1"


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["BASELINE_DATABASE_URL"], min_size=8, max_size=8) as pool:
        app.state.pool = pool
        yield


async def record(request: Request) -> Response:
    row = await request.app.state.pool.fetchrow(SQL, request.path_params["key"])
    body = orjson.dumps(dict(row) if row else None)
    return Response(body, status_code=200 if row else 404, media_type="application/json")


app = Starlette(routes=[Route("/people/{key}", record)], lifespan=lifespan)
