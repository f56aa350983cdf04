"""A person's notices."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from yishu.cases import mail
from yishu.cases.notices import mark_read, notices_of
from yishu.cases.registry import messengers
from yishu.orgs.reading import signed_in
from yishu.pages.lists import page_of, read_list_query

SORTS = {"at": ("at", "pk"), "title": ("title", "pk")}


@login_required
@require_GET
def notice_list(request: HttpRequest) -> HttpResponse:
    """``/notices/``: what the person was told, unread first on demand; whether mails go out is said here."""
    person = signed_in(request)
    query = read_list_query(request, SORTS, "-at")
    rows = notices_of(person).order_by(*query.order)
    if query.text:
        rows = rows.filter(title__icontains=query.text)
    unread_only = request.GET.get("unread") == "1"
    if unread_only:
        rows = rows.filter(read_at=None)
    context = {
        "page": page_of(rows, query),
        "unread_only": unread_only,
        "narrowed": bool(query.text or unread_only),
        "mails": mail.configured(),
        "ways": [m.name for m in messengers()],
        "address": person.email,
        "wants": person.email_reminders,
    }
    return render(request, "cases/notices.html", context)


@login_required
@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    """``/notices/read/``: mark one notice (``notice``) or, with ``all``, every one as read."""
    ids = [int(n) for n in request.POST.getlist("notice") if n.isascii() and n.isdigit() and len(n) < 19]
    everything = request.POST.get("all") == "1"
    done = mark_read(person=signed_in(request), at=timezone.now(), ids=None if everything else ids)
    if everything:
        messages.success(request, f"已将 {done} 条提醒标为已读")
    return redirect("notices")
