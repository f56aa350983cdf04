"""A program that works on a platform under chaos: decides, loads, and in the end reports what it finds.

Run by the chaos tests as a process of its own (``YISHU_HOME`` names the platform). What it was told is done, it writes to
a journal, one JSON document a line, before it does anything else; ``None`` marks an answer that never came.
"""

# ruff: noqa: E402  (models need loaded apps)
import io
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yishu.config.settings")
import django

django.setup()

from django.db import Error as DatabaseError
from django.db import close_old_connections, connection, connections
from django.utils import timezone

from yishu.cases.models import CaseEvent
from yishu.catalogue import actions as catalogue
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.models import Resource
from yishu.collection import actions as collection
from yishu.collection.models import Load
from yishu.config.demo.generate import department_uscc
from yishu.kernel.errors import Conflict, Unavailable
from yishu.kernel.time import shanghai_date
from yishu.orgs import actions as orgs
from yishu.orgs.models import Department, Person
from yishu.sharing import actions as sharing
from yishu.sharing.models import Application, Grant
from yishu.sharing.requests import Request

HOME = Path(os.environ["YISHU_HOME"])
ROWS = 400
ITEMS = (
    ItemDraft(name="编号", data_type="C", length=20, required=True, is_key=True),
    ItemDraft(name="批次", data_type="C", length=20, required=True),
    ItemDraft(name="名称", data_type="C", length=60, required=True),
)


class Journal:
    """Appends documents to a file, each on disk before the next thing happens."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("a", encoding="utf-8")

    def write(self, **document: Any) -> None:
        self.file.write(json.dumps(document, ensure_ascii=False) + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())


def key(number: int) -> str:
    return f"K{number:08d}"


def csv(generation: int, rows: int) -> io.BytesIO:
    """A file whose every row carries its generation: a mixture of two loads would show."""
    lines = ["编号,批次,名称", *(f"{key(n)},{generation},单位{n}" for n in range(rows))]
    return io.BytesIO("\n".join(lines).encode())


def world() -> None:
    """Two departments, one served resource with a grant for a program, one conditional resource to apply for."""
    now = timezone.now()
    place = orgs.create_jurisdiction(pack="cn-henan-jiaozuo-xiuwu", by=None, at=now)

    def department(name: str, subject: str, **more: Any) -> Department:
        return orgs.create_department(
            jurisdiction=place, name=name, uscc=department_uscc(subject), kind="government", by=None, at=now, **more
        )

    def person(username: str, name: str, where: Department, *roles: str) -> Person:
        made, _ = orgs.create_person(
            username=username, name=name, department=where, password="long-enough-9x", by=None, at=now
        )
        for role in roles:
            orgs.grant_role(person=made, kind=role, by=None, at=now)
        return made

    authority = person(
        "chief", "任一", department("测试数据局", "00991001", is_authority=True, unit="数据股"), "authority"
    )
    provider = person("provider", "任二", department("测试提供局", "00991002", unit="信息股"), "provider")
    consumer = person("consumer", "任三", department("测试使用局", "00991003", unit="信息股"), "consumer")
    served = _resource("服务名录", "unconditional", provider, authority)
    asked = _resource("申请名录", "conditional", provider, authority)
    client, secret = orgs.create_client(department=_of(consumer), name="压力程序", by=consumer, at=now)
    today = shanghai_date(now)
    sharing.take_direct_access(
        resource_id=served.pk, department=_of(consumer), purpose="data_verification", starts_on=today,
        ends_on=today + timedelta(days=30), items=[i.column for i in served.items.all()], clients=[client], by=consumer, at=now,
    )  # fmt: skip
    facts = {"client_id": client.client_id, "client_secret": secret, "served": served.code, "asked": asked.code}
    (HOME / "world.json").write_text(json.dumps(facts))


def _of(person: Person) -> Department:
    assert person.department is not None
    return person.department


def _resource(title: str, share_type: str, provider: Person, authority: Person) -> Resource:
    now = timezone.now()
    draft = ResourceDraft(
        title=title, summary="混沌测试用的虚构名录，没有任何真实数据。", attribute_class="3", item_class="07", category="021",
        subcategory="0821", unit="信息股", source_kind="system", subject_kind="other", base_library="", format_class="2",
        format_type="xlsx", share_type=share_type, share_condition="仅用于测试" if share_type == "conditional" else "",
        share_scope="各政务部门", share_basis="", use_purposes=("data_verification",), share_mode_type="file",
        update_cycle="daily", duplicate_note="测试资源，不与其他资源重复",
    )  # fmt: skip
    resource = catalogue.create_resource(department=_of(provider), draft=draft, items=list(ITEMS), by=provider, at=now)
    case = catalogue.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=provider, at=now)
    catalogue.approve_resource(
        case_id=case.pk, seen_revision=case.revision, share_type=share_type,
        secrecy=catalogue.SecrecyFinding("任四", "passed", shanghai_date(now)),
        grades={item.column: 1 for item in resource.items.all()}, by=authority, at=now,
    )  # fmt: skip
    resource.refresh_from_db()
    return resource


def _stopped() -> bool:
    return (HOME / "stop").exists()


def _insist(do: Callable[[], Any]) -> tuple[Any, int]:
    """Do it until the platform answers; returns the answer and how many answers never came."""
    lost = 0
    while True:
        try:
            close_old_connections()
            return do(), lost
        except (DatabaseError, Unavailable):
            lost += 1
            connections.close_all()
            time.sleep(0.1)


def decide(journal: Journal) -> None:
    """Apply and decide, over and over: two of three granted, one refused. A lost answer is asked for again."""
    resource = _insist(lambda: Resource.objects.get(code=_world()["asked"]))[0]
    consumer = Person.objects.select_related("department").get(username="consumer")
    authority = Person.objects.get(username="chief")
    columns = tuple(item.column for item in resource.items.all())
    for turn in itertools.count():
        if _stopped():
            return
        today = shanghai_date(timezone.now())
        request = Request(
            items=columns, row_filter=(), law_basis="测试依据", duty_basis="测试职责", need=f"测试第{turn}次",
            purpose="data_verification", mode="lookup", starts_on=today, ends_on=today + timedelta(days=30),
        )  # fmt: skip
        application, lost = _insist(
            lambda request=request: sharing.submit_application(
                resource_id=resource.pk, department=_of(consumer), request=request, by=consumer, at=timezone.now()
            )
        )
        journal.write(submitted=str(application.pk), turn=turn, lost=lost)
        outcome = "refuse" if turn % 3 == 2 else "approve"
        decided, lost = _insist(lambda a=application, o=outcome: _decide(a.pk, o, columns, authority))
        journal.write(decided=str(application.pk), outcome=outcome, first_time=decided, lost=lost)
        time.sleep(0.05)


def _decide(id: UUID, outcome: str, columns: tuple[str, ...], authority: Person) -> bool:
    """Decide at revision 1, the submission; False when an earlier try whose answer was lost had done it."""
    seen = 1
    now = timezone.now()
    today = shanghai_date(now)
    try:
        if outcome == "approve":
            sharing.approve_application(
                application_id=id, seen_revision=seen, items=columns, row_filter=(), masks={}, starts_on=today,
                ends_on=today + timedelta(days=30), by=authority, at=now,
            )  # fmt: skip
        else:
            sharing.refuse_application(
                application_id=id, seen_revision=seen, reason="测试不予同意", basis="测试依据", by=authority, at=now
            )
    except Conflict:
        return False
    return True


def load(journal: Journal) -> None:
    """Upload one file after another, each when the one before has ended."""
    code = _world()["served"]
    provider = _insist(lambda: Person.objects.select_related("department").get(username="provider"))[0]
    for generation in itertools.count(1):
        if _stopped():
            return
        answer, lost = _insist(
            lambda g=generation: collection.receive_upload(
                resource_code=code, file=csv(g, ROWS), file_name=f"{g}.csv", by=provider, at=timezone.now()
            )
        )
        journal.write(load=str(answer.pk), generation=generation, lost=lost)
        while not _stopped():
            state = _insist(lambda a=answer: Load.objects.get(pk=a.pk).state)[0]
            if state in (Load.State.PUBLISHED, Load.State.FAILED):
                break
            time.sleep(0.2)


def big_load(journal: Journal, rows: int) -> None:
    """Upload one file that keeps the worker busy for a while."""
    provider = Person.objects.select_related("department").get(username="provider")
    made = collection.receive_upload(
        resource_code=_world()["served"], file=csv(999_999, rows), file_name="big.csv", by=provider, at=timezone.now()
    )
    journal.write(load=str(made.pk), generation=999_999, lost=0)


def inspect() -> None:
    """Print everything the test holds against the journals."""
    loads = []
    for row in Load.objects.order_by("received_at"):
        held = None
        if row.state == Load.State.PUBLISHED and _exists(row.serving_table):
            held = _rows(f'select count(*), count(distinct {_generation_column()}) from serving."{row.serving_table}"')[
                0
            ]
        loads.append(
            {
                "id": str(row.pk),
                "state": row.state,
                "kept": row.rows_kept,
                "error": row.error,
                "table": row.serving_table,
                "held": held,
            }
        )
    applications = [
        {
            "id": str(a.pk),
            "state": a.state,
            "grants": Grant.objects.filter(application=a).count(),
            "events": list(
                CaseEvent.objects.filter(case_id=a.case_id).order_by("seq").values_list("outcome", flat=True)
            ),
            "decisions": _rows(
                "select count(*) from ledger.leaf where convert_from(entry, 'UTF8')::jsonb->>'kind' = 'decision'"
                " and convert_from(entry, 'UTF8')::jsonb->>'case' = %s",
                [str(a.case_id)],
            )[0][0],
        }
        for a in Application.objects.order_by("submitted_at")
    ]
    pointer = _rows(
        "select table_name, load_id::text, rows from serving.current where resource_code = %s", [_world()["served"]]
    )
    gateway_grants = _rows("select count(*) from gateway.grant_ where resource_code = %s", [_world()["asked"]])[0][0]
    print(
        json.dumps({"loads": loads, "applications": applications, "pointer": pointer, "gateway_grants": gateway_grants})
    )


def _generation_column() -> str:
    return Resource.objects.get(code=_world()["served"]).items.get(name="批次").column


def _exists(table: str) -> bool:
    return bool(_rows("select to_regclass(%s) is not null", [f'serving."{table}"'])[0][0])


def _rows(statement: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def _world() -> dict[str, str]:
    return dict(json.loads((HOME / "world.json").read_text()))


if __name__ == "__main__":
    mode = sys.argv[1]
    if mode == "world":
        world()
    elif mode == "inspect":
        inspect()
    else:
        book = Journal(HOME / f"{mode}.journal")
        if mode == "decide":
            decide(book)
        elif mode == "load":
            load(book)
        else:
            big_load(book, int(sys.argv[2]))
