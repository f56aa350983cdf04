"""Rows of the acceptance list the organisations carry whole, each driven through their pages."""

import pytest
from django.urls import reverse

from yishu.orgs.models import DepartmentChange

pytestmark = pytest.mark.django_db


@pytest.mark.article("XW-5.2")
def test_department_profile_gaps_are_flagged_to_the_authority_and_every_change_is_kept(office, browser_of):
    authority, admin = browser_of(office.reviewer), browser_of(office.admin)
    department = reverse("orgs-department", args=[office.estate.pk])
    overview, edit = reverse("orgs-departments"), reverse("orgs-department-edit", args=[office.estate.pk])
    page = authority.get(overview, {"profile": "incomplete"}).content.decode()
    assert office.estate.name in page and "缺主要负责人、专职机构、专职人员" in page and "第五条第二款" in page
    form = admin.get(edit).content.decode()
    assert all(word in form for word in ("主要负责人", "专职机构", "专职人员")) and form.count("第五条第二款") == 3
    given = {"name": office.estate.name, "uscc": office.estate.uscc, "kind": "government", "active": "on"}
    steps = (
        ({"unit": "信息中心"}, "缺主要负责人、专职人员"),
        ({"unit": "信息中心", "responsible": office.clerk.pk}, "缺专职人员"),
        ({"unit": "信息中心", "responsible": office.clerk.pk, "officers": [office.clerk.pk]}, ""),
    )
    for more, missing in steps:  # a gap refuses nothing, it stays flagged until it is filled
        assert admin.post(edit, given | more).status_code == 302
        page = authority.get(overview, {"profile": "incomplete"}).content.decode()
        assert (missing in page) if missing else (office.estate.name not in page)
    assert admin.post(edit, given | steps[0][0]).status_code == 302
    assert "缺主要负责人、专职人员" in authority.get(overview, {"profile": "incomplete"}).content.decode()
    history = authority.get(department).content.decode().partition("变更记录")[2]
    assert "信息中心" in history and history.count("易经办") >= 4 and "甄管理" in history
    rows = DepartmentChange.objects.filter(department=office.estate).order_by("pk")
    kept = [(r.field, r.before, r.after) for r in rows if r.field in ("unit", "responsible", "officers")]
    assert kept[:3] == [("unit", "", "信息中心"), ("responsible", "", "易经办"), ("officers", "", "易经办")]
    assert set(kept[3:]) == {("responsible", "易经办", ""), ("officers", "易经办", "")}
