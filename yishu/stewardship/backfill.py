"""What was published before the one-source registry existed is made known to it when the platform is prepared."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from yishu.catalogue.models import Resource, Version
from yishu.catalogue.queries import published
from yishu.stewardship import sourcing
from yishu.stewardship.candidates import index_resource
from yishu.stewardship.models import Datum

_OF_A_DATUM = {"items": [{"identifier": ""}]}
"""Held by the snapshot of every version with an item the registry compares (``candidates.comparable``)."""


def unknown_resources() -> QuerySet[Resource]:
    """Published resources of which the registry knows no item though they have one to compare, the oldest first.

    A resource in revision counts by its version in force.
    """
    versions = Version.objects.filter(
        resource=OuterRef("pk"), number=OuterRef("version"), snapshot__contains=_OF_A_DATUM
    )
    known = Datum.objects.filter(resource=OuterRef("pk"))
    found = Resource.objects.exclude(state=Resource.State.RETIRED)
    return found.filter(~Exists(known), Exists(versions)).order_by("pk")


def backfill(*, at: datetime) -> int:
    """Index what the registry does not know yet and look for other departments' same data; returns how many resources.

    ``yishu prepare`` calls it after migrating; a second call finds nothing to do. Every resource is a transaction of its own, so
    that an interrupted start goes on where it stopped. Nothing is decided and no responsibility list changes: suspects wait for
    the authority, who also has the lists made from an older catalogue (``lists.rebuild``).
    """
    made = 0
    for pk in list(unknown_resources().values_list("pk", flat=True)):
        with transaction.atomic():
            # Locked, as a publication does, and asked again: another start or a publication may have been quicker.
            if not unknown_resources().select_for_update(of=("self",)).filter(pk=pk).exists():
                continue
            spec = published(id=pk)
            index_resource(spec)
            sourcing.suspect(spec=spec, at=at)
        made += 1
    return made
