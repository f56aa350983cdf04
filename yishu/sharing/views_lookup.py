"""Online lookup and receipts."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import segno
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET, require_http_methods

from yishu.kernel.errors import NotAllowed, PublicError
from yishu.kernel.time import shanghai_date
from yishu.ledger.display import display
from yishu.orgs.reading import signed_in
from yishu.pages.parts import FacetOption
from yishu.sharing import online, queries, receipts
from yishu.sharing.adapters import in_words
from yishu.sharing.forms import LookupForm
from yishu.sharing.rules import conditions
from yishu.sharing.views import grant_items

ANSWER_FOR_USE = "sharing.users_answer_for_use"
"""Pack value shown beside every lookup: whoever looks up answers for what becomes of it."""


@login_required
@require_http_methods(["GET", "POST"])
def lookup(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """``/sharing/grants/<uuid>/lookup/``: keys by POST only; the answer is in this page and nowhere else."""
    person, now = signed_in(request), timezone.now()
    grant = queries.grant_for(person, grant_id)
    may = queries.may_look_up(grant, person, now)
    if not may.allowed:
        raise NotAllowed(
            may.reason, remedy=may.remedy, reference=may.reference, code=may.code or "sharing.may_not_look_up"
        )
    spec = queries.spec_of(grant)
    form = LookupForm(request.POST if request.method == "POST" else None)
    found: online.Found | None = None
    error: PublicError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            found = online.look_up(
                gateway=settings.ENVIRONMENT.gateway_url, home=settings.ENVIRONMENT.home, spec=spec, grant_id=grant.pk,
                department_id=grant.department_id, person_id=person.pk, person_name=person.name, keys=form.cleaned_data["keys"], at=now,
            )  # fmt: skip
        except PublicError as refused:
            error = refused
    items = grant_items(spec, grant)
    view = queries.law(grant.jurisdiction, shanghai_date(now))
    context = {
        "grant": grant,
        "spec": spec,
        "items": items,
        "form": form,
        "found": found,
        "rows": [
            [(i["item"].name, shown(record.get(i["item"].name), i["item"].codes)) for i in items]
            for record in found.records
        ]
        if found
        else [],
        "asked": len(form.cleaned_data["keys"]) if found else 0,
        "purpose": queries.title_of(view, "use_purposes", grant.purpose),
        "filters": [in_words(spec, c) for c in conditions(grant.row_filter)],
        "warning": view.get(ANSWER_FOR_USE) if view.has(ANSWER_FOR_USE) else None,
        "error": error,
    }
    status = error.status if error else 422 if form.errors else 200
    return render(request, "sharing/lookup.html", context, status=status)


def shown(value: Any, codes: Mapping[str, str]) -> Any:
    """A value of an answer as people read it: yes and no in words, a code with its meaning, null as it is, the rest as it came."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "是" if value else "否"
    text = str(value)
    meaning = codes.get(text, text)
    return text if meaning == text else f"{text}（{meaning}）"


@login_required
@require_GET
def receipt_list(request: HttpRequest) -> HttpResponse:
    """``/sharing/receipts/``: deliveries and refusals I may see, newest first; ``?q=`` takes a receipt number."""
    person = signed_in(request)
    text = request.GET.get("q", "").strip()
    if text:
        try:
            return redirect("sharing-receipt", receipt_id=UUID(text))
        except ValueError:
            pass
    rows = receipts.recent(
        person, kind=request.GET.get("kind", ""), resource=request.GET.get("resource", "").replace("\x00", "")
    )
    codes = {row.resource: row.title for row in rows if row.resource}
    context = {
        "rows": [row for row in rows if not text or text in row.title or text in row.department],
        "kinds": [FacetOption("delivery", "已提供"), FacetOption("refusal", "已拒绝")],
        "resources": [FacetOption(code, title) for code, title in sorted(codes.items(), key=lambda pair: pair[1])],
        "window": receipts.WINDOW,
        "narrowed": bool(text or request.GET.get("kind") or request.GET.get("resource")),
    }
    return render(request, "sharing/receipts.html", context)


@login_required
@require_GET
def receipt_page(request: HttpRequest, receipt_id: UUID) -> HttpResponse:
    """``/sharing/receipts/<uuid>/``: printable, with QR; ``?verify=1`` shows the check in words. It is always made."""
    person = signed_in(request)
    entry = receipts.entry_for(person, receipt_id)
    found = receipts.receipt(receipt_id)
    words = receipts.in_words(entry, shanghai_date(entry.at))
    context: dict[str, Any] = {"id": receipt_id, "entry": entry, "words": words, "pending": found is None}
    if found is not None:
        shown = display(found.document())
        decision = receipts.verified(found)
        code = segno.make(shown.short, error="m").svg_inline(scale=3, border=2, omitsize=False)
        context |= {
            "shown": shown,
            "decision": decision,
            "asked": request.GET.get("verify") == "1",
            # segno writes only its own markup: modules as a path, no text of ours.
            "qr": mark_safe(code),  # noqa: S308
        }
    return render(request, "sharing/receipt.html", context)


@login_required
@require_GET
def receipt_json(request: HttpRequest, receipt_id: UUID) -> HttpResponse:
    """The receipt as a file that ``yishu receipt verify`` checks offline; 202 with a problem document while its proof is made."""
    receipts.entry_for(signed_in(request), receipt_id)
    found = receipts.receipt(receipt_id)
    if found is None:
        body = json.dumps(
            {"title": "存证证明正在生成", "next": "请两秒后再试", "code": "sharing.receipt_pending"}, ensure_ascii=False
        )
        return HttpResponse(body, status=202, content_type="application/problem+json")
    answer = HttpResponse(found.to_json(), content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="receipt-{receipt_id}.json"'
    return answer
