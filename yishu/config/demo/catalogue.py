"""The catalogue of a place, in every state of its life: draft, under review, returned, published, changing, on its way out."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from yishu.cases.models import Case
from yishu.cases.parties import acting_department
from yishu.cases.procedures import procedure_of
from yishu.catalogue import actions as catalogue
from yishu.catalogue.attachments import attach
from yishu.catalogue.changes import record_change
from yishu.catalogue.demands import demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.leads import name_lead
from yishu.catalogue.models import Resource
from yishu.catalogue.retiring import Plan, announce_retirement, decide_retirement
from yishu.config.demo.places import Place, read
from yishu.kernel.time import shanghai_date
from yishu.law.kinds import Step
from yishu.orgs.models import Department, Person
from yishu.pages.uploads import Accepted, accept

PUBLISHED, AUTHORITY, INTERNAL = "published", "submitted", "internal"
_TUPLES = ("use_purposes", "open_modes", "related_codes")
_NAMES = tuple(f.name for f in fields(ResourceDraft))


def compile_catalogue(place: Place) -> None:
    """Name leads, compile every resource of the place's file and take it as far as its ``state`` says."""
    for kind, key in (("base", "leads"), ("theme", "themes")):
        for library, department in place.given.get(key, {}).items():
            named = place.departments[department]
            name_lead(kind=kind, library=library, department=named, by=place.authority, at=place.ago(35))
    models = {entry["key"]: entry for entry in read("resources.yaml")}
    for given in place.given.get("resources", ()):
        model = models.get(given.get("use", ""), {})
        entry = {**place.given.get("draft", {}), **model, **place.given.get("instead", {}), **given}
        if entry["share_type"] != "unconditional":
            entry = {**entry, **place.given.get("narrowed", {}), **given}
        place.resources[entry["key"]] = _resource(place, entry)


def resource_draft(entry: Mapping[str, Any], department: Department) -> ResourceDraft:
    """The draft an entry of a catalogue file describes; any field of ``ResourceDraft`` may stand in the entry."""
    attribute_class, item_class, category, subcategory = entry["class"]
    format_class, format_type = entry["format"]
    given: dict[str, Any] = {
        "attribute_class": attribute_class, "item_class": item_class, "category": category, "subcategory": subcategory,
        "format_class": format_class, "format_type": format_type, "unit": department.unit, "source_kind": "system",
        "share_scope": "各政务部门", "share_mode_type": "interface" if format_class == "3" else "file",
        "duplicate_note": "与目录中已有资源的数据对象、采集环节不同，不是重复采集",
    }  # fmt: skip
    given |= {name: entry[name] for name in _NAMES if name in entry}
    given |= {name: tuple(given[name]) for name in _TUPLES if name in given}
    return ResourceDraft(**given)


def item_draft(item: Mapping[str, Any]) -> ItemDraft:
    """One item of a catalogue file."""
    return ItemDraft(
        name=item["name"], data_type=item["type"], length=item.get("length"), required=item.get("required", False),
        identifier=item.get("identifier", ""), is_key=item.get("key", False), newest_by=item.get("newest_by", False),
        pattern=item.get("pattern", ""), codes=item.get("codes", {}), minimum=item.get("minimum", ""),
        maximum=item.get("maximum", ""), mask=item.get("mask", ""), is_base=item.get("base", False),
        share_type=item.get("share_type", ""), sensitivity=item.get("sensitivity", ""),
    )  # fmt: skip


def _resource(place: Place, entry: Mapping[str, Any]) -> Resource:
    for before, after in place.given.get("words", {}).items():
        entry = {k: v.replace(before, after) if isinstance(v, str) else v for k, v in entry.items()}
    department = place.departments[entry["department"]]
    clerk, begun = place.clerk(entry["department"]), place.ago(12)
    in_library = bool(entry.get("base_library"))
    items = [item_draft({**item, "base": in_library and item.get("base", False)}) for item in entry["items"]]
    resource = catalogue.create_resource(
        department=department, draft=resource_draft(entry, department), items=items, by=clerk, at=begun
    )
    if entry.get("attach"):
        attach(
            resource_id=resource.pk, purpose="share_basis", file=document(entry["attach"]), by=clerk, at=begun
        )  # fmt: skip
    if entry["state"] == "draft":
        return resource
    at = begun if entry["state"] == PUBLISHED else place.ago(entry.get("days_ago", 1.2))
    case = catalogue.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=clerk, at=at)
    if entry["state"] == "returned":
        _act(place, case, "return", "“摘要”请补充统计口径，并核对更新周期", {}, at + timedelta(hours=3))
    elif entry["state"] != INTERNAL:
        grades = dict(
            zip(
                resource.items.order_by("position").values_list("column", flat=True),
                [int(i["grade"]) for i in entry["items"]],
                strict=True,
            )
        )
        review(place, case, grades, until=entry["state"], at=at)
    resource.refresh_from_db()
    return resource


def review(place: Place, case: Case, grades: Mapping[str, int], *, until: str, at: datetime) -> None:
    """Take a review forward, step by step as the pack has it, by the people it names: to the authority's step or to publication."""
    for hour in range(1, 10):
        case.refresh_from_db()
        if case.closed_at is not None:
            return
        step = procedure_of(case).steps[case.step]
        if until == AUTHORITY and step.role == "authority":
            return
        _act(place, case, _onward(step), "", grades, at + timedelta(hours=hour))


def _onward(step: Step) -> str:
    """The outcome that leads on: the packs write it first."""
    return next(iter(step.outcomes))


def _act(place: Place, case: Case, outcome: str, reason: str, grades: Mapping[str, int], at: datetime) -> None:
    law = demands(case.law, case.law_on)
    by = actor(place, case)
    said = read("review_words.yaml")
    records = {
        name: {f.name: said.get(f.name, said["text"]) for f in law.forms.get(form, ())} or {"text": said["text"]}
        for name, form in (
            ("internal_review", "internal.review"),
            ("impact_assessment", "impact.assessment"),
        )
    }
    resource = Resource.objects.get(pk=case.subject_id)
    given = catalogue.ReviewInput(
        reason=reason, share_type=resource.share_type, grades=grades, agreement=bool(resource.agreement_required),
        secrecy=catalogue.SecrecyFinding(_secrecy_reviewer(place, case, by).name, _clear(place), shanghai_date(at)),
        records=records | {"signature": {"name": by.name}, "attestation": {"text": said["text"]}},
    )  # fmt: skip
    catalogue.decide_review(case_id=case.pk, outcome=outcome, seen_revision=case.revision, given=given, by=by, at=at)


def actor(place: Place, case: Case) -> Person:
    """Somebody whose turn it is on a case."""
    step = procedure_of(case).steps[case.step]
    for department in acting_department(case, step.role):
        try:
            return place.who(step.role, department)
        except LookupError:
            continue
    return place.authority


def _secrecy_reviewer(place: Place, case: Case, otherwise: Person) -> Person:
    try:
        return place.who("secrecy_reviewer", case.department)
    except LookupError:
        return otherwise


def _clear(place: Place) -> str:
    """The pack's word for a secrecy review that lets a publication pass."""
    law = demands(place.jurisdiction.law, place.day(0))
    for option in law.options("secrecy_conclusions"):
        if option.facts.get("blocks") in (False, "false", None):
            return option.key
    return "passed"


@dataclass
class _File:
    """A file as ``pages.uploads`` takes it."""

    name: str | None
    size: int | None
    content: bytes

    def read(self, num_bytes: int | None = None, /) -> bytes:
        """Its bytes."""
        return self.content if num_bytes is None else self.content[:num_bytes]


def document(name: str) -> Accepted:
    """A small text file to attach."""
    content = f"{name}\n\n本文件为演示而写，不是真实的文件。\n".encode()
    return accept(_File(f"{name}.txt", len(content), content))


def changes_and_retirements(place: Place) -> None:
    """Record what changed in law and duty, with its clock; begin the retirements."""
    for given in place.given.get("changes", ()):
        record_change(
            department=place.departments[given["department"]], kind=given["kind"], changed_on=place.day(-given["days_ago"]),
            basis=given["basis"], note=given.get("note", ""), resources=[place.resources[k] for k in given.get("resources", ())],
            by=place.clerk(given["department"]), at=place.ago(given["days_ago"] - 1),
        )  # fmt: skip
    for given in place.given.get("retirements", ()):
        _retire(place, given)


def _retire(place: Place, given: Mapping[str, Any]) -> None:
    resource = place.resources[given["resource"]]
    replacement = place.resources.get(given.get("replacement", ""))
    plan = Plan(
        reason=given["reason"], transition=given["transition"], retention=given["retention"], ends_on=place.day(given["in_days"]),
        replacement_id=replacement.pk if replacement else None,
    )  # fmt: skip
    clerk = place.who("provider", resource.department)
    retirement = announce_retirement(resource_id=resource.pk, plan=plan, by=clerk, at=place.ago(3))
    case = retirement.case
    for _ in range(given.get("steps", 0)):
        if case is None or case.closed_at is not None:
            return
        case = decide_retirement(
            case_id=case.pk, outcome=_onward(procedure_of(case).steps[case.step]), seen_revision=case.revision,
            reason=given["reason"], given={"minutes": given.get("minutes", "已与使用部门逐一协商")}, by=actor(place, case),
            at=place.ago(2),
        )  # fmt: skip
