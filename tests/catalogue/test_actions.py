"""Drafts, submission, review and versions through the catalogue's actions."""

import pytest
from django.db import connection

from yishu.catalogue import actions, queries
from yishu.kernel.errors import Invalid

from .conftest import AT, CLEARED

pytestmark = pytest.mark.django_db


def codes(error: Invalid) -> set[str]:
    return {p.code for p in error.problems}


def rows(error: Invalid) -> set[str]:
    return {p.reference.row for p in error.problems if p.reference}


def submit(county, resource, by=None):
    resource.refresh_from_db()
    return actions.submit_resource(
        resource_id=resource.pk, seen_revision=resource.revision, by=by or county.market_clerk, at=AT
    )


def approve(county, case, resource, **changes):
    values = {
        "share_type": resource.share_type,
        "secrecy": CLEARED,
        "grades": {i.column: 2 for i in resource.items.all()},
        "by": county.reviewer,
        "at": AT,
    } | changes
    return actions.approve_resource(case_id=case.pk, seen_revision=case.revision, **values)


@pytest.mark.article("XW-8.1", "XW-8.3", "XW-18.3")
def test_resource_submitted_and_approved_is_published(county, draft_of):
    resource = draft_of()
    case = submit(county, resource)
    approve(county, case, resource)
    spec = queries.published(id=resource.pk)
    assert (spec.code, spec.version, spec.share_type) == ("307016/000001", 1, "unconditional")
    assert [i.column for i in spec.items] == ["i0001", "i0002", "i0003", "i0004"]
    assert {i.grade for i in spec.items} == {2}
    assert spec.key is not None and spec.key.name == "统一社会信用代码"
    assert queries.published(code="307016-000001") == spec
    case.refresh_from_db()
    assert case.step == "published" and case.closed_at == AT
    with connection.cursor() as cursor:
        cursor.execute("select convert_from(entry, 'utf8') from ledger.inbox where entry::text is not null")
        entries = [row[0] for row in cursor.fetchall()]
    assert any('"outcome":"approve"' in e and spec.code in e for e in entries)
    assert not any("郑保密" in e or "食品" in e for e in entries)
