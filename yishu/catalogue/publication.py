"""Publication of a version: snapshot, state, search entry and event, inside the approving transaction."""

from collections.abc import Mapping
from datetime import datetime

from yishu.cases.models import Case
from yishu.catalogue.demands import demands
from yishu.catalogue.indexing import reindex
from yishu.catalogue.messages import ResourcePublished
from yishu.catalogue.models import Item, Resource, ReviewRecord, Version
from yishu.catalogue.rules import to_json
from yishu.catalogue.snapshots import resource_spec, review_results
from yishu.kernel import events
from yishu.kernel.time import shanghai_date
from yishu.ledger.actions import record
from yishu.orgs.models import Person


def publish_version(*, resource: Resource, case: Case, grades: Mapping[str, int], by: Person, at: datetime) -> Version:
    """Make the working copy the current version. The caller holds the resource's row and has checked everything."""
    on = shanghai_date(at)
    items = list(resource.items.all())
    for item in items:
        item.grade = grades[item.column]
    Item.objects.bulk_update(items, ["grade"])
    resource.version += 1
    resource.revision += 1
    resource.state = Resource.State.PUBLISHED
    resource.published_on = on
    resource.updated_at = at
    resource.save()
    reviews = ReviewRecord.objects.filter(case=case).order_by("at", "pk").select_related("by__department")
    results = review_results(reviews, demands(case.law, case.law_on))
    spec = resource_spec(resource, version=resource.version, published_on=on, grades=grades, reviews=results)
    version = Version.objects.create(
        resource=resource, number=resource.version, snapshot=to_json(spec), case=case, published_by=by, published_at=at
    )
    reindex(resource, spec, on)
    _file_upward(resource, case, by=by, at=at)
    events.publish(ResourcePublished(resource_id=resource.pk, code=spec.code, version=spec.version))
    return version


def _file_upward(resource: Resource, case: Case, *, by: Person, at: datetime) -> None:
    """Note that the version joins the catalogue of the jurisdiction above, where the law sends it there (XZ-3.1.d)."""
    law = demands(case.law, case.law_on)
    above = resource.jurisdiction.parent_id
    if above is None or law.values.get("catalogue.filed_upward") is not True:
        return
    reference = law.reference("catalogue.filed_upward")
    record(
        kind="event", by=by, at=at, department=resource.department_id, resource=resource.code or "", case=case.pk,
        facts={
            "event": "catalogue.filed_upward", "object": "catalogue.resource", "object_id": str(resource.pk), "version": resource.version,
            "jurisdiction": str(above), "law": (reference.row or str(reference)) if reference else "",
        },
    )  # fmt: skip
