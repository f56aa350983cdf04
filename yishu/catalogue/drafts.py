"""What a person fills in: one resource and its items by guide 1272, as frozen values. Django-free."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from yishu.catalogue.rules import UNCONDITIONAL


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """One 信息项 as typed. ``column`` is empty for a new item; the other fields mean what ``rules.ItemSpec`` says.

    ``share_type`` empty: as the resource. ``is_base``: base data item of the resource's base library.
    """

    name: str
    data_type: str = "C"
    length: int | None = None
    required: bool = False
    identifier: str = ""
    is_key: bool = False
    newest_by: bool = False
    pattern: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    minimum: str = ""
    maximum: str = ""
    share_type: str = ""
    mask: str = ""
    sensitivity: str = ""
    is_base: bool = False
    description: str = ""
    grade: int | None = None
    column: str = ""


@dataclass(frozen=True, slots=True)
class ResourceDraft:
    """The elements of guide 1272 a provider fills in; code, provider and dates are the platform's.

    Names are those of ``models.Resource``; choices are keys of the pack's lists (``guide``).
    """

    title: str
    summary: str = ""
    attribute_class: str = "3"
    item_class: str = "07"
    category: str = ""
    subcategory: str = ""
    unit: str = ""
    source_kind: str = ""
    subject_kind: str = "other"
    base_library: str = ""
    theme_library: str = ""
    media_kind: str = ""
    document_class: str = ""
    is_digital: bool = True
    has_privacy: bool = False
    has_trade_secret: bool = False
    survey: Mapping[str, int] = field(default_factory=dict)
    system_name: str = ""
    business_matter: str = ""
    format_class: str = "3"
    format_type: str = ""
    format_note: str = ""
    share_type: str = UNCONDITIONAL
    share_condition: str = ""
    share_scope: str = ""
    share_basis: str = ""
    basis_kind: str = ""
    withheld_statement: str = ""
    use_purposes: tuple[str, ...] = ()
    share_mode_class: str = "platform"
    share_mode_type: str = "interface"
    agreement_required: bool | None = None
    usage_requirement: str = ""
    is_open: bool = False
    open_condition: str = ""
    open_type: str = ""
    open_modes: tuple[str, ...] = ()
    open_basis: str = ""
    open_basis_kind: str = ""
    update_cycle: str = ""
    related_codes: tuple[str, ...] = ()
    duplicate_note: str = ""


RESOURCE_FIELDS = tuple(f.name for f in fields(ResourceDraft))
ITEM_FIELDS = tuple(f.name for f in fields(ItemDraft))
