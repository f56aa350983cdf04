"""Compiled grants: the same rows on both engines, hostile values harmless, the key's index used."""

# ruff: noqa: DTZ001  (timestamp items hold local time without zone, as files do)

import datetime
import json
from decimal import Decimal

import duckdb
import hypothesis.strategies as st
import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings

from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.kernel.errors import Invalid
from yishu.security import masks
from yishu.sharing.plane import compile_lookup, compile_select
from yishu.sharing.rules import RowCondition

ITEMS = (
    ItemSpec("i0001", "公民身份号码", "C", identifier="person_id", is_key=True, required=True),
    ItemSpec("i0002", "姓名", "C"),
    ItemSpec("i0003", "金额", "Y"),
    ItemSpec("i0004", "出生日期", "D"),
    ItemSpec("i0005", "登记时间", "T"),
    ItemSpec("i0006", "有效", "L"),
    ItemSpec("i0007", "次数", "I"),
    ItemSpec("i0008", "比例", "F"),
    ItemSpec("i0009", '备注"{table}\\', "M"),
)
SQL_TYPES = {
    "string": ("text", "varchar"), "date": ("date",) * 2, "timestamp": ("timestamp",) * 2, "boolean": ("boolean",) * 2,
    "int64": ("bigint",) * 2, "float64": ("double precision", "double"), "decimal(38, 6)": ("numeric(38,6)",) * 2,
}  # fmt: skip
pytestmark = pytest.mark.django_db(transaction=True)


def spec_of(*items):
    return ResourceSpec(
        1, "307021/000001", 1, "人口", 1, "cn-henan-jiaozuo-xiuwu", 1, "公安局", "conditional", items or ITEMS
    )


ALL = tuple(i.column for i in ITEMS)


@pytest.fixture
def pg():
    """A raw-parameter (``$1``) connection to the test database and an empty table, named as the gateway would."""
    given = connection.settings_dict
    with psycopg.connect(
        host=given["HOST"], port=given["PORT"], dbname=given["NAME"], user=given["USER"], password=given["PASSWORD"],
        autocommit=True, cursor_factory=psycopg.RawCursor,
    ) as raw:  # fmt: skip
        columns = ", ".join(f"{i.column} {SQL_TYPES[i.ibis_type][0]}" for i in ITEMS)
        raw.execute(f"create temporary table r1_x ({columns}, _row bigint, primary key (i0001))")
        yield raw


def fill(pg, rows):
    pg.execute("truncate r1_x")
    with pg.cursor() as cursor:
        marks = ", ".join(f"${n}" for n in range(1, len(ITEMS) + 1))
        cursor.executemany(f"insert into r1_x values ({marks})", rows)


def look_up(pg, sql, keys):
    records, body, _ = pg.execute(sql.replace("{table}", 'pg_temp."r1_x"'), [keys]).fetchone()
    found = json.loads(body, parse_float=Decimal)
    assert records == len(found)
    return found


ROW = (
    "41082119850101123X", "王小明", Decimal("1234.500000"), datetime.date(1985, 1, 1),
    datetime.datetime(2020, 2, 3, 4, 5, 6), True, 2**53 + 1, 0.1, 'x"\\\n𠮷',
)  # fmt: skip


def test_lookup_all_items_gives_json_in_item_order_without_loss(pg):
    fill(pg, [ROW, ("2", *[None] * 8)])
    sql = compile_lookup(spec_of(), ALL, (), {})
    found = look_up(pg, sql, ["2", "41082119850101123X", "absent"])
    assert [list(row) for row in found] == [[i.name for i in ITEMS]] * 2
    assert found[0] == {i.name: None for i in ITEMS} | {"公民身份号码": "2"}
    assert list(found[1].values()) == [
        "41082119850101123X", "王小明", Decimal("1234.5"), "1985-01-01", "2020-02-03T04:05:06", True, 2**53 + 1, Decimal("0.1"),
        'x"\\\n𠮷',
    ]  # fmt: skip
    assert look_up(pg, sql, ["absent"]) == [] and look_up(pg, sql, []) == []


def test_lookup_masks_and_filter_hide_what_the_grant_does_not_show(pg):
    fill(pg, [ROW, ("2", "李四", *[None] * 7)])
    sql = compile_lookup(
        spec_of(), ("i0001", "i0002", "i0003"), (RowCondition("i0004", "range", ("1980-01-01", "")),),
        {"i0001": "person_id", "i0002": "name", "i0003": "number"},
    )  # fmt: skip
    assert look_up(pg, sql, ["41082119850101123X", "2"]) == [
        {"公民身份号码": "410821************", "姓名": "王**", "金额": "数千"}
    ]


def test_lookup_more_items_than_a_function_takes_arguments_works(pg):
    items = (ITEMS[0], *(ItemSpec(f"i{n:04}", f"项{n}", "C") for n in range(2, 150)))
    pg.execute("create temporary table wide (" + ", ".join(f"{i.column} text" for i in items) + ")")
    pg.execute("insert into wide (i0001) values ('k')")
    sql = compile_lookup(spec_of(*items), [i.column for i in items], (), {}).replace("{table}", "wide")
    assert len(json.loads(pg.execute(sql, [["k"]]).fetchone()[1])[0]) == 149


def test_lookup_uses_the_primary_key_even_where_the_key_is_masked(pg):
    fill(pg, [ROW] + [(str(n), *[None] * 8) for n in range(5000)])
    pg.execute("analyze r1_x")
    sql = compile_lookup(
        spec_of(), ALL, (RowCondition("i0002", "eq", ("王小明",)),), {"i0001": "person_id", "i0002": "name"}
    )
    plan = "\n".join(
        line for (line,) in pg.execute("explain " + sql.replace("{table}", "r1_x"), [["7", "8"]]).fetchall()
    )
    assert "r1_x_pkey" in plan and "Seq Scan" not in plan


HOSTILE = [
    "'", "''", "' or true --", "{table}", "{{table}}", "{table}{table}", "$1", "$$", "\\", "\\'", '"yishu_source"', "%s", "%(x)s",
    "{0}", ":name", "?", "/* */", ";", "\n", "𠮷", "E'\\x00'", "‮", "{", "}", "'{table}'", "王'小明",
]  # fmt: skip


@pytest.mark.parametrize("op", ["eq", "in", "prefix"])
def test_lookup_hostile_filter_values_match_only_themselves(pg, op):
    rows = [(f"k{n}", text, *[None] * 7) for n, text in enumerate([*HOSTILE, "平常"])]
    fill(pg, rows)
    keys = [row[0] for row in rows]
    for n, text in enumerate(HOSTILE):
        sql = compile_lookup(spec_of(), ("i0001", "i0002"), (RowCondition("i0002", op, (text,)),), {})
        assert sql.count("{table}") == 1
        found = look_up(pg, sql, keys)
        expected = [k for k, v, *_ in rows if (v.startswith(text) if op == "prefix" else v == text)]
        assert f"k{n}" in expected and [row["公民身份号码"] for row in found] == expected


def test_lookup_hostile_keys_find_nothing_but_themselves(pg):
    fill(pg, [(text, *[None] * 8) for text in HOSTILE])
    sql = compile_lookup(spec_of(), ("i0001",), (), {})
    for text in HOSTILE:
        assert look_up(pg, sql, [text]) == [{"公民身份号码": text}]


@pytest.mark.parametrize(
    "condition",
    [
        RowCondition("i0002", "eq", ("a\x00b",)), RowCondition("i0002", "eq", ("\ud800",)), RowCondition("i9999", "eq", ("x",)),
        RowCondition("i0002; drop", "eq", ("x",)), RowCondition("i0002", "like", ("x",)), RowCondition("i0002", "eq", ()),
        RowCondition("i0002", "range", ("a", "b")), RowCondition("i0003", "eq", ("1_0",)), RowCondition("i0003", "eq", ("NaN",)),
        RowCondition("i0003", "prefix", ("1",)), RowCondition("i0004", "eq", ("2020-13-01",)), RowCondition("i0006", "eq", ("x",)),
        RowCondition("i0007", "eq", (str(2**63),)), RowCondition("i0003", "range", ("", "")), RowCondition("i0002", "prefix", ("",)),
        RowCondition("i0002", "in", tuple("x" * 201)), RowCondition("i0002", "eq", ("x" * 201,)), RowCondition("i0003", "eq", ("1e40",)),
        RowCondition("i0005", "eq", ("2020-01-01T00:00:00+08:00",)), RowCondition("i0002", "is_null", ("x",)),
    ],
)  # fmt: skip
def test_compile_impossible_filter_is_refused_with_the_place(condition):
    with pytest.raises(Invalid) as caught:
        compile_lookup(spec_of(), ("i0001",), (condition,), {})
    assert caught.value.code == "sharing.bad_grant" and caught.value.problems[0].where == "row_filter"


@pytest.mark.parametrize(
    ("items", "kinds", "code"),
    [((), {}, "sharing.no_items"), (("i0001", "i0001"), {}, "sharing.unknown_item"), (("x",), {}, "sharing.unknown_item"),
     (("i0001",), {"i0002": "name"}, "sharing.mask_not_chosen"), (("i0003",), {"i0003": "name"}, "sharing.bad_mask"),
     (("i0002",), {"i0002": "nonsense"}, "sharing.bad_mask")],
)  # fmt: skip
def test_compile_impossible_items_or_masks_are_refused(items, kinds, code):
    with pytest.raises(Invalid) as caught:
        compile_lookup(spec_of(), items, (), kinds)
    assert code in [p.code for p in caught.value.problems]


def test_compile_without_text_key_is_refused():
    with pytest.raises(Invalid, match="主标识") as caught:
        compile_lookup(spec_of(ItemSpec("i0001", "序号", "I", is_key=True)), ("i0001",), (), {})
    assert caught.value.code == "sharing.no_key"


@pytest.mark.parametrize("value", [0.1, 0.30000000000000004, 1e300, -7.552402976695906e112, 5e-324])
def test_lookup_float_condition_finds_exactly_its_value(pg, value):
    fill(pg, [("1", *[None] * 6, value, None), ("2", *[None] * 8)])
    sql = compile_lookup(spec_of(), ("i0001",), (RowCondition("i0008", "eq", (str(value),)),), {})
    assert look_up(pg, sql, ["1", "2"]) == [{"公民身份号码": "1"}]


WORDS = st.sampled_from(
    ["王小明", "欧阳娜", "", "***", "𠮷", "a'b", "{table}", "河南省焦作市修武县城关镇", "1985-01-01"]
)
VALUES = {
    "string": WORDS | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8),
    "date": st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)),
    "timestamp": st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1)),
    "boolean": st.booleans(),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float64": st.floats(allow_nan=False, allow_infinity=False),
    "decimal(38, 6)": st.decimals(-(10**20), 10**20, places=6),
}


@st.composite
def grants(draw):
    """Random rows and a random grant over them whose filter values come from the rows, so that something is found."""
    rows = draw(st.lists(st.tuples(*(st.none() | VALUES[i.ibis_type] for i in ITEMS[1:])), min_size=1, max_size=30))
    rows = [(f"k{n}", *row) for n, row in enumerate(rows)]
    items = draw(st.lists(st.sampled_from(ALL), unique=True, min_size=1))
    chosen = {}
    for column in items:
        letter = spec_of().item(column).data_type
        kind = draw(st.sampled_from(["", *(k for k in masks.MASKS if masks.fits(k, letter))]))
        if kind:
            chosen[column] = kind
    row_filter = []
    for item in draw(st.lists(st.sampled_from(ITEMS), max_size=2)):
        at = ITEMS.index(item)
        values = [text(row[at]) for row in rows if row[at] is not None]
        ops = ["is_null", "not_null"] + (["eq", "in"] if values else [])
        ops += ["range"] if values and item.ibis_type not in ("string", "boolean") else []
        op = draw(st.sampled_from(ops))
        count = {"eq": 1, "range": 2}.get(op, 3 if op == "in" else 0)
        row_filter.append(RowCondition(item.column, op, tuple(draw(st.sampled_from(values)) for _ in range(count))))
    return rows, items, tuple(row_filter), chosen


def text(value):
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


# No shrinking: over two databases it takes minutes and says little more.
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(grants())
def test_compile_random_grant_shows_the_same_rows_on_both_engines(pg, grant):
    rows, items, row_filter, chosen = grant
    fill(pg, rows)
    duck = duckdb.connect()
    duck.execute("create table r1_x (" + ", ".join(f"{i.column} {SQL_TYPES[i.ibis_type][1]}" for i in ITEMS) + ")")
    duck.executemany("insert into r1_x values (" + ", ".join("?" * len(ITEMS)) + ")", rows)
    shown = [
        execute(compile_select(spec_of(), items, row_filter, chosen, engine=engine, table="r1_x")).fetchall()
        for engine, execute in (("postgres", pg.execute), ("duckdb", duck.execute))
    ]
    assert sorted(shown[0], key=repr) == sorted(shown[1], key=repr)
    assert len(look_up(pg, compile_lookup(spec_of(), items, row_filter, chosen), [r[0] for r in rows])) == len(shown[0])
