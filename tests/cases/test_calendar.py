"""A year's notice: preview, import, every moved deadline listed, recorded and told; nobody else may."""

import json
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from yishu.cases import actions, calendar_moves
from yishu.cases.models import Case, DueMove, Notice
from yishu.cases.views_calendar import typed_notice, year_grid
from yishu.kernel.errors import Invalid, NotAllowed
from yishu.kernel.time import SHANGHAI
from yishu.law import calendar
from yishu.law.notices import read_notice
from yishu.orgs import calendars
from yishu.orgs.models import Area, CalendarNotice, Person, Role

from .conftest import AT, open_review
from .test_pages import client_of, plain_handler  # noqa: F401

pytestmark = pytest.mark.django_db

NEXT = max(calendar.standard().years) + 1
NEW_YEAR = [date(NEXT, 1, day) for day in (1, 2, 3, 4, 5)]


@pytest.fixture(autouse=True)
def fresh_calendar():
    calendars.forget()
    yield
    calendars.forget()


def document(off=NEW_YEAR, worked=(), year=NEXT):
    days = [{"name": "元旦", "date": day.isoformat(), "isOffDay": True} for day in off]
    days += [{"name": "元旦", "date": day.isoformat(), "isOffDay": False} for day in worked]
    return json.dumps({"year": year, "papers": [], "days": days}).encode()


def at_year_end(day=28):
    return datetime(NEXT - 1, 12, day, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture
def admin(county):
    person = Person.objects.create(username="adm", name="管理员", department=county.authority, created_at=AT)
    Role.objects.create(person=person, department=county.authority, kind="admin", granted_at=AT)
    return person


def moved_entries():
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from ledger.inbox where convert_from(entry, 'utf8') like '%%cases.due_moved%%'")
        return cursor.fetchone()[0]


def test_notice_moves_provisional_ends_records_lists_and_tells(county):
    early, late = open_review(county, at=AT), open_review(county, title="跨年", at=at_year_end())
    before = late.due_on
    assert late.due_provisional
    new, moved = calendar_moves.import_notice(notice=read_notice(document()), by=county.reviewer, at=at_year_end(29))
    assert (new, moved) == (True, 1)
    late.refresh_from_db(), early.refresh_from_db()
    assert late.due_on > before and not late.due_provisional and late.ends_on == late.due_on
    move = DueMove.objects.get()
    assert (move.case, move.before, move.after, move.notice_year) == (late, before, late.due_on, NEXT)
    assert early.due_on == date(2026, 9, 24)
    assert moved_entries() == 1
    told = Notice.objects.filter(case=late)
    assert {n.person for n in told} == {county.reviewer, county.second_reviewer} and "放假安排" in told[0].title
    assert ProcrastinateJob.objects.filter(task_name=calendar_moves.MOVE_JOB).count() == 1


def test_notice_put_in_twice_changes_nothing_more(county):
    open_review(county, at=at_year_end())
    for _ in range(2):
        new, moved = calendar_moves.import_notice(notice=read_notice(document()), by=county.reviewer, at=at_year_end())
    assert (new, moved) == (False, 0)
    assert (CalendarNotice.objects.count(), DueMove.objects.count(), moved_entries()) == (1, 1, 1)


def test_run_cut_short_is_finished_by_the_job(county):
    open_review(county, at=at_year_end())
    calendars.put_in(notice=read_notice(document()), by=county.reviewer, at=at_year_end())
    assert calendar_moves.move_deadlines(year=NEXT, by=None, at=at_year_end()) == 1
    assert calendar_moves.move_deadlines(year=NEXT, by=None, at=at_year_end()) == 0


def test_notice_that_moves_nothing_makes_the_end_certain(county):
    case = open_review(county, at=at_year_end())
    only = [day for day in NEW_YEAR if not calendar.standard().is_working(day)]
    calendar_moves.import_notice(notice=read_notice(document(off=only)), by=county.reviewer, at=at_year_end())
    before = case.due_on
    case.refresh_from_db()
    assert case.due_on == before and not case.due_provisional and not DueMove.objects.exists()


def test_case_away_for_correction_keeps_what_the_new_calendar_leaves(county):
    case = open_review(county, at=at_year_end(25))
    case = actions.act(
        case_id=case.pk, outcome="return", seen_revision=1, by=county.reviewer, at=at_year_end(30), reason="补充"
    )
    left = case.paused_left
    calendar_moves.import_notice(notice=read_notice(document()), by=county.reviewer, at=at_year_end(31))
    case.refresh_from_db()
    assert case.paused_left == left, "working days left do not depend on where the days off lie"


def test_new_case_after_the_notice_counts_by_it_at_once(county):
    calendar_moves.import_notice(notice=read_notice(document()), by=county.reviewer, at=at_year_end(20))
    case = open_review(county, at=at_year_end(31))
    assert case.due_on not in NEW_YEAR and not case.due_provisional and case.due_on > NEW_YEAR[-1]


def test_year_that_leaves_a_gap_is_refused(county):
    day = date(NEXT + 1, 1, 1)
    with pytest.raises(Invalid) as caught:
        calendar_moves.import_notice(
            notice=read_notice(document(off=[day], year=NEXT + 1)), by=county.reviewer, at=at_year_end()
        )
    assert caught.value.code == "cases.calendar_gap" and not CalendarNotice.objects.exists()


@pytest.mark.parametrize("who", ["clerk", "user", "auditor"])
def test_notice_from_somebody_else_is_refused(county, who):
    with pytest.raises(NotAllowed):
        calendar_moves.import_notice(notice=read_notice(document()), by=getattr(county, who), at=at_year_end())
    assert client_of(getattr(county, who)).post("/calendar/import/", {"year": NEXT}).status_code == 403
    assert not CalendarNotice.objects.exists()


@pytest.mark.parametrize("kind", ["authority", "admin"])
def test_notice_is_imported_in_the_founding_jurisdiction_only(county, elsewhere, kind):
    case = open_review(county, at=at_year_end())
    stranger = elsewhere.reviewer
    if kind == "admin":
        stranger = Person.objects.create(
            username="jz-adm", name="外管理", department=elsewhere.authority, created_at=AT
        )
        Role.objects.create(person=stranger, department=elsewhere.authority, kind="admin", granted_at=AT)
    with pytest.raises(NotAllowed) as caught:
        calendar_moves.import_notice(notice=read_notice(document()), by=stranger, at=at_year_end())
    assert caught.value.code == "orgs.calendar_role_needed"
    client = client_of(stranger)
    page = client.get(f"/calendar/?year={NEXT}").content.decode()
    assert 'id="import"' not in page and "由平台所在行政区域" in page
    given = {"stage": "import", "document": document().decode()}
    assert client.post("/calendar/import/", given).status_code == 403
    before = case.due_on
    case.refresh_from_db()
    assert case.due_on == before and not CalendarNotice.objects.exists()


def test_notice_is_not_imported_by_the_authority_of_an_area(county):
    county.authority.area = Area.objects.create(jurisdiction=county.jurisdiction, name="开发区", created_at=AT)
    county.authority.save()
    assert not calendars.may_import(county.reviewer, at_year_end())


def test_pages_preview_import_and_list_the_moves(county, admin):
    case = open_review(county, at=at_year_end())
    client = client_of(county.reviewer)
    typed = {"year": NEXT, "title": f"{NEXT}年放假安排", "off": "\n".join(f"{d} 元旦" for d in NEW_YEAR), "worked": ""}
    page = client.post("/calendar/import/", typed)
    text = page.content.decode()
    assert page.status_code == 200 and case.title in text and not CalendarNotice.objects.exists()
    assert "法定节假日没有列为放假" in text and "国庆节" in text
    answer = client.post(
        "/calendar/import/",
        {"stage": "import", "title": typed["title"], "document": page.context["document"]},
    )
    assert answer.status_code == 302 and DueMove.objects.count() == 1
    year = client.get(f"/calendar/?year={NEXT}").content.decode()
    assert "已公布" in year and "元旦" in year and typed["title"] in year
    assert case.number in client.get("/calendar/moves/").content.decode()
    assert "放假安排使" in client.get(f"/cases/{case.pk}/").content.decode()
    assert client_of(admin).get("/calendar/").content.decode().count("导入放假安排") >= 1


def test_moves_of_another_jurisdiction_are_not_listed(county, elsewhere):
    case = open_review(county, at=at_year_end())
    calendar_moves.import_notice(notice=read_notice(document()), by=county.reviewer, at=at_year_end())
    assert case.number not in client_of(elsewhere.reviewer).get("/calendar/moves/").content.decode()


def test_wrong_notice_is_told_day_by_day_and_nothing_kept(county):
    client = client_of(county.reviewer)
    wrong = client.post(
        "/calendar/import/", {"year": NEXT, "off": f"{NEXT}-01-01 元旦\n{NEXT}-02-30 春节\n下周五 端午", "worked": ""}
    )
    text = wrong.content.decode()
    assert wrong.status_code == 422 and "第 2 项" in text and "第 3 项" in text
    assert f"{NEXT}-02-30 春节" in text, "what was typed is kept"
    assert not CalendarNotice.objects.exists()


@pytest.mark.parametrize("raw", ["", "{", "[]", '{"year": 1e99}', "\x00", '{"year": 2027, "days": [null]}'])
def test_hostile_document_is_refused(county, raw):
    answer = client_of(county.reviewer).post("/calendar/import/", {"stage": "import", "document": raw})
    assert answer.status_code == 422 and not CalendarNotice.objects.exists()


@pytest.mark.parametrize("year", ["0", "99999", "x", "\x00", "2004", "2026"])
def test_year_view_opens_for_any_year_asked(county, year):
    assert client_of(county.clerk).get("/calendar/", {"year": year}).status_code == 200


def test_year_grid_marks_days_off_and_worked_weekends():
    cells = [
        cell for month in year_grid(2026, calendar.standard(), date(2026, 9, 18)) for week in month["weeks"]
        for cell in week if cell
    ]  # fmt: skip
    kinds = {cell["day"]: (cell["kind"], cell["mark"]) for cell in cells}
    assert len(cells) == 365 and kinds[date(2026, 10, 1)] == ("off", "休") and kinds[date(2026, 9, 20)][1] == "班"
    assert kinds[date(2026, 9, 19)][0] == "weekend" and kinds[date(2026, 9, 18)] == ("work", "")


def test_typed_lines_read_like_the_file():
    notice = read_notice(typed_notice(NEXT, "安排", f"{NEXT}-01-01 元旦", ""))
    assert (notice.year, dict(notice.off)) == (NEXT, {date(NEXT, 1, 1): "元旦"})


def test_many_cases_are_moved_in_batches(county, monkeypatch):
    monkeypatch.setattr(calendar_moves, "BATCH", 3)
    for n in range(8):
        open_review(county, title=f"资源{n}", at=at_year_end() + timedelta(minutes=n))
    _, moved = calendar_moves.import_notice(notice=read_notice(document()), by=county.reviewer, at=at_year_end())
    assert moved == 8 == Case.objects.filter(due_provisional=False).count()
