"""Base and theme libraries: led by one department, base items locked; the city's union catalogue."""

from datetime import timedelta

import pytest

from yishu.cases.queries import procedure_of
from yishu.catalogue import actions, attachments, leads, queries, union
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.models import Lead
from yishu.kernel.errors import Invalid, NotAllowed

from .conftest import PERMIT_ITEMS
from .test_basis import PDF
from .town import AT, JIYUAN, XINZHOU, XIUWU, draft_for, make_town, new_resource, publish, submit, take

pytestmark = pytest.mark.django_db
BASE_ITEMS = (PERMIT_ITEMS[0], ItemDraft("单位名称", is_base=True), ItemDraft("联系电话"))


def name(town, kind, library, department, at=AT):
    return leads.name_lead(kind=kind, library=library, department=department, by=town.people["authority"], at=at)


def by_police(town, **changes):
    return actions.create_resource(
        department=town.police, draft=draft_for(town, **changes), items=BASE_ITEMS, by=town.people["police"], at=AT
    )


def check_led(town, kind, field, library):
    """Nobody catalogues for a library before a lead is named; then the lead alone."""
    orphan = new_resource(town, items=BASE_ITEMS if kind == "base" else PERMIT_ITEMS, **{field: library})
    with pytest.raises(Invalid) as caught:
        submit(town, orphan)
    assert "catalogue.lead_missing" in {p.code for p in caught.value.problems}
    name(town, kind, library, town.market)
    with pytest.raises(Invalid) as caught:
        by_police(town, **{field: library})
    assert caught.value.code == "catalogue.not_lead" and town.market.name in caught.value.what
    assert publish(town, orphan).elements[field] == library
    name(town, kind, library, town.police, AT + timedelta(days=1))
    with pytest.raises(Invalid):
        actions.save_draft(
            resource_id=orphan.pk, seen_revision=type(orphan).objects.get(pk=orphan.pk).revision,
            draft=draft_for(town, **{field: library}), items=PERMIT_ITEMS, by=town.people["provider"], at=AT + timedelta(days=2),
        )  # fmt: skip
    return caught.value.reference.row


@pytest.mark.article("XZ-3.1.b")
def test_each_of_the_six_base_catalogues_of_xinzhou_is_its_lead_departments_alone():
    town = make_town(XINZHOU)
    libraries = [o.key for o in town.law.options("base_libraries")]
    assert len(libraries) == 6 and {leads.kept_by(o, "base") for o in town.law.options("base_libraries")} == {"lead"}
    check_led(town, "base", "base_library", "population")
    for library in libraries[1:]:
        name(town, "base", library, town.police)
        with pytest.raises(Invalid) as caught:
            new_resource(town, title=library, base_library=library)
        assert caught.value.reference.row == "XZ-3.1.b"
    assert Lead.objects.filter(library="population").count() == 2


@pytest.mark.article("JY-15.2")
def test_base_catalogue_of_jiyuan_is_its_lead_departments_alone():
    assert check_led(make_town(JIYUAN), "base", "base_library", "legal_entity") in ("JY-15.2", "JY-15.1", "JY-32.2")


@pytest.mark.article("JY-15.3")
def test_theme_catalogue_of_jiyuan_is_its_lead_departments_alone():
    town = make_town(JIYUAN)
    assert len(town.law.options("theme_libraries")) == 11
    assert check_led(town, "theme", "theme_library", "food_drug").startswith("JY-15.3")


@pytest.mark.article("JY-15.1", "JY-32.2")
def test_base_items_of_the_five_libraries_of_jiyuan_are_locked_unconditional():
    town = make_town(JIYUAN)
    libraries = town.law.options("base_libraries")
    assert {o.key for o in libraries} == {"population", "legal_entity", "credit", "geography", "certificate"}
    for option in libraries:
        name(town, "base", option.key, town.market)
        items = (PERMIT_ITEMS[0], ItemDraft("单位名称", is_base=True, share_type="conditional"))
        resource = new_resource(
            town, title=f"库{option.key}", items=items, base_library=option.key, duplicate_note="不同"
        )
        with pytest.raises(Invalid) as caught:
            submit(town, resource)
        assert "catalogue.base_item_locked" in {p.code for p in caught.value.problems}
    business = new_resource(
        town, title="登记信息", items=BASE_ITEMS, base_library="legal_entity", share_type="conditional", share_condition="核验",
        share_scope="审批部门", basis_kind="law", share_basis="《某法》第二条", duplicate_note="不同",
    )  # fmt: skip
    attachments.attach(resource_id=business.pk, purpose="share_basis", file=PDF, by=town.people["provider"], at=AT)
    spec = publish(town, business)
    assert [i.share_type for i in spec.items] == ["conditional", "unconditional", "conditional"]


def test_department_of_another_place_or_a_provider_cannot_name_or_become_lead(client):
    town, other = make_town(JIYUAN), make_town(XIUWU, name="别县", prefix="b-")
    with pytest.raises(Invalid):
        name(town, "base", "population", other.market)
    with pytest.raises(Invalid):
        name(town, "base", "invented", town.market)
    with pytest.raises(NotAllowed):
        leads.name_lead(kind="base", library="population", department=town.market, by=town.people["provider"], at=AT)
    client.force_login(town.people["authority"])
    assert (
        client.post("/catalogue/leads/", {"library": "base:population", "department": other.market.pk}).status_code
        == 422
    )
    assert (
        client.post("/catalogue/leads/", {"library": "base:population", "department": town.market.pk}).status_code
        == 302
    )
    page = client.get("/catalogue/leads/").content.decode()
    assert "市场监督管理局" in page and "尚未指定" in page and "指定记录" in page


@pytest.mark.article("XZ-3.1.d")
def test_catalogue_is_filed_not_approved_and_the_countys_joins_the_citys_union(client):
    city = make_town(XINZHOU, name="试市")
    county = make_town(XINZHOU, name="试县", prefix="c-", parent=city.jurisdiction)
    stranger = make_town(XINZHOU, name="远县", prefix="s-")
    resource = new_resource(county)
    case = submit(county, resource)
    assert [s.role for s in procedure_of(case).steps.values()] == ["reviewer", "provider"]
    assert "备案" in case.number and not union.union_catalogue(city.jurisdiction).exists()
    case = take(county, case, "file")
    assert [e.title for e in union.union_catalogue(city.jurisdiction)] == ["食品经营许可证信息"]
    for other in (stranger.jurisdiction,):
        assert not union.union_catalogue(other).exists()
    client.force_login(city.people["police"])
    page = client.get("/catalogue/union/?q=食品").content.decode()
    assert "食品经营许可证信息" in page and "试县" in page
    assert client.get(f"/catalogue/{resource.pk}/").status_code == 404
    client.force_login(county.people["police"])
    own = client.get(f"/catalogue/{resource.pk}/").content.decode()
    assert "已备案" in own and "已汇入上级" in own and case.number in own
    publish(city, new_resource(city))
    assert union.union_catalogue(city.jurisdiction).count() == 2
    assert union.union_catalogue(county.jurisdiction).count() == 1
    assert queries.published(id=resource.pk, jurisdiction=county.jurisdiction).version == 1
