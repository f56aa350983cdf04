"""What bad files get: a code, the object and a remedy in Chinese, and nothing half-done."""

import pytest

from tests.collection.county import HEADING, SHARED, csv_bytes, person_row, served, serving_tables
from yishu.collection import store
from yishu.collection.models import Load

GOOD = csv_bytes([person_row(1)])


def lines(*rows: str) -> bytes:
    return "\n".join([",".join(HEADING), *rows, ""]).encode()


ROW = ",".join(person_row(1))
LONG = "长" * 400_000
"""1.2 MB in UTF-8."""

BAD = {
    "empty": (b"", "collection.empty_file", []),
    "only a byte order mark": (b"\xef\xbb\xbf", "collection.empty_file", []),
    "heading only": (lines(), "collection.no_rows", []),
    "blank heading": (b"\n\n" + GOOD, None, []),
    "xlsx": (b"PK\x03\x04rest", "collection.not_text", []),
    "xls": (b"\xd0\xcf\x11\xe0rest", "collection.not_text", []),
    "utf-16": (GOOD.decode().encode("utf-16"), "collection.encoding", []),
    "broken utf-8": (lines(ROW, ROW).replace(b"2026-01-01\n", b"\xff\xfe\n"), "collection.encoding", []),
    "neither encoding": (b"\xb9\xab,\xff\n1,2\n", "collection.encoding", []),
    "nul bytes": (lines(ROW, ROW.replace("138", "1\x0038")), "collection.nul_bytes", []),
    "ragged": (lines(ROW, ROW + ",多", ROW, "少,了"), "collection.ragged_rows", ["ragged_row", "ragged_row"]),
    "open quote": (lines(ROW, '"' + ROW), "collection.quotes", []),
    "large cell": (lines(ROW, ROW.replace("修武县示例路1号", LONG)), "collection.cell_too_large", []),
    "semicolons": (GOOD.replace(b",", b";"), "collection.heading", None),
    "missing column": (csv_bytes([person_row(1)[:-1]], HEADING[:-1]), "collection.heading", ["missing_column"]),
    "extra column": (csv_bytes([[*person_row(1), "x"]], [*HEADING, "血型"]), "collection.heading", ["extra_column"]),
    "renamed column": (
        csv_bytes([person_row(1)], [*HEADING[:5], "电话", HEADING[6]]), "collection.heading", ["renamed_column"],
    ),
    "duplicate column": (csv_bytes([[*person_row(1), "x"]], [*HEADING, "姓名"]), "collection.heading", ["duplicate_column"]),
    "several at once": (
        csv_bytes([["1", "2", "3", "4", ""]], ["公民身份号", "姓名", "姓名", "民族代码", ""]), "collection.heading",
        ["duplicate_column", "renamed_column", "unnamed_column", "missing_column", "missing_column", "missing_column", "missing_column"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", [name for name, (_, code, _) in BAD.items() if code])
def test_bad_file_gets_its_code_and_leaves_the_earlier_data(world, case):
    content, code, problems = BAD[case]
    world.load(GOOD)
    before, tables = served(world.population), serving_tables()
    load = world.load(content, "坏文件.csv")
    assert load.state == Load.State.FAILED
    assert load.error["code"] == code
    assert load.error["object"] == "坏文件.csv"
    assert load.error["next"] and load.error["title"]
    if problems is not None:
        assert [p["code"] for p in load.error.get("problems", [])] == problems
    assert served(world.population) == before and serving_tables() == tables
    assert load.rows_kept is None and load.raw_version is None and load.serving_table == ""
    assert not list(store.scratch().iterdir())


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("broken utf-8", ["第 2 行", "字节"]),
        ("nul bytes", ["第 3 行"]),
        ("large cell", ["第 3 行"]),
        ("open quote", ["第 3 行"]),
    ],
)
def test_bad_file_names_the_place(world, case, words):
    load = world.load(BAD[case][0])
    assert all(word in load.error["title"] for word in words), load.error["title"]


def test_ragged_rows_are_listed_by_line(world):
    load = world.load(BAD["ragged"][0])
    assert [p["where"] for p in load.error["problems"]] == ["第 3 行", "第 5 行"]
    assert "有 8 个单元格，应为 7 个" in load.error["problems"][0]["what"]


def test_many_ragged_rows_are_counted_and_the_first_listed(world):
    load = world.load(lines(*(["a,b"] * 300)))
    assert "300 行" in load.error["title"] and len(load.error["problems"]) == 100


def test_renamed_column_suggests_the_nearest(world):
    load = world.load(BAD["renamed column"][0])
    assert "联系电话" in load.error["problems"][0]["next"]


def test_semicolon_file_is_told_about_its_separator(world):
    assert "分号" in world.load(BAD["semicolons"][0]).error["detail"]


def test_error_texts_hold_no_cell_of_the_file(world):
    secret = "410821199901011234"
    for content in (lines(f"{secret},多,了,一,些,东,西,{secret}"), lines(f'"{secret},x'), lines(f"{secret},\x00,x")):
        load = world.load(content)
        assert load.state == Load.State.FAILED and secret not in str(load.error)


def test_upload_name_is_cut_to_its_last_part(world):
    assert world.upload(GOOD, "../../etc/passwd").file_name == "passwd"
    assert world.upload(GOOD, "C:\\数据\\人口.csv").file_name == "人口.csv"


SPECTRUM = SHARED / "data" / "dirty" / "csv-spectrum"


@pytest.mark.skipif(not SPECTRUM.exists(), reason="../shared absent")
@pytest.mark.parametrize("path", sorted(SPECTRUM.glob("csvs/*.csv")), ids=lambda p: p.stem)
def test_csv_edge_case_reads_as_its_expected_json(path, tmp_path):
    import json

    from yishu.collection import rules
    from yishu.collection.errors import BadFile
    from yishu.collection.textfile import examine
    from yishu.lake.engine import open_engine

    expected = json.loads((SPECTRUM / "json" / f"{path.stem}.json").read_text())
    if path.stem == "location_coordinates":  # one object, and another telephone number than its CSV has
        expected = [expected | {"Contact Phone Number": "2095257564"}]
    facts = examine(path, tmp_path, file_name=path.name)
    try:
        heading = rules.read_heading(facts.path, path.name)
    except BadFile as error:
        assert not expected and error.code == "collection.no_rows"
        return
    names = tuple(f"c{n}" for n in range(len(heading)))
    with open_engine(tmp_path) as engine:
        rows = engine.rows(engine.read_text(facts.path, names).order_by("_row"))
    found = [{h: (row[c] or "").replace("\r\n", "\n") for h, c in zip(heading, names, strict=True)} for row in rows]
    assert found == [{k: v.replace("\r\n", "\n") for k, v in row.items()} for row in expected]
