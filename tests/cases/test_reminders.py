"""Reminders before, on and after a deadline; the list of notices; mail through a real server on this machine."""

import socket
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django import app

from yishu.cases import mail, notices, reminders
from yishu.cases.calendar_moves import MOVE_JOB
from yishu.cases.models import Notice
from yishu.cases.registry import _messengers, add_messenger
from yishu.law import calendar
from yishu.orgs import calendars
from yishu.orgs.models import Person, Role, Substitute

from .conftest import AT, open_review
from .test_pages import client_of, plain_handler  # noqa: F401

pytestmark = pytest.mark.django_db


def working_days_before(day, number):
    while number:
        day -= timedelta(days=1)
        number -= calendar.standard().is_working(day)
    return AT.replace(year=day.year, month=day.month, day=day.day)


def keys(person):
    return [n.key.rpartition(":")[2] for n in Notice.objects.filter(person=person).order_by("pk")]


def test_sweep_reminds_before_on_and_after_the_end_each_once(county):
    case = open_review(county)
    for number in (4, 3, 3, 2, 1, 0):
        reminders.sweep_clocks(working_days_before(case.due_on, number))
    assert keys(county.reviewer) == ["before3", "before1", "today"]
    for days in (1, 2, 30):
        reminders.sweep_clocks(AT.replace(day=case.due_on.day) + timedelta(days=days))
    assert keys(county.reviewer) == ["before3", "before1", "today", "overdue"] == keys(county.second_reviewer)
    assert keys(county.clerk) == keys(county.auditor) == []


def test_sweep_after_a_standstill_says_what_holds_now(county):
    case = open_review(county)
    reminders.sweep_clocks(working_days_before(case.due_on, 2))
    (notice,) = Notice.objects.filter(person=county.reviewer)
    assert notice.key.endswith("before3") and "还剩 2 个工作日" in notice.title and notice.url == f"/cases/{case.pk}/"


def test_sweep_reminds_the_substitute_too(county):
    case = open_review(county)
    other = Person.objects.create(username="dai", name="代审核", department=county.authority, created_at=AT)
    Substitute.objects.create(
        person=county.reviewer, substitute=other, department=county.authority, kinds=["authority"], since=AT,
        until=AT + timedelta(days=30), made_by=county.reviewer, made_at=AT,
    )  # fmt: skip
    reminders.sweep_clocks(working_days_before(case.due_on, 1))
    assert keys(other) == ["before1"]


def test_sweep_reads_as_often_for_many_cases_as_for_few(county):
    case = open_review(county)

    def queries():
        calendars.forget()
        with CaptureQueriesContext(connection) as caught:
            reminders.sweep_clocks(working_days_before(case.due_on, 1))
        return len(caught)

    few = queries()
    for n in range(25):
        open_review(county, title=f"资源{n}")
    assert queries() <= few


def test_sweep_says_nothing_of_closed_returned_or_distant_cases(county, review):
    from yishu.cases import actions

    case = review()
    actions.act(case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=AT, reason="补充")
    assert reminders.sweep_clocks(AT + timedelta(days=60)) == 0 and not Notice.objects.exists()


def test_notify_same_key_twice_tells_once(county):
    for title in ("甲", "乙"):
        notices.notify(person=county.clerk, key="x", title=title, at=AT)
    assert [n.title for n in notices.notices_of(county.clerk)] == ["甲"]


def test_notice_pages_show_count_and_mark_ones_own_only(county):
    for who in (county.clerk, county.user):
        notices.notify(person=who, key="k", title="目录有变化", url="/catalogue/", at=AT)
    client = client_of(county.clerk)
    assert "1 条未读" in client.get("/").content.decode()
    page = client.get("/notices/").content.decode()
    assert "目录有变化" in page and "未配置邮件服务器" in page
    other = Notice.objects.get(person=county.user)
    client.post("/notices/read/", {"notice": [other.pk, "x", "\x00", "9" * 30]})
    other.refresh_from_db()
    assert other.read_at is None
    client.post("/notices/read/", {"all": "1"})
    assert notices.unread(county.clerk) == 0 and notices.unread(county.user) == 1
    assert "没有符合条件" in client.get("/notices/?unread=1&q=%00").content.decode()


class Sink:
    """Keeps what a mail server received; ``refuse`` answers as a server in trouble does."""

    def __init__(self):
        self.received, self.refuse = [], False

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return "451 try again later"
        self.received.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture
def mail_server(settings, free_ports, monkeypatch):
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_ports(1)[0])
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, smtp_url=f"smtp://127.0.0.1:{controller.port}")
    monkeypatch.setattr("yishu.cases.registry._messengers", dict(_messengers))
    add_messenger(mail.Mail())
    yield sink
    controller.stop()


def test_mail_holds_title_and_link_and_is_sent_once(county, mail_server):
    Person.objects.filter(pk=county.clerk.pk).update(email="zhao@example.invalid")
    notices.notify(
        person=county.clerk, key="a", title="办件还剩 1 个工作日：食品经营许可证信息", url="/cases/x/", at=AT
    )
    notices.notify(person=county.user, key="a", title="没有邮箱的人", at=AT)
    assert notices.deliver(AT + timedelta(minutes=1)) == 2
    assert notices.deliver(AT + timedelta(minutes=2)) == 0
    ((to, message),) = mail_server.received
    body = message.get_content()
    assert to == ["zhao@example.invalid"] and "食品经营许可证信息" in message["subject"]
    assert "/cases/x/" in body and county.clerk.name not in body and county.clerk.username not in body


def test_mail_refused_by_the_server_is_tried_again(county, mail_server):
    Person.objects.filter(pk=county.clerk.pk).update(email="zhao@example.invalid")
    notices.notify(person=county.clerk, key="a", title="第一件", at=AT)
    mail_server.refuse = True
    assert notices.deliver(AT) == 0
    notice = Notice.objects.get()
    assert (notice.mailed_at, notice.mail_tries) == (None, 1)
    mail_server.refuse = False
    assert notices.deliver(AT + timedelta(minutes=1)) == 1 and len(mail_server.received) == 1


def test_mail_not_wanted_switched_off_or_too_old_is_not_sent(county, mail_server):
    Person.objects.update(email="x@example.invalid")
    Person.objects.filter(pk=county.clerk.pk).update(email_reminders=False)
    Person.objects.filter(pk=county.user.pk).update(is_active=False)
    for who in (county.clerk, county.user):
        notices.notify(person=who, key="a", title="x", at=AT)
    notices.notify(person=county.reviewer, key="a", title="x", at=AT - timedelta(days=30))
    assert notices.deliver(AT) == 0 and not mail_server.received


def test_title_with_line_breaks_makes_no_header(county, mail_server):
    Person.objects.filter(pk=county.clerk.pk).update(email="zhao@example.invalid")
    notices.notify(person=county.clerk, key="a", title="x\r\nBcc: everyone@example.invalid", at=AT)
    assert notices.deliver(AT) == 1
    ((to, message),) = mail_server.received
    assert to == ["zhao@example.invalid"] and message["bcc"] is None


def test_nothing_is_sent_without_a_mail_server(county):
    notices.notify(person=county.clerk, key="a", title="x", at=AT)
    assert notices.deliver(AT) == 0 and Notice.objects.get().mailed_at is None


def test_dead_server_leaves_the_notice_for_later(county, mail_server, settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = free.getsockname()[1]
    Person.objects.filter(pk=county.clerk.pk).update(email="zhao@example.invalid")
    notices.notify(person=county.clerk, key="a", title="x", at=AT)
    assert notices.deliver(AT) == 0 and Notice.objects.get().mail_tries == 1


def test_role_given_for_a_term_that_ended_is_not_reminded(county):
    case = open_review(county)
    Role.objects.filter(person=county.second_reviewer).update(until=AT)
    reminders.sweep_clocks(working_days_before(case.due_on, 1))
    assert keys(county.second_reviewer) == []


def test_jobs_of_cases_are_known_to_the_worker():
    known = app.tasks
    assert {"cases.sweep_clocks", "cases.deliver_notices", MOVE_JOB} <= set(known)
    assert all(known[name].queueing_lock for name in ("cases.sweep_clocks", "cases.deliver_notices"))
