"""Resource codes: given once, at first submission, unique under concurrency and for life (guide 1272, element 3)."""

from django.db import connection

from yishu.catalogue.models import Resource
from yishu.kernel.codes import resource_code

_NEXT = """
insert into catalogue_codeseries (prefix, last) values (%s, 1)
on conflict (prefix) do update set last = catalogue_codeseries.last + 1
returning last
"""


def next_code(resource: Resource) -> str:
    """The code ``<类><项><目><细目>/<sequence>`` for a resource that has none. Runs in the caller's transaction.

    Raises ValueError when the classification is not complete; submission checks it before.
    """
    prefix = f"{resource.attribute_class}{resource.item_class}{resource.category}{resource.subcategory}"
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [prefix])
        (sequence,) = cursor.fetchone()
    return resource_code(
        attribute_class=resource.attribute_class,
        item_class=resource.item_class,
        category=resource.category,
        subcategory=resource.subcategory,
        sequence=sequence,
    )


def column_id(number: int) -> str:
    """The stable column id of an item: ``i0001``, ``i0002`` … (ASCII, never reused within a resource)."""
    return f"i{number:04d}"
