"""What sharing adds to a catalogue resource page: 直接获取 or 申请共享, what I already hold, who uses it."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils import timezone

from yishu.catalogue.ports import PageAction, PagePanel
from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Person, RoleKind
from yishu.sharing import queries
from yishu.sharing.models import Grant
from yishu.sharing.rules import DIRECT, resource_access


class SharingPanels:
    """Buttons and cards on the resource page for one reader (``catalogue.ports.ResourcePanels``)."""

    def actions(self, spec: ResourceSpec, person: Person) -> Sequence[PageAction]:
        """直接获取 for unconditional data, 申请共享 for the rest; consumers only."""
        department = queries.departments_as(person, RoleKind.CONSUMER).select_related("jurisdiction").first()
        if department is None:
            return ()
        decision = resource_access(queries.law(department.jurisdiction, shanghai_date(timezone.now())), spec)
        if not decision.allowed:
            return ()
        if decision.code == DIRECT:
            url = reverse("sharing-direct", args=[spec.id])
            return [PageAction("直接获取", url, icon="check", rank=10, reference=decision.reference)]
        url = reverse("sharing-apply", args=[spec.id])
        return [PageAction("申请共享", url, icon="send", rank=10, reference=decision.reference)]

    def panels(self, spec: ResourceSpec, person: Person) -> Sequence[PagePanel]:
        """The grants on this resource that the reader may see; none, no card."""
        today = shanghai_date(timezone.now())
        grants = queries.visible_grants(person).filter(
            resource_id=spec.id, state=Grant.State.ACTIVE, ends_on__gte=today
        )
        count = grants.count()
        if not count:
            return ()
        shown = {"grants": list(grants[:10]), "count": count, "today": today}
        return [PagePanel("正在使用", "sharing/resource_panel.html", shown, rank=30)]
