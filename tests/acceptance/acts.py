"""What the acceptance tests of the four jurisdictions share: browsers, registers filled in by their pages, the walk of both lists."""

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.catalogue.conftest import PERMIT_ITEMS
from tests.catalogue.town import AT, Town, draft_for, forward, new_resource, submit, take
from tests.collection.county import csv_bytes
from yishu.cases.models import Case
from yishu.catalogue import actions as catalogue
from yishu.collection import actions as collection
from yishu.collection.errors import NotCatalogued
from yishu.collection.models import Load
from yishu.kernel.errors import NotFound, PublicError
from yishu.law import values
from yishu.orgs.models import Person
from yishu.registers.models import Entry
from yishu.sharing import actions as sharing
from yishu.sharing.models import Application, Grant
from yishu.stewardship import demands
from yishu.stewardship.demands import Wanted

WANTED = Wanted("户籍数据", ("户号", "户主"), None, "某条例第三条", "核验备案机构")


def browser(person: Person) -> Client:
    """A signed-in browser."""
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def enter(person: Person, kind: str, department: int, /, **fields: object) -> Any:
    """Post the form of a register and give the answer."""
    typed = {f"f_{name}": value for name, value in fields.items()}
    return browser(person).post(f"/registers/{kind}/new/", {"department": department, **typed})


def text(answer: Any) -> str:
    """The page of an answer without its frame."""
    page: str = answer.content.decode()
    return page.partition("<main")[2]


def check_authority(town: Town, standard: dict[str, str]) -> None:
    """The authority keeps the standards, has the queue and oversees every department; a department does none of it."""
    keeper, clerk = town.people["authority"], town.people["provider"]
    assert enter(clerk, "standard", town.market.pk, **standard).status_code == 403
    assert not Entry.objects.exists()
    assert enter(keeper, "standard", town.authority.pk, **standard).status_code == 302
    assert standard["title"] in text(browser(clerk).get("/registers/standard/")), "departments read what binds them"
    board = browser(keeper).get("/supervision/")
    assert board.status_code == 200 and {"市场监督管理局", "公安局"} <= set(_words(board, town))
    assert browser(clerk).get("/supervision/").status_code == 403
    parties = {o.key: o for o in values.options(town.jurisdiction.law.at(AT.date()), "parties")}
    assert "authority" in parties and parties["authority"].reference.article


def _words(answer: Any, town: Town) -> list[str]:
    return [d.name for d in (town.market, town.police, town.authority) if d.name in text(answer)]


def check_queue(town: Town) -> None:
    """What departments hand in waits for the authority, and for nobody else."""
    case = submit(town, new_resource(town))
    while case.step_role != "authority":
        case = take(town, case, forward(case))
    assert case.title in text(browser(town.people["authority"]).get("/"))
    assert case.title not in text(browser(town.people["police"]).get("/"))


def check_both_lists(town: Town) -> None:
    """Resources and demands reach the authority, are sent back with a reason or approved, and approved ones make the catalogue."""
    keeper = browser(town.people["authority"])
    resource = new_resource(town)
    case = submit(town, resource)
    while case.step_role != "authority":
        case = take(town, case, forward(case))
    demand = demands.create_demand(department=town.police, wanted=WANTED, by=town.people["police"], at=AT)
    demand = demands.submit_demand(demand_id=demand.pk, seen_revision=1, by=town.people["police"], at=AT)
    queue = text(keeper.get("/"))
    assert case.title in queue and demand.title in queue
    back = keeper.post(reverse("case-decide", args=[case.pk, "return"]), {"revision": case.revision, "reason": ""})
    assert back.status_code == 422, "no return without a reason"
    case = take(town, case, "return")
    assert browser(town.people["police"]).get(f"/catalogue/{resource.pk}/").status_code == 404
    case = take(town, case, "resubmit")
    while case.closed_at is None:
        case = take(town, case, forward(case))
    act = reverse("stewardship-demand-act", args=[demand.pk])
    assert keeper.post(act, {"do": "return", "reason": "", "revision": 2}).status_code in (409, 422)
    assert keeper.post(act, {"do": "match", "match": resource.pk, "revision": 2}).status_code == 302
    assert Case.objects.get(procedure="demand.list").step == "accepted"
    held = catalogue.create_resource(
        department=town.police, draft=new_draft(town, "户籍信息"), items=PERMIT_ITEMS, by=town.people["police"], at=AT
    )
    assert held.version == 0
    page = text(browser(town.people["police"]).get("/catalogue/"))
    assert resource.title in page and "户籍信息" not in page, "only what was approved"
    sheet = keeper.get("/catalogue/open/catalogue.json")
    exported = b"".join(sheet.streaming_content).decode()
    assert resource.title in exported and "户籍信息" not in exported
    resource.refresh_from_db()
    assert resource.version == 1 and "第 1 版" in text(keeper.get(f"/catalogue/{resource.pk}/versions/1/"))


def new_draft(town: Town, title: str) -> Any:
    """A draft of a person's data."""
    return draft_for(town, title=title, duplicate_note="不同")


def check_catalogue_first(town: Town, row: str) -> None:
    """Nothing is loaded, applied for, taken or told about before it is published; afterwards it is."""
    resource = new_resource(town)
    case = submit(town, resource)
    file = csv_bytes([["11410899MB0000002B", "某店", "X1", "2026-01-02"]], [i.name for i in PERMIT_ITEMS])
    resource.refresh_from_db()

    def load() -> Load:
        return collection.receive_upload(
            resource_code=resource.code or "无代码", file=io.BytesIO(file), file_name="x.csv", by=town.people["provider"], at=AT
        )  # fmt: skip

    def use() -> Grant:
        return sharing.take_direct_access(
            resource_id=resource.pk, department=town.police, purpose="work_reference", by=town.people["police"], at=AT,
            starts_on=AT.date(), ends_on=AT.date(),
        )  # fmt: skip

    with pytest.raises(NotCatalogued) as caught:
        load()
    assert caught.value.reference is not None and caught.value.reference.row == row
    with pytest.raises(NotFound):
        use()
    with pytest.raises(NotFound):
        sharing.submit_application(
            resource_id=resource.pk, department=town.police, request=request_of(), by=town.people["police"], at=AT
        )
    reader = browser(town.people["police"])
    assert reader.get(reverse("sharing-apply", args=[resource.pk])).status_code == 404
    exported = b"".join(reader.get("/catalogue/open/catalogue.json").streaming_content).decode()
    assert resource.title not in exported
    assert not (Load.objects.exists() or Application.objects.exists() or Grant.objects.exists())
    while case.closed_at is None:
        case = take(town, case, forward(case))
    resource.refresh_from_db()
    assert load().resource_id == resource.pk
    try:
        use()
    except PublicError as refused:
        assert refused.code == "sharing.needs_application", "published, so the law's own way of access answers"
    exported = b"".join(reader.get("/catalogue/open/catalogue.json").streaming_content).decode()
    assert resource.title in exported


def request_of() -> sharing.Request:
    """A complete request for the first item."""
    return sharing.Request(
        items=("i0001",), row_filter=(), law_basis="某规定", duty_basis="职责第三项", need="核对登记", purpose="work_reference",
        mode="lookup", starts_on=AT.date(), ends_on=AT.date().replace(year=2027),
    )  # fmt: skip
