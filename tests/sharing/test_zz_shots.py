"""Online lookup and receipts against a running gateway and sequencer: one path from the page to the signed log."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def gateway(gateway_database_url, tmp_path_factory):
    """The address of a real gateway over the test database."""
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("YISHU_", "COV_"))} | {
        "YISHU_HOME": str(django_settings.ENVIRONMENT.home), "YISHU_GATEWAY_DATABASE_URL": gateway_database_url,
        "YISHU_GATEWAY_PORT": str(port), "YISHU_METRICS_PORT": str(free_port()),
    }  # fmt: skip
    log = tmp_path_factory.mktemp("gateway") / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "yishu.cli", "gateway"], env=environment, stdout=out, stderr=out
        )
    try:
        for _ in range(300):
            assert process.poll() is None, log.read_text()
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/healthz")
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


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


os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
from playwright.sync_api import sync_playwright


@pytest.mark.filterwarnings("ignore")
def test_shots(live_server, client, enter, grant, sequencer, world, conditional, open_resource, asked):
    NAME = django_settings.SESSION_COOKIE_NAME
    at = timezone.now()
    today = shanghai_date(at)
    app = actions.submit_application(
        resource_id=conditional.pk,
        department=world.departments["health"],
        by=world.other,
        at=at,
        request=asked(starts_on=today, ends_on=today + timedelta(days=30)),
    )
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])

        def ctx(name, w=1280):
            c = b.new_context(viewport={"width": w, "height": 800})
            c.add_cookies(
                [{"name": NAME, "value": enter(name).cookies[NAME].value, "url": live_server.url}]
            )
            return c.new_page()

        def shot(pg, n):
            pg.screenshot(path=f"/tmp/shots-sharing/{n}.png", full_page=True)

        for w in (1280, 390):
            pg = ctx("user", w)
            pg.goto(live_server.url + reverse("sharing-mine"))
            shot(pg, f"mine-{w}")
            pg.goto(live_server.url + reverse("sharing-apply", args=[conditional.pk]))
            pg.check("#id_items_0")
            shot(pg, f"apply1-{w}")
            pg.click("text=下一步：为什么")
            pg.click("text=下一步：怎么用")
            shot(pg, f"apply2err-{w}")
            pg.fill("#id_law_basis", "某规定")
            pg.fill("#id_duty_basis", "某职责")
            pg.fill("#id_need", "需求")
            pg.check("#id_purpose_0")
            pg.click("text=下一步：怎么用")
            shot(pg, f"apply3-{w}")
            pg.goto(live_server.url + reverse("sharing-direct", args=[open_resource.pk]))
            shot(pg, f"direct-{w}")
            pg.goto(live_server.url + reverse("sharing-grant", args=[grant.pk]))
            shot(pg, f"grant-{w}")
            pg.goto(live_server.url + reverse("sharing-lookup", args=[grant.pk]))
            pg.fill("#id_keys", KEYS[0])
            pg.click("main button[type=submit]")
            shot(pg, f"lookup-{w}")
            time.sleep(1.5)
            pg.click("text=查看凭证")
            shot(pg, f"receipt-{w}")
            pg.goto(pg.url + "?verify=1")
            shot(pg, f"receiptv-{w}")
            pg.goto(live_server.url + reverse("sharing-receipts"))
            shot(pg, f"receipts-{w}")
            pg = ctx("reviewer", w)
            pg.goto(live_server.url + reverse("case", args=[app.case_id]))
            pg.click("summary:has-text('批准使用')")
            shot(pg, f"case-{w}")
            pg.goto(live_server.url + reverse("sharing-grant", args=[grant.pk]))
            shot(pg, f"grantrev-{w}")
        b.close()
