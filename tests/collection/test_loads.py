"""One file's way from upload to serving: what is served, what is rejected and why, and what is written down."""

import io
import json
from datetime import timedelta

import pytest
from django.db import connection

from tests.collection.county import AT, csv_bytes, person_id, person_row, served, serving_tables
from yishu.collection import actions, store
from yishu.collection.errors import BadFile, LoadMoved, NotCatalogued, NotOwner
from yishu.collection.messages import LoadPublished
from yishu.collection.models import Load
from yishu.collection.runs import run_load
from yishu.collection.sweeping import sweep
from yishu.kernel import events
from yishu.lake.tables import Lake


def broken(number, column, value):
    row = person_row(number)
    row[column] = value
    return row


def ledger_events():
    with connection.cursor() as cursor:
        cursor.execute("select entry from ledger.inbox order by at")
        return [json.loads(bytes(row[0])) for row in cursor.fetchall()]


@pytest.mark.article("XW-13.1")
def test_load_with_bad_rows_keeps_good_ones_and_names_every_reason(world):
    wrong_check = person_id(7)[:17] + ("5" if person_id(7)[17] != "5" else "6")
    load = world.load(
        csv_bytes(
            [
                person_row(1),
                broken(2, 0, person_id(2)[:17]),
                broken(3, 0, "410821" + "19990230" + "1234"),
                broken(4, 0, wrong_check),
                broken(5, 1, "  "),
                broken(6, 2, "3"),
                broken(7, 5, "1380000"),
                broken(8, 6, "2024/13/40"),
                broken(9, 6, "2024-02-30"),
                broken(10, 1, "张\u200b三"),
                person_row(11),
            ]
        )
    )
    assert load.state == Load.State.PUBLISHED
    assert (load.rows_read, load.rows_kept, load.rows_rejected, load.rows_superseded) == (11, 2, 9, 0)
    assert {(r["code"], r["name"]): r["rows"] for r in load.report["reasons"]} == {
        ("id_format", "公民身份号码"): 1,
        ("id_birth_date", "公民身份号码"): 1,
        ("id_check_digit", "公民身份号码"): 1,
        ("required", "姓名"): 1,
        ("invisible", "姓名"): 1,
        ("code", "性别代码"): 1,
        ("pattern", "联系电话"): 1,
        ("date_format", "更新日期"): 2,
    }
    assert sorted(row[0] for row in served(world.population)) == sorted([person_id(1), person_id(11)])


def test_load_report_holds_no_rejected_value_in_clear(world):
    name, number = "诸葛秘密", person_id(2)
    load = world.load(
        csv_bytes(
            [person_row(1), [number, name, "3", "01", "某处", "13800000000", "2026-01-01"], broken(3, 0, number[:17])]
        )
    )
    report = json.dumps(load.report, ensure_ascii=False)
    assert number[:17] not in report and name not in report
    assert [s["row"] for r in load.report["reasons"] for s in r["samples"]] == [3, 2]


def test_load_with_repeated_key_serves_newest_then_later_row(world):
    rows = [
        person_row(1, "2026-01-01"),
        person_row(1, "2026-03-01"),
        person_row(1, "2026-02-01"),
        person_row(2, "2026-01-01"),
        person_row(2, "2026-01-01"),
    ]
    rows[3][1], rows[4][1] = "先行", "后行"
    load = world.load(csv_bytes(rows))
    assert (load.rows_kept, load.rows_superseded) == (2, 3)
    found = {row[0]: (row[1], row[6].isoformat(), row[7]) for row in served(world.population)}
    assert found == {person_id(1): ("张1", "2026-03-01", 2), person_id(2): ("后行", "2026-01-01", 5)}


def test_load_twice_gives_the_same_served_rows(world):
    content = csv_bytes([person_row(n % 40, f"2026-01-{1 + n % 28:02d}") for n in range(400)])
    world.load(content)
    first = served(world.population)
    world.load(content)
    assert served(world.population) == first and len(first) == 40


def test_load_normalises_full_width_and_small_x_and_keeps_raw(world, tmp_path):
    number = next(person_id(n) for n in range(1000) if person_id(n).endswith("X"))
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number[:17]) + "ｘ"
    row = [f" {wide}", "　张三 ", "１", "01", "某处", "13800000000", "2026-01-01"]
    load = world.load(csv_bytes([row]))
    assert served(world.population)[0][:3] == (number, "张三", "1")
    from yishu.lake.engine import open_engine

    with open_engine(tmp_path / "look") as engine:
        raw = Lake(store.lake_root()).table(world.population.id, "raw").read_version(engine, load.raw_version, "raw")
        assert engine.rows(raw)[0]["i0001"] == f" {wide}"


def test_load_with_columns_in_another_order_is_read_by_name(world):
    heading = ["更新日期", "联系电话", "住址", "民族代码", "性别代码", "姓名", "公民身份号码"]
    world.load(csv_bytes([person_row(1)[::-1]], heading))
    assert served(world.population)[0][0] == person_id(1)


@pytest.mark.parametrize(
    ("encoding", "named"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 BOM"), ("gb18030", "GB18030"), ("gbk", "GB18030")]
)
def test_load_in_any_accepted_encoding_serves_the_same_text(world, encoding, named):
    load = world.load(csv_bytes([person_row(1)], encoding=encoding))
    assert load.encoding == named
    assert served(world.population)[0][1] == "张1"


def test_load_with_windows_line_ends_and_quoted_breaks_is_read(world):
    row = person_row(1)
    row[4] = '修武县"老街"\r\n3号, 东'
    load = world.load(
        csv_bytes([row, person_row(2)])
        .replace(b"2026-01-01\n", b"2026-01-01\r\n")
        .replace("更新日期\n".encode(), "更新日期\r\n".encode())
    )
    assert load.state == Load.State.PUBLISHED, load.error
    assert served(world.population)[0][4].replace("\r\n", "\n") == '修武县"老街"\n3号, 东'


def test_load_reports_private_use_characters_without_rejecting(world):
    row = person_row(1)
    row[1] = "张\ue000"
    load = world.load(csv_bytes([person_row(2), row]))
    assert load.rows_kept == 2
    assert load.report["private_use"] == {"count": 1, "line": 3}


def test_load_moves_the_pointer_and_tells_ledger_and_subscribers(world, monkeypatch):
    told = []
    monkeypatch.setitem(events._handlers, LoadPublished, [told.append])
    load = world.load(csv_bytes([person_row(1)]))
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, load_id, rows, resource_version from serving.current where resource_code = %s",
            [world.population.code],
        )
        assert cursor.fetchone() == (load.serving_table, load.pk, 1, 1)
    assert told == [LoadPublished(resource_code=world.population.code, table=load.serving_table, load_id=load.pk)]
    entry = ledger_events()[-1]
    assert entry["facts"]["event"] == "collection.load_published" and entry["facts"]["load"] == str(load.pk)
    assert entry["facts"]["rows"] == 1


def test_load_commits_name_the_load_and_titles(world):
    load = world.load(csv_bytes([person_row(1)]))
    lake = Lake(store.lake_root())
    for kind, version in (("raw", load.raw_version), ("clean", load.clean_version), ("rejects", load.rejects_version)):
        assert lake.table(world.population.id, kind).load_of(version) == str(load.pk)


def test_upload_for_unpublished_resource_is_refused_with_the_article(world):
    with pytest.raises(NotCatalogued) as caught:
        actions.receive_upload(
            resource_code="307999/000001", file=io.BytesIO(b"x"), file_name="x.csv", by=world.clerk, at=AT
        )
    assert caught.value.reference.row == "XW-7"
    assert not Load.objects.exists() and not list(store.uploads().glob("*"))


def test_upload_by_another_department_is_refused(world):
    for person in (world.market, world.reviewer, world.consumer):
        with pytest.raises(NotOwner):
            world.upload(csv_bytes([person_row(1)]), by=person)
    assert not Load.objects.exists()


def test_upload_over_the_size_limit_is_refused_and_leaves_nothing(world, monkeypatch):
    monkeypatch.setattr(store, "upload_limit", lambda: 1024 * 1024)
    with pytest.raises(BadFile) as caught:
        world.upload(b"x" * (1024 * 1024 + 1))
    assert (caught.value.code, caught.value.status) == ("collection.file_too_large", 413)
    assert not Load.objects.exists() and not list(store.uploads().glob("*"))


def test_upload_queues_one_job_locked_by_resource(world):
    load = world.upload(csv_bytes([person_row(1)]))
    with connection.cursor() as cursor:
        cursor.execute("select task_name, lock, args from procrastinate_jobs")
        rows = cursor.fetchall()
    assert [(r[0], r[1]) for r in rows] == [("collection.run_load", f"collection.resource.{world.population.id}")]
    args = rows[0][2] if isinstance(rows[0][2], dict) else json.loads(rows[0][2])
    assert args == {"load_id": str(load.pk)}
    assert load.file_digest and store.path_of(load.pk).read_bytes() == csv_bytes([person_row(1)])


def test_load_with_nothing_kept_fails_with_its_report_and_serves_the_earlier(world):
    world.load(csv_bytes([person_row(1)]))
    load = world.load(csv_bytes([broken(2, 2, "8")]))
    assert load.state == Load.State.FAILED and load.error["code"] == "collection.nothing_kept"
    assert load.report["reasons"][0]["code"] == "code"
    assert [row[0] for row in served(world.population)] == [person_id(1)]


def test_earlier_file_run_after_a_later_one_is_not_published(world):
    first = world.upload(csv_bytes([person_row(1)]))
    second = world.upload(csv_bytes([person_row(2)]))
    assert run_load(second.pk).state == Load.State.PUBLISHED
    late = run_load(first.pk)
    assert late.error["code"] == "collection.overtaken"
    assert [row[0] for row in served(world.population)] == [person_id(2)]


def test_failed_load_can_be_run_again_from_its_file(world):
    first = world.upload(csv_bytes([person_row(1)]))
    path = store.path_of(first.pk)
    kept = path.read_bytes()
    path.write_bytes(b"")
    assert run_load(first.pk).state == Load.State.FAILED
    path.write_bytes(kept)
    with pytest.raises(NotOwner):
        actions.retry_load(load_id=first.pk, by=world.consumer, at=AT)
    assert actions.retry_load(load_id=first.pk, by=world.clerk, at=AT).state == Load.State.RECEIVED
    assert run_load(first.pk).state == Load.State.PUBLISHED
    with pytest.raises(LoadMoved):
        actions.retry_load(load_id=first.pk, by=world.clerk, at=AT)


def test_sweep_keeps_current_and_previous_tables_and_drops_older(world):
    loads = [world.load(csv_bytes([person_row(n)])) for n in range(4)]
    assert len(serving_tables()) == 4
    later = max(load.finished_at for load in loads) + timedelta(hours=2)
    swept = sweep(at=later)
    assert set(swept.tables) == {loads[0].serving_table, loads[1].serving_table}
    assert set(serving_tables()) == {loads[2].serving_table, loads[3].serving_table}
    assert swept.files == 4
    assert sweep(at=later).tables == ()
