"""Delta tables: a version is what its number says, for ever; a failed write leaves nothing."""

import errno
import uuid

import deltalake
import pytest

from yishu.lake import tables
from yishu.lake.engine import open_engine
from yishu.lake.errors import BadSource, LakeFull, NoVersion
from yishu.lake.tables import Lake


@pytest.fixture
def engine(tmp_path):
    with open_engine(tmp_path / "scratch") as opened:
        yield opened


@pytest.fixture
def table(tmp_path):
    return Lake(tmp_path / "lake").table(7, "clean")


def rows(engine, *values):
    text = " union all ".join(f"select {n} as _row, '{v}' as i0001" for n, v in enumerate(values, 1))
    return _view(engine, text)


def _view(engine, text):
    engine.backend.con.execute(f"create or replace temp table given as {text}")
    return engine.table("given")


def test_versions_are_read_by_number_and_name_their_load(engine, table):
    loads = [uuid.uuid4(), uuid.uuid4()]
    first = table.write_version(engine, rows(engine, "a", "b"), loads[0], {"i0001": "姓名"})
    second = table.write_version(engine, rows(engine, "c"), loads[1])
    assert (first, second) == (0, 1)
    assert [r["i0001"] for r in engine.rows(table.read_version(engine, first, "one").order_by("_row"))] == ["a", "b"]
    assert [r["i0001"] for r in engine.rows(table.read_version(engine, second, "two"))] == ["c"]
    assert [table.load_of(v) for v in (first, second)] == [str(load) for load in loads]


def test_version_is_a_delta_table_others_can_read(engine, table):
    table.write_version(engine, rows(engine, "a", "b"), uuid.uuid4(), {"i0001": "姓名"})
    delta = deltalake.DeltaTable(table.path)
    assert delta.to_pyarrow_table().num_rows == 2
    assert '"title":"姓名"' in delta.schema().to_json().replace(" ", "")


def test_version_with_other_columns_replaces_the_schema(engine, table):
    table.write_version(engine, rows(engine, "a"), uuid.uuid4())
    version = table.write_version(
        engine, _view(engine, "select 1::bigint as _row, date '2024-01-01' as i0002"), uuid.uuid4()
    )
    assert engine.rows(table.read_version(engine, version, "v"))[0]["i0002"].isoformat() == "2024-01-01"


def test_missing_version_or_table_is_told(engine, table):
    with pytest.raises(NoVersion):
        table.files(0)
    table.write_version(engine, rows(engine, "a"), uuid.uuid4())
    with pytest.raises(NoVersion):
        table.files(5)
    with pytest.raises(NoVersion):
        table.load_of(5)


def test_full_disk_leaves_no_file_and_no_version(engine, table, monkeypatch):
    table.write_version(engine, rows(engine, "a"), uuid.uuid4())
    before = sorted(p.name for p in table.path.iterdir())

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tables, "_force_to_disk", full)
    with pytest.raises(LakeFull):
        table.write_version(engine, rows(engine, "b"), uuid.uuid4())
    assert sorted(p.name for p in table.path.iterdir()) == before
    assert deltalake.DeltaTable(table.path).version() == 0


def test_text_file_is_read_strictly_with_row_numbers(engine, tmp_path):
    path = tmp_path / "it's.csv"
    path.write_text('甲,乙\n1,"a,\nb"\n2,\n')
    found = engine.rows(engine.read_text(path, ("i0001", "i0002")).order_by("_row"))
    assert found == [{"_row": 1, "i0001": "1", "i0002": "a,\nb"}, {"_row": 2, "i0001": "2", "i0002": None}]
    for text in ("甲,乙\n1\n", "甲,乙\n1,2,3\n", '甲,乙\n1,"2\n'):
        path.write_text(text)
        with pytest.raises(BadSource):
            engine.rows(engine.read_text(path, ("i0001", "i0002")))


def test_engine_leaves_no_scratch_behind(tmp_path):
    with open_engine(tmp_path / "s") as engine:
        assert engine.rows(_view(engine, "select 1 as a"))
    assert list((tmp_path / "s").iterdir()) == []
