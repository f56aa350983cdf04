"""The editor while somebody types: checks, keeping, restoring, order of rows, bad input, what each pack asks."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from yishu.catalogue import autosave
from yishu.catalogue.grid import MOST_ITEMS
from yishu.catalogue.models import Autosave, Resource
from yishu.kernel.errors import Invalid

from .conftest import AT, make_county
from .test_pages import client_of, form_data

pytestmark = pytest.mark.django_db


def page(client, path, data=None):
    answer = client.get(path) if data is None else client.post(path, data)
    return answer.content.decode()


def test_check_tells_what_is_missing_with_links_and_writes_nothing(county):
    client = client_of(county.market_clerk)
    text = page(client, "/catalogue/check/", form_data(summary="", source_kind="", **{"items-0-identifier": ""}))
    assert (
        "提交前还有 3 处" in text
        and 'href="#id_summary"' in text
        and 'data-to="id_source_kind"' in text
        and "第十二条" in text
    )
    assert "内容齐备" in page(client, "/catalogue/check/", form_data())
    # A blank row before the wrong one does not shift the link.
    rows = form_data(
        rows=3,
        **{
            "items-1-name": "",
            "items-2-name": "日期",
            "items-2-data_type": "D",
            "items-2-is_key": "on",
            "items-0-is_key": "",
        },
    )
    assert 'data-to="id_items-2-is_key"' in page(client, "/catalogue/check/", rows)
    wrong = page(client, "/catalogue/check/", form_data(title="", **{"items-1-length": "abc"}))
    assert 'data-to="id_title"' in wrong and 'data-to="id_items-1-length"' in wrong
    assert not Resource.objects.exists() and not Autosave.objects.exists()


def test_typing_is_kept_restored_with_a_notice_and_gone_after_saving(county, draft_of):
    resource = draft_of()
    client, path = client_of(county.market_clerk), f"/catalogue/{resource.pk}/edit/"
    typed = form_data(resource=str(resource.pk), revision=str(resource.revision), summary="没有保存的摘要")
    assert "已自动保存" in page(client, "/catalogue/autosave/", typed)
    resource.refresh_from_db()
    assert resource.summary != "没有保存的摘要"
    text = page(client, path)
    assert "已恢复" in text and "没有保存的摘要" in text and "处不同" in text
    assert "没有保存的摘要" not in page(client_of(county.police_clerk), "/catalogue/new/")
    assert client.post(path, typed | {"do": "save"}).status_code == 302
    assert not Autosave.objects.exists() and "已恢复" not in page(client, path)


def test_kept_typing_can_be_given_up(county):
    client = client_of(county.market_clerk)
    page(client, "/catalogue/autosave/", form_data(title="写到一半"))
    assert "写到一半" in page(client, "/catalogue/new/")
    assert client.post("/catalogue/new/", {"do": "discard", "department": county.market.pk}).status_code == 302
    assert "写到一半" not in page(client, "/catalogue/new/") and not Autosave.objects.exists()


def test_typing_kept_over_an_older_revision_stands_behind_the_newer_one(county, draft_of):
    resource = draft_of()
    client, path = client_of(county.market_clerk), f"/catalogue/{resource.pk}/edit/"
    typed = form_data(resource=str(resource.pk), revision=str(resource.revision))
    page(client, "/catalogue/autosave/", typed | {"summary": "我的改动"})
    Resource.objects.filter(pk=resource.pk).update(summary="别人的改动", revision=resource.revision + 1)
    assert "其他人已保存" in page(client, "/catalogue/autosave/", typed | {"summary": "我的改动"})
    text = page(client, path)
    assert "已被他人修改" in text and ">\n别人的改动</textarea>" in text and "我的改动" in text, "both are in sight"
    restored = page(client, path + "?restore=1")
    assert ">\n我的改动</textarea>" in restored and f'name="revision" value="{resource.revision + 1}"' in restored


def test_last_request_that_came_after_saving_leaves_no_notice(county, draft_of):
    resource = draft_of()
    client, path = client_of(county.market_clerk), f"/catalogue/{resource.pk}/edit/"
    typed = form_data(resource=str(resource.pk), revision=str(resource.revision))
    client.post(path, typed)
    page(client, "/catalogue/autosave/", typed)
    text = page(client, path)
    assert "自动保存、尚未保存" not in text and not Autosave.objects.exists()


def test_classified_data_is_refused_at_once_and_not_kept_either(county):
    client = client_of(county.market_clerk)
    page(client, "/catalogue/autosave/", form_data(title="甲"))
    page(client, "/catalogue/autosave/", form_data(title="甲", classified="state_secret"))
    assert not Autosave.objects.exists()
    for marked in (
        {"summary": "机密★十年"},
        {"items-0-description": "绝密 ★"},
        {"items-0-sensitivity": "state_secret"},
    ):
        page(client, "/catalogue/autosave/", form_data(title="甲"))
        page(client, "/catalogue/autosave/", form_data(title="甲", **marked))
        assert not Autosave.objects.exists(), marked
    answer = client.post("/catalogue/new/", form_data(classified="state_secret"))
    assert answer.status_code == 422 and "不得编入目录" in answer.content.decode() and not Resource.objects.exists()


def test_autosave_of_hostile_and_foreign_forms_is_calm(county, elsewhere, draft_of):
    resource = draft_of()
    client = client_of(county.market_clerk)
    page(client, "/catalogue/autosave/", form_data(title="甲\x00乙\u202e", summary="x" * 5000))
    assert Autosave.objects.get().payload["title"] == ["甲乙\u202e"]
    assert client.get("/catalogue/new/").status_code == 200
    for stranger in (county.police_clerk, elsewhere.market_clerk):
        for path in ("/catalogue/autosave/", "/catalogue/check/"):
            assert client_of(stranger).post(path, form_data(resource=str(resource.pk))).status_code == 404
    for number in ("-1", "9" * 40, "x", "１"):
        assert client.post("/catalogue/autosave/", form_data(resource=number)).status_code == 404
    assert client_of(county.auditor).post("/catalogue/autosave/", form_data()).status_code == 403
    assert client.get("/catalogue/autosave/").status_code == 405
    with pytest.raises(Invalid):
        autosave.keep(
            department=county.market,
            resource=None,
            seen_revision=0,
            typed={"title": ["x" * 2_000_001]},
            by=county.market_clerk,
            at=AT,
        )


def test_old_autosave_is_not_brought_back(county):
    client = client_of(county.market_clerk)
    page(client, "/catalogue/autosave/", form_data(title="很久以前"))
    Autosave.objects.update(at=timezone.now() - timedelta(days=autosave.KEPT_DAYS + 1))
    assert "很久以前" not in page(client, "/catalogue/new/")


@pytest.mark.django_db(transaction=True)
def test_autosaves_at_the_same_moment_leave_one_row(county, draft_of):
    resource, errors = draft_of(), []

    def keep(number):
        try:
            for subject in (None, resource):
                autosave.keep(
                    department=county.market, resource=subject, seen_revision=1, typed={"title": [str(number)]},
                    by=county.market_clerk, at=AT,
                )  # fmt: skip
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=keep, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and Autosave.objects.count() == 2


def test_rows_are_stored_in_the_order_asked_for(county):
    client = client_of(county.market_clerk)
    client.post("/catalogue/new/", form_data(**{"items-0-ORDER": "2", "items-1-ORDER": "1"}))
    assert [i.name for i in Resource.objects.get().items.all()] == ["单位名称", "统一社会信用代码"]
    text = page(client, "/catalogue/new/", form_data(do="add_row", **{"items-0-ORDER": "2", "items-1-ORDER": "1"}))
    assert text.index('value="单位名称"') < text.index('value="统一社会信用代码"')


def test_pasted_block_with_its_own_heading_may_have_any_order(county):
    client = client_of(county.market_clerk)
    paste = '字段类型\t备注\t字段名称\nvarchar(20)\t"两行\n说明"\t许可证编号\n'
    text = page(client, "/catalogue/new/", form_data(do="paste", paste=paste))
    assert "已加入 1 个" in text and 'value="许可证编号"' in text and 'value="两行 说明"' in text


@pytest.mark.parametrize(
    "changes",
    [{"title": "x" * 5000}, {"summary": "x" * 5000}, {"items-1-name": "x" * 5000}, {"title": "甲\x00"}, {"items-1-codes": "x" * 25_000}, {"items-1-ORDER": "-5"}, {"survey_data_total": "-1"}, {"survey_data_total": "9" * 40}, {"classification": "9-99"}, {"items-1-data_type": "Z"}],
)  # fmt: skip
def test_overlong_and_broken_values_are_told_and_nothing_is_stored(county, changes):
    client = client_of(county.market_clerk)
    answer = client.post("/catalogue/new/", form_data(**changes))
    assert answer.status_code == 422 and "需要改正" in answer.content.decode() and not Resource.objects.exists()
    assert client.post("/catalogue/check/", form_data(**changes)).status_code == 200


def test_two_thousand_items_are_refused_in_words(county):
    client = client_of(county.market_clerk)
    many = {
        f"items-{n}-{field}": value for n in range(2000) for field, value in (("name", f"项{n}甲"), ("data_type", "C"))
    }
    answer = client.post("/catalogue/new/", form_data(rows=2000, **many))
    assert answer.status_code == 422 and str(MOST_ITEMS) in answer.content.decode() and not Resource.objects.exists()


def test_editor_offers_codes_units_and_the_providers_number_without_scripts(county):
    text = page(client_of(county.market_clerk), "/catalogue/new/")
    assert county.market.uscc in text and 'list="category_codes"' in text and 'id="department_units"' in text
    assert (
        not re.search(r"<(script|style)(?![^>]*src=)[^>]*>[^<]", text)
        and " style=" not in text
        and "onclick" not in text
    )


# What each jurisdiction's pack asks of the form.

ITEM = {"items-0-share_type": "", "items-0-sensitivity": ""}


def submit(people, **changes):
    client = client_of(people.market_clerk)
    answer = client.post("/catalogue/new/", form_data(do="submit", **ITEM | changes))
    return answer.status_code, answer.content.decode()


@pytest.fixture
def xinzhou(db):
    return make_county("cn-shanxi-xinzhou", "忻州市", "xz-")


@pytest.fixture
def jiyuan(db):
    return make_county("cn-henan-jiyuan", "济源示范区", "jy-")


@pytest.fixture
def yuhua(db):
    return make_county("cn-hunan-changsha-yuhua", "雨花区", "yh-")


@pytest.mark.article("XZ-1.2.a")
def test_xinzhou_takes_data_of_franchises_and_purchased_services_in_every_medium(xinzhou):
    base = {"source_kind": "franchise", "agreement_required": "false"}
    text = page(client_of(xinzhou.market_clerk), "/catalogue/new/")
    for word in ("特许经营形成", "购买服务形成", "文字", "数字", "符号", "图片", "音视频"):
        assert word in text
    assert "没有填写" in submit(xinzhou, **base | {"source_kind": ""})[1]
    video = {"format": "5:mpg", "mode": "platform:file", "media_kind": "audio_video"}
    for number, (source, form) in enumerate((("franchise", {}), ("purchased_service", video))):
        status, answer = submit(
            xinzhou, **base | {"source_kind": source, "title": f"公交运行信息{'甲乙'[number]}"} | form
        )
        assert status == 302, re.findall(r"没有填写|不在规定", answer)
    assert {r.source_kind for r in Resource.objects.filter(state="submitted")} == {"franchise", "purchased_service"}


@pytest.mark.article("XZ-3.1.a")
def test_xinzhou_catalogue_is_checked_for_completeness_before_it_is_filed(xinzhou):
    whole = {"source_kind": "franchise", "agreement_required": "false"}
    client = client_of(xinzhou.market_clerk)
    assert "内容齐备" in page(client, "/catalogue/check/", form_data(**ITEM | whole))
    for gone in ("summary", "category", "format", "update_cycle", "source_kind", "agreement_required"):
        status, answer = submit(xinzhou, **whole | {gone: ""})
        assert status == 422 and "没有填写" in answer and not Resource.objects.filter(state="submitted").exists(), gone
    assert submit(xinzhou, **whole)[0] == 302
    assert Resource.objects.filter(state="submitted", code="307016/000001").count() == 1


@pytest.mark.article("JY-2.2")
def test_jiyuan_lists_certificates_and_archives_among_eight_forms_and_four_sources(jiyuan):
    text = page(client_of(jiyuan.market_clerk), "/catalogue/new/")
    for word in ("文字", "数字", "图表", "图像", "音频", "视频", "电子证照", "电子档案"):
        assert re.search(f"<option value=.[a-z]+.>{word}</option>", text), word
    assert len(re.findall(r'name="source_kind"', text)) == 4
    good = {"media_kind": "archive", "open_type": "unconditional"}
    assert submit(jiyuan, source_kind="", **good)[0] == 422
    assert submit(jiyuan, media_kind="papyrus", open_type="unconditional")[0] == 422
    assert submit(jiyuan, **good)[0] == 302
    assert Resource.objects.get(state="submitted").media_kind == "archive"


@pytest.mark.article("JY-14.1")
def test_jiyuan_demands_the_open_attributes_beside_the_guides_elements(jiyuan):
    status, text = submit(jiyuan)
    assert status == 422 and "开放类型" in text and "第十四条" in text
    for gone in ("format", "update_cycle", "mode"):
        assert submit(jiyuan, open_type="unconditional", **{gone: ""})[0] == 422, gone
    none = {f"items-{n}-name": "" for n in range(2)} | {"items-0-length": ""}
    assert submit(jiyuan, open_type="unconditional", **none)[0] == 422, "no items"
    assert submit(jiyuan, open_type="unconditional")[0] == 302
    assert Resource.objects.get(state="submitted").is_open is True


@pytest.mark.article("YH-8")
def test_yuhua_demands_its_eight_elements(yuhua):
    whole = {
        "source_kind": "produced",
        "usage_requirement": "仅用于办理本事项",
        "open_type": "withheld",
        "use_purposes": [],
    }
    for gone in ("classification", "format", "update_cycle", "mode", "usage_requirement"):
        status, text = submit(yuhua, **whole | {gone: ""})
        assert status == 422 and "第九条" in text, gone
    status, text = submit(yuhua, **whole)
    assert status == 302, text
    resource = Resource.objects.get(state="submitted")
    assert resource.usage_requirement and resource.department.name and resource.share_type
