"""A small 修武 whose police publishes a population register and whose market office publishes an enterprise register."""

import csv
import io
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction

from yishu.cases.models import Case
from yishu.catalogue import actions as catalogue
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.publication import publish_version
from yishu.catalogue.queries import published
from yishu.catalogue.rules import ResourceSpec
from yishu.collection import actions, store
from yishu.collection.models import Load
from yishu.collection.runs import run_load
from yishu.kernel.codes import organisation_check, person_id_check, uscc_check
from yishu.kernel.time import SHANGHAI
from yishu.orgs import actions as orgs
from yishu.orgs.models import Department, Jurisdiction, Person

AT = datetime(2026, 9, 18, 10, 0, tzinfo=SHANGHAI)
SHARED = Path(__file__).resolve().parents[3] / "shared"

POPULATION = (
    ItemDraft("公民身份号码", "C", length=18, required=True, identifier="person_id", is_key=True, mask="person_id"),
    ItemDraft("姓名", "C", length=120, required=True, mask="name"),
    ItemDraft("性别代码", "C", length=1, codes={"0": "未知", "1": "男性", "2": "女性", "9": "未说明"}),
    ItemDraft("民族代码", "C", length=2),
    ItemDraft("住址", "C", length=300, mask="address"),
    ItemDraft("联系电话", "C", pattern="1[3-9][0-9]{9}", mask="phone"),
    ItemDraft("更新日期", "D", required=True, newest_by=True),
)
ENTERPRISES = (
    ItemDraft("企业名称", "C", length=400, required=True),
    ItemDraft("统一社会信用代码", "C", required=True, identifier="uscc", is_key=True),
    ItemDraft("注册日期", "D"),
    ItemDraft("企业类型", "C"),
    ItemDraft("法人代表", "C", mask="name"),
    ItemDraft("注册资金", "C"),
    ItemDraft("经营范围", "M"),
    ItemDraft("所在省份", "C"),
    ItemDraft("地区", "C"),
    ItemDraft("注册地址", "C"),
)


def uscc(number: int) -> str:
    body = f"{number:08d}"
    head = f"11410821{body}{organisation_check(body)}"
    return head + uscc_check(head)


def person_id(number: int) -> str:
    head = f"410899{19600101 + number % 28}{number % 1000:03d}"
    return head + person_id_check(head)


def person_row(number: int, updated: str = "2026-01-01") -> list[str]:
    r = random.Random(number)
    return [
        person_id(number),
        f"张{number}",
        r.choice("12"),
        "01",
        f"修武县示例路{number}号",
        f"138{number:08d}",
        updated,
    ]


HEADING = [item.name for item in POPULATION]


def csv_bytes(rows: list[list[str]], heading: list[str] | None = None, encoding: str = "utf-8") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([heading or HEADING, *rows])
    return out.getvalue().encode(encoding)


@dataclass
class World:
    jurisdiction: Jurisdiction
    departments: dict[str, Department]
    clerk: Person
    market: Person
    reviewer: Person
    consumer: Person
    population: ResourceSpec
    enterprises: ResourceSpec
    minute: int = 0

    def upload(
        self, content: bytes, name: str = "人口.csv", spec: ResourceSpec | None = None, by: Person | None = None
    ) -> Load:
        """Receive a file, a minute later than the one before."""
        self.minute += 1
        return actions.receive_upload(
            resource_code=(spec or self.population).code,
            file=io.BytesIO(content),
            file_name=name,
            by=by or self.clerk,
            at=AT + timedelta(minutes=self.minute),
        )

    def load(
        self, content: bytes, name: str = "人口.csv", spec: ResourceSpec | None = None, by: Person | None = None
    ) -> Load:
        """Receive a file and run it to its end."""
        return run_load(self.upload(content, name, spec, by).pk)

    def load_file(self, path: Path, spec: ResourceSpec, by: Person) -> Load:
        with path.open("rb") as file:
            received = actions.receive_upload(resource_code=spec.code, file=file, file_name=path.name, by=by, at=AT)
        return run_load(received.pk)


def publish_resource(
    *, department: Department, by: Person, reviewer: Person, title: str, items: tuple[ItemDraft, ...], subject: str
) -> ResourceSpec:
    resource = catalogue.create_resource(
        department=department,
        draft=ResourceDraft(
            title=title,
            summary=f"{title}，测试用",
            category="016",
            source_kind="system",
            subject_kind=subject,
            format_class="3",
            format_type="postgresql",
            use_purposes=("administrative_basis",),
            share_mode_type="interface",
            update_cycle="daily",
        ),
        items=items,
        by=by,
        at=AT,
    )
    case = Case.objects.create(
        number=f"测〔2026〕{resource.pk}号",
        jurisdiction=department.jurisdiction,
        procedure="catalogue.review",
        law_on=AT.date(),
        title=title,
        subject_id=str(resource.pk),
        department=department,
        provider=department,
        opened_by=by,
        opened_at=AT,
        step="published",
        step_since=AT,
        closed_at=AT,
    )
    resource.code = f"307016/{resource.pk:06d}"
    resource.confirmed_share_type = "unconditional"
    grades = {item.column: 1 for item in resource.items.all()}
    with transaction.atomic():
        publish_version(resource=resource, case=case, grades=grades, by=reviewer, at=AT)
    return published(id=resource.pk)


def make_world(pack: str = "cn-henan-jiaozuo-xiuwu") -> World:
    place = orgs.create_jurisdiction(pack=pack, by=None, at=AT)
    made: dict[str, Department] = {}
    for n, (key, name) in enumerate({"data": "数据局", "police": "公安局", "market": "市场监管局"}.items()):
        made[key] = orgs.create_department(
            jurisdiction=place,
            name=f"修武县{name}",
            uscc=uscc(99000 + n),
            kind="government",
            is_authority=key == "data",
            by=None,
            at=AT,
        )
    people: dict[str, Person] = {}
    for key, name, where, role in (
        ("reviewer", "舒知行", "data", "authority"),
        ("clerk", "户小籍", "police", "provider"),
        ("market", "市小管", "market", "provider"),
        ("consumer", "用小数", "market", "consumer"),
    ):
        person, _ = orgs.create_person(
            username=key, name=name, department=made[where], by=None, at=AT, password="Mima-2026-Shufu"
        )
        orgs.grant_role(person=person, kind=role, by=None, at=AT)
        person.refresh_from_db()
        people[key] = person
    return World(
        place,
        made,
        people["clerk"],
        people["market"],
        people["reviewer"],
        people["consumer"],
        publish_resource(department=made["police"], by=people["clerk"], reviewer=people["reviewer"], title="常住人口登记信息", items=POPULATION, subject="natural_person"),
        publish_resource(department=made["market"], by=people["market"], reviewer=people["reviewer"], title="企业登记信息", items=ENTERPRISES, subject="legal_entity"),
    )  # fmt: skip


def move_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "uploads", lambda: folder / "uploads")
    monkeypatch.setattr(store, "scratch", lambda: folder / "scratch")
    monkeypatch.setattr(store, "lake_root", lambda: folder / "lake")


def served(spec: ResourceSpec) -> list[tuple]:
    """The rows the pointer leads to, by key; empty when there is no pointer."""
    with connection.cursor() as cursor:
        cursor.execute("select table_name from serving.current where resource_code = %s", [spec.code])
        row = cursor.fetchone()
        if row is None:
            return []
        cursor.execute(f'select * from serving."{row[0]}" order by 1')
        return cursor.fetchall()


def serving_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select tablename from pg_tables where schemaname = 'serving' and tablename <> 'current' order by 1"
        )
        return [row[0] for row in cursor.fetchall()]
