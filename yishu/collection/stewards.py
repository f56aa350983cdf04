"""What stewardship asks of collection: when a resource was last loaded, and keyed sketches of the values in force."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import cache

from django.conf import settings
from django.db import connection
from django.db.models import Max
from psycopg import sql

from yishu.collection.models import Load
from yishu.ledger.digests import Digester
from yishu.stewardship.sketches import MOST_ROWS, Sketch, sketch

_BITS = 13
"""Hexadecimal digits of a digest a sketch keeps: 52 bits, exact in JSON."""
_PIECE = 5_000


class NewestLoads:
    """``stewardship.ports.Fulfilment``."""

    def newest(self, resource_ids: Collection[int]) -> Mapping[int, datetime]:
        """The moment the newest load in force of each resource was received."""
        loads = Load.objects.filter(resource_id__in=resource_ids, state=Load.State.PUBLISHED)
        return dict(loads.order_by().values_list("resource_id").annotate(newest=Max("received_at")))


@cache
def _digester() -> Digester:
    return Digester.load(settings.ENVIRONMENT.home)


def _digest(text: str) -> int:
    return int(_digester().digest(text, "profile").partition(":")[2][:_BITS], 16)


class ServedValues:
    """``stewardship.ports.Profiles``: reads the serving table in force; nothing but the sketch leaves this class."""

    def sketch(self, resource_id: int, column: str) -> Sketch | None:
        """The sketch of one item; None when nothing is served or the served version has no such item."""
        loads = Load.objects.filter(resource_id=resource_id, state=Load.State.PUBLISHED).exclude(serving_table="")
        table = loads.order_by("-finished_at", "-received_at").values_list("serving_table", flat=True).first()
        if table is None or not _has(table, column):
            return None
        return sketch(_values(table, column), _digest)


def _has(table: str, column: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from information_schema.columns where table_schema = 'serving' and table_name = %s "
            "and column_name = %s)",
            [table, column],
        )
        return bool(cursor.fetchone()[0])


def _values(table: str, column: str) -> Iterator[object]:
    query = sql.SQL("select {} from {} limit {}").format(
        sql.Identifier(column), sql.Identifier("serving", table), sql.Literal(MOST_ROWS)
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(_PIECE):
            yield from (row[0] for row in rows)
