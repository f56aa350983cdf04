"""Who uses a resource, for the catalogue's notices of retirement; and what ends when it is retired."""

from collections.abc import Sequence
from datetime import datetime

from yishu.catalogue.messages import ResourceRetired
from yishu.kernel.time import shanghai_date
from yishu.sharing.actions import end_grant
from yishu.sharing.models import Grant


class GrantConsumers:
    """Departments holding an active grant (``catalogue.ports.Consumers``)."""

    def departments(self, resource_id: int, at: datetime) -> Sequence[int]:
        """Ids of departments whose grant is active and not past its last day."""
        grants = Grant.objects.filter(resource_id=resource_id, state=Grant.State.ACTIVE, ends_on__gte=shanghai_date(at))
        return list(grants.order_by().values_list("department_id", flat=True).distinct())


def on_resource_retired(event: ResourceRetired) -> None:
    """End every active grant of a retired resource; receipts and records stay."""
    grants = Grant.objects.select_for_update(of=("self",)).filter(
        resource_id=event.resource_id, state=Grant.State.ACTIVE
    )
    for grant in grants.select_related("department", "resource", "jurisdiction", "application").order_by("pk"):
        end_grant(grant, "信息资源已停用，请改用替代资源", by=None, at=event.at, law="")
