"""The rules as engine expressions: the same answers as the kernel's own checks, the first broken rule in item order."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yishu.catalogue.rules import DATA_TYPES, UNCONDITIONAL, ItemSpec, ResourceSpec
from yishu.kernel import codes
from yishu.kernel.errors import Invalid
from yishu.lake.engine import Engine, open_engine
from yishu.quality.definitions import check_definitions
from yishu.quality.plane import checked, newest
from yishu.quality.rules import REASONS, compile_rules


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with open_engine(tmp_path_factory.mktemp("engine")) as opened:
        yield opened


def spec_of(*items: ItemSpec) -> ResourceSpec:
    return ResourceSpec(1, "307016/000001", 1, "测试", 1, "cn-henan-jiaozuo-xiuwu", 1, "公安局", UNCONDITIONAL, items)


def run(
    engine: Engine,
    spec: ResourceSpec,
    rows: list[tuple],
    *,
    keep: bool = False,
    invisible: bool = True,
    blanks: bool = True,
):
    """(reason code, values) per row; reason None for good rows."""
    names = [item.column for item in spec.items]
    table = pa.table(
        {"_row": pa.array(range(1, len(rows) + 1), pa.int64())}
        | {name: pa.array([row[n] for row in rows], pa.string()) for n, name in enumerate(names)}
    )
    engine.backend.con.register("given_rows", table)
    rules = compile_rules(spec, invisible=invisible)
    found = engine.materialise("checked", checked(engine.table("given_rows"), spec, rules, blanks=blanks))
    if keep:
        return engine.rows(newest(found.filter(found["_rule"].isnull()).drop("_rule"), spec))
    reasons = engine.rows(found.order_by("_row").select("_row", "_rule"))
    good = {row["_row"]: row for row in engine.rows(found.filter(found["_rule"].isnull()))}
    return [
        (None, tuple(good[row["_row"]][name] for name in names))
        if row["_rule"] is None
        else (rules[row["_rule"]].code, None)
        for row in reasons
    ]


def item(data_type: str = "C", **changes) -> ItemSpec:
    return ItemSpec("i0001", "项", data_type, **changes)


PERSON = spec_of(item(identifier="person_id"))
PAPERS = spec_of(item(identifier="identity_document"))
USCC = spec_of(item(identifier="uscc"))
ids = st.one_of(
    st.text(alphabet="0123456789xXｘ１ ", max_size=20),
    st.builds(
        lambda area, day, tail, flip: (lambda body: body + ("0" if flip else codes.person_id_check(body)))(
            f"{area}{day:%Y%m%d}{tail:03d}"
        ),
        st.sampled_from(["410821", "110105", "419001", "910000"]),
        st.dates(date(1790, 1, 1), date(2150, 1, 1)),
        st.integers(0, 999),
        st.booleans(),
    ),
    st.builds(
        lambda y, m, d: f"410821{y}{m:02d}{d:02d}0010", st.integers(1800, 2100), st.integers(0, 13), st.integers(0, 32)
    ),
    st.text(max_size=19),
)
letters = st.text(alphabet=codes.USCC_ALPHABET + "IOSVZios　", min_size=17, max_size=19)


def _organisation(kind: str, body: str, flip: int) -> str:
    head = f"{kind}410821{body}{codes.organisation_check(body) if flip != 1 else 'A'}"
    return head + (codes.uscc_check(head) if flip != 2 else "A")


usccs = st.one_of(
    letters,
    st.builds(
        _organisation,
        st.sampled_from(["11", "91", "92", "93", "N2", "Y1", "A1"]),
        st.text(alphabet=list(codes.USCC_ALPHABET), min_size=8, max_size=8),
        st.integers(0, 3),
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(ids, min_size=1, max_size=60))
def test_person_id_expression_agrees_with_the_kernel(engine, texts):
    texts = [t for t in texts if "\x00" not in t and t.isprintable()]
    for text, (reason, _) in zip(texts, run(engine, PERSON, [(t,) for t in texts], invisible=False), strict=True):
        plain = codes.normalise_identifier(text)
        assert reason == (codes.person_id_problem(plain) if plain else None), text


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.one_of(ids, st.text(alphabet="EHR０17()/.- x", max_size=22)), min_size=1, max_size=60))
def test_identity_document_expression_agrees_with_the_kernel(engine, texts):
    texts = [t for t in texts if "\x00" not in t and t.isprintable()]
    for text, (reason, _) in zip(texts, run(engine, PAPERS, [(t,) for t in texts], invisible=False), strict=True):
        plain = codes.normalise_identifier(text)
        assert reason == (codes.identity_document_problem(plain) if plain else None), text


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(usccs, min_size=1, max_size=60))
def test_uscc_expression_agrees_with_the_kernel(engine, texts):
    for text, (reason, _) in zip(texts, run(engine, USCC, [(t,) for t in texts]), strict=True):
        plain = codes.normalise_identifier(text)
        assert reason == (codes.uscc_problem(plain) if plain else None), text


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("11010519491231002X", None),
        ("440524188001010014", None),
        ("11010519491231002x", None),
        ("110105194912310021", "id_check_digit"),
        ("110105194902300021", "id_birth_date"),
        ("110105491231002", "id_format"),
        ("１１０１０５１９４９１２３１００２Ｘ", None),
    ],
)
def test_person_id_known_numbers(engine, number, problem):
    assert run(engine, PERSON, [(number,)])[0][0] == problem


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("11100000000013338W", None),
        ("91110000600037341L", None),
        ("11100000MB03271699", None),
        ("91110000600037341I", "uscc_format"),
        ("913201177806796", "uscc_format"),
        ("91110000600037341K", "uscc_check_character"),
        ("91110000600037351L", "uscc_organisation_check"),
    ],
)
def test_uscc_known_codes(engine, number, problem):
    assert run(engine, USCC, [(number,)])[0][0] == problem


EARLY = datetime(2024, 3, 5, 8, 30)  # noqa: DTZ001  (a column without zone)
TYPES = [
    ("N", "12.5", Decimal("12.500000")), ("N", "-0.000001", Decimal("-0.000001")), ("N", "1.1234567", "number_format"),
    ("N", "1,000", "number_format"), ("N", "12万", "number_format"), ("N", "NaN", "number_format"), ("N", "1e5", "number_format"),
    ("Y", "100", Decimal("100.000000")), ("Y", "9" * 33, "number_format"),
    ("I", "-7", -7), ("I", "007", 7), ("I", "7.0", "integer_format"), ("I", "9223372036854775808", "integer_format"),
    ("F", "1.5e3", 1500.0), ("B", ".5", 0.5), ("F", "inf", "float_format"), ("F", "1e999", "float_format"),
    ("D", "2024-02-29", date(2024, 2, 29)), ("D", "2023-02-29", "date_format"), ("D", "2024/02/29", "date_format"),
    ("D", "2024-2-9", "date_format"), ("D", "20240229", "date_format"), ("D", "0000-01-01", "date_format"), ("D", "-024-01-01", "date_format"),
    ("T", "2024-03-05 08:30:00", EARLY), ("T", "2024-03-05T08:30", EARLY),
    ("T", "2024-03-05 25:00:00", "datetime_format"), ("T", "2024-03-05", "datetime_format"),
    ("L", "是", True), ("L", "FALSE", False), ("L", "2", "boolean_format"),
    ("C", " 张三　", "张三"), ("M", "a\nb", "a\nb"), ("G", "x", "x"), ("C", "", None), ("C", "　 ", None), ("D", "", None), ("N", " ", None),
]  # fmt: skip


@pytest.mark.parametrize(("data_type", "text", "expected"), TYPES, ids=[f"{t}-{v[:12]!r}" for t, v, _ in TYPES])
def test_typed_value_or_reason(engine, data_type, text, expected):
    found = run(engine, spec_of(item(data_type)), [(text,)])[0]
    assert found == ((expected, None) if isinstance(expected, str) and expected in REASONS else (None, (expected,)))


def test_every_data_type_has_its_rule(engine):
    for letter in DATA_TYPES:
        assert run(engine, spec_of(item(letter)), [(None,)]) == [(None, (None,))]


def test_limits_lengths_patterns_and_codes(engine):
    assert run(engine, spec_of(item("N", minimum="0", maximum="10.5")), [("-1",), ("0",), ("10.5",), ("10.6",)]) == [
        ("minimum", None), (None, (Decimal("0E-6"),)), (None, (Decimal("10.500000"),)), ("maximum", None),
    ]  # fmt: skip
    dates = spec_of(item("D", minimum="2020-01-01"))
    assert [r for r, _ in run(engine, dates, [("2019-12-31",), ("2020-01-01",)])] == ["minimum", None]
    assert [r for r, _ in run(engine, spec_of(item(length=6)), [("汉字",), ("汉字x",), ("123456",)])] == [
        None,
        "length",
        None,
    ]
    assert [
        r for r, _ in run(engine, spec_of(item(pattern="a|b+")), [("a",), ("bb",), ("ab",), ("xa",), ("a\n",)])
    ] == [None, None, "pattern", "pattern", None]
    assert [r for r, _ in run(engine, spec_of(item(codes={"01": "汉族"})), [("01",), ("０１",), ("1",), ("",)])] == [
        None,
        None,
        "code",
        None,
    ]


@pytest.mark.parametrize("mark", ["\u200b", "\u202e", "\ufeff", "\u2066", "\u00ad", "\x07"])
def test_invisible_character_is_rejected(engine, mark):
    assert run(engine, spec_of(item()), [(f"张{mark}三",)])[0][0] == "invisible"


def test_first_broken_rule_in_item_order_is_the_reason(engine):
    spec = spec_of(ItemSpec("i0001", "甲", "I", required=True), ItemSpec("i0002", "乙", "C", required=True))
    assert [r for r, _ in run(engine, spec, [(None, None), ("x", None), ("1", None), ("1", "a")])] == [
        "required", "integer_format", "required", None,
    ]  # fmt: skip
    assert [rule.number for rule in compile_rules(spec)] == list(range(len(compile_rules(spec))))


def test_key_item_is_required_even_when_not_marked(engine):
    assert run(engine, spec_of(item(is_key=True)), [("",)])[0][0] == "required"


def test_newest_takes_date_then_later_row_and_nulls_last(engine):
    spec = spec_of(ItemSpec("i0001", "键", "C", is_key=True), ItemSpec("i0002", "日", "D", newest_by=True))
    rows = [
        ("a", "2024-01-02"),
        ("a", "2024-01-03"),
        ("a", None),
        ("b", None),
        ("b", None),
        ("c", "2024-01-01"),
        ("c", "2024-01-01"),
    ]
    assert [(r["i0001"], r["_row"]) for r in run(engine, spec, rows, keep=True)] == [("a", 2), ("b", 5), ("c", 7)]


def test_newest_without_key_keeps_every_row_in_order(engine):
    assert [r["_row"] for r in run(engine, spec_of(item()), [("b",), ("a",), ("b",)], keep=True)] == [1, 2, 3]


def test_newest_compares_keys_after_normalising(engine):
    rows = [("11010519491231002X",), ("11010519491231002x",)]
    spec = spec_of(item(identifier="person_id", is_key=True))
    assert [r["_row"] for r in run(engine, spec, rows, keep=True)] == [2]


@pytest.mark.parametrize("text", ["张三", "410821", "a b", "是"])
def test_short_cuts_for_plain_files_change_nothing(engine, text):
    spec = spec_of(item())
    plain = text.replace(" ", "")
    assert run(engine, spec, [(plain,)], invisible=False, blanks=False) == run(engine, spec, [(plain,)])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (item("D", minimum="昨天"), "quality.limit"),
        (item("I", maximum="1.5"), "quality.limit"),
        (item("N", maximum="NaN"), "quality.limit"),
        (item(pattern="(?=x)"), "quality.pattern"),
        (item(pattern="(("), "quality.pattern"),
    ],
)
def test_definition_no_rule_can_be_made_of_is_refused(wrong, code):
    with pytest.raises(Invalid) as caught:
        check_definitions(spec_of(wrong))
    assert [p.code for p in caught.value.problems] == [code]


def test_sound_definitions_pass():
    check_definitions(
        spec_of(item("D", minimum="2020-01-01"), item("T", maximum="2020-01-01 08:00:00"), item(pattern="[0-9]+"))
    )


def test_quality_loads_no_django():
    import subprocess
    import sys

    code = "import sys, yishu.quality.plane, yishu.quality.definitions, yishu.lake.tables, yishu.collection.plane; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0
