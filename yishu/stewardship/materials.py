"""Material lists of services: what can be had by sharing must not be asked for again (XW-23, XZ-5.4.5.a, JY-34, YH-25.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from yishu.catalogue.models import Resource
from yishu.kernel.errors import Conflict, Invalid, Problem
from yishu.kernel.references import Reference
from yishu.law.packs import View
from yishu.orgs.models import Department, Jurisdiction, Person
from yishu.stewardship import access, candidates, naming, rules
from yishu.stewardship.models import Material, MaterialComplaint, ServiceItem
from yishu.stewardship.notices import tell_authority
from yishu.stewardship.plans import how_to_get

KEYS = ("documents.resubmission_allowed", "documents.equivalent_to_originals", "collection.duplicates_allowed")
MOST = 100
"""Materials of one service."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the checker found about one material: where it can be had, how surely, and how."""

    name: str
    resource: Resource | None = None
    score: float = 0.0
    why: str = ""
    how: str = ""


def reference(view: View) -> Reference | None:
    """The article that forbids asking for what can be had by sharing, as this law has it."""
    return next((r for r in (access.reference(view, key) for key in KEYS) if r), None)


def check_materials(jurisdiction: Jurisdiction, names: Sequence[str], at: datetime) -> list[Answer]:
    """For each material of a list, the published resource it can surely be had from (``rules.OBTAINABLE``), if any."""
    view = access.law_of(jurisdiction, at)
    found = []
    for name in names:
        best = Answer(name)
        for entry in candidates.likely_entries(jurisdiction.pk, naming.material(name), [name]):
            how = how_to_get(view, entry.share_type)
            document = entry.resource.document_class
            score, why = rules.material_fit(name, entry.title, entry.item_names, document)
            if how and score >= rules.OBTAINABLE and score + 0.01 * bool(document) > best.score:
                best = Answer(name, entry.resource, score + 0.01 * bool(document), why, how)
        found.append(best)
    return found


@transaction.atomic
def save_service(
    *, department: Department, name: str, materials: Sequence[str], by: Person, at: datetime, code: str = "",
    excused: Mapping[str, str] | None = None, service_id: int | None = None, seen_revision: int = 0,
) -> ServiceItem:  # fmt: skip
    """Keep a service's material list as checked. A material that can be had by sharing may only stay with a legal basis.

    ``excused``: material → basis for asking all the same. Materials without one that can be had are kept as obtainable: the
    service must not ask for them. Raises NotFound, NotAllowed, Conflict (somebody saved first), Invalid.
    """
    access.require_role(by, department, at, *access.CLERKS)
    _check_list(name, materials)
    service = ServiceItem(department=department, created_by=by)
    if service_id is not None:
        rows = ServiceItem.objects.select_for_update(of=("self",)).filter(pk=service_id, department=department)
        held = rows.first()
        if held is None:
            raise access.nothing()
        if held.revision != seen_revision:
            raise Conflict(
                "材料清单已被他人修改", remedy="请刷新后再改", object_=held.name, code="stewardship.service_moved"
            )
        service = held
    twin = ServiceItem.objects.filter(department=department, name=name.strip()).exclude(pk=service.pk)
    if twin.exists():
        raise Conflict(
            "本部门已有同名服务事项",
            remedy="请改名，或修改原有事项",
            object_=name[:120],
            code="stewardship.service_twice",
        )
    service.name, service.code, service.updated_at = name.strip(), code.strip()[:60], at
    service.revision += 1
    service.save()
    service.materials.all().delete()
    bases = {k: v.strip()[:300] for k, v in (excused or {}).items() if v.strip()}
    rulings = Material.Ruling
    for answer in check_materials(department.jurisdiction, materials, at):
        basis = bases.get(answer.name, "")
        ruling = rulings.ASK if not answer.resource else rulings.EXCUSED if basis else rulings.OBTAINABLE
        Material.objects.create(
            service=service, name=answer.name, ruling=ruling, resource=answer.resource,
            evidence={"score": min(1.0, round(answer.score, 3)), "why": answer.why, "how": answer.how} if answer.resource else {},
            basis=basis if ruling == rulings.EXCUSED else "",
        )  # fmt: skip
    access.note(
        "materials_checked", kind="service", id=service.pk, by=by, at=at, department=department.pk, count=len(materials)
    )
    return service


def _check_list(name: str, materials: Sequence[str]) -> None:
    problems = []
    if not name.strip() or len(name) > 120:
        problems.append(Problem("服务事项", "没有填写或超过 120 字", "请填写事项名称", "stewardship.missing_title"))
    if not materials or len(materials) > MOST:
        problems.append(
            Problem("申请材料", f"须有 1 至 {MOST} 项材料", "每行一项，可从办事指南粘贴", "stewardship.no_materials")
        )
    if long := rules.too_long(materials, 120):
        problems.append(Problem("申请材料", f"“{long[0]}…”过长", "每项不超过 120 字", "stewardship.too_long"))
    if problems:
        raise Invalid(
            "材料清单没有保存",
            remedy="请按所列改正，已填内容均已保留",
            problems=problems,
            code="stewardship.materials_invalid",
        )


@transaction.atomic
def complain(*, service_id: int, material: str, text: str, by: Person, at: datetime) -> MaterialComplaint:
    """Record that a window asked for something; the record says whether it could be had by sharing (finding of XW-35.3).

    Anybody signed in may, in their jurisdiction. Raises NotFound, Invalid.
    """
    service = service_for(by, service_id)
    if not material.strip() or not text.strip() or len(material) > 120:
        raise Invalid(
            "请写明材料名称和情况",
            remedy="材料名称不超过 120 字",
            object_=service.name,
            code="stewardship.complaint_incomplete",
        )
    listed = service.materials.filter(name=material.strip()).first()
    resource, founded = None, False
    if listed:
        resource, founded = listed.resource, listed.ruling == Material.Ruling.OBTAINABLE
    else:
        resource = check_materials(service.department.jurisdiction, [material.strip()], at)[0].resource
        founded = resource is not None
    made = MaterialComplaint.objects.create(
        service=service,
        material=material.strip(),
        resource=resource,
        founded=founded,
        text=text.strip()[:2000],
        by=by,
        at=at,
    )
    access.note(
        "material_complaint", kind="service", id=service.pk, by=by, at=at, department=service.department_id,
        resource=(resource.code or "") if resource else "", outcome="founded" if founded else "unclear",
    )  # fmt: skip
    title = f"重复提交投诉：{service.name}"
    tell_authority(
        service.department.jurisdiction, f"complaint.{made.pk}", title, f"/stewardship/materials/{service.pk}/", at
    )
    return made


def services(jurisdiction: Jurisdiction) -> QuerySet[ServiceItem]:
    """The services of a jurisdiction with ``total``, ``obtainable`` materials and ``complained`` complaints."""
    obtainable = Q(materials__ruling=Material.Ruling.OBTAINABLE)
    return (
        ServiceItem.objects.filter(department__jurisdiction=jurisdiction)
        .select_related("department__jurisdiction")
        .annotate(
            total=Count("materials", distinct=True),
            obtainable=Count("materials", filter=obtainable, distinct=True),
            complained=Count("complaints", distinct=True),
        )
    )


def service_for(person: Person, service_id: int) -> ServiceItem:
    """One service of the person's jurisdiction. Raises NotFound."""
    found = services(access.home_of(person)).filter(pk=service_id).first()
    if found is None:
        raise access.nothing()
    return found


def complaints(jurisdiction: Jurisdiction) -> QuerySet[MaterialComplaint]:
    """Complaints of a jurisdiction, for supervision (XW-35.3)."""
    rows = MaterialComplaint.objects.filter(service__department__jurisdiction=jurisdiction)
    return rows.select_related("service__department", "resource", "by")
