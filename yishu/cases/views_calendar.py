"""The working-day calendar: a year at a glance, putting in a year's notice, and the deadlines it moved."""

import calendar as months
import json
import re
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from yishu.cases import calendar_moves
from yishu.cases.forms import NoticeForm
from yishu.cases.models import DueMove
from yishu.cases.parties import visible_cases
from yishu.kernel.errors import PublicError
from yishu.kernel.time import shanghai_date
from yishu.law import calendar
from yishu.law.calendar import Calendar, Notice
from yishu.law.notices import MAX_BYTES, read_notice
from yishu.orgs import calendars
from yishu.orgs.models import Person
from yishu.orgs.reading import signed_in
from yishu.pages.lists import read_list_query

FIRST_YEAR = 2004
MOVES = 50
SORTS = {"at": ("at", "pk"), "after": ("after", "pk"), "before": ("before", "pk")}
_LINE = re.compile(r"(\d{4}-\d{2}-\d{2})[\s,，、]+(\S.*)")


def year_grid(year: int, days: Calendar, today: date) -> list[dict[str, Any]]:
    """Twelve months, each with its weeks from Monday; a day says whether it is worked and why."""
    grid = []
    for month in range(1, 13):
        weeks = [
            [_cell(day, days, today) if day.month == month else None for day in week]
            for week in months.Calendar().monthdatescalendar(year, month)
        ]
        worked = sum(1 for week in weeks for cell in week if cell and cell["works"])
        grid.append({"title": f"{month}月", "weeks": weeks, "worked": worked})
    return grid


def _cell(day: date, days: Calendar, today: date) -> dict[str, Any]:
    works, why = days.is_working(day), days.why(day)
    kind = "extra" if works and why else "work" if works else "weekend" if why == "周末" else "off"
    mark = {"extra": "班", "off": "休"}.get(kind, "")
    return {"day": day, "works": works, "why": why, "kind": kind, "mark": mark, "today": day == today}


@login_required
@require_GET
def calendar_page(request: HttpRequest) -> HttpResponse:
    """``/calendar/``: one year (``?year=``), which notices are in, and the form to put one in for those who may."""
    return _show(request, signed_in(request), NoticeForm())


def _year(text: str, today: date, last: int) -> int:
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else today.year
    return min(max(year, FIRST_YEAR), last)


def _show(
    request: HttpRequest, person: Person, form: NoticeForm, error: PublicError | None = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    today, days = shanghai_date(now), calendar.current()
    last = max(max(days.years), today.year) + 1
    year = _year(request.GET.get("year", ""), today, last)
    context = {
        "year": year,
        "years": [y for y in (year - 1, year + 1) if FIRST_YEAR <= y <= last],
        "grid": year_grid(year, days, today),
        "known": year in days.years,
        "last_known": max(days.years),
        "notices": calendars.notices(),
        "may_import": calendars.may_import(person, now),
        "form": form,
        "error": error,
        "weekdays": "一二三四五六日",
    }
    return render(request, "cases/calendar.html", context, status=status)


def typed_notice(year: int, title: str, off: str, worked: str) -> bytes:
    """The lines of the form as the file they stand for, so that one reader checks both. Lines without a date keep their text."""
    entries = []
    for text, free in ((off, True), (worked, False)):
        for line in filter(None, (part.strip() for part in text.splitlines())):
            found = _LINE.fullmatch(line)
            day, name = (found[1], found[2]) if found else (line[:40], "")
            entries.append({"date": day, "name": name.strip(), "isOffDay": free})
    document: dict[str, Any] = {"year": year, "papers": [title] if title else [], "days": entries}
    return json.dumps(document, ensure_ascii=False).encode()


def _raw(form: NoticeForm) -> tuple[bytes, str]:
    given = form.cleaned_data
    if file := given.get("file"):
        return file.read(MAX_BYTES + 1), given.get("title") or ""
    return typed_notice(given["year"], given["title"], given["off"], given["worked"]), given["title"]


@login_required
@require_POST
def calendar_import(request: HttpRequest) -> HttpResponse:
    """``/calendar/import/``: what a notice would change; with ``stage=import`` put it in and move the deadlines."""
    person, now = signed_in(request), timezone.now()
    if not calendars.may_import(person, now):
        raise calendars.not_importer()
    if request.POST.get("stage") == "import":
        return _import(request, person)
    form = NoticeForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, person, form, status=422)
    try:
        raw, title = _raw(form)
        notice = _titled(read_notice(raw), title)
        calendar_moves.check_year(notice.year)
        return _preview(request, person, notice)
    except PublicError as error:
        return _show(request, person, form, error, error.status)


def _titled(notice: Notice, title: str) -> Notice:
    name = "".join(c for c in title if c.isprintable()).strip()[:120]
    return Notice(notice.year, name or notice.title, notice.off, notice.worked)


def _preview(request: HttpRequest, person: Person, notice: Notice) -> HttpResponse:
    before = calendar.current()
    after = before.with_notice(notice)
    home = person.department
    moves, touched = calendar_moves.preview(notice.year, after, home.jurisdiction_id) if home else ([], 0)
    days = [{"date": d.isoformat(), "name": n, "isOffDay": True} for d, n in notice.off.items()]
    days += [{"date": d.isoformat(), "name": n, "isOffDay": False} for d, n in notice.worked.items()]
    context = {
        "notice": notice,
        "changes": calendar_moves.changed_days(notice, before, after),
        "left_out": calendar_moves.not_off(notice, after),
        "moves": moves,
        "touched": touched,
        "document": json.dumps({"year": notice.year, "papers": [], "days": days}, ensure_ascii=False),
        "replaces": notice.year in before.years,
    }
    return render(request, "cases/calendar_preview.html", context)


def _import(request: HttpRequest, person: Person) -> HttpResponse:
    try:
        raw = request.POST.get("document", "").encode("utf-8", "replace")
        notice = _titled(read_notice(raw), request.POST.get("title", ""))
        new, moved = calendar_moves.import_notice(notice=notice, by=person, at=timezone.now())
    except PublicError as error:
        return _show(request, person, NoticeForm(), error, error.status)
    words = f"已导入 {notice.year} 年放假安排" if new else f"{notice.year} 年放假安排此前已导入，内容相同"
    messages.success(request, f"{words}；调整截止日期 {moved} 处，已提醒办理人员")
    return redirect(f"{reverse('calendar')}?year={notice.year}")


@login_required
@require_GET
def moved_list(request: HttpRequest) -> HttpResponse:
    """``/calendar/moves/``: the deadlines notices moved, of the cases the person may see."""
    person = signed_in(request)
    query = read_list_query(request, SORTS, "-at")
    rows = DueMove.objects.filter(case__in=visible_cases(person)).select_related("case", "case__department")
    if query.text:
        rows = rows.filter(case__title__icontains=query.text) | rows.filter(case__number__icontains=query.text)
    year = request.GET.get("year", "")
    if year:
        rows = rows.filter(notice_year=int(year) if year.isascii() and year.isdigit() and len(year) == 4 else -1)
    page = Paginator(rows.order_by(*query.order), MOVES).get_page(query.page)
    return render(request, "cases/moves.html", {"page": page, "narrowed": bool(query.text or year)})
