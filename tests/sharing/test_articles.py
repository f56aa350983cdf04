"""Rows of the acceptance list that sharing carries whole, driven through pages, the HTTP API and public actions."""

import io
import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.collection.county import move_home, serving_tables
from yishu.catalogue import actions as catalogue
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.collection import actions as collection
from yishu.collection.errors import NotCatalogued
from yishu.collection.models import Load
from yishu.collection.runs import run_load
from yishu.kernel.codes import person_id_check
from yishu.kernel.errors import Invalid, NotAllowed, NotFound
from yishu.kernel.time import shanghai_date
from yishu.orgs import actions as orgs
from yishu.sharing import actions
from yishu.sharing.models import Application, Grant

from .conftest import AT, ITEMS, uscc

pytestmark = pytest.mark.django_db(transaction=True)

DRAFT = ResourceDraft(
    title="行政许可台账", summary="许可事项和有效期，测试用", category="016", source_kind="system", subject_kind="other",
    format_class="3", format_type="postgresql", use_purposes=("administrative_basis",), share_mode_type="interface",
    update_cycle="daily",
)  # fmt: skip
KEY = "41082119850102001" + person_id_check("41082119850102001")


@pytest.fixture
def enter(world):
    """A browser signed in as a person of the world; ``""`` for nobody."""

    def run(name=""):
        client = Client()
        if name:
            person = world.people[name]
            type(person).objects.filter(pk=person.pk).update(must_change_password=False)
            client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return run


@pytest.fixture
def typed():
    today = shanghai_date(timezone.now())
    return {
        "items": ["i0001", "i0002"], "law_basis": "社会救助有关规定", "duty_basis": "部门职责第三项", "need": "核对登记情况",
        "purpose": "data_verification", "mode": "lookup", "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=100)).isoformat(), "undertaking": "on", "step": "3", "go": "submit",
    }  # fmt: skip


@pytest.fixture
def tidy():
    yield
    with connection.cursor() as cursor:
        cursor.execute("delete from serving.current")
        cursor.execute("truncate procrastinate_jobs cascade")
        for name in serving_tables():
            cursor.execute(f'drop table serving."{name}"')


def ledger(**wanted):
    """Entries of the ledger whose parts are these, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("select entry from ledger.inbox union all select entry from ledger.leaf")
        entries = [json.loads(bytes(row[0])) for row in cursor.fetchall()]
    return [e for e in entries if all((e.get(k) or e["facts"].get(k)) == v for k, v in wanted.items())]


def request_of(typed):
    today = shanghai_date(timezone.now())
    parts = {k: typed[k] for k in ("law_basis", "duty_basis", "need", "purpose", "mode")}
    return actions.Request(
        items=("i0001",), row_filter=(), starts_on=today, ends_on=today + timedelta(days=30), **parts
    )


@pytest.mark.article("XW-2.2")
def test_only_the_three_kinds_of_department_own_resources_and_apply(world, open_resource, conditional, asked):
    kinds = ("government", "authorised_institution", "authorised_organisation", "township")
    for n, kind in enumerate(kinds):
        made = orgs.create_department(
            jurisdiction=world.jurisdiction, name=f"修武县第{n}单位", uscc=uscc(99100 + n), kind=kind, by=None, at=AT
        )
        person, _ = orgs.create_person(
            username=f"clerk{n}", name="某经办", department=made, by=None, at=AT, password="Mima-2026-Shufu"
        )
        for role in ("provider", "consumer"):
            orgs.grant_role(person=person, kind=role, by=None, at=AT)
        title = f"第{n}台账"
        resource = catalogue.create_resource(
            department=made, draft=replace(DRAFT, title=title), items=(ItemDraft(f"事项{n}"),), by=person, at=AT
        )

        def own(resource=resource, person=person):
            catalogue.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=person, at=AT)

        def apply(made=made, person=person):
            actions.submit_application(resource_id=conditional.pk, department=made, request=asked(), by=person, at=AT)

        def take(made=made, person=person):
            actions.take_direct_access(
                resource_id=open_resource.pk, department=made, purpose="work_reference", by=person, at=AT,
                starts_on=AT.date(), ends_on=AT.date() + timedelta(days=9),
            )  # fmt: skip

        if kind != "township":
            own(), apply(), take()
            continue
        with pytest.raises(Invalid) as caught:
            own()
        assert [(p.code, p.reference.row) for p in caught.value.problems] == [("catalogue.provider_kind", "XW-2.2")]
        for use in (apply, take):
            with pytest.raises(NotAllowed) as refused:
                use()
            assert refused.value.code == "orgs.kind_may_not_own" and refused.value.reference
    with pytest.raises(Invalid) as caught:
        orgs.create_department(
            jurisdiction=world.jurisdiction, name="某某公司", uscc=uscc(99109), kind="company", by=None, at=AT
        )
    assert [(p.code, p.reference.row) for p in caught.value.problems] == [("orgs.kind_not_listed", "XW-2.2")]
    assert Application.objects.count() == Grant.objects.count() == 3


@pytest.mark.article("XW-7")
def test_nothing_exists_without_a_published_catalogue_code(world, gateway, typed, enter):
    now = timezone.now()
    resource = catalogue.create_resource(
        department=world.departments["police"], draft=DRAFT, items=ITEMS, by=world.giver, at=AT
    )
    catalogue.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=world.giver, at=AT)
    resource.refresh_from_db()
    for code in (resource.code, "307999/000001"):
        with pytest.raises(NotCatalogued) as caught:
            collection.receive_upload(
                resource_code=code, file=io.BytesIO(b"x\n1\n"), file_name="x.csv", by=world.giver, at=now
            )
        assert caught.value.reference.row == "XW-7"
    file = SimpleUploadedFile("x.csv", b"x\n1\n")
    page = enter("giver").post(reverse("collection-new"), {"resource": resource.pk, "file": file})
    assert page.status_code == 422 and "第七条" in page.content.decode()
    with pytest.raises(NotFound):
        actions.submit_application(
            resource_id=resource.pk,
            department=world.departments["civil"],
            request=request_of(typed),
            by=world.user,
            at=now,
        )
    with pytest.raises(NotFound):
        actions.take_direct_access(
            resource_id=resource.pk, department=world.departments["civil"], purpose="work_reference", by=world.user, at=now,
            starts_on=shanghai_date(now), ends_on=shanghai_date(now),
        )  # fmt: skip
    for name in ("sharing-apply", "sharing-direct"):
        assert enter("user").get(reverse(name, args=[resource.pk])).status_code == 404
    client, secret = orgs.create_client(department=world.departments["civil"], name="救助系统", by=None, at=now)
    with httpx.Client(base_url=gateway, trust_env=False) as http:
        token = http.post("/oauth/token", auth=(client.client_id, secret), data={"grant_type": "client_credentials"})
        http.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        assert http.get("/v1/resources").json()["resources"] == []
        answers = [
            http.post(f"/v1/resources/{code}/lookup", json={"keys": [KEY]})
            for code in (resource.code.replace("/", "-"), "307999-000001")
        ]
    assert {a.status_code for a in answers} <= {403, 404} and len({a.json()["code"] for a in answers}) == 1
    assert not (Load.objects.exists() or Application.objects.exists() or Grant.objects.exists())


@pytest.mark.article("XW-17.2")
def test_application_states_need_and_purpose_costs_nothing_and_its_waiting_is_counted(enter, conditional, typed):
    user, url = enter("user"), reverse("sharing-apply", args=[conditional.pk])
    for part, words in (("need", "政务业务需求"), ("purpose", "具体用途")):
        answer = user.post(url, typed | {part: ""})
        assert answer.status_code == 422 and words in answer.content.decode() and not Application.objects.exists()
    done = user.post(url, typed)
    assert done.status_code == 302
    case = user.get(done.url).content.decode()
    assert "核对登记情况" in case and "用于数据校核" in case
    assert "文本未规定时限，已历时 0 分钟" in case, "the text sets no limit: the time is told, not judged"
    for page in (user.get(url).content.decode(), case, user.get(f"/catalogue/{conditional.pk}/").content.decode()):
        main = page.split("<main", 1)[1]
        assert not any(word in main for word in ("价格", "收费", "费用", "金额", "计费", "付款"))


@pytest.mark.article("XW-19.1.b")
@pytest.mark.parametrize("share_type", ["conditional", "withheld"])
def test_conditional_and_withheld_data_need_three_parts_and_the_authority_alone(enter, publish, typed, share_type):
    resource = publish(share_type, title="社会救助对象信息")
    user, url = enter("user"), reverse("sharing-apply", args=[resource.pk])
    assert "申请共享" in user.get(f"/catalogue/{resource.pk}/").content.decode()
    assert user.post(reverse("sharing-direct", args=[resource.pk]), typed).status_code in (302, 403)
    assert not Grant.objects.exists()
    for part, words in (("law_basis", "法律政策依据"), ("duty_basis", "部门职责依据"), ("need", "政务业务需求")):
        answer = user.post(url, typed | {part: " "})
        text = answer.content.decode()
        assert answer.status_code == 422 and f"请填写{words}" in text and "第十九条第一项" in text, part
    assert not Application.objects.exists()
    assert user.post(url, typed).status_code == 302
    application = Application.objects.get()
    decide = reverse("case-decide", args=[application.case_id, "approve"])
    given = {k: typed[k] for k in ("items", "starts_on", "ends_on")} | {"revision": application.case.revision}
    given |= {"mask_i0001": "person_id", "mask_i0002": "name"}
    for name, status in (("giver", 403), ("user", 403), ("auditor", 403), ("other", 404)):
        assert enter(name).post(decide, given).status_code == status, name
    assert not Grant.objects.exists()
    assert "请您办理" not in enter("giver").get(reverse("case", args=[application.case_id])).content.decode()
    assert enter("reviewer").post(decide, given).status_code == 302
    grant = Grant.objects.get()
    page = user.get(reverse("sharing-grant", args=[grant.pk])).content.decode()
    assert "有效" in page and "第十九条第一项" in page


@pytest.mark.article("XW-17.4")
def test_collecting_sharing_and_using_each_know_who_decide_and_leave_a_record(
    world, conditional, enter, typed, gateway, tmp_path, monkeypatch, tidy
):
    move_home(tmp_path, monkeypatch)
    code, now = conditional.code, timezone.now()
    heading = ",".join(i.name for i in ITEMS)

    def upload(name):
        file = SimpleUploadedFile("x.csv", f"{heading}\n{KEY},欧阳娜,2,某处,2026-01-02\n".encode())
        return enter(name).post(reverse("collection-new"), {"resource": conditional.pk, "file": file})

    assert "/accounts/login/" in upload("").url
    assert upload("user").status_code in (403, 422) and upload("reviewer").status_code in (403, 422)
    assert not Load.objects.exists()
    assert upload("giver").status_code == 302
    assert run_load(Load.objects.get().pk).state == Load.State.PUBLISHED
    received = ledger(event="collection.load_published", resource=code)
    assert len(received) == 1 and received[0]["department"] == str(world.departments["police"].pk)

    url = reverse("sharing-apply", args=[conditional.pk])
    assert "/accounts/login/" in enter().post(url, typed).url
    assert enter("giver").post(url, typed).status_code == 403
    assert enter("user").post(url, typed).status_code == 302
    application = Application.objects.get()
    decide = reverse("case-decide", args=[application.case_id, "approve"])
    given = {k: typed[k] for k in ("items", "starts_on", "ends_on")} | {"revision": application.case.revision}
    given |= {"mask_i0001": "person_id", "mask_i0002": "name"}
    assert enter("giver").post(decide, given).status_code == 403
    assert enter("reviewer").post(decide, given).status_code == 302
    (decision,) = ledger(kind="decision", case=str(application.case_id))
    assert decision["actor"] == f"person:{world.reviewer.pk}" and decision["facts"]["outcome"] == "approve"

    grant = Grant.objects.get()
    mine, secret = orgs.create_client(department=world.departments["civil"], name="救助系统", by=None, at=now)
    other, foreign = orgs.create_client(department=world.departments["health"], name="别家", by=None, at=now)
    actions.set_grant_clients(grant_id=grant.pk, client_ids=[mine.pk], by=world.user, at=now)
    with httpx.Client(base_url=gateway, trust_env=False) as http:

        def look_up(client, word):
            headers = {}
            if client:
                token = http.post(
                    "/oauth/token", auth=(client.client_id, word), data={"grant_type": "client_credentials"}
                )
                headers["Authorization"] = f"Bearer {token.json()['access_token']}"
            return http.post(f"/v1/resources/{code.replace('/', '-')}/lookup", json={"keys": [KEY]}, headers=headers)

        assert look_up(None, "").status_code == 401
        assert look_up(other, foreign).status_code in (403, 404)
        answer = look_up(mine, secret)
    assert answer.json()["records"][0]["姓名"] == "欧阳*"
    (refused,) = ledger(kind="refusal", actor=f"client:{other.client_id}")
    (delivered,) = ledger(kind="delivery", actor=f"client:{mine.client_id}")
    assert (
        delivered["grant"] == str(grant.pk) and delivered["facts"]["records"] == 1 and refused["resource"] in (code, "")
    )
