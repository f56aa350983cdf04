"""Work list and case page. Decisions go through the procedure's handler."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from yishu.cases import worklist
from yishu.cases.actions import CaseMoved
from yishu.cases.models import Case
from yishu.cases.queries import (
    case_for,
    case_line,
    clock_of,
    may_act_on,
    present_step,
    procedure_of,
    step_title,
    took_in_words,
    whose_turn,
)
from yishu.cases.registry import handler
from yishu.kernel.errors import Conflict, NotAllowed, NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Person, RoleKind

PAGE = 30


def _person(request: HttpRequest) -> Person:
    """Who is signed in; ``login_required`` made sure that somebody is."""
    assert isinstance(request.user, Person)  # noqa: S101  (narrows the type)
    return request.user


@login_required
@require_GET
def work_list(request: HttpRequest) -> HttpResponse:
    """``/``: what waits for me, what I opened, what is done; filters and order stand in the URL."""
    person, today = _person(request), shanghai_date(timezone.now())
    query = request.GET.dict()
    tab = query.get("tab", "waiting")
    tab = tab if tab in dict(worklist.TABS) else "waiting"
    base = worklist.tab_cases(person, tab)
    found = worklist.ordered(worklist.filtered(base, query, today), query.get("sort", ""), tab)
    page = Paginator(found, PAGE).get_page(query.get("page"))
    tabs = [
        {
            "key": key,
            "title": title,
            "url": reverse("work-list") + (f"?tab={key}" if key != "waiting" else ""),
            "on": key == tab,
            "count": worklist.tab_cases(person, key).count() if key != "done" else None,
        }
        for key, title in worklist.TABS
    ]
    narrowed = any(query.get(name) for name in ("q", "procedure", "department", "overdue"))
    context = {
        "tab": tab,
        "tabs": tabs,
        "page": page,
        "rows": [worklist.row(case) for case in page],
        "facets": worklist.facets(base, today),
        "today": today,
        "narrowed": narrowed,
        "provides": person.roles.filter(kind=RoleKind.PROVIDER, revoked_at=None).exists(),
    }
    return render(request, "cases/work_list.html", context)


@login_required
@require_GET
def case_page(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """``/cases/<uuid>/``: line, summary, decision box, history."""
    person = _person(request)
    return _show(request, case_for(person, case_id), person)


@login_required
@require_POST
def decide(request: HttpRequest, case_id: UUID, outcome: str) -> HttpResponse:
    """Take one outcome of the decision box; on any error the page comes back with what was typed."""
    person, now = _person(request), timezone.now()
    case = case_for(person, case_id)
    text = request.POST.get("revision", "")
    seen = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    step = present_step(case)
    if step is None or outcome not in step.outcomes:
        return _moved(request, case, outcome, seen, person)
    form = _form(case, outcome, person, request.POST)
    may = may_act_on(case, person, now)
    if not may.allowed and seen == case.revision:  # before the form: whose turn it is comes before what is missing
        refusal = NotAllowed(
            may.reason, remedy=may.remedy, object_=case.number, reference=may.reference, code="cases.wrong_role"
        )
        return _show(request, case, person, error=refusal, bound=form, chosen=outcome, status=refusal.status)
    if not form.is_valid():
        return _show(request, case, person, bound=form, chosen=outcome, status=422)
    title = step.outcomes[outcome].title
    try:
        after = handler(case.procedure).decide(
            case=case, outcome=outcome, form=form, seen_revision=seen, by=person, at=now
        )
    except CaseMoved as error:
        fresh = case_for(person, case_id)
        return _show(request, fresh, person, error=error, bound=form, chosen=outcome, status=error.status)
    except PublicError as error:
        return _show(request, case, person, error=error, bound=form, chosen=outcome, status=error.status)
    messages.success(request, f"已办理：{title}。办件现在处于“{step_title(after, after.step)}”")
    return redirect("case", case_id=case.pk)


def _moved(request: HttpRequest, case: Case, outcome: str, seen: int, person: Person) -> HttpResponse:
    """The step no longer has this outcome: tell who moved the case, or that the address is wrong."""
    from_here = seen == case.revision
    if from_here and case.closed_at is None:
        raise NotFound(
            "这一步没有这种处理结果", remedy="请回到办件页，从给出的结果中选择", code="cases.unknown_outcome"
        )
    last = case.events.select_related("by").order_by("-seq")[0]
    step = procedure_of(case).steps.get(last.from_step)
    error = Conflict(
        f"办件 {case.number} 已由{last.by.name}办理：{step.outcomes[last.outcome].title if step else '提交'}",
        why=f"办件现在处于“{step_title(case, case.step)}”，您的意见没有写入",
        remedy="请在下方查看最新状态",
        object_=case.number,
        code=CaseMoved.code,
    )
    return _show(request, case, person, error=error, typed=request.POST.get("reason", ""), status=409)


def _form(case: Case, outcome: str, person: Person, data: Any = None) -> Form:
    form = handler(case.procedure).form(case, outcome, data, person)
    form.auto_id = f"id_{outcome}_%s"
    return form


def _show(
    request: HttpRequest,
    case: Case,
    person: Person,
    *,
    error: PublicError | None = None,
    bound: Form | None = None,
    chosen: str = "",
    typed: str = "",
    status: int = 200,
) -> HttpResponse:
    """The case page; ``bound`` is the form of outcome ``chosen`` as it was typed."""
    now = timezone.now()
    template, context = handler(case.procedure).summary(case)
    events = list(case.events.select_related("by", "by__department").order_by("seq"))
    run, step, clock = procedure_of(case), present_step(case), clock_of(case)
    may = may_act_on(case, person, now)
    choices = []
    if step is not None and may.allowed:
        for key, outcome in step.outcomes.items():
            ahead = run.steps.get(outcome.to)
            choices.append(
                {
                    "outcome": outcome,
                    "form": bound if bound is not None and key == chosen else _form(case, key, person),
                    "open": key == chosen,
                    "next": f"转入“{ahead.title}”，由{RoleKind(ahead.role).label}办理"
                    if ahead
                    else f"办件办结：{run.finals[outcome.to]}",
                    "clock": ahead.clock if ahead else None,
                }
            )
    if not typed and bound is not None and not any(c["open"] for c in choices):
        typed = str(bound.data.get("reason", ""))
    history = [
        {
            "event": event,
            "step": run.steps[event.from_step].title if event.from_step else "提交",
            "outcome": run.steps[event.from_step].outcomes[event.outcome].title if event.from_step else "提交",
            "reference": run.steps[event.from_step].outcomes[event.outcome].reference
            if event.from_step
            else run.reference,
            "role": RoleKind(event.role).label if event.role else "",
        }
        for event in events
    ]
    page = {
        "case": case,
        "run": run,
        "step": step,
        "step_title": step_title(case, case.step),
        "turn": whose_turn(case),
        "line": case_line(case, events),
        "clock": clock,
        "started_on": shanghai_date(case.step_since),
        "today": shanghai_date(now),
        "waited": took_in_words(case.step_since, now),
        "summary_template": template,
        "subject": context,
        "may": may,
        "choices": choices,
        "history": list(reversed(history)),
        "error": error,
        "typed": typed,
    }
    return render(request, "cases/case.html", page, status=status)
