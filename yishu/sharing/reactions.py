"""What sharing does when contexts below it change: subscribed in ``config.wiring``, run in the publishing transaction."""

from yishu.catalogue.messages import ResourcePublished
from yishu.catalogue.models import Version
from yishu.catalogue.queries import published_version
from yishu.kernel.time import shanghai_date
from yishu.orgs.messages import ClientChanged, DepartmentChanged
from yishu.orgs.models import Client
from yishu.sharing import queries
from yishu.sharing.actions import end_grant
from yishu.sharing.adapters import publish_client, publish_grant
from yishu.sharing.models import Grant
from yishu.sharing.rules import DIRECT, conditions, continues, resource_access, used_columns


def on_client_changed(event: ClientChanged) -> None:
    """Tell the gateway about a machine client that was made, renamed, given a new secret or disabled."""
    publish_client(Client.objects.select_related("department").get(pk=event.client_id))


def on_department_changed(event: DepartmentChanged) -> None:
    """Republish the clients and grants of a department that was renamed or switched off: both carry its name and state.

    Locked before they are read: a client disabled or a grant revoked meanwhile must not be published as it was before.
    """
    clients = Client.objects.select_related("department").select_for_update(of=("self",)).order_by("pk")
    for client in clients.filter(department_id=event.department_id):
        publish_client(client)
    grants = Grant.objects.select_related("department").select_for_update(of=("self",)).order_by("pk")
    for grant in grants.filter(department_id=event.department_id):
        publish_grant(grant)


def on_resource_published(event: ResourcePublished) -> None:
    """Carry every active grant over to the new version, or end it, with the reason its department will read.

    A grant ends when an item it shows or filters by is gone or has another type, and direct access ends when the authority
    made the data conditional or withheld: its ground, XW-19.1.a, is no longer there.
    """
    version = Version.objects.get(resource_id=event.resource_id, number=event.version)
    spec = published_version(event.resource_id, event.version)
    grants = Grant.objects.select_for_update(of=("self",)).filter(
        resource_id=event.resource_id, state=Grant.State.ACTIVE
    )
    for grant in grants.select_related("department", "resource", "jurisdiction", "application"):
        was = published_version(event.resource_id, grant.resource_version)
        row_filter = conditions(grant.row_filter)
        kept = continues(spec, items=grant.items, row_filter=row_filter, was=was)
        view = queries.law(grant.jurisdiction, shanghai_date(version.published_at))
        access = resource_access(view, spec, used_columns(grant.items, row_filter))
        if not kept.allowed:
            end_grant(grant, kept.reason, by=None, at=version.published_at, law="")
        elif grant.application_id is None and access.code != DIRECT:
            row = access.reference.row if access.reference else ""
            end_grant(
                grant, "共享类型已改为须申请使用，直接获取的依据不再成立", by=None, at=version.published_at, law=row
            )
        else:
            grant.resource_version = event.version
            grant.save(update_fields=["resource_version"])
            publish_grant(grant)
