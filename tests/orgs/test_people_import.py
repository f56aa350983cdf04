"""Bulk import of departments and people from a workbook, through the real pages."""

import io
import re
import time
import zipfile

import pytest
from django.test import Client as Browser
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from tests.orgs.conftest import valid_uscc
from yishu.kernel.errors import Conflict, Invalid, NotAllowed
from yishu.orgs import actions, people_import_apply
from yishu.orgs.models import Department, Person, Role
from yishu.orgs.people_import import DEPARTMENT_COLUMNS, PERSON_COLUMNS, check, read

pytestmark = pytest.mark.django_db
UPLOAD, CONFIRM = "/orgs/import/", "/orgs/import/confirm/"


def book(departments=(), people=(), more=None):
    """An .xlsx of rows given as column title → text."""
    file = Workbook()
    file.remove(file.active)
    for title, columns, rows in (("部门", DEPARTMENT_COLUMNS, departments), ("人员", PERSON_COLUMNS, people)):
        page = file.create_sheet(title)
        page.append(columns)
        for row in rows:
            page.append([row.get(column) for column in columns])
    if more:
        more(file)
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def department(number, name, **more):
    return {"部门名称": name, "统一社会信用代码": valid_uscc(number), "部门类别": "政府部门"} | more


def someone(username, **more):
    return {"姓名": "新来的", "登录名": username, "所属部门": "修武县公安局"} | more


def upload(browser, content):
    file = io.BytesIO(content)
    file.name = "部门和人员.xlsx"
    return browser.post(UPLOAD, {"file": file})


def confirm(browser, answer, form="page"):
    packed = re.search(r'name="packed" value="([^"]+)"', answer.content.decode()).group(1)
    return browser.post(CONFIRM, {"packed": packed, "as": form})


def faults(by, departments=(), people=()):
    plan = check(*read(book(departments, people))[:2], by=by, at=timezone.now())
    return {(f.sheet, f.row, f.column) for f in plan.findings}


def test_import_previews_then_makes_everything_and_hands_passwords_out_once(office, browser_of):
    admin = browser_of(office.admin)
    content = book(
        [department(501, "修武县民政局", 简称="民政局", 上级部门="修武县教育局"), department(502, "修武县教育局", 专职机构="信息中心")],
        [someone("minzheng", 所属部门="修武县民政局", 角色="提供方经办、使用方经办", 专职人员="是", 邮箱="a@example.invalid"),
         someone("jiaoyu", 所属部门="修武县教育局"), {**someone("JINGBAN"), "姓名": "易经办", "所属部门": "修武县自然资源局", "角色": "部门审核人"}],
    )  # fmt: skip
    before = Person.objects.count()
    answer = upload(admin, content)
    page = answer.content.decode()
    assert answer.status_code == 200 and "将登记 2 个新部门，建立 2 个新账号" in page
    assert Person.objects.count() == before, "a preview writes nothing"
    done = confirm(admin, answer, "xlsx")
    sheet = load_workbook(io.BytesIO(done.content)).active
    handed = {row[2]: row[4] for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert set(handed) == {"minzheng", "jiaoyu"} and "no-store" in done["Cache-Control"]
    made = Person.objects.get(username="minzheng")
    assert {r.kind for r in made.roles.all()} == {"provider", "consumer"}
    assert made.must_change_password and list(made.department.officers.all()) == [made]
    assert made.department.parent.name == "修武县教育局" and made.department.parent.unit == "信息中心"
    assert {r.kind for r in office.clerk.roles.all()} == {"consumer", "provider", "reviewer"}
    browser = Browser()
    browser.post("/accounts/login/", {"login": "minzheng", "password": handed["minzheng"]})
    assert browser.get("/orgs/me/")["Location"] == "/accounts/password/change/"

    again = upload(admin, content)
    assert "建立 0 个新账号" in again.content.decode()
    repeated = confirm(admin, again)
    assert "新账号 0 个，更新 0 人" in repeated.content.decode() and "授予 0 个" in repeated.content.decode()
    assert Person.objects.count() == before + 2 and Department.objects.filter(name="修武县民政局").count() == 1


def test_confirming_twice_makes_nobody_twice(office, browser_of):
    admin = browser_of(office.admin)
    answer = upload(admin, book(people=[someone("xinren")]))
    assert "xinren" in confirm(admin, answer).content.decode()
    assert confirm(admin, answer).status_code == 200
    assert Person.objects.filter(username="xinren").count() == 1


def test_import_updates_what_is_filled_in_and_keeps_the_rest(office, browser_of):
    admin = browser_of(office.admin)
    actions.update_department(
        department=office.police, changes={"unit": "科技科", "short_name": "公安"}, by=office.admin, at=timezone.now()
    )
    row = {"部门名称": "修武县公安局", "统一社会信用代码": valid_uscc(2), "简称": "公安局"}
    confirm(admin, upload(admin, book([row], [{**someone("jingban"), "姓名": "易经办", "所属部门": "修武县公安局"}])))
    office.police.refresh_from_db()
    office.clerk.refresh_from_db()
    assert (office.police.short_name, office.police.unit) == ("公安局", "科技科")
    assert office.clerk.department == office.police
    assert not office.clerk.roles.filter(revoked_at=None).exists(), "roles of the old department end with the move"


def test_every_error_of_every_row_is_listed_at_once(office, browser_of):
    rows = [
        department(2, "修武县公安局"), {"部门名称": "短", "统一社会信用代码": "123", "部门类别": "不明"},
        department(601, "修武县财政局", 上级部门="没有的局"), department(602, "修武县财政局", 片区="没有的片区"),
        department(603, "甲局", 上级部门="乙局"), department(604, "乙局", 上级部门="甲局"),
        department(605, "修武县自然资源局"),
    ]  # fmt: skip
    people = [
        someone("x"), someone("13812345678"), someone("chongfu"), someone("chongfu"), someone("wu", 所属部门="没有的局"),
        someone("jue", 角色="皇帝"), someone("fenli", 角色="系统管理、审计"), someone("zhuguan", 角色="数据主管"),
        someone("waibao", 角色="技术服务单位"), someone("jiancha", 角色="监督检查"), someone("you", 邮箱="不是邮箱"),
        someone("zhuan", 专职人员="对"), someone("qi", 角色="提供方经办", 有效至="昨天"), {"登录名": "wuming"},
        someone("guanli", 角色="审计"), someone("ming", 姓名="一"), someone("shi", 委托事项="登记汇聚"),
    ]  # fmt: skip
    found = faults(office.admin, rows, people)
    expected = {
        ("部门", 3, "部门名称"), ("部门", 3, "统一社会信用代码"), ("部门", 3, "部门类别"), ("部门", 4, "上级部门"),
        ("部门", 4, "部门名称"), ("部门", 5, "部门名称"), ("部门", 5, "片区"), ("部门", 6, "上级部门"), ("部门", 7, "上级部门"),
        ("部门", 8, "部门名称"),
        ("人员", 2, "登录名"), ("人员", 3, "登录名"), ("人员", 4, "登录名"), ("人员", 5, "登录名"), ("人员", 6, "所属部门"),
        ("人员", 7, "角色"), ("人员", 8, "角色"), ("人员", 9, "角色"), ("人员", 10, "角色"), ("人员", 10, "委托事项"),
        ("人员", 10, "委托部门"), ("人员", 11, "检查部门"), ("人员", 12, "邮箱"), ("人员", 13, "专职人员"),
        ("人员", 14, "有效至"), ("人员", 15, "姓名"), ("人员", 15, "所属部门"), ("人员", 16, "角色"), ("人员", 17, "姓名"),
        ("人员", 18, "委托事项"),
    }  # fmt: skip
    assert expected <= found and found - expected <= {("人员", 10, "有效至")}
    answer = upload(browser_of(office.admin), book(rows, people))
    page = answer.content.decode()
    assert answer.status_code == 422 and "没有导入" in page and 'name="packed"' not in page


def test_vendor_of_the_file_gets_a_term_and_a_scope(office, browser_of):
    admin = browser_of(office.admin)
    firm = department(701, "某某科技公司", 部门类别="技术服务单位")
    person = someone(
        "waibao", 所属部门="某某科技公司", 角色="技术服务单位", 委托部门="修武县公安局", 委托事项="登记汇聚、数据治理", 有效至="2199-06-30"
    )  # fmt: skip
    confirm(admin, upload(admin, book([firm], [person])))
    role = Role.objects.get(person__username="waibao")
    assert (role.kind, role.department, role.scope) == ("vendor", office.police, ["collection", "governance"])
    assert role.until is not None
    for wrong in (
        {"角色": "提供方经办"},
        {"委托部门": "某某科技公司"},
        {"有效至": ""},
        {"委托事项": "炒菜"},
        {"有效至": "2020-01-01"},
    ):
        assert faults(office.admin, [firm], [{**person, "登录名": "lingyiren", **wrong}]), wrong


def test_import_is_for_administrators_of_the_own_tenant(office, browser_of, town):
    content = book(people=[someone("xinren")])
    for person in (office.clerk, office.auditor, office.reviewer):
        assert upload(browser_of(person), content).status_code == 403
    other = town("cn-shanxi-xinzhou", "忻州市")
    assert faults(other.admin, [], [someone("xinren")]) == {("人员", 2, "所属部门")}
    own = {**someone("jingban"), "所属部门": "忻州市民政局"}
    assert faults(other.admin, [], [own]) == {("人员", 2, "登录名")}, "a name of another tenant is taken, never updated"
    departments, people, _ = read(content)
    with pytest.raises((NotAllowed, Invalid)):
        people_import_apply.import_people(departments=departments, people=people, by=office.clerk, at=timezone.now())


def test_preview_of_somebody_else_or_changed_cannot_be_confirmed(office, browser_of, town):
    admin = browser_of(office.admin)
    answer = upload(admin, book(people=[someone("xinren")]))
    packed = re.search(r'name="packed" value="([^"]+)"', answer.content.decode()).group(1)
    stranger = browser_of(town("cn-shanxi-xinzhou", "忻州市").admin)
    assert stranger.post(CONFIRM, {"packed": packed}).status_code == 422
    for wrong in ("", "x", packed[:-2] + "xx", "\x00"):
        assert admin.post(CONFIRM, {"packed": wrong}).status_code == 422
    assert not Person.objects.filter(username="xinren").exists()


def test_what_changed_since_the_preview_is_checked_again_and_nothing_is_half_done(office, browser_of):
    admin = browser_of(office.admin)
    answer = upload(admin, book([department(801, "修武县民政局")], [someone("xinren"), someone("lingyi")]))
    actions.update_department(department=office.police, changes={"active": False}, by=office.admin, at=timezone.now())
    refused = confirm(admin, answer)
    assert refused.status_code == 422 and "该部门已停用" in refused.content.decode()
    assert not Department.objects.filter(name="修武县民政局").exists()


def test_last_administrator_is_not_moved_away_by_a_file(office):
    departments, people, _ = read(book(people=[{**someone("guanli"), "姓名": "甄管理"}]))
    with pytest.raises(Conflict):
        people_import_apply.import_people(departments=departments, people=people, by=office.admin, at=timezone.now())


def test_hostile_files_are_refused(office, browser_of):
    admin = browser_of(office.admin)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 120_000_000)
    good = book(people=[someone("xinren")])
    for content in (b"MZ\x90", b"PK\x03\x04nothing", bomb.getvalue(), good[:-200], good + b"\x00" * 6_000_000):
        assert upload(admin, content).status_code == 422
    wrong = book(
        people=[], more=lambda file: [file.remove(file["部门"]), file.remove(file["人员"]), file.create_sheet("别的")]
    )
    assert upload(admin, wrong).status_code == 422
    for cell in ('=HYPERLINK("http://a.test")', "=1+1"):
        assert ("人员", 2, "姓名") in {
            (f.sheet, f.row, f.column) for f in read(book(people=[{**someone("xinren"), "姓名": cell}]))[2]
        }
    long = read(book(people=[{**someone("xinren"), "姓名": "长" * 3000}]))[2]
    assert [(f.row, f.column) for f in long] == [(2, "姓名")]
    assert upload(admin, book()).status_code == 422
    odd = read(book(more=lambda file: file["人员"].append(["x"] * 3) or file["人员"].__setitem__("K1", "身份证号码")))[
        2
    ]
    assert [f.column for f in odd] == ["身份证号码"]


def test_template_says_what_may_be_filled_in_and_is_read_back(office, browser_of):
    answer = browser_of(office.admin).get("/orgs/import/template.xlsx")
    file = load_workbook(io.BytesIO(answer.content))
    assert file.sheetnames == ["部门", "人员", "填写说明"]
    assert [c.value for c in file["人员"][1]] == list(PERSON_COLUMNS)
    assert "提供方经办" in str([c.value for row in file["填写说明"] for c in row])
    assert read(answer.content) == ([], [], [])


def test_two_thousand_people_are_imported_in_seconds(office, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    rows = [department(1000 + n, f"第{n}局") for n in range(50)]
    people = [someone(f"ren{n}", 所属部门=f"第{n % 50}局", 角色="提供方经办") for n in range(2000)]
    content, at = book(rows, people), timezone.now()
    began = time.perf_counter()
    departments, persons, _ = read(content)
    packed = people_import_apply.pack(departments, persons, by=office.admin)
    departments, persons = people_import_apply.unpack(packed, by=office.admin)
    done = people_import_apply.import_people(departments=departments, people=persons, by=office.admin, at=at)
    took = time.perf_counter() - began
    assert len(done.accounts) == 2000 and done.roles_given == 2000 and done.departments_made == 50
    print(f"2,000 people in {took:.1f} s, preview of {len(packed):,} characters")
    assert took < 60
    made = Person.objects.get(username="ren7")
    password = next(a.password for a in done.accounts if a.username == "ren7")
    assert made.password.split("$")[1] == str(people_import_apply.LIGHT)
    assert made.check_password(password)
    made.refresh_from_db()
    assert int(made.password.split("$")[1]) > 500_000, "the first right password makes the full number of rounds"


def test_settings_page_shows_how_signing_in_is_set_up_without_secrets(office, browser_of, settings):
    import dataclasses

    from yishu.config.environment import Oidc

    oidc = Oidc("https://id.invalid", "yishu", "这是机密", "县统一身份认证")
    settings.ENVIRONMENT = dataclasses.replace(
        settings.ENVIRONMENT, oidc=oidc, smtp_url="smtp://user:mima@mail.invalid", public_url="https://data.invalid"
    )
    page = browser_of(office.admin).get("/orgs/settings/").content.decode()
    assert "县统一身份认证" in page and "https://data.invalid/accounts/oidc/callback/" in page
    assert "这是机密" not in page and "mima" not in page
    assert "有 3 名" in page
    assert browser_of(office.clerk).get("/orgs/settings/").status_code == 403
