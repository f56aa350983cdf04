"""Pages of the bulk import (template, upload with preview, confirmation with the first passwords) and of how signing in is set up."""

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.kernel.errors import NotAllowed, PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs import mfa, oidc_views, people_import_apply, queries, rules
from yishu.orgs.models import Area, Jurisdiction, Person, RoleKind
from yishu.orgs.people_import import (
    DEPARTMENT_COLUMNS,
    DEPARTMENTS,
    PEOPLE,
    PERSON_COLUMNS,
    ROLE_KEYS,
    check,
    read,
)
from yishu.orgs.reading import signed_in
from yishu.pages.forms import add_problems
from yishu.pages.sheets import Column, Sheet, file_response, workbook
from yishu.pages.workbooks import MOST_BYTES

SHOWN = 200
"""Findings and rows a page lists."""


class UploadForm(forms.Form):
    """The filled template."""

    file = forms.FileField(
        label="填好的模板",
        max_length=200,
        help_text=f".xlsx，最大 {MOST_BYTES // 1024 // 1024} MiB；先显示检查结果，确认后才导入",
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
    )


def _admin(request: HttpRequest) -> tuple[Person, Jurisdiction]:
    person = signed_in(request)
    jurisdiction = queries.jurisdiction_of(person)
    decision = queries.may_act(person, RoleKind.ADMIN, None, timezone.now())
    if not decision.allowed or jurisdiction is None:
        raise NotAllowed(decision.reason, remedy=decision.remedy, code=decision.code or "orgs.role_needed")
    return person, jurisdiction


@login_required
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """``/orgs/import/``: upload a filled template and see everything it would do and everything wrong with it."""
    person, _ = _admin(request)
    form = UploadForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            departments, people, findings = read(file.read(MOST_BYTES + 1))
            plan = check(departments, people, by=person, at=timezone.now(), findings=findings)
            packed = "" if plan.findings else people_import_apply.pack(departments, people, by=person)
        except PublicError as error:
            add_problems(form, error)
        else:
            context = {
                "plan": plan,
                "packed": packed,
                "findings": plan.findings[:SHOWN],
                "departments": plan.departments[:SHOWN],
                "people": plan.people[:SHOWN],
                "shown": SHOWN,
                "role_words": {key: label for label, key in ROLE_KEYS.items()},
            }
            return render(request, "orgs/import_preview.html", context, status=422 if plan.findings else 200)
    return render(request, "orgs/import.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_POST
@sensitive_variables()
def confirm(request: HttpRequest) -> HttpResponse:
    """``/orgs/import/confirm/``: import what the preview showed; the first passwords stand in this answer only, page or .xlsx."""
    person, _ = _admin(request)
    departments, people = people_import_apply.unpack(request.POST.get("packed", ""), by=person)
    at = timezone.now()
    done = people_import_apply.import_people(departments=departments, people=people, by=person, at=at)
    if request.POST.get("as") == "xlsx" and done.accounts:
        rows = [(n, a.name, a.username, a.department, a.password) for n, a in enumerate(done.accounts, 1)]
        columns = ("序号", Column("姓名"), Column("登录名", 24), Column("所属部门", 40), Column("初始密码", 26))
        sheet = workbook([Sheet("初始密码", columns, rows)])
        return file_response(f"初始密码-{shanghai_date(at):%Y%m%d}.xlsx", sheet)
    return render(request, "orgs/import_done.html", {"done": done, "at": at})


@login_required
@require_GET
def template(request: HttpRequest) -> HttpResponse:
    """``/orgs/import/template.xlsx``: the empty template with what may be filled in, for the own jurisdiction."""
    _, jurisdiction = _admin(request)
    kinds = "、".join(option.title for option in queries.kinds_of(jurisdiction, shanghai_date(timezone.now())))
    areas = (
        "、".join(Area.objects.filter(jurisdiction=jurisdiction).values_list("name", flat=True)) or "（没有片区，留空）"
    )
    notes = [
        ("总则", "每行一个部门或一个人。没有填写的列不改动原有内容；没有列出的部门、人员和角色保持不变。不接受公式。"),
        ("统一社会信用代码", "必填。代码已登记的部门按本行更新，不会重复登记。"),
        ("部门类别", f"新部门必填：{kinds}"),
        ("上级部门", "内设机构、下属单位填写全称，可以在本表中另起一行登记。"),
        ("片区", areas),
        ("登录名", "必填，2 至 40 个小写字母、数字、汉字和 . _ -；不能是身份证件号码或手机号码。已有的登录名按本行更新。"),
        ("角色", f"可填多个，用顿号隔开：{'、'.join(ROLE_KEYS)}。管理、审计、业务三类角色不能由同一人担任。"),
        ("专职人员", "是 或 否：是否为所属部门的政务数据专职人员。"),
        ("委托部门、委托事项、有效至", f"仅“技术服务单位”角色填写，三项都必填。委托事项：{'、'.join(rules.VENDOR_WORK.values())}"),
        ("检查部门", f"仅“监督检查”角色填写：{'、'.join(rules.OFFICES.values())}"),
        ("初始密码", "由平台为新账号生成，导入后只显示一次；首次登录须修改。"),
    ]  # fmt: skip
    book = workbook(
        [
            Sheet(DEPARTMENTS, [Column(title, 24) for title in DEPARTMENT_COLUMNS], ()),
            Sheet(PEOPLE, [Column(title, 20) for title in PERSON_COLUMNS], ()),
            Sheet("填写说明", ("项目", Column("说明", 110)), notes),
        ]
    )
    return file_response("部门和人员导入模板.xlsx", book)


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the settings page: what, how it stands, the variable that sets it, and what follows from it."""

    title: str
    on: bool
    words: str
    variable: str
    note: str


@login_required
@require_GET
def settings_page(request: HttpRequest) -> HttpResponse:
    """``/orgs/settings/``: how mail, sign-in through another system and the second factor are set up. Never a secret."""
    person, _ = _admin(request)
    people = queries.people_seen(person).filter(is_active=True)
    factors = Q(authenticator__type__in=(mfa.APP, mfa.KEY))
    figures = people.aggregate(all=Count("pk", distinct=True), enrolled=Count("pk", distinct=True, filter=factors))
    context = {"settings": _settings(), "figures": figures, "missing": _missing(person, timezone.now())}
    return render(request, "orgs/settings.html", context)


def _settings() -> list[Setting]:
    env = settings.ENVIRONMENT
    second = {"none": "不要求", "privileged": "系统管理、数据主管、审计、平台运维须使用", "all": "人人须使用"}
    mail = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}，发件人 {env.mail_from}"
    back = f"回调地址 {oidc_views.callback_url()}，须在对方登记"
    return [
        Setting("第二因子", env.second_factor != "none", second[env.second_factor], "YISHU_SECOND_FACTOR", "自行添加的人员在任何设置下都会被询问"),
        Setting("统一身份认证登录", bool(env.oidc.issuer), f"{env.oidc.name}（{env.oidc.issuer}），按 {env.oidc.claim} 对应登录名" if env.oidc.issuer else "未设置", "YISHU_OIDC_ISSUER", back),
        Setting("邮件提醒", bool(env.smtp_url), mail if env.smtp_url else "未设置，提醒只在平台内显示", "YISHU_SMTP_URL", "期限提醒、待办通知"),
        Setting("加密访问", settings.HTTPS, env.public_url, "YISHU_PUBLIC_URL", "https 地址才有安全会话；安全密钥须 https 或 localhost"),
    ]  # fmt: skip


def _missing(person: Person, at: datetime) -> int:
    """How many people in privileged roles have no second factor."""
    seen = queries.people_seen(person).filter(is_active=True)
    now = Q(roles__revoked_at=None) & (Q(roles__until=None) | Q(roles__until__gt=at))
    lacking = seen.filter(now, roles__kind__in=mfa.PRIVILEGED)
    return lacking.exclude(authenticator__type__in=(mfa.APP, mfa.KEY)).values("pk").distinct().count()
