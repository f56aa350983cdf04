"""Builds the demonstration through the contexts' public actions, as people would: nothing is written past them."""

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.utils import timezone

from yishu.catalogue import actions as catalogue
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.models import Resource
from yishu.collection import actions as collection
from yishu.config.demo.generate import department_uscc, write_register
from yishu.kernel.time import shanghai_date
from yishu.orgs import actions as orgs
from yishu.orgs.models import Department, Jurisdiction, Person
from yishu.sharing import actions as sharing
from yishu.sharing.requests import Request
from yishu.sharing.rules import RowCondition

DATA = Path(__file__).parent / "data"
Report = Callable[[str], None]


@transaction.atomic
def build(home: Path, report: Report, folder: Path | None = None) -> None:
    """Found 修武县, its departments, people, catalogue, loads and one finished story.

    ``folder``: a folder with enterprise registers (``enterprises/2019_河南.csv``) to load instead of the synthetic one.
    Does nothing if a jurisdiction exists, so a second run keeps the data. One transaction: an interrupted build leaves nothing.
    """
    if Jurisdiction.objects.exists():
        return
    now = timezone.now()
    password = f"yishu-{secrets.token_hex(5)}"
    report("建立部门和人员……")
    departments, people = _organisation(password, now - timedelta(days=30))
    report("编制、审核、发布目录……")
    resources = _catalogue(departments, people, now)
    report("上传数据文件……")
    _uploads(resources, people, now, folder)
    report("办理共享申请……")
    client = _story(departments, people, resources, now)
    _write(home / "demo.json", {"password": password, "accounts": _accounts(), "client": client})


def _read(name: str) -> Any:
    return yaml.safe_load((DATA / name).read_text(encoding="utf-8"))


def _organisation(password: str, at: datetime) -> tuple[dict[str, Department], dict[str, Person]]:
    given = _read("organisation.yaml")
    place = orgs.create_jurisdiction(pack=given["jurisdiction"]["pack"], by=None, at=at)
    departments = {
        d["key"]: orgs.create_department(
            jurisdiction=place, name=d["name"], short_name=d["short_name"], uscc=department_uscc(d["subject"]), kind=d["kind"],
            is_authority=d.get("authority", False), unit=d["unit"], by=None, at=at,
        )
        for d in given["departments"]
    }  # fmt: skip
    people: dict[str, Person] = {}
    for p in given["people"]:
        department = departments[p["department"]]
        person, _ = orgs.create_person(
            username=p["username"], name=p["name"], department=department, password=password, by=None, at=at
        )
        for role in p["roles"]:
            orgs.grant_role(person=person, kind=role, by=None, at=at)
        if p.get("responsible"):
            orgs.update_department(department=department, changes={"responsible": person}, by=None, at=at)
        if p.get("officer"):
            officers = [*department.officers.all(), person]
            orgs.update_department(department=department, changes={"officers": officers}, by=None, at=at)
        people[p["username"]] = person
    return departments, people


def _catalogue(
    departments: Mapping[str, Department], people: Mapping[str, Person], now: datetime
) -> dict[str, Resource]:
    resources: dict[str, Resource] = {}
    for entry in _read("resources.yaml"):
        department = departments[entry["department"]]
        clerk = next(
            p for p in people.values() if p.department_id == department.pk and p.roles.filter(kind="provider").exists()
        )
        resources[entry["key"]] = _resource(entry, department, clerk, people["shuju"], now)
    return resources


def _resource(
    entry: Mapping[str, Any], department: Department, clerk: Person, authority: Person, now: datetime
) -> Resource:
    attribute_class, item_class, category, subcategory = entry["class"]
    format_class, format_type = entry["format"]
    draft = ResourceDraft(
        title=entry["title"], summary=entry["summary"], attribute_class=attribute_class, item_class=item_class,
        category=category, subcategory=subcategory, unit=department.unit, source_kind="system",
        subject_kind=entry["subject_kind"], base_library=entry.get("base_library", ""), format_class=format_class,
        format_type=format_type, share_type=entry["share_type"], share_condition=entry.get("share_condition", ""),
        share_scope=entry.get("share_scope", "各政务部门"), share_basis=entry.get("share_basis", ""),
        use_purposes=tuple(entry["use_purposes"]), share_mode_type="interface" if format_class == "3" else "file",
        update_cycle=entry["update_cycle"],
        duplicate_note="与目录中已有资源的数据对象、采集环节不同，不是重复采集",
    )  # fmt: skip
    items = [_item(item) for item in entry["items"]]
    begun = now - timedelta(days=9)
    resource = catalogue.create_resource(department=department, draft=draft, items=items, by=clerk, at=begun)
    if entry["state"] == "draft":
        return resource
    at = now - timedelta(days=6) if entry["state"] == "submitted" else begun
    case = catalogue.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=clerk, at=at)
    if entry["state"] == "returned":
        catalogue.return_resource(
            case_id=case.pk, seen_revision=case.revision, reason="“合同期满日”请补充说明口径，并核对摘要", by=authority, at=now - timedelta(days=2),
        )  # fmt: skip
    elif entry["state"] == "published":
        grades = {
            i.column: int(e["grade"]) for i, e in zip(resource.items.order_by("position"), entry["items"], strict=True)
        }
        at = now - timedelta(days=7)
        secrecy = catalogue.SecrecyFinding("舒知行", "passed", shanghai_date(at))
        catalogue.approve_resource(
            case_id=case.pk, seen_revision=case.revision, share_type=entry["share_type"], secrecy=secrecy, grades=grades,
            by=authority, at=at,
        )  # fmt: skip
    resource.refresh_from_db()
    return resource


def _item(item: Mapping[str, Any]) -> ItemDraft:
    return ItemDraft(
        name=item["name"], data_type=item["type"], length=item.get("length"), required=item.get("required", False),
        identifier=item.get("identifier", ""), is_key=item.get("key", False), newest_by=item.get("newest_by", False),
        pattern=item.get("pattern", ""), codes=item.get("codes", {}), minimum=item.get("minimum", ""),
        maximum=item.get("maximum", ""), mask=item.get("mask", ""), is_base=item.get("base", False),
    )  # fmt: skip


def _uploads(
    resources: Mapping[str, Resource], people: Mapping[str, Person], now: datetime, folder: Path | None
) -> None:
    clerks = {p.department_id: p for p in people.values() if p.roles.filter(kind="provider").exists()}
    for entry in _read("resources.yaml"):
        register = entry.get("data")
        if register is None:
            continue
        resource = resources[entry["key"]]
        real = folder / "enterprises" / "2019_河南.csv" if folder and register == "enterprises" else None
        with tempfile.TemporaryDirectory() as scratch:
            path = real or Path(scratch) / f"{register}.csv"
            if real is None:
                write_register(register, path)
            with path.open("rb") as file:
                collection.receive_upload(
                    resource_code=resource.code or "", file=file, file_name=f"{entry['title']}.csv",
                    by=clerks[resource.department_id], at=now,
                )  # fmt: skip


def _story(
    departments: Mapping[str, Department],
    people: Mapping[str, Person],
    resources: Mapping[str, Resource],
    now: datetime,
) -> dict[str, str]:
    """Two applications: one granted, with a machine client; one that waits for the authority. Returns the client's credentials."""
    client, secret = orgs.create_client(
        department=departments["labour"], name="参保资格核验程序", by=people["renshe"], at=now
    )
    columns = {i.name: i.column for i in resources["population"].items.all()}
    today = shanghai_date(now)
    granted = Request(
        items=tuple(columns[n] for n in ("公民身份号码", "姓名", "性别代码", "住址", "联系电话")),
        row_filter=(RowCondition(columns["性别代码"], "in", ("1", "2")),),
        law_basis="《社会保险法》关于参保登记核验的规定（示例）",
        duty_basis="本局三定规定：负责社会保险登记和待遇资格核验（示例）",
        need="办理参保登记、待遇资格认证时核验申请人身份",
        purpose="data_verification",
        mode="lookup",
        starts_on=today,
        ends_on=today + timedelta(days=365),
    )
    application = sharing.submit_application(
        resource_id=resources["population"].pk, department=departments["labour"], request=granted, by=people["renshe"],
        at=now - timedelta(days=3),
    )  # fmt: skip
    application.refresh_from_db()
    grant = sharing.approve_application(
        application_id=application.pk, seen_revision=application.case.revision if application.case else 0,
        items=granted.items, row_filter=granted.row_filter,
        masks={columns["公民身份号码"]: "person_id", columns["姓名"]: "name", columns["住址"]: "address", columns["联系电话"]: "phone"},
        starts_on=granted.starts_on, ends_on=granted.ends_on, by=people["shuju"], at=now - timedelta(days=1),
    )  # fmt: skip
    sharing.set_grant_clients(grant_id=grant.pk, client_ids=[client.pk], by=people["renshe"], at=now)
    allowance = {i.name: i.column for i in resources["allowance"].items.all()}
    sharing.submit_application(
        resource_id=resources["allowance"].pk,
        department=departments["education"],
        request=Request(
            items=(allowance["公民身份号码"], allowance["保障类别"]),
            row_filter=(),
            law_basis="学生资助政策关于家庭经济困难认定的规定（示例）",
            duty_basis="本局三定规定：负责学生资助工作（示例）",
            need="核验申请资助学生的家庭是否为低保对象",
            purpose="data_verification",
            mode="lookup",
            starts_on=today,
            ends_on=today + timedelta(days=180),
        ),
        by=people["jiaoti"],
        at=now - timedelta(days=1),
    )
    enterprises = resources["enterprises"]
    sharing.take_direct_access(
        resource_id=enterprises.pk, department=departments["labour"], purpose="data_verification", starts_on=today,
        ends_on=today + timedelta(days=365), items=[i.column for i in enterprises.items.all()][:5], clients=[client],
        by=people["renshe"], at=now,
    )  # fmt: skip
    return {
        "client_id": client.client_id,
        "client_secret": secret,
        "resource": (resources["population"].code or "").replace("/", "-"),
    }


def _accounts() -> list[dict[str, str]]:
    return [
        {
            "username": person.username,
            "name": person.name,
            "department": str(person.department or ""),
            "roles": "、".join(role.get_kind_display() for role in person.roles.order_by("id")),
        }
        for person in Person.objects.select_related("department").order_by("id")
    ]


def _write(path: Path, document: Mapping[str, object]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
