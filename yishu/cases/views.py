"""The case page. Decisions go through the procedure's handler; extensions of the clock are the platform's own."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from yishu.cases import extensions, urgings
from yishu.cases.actions import CaseMoved, moved
from yishu.cases.forms import ExtensionForm, UrgingForm
from yishu.cases.models import Case, CaseEvent
from yishu.cases.procedures import clock_total
from yishu.cases.queries import (
    case_for,
    case_line,
    clock_of,
    event_reference,
    event_words,
    may_act_on,
    present_step,
    procedure_of,
    step_title,
    took_in_words,
    whose_turn,
)
from yishu.cases.registry import handler
from yishu.cases.urging import urge_case
from yishu.kernel.errors import NotAllowed, NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.law.kinds import Outcome, Procedure
from yishu.orgs.models import Person, RoleKind
from yishu.orgs.reading import signed_in


@login_required
@require_GET
def case_page(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """``/cases/<uuid>/``: line, summary, decision box, history."""
    person = signed_in(request)
    return _show(request, case_for(person, case_id), person)


@login_required
@require_POST
def decide(request: HttpRequest, case_id: UUID, outcome: str) -> HttpResponse:
    """Take one outcome of the decision box; on any error the page comes back with what was typed."""
    person, now = signed_in(request), timezone.now()
    case = case_for(person, case_id)
    seen = _revision(request)
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


def _revision(request: HttpRequest) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


@login_required
@require_POST
def extend(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """``/cases/<uuid>/clock/extension/``: ask for, grant or (``answer=refuse``) refuse an extension of the running clock."""
    person, now = signed_in(request), timezone.now()
    case = case_for(person, case_id)
    refuse = request.POST.get("answer") == "refuse"
    form = _extension_form(case, request.POST)
    if refuse:
        form.fields["days"].required = False
    if not form.is_valid():
        return _show(request, case, person, extension=form, status=422)
    given, seen = form.cleaned_data, _revision(request)
    try:
        if refuse:
            extensions.refuse_extension(case_id=case.pk, reason=given["reason"], by=person, at=now, seen_revision=seen)
        else:
            extensions.extend_clock(
                case_id=case.pk, days=given["days"], reason=given["reason"], by=person, at=now, seen_revision=seen
            )
    except PublicError as error:
        return _show(request, case_for(person, case_id), person, error=error, extension=form, status=error.status)
    after = case_for(person, case_id)
    words = (
        "已提出延长申请" if after.extension_asked else "已答复：不同意延长" if refuse else f"时限延长至 {after.due_on}"
    )
    messages.success(request, words)
    return redirect("case", case_id=case.pk)


@login_required
@require_POST
def urge(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """``/cases/<uuid>/urging/``: write a 督办意见 on a late case; on any error the page comes back with what was typed."""
    person, now = signed_in(request), timezone.now()
    case = case_for(person, case_id)
    form = UrgingForm(request.POST)
    if not form.is_valid():
        return _show(request, case, person, urging=form, status=422)
    given = form.cleaned_data
    try:
        urge_case(
            case_id=case.pk, note=given["note"], wanted_on=given["wanted_on"], by=person, at=now,
            seen_revision=_revision(request),
        )  # fmt: skip
    except PublicError as error:
        return _show(request, case_for(person, case_id), person, error=error, urging=form, status=error.status)
    messages.success(request, "督办意见已写入，已通知办理人和数据主管部门")
    return redirect("case", case_id=case.pk)


def _extension_form(case: Case, data: Any = None) -> ExtensionForm:
    most = case.extension_asked or extensions.days_left_to_extend(case)
    known = extensions.extension_of(case)
    return ExtensionForm(most, known.reference if known else None, data)


def _moved(request: HttpRequest, case: Case, outcome: str, seen: int, person: Person) -> HttpResponse:
    """The step no longer has this outcome: tell who moved the case, or that the address is wrong."""
    from_here = seen == case.revision
    if from_here and case.closed_at is None:
        raise NotFound(
            "这一步没有这种处理结果", remedy="请回到办件页，从给出的结果中选择", code="cases.unknown_outcome"
        )
    error = moved(case)
    return _show(request, case, person, error=error, typed=request.POST.get("reason", ""), status=409)


def _form(case: Case, outcome: str, person: Person, data: Any = None) -> Form:
    form = handler(case.procedure).form(case, outcome, data, person)
    form.auto_id = f"id_{outcome}_%s"
    return form


def _choices(case: Case, person: Person, run: Procedure, chosen: str, bound: Form | None) -> list[dict[str, Any]]:
    """The outcomes of the present step with their forms; the chosen one as it was typed."""
    return [
        {
            "outcome": outcome,
            "form": bound if bound is not None and key == chosen else _form(case, key, person),
            "open": key == chosen,
            "next": _next_words(run, outcome),
            "clock": run.steps[outcome.to].clock if outcome.to in run.steps else None,
        }
        for key, outcome in run.steps[case.step].outcomes.items()
    ]


def _next_words(run: Procedure, outcome: Outcome) -> str:
    if outcome.extends:
        return "时限延长，仍在本步骤"
    ahead = run.steps.get(outcome.to)
    if ahead is None:
        return f"办件办结：{run.finals[outcome.to]}"
    return f"转入“{ahead.title}”，由{RoleKind(ahead.role).label}办理"


def _history(case: Case, events: list[CaseEvent]) -> list[dict[str, Any]]:
    """The events, the latest first, in words."""
    found = []
    for event in events:
        step, outcome = event_words(case, event)
        found.append(
            {
                "event": event,
                "step": step,
                "outcome": outcome,
                "reference": event_reference(case, event),
                "role": RoleKind(event.role).label if event.role else "",
                "for_name": event.facts.get("for_name", "") if isinstance(event.facts, dict) else "",
            }
        )
    return list(reversed(found))


def _show(
    request: HttpRequest,
    case: Case,
    person: Person,
    *,
    error: PublicError | None = None,
    bound: Form | None = None,
    chosen: str = "",
    typed: str = "",
    extension: ExtensionForm | None = None,
    urging: UrgingForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The case page; ``bound`` is the form of outcome ``chosen`` as it was typed, ``extension`` and ``urging`` likewise."""
    now = timezone.now()
    template, context = handler(case.procedure).summary(case)
    events = list(case.events.select_related("by", "by__department").order_by("seq"))
    run, step, clock = procedure_of(case), present_step(case), clock_of(case)
    may = may_act_on(case, person, now)
    choices = _choices(case, person, run, chosen, bound) if step is not None and may.allowed else []
    if not typed and bound is not None and not any(c["open"] for c in choices):
        typed = str(bound.data.get("reason", ""))
    can_extend = extensions.may_extend(case, person, now) if step is not None else ""
    if extension is not None and not can_extend and not typed:
        typed = str(extension.data.get("reason", ""))
    can_urge, _ = urgings.may_urge(case, person, now)
    if urging is not None and not can_urge.allowed and not typed:
        typed = str(urging.data.get("note", ""))
    page = {
        "case": case,
        "urgings": urgings.urgings_of(case, events, shanghai_date(now)),
        "urging_form": (urging or UrgingForm()) if can_urge.allowed else None,
        "run": run,
        "step": step,
        "step_title": step_title(case, case.step),
        "turn": whose_turn(case),
        "line": case_line(case, events),
        "clock": clock,
        "clock_total": clock_total(case),
        "started_on": case.clock_from or shanghai_date(case.step_since),
        "moves": list(case.due_moves.order_by("at", "pk")),
        "can_extend": can_extend,
        "extension": extensions.extension_of(case),
        "extension_form": extension or (_extension_form(case) if can_extend else None),
        "approver": extensions.approver_words(run, case),
        "today": shanghai_date(now),
        "waited": took_in_words(case.step_since, now),
        "summary_template": template,
        "subject": context,
        "may": may,
        "choices": choices,
        "history": _history(case, events),
        "error": error,
        "typed": typed,
    }
    return render(request, "cases/case.html", page, status=status)
