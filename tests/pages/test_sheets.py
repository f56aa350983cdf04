"""Workbooks that pages hand out."""

import io
from datetime import UTC, datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yishu.pages.sheets import MOST_CHARACTERS, Column, Sheet, sheet_response, workbook


def read(raw):
    return openpyxl.load_workbook(io.BytesIO(raw))


@pytest.mark.parametrize("text", ["=1+1", "+86", "-2+3", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"])
def test_text_like_a_formula_stays_text_and_reads_back_unchanged(text):
    cell = read(workbook([Sheet("表", ["甲"], [[text]])])).active["A2"]
    assert cell.data_type == "s" and cell.value.strip() == text.strip()
    assert cell.quotePrefix or not text.startswith(("=", "+", "-", "@"))


def test_values_are_written_as_people_read_them():
    moment = datetime(2026, 9, 18, 2, 0, tzinfo=UTC)
    row = next(
        read(workbook([Sheet("表", ["a"] * 5, [[True, None, 7, moment, moment.date()]])])).active.iter_rows(
            min_row=2, values_only=True
        )
    )
    assert row == ("是", None, 7, "2026-09-18 10:00", "2026-09-18")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=50))
def test_any_text_makes_a_file_that_opens(text):
    book = read(workbook([Sheet(text, [Column(text or "x")], [[text]])]))
    assert book.active["A2"].data_type != "f"


def test_overlong_text_is_cut_and_the_name_may_be_chinese():
    response = sheet_response("办件清单", ["甲"], [["长" * (MOST_CHARACTERS + 5)]])
    assert len(read(response.content).active["A2"].value) == MOST_CHARACTERS
    assert response["Content-Disposition"].startswith("attachment") and response["Cache-Control"] == "no-store"
