"""The pages of collection as people use them."""

import csv
import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.collection.county import HEADING, csv_bytes, person_id, person_row
from yishu.collection.models import Load
from yishu.collection.runs import run_load


@pytest.fixture
def as_person(world):
    def sign_in(person):
        client = Client()
        person.must_change_password = False
        if hasattr(type(person), "must_change_password"):
            person.save()
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


def bad(number, column, value):
    row = person_row(number)
    row[column] = value
    return row


def test_clerk_uploads_a_file_and_reads_its_report(world, as_person):
    clerk = as_person(world.clerk)
    page = clerk.get(reverse("collection-new"), {"resource": world.population.id})
    assert all(name in page.content.decode() for name in HEADING)
    file = SimpleUploadedFile("人口.csv", csv_bytes([person_row(1), bad(2, 2, "7")]))
    answer = clerk.post(reverse("collection-new"), {"resource": world.population.id, "file": file})
    load = Load.objects.get()
    assert answer.status_code == 302 and answer["Location"] == reverse("collection-load", args=[load.pk])
    waiting = clerk.get(answer["Location"]).content.decode()
    assert "排队" in waiting and "hx-get" in waiting
    assert "HX-Refresh" not in clerk.get(reverse("collection-progress", args=[load.pk])).headers
    run_load(load.pk)
    done = clerk.get(answer["Location"]).content.decode()
    assert "性别代码" in done and "不在代码表内" in done and "当前提供的数据" in done
    assert clerk.get(reverse("collection-progress", args=[load.pk])).headers["HX-Refresh"] == "true"


def test_report_page_shows_no_rejected_value_in_clear(world, as_person):
    load = world.load(csv_bytes([person_row(1), bad(2, 0, person_id(2)[:17])]))
    page = as_person(world.reviewer).get(reverse("collection-load", args=[load.pk])).content.decode()
    assert person_id(2)[:17] not in page and "第 2 行" in page


def test_failed_load_page_tells_what_to_do_and_offers_another_try(world, as_person):
    load = world.load(csv_bytes([["1"]], ["姓名"]))
    page = as_person(world.clerk).get(reverse("collection-load", args=[load.pk])).content.decode()
    assert "collection.heading" in page and "缺少这一列" in page and "重新处理" in page
    answer = as_person(world.clerk).post(reverse("collection-retry", args=[load.pk]))
    assert answer.status_code == 302 and Load.objects.get().state == Load.State.RECEIVED


def test_rejects_download_is_for_the_provider_and_neutral_to_spreadsheets(world, as_person):
    rows = [person_row(1), bad(2, 1, ""), bad(3, 2, "=1+1"), bad(4, 2, "-3"), bad(5, 2, "@x")]
    load = world.load(csv_bytes(rows))
    url = reverse("collection-rejects", args=[load.pk])
    assert as_person(world.reviewer).get(url).status_code == 403
    assert as_person(world.market).get(url).status_code == 404
    answer = as_person(world.clerk).get(url)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    found = list(csv.DictReader(io.StringIO(text)))
    assert [(row["行号"], row["信息项"], row["性别代码"]) for row in found] == [
        ("2", "姓名", person_row(2)[2]), ("3", "性别代码", "'=1+1"), ("4", "性别代码", "-3"), ("5", "性别代码", "'@x"),
    ]  # fmt: skip
    assert found[0]["公民身份号码"] == person_id(2)


def test_loads_list_searches_filters_and_sorts(world, as_person):
    world.load(csv_bytes([person_row(1)]), "第一批.csv")
    world.load(b"", "第二批.csv")
    clerk = as_person(world.clerk)
    url = reverse("collection-loads")
    both = clerk.get(url).content.decode()
    assert both.index("第二批.csv") < both.index("第一批.csv")
    assert "第二批" not in clerk.get(url, {"state": "published"}).content.decode()
    assert "第一批" not in clerk.get(url, {"q": "第二"}).content.decode()
    assert clerk.get(url, {"sort": "-rows"}).status_code == 200
    assert "没有符合条件" in clerk.get(url, {"q": "' or 1=1 --"}).content.decode()
    assert "第一批" not in as_person(world.market).get(url).content.decode()
    assert "第一批" in as_person(world.reviewer).get(url).content.decode()


def test_loads_list_when_empty_says_what_to_do(world, as_person):
    assert "还没有装载过数据" in as_person(world.clerk).get(reverse("collection-loads")).content.decode()


def test_other_departments_load_cannot_be_told_from_a_missing_one(world, as_person):
    load = world.load(csv_bytes([person_row(1)]))
    market = as_person(world.market)
    answers = [market.get(reverse("collection-load", args=[pk])) for pk in (load.pk, uuid.uuid4())]
    assert {a.status_code for a in answers} == {404}
    assert all("collection.no_load" in a.content.decode() and "人口.csv" not in a.content.decode() for a in answers)
    assert market.post(reverse("collection-retry", args=[load.pk])).status_code == 404


def test_upload_for_another_departments_resource_is_no_choice(world, as_person):
    file = SimpleUploadedFile("x.csv", csv_bytes([person_row(1)]))
    answer = as_person(world.market).post(reverse("collection-new"), {"resource": world.population.id, "file": file})
    assert answer.status_code == 422 and not Load.objects.exists()


def test_template_has_the_item_names(world, as_person):
    answer = as_person(world.clerk).get(reverse("collection-template", args=[world.population.id]))
    assert answer.content.decode("utf-8-sig").strip().split(",") == HEADING


def test_resource_page_shows_freshness_and_a_broken_arrow(world, as_person):
    url = reverse("catalogue-resource", args=[world.population.id])
    assert "还没有数据" in as_person(world.consumer).get(url).content.decode()
    world.load(csv_bytes([person_row(1), bad(2, 2, "7")]))
    world.load(b"")
    page = as_person(world.clerk).get(url).content.decode()
    assert "1 行" in page and "最近一次失败" in page and "上传数据" in page
