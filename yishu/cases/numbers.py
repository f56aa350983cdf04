"""Case numbers as offices write them: 修武共享〔2026〕12号."""

from django.db import connection

from yishu.orgs.models import Jurisdiction

_NEXT = """
insert into cases_numberseries (jurisdiction_id, word, year, last) values (%s, %s, %s, 1)
on conflict (jurisdiction_id, word, year) do update set last = cases_numberseries.last + 1
returning last
"""


def short_name(name: str) -> str:
    """A jurisdiction's name as case numbers abbreviate it: 修武县 → 修武, 忻州市 → 忻州; short names stay whole."""
    return name[:-1] if len(name) > 2 and name[-1] in "县市区" else name


def next_number(*, jurisdiction: Jurisdiction, word: str, year: int) -> str:
    """The next number of a series. Runs in the caller's transaction, holds the series' row until it ends.

    Two transactions never get the same number; one that rolls back gives its number to the next.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [jurisdiction.pk, word, year])
        (last,) = cursor.fetchone()
    return f"{short_name(jurisdiction.name)}{word}〔{year}〕{last}号"
