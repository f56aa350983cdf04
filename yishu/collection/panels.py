"""What collection adds to a catalogue resource page: the flow strip's first arrows, and 上传数据 for the owner."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils import timezone

from yishu.catalogue.models import Resource
from yishu.catalogue.ports import PageAction, PagePanel
from yishu.catalogue.rules import ResourceSpec
from yishu.collection import queries
from yishu.orgs.models import Person


class CollectionPanels:
    """Buttons and cards on the resource page for one reader (``catalogue.ports.ResourcePanels``)."""

    def actions(self, spec: ResourceSpec, person: Person) -> Sequence[PageAction]:
        """上传数据, for providers of the owning department."""
        if not queries.loadable_resources(person, timezone.now()).filter(pk=spec.id).exists():
            return ()
        return [PageAction("上传数据", f"{reverse('collection-new')}?resource={spec.id}", icon="upload", rank=20)]

    def panels(self, spec: ResourceSpec, person: Person) -> Sequence[PagePanel]:
        """How fresh the data is, for everyone; links to loads for those who may see them."""
        state = queries.pool_state(spec.id)
        shown = {
            "state": state,
            "spec": spec,
            "department": Resource.objects.select_related("department").get(pk=spec.id).department,
            "sees": queries.visible_loads(person, timezone.now()).filter(resource=spec.id).exists(),
        }
        return [PagePanel("数据流", "collection/resource_panel.html", shown, rank=20)]
