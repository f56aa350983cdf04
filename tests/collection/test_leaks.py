"""What must not get out of collection: cells in error reports, formulas in downloads, files in the machine's shared folders."""

import csv
import io
import os
import stat
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.collection.county import AT, csv_bytes, person_id, person_row
from yishu.collection import actions, downloads, store
from yishu.collection.sweeping import sweep
from yishu.orgs import actions as orgs


def enter(person):
    client = Client()
    type(person).objects.filter(pk=person.pk).update(must_change_password=False)
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_file_without_heading_row_report_quotes_no_cell(world):
    load = world.load(csv_bytes([person_row(2)], person_row(1)))
    text = str(load.error)
    assert load.error["code"] == "collection.heading" and "列名行不可省略" in text
    assert not [cell for cell in person_row(1) if len(cell) > 2 and cell in text]


def test_heading_with_a_number_among_names_is_not_quoted(world):
    load = world.load(csv_bytes([[*person_row(1), "x"]], [*(i.name for i in world.population.items), person_id(9)]))
    assert load.error["problems"][0]["code"] == "extra_column" and person_id(9) not in str(load.error)


@pytest.mark.parametrize("text", ["=1+1", "＝1+1", "＠x", "＋1", "－1a", "\t=1", "|x", "%x"])
def test_neutral_formula_in_any_width_gets_an_apostrophe(text):
    assert downloads.neutral(text) == f"'{text}"


def test_template_and_rejects_heading_with_formula_is_neutral(world):
    items = (replace(world.population.items[0], name='=HYPERLINK("x")'), *world.population.items[1:])
    text = downloads.template_csv(replace(world.population, items=items)).removeprefix(downloads.BOM)
    heading = next(csv.reader(io.StringIO(text)))
    assert heading[0] == '\'=HYPERLINK("x")'


def test_auditor_reads_the_loads_of_the_jurisdiction_and_downloads_no_rejects(world):
    load = world.load(csv_bytes([person_row(1), ["x", *person_row(2)[1:]]]))
    auditor, _ = orgs.create_person(
        username="shenji",
        name="审明细",
        department=world.reviewer.department,
        by=None,
        at=AT,
        password="Mima-2026-Shufu",
    )
    orgs.grant_role(person=auditor, kind="auditor", by=None, at=AT)
    client = enter(auditor)
    assert client.get(reverse("collection-load", args=[load.pk])).status_code == 200
    assert client.get(reverse("collection-rejects", args=[load.pk])).status_code == 403
    assert client.post(reverse("collection-retry", args=[load.pk])).status_code == 403


@pytest.mark.parametrize(
    "query", ["q=%00", "q=a%00b", "state=%00", "resource=%00", "resource=%C2%B2", "sort=%00", "page=%C2%B2"]
)
def test_loads_list_with_hostile_query_opens(world, query):
    assert enter(world.clerk).get(f"{reverse('collection-loads')}?{query}").status_code == 200


def test_received_files_and_pools_are_closed_to_other_accounts(world):
    world.load(csv_bytes([person_row(1)]))
    for folder in (store.uploads(), store.lake_root(), *store.lake_root().iterdir()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    incoming = settings.FILE_UPLOAD_TEMP_DIR
    assert incoming == str(settings.ENVIRONMENT.home / "scratch") or os.path.basename(incoming) == "scratch"
    assert stat.S_IMODE(os.stat(incoming).st_mode) == 0o700


def test_upload_left_by_a_killed_web_process_is_swept(world):
    store.scratch().mkdir(parents=True, exist_ok=True)
    left = store.scratch() / "tmpabc.upload.csv"
    left.write_text("x")
    old = AT.timestamp()
    os.utime(left, (old, old))
    sweep(at=AT + timedelta(minutes=30))
    assert left.exists()
    sweep(at=AT + timedelta(hours=2))
    assert not left.exists()


def test_load_whose_job_was_given_up_is_ended_and_can_be_run_again(world):
    load = world.upload(csv_bytes([person_row(1)]))
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set status = 'failed' where args->>'load_id' = %s", [str(load.pk)])
    assert sweep(at=AT + timedelta(minutes=30)).forsaken == 0, "not before the hour is over"
    assert sweep(at=AT + timedelta(hours=2)).forsaken == 1
    load.refresh_from_db()
    assert load.state == "failed" and load.error["code"] == "collection.internal"
    assert actions.retry_load(load_id=load.pk, by=world.clerk, at=AT + timedelta(hours=3)).state == "received"
    assert sweep(at=AT + timedelta(hours=4)).forsaken == 0, "its new job stands beside it"
