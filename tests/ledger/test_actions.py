"""Writing from Django: in the caller's transaction or not at all."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

import yishu.ledger
from yishu.ledger import actions, queries
from yishu.ledger.entries import BadEntry, entry_from_bytes

AT = datetime(2026, 9, 24, 8, 0, tzinfo=UTC)


def rows():
    with connection.cursor() as cursor:
        cursor.execute("select id, entry from ledger.inbox")
        return {id: entry_from_bytes(bytes(entry)) for id, entry in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_record_in_a_transaction_that_fails_leaves_nothing():
    before = rows()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        actions.record(kind="event", by=None, at=AT, facts={"event": "tests.done"})
        _ = 1 / 0
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_record_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError, match="atomic"):
        actions.record(kind="event", by=None, at=AT)


@pytest.mark.django_db
def test_record_writes_the_entry_and_returns_its_receipt_id():
    case = uuid4()
    id = actions.record(
        kind="decision",
        by=SimpleNamespace(pk=7),
        at=AT,
        department=3,
        resource="307010001/000001",
        case=case,
        facts={"outcome": "approve"},
    )
    entry = rows()[id]
    assert isinstance(id, UUID)
    assert (entry.actor, entry.department, entry.case, entry.at) == ("person:7", "3", str(case), AT)
    assert queries.receipt(id) is None
    assert queries.receipt_state(id) == "waiting"


@pytest.mark.django_db
def test_record_of_an_undeclared_fact_is_refused_and_nothing_is_written():
    before = rows()
    with pytest.raises(BadEntry):
        actions.record(kind="decision", by="person:1", at=AT, facts={"name": "x"})
    assert rows() == before


@pytest.mark.parametrize(
    ("by", "actor"),
    [
        (None, "system"),
        ("client:a", "client:a"),
        (SimpleNamespace(pk=5), "person:5"),
        (SimpleNamespace(pk=5, client_id="app-1"), "client:app-1"),
    ],
)
def test_actor_of_whoever_acts_is_an_internal_id(by, actor):
    assert actions.actor_of(by) == actor


CORE = sorted(
    path.stem
    for path in Path(yishu.ledger.__file__).parent.glob("*.py")
    if path.stem not in ("actions", "queries", "apps", "__init__")
)


def test_core_of_the_ledger_never_loads_django():
    code = "import sys\n" + "".join(f"import yishu.ledger.{name}\n" for name in CORE)
    code += "print([name for name in sys.modules if name.split('.')[0] == 'django'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert "verify" in CORE


def test_no_module_of_the_core_names_a_serial_column():
    text = (Path(yishu.ledger.__file__).parent / "sql" / "0001_ledger.sql").read_text()
    assert not re.search(r"serial|identity|nextval", text)
