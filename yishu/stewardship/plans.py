"""Repeat-collection check: what a department means to collect, and what of it can be had by sharing (XW-12.1, 17.1; XZ-4.1; JY-20.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from yishu.catalogue.models import Resource, SearchEntry
from yishu.kernel.errors import Invalid, Problem
from yishu.law import values
from yishu.law.packs import Missing, View
from yishu.orgs.models import Department, Person
from yishu.stewardship import access, candidates, rules
from yishu.stewardship.models import Cluster, CollectionPlan, Datum, Member

KEY = "collection.duplicates_allowed"
MOST = 200
"""Elements of one check."""
_ALIKE = 0.55
"""From this score on an item is named as a place to get an element from."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where one element can be had. ``how`` is Chinese: what to do; ``decided``: the source was named by the authority."""

    element: str
    item: str
    resource_id: int
    code: str
    title: str
    department: str
    share_type: str
    how: str
    score: float
    decided: bool

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON-ready values."""
        return asdict(self)


def how_to_get(view: View, share_type: str) -> str:
    """How a resource of a share type is got under a law, in Chinese; empty when it cannot be got by sharing."""
    try:
        facts = values.option(view, "share_types", share_type).facts
    except Missing:
        facts = {}
    words = {"direct": "直接获取", "application": "提出共享申请", "none": ""}
    return words.get(str(facts.get("access", "application" if share_type != "withheld" else "none")), "提出共享申请")


def check_elements(
    *, department: Department, title: str, elements: Sequence[str], subject_kind: str, at: datetime
) -> dict[str, list[Found]]:
    """For each element, where other departments already share it, the surest first; empty where it is nowhere to be had."""
    view = access.law_of(department.jurisdiction, at)
    similar = candidates.similar_data(department.jurisdiction_id, elements, without=department.pk)
    ids = {d.resource_id for data in similar.values() for d in data}
    shared = dict(SearchEntry.objects.filter(pk__in=ids).values_list("pk", "share_type"))
    found: dict[str, list[Found]] = {}
    for element in elements:
        mine = candidates.thing(element, title, "C", subject_kind)
        rows = []
        for datum in similar.get(element, ()):
            how = how_to_get(view, shared.get(datum.resource_id, "withheld"))
            score = rules.alike(mine, candidates.thing_of(datum)).score
            decided = _is_source(datum)
            if how and (decided or score >= _ALIKE):
                rows.append(
                    Found(
                        element, datum.name, datum.resource_id, datum.resource.code or "", datum.title, datum.department.name,
                        shared[datum.resource_id], how, score, decided,
                    )
                )  # fmt: skip
        found[element] = sorted(rows, key=lambda f: (not f.decided, -f.score, f.code))[:3]
    return found


def _is_source(datum: Datum) -> bool:
    member = getattr(datum, "member", None)
    return bool(member and member.ruling == Member.Ruling.SOURCE and member.cluster.state == Cluster.State.DECIDED)


@transaction.atomic
def record_plan(
    *, department: Department, title: str, elements: Sequence[str], by: Person, at: datetime, subject_kind: str = "other",
    exceptions: Mapping[str, str] | None = None,
) -> CollectionPlan:  # fmt: skip
    """State what a department means to collect. What can be had by sharing needs a legal basis as exception, element by element.

    Raises NotAllowed, Invalid with one problem per element that is shareable and not excepted.
    """
    access.require_role(by, department, at, *access.CLERKS)
    if not title.strip() or not elements or len(elements) > MOST or rules.too_long(elements) or len(title) > 120:
        raise Invalid(
            "拟采集事项没有填写完整",
            remedy=f"请写明事项名称和 1 至 {MOST} 个数据元素，每个不超过 80 字",
            code="stewardship.plan_incomplete",
        )
    bases = {k: v.strip()[:300] for k, v in (exceptions or {}).items() if v.strip() and k in elements}
    found = check_elements(department=department, title=title, elements=elements, subject_kind=subject_kind, at=at)
    view = access.law_of(department.jurisdiction, at)
    ref = access.reference(view, KEY)
    problems = [
        Problem(
            element, f"{rows[0].department}的“{rows[0].title}”已有该数据（{rows[0].how}）", "请共享获取；法律、法规另有规定的，写明依据",
            "stewardship.shareable", ref,
        )
        for element, rows in found.items()
        if rows and element not in bases
    ]  # fmt: skip
    if problems:
        raise Invalid(
            f"拟采集的数据中有 {len(problems)} 项可以共享获取", remedy="请去掉可共享获取的数据，或写明另行采集的依据", object_=title[:120],
            reference=ref, problems=problems, code="stewardship.repeat_collection",
        )  # fmt: skip
    plan = CollectionPlan.objects.create(
        department=department, title=title.strip(), elements=list(elements), exceptions=bases,
        found=[f.as_dict() for rows in found.values() for f in rows[:1]], by=by, at=at,
    )  # fmt: skip
    access.note("plan_recorded", kind="plan", id=plan.pk, by=by, at=at, department=department.pk, count=len(elements))
    return plan


def visible_plans(person: Person, at: datetime) -> QuerySet[CollectionPlan]:
    """Plans a person may see: the jurisdiction's for who oversees it, else their departments'."""
    rows = CollectionPlan.objects.filter(department__jurisdiction=access.home_of(person)).select_related(
        "department", "by"
    )
    if access.oversees(person, at):
        return rows
    return rows.filter(department__in=access.own_departments(person, at))


def alive(resource_id: int) -> bool:
    """Whether a resource is still published."""
    return Resource.objects.filter(pk=resource_id, version__gt=0).exclude(state=Resource.State.RETIRED).exists()
