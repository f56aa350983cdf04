"""A small 修武 with five departments and their people; resources published straight into the catalogue. Invented names only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from yishu.cases.models import Case
from yishu.catalogue import actions as catalogue
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.models import Resource
from yishu.catalogue.publication import publish_version
from yishu.catalogue.queries import published
from yishu.catalogue.rules import ResourceSpec
from yishu.collection.models import Load
from yishu.kernel.time import SHANGHAI
from yishu.orgs.models import Department, Jurisdiction, Person, Role
from yishu.registers.models import Entry

AT = datetime(2026, 9, 18, 10, 0, tzinfo=SHANGHAI)
LATER = AT + timedelta(days=1)

DRAFT = ResourceDraft(
    title="台账", summary="测试用", category="016", source_kind="system", subject_kind="legal_entity", format_class="3",
    format_type="postgresql", use_purposes=("administrative_basis",), share_mode_type="interface", update_cycle="daily",
)  # fmt: skip
KEY = ItemDraft("统一社会信用代码", length=18, required=True, identifier="uscc", is_key=True)


@dataclass
class County:
    jurisdiction: Jurisdiction
    authority: Department
    police: Department
    market: Department
    civil: Department
    health: Department
    reviewer: Person
    auditor: Person
    police_clerk: Person
    market_clerk: Person
    civil_clerk: Person
    health_clerk: Person
    market_head: Person
    civil_head: Person

    def items(self, *names: str) -> tuple[ItemDraft, ...]:
        """The organisation's code and text items of these names."""
        return (KEY, *(ItemDraft(n) for n in names))

    def draft(self, department: Department, title: str, *names: str, by: Person, **changes: object) -> Resource:
        """A draft of a department with the key and these items."""
        values = {name: getattr(DRAFT, name) for name in DRAFT.__slots__} | {"title": title} | changes
        draft = ResourceDraft(**values)  # type: ignore[arg-type]
        return catalogue.create_resource(department=department, draft=draft, items=self.items(*names), by=by, at=AT)

    def publish(
        self, department: Department, title: str, *names: str, at: datetime = AT, **changes: object
    ) -> ResourceSpec:
        """A published resource of a department."""
        by = Person.objects.filter(department=department, roles__kind="provider").first()
        resource = self.draft(department, title, *names, by=by, **changes)
        return self.publish_draft(resource, at=at)

    def publish_draft(self, resource: Resource, at: datetime = AT) -> ResourceSpec:
        """Make a working copy the current version, as an approval does."""
        case = Case.objects.create(
            number=f"测〔2026〕{resource.pk}-{resource.version}号", jurisdiction=self.jurisdiction, procedure="catalogue.review",
            law_on=AT.date(), title=resource.title, subject_id=str(resource.pk), department=resource.department,
            provider=resource.department, opened_by=self.reviewer, opened_at=AT, step="published", step_since=AT, closed_at=AT,
        )  # fmt: skip
        resource.code = resource.code or f"307016/{resource.pk:06d}"
        resource.confirmed_share_type = resource.share_type
        with transaction.atomic():
            grades = {i.column: 1 for i in resource.items.all()}
            publish_version(resource=resource, case=case, grades=grades, by=self.reviewer, at=at)
        return published(id=resource.pk)

    def table(self, department: Department, title: str, **fields: object) -> Entry:
        """A table in the register of system tables."""
        clerk = Person.objects.filter(department=department).first()
        return Entry.objects.create(
            jurisdiction=self.jurisdiction, kind="data_table", department=department, title=title,
            fields={"name": title, "system": "业务系统"} | fields, created_by=clerk, created_at=AT, updated_at=AT,
        )  # fmt: skip


def make_county(
    pack: str = "cn-henan-jiaozuo-xiuwu", name: str = "修武县", prefix: str = "", mode: str = "as_written"
) -> County:
    place = Jurisdiction.objects.create(pack=pack, division_code="410821", name=name, mode=mode, created_at=AT)
    made: dict[str, Department] = {}
    offices = {"authority": "数据局", "police": "公安局", "market": "市场监管局", "civil": "民政局", "health": "卫健委"}
    for n, (key, title) in enumerate(offices.items()):
        made[key] = Department.objects.create(
            jurisdiction=place, name=title, uscc=f"11410821MB000000{n}{'ABCDE'[n]}", kind="government",
            is_authority=key == "authority", unit=f"{title}信息股", created_at=AT,
        )  # fmt: skip

    def person(key: str, title: str, home: str, *roles: str) -> Person:
        who = Person.objects.create(username=prefix + key, name=title, department=made[home], created_at=AT)
        for kind in roles:
            Role.objects.create(person=who, department=made[home], kind=kind, granted_at=AT - timedelta(days=9))
        return who

    clerk = ("provider", "consumer")
    return County(
        place, **made, reviewer=person("shu", "舒知行", "authority", "authority"), auditor=person("sun", "孙审计", "authority", "auditor"),
        police_clerk=person("hu", "户小籍", "police", *clerk), market_clerk=person("shi", "市小管", "market", *clerk),
        civil_clerk=person("min", "民小政", "civil", *clerk), health_clerk=person("wei", "卫小健", "health", *clerk),
        market_head=person("zheng", "郑主任", "market", "responsible"), civil_head=person("liu", "柳主任", "civil", "responsible"),
    )  # fmt: skip


@pytest.fixture
def county(db: None) -> County:
    return make_county()


@pytest.fixture
def elsewhere(db: None) -> County:
    """Another tenant: it must never see the first one's things."""
    return make_county("cn-henan-jiyuan", "济源示范区", "jy-")


def browser(person: Person) -> Client:
    """A signed-in browser."""
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


Names = Sequence[str]
Publish = Callable[..., ResourceSpec]


@pytest.fixture
def serve(db: None) -> Callable[..., None]:
    """Puts a load with these rows (lists by column) in force for a resource, as collection does."""

    def run(resource: Resource, *, at: datetime, rows: Sequence[Sequence[str]] = ()) -> None:
        load = Load(
            resource=resource, resource_version=resource.version, state="published", file_name="数据.csv", file_bytes=1, file_digest="0" * 64,
            started_by=Person.objects.filter(department=resource.department).first(), received_at=at, finished_at=at,
        )  # fmt: skip
        load.serving_table = f"r{resource.pk}_{load.pk.hex}"
        load.save()
        columns = [i.column for i in resource.items.all()]
        with connection.cursor() as cursor:
            cursor.execute(f"create table serving.{load.serving_table} ({', '.join(f'{c} text' for c in columns)})")
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(
                f"insert into serving.{load.serving_table} values ({marks})", rows or [["" for _ in columns]]
            )

    return run
