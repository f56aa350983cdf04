"""Publication of a version: snapshot, state, search entry and event, inside the approving transaction."""

from collections.abc import Mapping
from datetime import datetime

from yishu.cases.models import Case
from yishu.catalogue.messages import ResourcePublished
from yishu.catalogue.models import Item, Resource, Version
from yishu.catalogue.rules import to_json
from yishu.catalogue.search import reindex
from yishu.catalogue.snapshots import resource_spec
from yishu.kernel import events
from yishu.kernel.time import shanghai_date
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
    spec = resource_spec(resource, version=resource.version, published_on=on, grades=grades)
    version = Version.objects.create(
        resource=resource, number=resource.version, snapshot=to_json(spec), case=case, published_by=by, published_at=at
    )
    reindex(resource, spec, on)
    events.publish(ResourcePublished(resource_id=resource.pk, code=spec.code, version=spec.version))
    return version
