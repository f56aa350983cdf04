"""Registers: fields come from the pack, every change is kept, files are only downloads, nobody reads another place's lines."""

import zipfile
from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from tests.cases.conftest import AT, County, make_county
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from yishu.ledger.entries import entry_from_bytes
from yishu.orgs.models import Area, Role
from yishu.pages.uploads import accept
from yishu.registers import actions, queries, rules
from yishu.registers.models import Entry

pytestmark = pytest.mark.django_db

CHANNEL = {"name": "市监交换通道", "network": "电子政务网络", "endpoint": "10.20.0.0/16", "status": "接入中"}


def add(county: County, kind: str = "channel", **changes: object) -> Entry:
    fields = {**CHANNEL, "department": county.provider.pk, **changes}
    return actions.add_entry(kind=kind, department=county.provider, fields=fields, by=county.clerk, at=AT)


def test_entry_missing_demanded_field_is_refused_with_its_article(county: County) -> None:
    with pytest.raises(Invalid) as refused:
        add(county, status="")
    problem = refused.value.problems[0]
    assert problem.where == "接入情况"
    assert problem.reference is not None
    assert problem.reference.row == "XW-16"
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "没有的词"),
        ("department", 999999),
        ("name", "长" * 301),
        ("name", "坏\x07字"),
        ("unknown", "x"),
        ("network", "互联网"),
    ],
)
def test_entry_with_unfit_field_is_refused(county: County, field: str, value: object) -> None:
    with pytest.raises(Invalid):
        add(county, **{field: value})
    assert not Entry.objects.exists()


def test_change_keeps_what_was_before_and_writes_the_ledger_without_words(county: County) -> None:
    entry = add(county)
    changed = actions.change_entry(
        entry_id=entry.pk,
        seen_revision=1,
        fields={**entry.fields, "status": "已接入"},
        note="完成接入",
        by=county.clerk,
        at=AT,
    )
    first = changed.changes.get(revision=2)
    assert (first.before["status"], first.after["status"], first.note) == ("接入中", "已接入", "完成接入")
    with pytest.raises(Conflict):
        actions.change_entry(entry_id=entry.pk, seen_revision=1, fields=entry.fields, by=county.clerk, at=AT)

    with connection.cursor() as cursor:
        cursor.execute("select entry from ledger.inbox")
        bodies = [bytes(row[0]) for row in cursor.fetchall()]
    events = [entry_from_bytes(body).facts.get("event") for body in bodies]
    assert events.count("registers.entry_added") == 1
    assert events.count("registers.entry_changed") == 1
    assert not any("市监交换通道".encode() in body for body in bodies)


def test_register_kept_by_the_authority_refuses_a_department_with_the_article(county: County) -> None:
    fields = {"title": "汇聚规范 2026", "kind": "汇聚规范", "version": "1.0", "issued_on": "2026-09-01"}
    with pytest.raises(NotAllowed) as refused:
        actions.add_entry(kind="standard", department=county.provider, fields=fields, by=county.clerk, at=AT)
    assert refused.value.reference is not None
    assert refused.value.reference.row == "XW-11.1"
    made = actions.add_entry(kind="standard", department=county.authority, fields=fields, by=county.reviewer, at=AT)
    assert queries.visible_entries(county.user, "standard").get() == made, "standards are open to every user"


def test_auditor_reads_everything_and_writes_nothing(county: County) -> None:
    entry = add(county)
    assert queries.visible_entries(county.auditor).get() == entry
    assert not queries.visible_entries(county.user).exists(), "another department's channel"
    with pytest.raises(NotAllowed):
        actions.close_entry(entry_id=entry.pk, seen_revision=1, note="不再使用", by=county.auditor, at=AT)


def test_closed_entry_stays_readable_and_cannot_change(county: County) -> None:
    entry = add(county)
    with pytest.raises(Invalid):
        actions.close_entry(entry_id=entry.pk, seen_revision=1, note=" ", by=county.clerk, at=AT)
    actions.close_entry(entry_id=entry.pk, seen_revision=1, note="并入市平台", by=county.clerk, at=AT)
    assert not queries.entries(county.jurisdiction, "channel").exists()
    with pytest.raises(Conflict):
        actions.change_entry(entry_id=entry.pk, seen_revision=2, fields=CHANNEL, by=county.clerk, at=AT)


def test_register_the_law_does_not_open_is_not_there(county: County) -> None:
    with pytest.raises(NotFound):
        actions.add_entry(kind="no_such_register", department=county.provider, fields={}, by=county.clerk, at=AT)


def test_entry_of_another_place_looks_like_none(county: County) -> None:
    entry = add(county)
    other = make_county(name="别处县", prefix="o-")
    with pytest.raises(NotFound):
        queries.entry_for(other.reviewer, entry.pk)


def packed(*names: str) -> bytes:
    """An archive with these parts, each empty."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "part"), [("a.docx", "word/document.xml"), ("a.xlsx", "xl/workbook.xml"), ("a.ofd", "OFD.xml")]
)
def test_upload_of_a_document_is_kept_as_it_is(name: str, part: str) -> None:
    content = packed("[Content_Types].xml", part)
    assert accept(SimpleUploadedFile(name, content)).content == content


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.exe", b"MZ", "pages.upload_type"),
        ("a.xlsm", b"PK\x03\x04", "pages.upload_type"),
        ("a.pdf", b"MZ not a pdf", "pages.upload_content"),
        ("a.txt", b"text\x00binary", "pages.upload_content"),
        ("a.txt", b"text" * 2000 + b"\x00binary", "pages.upload_content"),
        ("a.docx", b"PK\x03\x04 no archive", "pages.upload_content"),
        ("a.docx", packed("word/document.xml", "word/vbaProject.bin"), "pages.upload_content"),
        ("a.xlsx", packed("word/document.xml"), "pages.upload_content"),
        ("a.ofd", packed("META-INF/MANIFEST.MF", "Evil.class"), "pages.upload_content"),
        ("a.pdf", b"", "pages.upload_empty"),
        ("../../etc/passwd", b"root", "pages.upload_type"),
    ],
)
def test_upload_of_a_wrong_kind_is_refused(name: str, content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        accept(SimpleUploadedFile(name, content))
    assert refused.value.code == code


def test_upload_over_the_limit_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        accept(SimpleUploadedFile("a.pdf", b"%PDF-" + b"x" * 2000), most=1000)
    assert refused.value.code == "pages.upload_size"


def test_months_later_keeps_to_the_end_of_a_short_month() -> None:
    assert rules.months_later(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert rules.months_later(date(2024, 2, 29), 12) == date(2025, 2, 28)


def test_pages_enter_change_download_and_export_an_entry(county: County, client: Client) -> None:
    client.force_login(county.reviewer)
    assert "数据传输和交换通道" in client.get("/registers/").content.decode()
    empty = client.post("/registers/standard/new/", {"department": county.authority.pk, "f_title": "=1+1"})
    assert empty.status_code == 422
    assert 'value="=1+1"' in empty.content.decode(), "what was typed stays"
    made = client.post(
        "/registers/standard/new/",
        {
            "department": county.authority.pk,
            "f_title": "=HYPERLINK(1)",
            "f_kind": "交换标准",
            "f_version": "1",
            "f_issued_on": "2026-09-01",
            "f_file": SimpleUploadedFile("标准.pdf", b"%PDF-1.7 text"),
        },
    )
    assert made.status_code == 302
    entry = Entry.objects.get()
    page = client.get(made["Location"]).content.decode()
    file = entry.files.get()
    assert f"/registers/files/{file.pk}/" in page
    download = client.get(f"/registers/files/{file.pk}/")
    assert download["Content-Disposition"].startswith("attachment")
    assert download.content == b"%PDF-1.7 text"
    stale = client.post(f"/registers/entries/{entry.pk}/edit/", {"revision": 0, "f_title": "x"})
    assert stale.status_code in (409, 422)
    sheet = load_workbook(BytesIO(client.get("/registers/standard/?format=xlsx").content)).active
    cells = [c for row in sheet.iter_rows() for c in row if c.value]
    assert any("HYPERLINK" in str(c.value) for c in cells)
    assert not any(c.data_type == "f" for c in cells), "no cell is a formula"


def test_vendor_and_inspector_see_the_pages_but_no_form(county: County, client: Client) -> None:
    Role.objects.create(person=county.user, department=county.consumer, kind="inspector", office="cyber", granted_at=AT)
    add(county)
    client.force_login(county.user)
    assert "市监交换通道" in client.get("/registers/channel/").content.decode()
    assert client.get("/registers/channel/new/").status_code in (403, 200)
    refused = client.post("/registers/standard/new/", {"department": county.authority.pk})
    assert refused.status_code == 403


@pytest.mark.article("XW-16")
def test_channel_outside_the_network_is_refused_and_networks_show_their_state(county: County, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, egov_networks=("10.20.0.0/16",))
    for endpoint in ("192.168.1.0/24", "10.0.0.0/8", "公网"):
        with pytest.raises(Invalid) as refused:
            add(county, endpoint=endpoint)
        assert refused.value.problems[0].code == "registers.outside_network"
        assert refused.value.reference is not None
        assert refused.value.reference.row == "XW-16"
    assert add(county, endpoint="10.20.3.7").fields["status"] == "接入中"
    network = {"name": "市监业务专网", "department": county.provider.pk, "built_on": "2015-06-01"}
    with pytest.raises(Invalid):
        actions.add_entry(kind="network", department=county.provider, fields=network, by=county.clerk, at=AT)
    made = actions.add_entry(
        kind="network", department=county.provider, fields={**network, "status": "待办"}, by=county.clerk, at=AT
    )
    merged = actions.change_entry(
        entry_id=made.pk, seen_revision=1, fields={**made.fields, "status": "已并入"}, by=county.clerk, at=AT
    )
    assert [c.after["status"] for c in merged.changes.order_by("revision")] == ["待办", "已并入"]


@pytest.mark.parametrize("wanted", ["", "?format=xlsx"])
def test_register_costs_the_same_queries_for_many_entries(county: County, wanted: str) -> None:
    client, counts = Client(), []
    client.force_login(county.reviewer, backend="allauth.account.auth_backends.AuthenticationBackend")
    for number in range(4):
        add(county, name=f"通道{number}")
        with CaptureQueriesContext(connection) as caught:
            answer = client.get(f"/registers/channel/{wanted}")
        counts.append(len(caught))
        assert answer.status_code == 200
    assert counts[1] == counts[-1]


def test_authority_of_an_area_enters_lines_for_the_areas_departments_only(county: County) -> None:
    county.authority.area = Area.objects.create(jurisdiction=county.jurisdiction, name="开发区", created_at=AT)
    county.authority.save()
    register = queries.register(county.jurisdiction, "channel", AT.date())
    assert queries.departments_to_write(county.reviewer, register, AT) == [county.authority]
