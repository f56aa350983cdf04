"""A small 修武 with one provider, two consumers, the authority, an auditor, and two published resources; made by the real actions."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import httpx
import pytest
from django.conf import settings as django_settings

from yishu.catalogue import actions as catalogue
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.kernel.codes import organisation_check, uscc_check
from yishu.orgs import actions as orgs
from yishu.orgs.models import Department, Jurisdiction, Person
from yishu.sharing.actions import Request

AT = datetime(2026, 9, 18, 2, 0, tzinfo=UTC)


def uscc(number):
    body = f"{number:08d}"
    head = f"11410821{body}{organisation_check(body)}"
    return head + uscc_check(head)


@dataclass
class World:
    jurisdiction: Jurisdiction
    departments: dict[str, Department]
    people: dict[str, Person]
    at: datetime = AT

    def __getattr__(self, name):
        return self.people[name]


@pytest.fixture
def world(db):
    """People by name: ``reviewer`` (authority), ``giver`` (provider), ``user`` (consumer), ``other`` (another department's
    consumer), ``auditor``."""
    place = orgs.create_jurisdiction(pack="cn-henan-jiaozuo-xiuwu", by=None, at=AT)
    made = {}
    for n, (key, name) in enumerate(
        {"data": "数据局", "police": "公安局", "civil": "民政局", "health": "卫健委", "audit": "审计局"}.items()
    ):
        made[key] = orgs.create_department(
            jurisdiction=place,
            name=f"修武县{name}",
            uscc=uscc(99000 + n),
            kind="government",
            is_authority=key == "data",
            by=None,
            at=AT,
        )
    people = {}
    for key, name, where, roles in (
        ("reviewer", "舒知行", "data", ["authority"]),
        ("giver", "户小籍", "police", ["provider"]),
        ("user", "温如故", "civil", ["consumer"]),
        ("other", "康常在", "health", ["consumer"]),
        ("auditor", "审明细", "audit", ["auditor"]),
    ):
        person, _ = orgs.create_person(
            username=key, name=name, department=made[where], by=None, at=AT, password="Mima-2026-Shufu"
        )
        for role in roles:
            orgs.grant_role(person=person, kind=role, by=None, at=AT)
        person.refresh_from_db()
        people[key] = person
    return World(place, made, people)


ITEMS = (
    ItemDraft("公民身份号码", "C", length=18, required=True, identifier="person_id", is_key=True, mask="person_id"),
    ItemDraft("姓名", "C", length=120, required=True, mask="name"),
    ItemDraft("性别代码", "C", length=1, codes={"1": "男性", "2": "女性"}),
    ItemDraft("住址", "C", length=300, mask="address"),
    ItemDraft("更新日期", "D", length=10, required=True, newest_by=True),
)
GRADES = (3, 3, 1, 3, 1)


def _publish(world, share_type, title="常住人口登记信息", items=ITEMS, grades=None, resource=None, **changes):
    """Draft → submit → approve, as people do it; returns the resource. ``resource``: publish its next version."""
    grades = grades or tuple(GRADES[ITEMS.index(i)] for i in items)
    if resource is not None:
        items = [replace(i, column=f"i{ITEMS.index(i) + 1:04d}") for i in items]
    draft = ResourceDraft(
        title=title, summary="县内登记的基本情况", category="021", subcategory="0821", source_kind="direct",
        subject_kind="natural_person", format_class="3", format_type="Dm", share_type=share_type,
        share_condition="" if share_type == "unconditional" else "仅用于本部门职责", share_scope="县级部门",
        share_basis="有关规定第一条" if share_type == "withheld" else "", use_purposes=("work_reference",),
        update_cycle="daily", **changes,
    )  # fmt: skip
    giver, at = world.giver, world.at
    if resource is None:
        resource = catalogue.create_resource(
            department=world.departments["police"], draft=draft, items=items, by=giver, at=at
        )
    else:
        resource = catalogue.save_draft(
            resource_id=resource.pk, seen_revision=resource.revision, draft=draft, items=items, by=giver, at=at
        )
    case = catalogue.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=giver, at=at)
    columns = list(resource.items.values_list("column", flat=True))
    catalogue.approve_resource(
        case_id=case.pk, seen_revision=case.revision, share_type=share_type,
        secrecy=catalogue.SecrecyFinding("严正阳", "passed", date(2026, 9, 18)), grades=dict(zip(columns, grades, strict=True)),
        by=world.reviewer, at=at,
    )  # fmt: skip
    resource.refresh_from_db()
    return resource


@pytest.fixture
def publish(world):
    """``publish(share_type, title=…, without=(names,), resource=…)``: a resource published by the real procedure."""

    def run(share_type, *, without=(), **changes):
        return _publish(world, share_type, items=[i for i in ITEMS if i.name not in without], **changes)

    return run


@pytest.fixture
def conditional(publish):
    return publish("conditional")


@pytest.fixture
def open_resource(publish):
    return publish("unconditional", title="行政许可公示信息", grades=(1, 1, 1, 1, 1))


@pytest.fixture
def asked():
    """A complete request; ``asked(need="")`` changes parts."""

    def make(**changes):
        whole = {
            "items": ("i0001", "i0002"), "row_filter": (), "law_basis": "社会救助有关规定", "duty_basis": "部门职责清单第三项",
            "need": "核对申请人的登记情况", "purpose": "data_verification", "mode": "lookup", "starts_on": date(2026, 9, 18),
            "ends_on": date(2027, 9, 17),
        }  # fmt: skip
        return Request(**(whole | changes))

    return make


@pytest.fixture
def at():
    return AT


@pytest.fixture
def gateway_row(db):
    """What the gateway reads of a grant, as an object with the columns of ``gateway.grant_``; None when there is no row."""
    from django.db import connection

    def read(grant):
        with connection.cursor() as cursor:
            cursor.execute("select * from gateway.grant_ where id = %s", [grant.pk])
            row = cursor.fetchone()
            return row and SimpleNamespace(**{c.name: v for c, v in zip(cursor.description, row, strict=True)})

    return read


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def gateway(gateway_database_url, tmp_path_factory):
    """The address of a real gateway over the test database."""
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("YISHU_", "COV_"))} | {
        "YISHU_HOME": str(django_settings.ENVIRONMENT.home), "YISHU_GATEWAY_DATABASE_URL": gateway_database_url,
        "YISHU_GATEWAY_PORT": str(port), "YISHU_METRICS_PORT": str(free_port()),
    }  # fmt: skip
    log = tmp_path_factory.mktemp("gateway") / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "yishu.cli", "gateway"], env=environment, stdout=out, stderr=out
        )
    try:
        for _ in range(300):
            assert process.poll() is None, log.read_text()
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/healthz")
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
