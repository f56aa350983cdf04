"""The published form of a resource, as every later context reads it, and the catalogue's pure decisions. Django-free."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

UNCONDITIONAL, CONDITIONAL, WITHHELD = "unconditional", "conditional", "withheld"

DATA_TYPES: Mapping[str, tuple[str, str]] = {
    # guide 1272 letter -> (Chinese name, Ibis type of the clean column)
    "C": ("字符型", "string"),
    "N": ("数值型", "decimal(38, 6)"),
    "Y": ("货币型", "decimal(38, 6)"),
    "D": ("日期型", "date"),
    "T": ("日期时间型", "timestamp"),
    "L": ("逻辑型", "boolean"),
    "M": ("备注型", "string"),
    "G": ("通用型", "string"),
    "B": ("双精度型", "float64"),
    "I": ("整型", "int64"),
    "F": ("浮点型", "float64"),
}
"""Source: guide 1272 (发改高技〔2017〕1272号), data types of 信息项."""


@dataclass(frozen=True, slots=True)
class ItemSpec:
    """信息项: one column of a resource as published.

    ``column`` is the stable ASCII column id in lake and serving (``i0001``); ``name`` the Chinese title shown to people
    and used as JSON key. ``identifier`` is ``""``, ``person_id`` (公民身份号码), ``identity_document`` (any valid one) or
    ``uscc``. ``is_key``: rows are looked up by it and the newest row per key is kept. ``newest_by``: this date item decides which row is newest.
    ``codes``: allowed values (code -> label), empty when free. ``mask``: default mask kind (security.masks) for grants.
    """

    column: str
    name: str
    data_type: str
    length: int | None = None
    required: bool = False
    identifier: str = ""
    is_key: bool = False
    newest_by: bool = False
    pattern: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    minimum: str = ""
    maximum: str = ""
    share_type: str = UNCONDITIONAL
    grade: int = 1
    mask: str = ""
    description: str = ""

    @property
    def ibis_type(self) -> str:
        """Ibis type name of the clean column."""
        return DATA_TYPES[self.data_type][1]


@dataclass(frozen=True, slots=True)
class ResourceSpec:
    """信息资源 as published: what loads are checked against, what can be applied for and granted."""

    id: int
    code: str
    version: int
    title: str
    jurisdiction_id: int
    pack: str
    department_id: int
    department_name: str
    share_type: str
    items: tuple[ItemSpec, ...]
    update_cycle: str = ""
    elements: Mapping[str, Any] = field(default_factory=dict)
    """The remaining elements of guide 1272 by field name, for showing."""

    @property
    def key(self) -> ItemSpec | None:
        """The item rows are looked up by, or None for a resource without lookup."""
        return next((i for i in self.items if i.is_key), None)

    @property
    def url_code(self) -> str:
        """The code with ``/`` written as ``-``, as gateway URLs carry it."""
        return self.code.replace("/", "-")

    def item(self, column: str) -> ItemSpec:
        """The item of a column id; KeyError when the resource has none."""
        for item in self.items:
            if item.column == column:
                return item
        raise KeyError(column)


def to_json(spec: ResourceSpec) -> dict[str, Any]:
    """The specification as JSON-ready values: one key per field, ``items`` a list in order (``Version.snapshot``)."""
    return asdict(spec) | {"items": [asdict(item) | {"codes": dict(item.codes)} for item in spec.items]}


def from_json(document: Mapping[str, Any]) -> ResourceSpec:
    """The specification a snapshot holds; ``from_json(to_json(spec)) == spec``.

    Unknown keys are ignored and missing ones take their default, so that older snapshots stay readable.
    """
    known = {f.name for f in fields(ResourceSpec)}
    item_fields = {f.name for f in fields(ItemSpec)}
    items = tuple(ItemSpec(**{k: v for k, v in item.items() if k in item_fields}) for item in document["items"])
    return ResourceSpec(**{k: v for k, v in document.items() if k in known and k != "items"}, items=items)
