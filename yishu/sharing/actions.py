"""Writes of sharing: applications, grants, revocation. Each is one transaction with its ledger entry and its publication to the gateway."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from yishu.cases import actions as cases
from yishu.cases.queries import procedure_of
from yishu.catalogue.models import Resource
from yishu.catalogue.queries import published
from yishu.catalogue.rules import ResourceSpec
from yishu.kernel import events
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from yishu.kernel.references import Reference
from yishu.kernel.time import shanghai_date
from yishu.ledger.actions import record
from yishu.ledger.digests import Digester
from yishu.ledger.facts import Fact
from yishu.orgs.models import Client, Department, Person, RoleKind
from yishu.orgs.queries import may_act, may_apply
from yishu.sharing import queries
from yishu.sharing.adapters import publish_grant
from yishu.sharing.messages import GrantRevoked
from yishu.sharing.models import Application, Grant
from yishu.sharing.requests import (
    Request,
    agreement_problems,
    check_refusal,
    check_request,
    purpose_problems,
    raise_all,
    term_problems,
)
from yishu.sharing.rules import (
    DIRECT,
    LOOKUP,
    QUERY,
    RowCondition,
    check_grant,
    conditions,
    default_masks,
    filters_by_masked,
    least_items,
    lifted,
    narrows,
    resource_access,
    used_columns,
)


@transaction.atomic
def take_direct_access(
    *,
    resource_id: int,
    department: Department,
    purpose: str,
    starts_on: date,
    ends_on: date,
    items: Sequence[str] = (),
    row_filter: Sequence[RowCondition] = (),
    clients: Sequence[Client] = (),
    by: Person,
    at: datetime,
) -> Grant:
    """直接获取: an immediately active grant on unconditional data, recorded (XW-19.1.a). ``items`` default to the key item alone.

    Raises NotAllowed (not a consumer of the department, or the data needs an application), Conflict (the department already
    has direct access for this purpose), Invalid (items, filter, purpose, term).
    """
    _may_consume(department, by, at)
    spec = _published(resource_id, department)
    view = queries.law(department.jurisdiction, shanghai_date(at))
    chosen = tuple(items) or least_items(spec)
    decision = resource_access(view, spec, used_columns(chosen, row_filter))
    if decision.code != DIRECT:
        raise NotAllowed(
            f"“{spec.title}”不能直接获取",
            why=decision.reason,
            remedy="请改为提出共享申请",
            object_=spec.code,
            reference=decision.reference,
            code="sharing.needs_application",
        )
    # One at a time per department: a second click finds the first one's grant.
    list(Department.objects.select_for_update(no_key=True).filter(pk=department.pk).values_list("pk"))
    held = queries.active_grants(department, resource_id, at).filter(application=None, purpose=purpose).first()
    if held is not None:
        raise Conflict(
            f"{department.name}已为这一用途直接获取“{spec.title}”",
            remedy="请在“我的申请与授权”中使用已有授权；需要其他信息项的，请先由主管部门收回后重新获取，或换一种用途",
            object_=str(held.pk),
            code="sharing.already_granted",
        )
    problems = [*purpose_problems(view, purpose), *term_problems(starts_on, ends_on, at)]
    if hidden := filters_by_masked(spec, row_filter):
        names = "、".join(item.name for item in hidden)
        problems.append(
            Problem(
                "row_filter",
                f"直接获取不能按脱敏的“{names}”限定数据范围",
                "请改用不脱敏的信息项限定",
                "sharing.filter_by_masked",
            )
        )
    raise_all(problems, spec)
    grant = Grant(
        jurisdiction=department.jurisdiction, department=department, resource_id=resource_id, resource_version=spec.version,
        items=_in_order(spec, chosen), row_filter=[c.as_dict() for c in row_filter], masks=default_masks(spec, chosen),
        purpose=purpose, modes=[LOOKUP, QUERY], starts_on=starts_on, ends_on=ends_on, granted_by=by, granted_at=at,
    )  # fmt: skip
    return _create(grant, spec, "sharing.direct_access_taken", clients, by=by, at=at, law=_row(decision.reference))


@transaction.atomic
def submit_application(
    *, resource_id: int, department: Department, request: Request, by: Person, at: datetime
) -> Application:
    """共享申请: checked whole, stored, its case opened for the authority (XW-19.1.b). Unconditional data is refused: take it directly.

    Raises Invalid with every missing part and its article, NotAllowed, NotFound.
    """
    _may_consume(department, by, at)
    spec = _published(resource_id, department)
    view = queries.law(department.jurisdiction, shanghai_date(at))
    decision = resource_access(view, spec, used_columns(request.items, request.row_filter))
    if decision.code == DIRECT:
        raise NotAllowed(
            f"“{spec.title}”可以直接获取，不需要申请", why=decision.reason, remedy="请使用“直接获取”", object_=spec.code,
            reference=decision.reference, code="sharing.needs_no_application",
        )  # fmt: skip
    if not decision.allowed:
        raise NotAllowed(
            decision.reason, remedy=decision.remedy, object_=spec.code, reference=decision.reference, code=decision.code
        )
    check_request(view, spec, request, at)
    application = Application(
        jurisdiction=department.jurisdiction, department=department, resource_id=resource_id, submitted_by=by, submitted_at=at,
    )  # fmt: skip
    _store(application, spec, request)
    application.save(force_insert=True)
    application.case = cases.open_case(
        procedure=queries.application_procedure(view, spec, used_columns(request.items, request.row_filter)),
        jurisdiction=department.jurisdiction,
        subject_id=str(application.pk),
        title=f"{department.name}申请使用“{spec.title}”",
        department=department,
        provider=application.resource.department,
        by=by,
        at=at,
        facts={
            "resource": spec.code,
            "share_type": spec.share_type,
            "items": list(application.items),
            "purpose": request.purpose,
        },
    )
    application.save(update_fields=["case"])
    return application


@transaction.atomic
def approve_application(
    *,
    application_id: UUID,
    seen_revision: int,
    items: Sequence[str],
    row_filter: Sequence[RowCondition],
    masks: Mapping[str, str],
    starts_on: date,
    ends_on: date,
    reason: str = "",
    basis: str = "",
    outcome: str = "approve",
    answers: Mapping[str, str] | None = None,
    by: Person,
    at: datetime,
) -> Grant:
    """Who decides in the end (authority or provider, as the pack says) grants what was asked for or less: items, row filter, masks, term.

    ``masks`` (column id → kind, ``""`` for none) is complete: an item it leaves out keeps its default mask. Taking a default mask
    off needs a ``reason`` and is kept in the case and the ledger. ``answers``: what else the pack demands of the outcome, in words
    (``conditions`` …). Raises Invalid, ``cases.CaseMoved``, NotAllowed, NotFound.
    """
    application = _locked(application_id)
    spec = published(id=application.resource_id)
    _require_shareable(application, spec, used_columns(items, row_filter), at)
    asked = conditions(application.row_filter)
    chosen = _in_order(spec, items)
    complete = default_masks(spec, chosen) | dict(masks)
    problems: list[Problem] = [*term_problems(starts_on, ends_on, at)]
    if not narrows(application.items, asked, items, row_filter):
        problems.append(
            Problem("items", "批准的范围超出了申请的范围", "只能减少信息项、增加数据范围的限制", "sharing.widened")
        )
    if starts_on < application.starts_on or ends_on > application.ends_on:
        problems.append(
            Problem("ends_on", "批准的期限超出了申请的期限", "请在申请的期限之内确定", "sharing.term_widened")
        )
    unmasked = lifted(spec, chosen, complete)
    if unmasked and not reason.strip():
        names = "、".join(i.name for i in unmasked)
        problems.append(
            Problem(
                "reason", f"取消“{names}”的脱敏没有写明理由", "请写明不脱敏的理由，随办件存档", "sharing.unmask_reason"
            )
        )
    problems += agreement_problems(application.jurisdiction.law, spec, answers or {}, at)
    raise_all(problems, spec)
    case = cases.act(
        case_id=_case_id(application), outcome=outcome, seen_revision=seen_revision, by=by, at=at, reason=reason,
        facts={**(answers or {}), "items": chosen, "masks": complete, "row_filter": [c.as_dict() for c in row_filter], "unmasked": [i.column for i in unmasked],
               "starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat(), "mode": application.mode, "basis": basis.strip()},
    )  # fmt: skip
    application.state = Application.State.APPROVED
    application.save(update_fields=["state"])
    grant = Grant(
        jurisdiction=application.jurisdiction, department=application.department, resource_id=application.resource_id,
        resource_version=spec.version, application=application, items=chosen, row_filter=[c.as_dict() for c in row_filter],
        masks={column: kind for column, kind in complete.items() if kind}, purpose=application.purpose, modes=[application.mode],
        starts_on=starts_on, ends_on=ends_on, granted_by=by, granted_at=at,
    )  # fmt: skip
    taken = case.events.order_by("-seq")[0]
    law = procedure_of(case).steps[taken.from_step].outcomes[taken.outcome].reference
    return _create(grant, spec, "sharing.granted", (), by=by, at=at, law=_row(law))


@transaction.atomic
def move_application(
    *,
    application_id: UUID,
    outcome: str,
    seen_revision: int,
    reason: str,
    facts: Mapping[str, object],
    by: Person,
    at: datetime,
) -> Application:
    """Take an outcome between two steps (a consent, a pass, an objection): nothing is granted or refused yet. Raises as ``cases.act``.

    The application counts as returned while the consumer has it, as submitted else; a final state other than approval is a refusal.
    """
    application = _locked(application_id)
    case = cases.act(
        case_id=_case_id(application), outcome=outcome, seen_revision=seen_revision, by=by, at=at, reason=reason, facts=facts
    )  # fmt: skip
    if case.closed_at:
        application.state = Application.State.REFUSED
    else:
        away = case.step_role == RoleKind.CONSUMER
        application.state = Application.State.RETURNED if away else Application.State.SUBMITTED
    application.save(update_fields=["state"])
    return application


@transaction.atomic
def refuse_application(
    *, application_id: UUID, seen_revision: int, reason: str, basis: str, basis_kind: str = "", by: Person, at: datetime
) -> Application:
    """Refuse with reason and basis (an unreasoned answer is a forbidden act: XW-35.4), the kind too where the law accepts some only."""
    if not basis.strip():
        raise Invalid(
            "不予批准还缺少依据",
            remedy="请写明所依据的法律、法规或政策",
            problems=[Problem("basis", "缺少依据", "请写明所依据的法律、法规或政策", "sharing.missing_basis")],
            code="sharing.missing_basis",
        )
    check_refusal(_locked(application_id).jurisdiction.law, basis_kind, basis, at)
    facts = {"basis": basis.strip()} | ({"basis_kind": basis_kind} if basis_kind else {})
    return _decide(application_id, "refuse", Application.State.REFUSED, seen_revision, reason, facts, by=by, at=at)


@transaction.atomic
def return_application(
    *, application_id: UUID, seen_revision: int, reason: str, by: Person, at: datetime
) -> Application:
    """The authority sends an application back for supplement, saying what is missing. Raises as ``cases.act``."""
    return _decide(application_id, "return", Application.State.RETURNED, seen_revision, reason, {}, by=by, at=at)


@transaction.atomic
def withdraw_application(
    *, application_id: UUID, seen_revision: int, reason: str = "", by: Person, at: datetime
) -> Application:
    """The consumer gives a returned application up. Raises as ``cases.act``."""
    return _decide(application_id, "withdraw", Application.State.WITHDRAWN, seen_revision, reason, {}, by=by, at=at)


@transaction.atomic
def resubmit_application(
    *, application_id: UUID, seen_revision: int, request: Request, reason: str = "", by: Person, at: datetime
) -> Application:
    """The consumer hands a returned application in again, checked like a new one, against the present catalogue version."""
    application = _locked(application_id)
    spec = published(id=application.resource_id)
    view = queries.law(application.jurisdiction, shanghai_date(at))
    _require_shareable(application, spec, used_columns(request.items, request.row_filter), at)
    check_request(view, spec, request, at)
    cases.act(
        case_id=_case_id(application), outcome="resubmit", seen_revision=seen_revision, by=by, at=at, reason=reason,
        facts={"resource": spec.code, "items": list(request.items), "purpose": request.purpose},
    )  # fmt: skip
    _store(application, spec, request)
    application.state, application.submitted_by, application.submitted_at = Application.State.SUBMITTED, by, at
    application.save()
    return application


@transaction.atomic
def revoke_grant(*, grant_id: UUID, reason: str, by: Person, at: datetime) -> Grant:
    """收回授权, with a reason; the gateway refuses from the first call after the commit. Raises NotAllowed, NotFound, Conflict, Invalid."""
    grant = _locked_grant(grant_id, by)
    may = queries.may_revoke(grant, by, at)
    if not may.allowed:
        raise NotAllowed(may.reason, remedy=may.remedy, object_=str(grant.pk), reference=may.reference, code=may.code)
    if not reason.strip():
        problem = Problem("reason", "没有写明收回的理由", "请写明理由，使用部门会看到", "sharing.missing_reason")
        raise Invalid(problem.what, remedy=problem.remedy, problems=[problem], code="sharing.missing_reason")
    if grant.state == Grant.State.REVOKED:
        raise Conflict("授权已经收回", remedy="不需要再次收回", object_=str(grant.pk), code="sharing.already_revoked")
    return end_grant(grant, reason.strip(), by=by, at=at, law=_row(may.reference))


@transaction.atomic
def set_grant_clients(*, grant_id: UUID, client_ids: Sequence[UUID], by: Person, at: datetime) -> Grant:
    """Choose which of the department's programs may use a grant; an empty list leaves it to people. Raises NotAllowed, Invalid."""
    grant = _locked_grant(grant_id, by)
    _may_consume(grant.department, by, at)
    clients = list(Client.objects.filter(pk__in=client_ids, department=grant.department, disabled_at=None))
    if len(clients) != len(set(client_ids)):
        problem = Problem(
            "clients", "所选客户端不属于本部门，或已停用", "请刷新页面后重新选择", "sharing.foreign_client"
        )
        raise Invalid(problem.what, remedy=problem.remedy, problems=[problem], code="sharing.foreign_client")
    if grant.state == Grant.State.REVOKED:
        raise Conflict(
            "授权已经收回", remedy="仍需使用的请重新申请", object_=str(grant.pk), code="sharing.already_revoked"
        )
    grant.clients.set(clients)
    publish_grant(grant)
    record(
        kind="event", by=by, at=at, department=grant.department_id, resource=grant.resource.code or "", grant=grant.pk,
        facts={"event": "sharing.clients_set", "clients": [c.client_id for c in clients]},
    )  # fmt: skip
    return grant


def end_grant(grant: Grant, reason: str, *, by: Person | None, at: datetime, law: str) -> Grant:
    """End an active grant in the caller's transaction: state, gateway, ledger, ``GrantRevoked``. ``by`` None: the platform did."""
    grant.state, grant.revoked_by, grant.revoked_at, grant.revoked_reason = Grant.State.REVOKED, by, at, reason
    grant.save(update_fields=["state", "revoked_by", "revoked_at", "revoked_reason"])
    publish_grant(grant)
    digest = Digester.load(settings.ENVIRONMENT.home).digest(reason, "reason")
    record(
        kind="decision", by=by, at=at, department=by.department_id if by else None, resource=grant.resource.code or "", grant=grant.pk,
        facts={"outcome": "revoked", "object": "sharing.grant", "department_id": str(grant.department_id), "reason": digest, "law": law},
    )  # fmt: skip
    events.publish(GrantRevoked(grant.pk))
    return grant


def _row(reference: Reference | None) -> str:
    return (reference.row or str(reference)) if reference else ""


def _create(
    grant: Grant, spec: ResourceSpec, event: str, clients: Sequence[Client], *, by: Person, at: datetime, law: str
) -> Grant:
    row_filter = conditions(grant.row_filter)
    _must_be_in_force(grant)
    check_grant(spec, items=grant.items, row_filter=row_filter, masks_=grant.masks)
    if any(c.department_id != grant.department_id or c.disabled_at for c in clients):
        raise Invalid("所选客户端不属于本部门，或已停用", remedy="请刷新页面后重新选择", code="sharing.foreign_client")
    grant.save(force_insert=True)
    grant.clients.set(clients)
    publish_grant(grant)
    facts: dict[str, Fact] = {
        "event": event, "object": "sharing.grant", "department_id": str(grant.department_id), "purpose": grant.purpose,
        "items": grant.items, "masks": grant.masks, "modes": grant.modes, "starts_on": grant.starts_on.isoformat(),
        "ends_on": grant.ends_on.isoformat(), "version": grant.resource_version, "share_type": spec.share_type, "law": law,
    }  # fmt: skip
    if grant.row_filter:
        described = repr(sorted((c.column, c.op, c.values) for c in row_filter))
        facts["filters"] = Digester.load(settings.ENVIRONMENT.home).digest(described, "filters")
    record(
        kind="event", by=by, at=at, department=by.department_id, resource=spec.code, grant=grant.pk,
        case=grant.application.case_id if grant.application else None, facts=facts,
    )  # fmt: skip
    return grant


def _must_be_in_force(grant: Grant) -> None:
    """Hold the resource's row to the end of the transaction: what is published or retired at the same time finds the grant, or comes first.

    Raises Conflict when it came first: the grant was decided on a version that is no longer in force.
    """
    rows = Resource.objects.select_for_update(of=("self",), no_key=True)
    resource = rows.get(pk=grant.resource_id)
    if resource.state == Resource.State.RETIRED or resource.version != grant.resource_version:
        raise Conflict(
            f"“{resource.title}”刚刚发布了新版或已经停用，没有授权", remedy="请刷新页面，按最新的目录重新办理", object_=resource.code or "",
            code="sharing.resource_moved",
        )  # fmt: skip


def _decide(
    application_id: UUID, outcome: str, state: Application.State, seen_revision: int, reason: str, facts: Mapping[str, object],
    *, by: Person, at: datetime,
) -> Application:  # fmt: skip
    application = _locked(application_id)
    cases.act(
        case_id=_case_id(application),
        outcome=outcome,
        seen_revision=seen_revision,
        by=by,
        at=at,
        reason=reason,
        facts=facts,
    )
    application.state = state
    application.save(update_fields=["state"])
    return application


def _locked(application_id: UUID) -> Application:
    rows = Application.objects.select_for_update(of=("self",)).select_related("department", "resource", "jurisdiction")
    found = rows.filter(pk=application_id).first()
    if found is None:
        raise NotFound("没有这个申请", remedy="请从“我的申请与授权”进入", code="sharing.application_not_found")
    return found


def _locked_grant(grant_id: UUID, by: Person) -> Grant:
    queries.grant_for(by, grant_id)
    return (
        Grant.objects.select_for_update(of=("self",))
        .select_related("department", "resource__department", "jurisdiction")
        .get(pk=grant_id)
    )


def _case_id(application: Application) -> UUID:
    if application.case_id is None:
        raise RuntimeError("an application always has its case once submit_application committed")
    return application.case_id


def _require_shareable(application: Application, spec: ResourceSpec, columns: Sequence[str], at: datetime) -> None:
    """Raise NotAllowed when the catalogue has withheld the data since it was applied for."""
    known = [c for c in columns if c in {i.column for i in spec.items}]
    decision = resource_access(queries.law(application.jurisdiction, shanghai_date(at)), spec, known)
    if not decision.allowed:
        raise NotAllowed(
            decision.reason, remedy=decision.remedy, object_=spec.code, reference=decision.reference, code=decision.code
        )


def _published(resource_id: int, department: Department) -> ResourceSpec:
    return published(id=resource_id, jurisdiction=department.jurisdiction)


def _store(application: Application, spec: ResourceSpec, request: Request) -> None:
    application.resource_version = spec.version
    application.items = _in_order(spec, request.items)
    application.row_filter = [c.as_dict() for c in request.row_filter]
    for name in ("law_basis", "duty_basis", "need"):
        setattr(application, name, getattr(request, name).strip())
    application.purpose, application.mode = request.purpose, request.mode
    application.starts_on, application.ends_on = request.starts_on, request.ends_on


def _in_order(spec: ResourceSpec, items: Sequence[str]) -> list[str]:
    """The chosen columns in catalogue order; unknown ones stay at the end for ``check_grant`` to name."""
    known = [i.column for i in spec.items if i.column in items]
    return known + [c for c in items if c not in known]


def _may_consume(department: Department, by: Person, at: datetime) -> None:
    may = may_act(by, RoleKind.CONSUMER, department, at)
    if not may.allowed:
        raise NotAllowed(
            may.reason, remedy=may.remedy or f"请由{department.name}的使用方经办人员办理", object_=department.name,
            reference=may.reference, code="sharing.not_consumer",
        )  # fmt: skip
    kind = may_apply(department, shanghai_date(at))
    if not kind.allowed:
        raise NotAllowed(
            kind.reason, remedy=kind.remedy, object_=department.name, reference=kind.reference, code=kind.code
        )
