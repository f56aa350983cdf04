"""From the working copy to the published form."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from yishu.catalogue.approval_rules import RECORDED, form_fields
from yishu.catalogue.demands import Demands
from yishu.catalogue.drafts import ITEM_FIELDS, RESOURCE_FIELDS, ItemDraft, ResourceDraft
from yishu.catalogue.item_rules import effective_share_type
from yishu.catalogue.models import Item, Resource, ReviewRecord
from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.kernel.time import shanghai_date
from yishu.law.vocabulary import REQUIREMENTS


def resource_draft(resource: Resource) -> ResourceDraft:
    """The working copy of a resource as a draft."""
    values = {name: getattr(resource, name) for name in RESOURCE_FIELDS}
    for name in ("use_purposes", "related_codes", "open_modes"):
        values[name] = tuple(values[name])
    return ResourceDraft(**values)


def item_drafts(resource: Resource) -> tuple[ItemDraft, ...]:
    """The working copy's items in order."""
    return tuple(ItemDraft(**{name: getattr(item, name) for name in ITEM_FIELDS}) for item in resource.items.all())


def review_results(records: Iterable[ReviewRecord], law: Demands) -> list[dict[str, Any]]:
    """What the review found, as it is published with the resource: kind, department, date, each field's title and text.

    The latest record of a kind counts. People's names stay in the case.
    """
    latest = {record.kind: record for record in records if record.kind in RECORDED}
    results = []
    for kind, record in latest.items():
        titles = {f.name: f.title for f in form_fields(kind, law)}
        hidden = ("name", "reviewer", "note")
        rows = [
            [titles.get(name, _WORDS.get(name, name)), _shown(value, law)]
            for name, value in sorted(record.fields.items(), key=lambda field: [*titles, field[0]].index(field[0]))
            if name not in hidden
        ]
        results.append(
            {
                "kind": kind,
                "title": REQUIREMENTS.get(kind, kind),
                "department": record.by.department.name if record.by.department else "",
                "on": shanghai_date(record.at).isoformat(),
                "fields": rows,
            }
        )
    return results


_WORDS = {"required": "是否须签安全协议", "on": "签署日期", "text": "内容", "withheld_statement": "不予共享理由"}


def _shown(value: Any, law: Demands) -> str:
    words = {"yes": "是", "no": "否"}
    return words.get(str(value)) or law.title("secrecy_conclusions", str(value))


def resource_spec(
    resource: Resource,
    *,
    version: int,
    published_on: date,
    grades: Mapping[str, int],
    reviews: Sequence[Mapping[str, Any]] = (),
) -> ResourceSpec:
    """What publication of the working copy makes: its specification with confirmed share type and grades by column id.

    ``reviews``: what the review found (``review_results``), published with the resource (XZ-4.3.e).
    """
    share_type = resource.confirmed_share_type or resource.share_type
    items = tuple(_item_spec(item, share_type, grades) for item in resource.items.all())
    elements = {
        name: getattr(resource, name) for name in RESOURCE_FIELDS if name not in ("title", "share_type", "update_cycle")
    }
    elements["review"] = [dict(result) for result in reviews]
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
