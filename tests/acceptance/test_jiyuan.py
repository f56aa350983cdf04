"""济源: rows of the acceptance list that no single context carries whole."""

import io
from dataclasses import replace

import pytest

from tests.catalogue.conftest import PERMIT_ITEMS
from tests.catalogue.town import AT, JIYUAN, Town, make_town, new_resource, publish, submit
from tests.collection.county import csv_bytes, move_home, person_id, served, uscc
from yishu.catalogue.drafts import ItemDraft
from yishu.collection import actions as collection
from yishu.collection.models import Load
from yishu.collection.runs import run_load
from yishu.kernel.errors import Invalid
from yishu.registers.models import Entry

from .acts import browser, check_authority, check_both_lists, check_catalogue_first, check_queue, enter, text

pytestmark = pytest.mark.django_db
STANDARD = {"title": "目录编制规范", "kind": "目录编制规范", "version": "1.0", "issued_on": "2026-09-01"}
NAME = ItemDraft("姓名", length=60, required=True)


@pytest.mark.article("JY-4.1")
@pytest.mark.parametrize("mode", ["as_written", "overlaid"])
def test_authority_keeps_standards_reviews_and_oversees_every_department(mode):
    town = make_town(JIYUAN, mode)
    check_authority(town, STANDARD)
    check_queue(town)
    page = text(browser(town.people["authority"]).get(f"/orgs/jurisdictions/{town.jurisdiction.pk}/"))
    assert "省级共享交换平台" in page


@pytest.mark.article("JY-17")
@pytest.mark.parametrize("mode", ["as_written", "overlaid"])
def test_both_lists_are_reviewed_by_the_authority_and_make_the_district_catalogue(mode):
    check_both_lists(make_town(JIYUAN, mode))


@pytest.mark.article("JY-13")
@pytest.mark.parametrize("mode", ["as_written", "overlaid"])
def test_nothing_is_loaded_shared_or_opened_before_the_catalogue_names_it(mode, tmp_path, monkeypatch):
    move_home(tmp_path, monkeypatch)
    check_catalogue_first(make_town(JIYUAN, mode), "JY-13")


@pytest.mark.article("JY-3")
def test_opening_is_part_of_every_resource_and_its_limits_stand_in_the_published_catalogue():
    town = make_town(JIYUAN)
    form = text(browser(town.people["provider"]).get("/catalogue/new/"))
    assert 'name="open_type"' in form and "不含数据开放" not in form
    silent = new_resource(town, open_type="")
    with pytest.raises(Invalid) as caught:
        submit(town, silent)
    assert "开放类型" in {p.where for p in caught.value.problems}
    opened = new_resource(town, title="许可公示", is_open=True, open_type="unconditional", duplicate_note="不同")
    publish(town, opened)
    page = text(browser(town.people["police"]).get(f"/catalogue/{opened.pk}/"))
    assert "向社会开放" in page and "无条件开放" in page and "不含数据开放" not in page


def _load(town: Town, spec, rows, heading) -> Load:
    received = collection.receive_upload(
        resource_code=spec.code, file=io.BytesIO(csv_bytes(rows, heading)), file_name="x.csv", by=town.people["provider"], at=AT
    )  # fmt: skip
    return run_load(received.pk)


@pytest.mark.article("JY-20.2")
def test_people_stand_by_document_number_organisations_by_credit_code_and_wrong_ones_are_rejected(
    tmp_path, monkeypatch
):
    move_home(tmp_path, monkeypatch)
    town = make_town(JIYUAN)
    for subject, item in (("natural_person", NAME), ("legal_entity", replace(NAME, name="单位"))):
        with pytest.raises(Invalid) as caught:
            submit(
                town,
                new_resource(
                    town, items=(item,), title=f"{subject}无标识", subject_kind=subject, duplicate_note="不同"
                ),
            )
        assert ("catalogue.identifier_missing", "JY-20.2") in {
            (p.code, p.reference.row) for p in caught.value.problems if p.reference
        }
    document = ItemDraft("证件号码", required=True, identifier="identity_document", is_key=True, mask="text")
    people = publish(
        town,
        new_resource(
            town, items=(document, NAME), title="持证人", subject_kind="natural_person", duplicate_note="不同"
        ),
    )
    right, swapped = person_id(3), person_id(4)
    swapped = swapped[:17] + ("1" if swapped[17] != "1" else "2")
    load = _load(
        town, people, [[right, "某甲"], ["E12345678", "某乙"], [swapped, "某丙"], ["12", "某丁"]], ["证件号码", "姓名"]
    )
    assert {r["code"]: r["rows"] for r in load.report["reasons"]} == {"id_check_digit": 1, "id_document_format": 1}
    assert {r[0] for r in served(people)} == {right, "E12345678"}
    firms = publish(town, new_resource(town, title="许可证", duplicate_note="不同"))
    good, bad = uscc(1), uscc(2)[:17] + ("A" if uscc(2)[17] != "A" else "B")
    heading = [i.name for i in PERMIT_ITEMS]
    load = _load(town, firms, [[good, "甲店", "X1", "2026-01-02"], [bad, "乙店", "X2", "2026-01-02"]], heading)
    assert {r["code"]: r["rows"] for r in load.report["reasons"]} == {"uscc_check_character": 1}
    assert [r[0] for r in served(firms)] == [good]


@pytest.mark.article("JY-29")
def test_channel_outside_the_network_is_refused_unless_another_rule_is_named_and_a_new_network_is_a_breach(settings):
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, egov_networks=("10.20.0.0/16",))
    town = make_town(JIYUAN)
    keeper, clerk = town.people["authority"], town.people["provider"]
    given = {"network": "电子政务外网", "status": "已接入"}
    outside = enter(clerk, "channel", town.market.pk, name="外联", endpoint="192.168.1.0/24", **given)
    assert outside.status_code == 422 and "不在电子政务网络范围内" in text(outside) and "/JY-29/" in text(outside)
    assert enter(clerk, "channel", town.market.pk, name="内联", endpoint="10.20.3.0/24", **given).status_code == 302
    ruled = {"name": "公安专网", "network": "上级另有规定", "status": "已接入", "endpoint": "192.168.1.0/24"}
    assert enter(clerk, "channel", town.market.pk, **ruled).status_code == 422, "no exception without its basis"
    assert enter(clerk, "channel", town.market.pk, exception="国家某规定第二条", **ruled).status_code == 302
    for state, exception, code in (
        ("待整合", "", 302),
        ("上级另有规定", "", 422),
        ("上级另有规定", "某规定第三条", 302),
        ("违规新建", "", 302),
    ):
        answer = enter(clerk, "network", town.market.pk, name=f"专网{state}", state=state, exception=exception)
        assert answer.status_code == code, state
    page = text(browser(keeper).get("/registers/network/?state=breach"))
    assert "专网违规新建" in page and "专网待整合" not in page and "/JY-60.6/" in page
    merged = Entry.objects.get(title="专网待整合")
    typed = {"revision": 1, "f_name": merged.title, "f_state": "已并入"}
    assert browser(clerk).post(f"/registers/entries/{merged.pk}/edit/", typed).status_code == 302
    merged.refresh_from_db()
    assert merged.fields["state"] == "已并入"


@pytest.mark.article("JY-31")
def test_platforms_are_registered_with_their_merging_and_a_new_one_is_a_forbidden_act():
    town = make_town(JIYUAN)
    keeper, clerk = town.people["authority"], town.people["provider"]
    page = text(browser(keeper).get(f"/orgs/jurisdictions/{town.jurisdiction.pk}/"))
    assert "上级平台" in page and "省级共享交换平台" in page and "/JY-31/" in page
    given = {"kind": "共享平台", "joined": "no", "department": town.market.pk}
    assert enter(clerk, "platform", town.market.pk, name="旧平台", state="整合中", **given).status_code == 302
    assert enter(keeper, "platform", town.market.pk, name="未登记的平台", state="另行新建", **given).status_code == 302
    page = text(browser(keeper).get("/registers/platform/"))
    assert page.count("属于禁止行为") >= 1 and "/JY-57.7/" in page
    breach = text(browser(keeper).get("/registers/platform/?state=breach"))
    assert "未登记的平台" in breach and "旧平台" not in breach
    old = Entry.objects.get(title="旧平台")
    typed = {
        "revision": 1,
        "f_name": "旧平台",
        "f_kind": "共享平台",
        "f_joined": "yes",
        "f_state": "已并入",
        "f_department": town.market.pk,
    }
    assert browser(clerk).post(f"/registers/entries/{old.pk}/edit/", typed).status_code == 302
    assert "未登记的平台" not in text(browser(town.people["police"]).get("/registers/platform/")), (
        "another department's"
    )
