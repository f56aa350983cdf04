"""忻州: rows of the acceptance list that no single context carries whole."""

import io
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from tests.catalogue.conftest import PERMIT_ITEMS
from tests.catalogue.test_changes import change
from tests.catalogue.test_leads import check_led
from tests.catalogue.town import AT, SINCE, XINZHOU, make_town, new_resource, publish
from tests.collection.county import csv_bytes, move_home, uscc
from tests.sharing.conftest import gateway  # noqa: F401
from tests.sharing.test_articles import ledger, tidy  # noqa: F401
from yishu.cases.models import Urging
from yishu.cases.queries import waiting_for
from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.union import union_catalogue
from yishu.collection import actions as collection
from yishu.collection.runs import run_load
from yishu.kernel.errors import Invalid, NotAllowed
from yishu.kernel.time import shanghai_date
from yishu.orgs import actions as orgs
from yishu.orgs.models import Area, Department, Person, Role
from yishu.registers.filings import decide_filing, submit_filing
from yishu.registers.models import Entry
from yishu.sharing import actions as sharing
from yishu.sharing.models import Application, Grant

from .acts import browser, check_authority, enter, request_of, text

STANDARD = {"title": "数据质量标准", "field": "数据质量", "version": "1.0", "issued_on": "2026-09-01"}


def _person(department: Department, key: str, name: str, *kinds: str) -> Person:
    made = Person.objects.create(username=key, name=name, department=department, created_at=SINCE)
    for kind in kinds:
        Role.objects.create(person=made, department=department, kind=kind, granted_at=SINCE)
    return made


def _file(department: Department, by: Person):
    return submit_filing(
        department=department, unit="信息科", person=by, rules="共享管理制度", coordination="每月会商", by=by, at=AT
    )


@pytest.mark.django_db
@pytest.mark.article("XZ-1.4.a")
def test_leading_group_reads_and_urges_and_the_city_authority_guides_and_oversees():
    town = make_town(XINZHOU, "overlaid")
    check_authority(town, STANDARD)
    guide = {"title": "目录操作指南", "topic": "目录操作", "issued_on": "2026-09-01"}
    assert enter(town.people["authority"], "guide", town.authority.pk, **guide).status_code == 302
    leader = _person(town.authority, "ling", "凌组长", "leader")
    filing = _file(town.market, town.people["provider"])
    resource = new_resource(town)
    publish(town, resource)
    reader = browser(leader)
    for path in (
        "/",
        "/catalogue/",
        f"/catalogue/{resource.pk}/",
        f"/cases/{filing.case.pk}/",
        "/supervision/",
        "/registers/",
    ):
        assert reader.get(path).status_code == 200, path
    assert enter(leader, "guide", town.authority.pk, **guide).status_code == 403
    assert reader.get("/catalogue/new/").status_code == 403
    with pytest.raises(NotAllowed):
        decide_filing(case=filing.case, outcome="file", reason="", seen_revision=1, by=leader, at=AT)
    late = change(town, at=AT).case
    given = {"note": "请抓紧办理并说明原因", "revision": late.revision}
    wanted = (shanghai_date(timezone.now()) + timedelta(days=3)).isoformat()
    answer = reader.post(f"/cases/{late.pk}/urging/", given | {"wanted_on": wanted})
    assert answer.status_code == 302 and Urging.objects.filter(by=leader, case=late).exists()
    clerk = browser(town.people["police"]).post(f"/cases/{late.pk}/urging/", given | {"wanted_on": wanted})
    assert clerk.status_code in (403, 404)


@pytest.mark.django_db
@pytest.mark.article("XZ-1.4.b")
def test_counties_and_the_zone_are_run_by_their_own_authority_and_joined_to_the_city():
    city = make_town(XINZHOU, name="试市")
    county = make_town(XINZHOU, name="试县", prefix="c-", parent=city.jurisdiction)
    area = Area.objects.create(jurisdiction=city.jurisdiction, name="经开区", created_at=SINCE)
    given = {"jurisdiction": city.jurisdiction, "kind": "government", "area": area, "created_at": SINCE}
    zone = Department.objects.create(name="经开区数据局", uscc="11410899MB0000009K", is_authority=True, **given)
    inside = Department.objects.create(name="经开区民政局", uscc="11410899MB0000008J", **given)
    keeper, clerk = _person(zone, "jk", "甄片区", "authority"), _person(inside, "jm", "甄民政", "provider")
    filings = {
        "county": _file(county.market, county.people["provider"]).case,
        "zone": _file(inside, clerk).case,
        "city": _file(city.market, city.people["provider"]).case,
    }
    for who, own in ((county.people["authority"], "county"), (keeper, "zone"), (city.people["authority"], "city")):
        assert filings[own] in waiting_for(who)
        assert not (set(waiting_for(who)) & {c for k, c in filings.items() if k != own}), own
    with pytest.raises(NotAllowed):
        decide_filing(
            case=filings["zone"], outcome="file", reason="", seen_revision=1, by=city.people["authority"], at=AT
        )
    decide_filing(case=filings["zone"], outcome="file", reason="", seen_revision=1, by=keeper, at=AT)
    decide_filing(
        case=filings["county"], outcome="file", reason="", seen_revision=1, by=county.people["authority"], at=AT
    )
    publish(county, new_resource(county))
    assert [e.jurisdiction for e in union_catalogue(city.jurisdiction)] == [county.jurisdiction], "joined by itself"
    seen = text(browser(keeper).get("/orgs/departments/"))
    assert "经开区民政局" in seen and city.market.name not in seen
    assert browser(keeper).get(f"/orgs/departments/{city.market.pk}/").status_code == 404


@pytest.mark.django_db
@pytest.mark.article("XZ-3.1.c")
@pytest.mark.parametrize("mode", ["as_written", "overlaid"])
def test_theme_catalogue_is_its_lead_departments_alone(mode):
    assert check_led(make_town(XINZHOU, mode), "theme", "theme_library", "food_drug") == "XZ-3.1.c"


@pytest.mark.django_db
@pytest.mark.article("XZ-5.1.a")
def test_channels_are_registered_with_their_migration_and_one_built_since_is_a_forbidden_act():
    town = make_town(XINZHOU)
    keeper, clerk = town.people["authority"], town.people["provider"]
    for name, migration in (("旧通道", "待迁移"), ("平台通道", "已迁入平台")):
        assert (
            enter(clerk, "channel", town.market.pk, name=name, purpose="核验", migration=migration).status_code == 302
        )
    assert enter(clerk, "channel", town.market.pk, name="无状态", purpose="核验").status_code == 422
    built = {"name": "私接通道", "purpose": "部门互传", "migration": "施行后自建"}
    assert enter(keeper, "channel", town.police.pk, **built).status_code == 302
    breach = text(browser(keeper).get("/registers/channel/?state=breach"))
    assert "私接通道" in breach and "/XZ-7.4.9/" in breach and "旧通道" not in breach
    old = Entry.objects.get(title="旧通道")
    typed = {"revision": 1, "f_name": "旧通道", "f_purpose": "核验", "f_migration": "迁移中"}
    assert browser(clerk).post(f"/registers/entries/{old.pk}/edit/", typed).status_code == 302
    old.refresh_from_db()
    assert [c.after["migration"] for c in old.changes.order_by("revision")] == ["待迁移", "迁移中"]
    assert "私接通道" not in text(browser(clerk).get("/registers/channel/")), "another department's"


@pytest.mark.django_db(transaction=True)
@pytest.mark.article("XZ-4.3.d")
def test_graded_items_are_masked_callers_authenticated_and_authorised_and_every_use_can_be_traced(
    gateway, tmp_path, monkeypatch, tidy  # noqa: F811
):  # fmt: skip
    move_home(tmp_path, monkeypatch)
    now = timezone.now()
    town = make_town(XINZHOU)
    items = (*PERMIT_ITEMS, ItemDraft("法定代表人", length=60, sensitivity="privacy"))
    with pytest.raises(Invalid):
        publish(town, new_resource(town, title="未分级的", items=items, duplicate_note="不同"), grades={})
    given = {"share_type": "conditional", "share_condition": "用于核验", "share_scope": "公安局"}
    spec = publish(town, new_resource(town, items=items, duplicate_note="不同", **given))
    assert spec.items[-1].mask == "name" and all(i.grade for i in spec.items)
    key = uscc(1)
    row = csv_bytes([[key, "某店", "X1", "2026-01-02", "欧阳娜"]], [i.name for i in items])
    load = collection.receive_upload(
        resource_code=spec.code, file=io.BytesIO(row), file_name="x.csv", by=town.people["provider"], at=now
    )
    assert run_load(load.pk).state == "published"
    today = shanghai_date(now)
    last = spec.items[-1].column
    request = sharing.Request(
        items=(spec.items[0].column, last), row_filter=(), law_basis="某规定", duty_basis="职责第三项", need="核对登记情况",
        purpose=next(iter(town.law.options("use_purposes"))).key if town.law.options("use_purposes") else "work_reference",
        mode="lookup", starts_on=today, ends_on=today + timedelta(days=30),
    )  # fmt: skip
    application = sharing.submit_application(
        resource_id=spec.id, department=town.police, request=request, by=town.people["police"], at=now
    )
    common = {"application_id": application.pk, "at": now}
    with pytest.raises(NotAllowed):
        sharing.move_application(
            outcome="pass", seen_revision=1, reason="", facts={}, by=town.people["police"], **common
        )
    sharing.move_application(
        outcome="pass", seen_revision=1, reason="", facts={}, by=town.people["authority"], **common
    )
    grant_ = {
        "items": list(request.items),
        "row_filter": (),
        "masks": {},
        "starts_on": today,
        "ends_on": request.ends_on,
    }
    grant = sharing.approve_application(seen_revision=2, by=town.people["provider"], **grant_, **common)
    assert grant.masks == {last: "name"}, "the provider grants with the mask of the item"
    mine, secret = orgs.create_client(department=town.police, name="核验系统", by=None, at=now)
    other, foreign = orgs.create_client(department=town.market, name="别家", by=None, at=now)
    sharing.set_grant_clients(grant_id=grant.pk, client_ids=[mine.pk], by=town.people["police"], at=now)
    with httpx.Client(base_url=gateway, trust_env=False) as http:

        def look_up(client=None, word=""):
            headers = {}
            if client:
                token = http.post(
                    "/oauth/token", auth=(client.client_id, word), data={"grant_type": "client_credentials"}
                )
                headers["Authorization"] = f"Bearer {token.json()['access_token']}"
            return http.post(
                f"/v1/resources/{spec.code.replace('/', '-')}/lookup", json={"keys": [key]}, headers=headers
            )

        assert look_up().status_code == 401
        assert look_up(other, foreign).status_code in (403, 404)
        answer = look_up(mine, secret)
    assert answer.json()["records"][0]["法定代表人"] == "欧阳*"
    (traced,) = ledger(kind="delivery", actor=f"client:{mine.client_id}")
    assert traced["grant"] == str(grant.pk) and answer.headers["x-receipt-id"], (
        "who, under which grant, with which receipt"
    )
    assert Application.objects.count() == Grant.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.article("XZ-4.3.c", "XZ-2.1")
def test_grant_waits_for_the_signed_agreement_and_no_internal_measure_carries_a_refusal():
    town = make_town(XINZHOU)
    given = {"share_type": "conditional", "share_condition": "用于核验", "share_scope": "公安局"}
    applied = []
    for title, agreement in (("须签协议的", True), ("不须签的", False), ("拟拒绝的", False)):
        spec = publish(town, new_resource(town, title=title, duplicate_note="不同", **given), agreement=agreement)
        assert spec.elements["agreement_required"] is agreement
        made = sharing.submit_application(
            resource_id=spec.id, department=town.police, request=request_of(), by=town.people["police"], at=AT
        )
        move = {"outcome": "pass", "seen_revision": 1, "reason": "", "facts": {}, "by": town.people["authority"]}
        sharing.move_application(application_id=made.pk, at=AT, **move)
        applied.append({"application_id": made.pk, "seen_revision": 2, "by": town.people["provider"], "at": AT})
    term = {"starts_on": AT.date(), "ends_on": AT.date() + timedelta(days=9)}
    grant = {"items": ["i0001"], "row_filter": (), "masks": {}} | term
    with pytest.raises(Invalid) as caught:
        sharing.approve_application(**applied[0], **grant)
    assert {(p.code, p.reference.row) for p in caught.value.problems} == {("sharing.agreement_missing", "XZ-4.3.c")}
    form = text(
        browser(town.people["provider"]).get(
            f"/cases/{Application.objects.get(pk=applied[0]['application_id']).case_id}/"
        )
    )
    assert "已签的安全协议" in form and "依据种类" in form
    sharing.approve_application(**applied[0], **grant, answers={"agreement": "〔2026〕3号，9月18日"})
    sharing.approve_application(**applied[1], **grant)
    no = {"reason": "涉及案件线索", "basis": "本局数据管理办法第三条"}
    for kind in ("internal_measure", ""):
        with pytest.raises(Invalid) as caught:
            sharing.refuse_application(**applied[2], **no, basis_kind=kind)
        assert caught.value.reference is not None and caught.value.reference.row in ("XZ-2.1", "XZ-4.2")
    refused = sharing.refuse_application(**applied[2], reason=no["reason"], basis="某法第十二条", basis_kind="law")
    assert refused.state == Application.State.REFUSED and Grant.objects.count() == 2
