"""Answers to the catalogue's events, inside the publishing transaction. Subscribed in ``config.wiring``."""

from yishu.catalogue import queries
from yishu.catalogue.messages import ResourcePublished, ResourceRetired
from yishu.catalogue.models import Resource, Version
from yishu.stewardship import lists, sourcing
from yishu.stewardship.candidates import forget_resource, index_resource


def on_resource_published(event: ResourcePublished) -> None:
    """Index the items, look for other departments' same data, and bring the responsibility list up to date."""
    spec = queries.published(id=event.resource_id)
    version = Version.objects.select_related("published_by").get(resource_id=spec.id, number=event.version)
    index_resource(spec)
    sourcing.suspect(spec=spec, at=version.published_at)
    lists.follow_publication(spec=spec, by=version.published_by, at=version.published_at)


def on_resource_retired(event: ResourceRetired) -> None:
    """Take a retired resource off its department's responsibility list and out of the registry."""
    resource = Resource.objects.select_related("department__jurisdiction").get(pk=event.resource_id)
    lists.follow_retirement(resource=resource, by=None, at=event.at)
    forget_resource(resource.pk)
