"""Errors as people and programs get them."""

import pytest

from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Problem, PublicError, Unavailable
from yishu.kernel.references import Reference

ARTICLE = Reference("sample", "样例办法", "第二条", "SA-2")


def test_problem_document_holds_what_why_where_and_what_next():
    error = Invalid(
        "不能装载",
        remedy="请更正后重传",
        object_="户籍.csv",
        why="有两处错误",
        reference=ARTICLE,
        problems=[Problem("第 3 行", "缺少一列", "请补齐", "file.ragged")],
        extra={"retry": 5},
    )
    assert error.as_problem() == {
        "type": "urn:yishu:error:invalid",
        "title": "不能装载",
        "status": 422,
        "code": "invalid",
        "next": "请更正后重传",
        "object": "户籍.csv",
        "detail": "有两处错误",
        "reference": {"pack": "sample", "instrument": "样例办法", "article": "第二条", "row": "SA-2"},
        "problems": [{"where": "第 3 行", "what": "缺少一列", "next": "请补齐", "code": "file.ragged"}],
        "retry": 5,
    }


def test_problem_document_leaves_out_what_is_not_known():
    error = PublicError("出错", remedy="请重试", code="sample.code", status=418)
    assert set(error.as_problem()) == {"type", "title", "status", "code", "next"}
    assert (error.as_problem()["status"], str(error)) == (418, "出错")


@pytest.mark.parametrize(
    ("kind", "status"), [(NotAllowed, 403), (NotFound, 404), (Conflict, 409), (Invalid, 422), (Unavailable, 503)]
)
def test_every_kind_of_error_has_its_status(kind, status):
    assert kind("出错", remedy="请重试").status == status


def test_reference_reads_as_people_cite_it():
    assert str(ARTICLE) == "样例办法 第二条"
