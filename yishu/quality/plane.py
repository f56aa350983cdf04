"""The rules as one Ibis pass over raw text: normalise, find the first broken rule, type what is left."""

import ibis
from ibis.expr.types import BooleanValue, Column, StringValue, Table

from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.lake import functions
from yishu.quality import identifiers
from yishu.quality.rules import IDENTITY_DOCUMENT, PERSON_ID, TEXT_TYPES, USCC, Rule

INVISIBLE = r"[\x{01}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{7F}\x{00AD}\x{061C}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FEFF}]"
"""Control characters, soft hyphen, zero-width and bidirectional controls (Unicode 15, format characters that show nothing)."""
BLANKS = r"^[\s\x{00A0}\x{3000}]+|[\s\x{00A0}\x{3000}]+$"

_SHAPES = {
    "N": r"^[+-]?[0-9]{1,32}(?:\.[0-9]{1,6})?$",
    "Y": r"^[+-]?[0-9]{1,32}(?:\.[0-9]{1,6})?$",
    "I": r"^[+-]?[0-9]{1,19}$",
    "B": r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$",
    "F": r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$",
    "D": r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$",
    "T": r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?$",
}
_TRUE, _FALSE = ("是", "1", "true", "t", "y", "yes"), ("否", "0", "false", "f", "n", "no")


def checked(raw: Table, spec: ResourceSpec, rules: tuple[Rule, ...], *, blanks: bool = True) -> Table:
    """Per raw row its typed values and the number of the first rule it breaks.

    ``raw``: ``_row`` int64 and one text column per item. Result: ``_row``, ``_rule`` int16 (NULL: the row is good), and
    every item's column in its ``ibis_type``; values of a row that breaks a rule may be NULL. ``blanks`` False: the
    file is known to hold no blank, so none need be cut off (same result, less work). Row order is kept.
    """
    text = normalise(raw, spec, blanks=blanks)
    people = [item.column for item in spec.items if item.identifier in (PERSON_ID, IDENTITY_DOCUMENT)]
    text = text.mutate(**{_number(column): identifiers.person_id_number(text[column]) for column in people})
    branches = [(_broken(rule, text), ibis.literal(rule.number, "int16")) for rule in rules]
    first = ibis.cases(*branches) if branches else ibis.null("int16")
    values = {item.column: typed(text[item.column], item) for item in spec.items}
    return text.select(_row=text["_row"], _rule=first, **values)


def normalise(raw: Table, spec: ResourceSpec, *, blanks: bool = True) -> Table:
    """The text columns as they are compared and kept: outer blanks off, empty is NULL, identifiers and codes in NFKC."""
    columns: dict[str, Column] = {"_row": raw["_row"]}
    for item in spec.items:
        text = raw[item.column]
        if item.identifier:
            text = identifiers.normalised(text).nullif("")
        elif item.codes:
            text = identifiers.compatible(text).nullif("")
        elif blanks:
            text = text.re_replace(BLANKS, "").nullif("")
        columns[item.column] = text
    return raw.select(**columns)


def newest(rows: Table, spec: ResourceSpec) -> Table:
    """One row per key, the newest: largest ``newest_by`` value, then the later row of the file; sorted by key.

    ``rows`` as ``checked`` gives them, good rows only. Without a key item every row stays, in file order.
    """
    key = spec.key
    if key is None:
        return rows.order_by("_row")
    dated = [item.column for item in spec.items if item.newest_by]
    order = [ibis.desc(rows[column], nulls_first=False) for column in dated] + [ibis.desc("_row")]
    place = ibis.row_number().over(group_by=key.column, order_by=order)
    return rows.mutate(_place=place).filter(lambda t: t["_place"] == 0).drop("_place").order_by(key.column)


def typed(text: StringValue, item: ItemSpec) -> Column:
    """A normalised text as a value of the item's type; NULL where it is none."""
    if item.data_type in TEXT_TYPES:
        return text
    if item.data_type == "L":
        low = text.lower()
        return ibis.cases((low.isin(_TRUE), True), (low.isin(_FALSE), False))
    return text.try_cast(item.ibis_type)


def _number(column: str) -> str:
    return f"_number_{column}"


def _broken(rule: Rule, row: Table) -> BooleanValue:
    item, code = rule.item, rule.code
    text = row[item.column]
    if code == "required":
        return text.isnull()
    if code == "invisible":
        return text.re_search(INVISIBLE)
    if code == "length":
        return functions.utf8_bytes(text) > item.length
    if code == "pattern":
        return ~text.re_search(f"^(?:{item.pattern})$")
    if code == "code":
        return text.notin(list(item.codes))
    if code in ("minimum", "maximum"):
        limit = ibis.literal(getattr(item, code)).cast(item.ibis_type)
        return typed(text, item) < limit if code == "minimum" else typed(text, item) > limit
    if item.identifier == PERSON_ID:
        return identifiers.person_id_broken(text, code, row[_number(item.column)])
    if item.identifier == IDENTITY_DOCUMENT:
        return identifiers.identity_document_broken(text, code, row[_number(item.column)])
    if item.identifier == USCC:
        return identifiers.uscc_broken(text, code)
    return _mistyped(text, item)


def _mistyped(text: StringValue, item: ItemSpec) -> BooleanValue:
    value = typed(text, item)
    if item.data_type == "L":
        return text.notnull() & value.isnull()
    wrong = ~text.re_search(_SHAPES[item.data_type]) | value.isnull()
    if item.ibis_type == "float64":
        wrong = wrong | value.isinf()
    return text.notnull() & wrong
