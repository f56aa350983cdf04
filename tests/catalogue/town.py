"""A jurisdiction under any pack, with people in every role the review may name, and a walk through its review. Invented names only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from yishu.cases.models import Case
from yishu.cases.queries import procedure_of
from yishu.catalogue import actions
from yishu.catalogue.actions import ReviewInput, SecrecyFinding
from yishu.catalogue.approval_rules import demanded, form_fields
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.models import Resource
from yishu.catalogue.queries import published
from yishu.catalogue.reviewing import recorded_kinds
from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.time import SHANGHAI, shanghai_date
from yishu.orgs.models import Department, Jurisdiction, Person, Role

from .conftest import PERMIT_ITEMS, PERMITS

AT = datetime(2026, 9, 18, 10, 0, tzinfo=SHANGHAI)
SINCE = datetime(2026, 1, 5, 9, 0, tzinfo=SHANGHAI)
XIUWU, JIYUAN, XINZHOU, YUHUA = (
    "cn-henan-jiaozuo-xiuwu",
    "cn-henan-jiyuan",
    "cn-shanxi-xinzhou",
    "cn-hunan-changsha-yuhua",
)
BACK = frozenset({"return", "withdraw"})


@dataclass(frozen=True)
class Town:
    jurisdiction: Jurisdiction
    authority: Department
    market: Department
    police: Department
    people: Mapping[str, Person]

    @property
    def law(self) -> Demands:
        return demands(self.jurisdiction.law, shanghai_date(AT))


def make_town(
    pack: str, mode: str = "as_written", name: str = "试县", prefix: str = "", parent: Jurisdiction | None = None
) -> Town:
    jurisdiction = Jurisdiction.objects.create(
        pack=pack, division_code="410899", name=name, mode=mode, parent=parent, created_at=SINCE
    )

    def department(title: str, uscc: str, authority: bool = False) -> Department:
        return Department.objects.create(
            jurisdiction=jurisdiction,
            name=title,
            uscc=uscc,
            kind="government",
            is_authority=authority,
            created_at=SINCE,
        )

    def person(key: str, title: str, home: Department, *kinds: str) -> Person:
        made = Person.objects.create(username=prefix + key, name=title, department=home, created_at=SINCE)
        for kind in kinds:
            Role.objects.create(person=made, department=home, kind=kind, granted_at=SINCE)
        return made

    authority = department("数据局", "11410899MB0000001A", authority=True)
    market = department("市场监督管理局", "11410899MB0000002B")
    police = department("公安局", "11410899MB0000003C")
    people = {
        "authority": person("lin", "林主管", authority, "authority"),
        "provider": person("zhao", "赵经办", market, "provider", "consumer"),
        "reviewer": person("qian", "钱审核", market, "reviewer"),
        "responsible": person("sun", "孙局长", market, "responsible"),
        "police": person("wang", "王经办", police, "provider", "consumer"),
        "police_reviewer": person("wu", "吴审核", police, "reviewer"),
    }
    return Town(jurisdiction, authority, market, police, people)


def draft_for(town: Town, **changes: object) -> ResourceDraft:
    """A draft that has everything the town's law demands of an unconditional resource."""
    law = town.law
    asked = {f.name for f in law.forms.get("catalogue.resource", ())}
    values: dict[str, Any] = {"source_kind": law.options("source_kinds")[0].key}
    if "media_kind" in asked or law.options("media_kinds"):
        values["media_kind"] = law.options("media_kinds")[0].key if law.options("media_kinds") else ""
    if "open_type" in asked:
        values["open_type"] = "withheld"
        values |= {"open_basis": "《某法》第三条", "open_basis_kind": "law"}
    values |= {"usage_requirement": "限于履行职责", "agreement_required": False}
    return replace(PERMITS, **(values | changes))  # type: ignore[arg-type]


def new_resource(
    town: Town, items: tuple[ItemDraft, ...] = PERMIT_ITEMS, at: datetime = AT, **changes: object
) -> Resource:
    return actions.create_resource(
        department=town.market, draft=draft_for(town, **changes), items=items, by=town.people["provider"], at=at
    )


def submit(town: Town, resource: Resource, at: datetime = AT, by: Person | None = None) -> Case:
    resource.refresh_from_db()
    return actions.submit_resource(
        resource_id=resource.pk, seen_revision=resource.revision, by=by or town.people["provider"], at=at
    )


def given_for(case: Case, outcome: str, at: datetime = AT, **changes: object) -> ReviewInput:
    """Everything one outcome of the present step demands, filled in."""
    law = demands(case.law, case.law_on)
    step = procedure_of(case).steps[case.step]
    needed = demanded(step, step.outcomes[outcome], law, recorded_kinds(case))
    resource = Resource.objects.get(pk=case.subject_id)
    records: dict[str, dict[str, Any]] = {
        name: {f.name: f"{f.title}已核" for f in form_fields(name, law)}
        for name in needed
        if name in ("internal_review", "impact_assessment", "statement")
    }
    if "signature" in needed:
        records["signature"] = {"name": "孙局长"}
    given = ReviewInput(
        reason="核对无误" if outcome not in BACK else "请补充摘要",
        share_type=resource.share_type,
        secrecy=SecrecyFinding("郑保密", "passed", shanghai_date(at)),
        grades={i.column: i.grade or 2 for i in resource.items.all()},
        agreement=False,
        records=records,
    )
    return replace(given, **changes)  # type: ignore[arg-type]


def forward(case: Case) -> str:
    """The outcome of the present step that leads on."""
    return next(k for k in procedure_of(case).steps[case.step].outcomes if k not in BACK)


def take(town: Town, case: Case, outcome: str, at: datetime = AT, **changes: object) -> Case:
    role = procedure_of(case).steps[case.step].role
    if outcome == "resubmit":
        return submit(town, Resource.objects.get(pk=case.subject_id), at)
    return actions.decide_review(
        case_id=case.pk, outcome=outcome, seen_revision=case.revision, given=given_for(case, outcome, at, **changes),
        by=town.people[role], at=at,
    )  # fmt: skip


def publish(town: Town, resource: Resource, at: datetime = AT, **changes: object) -> ResourceSpec:
    """Submit a draft and take it through every step of its law to publication."""
    case = submit(town, resource, at)
    while case.closed_at is None:
        case = take(town, case, forward(case), at, **changes)
    return published(id=resource.pk)
