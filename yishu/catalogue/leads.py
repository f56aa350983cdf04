"""牵头部门: which department keeps a base or theme library's catalogue (XZ-3.1.b–c, JY-15.2–15.3), and who may therefore edit."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from yishu.catalogue.access import must_be_authority
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.drafts import ResourceDraft
from yishu.catalogue.models import Lead
from yishu.kernel.errors import Invalid, Problem
from yishu.kernel.time import shanghai_date
from yishu.law.kinds import Option
from yishu.ledger.actions import record
from yishu.orgs.models import Department, Jurisdiction, Person

LISTS: Mapping[str, tuple[str, str]] = {
    Lead.Kind.BASE: ("base_libraries", "base_library"),
    Lead.Kind.THEME: ("theme_libraries", "theme_library"),
}
"""Kind of library → the pack's list and the resource's field."""


@transaction.atomic
def name_lead(*, kind: str, library: str, department: Department, by: Person, at: datetime, note: str = "") -> Lead:
    """The authority names the department that leads a library; the earlier ones stay as history.

    Raises NotAllowed, Invalid for a library the pack does not list or a department of another jurisdiction.
    """
    home = must_be_authority(by, at, "指定牵头部门")
    law = demands(home.jurisdiction.law, shanghai_date(at))
    option = law.option(LISTS[kind][0], library) if kind in LISTS else None
    if option is None:
        raise Invalid("没有这个基础库或主题库", remedy="请从列表中选择", code="catalogue.unknown_library")
    if department.jurisdiction_id != home.jurisdiction_id or not department.active:
        raise Invalid("只能指定本行政区域的在用部门", remedy="请重新选择部门", code="catalogue.foreign_lead")
    made = Lead.objects.create(
        jurisdiction_id=home.jurisdiction_id, kind=kind, library=library, department=department, by=by, at=at
    )
    record(
        kind="event", by=by, at=at, department=department.pk,
        facts={"event": "catalogue.lead_named", "object": f"catalogue.{kind}_library", "object_id": library},
    )  # fmt: skip
    return made


def current_leads(jurisdiction: Jurisdiction) -> dict[tuple[str, str], Lead]:
    """The present lead of every library that has one: (kind, library) → row."""
    rows = Lead.objects.filter(jurisdiction=jurisdiction).select_related("department", "by").order_by("at", "pk")
    return {(row.kind, row.library): row for row in rows}


def lead_of(jurisdiction_id: int, kind: str, library: str) -> Department | None:
    """The department that leads a library now, or None."""
    rows = Lead.objects.filter(jurisdiction_id=jurisdiction_id, kind=kind, library=library)
    row = rows.select_related("department").order_by("-at", "-pk").first()
    return row.department if row else None


def kept_by(option: Option, kind: str) -> str:
    """Who may edit a library's catalogue by its pack: ``lead``, ``authority`` or ``department`` (any)."""
    said = str(option.facts.get("catalogue_by") or "")
    if kind == Lead.Kind.THEME and not said:
        said = "lead" if option.facts.get("lead") else ""
    return said or "department"


def library_problems(draft: ResourceDraft, department: Department, law: Demands, *, submitting: bool) -> list[Problem]:
    """Why a department may not catalogue for the draft's libraries: it does not lead them, or (at submission) nobody does yet."""
    problems = []
    for kind, (options, field) in LISTS.items():
        option = law.option(options, getattr(draft, field))
        if option is None:
            continue
        keeper = kept_by(option, kind)
        title = Lead.Kind(kind).label
        if keeper == "authority" and not department.is_authority:
            what = f"“{option.title}”的目录由数据主管部门编制"
            problems.append(Problem(title, what, "请交数据主管部门编制", "catalogue.not_lead", option.reference))
        elif keeper == "lead":
            lead = lead_of(department.jurisdiction_id, kind, option.key)
            if lead is not None and lead.pk != department.pk:
                what = f"“{option.title}”的目录由牵头部门{lead.name}编制和维护"
                problems.append(
                    Problem(title, what, f"请交{lead.name}编制，或不归入该库", "catalogue.not_lead", option.reference)
                )
            elif lead is None and submitting:
                what = f"“{option.title}”还没有指定牵头部门"
                problems.append(
                    Problem(title, what, "请联系数据主管部门先指定牵头部门", "catalogue.lead_missing", option.reference)
                )
    return problems


def must_lead(draft: ResourceDraft, department: Department, law: Demands) -> None:
    """Raise Invalid (``catalogue.not_lead``) when the department does not lead the library it writes for."""
    problems = library_problems(draft, department, law, submitting=False)
    if problems:
        raise Invalid(
            problems[0].what, remedy=problems[0].remedy, object_=draft.title, reference=problems[0].reference, problems=problems,
            code="catalogue.not_lead",
        )  # fmt: skip
