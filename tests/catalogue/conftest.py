"""A small county: an authority, two providers, a township; people in their roles. Invented names only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from yishu.catalogue import actions
from yishu.catalogue.actions import SecrecyFinding
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.models import Resource
from yishu.catalogue.queries import published
from yishu.catalogue.rules import ResourceSpec
from yishu.kernel.time import SHANGHAI
from yishu.orgs.models import Department, Jurisdiction, Person, Role

AT = datetime(2026, 9, 18, 10, 0, tzinfo=SHANGHAI)


@dataclass(frozen=True)
class County:
    jurisdiction: Jurisdiction
    authority: Department
    police: Department
    market: Department
    township: Department
    reviewer: Person
    second_reviewer: Person
    police_clerk: Person
    market_clerk: Person
    township_clerk: Person
    auditor: Person


def make_county(pack: str, name: str, prefix: str) -> County:
    jurisdiction = Jurisdiction.objects.create(
        pack=pack, division_code="410821", name=name, mode="as_written", created_at=AT
    )

    def department(title: str, uscc: str, kind: str = "government", is_authority: bool = False) -> Department:
        return Department.objects.create(
            jurisdiction=jurisdiction, name=title, uscc=uscc, kind=kind, is_authority=is_authority, created_at=AT
        )

    def person(username: str, title: str, home: Department, *roles: str) -> Person:
        made = Person.objects.create(username=prefix + username, name=title, department=home, created_at=AT)
        for kind in roles:
            Role.objects.create(person=made, department=home, kind=kind, granted_at=AT)
        return made

    authority = department("政务服务和大数据管理局", "11410821MB0000001A", is_authority=True)
    police = department("公安局", "11410821MB0000002B")
    market = department("市场监督管理局", "11410821MB0000003C")
    township = department("城关镇", "11410821MB0000004D", kind="township")
    return County(
        jurisdiction,
        authority,
        police,
        market,
        township,
        reviewer=person("lin", "林审核", authority, "authority"),
        second_reviewer=person("he", "何审核", authority, "authority"),
        police_clerk=person("wang", "王经办", police, "provider", "consumer"),
        market_clerk=person("zhao", "赵经办", market, "provider", "consumer"),
        township_clerk=person("qian", "钱经办", township, "provider"),
        auditor=person("sun", "孙审计", authority, "auditor"),
    )


@pytest.fixture
def county(db: None) -> County:
    return make_county("cn-henan-jiaozuo-xiuwu", "修武县", "")


@pytest.fixture
def elsewhere(db: None) -> County:
    """Another tenant, under the national pack's empty text: it must never see the first one's things."""
    return make_county("cn-henan-jiaozuo", "焦作市", "jz-")


PERMITS = ResourceDraft(
    title="食品经营许可证信息",
    summary="食品经营许可证的持证单位、许可项目和有效期",
    category="016",
    source_kind="system",
    subject_kind="legal_entity",
    format_class="3",
    format_type="postgresql",
    use_purposes=("administrative_basis",),
    share_mode_type="interface",
    update_cycle="daily",
)
PERMIT_ITEMS = (
    ItemDraft("统一社会信用代码", length=18, required=True, identifier="uscc", is_key=True),
    ItemDraft("单位名称", length=200, required=True),
    ItemDraft("许可证编号", length=40, required=True),
    ItemDraft("发证日期", data_type="D", newest_by=True),
)


@pytest.fixture
def draft_of(county: County) -> Callable[..., Resource]:
    """A draft of the market authority, fields changed as given."""

    def make(
        *,
        items: tuple[ItemDraft, ...] = PERMIT_ITEMS,
        department: Department | None = None,
        by: Person | None = None,
        **changes: object,
    ) -> Resource:
        values = {name: getattr(PERMITS, name) for name in PERMITS.__slots__} | changes
        return actions.create_resource(
            department=department or county.market,
            draft=ResourceDraft(**values),  # type: ignore[arg-type]
            items=items,
            by=by or county.market_clerk,
            at=AT,
        )

    return make


CLEARED = SecrecyFinding(reviewer="郑保密", conclusion="passed", reviewed_on=AT.date())


@pytest.fixture
def publish(county: County) -> Callable[..., ResourceSpec]:
    """Submit and approve a draft as proposed, all items at grade 1."""

    def run(resource: Resource, by: Person | None = None) -> ResourceSpec:
        resource.refresh_from_db()
        case = actions.submit_resource(
            resource_id=resource.pk, seen_revision=resource.revision, by=by or county.market_clerk, at=AT
        )
        actions.approve_resource(
            case_id=case.pk,
            seen_revision=case.revision,
            share_type=resource.share_type,
            secrecy=CLEARED,
            grades={item.column: 1 for item in resource.items.all()},
            by=county.reviewer,
            at=AT,
        )
        return published(id=resource.pk)

    return run
