"""From the working copy to the published form."""

from collections.abc import Mapping
from datetime import date

from yishu.catalogue.drafts import ITEM_FIELDS, RESOURCE_FIELDS, ItemDraft, ResourceDraft
from yishu.catalogue.item_rules import effective_share_type
from yishu.catalogue.models import Item, Resource
from yishu.catalogue.rules import ItemSpec, ResourceSpec


def resource_draft(resource: Resource) -> ResourceDraft:
    """The working copy of a resource as a draft."""
    values = {name: getattr(resource, name) for name in RESOURCE_FIELDS}
    for name in ("use_purposes", "related_codes"):
        values[name] = tuple(values[name])
    return ResourceDraft(**values)


def item_drafts(resource: Resource) -> tuple[ItemDraft, ...]:
    """The working copy's items in order."""
    return tuple(ItemDraft(**{name: getattr(item, name) for name in ITEM_FIELDS}) for item in resource.items.all())


def resource_spec(resource: Resource, *, version: int, published_on: date, grades: Mapping[str, int]) -> ResourceSpec:
    """What publication of the working copy makes: its specification with confirmed share type and grades by column id."""
    share_type = resource.confirmed_share_type or resource.share_type
    items = tuple(_item_spec(item, share_type, grades) for item in resource.items.all())
    elements = {
        name: getattr(resource, name) for name in RESOURCE_FIELDS if name not in ("title", "share_type", "update_cycle")
    }
    elements["proposed_share_type"] = resource.share_type
    elements["published_on"] = published_on.isoformat()
    elements["provider_code"] = resource.department.uscc
    elements["base_items"] = [i.column for i in resource.items.all() if i.is_base]
    return ResourceSpec(
        id=resource.pk,
        code=resource.code or "",
        version=version,
        title=resource.title,
        jurisdiction_id=resource.jurisdiction_id,
        pack=resource.jurisdiction.pack,
        department_id=resource.department_id,
        department_name=resource.department.name,
        share_type=share_type,
        items=items,
        update_cycle=resource.update_cycle,
        elements=elements,
    )


def _item_spec(item: Item, share_type: str, grades: Mapping[str, int]) -> ItemSpec:
    draft = ItemDraft(**{name: getattr(item, name) for name in ITEM_FIELDS})
    return ItemSpec(
        column=item.column,
        name=item.name,
        data_type=item.data_type,
        length=item.length,
        required=item.required,
        identifier=item.identifier,
        is_key=item.is_key,
        newest_by=item.newest_by,
        pattern=item.pattern,
        codes=dict(item.codes),
        minimum=item.minimum,
        maximum=item.maximum,
        share_type=effective_share_type(draft, share_type),
        grade=grades[item.column],
        mask=item.mask,
        description=item.description,
    )
