"""修武县's finished story: synthetic registers uploaded, one application granted to a program, one that waits."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from yishu.catalogue import actions as catalogue
from yishu.catalogue.models import Resource
from yishu.collection import actions as collection
from yishu.config.demo.catalogue import item_draft, resource_draft
from yishu.config.demo.generate import write_register
from yishu.config.demo.places import Place, read
from yishu.kernel.time import shanghai_date
from yishu.orgs import actions as orgs
from yishu.sharing import actions as sharing
from yishu.sharing.requests import Request
from yishu.sharing.rules import RowCondition


def compile_catalogue(place: Place) -> None:
    """Every resource of ``resources.yaml``, as far as its ``state`` says; the authority's review publishes."""
    for entry in read("resources.yaml"):
        place.resources[entry["key"]] = _resource(place, entry)


def _resource(place: Place, entry: dict[str, Any]) -> Resource:
    department, key, now = place.departments[entry["department"]], entry["department"], place.now
    given = entry["items"]
    begun = now - timedelta(days=9)
    resource = catalogue.create_resource(
        department=department, draft=resource_draft(entry, department), items=[item_draft(i) for i in given],
        by=place.clerk(key), at=begun,
    )  # fmt: skip
    if entry["state"] == "draft":
        return resource
    at = now - timedelta(days=6) if entry["state"] == "submitted" else begun
    case = catalogue.submit_resource(
        resource_id=resource.pk, seen_revision=resource.revision, by=place.clerk(key), at=at
    )
    if entry["state"] == "returned":
        catalogue.return_resource(
            case_id=case.pk, seen_revision=case.revision, reason="“合同期满日”请补充说明口径，并核对摘要", by=place.people["shuju"],
            at=now - timedelta(days=2),
        )  # fmt: skip
    elif entry["state"] == "published":
        at = now - timedelta(days=7)
        catalogue.approve_resource(
            case_id=case.pk, seen_revision=case.revision, share_type=resource.share_type,
            secrecy=catalogue.SecrecyFinding("舒知行", "passed", shanghai_date(at)), by=place.people["shuju"], at=at,
            grades={i.column: int(e["grade"]) for i, e in zip(resource.items.order_by("position"), given, strict=True)},
        )  # fmt: skip
    resource.refresh_from_db()
    return resource


def uploads(place: Place, folder: Path | None) -> None:
    """Upload the registers; ``folder``: a folder with real enterprise registers to load instead of the synthetic one."""
    for entry in read("resources.yaml"):
        register = entry.get("data")
        if register is None:
            continue
        resource = place.resources[entry["key"]]
        real = folder / "enterprises" / "2019_河南.csv" if folder and register == "enterprises" else None
        with tempfile.TemporaryDirectory() as scratch:
            path = real or Path(scratch) / f"{register}.csv"
            if real is None:
                write_register(register, path)
            with path.open("rb") as file:
                collection.receive_upload(
                    resource_code=resource.code or "", file=file, file_name=f"{entry['title']}.csv",
                    by=place.clerk(entry["department"]), at=place.now,
                )  # fmt: skip


def story(place: Place) -> dict[str, str]:
    """Two applications: one granted, with a machine client; one that waits for the authority. Returns the client's credentials."""
    people, now, labour = place.people, place.now, place.departments["labour"]
    client, secret = orgs.create_client(department=labour, name="参保资格核验程序", by=people["renshe"], at=now)
    _granted(place, client.pk)
    allowance = {i.name: i.column for i in place.resources["allowance"].items.all()}
    sharing.submit_application(
        resource_id=place.resources["allowance"].pk, department=place.departments["education"],
        request=Request(
            items=(allowance["公民身份号码"], allowance["保障类别"]), row_filter=(),
            law_basis="学生资助政策关于家庭经济困难认定的规定（示例）", duty_basis="本局三定规定：负责学生资助工作（示例）",
            need="核验申请资助学生的家庭是否为低保对象", purpose="data_verification", mode="lookup",
            starts_on=place.day(0), ends_on=place.day(180),
        ),
        by=people["jiaoti"], at=place.ago(1),
    )  # fmt: skip
    enterprises = place.resources["enterprises"]
    sharing.take_direct_access(
        resource_id=enterprises.pk, department=labour, purpose="data_verification", starts_on=place.day(0),
        ends_on=place.day(365), items=[i.column for i in enterprises.items.all()][:5], clients=[client],
        by=people["renshe"], at=now,
    )  # fmt: skip
    resource = (place.resources["population"].code or "").replace("/", "-")
    return {"client_id": client.client_id, "client_secret": secret, "resource": resource}


def _granted(place: Place, client_id: UUID) -> None:
    people, population = place.people, place.resources["population"]
    columns = {i.name: i.column for i in population.items.all()}
    asked = Request(
        items=tuple(columns[n] for n in ("公民身份号码", "姓名", "性别代码", "住址", "联系电话")),
        row_filter=(RowCondition(columns["性别代码"], "in", ("1", "2")),),
        law_basis="《社会保险法》关于参保登记核验的规定（示例）",
        duty_basis="本局三定规定：负责社会保险登记和待遇资格核验（示例）",
        need="办理参保登记、待遇资格认证时核验申请人身份",
        purpose="data_verification",
        mode="lookup",
        starts_on=place.day(0),
        ends_on=place.day(365),
    )
    application = sharing.submit_application(
        resource_id=population.pk,
        department=place.departments["labour"],
        request=asked,
        by=people["renshe"],
        at=place.ago(3),
    )
    application.refresh_from_db()
    grant = sharing.approve_application(
        application_id=application.pk, seen_revision=application.case.revision if application.case else 0,
        items=asked.items, row_filter=asked.row_filter,
        masks={columns["公民身份号码"]: "person_id", columns["姓名"]: "name", columns["住址"]: "address", columns["联系电话"]: "phone"},
        starts_on=asked.starts_on, ends_on=asked.ends_on, by=people["shuju"], at=place.ago(1),
    )  # fmt: skip
    sharing.set_grant_clients(grant_id=grant.pk, client_ids=[client_id], by=people["renshe"], at=place.now)
