"""The Excel template: written, read back, everything wrong told at once, hostile files refused, drafts made on confirmation."""

import io
import time
import zipfile
from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from yishu.catalogue import actions, importing, workbook
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.models import ImportBatch, Resource, Version
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.catalogue.template_columns import chosen, columns_of, nearest
from yishu.catalogue.template_file import Entry, template
from yishu.catalogue.template_reading import read_template
from yishu.catalogue.workbook import read_rows
from yishu.kernel.errors import Conflict, Invalid, NotAllowed

from .conftest import AT, PERMIT_ITEMS, PERMITS
from .test_pages import client_of
from .test_rules import LAW

HEADS = ("信息资源名称", "信息资源代码", "信息资源分类（类）", "项分类", "目分类", "信息资源摘要", "信息资源格式分类", "信息资源格式类型", "信息项名称", "数据类型", "数据长度", "共享类型", "共享方式分类", "共享方式类型", "更新周期", "来源方式", "数据主体", "具体用途", "标识", "主标识")  # fmt: skip
FIRST = ("许可证信息", "", "部门信息资源目录", "省（自治区、直辖市）及其下各级政务部门", "016", "持证单位", "数据库", "postgresql", "统一社会信用代码", "字符型C", 18, "无条件", "共享平台方式", "接口", "每日", "", "法人和其他组织", "工作参考", "统一社会信用代码", "是")  # fmt: skip


def source_title():
    return LAW.options("source_kinds")[0].title


def sheet(*rows, heads=HEADS):
    book = Workbook()
    page = book.active
    page.title = "目录"
    for row in (heads, *rows):
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def filled(**changes):
    values = dict(zip(HEADS, FIRST, strict=True)) | {"来源方式": source_title()} | changes
    return tuple(values[h] for h in HEADS)


def item(name, kind="字符型", length="", **changes):
    return filled(**(dict.fromkeys(HEADS, "") | {"信息项名称": name, "数据类型": kind, "数据长度": length} | changes))


def read(content):
    return read_template(read_rows(content, "目录"), LAW, provider="市场监督管理局", provider_code="11410821MB0000003C")


def told(content):
    return {(f.row, f.column, f.code) for f in read(content).findings if f.error}


def test_merged_and_repeated_resource_cells_read_alike():
    merged = read(sheet(filled(), item("单位名称"), item("发证日期", "日期")))
    repeated = read(
        sheet(
            filled(),
            filled(信息项名称="单位名称", 标识="", 主标识="", 数据长度=""),
            filled(信息项名称="发证日期", 数据类型="日期", 标识="", 主标识="", 数据长度=""),
        )
    )
    assert not merged.findings and not repeated.findings
    one, other = merged.resources[0], repeated.resources[0]
    assert one.values == other.values and [i["name"] for i in one.items] == [i["name"] for i in other.items]
    assert one.values["category"] == "016" and one.values["use_purposes"] == ["work_reference"]
    assert one.items[0]["identifier"] == "uscc" and one.items[0]["is_key"] is True and one.items[2]["data_type"] == "D"


@pytest.mark.parametrize("merged", [True, False])
def test_exported_template_reads_back_as_it_was(merged):
    draft = replace(
        PERMITS, survey={"data_total": 7}, related_codes=("307016/000001", "307016/000002"), unit="=科室", subcategory="01",
        share_type="conditional", share_condition="核验", share_scope="各部门", has_privacy=True,
    )  # fmt: skip
    items = (
        *PERMIT_ITEMS,
        ItemDraft("状态", codes={"1": "有效", "2": "注销"}, share_type="conditional", mask="text", pattern="[12]"),
    )
    entry = Entry(draft, items, {"code": "307016/000009", "provider": "市场监督管理局"})
    content = template(LAW, [entry, replace_title(entry)], merged=merged)
    found = read(content)
    assert not [f for f in found.findings if f.error], found.findings
    parsed = found.resources[0]
    assert parsed.code == "307016/000009" and len(found.resources) == 2
    for name, value in parsed.values.items():
        held = getattr(draft, name)
        if name == "survey":
            assert value["data_total"] == 7
        else:
            assert value == (list(held) if isinstance(held, tuple) else held), name
    assert parsed.items[4]["codes"] == {"1": "有效", "2": "注销"} and parsed.items[4]["mask"] == "text"
    assert [i["name"] for i in parsed.items] == [i.name for i in items]
    book = load_workbook(io.BytesIO(content))
    cells = [c for row in book["目录"].iter_rows() for c in row if c.value is not None]
    assert not [c for c in cells if c.data_type == "f"], "nothing is a formula"
    assert bool(book["目录"].merged_cells.ranges) is merged and book["目录"].data_validations.dataValidation


def replace_title(entry):
    return replace(entry, draft=replace(entry.draft, title="另一个资源"), shown={})


def test_every_error_is_told_at_once_with_row_and_column():
    content = sheet(
        filled(共享类型="有条件供享", 更新周期="隔日", 数据长度="十八", 主标识="也许"),
        item("统一社会信用代码"),
        item("单位名称", 信息资源代码="307016/000002", 信息资源摘要="别的摘要"),
        filled(
            信息资源名称="第二个", 信息资源代码="307016/000007", 信息资源格式类型="pdf", 信息项名称="=甲", 目分类="无"
        ),
        item("", 数据类型="字符型", 数据长度=5),
        filled(信息资源名称="许可证信息", 信息资源摘要="摘" * 2001),
    )
    found = told(content)
    assert {(2, "共享类型", "unknown_share_type"), (2, "更新周期", "unknown_update_cycle"), (2, "数据长度", "not_a_number"),
            (2, "主标识", "not_a_flag"), (3, "信息项名称", "item_name_twice"), (4, "信息资源摘要", "not_uniform"),
            (5, "信息资源格式类型", "unknown_format_type"), (5, "目分类", "category"), (5, "信息项名称", "formula_cell"),
            (6, "信息项名称", "item_unnamed"), (7, "信息资源名称", "title_twice"), (7, "信息资源摘要", "too_long")} <= found  # fmt: skip
    advice = {(f.row, f.column): f.remedy for f in read(content).findings}
    assert "有条件共享" in advice[2, "共享类型"] and "每日" in advice[2, "更新周期"]


def test_codes_that_differ_within_a_resource_and_names_that_share_one_are_told():
    found = told(
        sheet(
            filled(信息资源代码="307016/000001"),
            filled(信息资源代码="307016/000002", 信息项名称="单位名称"),
            filled(信息资源名称="别的", 信息资源代码="307016/000001"),
        )
    )
    assert (3, "信息资源代码", "code_differs") in found and (4, "信息资源代码", "code_shared") in found


def test_names_dragged_down_are_suspected():
    found = told(sheet(*(filled(信息资源名称=f"人口{n}", 信息项名称=f"项{n}甲") for n in range(1, 5))))
    assert {(n, "信息资源名称", "dragged_title") for n in range(2, 6)} <= found
    years = told(sheet(*(filled(信息资源名称=f"统计年鉴{n}") for n in range(2019, 2024))))
    assert not years, "a series of years is no accident"


def test_unknown_columns_missing_heading_and_other_departments_are_told():
    assert {f.code for f in read(sheet((*filled(), "x"), heads=(*HEADS, "办公电话"))).findings} == {"unknown_column"}
    assert {c for _, _, c in told(sheet(("甲", "乙", "丙"), heads=("a", "b", "c")))} == {"no_heading"}
    heads = (*HEADS, "信息资源提供方", "资源提供方代码")
    assert {c for _, _, c in told(sheet((*filled(), "公安局", "1"), heads=heads))} == {
        "other_provider",
        "other_provider_code",
    }


@pytest.mark.parametrize(
    ("text", "key"), [("3", "3"), ("3-数据库", "3"), ("数据库", "3"), ("数 据 库", "3"), ("数据", "3"), ("电子", None), ("自述", None)]
)  # fmt: skip
def test_closed_lists_are_understood_as_people_write_them(text, key):
    column = next(c for c in columns_of(LAW) if c.key == "format_class")
    assert chosen(text, column.pairs(LAW)) == key
    assert nearest("数据厍", column.pairs(LAW)) == "数据库"


def rezip(content, add=(), drop=(), replace_part=None):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename not in drop:
                data = old.read(part)
                new.writestr(part.filename, replace_part(part.filename, data) if replace_part else data)
        for name, data in add:
            new.writestr(name, data)
    return out.getvalue()


def _entity(name, data):
    doctype = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    return doctype + data.split(b"?>", 1)[-1].replace(b"</sheetData>", b"&a;</sheetData>") if "sheet1" in name else data


HOSTILE = {
    "empty": lambda good: b"",
    "program": lambda good: b"MZ\x90\x00" + b"\x00" * 200,
    "old_xls": lambda good: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
    "plain_zip": lambda good: rezip(good, drop=("[Content_Types].xml",)),
    "cut": lambda good: good[: len(good) // 2],
    "too_large": lambda good: good + b"\x00" * workbook.MOST_BYTES,
    "macros": lambda good: rezip(good, add=[("xl/vbaProject.bin", b"x")]),
    "embedded": lambda good: rezip(good, add=[("xl/embeddings/oleObject1.bin", b"x")]),
    "styles": lambda good: rezip(good, [("xl/styles.xml", b"<xf/>" * 100_000)], drop=("xl/styles.xml",)),
    "cells": lambda good: rezip(good, add=[("xl/worksheets/sheet9.xml", b"<c/>" * 2_100_000)]),
    "bomb": lambda good: rezip(good, add=[("xl/worksheets/sheet9.xml", b" " * (workbook.MOST_UNPACKED + 1))]),
    "many_parts": lambda good: rezip(good, add=[(f"xl/media/{n}.xml", b"") for n in range(workbook.MOST_PARTS + 1)]),
    "entities": lambda good: rezip(good, replace_part=_entity),
    "broken_xml": lambda good: rezip(good, replace_part=lambda n, d: d[:-20] if "sheet1" in n else d),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_workbook_is_refused_with_a_reason(kind):
    with pytest.raises(Invalid) as caught:
        read_rows(HOSTILE[kind](sheet(filled())))
    assert caught.value.code == "catalogue.workbook" and caught.value.remedy


def test_claimed_size_and_far_cells_cost_nothing():
    book = Workbook()
    book.active["XFD1048576"] = "x"
    book.active["A1"] = "甲"
    out = io.BytesIO()
    book.save(out)
    start = time.monotonic()
    rows = read_rows(out.getvalue())
    assert [r.number for r in rows] == [1] and time.monotonic() - start < 5


def test_formula_and_error_cells_are_not_taken():
    assert (2, "信息资源摘要", "formula_cell") in told(sheet(filled(信息资源摘要="=1+1")))


@pytest.mark.django_db
@pytest.mark.article("XW-8.1")
def test_catalogue_from_the_template_to_a_published_and_a_changed_version(county, publish):
    content = sheet(filled(信息资源名称="餐饮许可信息"), item("单位名称"))
    client = client_of(county.market_clerk)
    empty = client.get("/catalogue/template.xlsx")
    heads = [c.value for c in load_workbook(io.BytesIO(empty.content))["目录"][1]]
    assert {"信息资源代码", "共享条件/不予共享依据", "数据存储总量", "关联资源代码"} <= set(
        heads
    ) and "开放类型" not in heads
    page = client.post(
        "/catalogue/import/", {"department": county.market.pk, "file": SimpleUploadedFile("目录.xlsx", content)}
    )
    assert page.status_code == 200 and "确认导入 1 个资源" in page.content.decode() and not Resource.objects.exists()
    answer = client.post("/catalogue/import/confirm/", {"packed": page.context["preview"].packed})
    batch = ImportBatch.objects.get()
    assert answer["Location"] == f"/catalogue/import/{batch.pk}/" and (batch.created, batch.updated) == (1, 0)
    resource = Resource.objects.get()
    spec = publish(resource)
    assert spec.code == "307016/000001" and [i.name for i in spec.items] == ["统一社会信用代码", "单位名称"]
    export = client.get(f"/catalogue/{resource.pk}/export.xlsx?layout=repeated").content
    book = load_workbook(io.BytesIO(export))
    place = [c.value for c in book["目录"][1]].index("信息资源摘要")
    for row in (2, 3):
        book["目录"].cell(row, place + 1).value = "改过的摘要"
    out = io.BytesIO()
    book.save(out)
    preview = importing.read_import(
        department=county.market, name="b.xlsx", content=out.getvalue(), by=county.market_clerk, at=AT
    )
    assert [p.verb for p in preview.plans] == ["更新"], preview.batch.report
    columns = [i.column for i in resource.items.all()]
    importing.confirm_import(packed=preview.packed, by=county.market_clerk, at=AT)
    again = publish(resource)
    assert (again.version, again.elements["summary"], again.code) == (2, "改过的摘要", spec.code)
    assert [i.column for i in again.items] == columns and Version.objects.count() == 2


@pytest.mark.django_db
def test_resource_with_errors_is_left_out_the_others_are_taken_and_the_report_kept(county):
    content = sheet(
        filled(), filled(信息资源名称="坏的", 共享类型="不知道"), filled(信息资源名称="缺摘要", 信息资源摘要="")
    )
    preview = importing.read_import(
        department=county.market, name="a.xlsx", content=content, by=county.market_clerk, at=AT
    )
    assert [p.verb for p in preview.plans] == ["新增", "不导入", "新增"]
    assert [p.notes > 0 for p in preview.plans] == [False, False, True]
    importing.confirm_import(packed=preview.packed, by=county.market_clerk, at=AT)
    assert {r.title for r in Resource.objects.all()} == {"许可证信息", "缺摘要"}
    with pytest.raises(Conflict):
        importing.confirm_import(packed=preview.packed, by=county.market_clerk, at=AT)
    with pytest.raises(Invalid):
        importing.confirm_import(packed=preview.packed[:-2] + "xx", by=county.market_clerk, at=AT)
    client = client_of(county.market_clerk)
    batch = ImportBatch.objects.get()
    text = client.get(f"/catalogue/import/{batch.pk}/").content.decode()
    assert "不知道" in text and "第 3 行" in text
    report = load_workbook(io.BytesIO(client.get(f"/catalogue/import/{batch.pk}/report.xlsx").content))
    assert any("不知道" in str(cell.value) for row in report.active.iter_rows() for cell in row)
    assert client.get("/catalogue/import/?q=a.xlsx&sort=name").status_code == 200


@pytest.mark.django_db
def test_other_departments_and_tenants_see_and_import_nothing(county, elsewhere):
    content = sheet(filled())
    with pytest.raises(NotAllowed):
        importing.read_import(department=county.market, name="a.xlsx", content=content, by=county.police_clerk, at=AT)
    preview = importing.read_import(
        department=county.market, name="a.xlsx", content=content, by=county.market_clerk, at=AT
    )
    for stranger in (county.police_clerk, elsewhere.market_clerk):
        client = client_of(stranger)
        assert client.get(f"/catalogue/import/{preview.batch.pk}/").status_code == 404
        assert client.get(f"/catalogue/import/{preview.batch.pk}/report.xlsx").status_code == 404
        assert client.post("/catalogue/import/confirm/", {"packed": preview.packed}).status_code == 404
    assert client_of(county.auditor).get("/catalogue/import/").status_code == 403
    assert not Resource.objects.exists()


@pytest.mark.django_db
def test_upload_of_a_macro_file_or_nothing_is_told_on_the_page(county):
    client = client_of(county.market_clerk)
    for name, content in (("a.xlsm", sheet(filled())), ("a.xlsx", b"MZ"), ("a.exe", b"MZ")):
        answer = client.post(
            "/catalogue/import/", {"department": county.market.pk, "file": SimpleUploadedFile(name, content)}
        )
        assert answer.status_code == 422 and ".xlsx" in answer.content.decode()
    assert client.post("/catalogue/import/", {"department": "9"}).status_code == 422
    assert not ImportBatch.objects.exists()


@pytest.mark.django_db
def test_draft_under_review_is_not_overwritten_and_empty_columns_change_nothing(county, draft_of):
    resource = draft_of(title="许可证信息", unit="餐饮科")
    content = sheet(("许可证信息", "新摘要"), heads=("信息资源名称", "信息资源摘要", "信息项名称"))
    preview = importing.read_import(
        department=county.market, name="a.xlsx", content=content, by=county.market_clerk, at=AT
    )
    importing.confirm_import(packed=preview.packed, by=county.market_clerk, at=AT)
    resource.refresh_from_db()
    assert (
        resource_draft(resource).unit == "餐饮科" and resource.summary == "新摘要" and len(item_drafts(resource)) == 4
    )
    actions.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=county.market_clerk, at=AT)
    blocked = importing.read_import(
        department=county.market, name="a.xlsx", content=content, by=county.market_clerk, at=AT
    )
    assert [p.verb for p in blocked.plans] == ["不导入"]


@pytest.mark.django_db
def test_a_thousand_rows_are_imported_within_seconds(county):
    rows = [
        filled(信息资源名称=f"资源{chr(0x4E00 + n)}{chr(0x5E00 + n)}") if i == 0 else item(f"信息项{chr(0x4E00 + i)}")
        for n in range(100)
        for i in range(10)
    ]
    start = time.monotonic()
    preview = importing.read_import(
        department=county.market, name="a.xlsx", content=sheet(*rows), by=county.market_clerk, at=AT
    )
    batch = importing.confirm_import(packed=preview.packed, by=county.market_clerk, at=AT)
    assert batch.created == 100 and time.monotonic() - start < 20
    answer = client_of(county.market_clerk).get("/catalogue/export.xlsx")
    assert answer.status_code == 200 and len(read(answer.content).resources) == 100
