"""The strict YAML reader: strings stay strings, and what could be misread is refused with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yishu.law.strict_yaml import MAX_BYTES, Mapping, Scalar, Sequence, read_file, read_text


def texts(text):
    mapping, problems = read_text(text, name="x.yaml")
    assert problems == []
    return {key: node.text for key, node in mapping.entries.items()}


def test_scalars_stay_the_text_that_was_written():
    words = [
        "no",
        "on",
        "yes",
        "true",
        "2022-01-05",
        "010",
        "0x1F",
        "1e3",
        "~",
        "null",
        "1_000",
        "12:30:45",
        ".inf",
        "",
    ]
    source = "".join(f"k{n}: {word}\n" for n, word in enumerate(words))
    assert list(texts(source).values()) == words
    assert texts("no: a\n010: b\n") == {"no": "a", "010": "b"}


def test_reader_knows_lines_and_quotes():
    mapping, _ = read_text('a: 1\nb:\n  - "2"\n', name="x.yaml")
    assert mapping.entries["a"] == Scalar(1, "1", True)
    assert mapping.entries["b"].items == [Scalar(3, "2", False)]
    assert mapping.lines == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: &x 2\n", 2, "锚点"),
        ("a: *x\n", 1, "引用"),
        ("a: !!int 1\n", 1, "标签"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "标签"),
        ("a: !x 1\n", 1, "标签"),
        ("? [a]\n: 1\n", 1, "键应为文字"),
        ("a: 1\n---\nb: 2\n", 2, "一个 YAML 文档"),
        ("- a\n", 1, "最外层应为"),
        ("", 1, "最外层应为"),
        ("just text\n", 1, "最外层应为"),
        ("a: 1\nb: [1, 2\n", 3, "语法有误"),
        ("a: 1\n  b: 2\n", 2, "语法有误"),
        ("a: 'x\n", 2, "语法有误"),
        ("甲: 乙\nb: \x07\n", 2, "控制字符"),
        ("a: " + "[" * 40 + "]" * 40, 1, "嵌套不超过"),
        ("a: " + "{b: " * 40 + "1" + "}" * 40, 1, "嵌套不超过"),
    ],
)
def test_text_that_could_be_misread_is_refused_with_its_line(text, line, words):
    mapping, problems = read_text(text, name="x.yaml")
    assert mapping is None
    assert [(p.file, p.line) for p in problems] == [("x.yaml", line)]
    assert words in problems[0].expected


def test_duplicate_keys_are_all_named_with_both_lines():
    mapping, problems = read_text("a: 1\nb: {c: 1, c: 2}\na: 3\n", name="x.yaml")
    assert [(p.line, p.key) for p in problems] == [(2, "b.c"), (3, "a")]
    assert "第 1 行" in problems[1].expected
    assert mapping.entries["a"].text == "1"


def test_file_that_is_no_utf8_is_refused_with_its_line(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes("a: 1\nb: 数据\n".encode("gb18030"))
    mapping, problems = read_file(path, name="x.yaml")
    assert mapping is None
    assert (problems[0].line, problems[0].expected) == (2, "文件应为 UTF-8 编码")


def test_file_that_is_too_large_is_refused_unread(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: " + b"x" * MAX_BYTES)
    assert "不超过" in read_file(path, name="x.yaml")[1][0].expected


@given(st.text(max_size=200) | st.text("[]{}:,-&*!|>'\"#?%@` \nab1", max_size=80))
def test_any_text_is_read_or_refused_never_raised(text):
    mapping, problems = read_text(text, name="x.yaml")
    assert (mapping is None) <= bool(problems)
    stack = [mapping] if mapping else []
    while stack:
        node = stack.pop()
        assert isinstance(node, Mapping | Sequence | Scalar)
        stack += node.entries.values() if isinstance(node, Mapping) else getattr(node, "items", [])
