"""修武: rows of the acceptance list that no single context carries whole."""

import pytest

from tests.catalogue.town import JIYUAN, XIUWU, YUHUA, make_town, new_resource, publish

from .acts import browser, check_authority, check_both_lists, check_queue, text

pytestmark = pytest.mark.django_db
STANDARD = {"title": "汇聚规范 2026", "kind": "汇聚规范", "version": "1.0", "issued_on": "2026-09-01"}


@pytest.mark.article("XW-5.1")
@pytest.mark.parametrize("mode", ["as_written", "overlaid"])
def test_authority_keeps_standards_reviews_and_oversees_every_department(mode):
    town = make_town(XIUWU, mode)
    check_authority(town, STANDARD)
    check_queue(town)


@pytest.mark.article("XW-8.3")
@pytest.mark.parametrize("mode", ["as_written", "overlaid"])
def test_both_lists_are_reviewed_by_the_authority_and_make_the_county_catalogue(mode):
    check_both_lists(make_town(XIUWU, mode))


@pytest.mark.article("XW-4", "JY-5", "YH-6")
@pytest.mark.parametrize(
    ("pack", "label"),
    [(XIUWU, "归政府所有"), (JIYUAN, "归政府所有"), (YUHUA, "归区人民政府所有")],
    ids=["xiuwu", "jiyuan", "yuhua"],
)
def test_every_resource_says_whose_it_is_and_no_form_changes_it(pack, label):
    town = make_town(pack)
    resource = new_resource(town)
    publish(town, resource)
    page = text(browser(town.people["police"]).get(f"/catalogue/{resource.pk}/"))
    assert "数据归属" in page and town.law.values["ownership.label"] in page
    assert label.removeprefix("归").removesuffix("所有") in town.law.values["ownership.label"]
    form = text(browser(town.people["provider"]).get("/catalogue/new/"))
    assert "ownership" not in form and "本部门所有" not in form
