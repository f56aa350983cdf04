"""本地分类: kept by the authority, used by the editor and by codes."""

import pytest

from yishu.catalogue import actions, classification
from yishu.catalogue.models import ClassNode
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound

from .conftest import AT, PERMITS
from .test_pages import client_of

pytestmark = pytest.mark.django_db


def add(county, path="307", code="016", title="食品经营", by=None):
    return classification.add_class(
        jurisdiction=county.jurisdiction, path=path, code=code, title=title, by=by or county.reviewer, at=AT
    )


def test_category_and_its_division_added_renamed_and_closed(county):
    node = add(county)
    add(county, "307016", "01", "许可")
    assert classification.tree(county.jurisdiction).under("307016") == {"01": "许可"}
    classification.rename_class(node_id=node.pk, title="食品生产经营", by=county.reviewer, at=AT)
    assert classification.tree(county.jurisdiction).title("307", "016") == "食品生产经营"
    classification.set_class_active(node_id=node.pk, active=False, by=county.reviewer, at=AT)
    assert classification.tree(county.jurisdiction).under("307") == {}
    with pytest.raises(Conflict):
        add(county)


@pytest.mark.parametrize(
    ("path", "code", "title"),
    [("399", "016", "甲"), ("307", "16", "甲"), ("307", "0160", "甲"), ("307016", "01", "甲"), ("307", "016", " "), ("307", "016", "甲\u202e"), ("307", "016", "甲" * 81), ("x", "", "")],
)  # fmt: skip
def test_wrong_class_is_refused(county, path, code, title):
    with pytest.raises(Invalid):
        add(county, path, code, title)
    assert not ClassNode.objects.exists()


def test_only_the_authority_of_the_same_jurisdiction_keeps_the_tree(county, elsewhere):
    node = add(county)
    for stranger in (county.market_clerk, elsewhere.reviewer):
        with pytest.raises(NotAllowed):
            add(county, code="018", by=stranger)
    with pytest.raises(NotFound):
        classification.rename_class(node_id=node.pk, title="乙", by=elsewhere.reviewer, at=AT)


def test_pasted_table_is_taken_whole_or_every_wrong_line_told(county):
    def bring(text):
        return classification.import_classes(jurisdiction=county.jurisdiction, text=text, by=county.reviewer, at=AT)

    with pytest.raises(Invalid) as caught:
        bring("编码\t名称\n307016\t食品\n30716\t少一位\n399001\t没有的项\n30701701\t没有目\n307016\t又一次\n")
    assert [p.where[:5] for p in caught.value.problems] == [f"第 {n} 行" for n in (3, 4, 5, 6)]
    assert not ClassNode.objects.exists()
    done = bring("编码\t名称\n307016\t食品\n30701601\t许可\n3-07-017\t药品\n")
    assert (done.added, done.renamed) == (3, 0)
    assert bring("307016 食品经营").renamed == 1
    assert classification.tree(county.jurisdiction).words("3", "07", "016", "01") == "目 016 食品经营 · 细目 01 许可"


def test_submission_uses_the_tree_and_the_code_carries_it(county, draft_of):
    add(county)
    resource = draft_of(category="018")
    with pytest.raises(Invalid) as caught:
        actions.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=county.market_clerk, at=AT)
    assert [p.code for p in caught.value.problems] == ["catalogue.category_unknown"]
    good = draft_of(title="食品经营许可证副本信息")
    assert good.category == PERMITS.category == "016"
    actions.submit_resource(resource_id=good.pk, seen_revision=good.revision, by=county.market_clerk, at=AT)
    good.refresh_from_db()
    assert good.code == "307016/000001"


def test_page_shows_the_tree_to_all_and_the_forms_to_the_authority(county, elsewhere):
    add(county)
    clerk, keeper = client_of(county.market_clerk), client_of(county.reviewer)
    text = clerk.get("/catalogue/classes/").content.decode()
    assert "食品经营" in text and 'name="text"' not in text
    assert "食品经营" not in client_of(elsewhere.market_clerk).get("/catalogue/classes/").content.decode()
    assert (
        keeper.post("/catalogue/classes/", {"do": "add", "path": "307", "code": "017", "title": "药品"}).status_code
        == 302
    )
    bad = keeper.post("/catalogue/classes/", {"do": "add", "path": "307", "code": "017", "title": "药品经营"})
    assert bad.status_code == 422 and "已经有了" in bad.content.decode() and "药品经营" in bad.content.decode()
    assert keeper.post("/catalogue/classes/", {"do": "import", "text": "307018\t器械"}).status_code == 302
    node = ClassNode.objects.get(code="018")
    assert keeper.post("/catalogue/classes/", {"do": "close", "node": node.pk}).status_code == 302
    assert clerk.post("/catalogue/classes/", {"do": "open", "node": node.pk}).status_code == 403
    assert keeper.post("/catalogue/classes/", {"do": "rename", "node": "9" * 30, "title": "x\x00"}).status_code == 404
    lists = clerk.get("/catalogue/classes/options/?classification=3-07&category=016").content.decode()
    assert '<option value="017">药品</option>' in lists and "器械" not in lists
    for hostile in ("?q=%00'", "?path=xx", "?sort=drop&page=abc"):
        assert clerk.get(f"/catalogue/classes/{hostile}").status_code == 200
