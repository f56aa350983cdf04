"""What a place's people are at: applications, demands, joint collection, one source, registers, filings, substitutes."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from yishu.cases.procedures import procedure_of
from yishu.catalogue.queries import published
from yishu.catalogue.rules import ResourceSpec
from yishu.config.demo.catalogue import actor, document
from yishu.config.demo.places import Place
from yishu.law.kinds import Outcome, Register
from yishu.orgs.duties import name_substitute
from yishu.registers.actions import add_entry
from yishu.registers.filings import decide_filing, submit_filing
from yishu.registers.queries import register
from yishu.sharing import actions as sharing
from yishu.sharing.models import Application
from yishu.sharing.requests import Request, agreement_needed
from yishu.sharing.rules import default_masks
from yishu.stewardship import demands, joint, lists, materials, sourcing
from yishu.stewardship.models import Cluster, ResponsibilityList

ANSWERS: Mapping[str, str] = {
    "agreement": "数据共享安全协议（示例）第 1 号，双方已签",
    "conditions": "只用于申请写明的事项，用后删除",
}
"""What the demonstration's people answer where an approval demands it."""


def applications(place: Place) -> None:
    """Hand applications in and take each to the step ``until`` names, or to its end."""
    for given in place.given.get("applications", ()):
        _apply(place, given)


def _apply(place: Place, given: Mapping[str, Any]) -> None:
    resource, department = place.resources[given["resource"]], place.departments[given["department"]]
    columns = {i.name: i.column for i in resource.items.all()}
    at = place.ago(given.get("days_ago", 2))
    request = Request(
        items=tuple(columns[name] for name in given["items"]), row_filter=(), law_basis=given["law_basis"],
        duty_basis=given["duty_basis"], need=given["need"], purpose=given["purpose"], mode="lookup", starts_on=place.day(0),
        ends_on=place.day(365),
    )  # fmt: skip
    application = sharing.submit_application(
        resource_id=resource.pk, department=department, request=request, by=place.who("consumer", department), at=at
    )
    for hour in range(1, 9):
        application = Application.objects.select_related(
            "case__jurisdiction", "case__department", "case__provider"
        ).get(pk=application.pk)
        case = application.case
        if case is None or case.closed_at is not None or case.step == given.get("until"):
            return
        _advance(place, application, at=at + timedelta(hours=hour))


def _advance(place: Place, application: Application, at: Any) -> None:
    case = application.case
    assert case is not None  # noqa: S101  (narrows the type)
    run = procedure_of(case)
    outcome = next(iter(run.steps[case.step].outcomes.values()))
    by = actor(place, case)
    if outcome.to != "approved":
        sharing.move_application(
            application_id=application.pk,
            outcome=outcome.key,
            seen_revision=case.revision,
            reason="",
            facts={},
            by=by,
            at=at,
        )
        return
    spec = published(id=application.resource_id)
    sharing.approve_application(
        application_id=application.pk, seen_revision=case.revision, items=application.items, row_filter=(),
        masks=default_masks(spec, application.items), starts_on=application.starts_on, ends_on=application.ends_on,
        outcome=outcome.key, answers={name: words for name, words in ANSWERS.items() if _asked(name, outcome, spec)}, by=by, at=at,
    )  # fmt: skip


def _asked(name: str, outcome: Outcome, spec: ResourceSpec) -> bool:
    return name in outcome.requires or (name == "agreement" and agreement_needed(spec))


def stewardship(place: Place) -> None:
    """Demands, joint collections, one decided source, checked material lists, acknowledged responsibility lists."""
    for given in place.given.get("demands", ()):
        _demand(place, given)
    for given in place.given.get("joint", ()):
        _joint(place, given)
    for given in place.given.get("services", ()):
        materials.save_service(
            department=place.departments[given["department"]], name=given["name"], materials=given["materials"],
            by=place.clerk(given["department"]), at=place.ago(4),
        )  # fmt: skip
    if place.given.get("decide_source"):
        _source(place, place.given["decide_source"])
    for key in place.given.get("acknowledge", ()):
        department = place.departments[key]
        held = ResponsibilityList.objects.get(pk=department.pk)
        lists.acknowledge_list(
            department_id=department.pk,
            seen_version=held.number,
            by=place.who("responsible", department),
            at=place.ago(1),
        )


def _demand(place: Place, given: Mapping[str, Any]) -> None:
    department, by = place.departments[given["department"]], place.clerk(given["department"])
    target = place.departments.get(given.get("target", ""))
    wanted = demands.Wanted(
        title=given["title"], items=tuple(given.get("items", ())), target=target.pk if target else None, basis=given["basis"],
        purpose=given["purpose"], fields={"need": given["purpose"], "duty_basis": given["basis"]},
    )  # fmt: skip
    demand = demands.create_demand(department=department, wanted=wanted, by=by, at=place.ago(6))
    if given.get("state") == "draft":
        return
    demand = demands.submit_demand(demand_id=demand.pk, seen_revision=demand.revision, by=by, at=place.ago(5))
    verb = given.get("decided")
    if verb:
        resource = place.resources.get(given.get("matched", ""))
        duty = place.departments.get(given.get("duty", ""))
        demands.decide_demand(
            demand_id=demand.pk, seen_revision=demand.revision, verb=verb, reason=given.get("reason", ""),
            resource_id=resource.pk if resource else None, department_id=duty.pk if duty else None, by=place.authority,
            at=place.ago(3),
        )  # fmt: skip


def _joint(place: Place, given: Mapping[str, Any]) -> None:
    parts = {place.departments[key].pk: tuple(names) for key, names in given["parts"].items()}
    lead = place.departments[given["lead"]]
    plan = joint.Plan(title=given["title"], lead=lead.pk, parts=parts, arrangement=given["arrangement"])
    made = joint.register_joint(plan=plan, by=place.clerk(given["lead"]), at=place.ago(5))
    for key in given.get("agreed", ()):
        made.refresh_from_db()
        joint.answer_joint(
            joint_id=made.pk, seen_revision=made.revision, department_id=place.departments[key].pk, agrees=True, note="",
            by=place.clerk(key), at=place.ago(4),
        )  # fmt: skip


def _source(place: Place, reason: str) -> None:
    """Decide the likeliest suspect in favour of its first member; the others wait for the authority."""
    cluster = (
        Cluster.objects.filter(jurisdiction=place.jurisdiction, state=Cluster.State.OPEN)
        .order_by("-score", "pk")
        .first()
    )
    if cluster is None:
        return
    first = cluster.members.order_by("pk")[0]
    sourcing.decide_source(
        cluster_id=cluster.pk, seen_revision=cluster.revision, ruling=sourcing.Ruling(member=first.pk), reason=reason,
        by=place.authority, at=place.ago(1),
    )  # fmt: skip


def registers(place: Place) -> None:
    """Lines in the registers the law opens; dates are days from the build, departments and people keys of the file."""
    for given in place.given.get("registers", ()):
        kept = register(place.jurisdiction, given["kind"], place.day(0))
        department = place.departments[given["department"]]
        by = place.authority if kept.kept_by == "authority" else place.clerk(given["department"])
        values, files = _values(place, kept, given["fields"])
        add_entry(kind=given["kind"], department=department, fields=values, files=files, by=by, at=place.ago(20))


def _values(place: Place, kept: Register, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    values, files = dict(given), {}
    for field in kept.fields:
        value = given.get(field.name)
        if value is None:
            continue
        if field.kind == "department":
            values[field.name] = place.departments[value].pk
        elif field.kind == "person":
            values[field.name] = place.people[value].pk
        elif field.kind == "date":
            values[field.name] = (value if isinstance(value, date) else place.day(value)).isoformat()
        elif field.kind == "document":
            files[field.name] = document(values.pop(field.name))
    return values, files


def filings_and_substitutes(place: Place) -> None:
    """File responsible units and people where the law wants it; name who stands in for whom."""
    for given in place.given.get("filings", ()):
        department = place.departments[given["department"]]
        by = place.clerk(given["department"])
        filing = submit_filing(
            department=department, unit=given["unit"], person=place.people[given["person"]], rules=given["rules"],
            coordination=given["coordination"], by=by, at=place.ago(10),
        )  # fmt: skip
        if given.get("filed") and filing.case is not None:
            decide_filing(
                case=filing.case,
                outcome="file",
                reason="",
                seen_revision=filing.case.revision,
                by=place.authority,
                at=place.ago(9),
            )
    for given in place.given.get("substitutes", ()):
        person = place.people[given["person"]]
        assert person.department is not None  # noqa: S101  (narrows the type)
        name_substitute(
            person=person, substitute=place.people[given["substitute"]], department=person.department, kinds=given["kinds"],
            since=place.ago(1), until=place.now + timedelta(days=given["days"]), note=given["note"], by=person, at=place.ago(1),
        )  # fmt: skip
