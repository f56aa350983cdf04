"""Masks: each kind on known values, then every kind on hostile ones, on both engines at once."""

import datetime
from decimal import Decimal

import duckdb
import hypothesis.strategies as st
import ibis
import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler
from ibis.backends.sql.compilers.postgres import PostgresCompiler

from yishu.security import masks

COMPILERS = {"postgres": PostgresCompiler(), "duckdb": DuckDBCompiler()}
TEXT_KINDS = [k for k, m in masks.MASKS.items() if "C" in m.data_types]


def sql(engine, ibis_type, kinds):
    table = ibis.table({"n": "int64", "v": ibis_type}, name="given")
    columns = {kind: masks.masked(kind, table.v) for kind in kinds}
    return COMPILERS[engine].to_sqlglot(table.select("n", **columns)).sql(engine)


def both(values, ibis_type="string", sql_type="text", kinds=TEXT_KINDS):
    """Masked rows (value, {kind: masked}) of all values, computed once by each engine; the engines must agree."""
    numbered = list(enumerate(values))
    with connection.cursor() as cursor:
        cursor.execute(f"create temporary table given (n bigint, v {sql_type})")
        try:
            cursor.executemany("insert into given values (%s, %s)", numbered)
            cursor.execute(sql("postgres", ibis_type, kinds) + " order by n")
            rows = [row[1:] for row in cursor.fetchall()]
        finally:
            cursor.execute("drop table given")
    duck = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    duck.execute(f"create table given (n bigint, v {sql_type.replace('text', 'varchar')})")
    duck.executemany("insert into given values (?, ?)", [list(pair) for pair in numbered])
    assert [row[1:] for row in duck.execute(sql("duckdb", ibis_type, kinds) + " order by n").fetchall()] == rows
    return [(value, dict(zip(kinds, row, strict=True))) for value, row in zip(values, rows, strict=True)]


pytestmark = pytest.mark.django_db(transaction=True)

KNOWN = {
    "name": {
        "张三": "张*", "王小明": "王**", "欧阳娜": "欧阳*", "欧阳娜娜": "欧阳**", "欧阳": "欧*", "买买提·艾力": "买**·**", "李": "***",
        "爱新觉罗溥仪": "爱新觉罗**", "𠮷田茂": "𠮷**", "张": "***", "司马相如之": "司马***", "": "***", "王**": "***", "***": "****",
    },
    "person_id": {
        "41082119850101123X": "410821************", "410821850101123": "410821*********", "H12345678": "***", "": "***",
        "410821************": "***", "41082119850101123": "***", "４１０８２１１９８５０１０１１２３Ｘ": "***",
    },
    "uscc": {"91410821MA3X1234XY": "91410821**********", "914108215555": "***", "N2410821MF1234567X": "N2410821**********"},
    "phone": {"13812345621": "138******21", "7190000": "******00", "0391-7190021": "039******21", "12": "***", "修武县城关镇建设路1": "***"},
    "address": {
        "河南省焦作市修武县城关镇建设路1号": "河南省焦作市修武县***", "修武县七贤镇": "修武县***", "焦作市解放区民主路": "焦作市解放区***",
        "阳光小区3号楼": "***", "新疆维吾尔自治区伊犁哈萨克自治州伊宁市某路": "新疆维吾尔自治区伊犁哈萨克自治州伊宁市***",
        "修武县": "修武县***", "建设路1号": "***", "北京市朝阳区": "北京市朝阳区***", "": "***", "河南省\n修武县": "河南省\n修武县***",
    },
    "text": {"任何": "***", "": "***", "***": "****", "****": "***"},
    "date": {"1985-01-01": "1985年****", "19850101": "1985年****", "1985": "***", "某年某月某日": "***", "1985年****": "***"},
}  # fmt: skip


@pytest.mark.parametrize("kind", KNOWN)
def test_mask_known_value_shows_what_its_kind_allows(kind):
    assert {value: row[kind] for value, row in both(list(KNOWN[kind]), kinds=[kind])} == KNOWN[kind]


RARE = "𠮷𡈽㐂龘｟…\u200d\u0301👨‍👩‍👧🇨🇳ａＢ０X*·.\n\t\\'\"{}$%_\x01省市县区旗路王欧阳0123456789-"
TEXTS = st.one_of(
    st.none(),
    st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30),
    st.text(alphabet=RARE, max_size=25),
    st.text(alphabet="*", max_size=20),
    st.from_regex(r"\A[0-9]{15}([0-9]{2}[0-9X])?\Z"),
    st.from_regex(r"\A[0-9A-Y]{18}\Z"),
    st.from_regex(r"\A[-+0-9 ()]{5,22}\Z"),
    st.sampled_from([value for known in KNOWN.values() for pair in known.items() for value in pair]),
    st.builds("{}{}".format, st.sampled_from(masks.COMPOUND_SURNAMES), st.text(alphabet="娜𠮷*", max_size=4)),
)
# No shrinking: over two databases it takes minutes and says little more.
DRAWN = settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@DRAWN
@given(st.lists(TEXTS, min_size=100, max_size=300))
def test_mask_any_text_differs_from_its_input_and_engines_agree(values):
    for value, row in both(values):
        for kind, masked in row.items():
            if value is None or kind == "hide":
                assert masked is None
            else:
                assert masked is not None and masked != value and "*" in masked
                kept = {"text": 0, "date": 5, "person_id": 6, "uscc": 8, "phone": 5, "name": 5, "address": 40}[kind]
                assert len(masked.replace("*", "")) <= kept


NUMBERS = {
    ("decimal(38, 6)", "numeric(38,6)"): st.decimals(-(10**20), 10**20, places=6),
    ("int64", "bigint"): st.integers(-(2**63), 2**63 - 1),
    ("float64", "double precision"): st.floats(),
    ("date", "date"): st.dates(),
    ("timestamp", "timestamp"): st.datetimes(),
    ("boolean", "boolean"): st.booleans(),
}


@pytest.mark.parametrize("types", NUMBERS, ids=lambda t: t[0])
def test_mask_any_other_value_differs_from_its_input_and_engines_agree(types):
    letter = {"decimal(38, 6)": "N", "int64": "I", "float64": "F", "date": "D", "timestamp": "T", "boolean": "L"}[
        types[0]
    ]
    kinds = [kind for kind in masks.MASKS if masks.fits(kind, letter)]

    @settings(DRAWN, max_examples=5)
    @given(st.lists(st.none() | NUMBERS[types], min_size=50, max_size=200))
    def run(values):
        for value, row in both(values, *types, kinds=kinds):
            for kind, masked in row.items():
                assert (masked is None) == (value is None or kind == "hide")
                assert masked is None or masked not in (str(value), getattr(value, "isoformat", lambda: "")())

    run()


def test_mask_numbers_at_magnitude_borders_are_named_by_their_magnitude():
    values = [
        Decimal(n) for n in ("0", "9.999999", "10", "99999", "100000", "-10", "-9.5", "1000000000", "-1000000000")
    ]
    words = [row["number"] for _, row in both(values, "decimal(38, 6)", "numeric(38,6)", ["number"])]
    assert words == ["不足十", "不足十", "数十", "数万", "数十万", "负数十", "负不足十", "十亿以上", "负十亿以上"]


def test_mask_date_value_shows_the_year():
    assert both([datetime.date(1985, 2, 3)], "date", "date", ["date"])[0][1] == {"date": "1985年****"}


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"mask": "name"}, "name"),
        ({"mask": "number"}, ""),
        ({"identifier": "person_id"}, ""),
        ({"identifier": "person_id", "grade": 3}, "person_id"),
        ({"grade": 3}, "text"),
        ({"grade": 4, "data_type": "D"}, "date"),
        ({"grade": 3, "data_type": "Y"}, "number"),
    ],
)
def test_default_kind_follows_item_then_identifier_then_grade(given_, expected):
    base = {"mask": "", "identifier": "", "grade": 1, "must_mask_from": 3, "data_type": "C"}
    assert masks.default_kind(**(base | given_)) == expected
