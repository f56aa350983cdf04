"""Saved filters: one's own, harmless, and there where they were made."""

import pytest
from django.urls import reverse

from yishu.orgs.models import SavedView

pytestmark = pytest.mark.django_db
SAVE = "/orgs/views/"


def test_saved_view_is_kept_shown_opened_and_deleted(office, browser_of):
    browser, page = browser_of(office.admin), reverse("orgs-departments")
    answer = browser.post(SAVE, {"page": page, "name": "不完整的", "query": "profile=incomplete&page=3"})
    assert answer["Location"] == f"{page}?profile=incomplete"
    shown = browser.get(page, {"profile": "incomplete"}).content.decode()
    assert "不完整的" in shown and "保存当前筛选" not in shown
    assert "不完整的" not in browser_of(office.reviewer).get(page).content.decode()
    view = SavedView.objects.get()
    assert browser_of(office.reviewer).post(reverse("orgs-view-delete", args=[view.pk])).status_code == 404
    assert browser.post(reverse("orgs-view-delete", args=[view.pk])).status_code == 302
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    "page", ["https://example.invalid/", "//example.invalid/", "/nowhere/", "\x00", "javascript:alert(1)"]
)
def test_saved_view_of_no_page_is_refused(office, browser_of, page):
    assert browser_of(office.admin).post(SAVE, {"page": page, "name": "坏", "query": "q=1"}).status_code == 422
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("name", "query"), [("", "q=1"), ("好", ""), ("长" * 41, "q=1"), ("好", "q=" + "长" * 4000), ("a\x00", "q=1")]
)
def test_saved_view_without_name_or_filters_is_told(office, browser_of, name, query):
    page = reverse("orgs-people")
    answer = browser_of(office.admin).post(SAVE, {"page": page, "name": name, "query": query}, follow=True)
    assert "筛选没有保存" in answer.content.decode() and not SavedView.objects.exists()
