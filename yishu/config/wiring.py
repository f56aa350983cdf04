"""Joins contexts that may not import one another: subscribes upper contexts to lower ones' events, registers case handlers."""

from yishu.cases.registry import register
from yishu.catalogue.handler import CatalogueReview
from yishu.catalogue.messages import ResourcePublished
from yishu.catalogue.registry import register_panels
from yishu.collection.panels import CollectionPanels
from yishu.kernel.events import subscribe
from yishu.orgs.messages import ClientChanged, DepartmentChanged
from yishu.sharing import reactions
from yishu.sharing.decisions import ApplicationHandler
from yishu.sharing.panels import SharingPanels


def wire() -> None:
    """Make every subscription; called once when Django is ready."""
    register("catalogue.review", CatalogueReview(), number_word="目录")
    register_panels(CollectionPanels())
    _wire_sharing()


def _wire_sharing() -> None:
    register("sharing.application", ApplicationHandler(), number_word="共享")
    register_panels(SharingPanels())
    subscribe(ClientChanged, reactions.on_client_changed)
    subscribe(DepartmentChanged, reactions.on_department_changed)
    subscribe(ResourcePublished, reactions.on_resource_published)
