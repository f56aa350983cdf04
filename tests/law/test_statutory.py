"""The table of statutory days: a damaged one is found, never half-read."""

import pytest

from yishu.law import statutory


@pytest.fixture
def table(tmp_path, monkeypatch):
    path = tmp_path / "statutory_days.yaml"
    path.write_text(statutory.FILE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(statutory, "FILE", path)
    statutory._table.cache_clear()
    statutory.statutory_days.cache_clear()
    yield path
    statutory._table.cache_clear()
    statutory.statutory_days.cache_clear()


@pytest.mark.parametrize(
    ("written", "replacement", "words"),
    [
        ("month: 10, day: 3", "month: 十, day: 3", "整数"),
        ("spring_festival: 2027-02-06", "spring_festival: 2027-02-31", "真实的日期"),
        ("fixed:", "fixd:", "不认识的键"),
        ("fixed:", "fixed: [", "语法有误"),
    ],
)
def test_damaged_table_is_refused_with_its_place(table, written, replacement, words):
    source = table.read_text(encoding="utf-8")
    assert written in source
    table.write_text(source.replace(written, replacement, 1), encoding="utf-8")
    with pytest.raises(statutory.BadTable, match=words):
        statutory.statutory_days(2027)


def test_table_holds_every_moving_day_of_its_years():
    for year in range(2027, 2051):
        names = set(statutory.statutory_days(year).values())
        assert {"元旦", "春节", "清明节", "劳动节", "端午节", "国庆节"} <= names
        assert 11 <= len(statutory.statutory_days(year)) <= 13
