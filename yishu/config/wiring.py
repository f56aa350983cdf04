"""Joins contexts that may not import one another: subscribes upper contexts to lower ones' events, registers case handlers."""

from yishu.cases import mail
from yishu.cases.handover import open_cases_of
from yishu.cases.registry import add_messenger, register
from yishu.catalogue.handler import CatalogueChange, CatalogueReview
from yishu.catalogue.messages import ResourcePublished, ResourceRetired
from yishu.catalogue.registry import register_consumers, register_panels, register_source_guard
from yishu.catalogue.retirement_handler import CatalogueRetirement
from yishu.collection.panels import CollectionPanels
from yishu.collection.stewards import NewestLoads, ServedValues
from yishu.kernel.events import subscribe
from yishu.law import calendar
from yishu.orgs import calendars
from yishu.orgs.messages import ClientChanged, DepartmentChanged
from yishu.orgs.ports import count_open_cases_by
from yishu.registers.filings import PROCEDURE as FILING
from yishu.registers.filings import FilingHandler
from yishu.sharing import reactions
from yishu.sharing.consumers import GrantConsumers, on_resource_retired
from yishu.sharing.decisions import ApplicationHandler
from yishu.sharing.panels import SharingPanels
from yishu.sharing.queries import PROCEDURES
from yishu.stewardship import catalogue_events
from yishu.stewardship.demands import PROCEDURE as DEMANDS
from yishu.stewardship.handler import DemandReview
from yishu.stewardship.registry import register_fulfilment, register_profiles
from yishu.stewardship.sourcing import DecidedSources


def wire() -> None:
    """Make every subscription; called once when Django is ready."""
    calendar.install_source(calendars.source)
    count_open_cases_by(open_cases_of)
    if mail.configured():
        add_messenger(mail.Mail())
    register("catalogue.review", CatalogueReview(), number_word="目录")
    register("catalogue.change", CatalogueChange(), number_word="变更")
    register("catalogue.retirement", CatalogueRetirement(), number_word="停用")
    register(FILING, FilingHandler(), number_word="备案")
    register_panels(CollectionPanels())
    _wire_stewardship()
    _wire_sharing()


def _wire_stewardship() -> None:
    subscribe(ResourcePublished, catalogue_events.on_resource_published)
    subscribe(ResourceRetired, catalogue_events.on_resource_retired)
    register(DEMANDS, DemandReview(), number_word="需求")
    register_source_guard(DecidedSources())
    register_fulfilment(NewestLoads())
    register_profiles(ServedValues())


def _wire_sharing() -> None:
    for procedure in PROCEDURES:
        register(procedure, ApplicationHandler(), number_word="共享")
    register_panels(SharingPanels())
    subscribe(ClientChanged, reactions.on_client_changed)
    subscribe(DepartmentChanged, reactions.on_department_changed)
    subscribe(ResourcePublished, reactions.on_resource_published)
    subscribe(ResourceRetired, on_resource_retired)
    register_consumers(GrantConsumers())
