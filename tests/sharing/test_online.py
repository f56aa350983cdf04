"""Online lookup and receipts against a running gateway and sequencer: one path from the page to the signed log."""

import json
import re
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from yishu.kernel.codes import person_id_check
from yishu.kernel.time import shanghai_date
from yishu.ledger.notes import VERIFIER_KEYS, read_verifier_keys
from yishu.ledger.sequencer import Sequencer
from yishu.ledger.verify import verify_receipt
from yishu.orgs import actions as orgs
from yishu.security.masks import MASKS
from yishu.sharing import actions
from yishu.sharing.adapters import publish_grant

pytestmark = pytest.mark.django_db(transaction=True)


def person_id(number):
    body = f"410821198501{1 + number % 28:02d}{number:03d}"
    return body + person_id_check(body)


KEYS = [person_id(n) for n in range(1, 4)]


@pytest.fixture
def sequencer(database_url):
    running = Sequencer(url=lambda: database_url, home=django_settings.ENVIRONMENT.home, sign_seconds=0.05)
    thread = threading.Thread(target=running.run)
    thread.start()
    yield running
    running.stop.set()
    thread.join(10)


@pytest.fixture
def served(conditional):
    """Three people in the resource's serving table."""
    table = f"r{conditional.pk}_{uuid4().hex}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"create table serving.{table} (i0001 text primary key, i0002 text, i0003 text, i0004 text, i0005 date, _row bigint)"
        )
        for n, key in enumerate(KEYS):
            cursor.execute(
                f"insert into serving.{table} values (%s, %s, %s, null, '2026-01-02', %s)",
                [key, "欧阳<娜>娜", str(1 + n % 2), n],
            )
        cursor.execute(
            "insert into serving.current values (%s, %s, %s, 1, 3, now()) on conflict (resource_code) do update set table_name = excluded.table_name",
            [conditional.code, table, uuid4()],
        )
    return table


@pytest.fixture
def grant(world, conditional, asked, served, settings, gateway):
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, gateway_url=gateway)
    at = timezone.now()
    today = shanghai_date(at)
    term = {"starts_on": today, "ends_on": today + timedelta(days=30)}
    application = actions.submit_application(
        resource_id=conditional.pk, department=world.departments["civil"], by=world.user, at=at,
        request=asked(items=("i0001", "i0002", "i0004", "i0005"), **term),
    )  # fmt: skip
    return actions.approve_application(
        application_id=application.pk, seen_revision=application.case.revision, items=application.items, masks={}, by=world.reviewer,
        at=at, row_filter=[actions.RowCondition("i0003", "eq", ("1",))], **term,
    )  # fmt: skip


@pytest.fixture
def enter(world, client):
    def run(name):
        person = world.people[name]
        type(person).objects.filter(pk=person.pk).update(must_change_password=False)
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return run


def receipt_in(answer):
    return re.search(r"/sharing/receipts/([0-9a-f-]{36})/", answer.content.decode()).group(1)


def test_lookup_page_shows_the_masked_record_and_its_receipt_and_never_the_stored_value(enter, grant, served):
    page, url = enter("user"), reverse("sharing-lookup", args=[grant.pk])
    answer = page.post(url, {"keys": KEYS[0]})
    text = answer.content.decode()
    assert answer.status_code == 200, text
    assert "欧阳**" in text and "410821************" in text and "2026-01-02" in text and "（空）" in text
    assert "娜" not in text and text.count("性别代码") == 1, "named as the filter, shown nowhere"
    assert receipt_in(answer) and answer["Cache-Control"] == "no-store"
    assert "没有查到记录" in page.post(url, {"keys": KEYS[1]}).content.decode(), "outside the row filter"
    assert "查到 2 条记录" in page.post(url, {"keys": "\n".join(KEYS)}).content.decode()
    wrong = page.post(url, {"keys": "410821198501011111"})
    assert wrong.status_code == 422 and "标识" in wrong.content.decode()


def test_lookup_after_revocation_is_refused_by_page_and_gateway_from_the_first_call(
    enter, grant, world, gateway, conditional
):
    client, secret = orgs.create_client(
        department=world.departments["civil"], name="救助系统", by=None, at=timezone.now()
    )
    actions.set_grant_clients(grant_id=grant.pk, client_ids=[client.pk], by=world.user, at=timezone.now())
    with httpx.Client(base_url=gateway, trust_env=False) as http:
        token = http.post(
            "/oauth/token", auth=(client.client_id, secret), data={"grant_type": "client_credentials"}
        ).json()["access_token"]

        def call():
            code = conditional.code.replace("/", "-")
            return http.post(
                f"/v1/resources/{code}/lookup", json={"keys": [KEYS[0]]}, headers={"Authorization": f"Bearer {token}"}
            )

        assert call().json()["records"][0]["姓名"] == "欧阳***"
        actions.revoke_grant(grant_id=grant.pk, reason="超范围使用", by=world.reviewer, at=timezone.now())
        assert call().status_code in (403, 404)
    assert enter("user").post(reverse("sharing-lookup", args=[grant.pk]), {"keys": KEYS[0]}).status_code == 403


def test_receipt_page_prints_verifies_and_downloads_for_those_who_may_see_it(enter, grant, sequencer, tmp_path):
    number = receipt_in(enter("user").post(reverse("sharing-lookup", args=[grant.pk]), {"keys": KEYS[0]}))
    url, file = reverse("sharing-receipt", args=[number]), reverse("sharing-receipt-json", args=[number])
    page = enter("user")
    for _ in range(100):
        answer = page.get(file)
        assert answer.status_code in (200, 202)
        if answer.status_code == 200:
            break
        time.sleep(0.1)
    document = json.loads(answer.content)
    trusted = read_verifier_keys((Path(django_settings.ENVIRONMENT.home) / "keys" / VERIFIER_KEYS).read_text())
    assert verify_receipt(document, trusted).allowed
    text = page.get(url + "?verify=1").content.decode()
    assert "凭证属实" in text and "<svg" in text and "已存证" in text and number in text
    for secret in (KEYS[0], "欧阳"):
        assert secret not in text and secret not in answer.content.decode()
    for name in ("giver", "reviewer", "auditor"):
        reader = enter(name)
        assert reader.get(url).status_code == 200 and reader.get(file).status_code == 200
        assert number in reader.get(reverse("sharing-receipts")).content.decode()
    stranger = enter("other")
    assert stranger.get(url).status_code == 404 and stranger.get(file).status_code == 404
    assert number not in stranger.get(reverse("sharing-receipts")).content.decode()
    assert stranger.get(reverse("sharing-receipt", args=[uuid4()])).status_code == 404


def test_receipt_without_its_proof_yet_says_so_and_the_list_filters_and_opens_a_number(enter, grant):
    page = enter("user")
    number = receipt_in(page.post(reverse("sharing-lookup", args=[grant.pk]), {"keys": KEYS[0]}))
    assert "证明正在生成" in page.get(reverse("sharing-receipt", args=[number])).content.decode(), (
        "no sequencer runs in this test"
    )
    assert page.get(reverse("sharing-receipt-json", args=[number])).status_code == 202
    assert page.get(reverse("sharing-receipts") + f"?q={number}").url == reverse("sharing-receipt", args=[number])
    shown = page.get(reverse("sharing-receipts") + f"?kind=delivery&resource={grant.resource.code}").content.decode()
    assert number in shown and "常住人口登记信息" in shown
    assert number not in page.get(reverse("sharing-receipts") + "?kind=refusal").content.decode()
    assert page.get(reverse("sharing-receipts") + "?q=%00x'").status_code == 200
    assert number in page.get(reverse("sharing-grant", args=[grant.pk])).content.decode()


def test_every_mask_runs_in_the_gateway_role(enter, grant):
    """The compiled text of every mask kind runs under the gateway's least-privileged role."""
    for kind in [k for k, m in MASKS.items() if "C" in m.data_types]:
        type(grant).objects.filter(pk=grant.pk).update(masks={"i0002": kind})
        grant.refresh_from_db()
        with transaction.atomic():
            publish_grant(grant)
        answer = enter("user").post(reverse("sharing-lookup", args=[grant.pk]), {"keys": KEYS[0]})
        assert answer.status_code == 200 and "欧阳&lt;娜&gt;娜" not in answer.content.decode(), kind
