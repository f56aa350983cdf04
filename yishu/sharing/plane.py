"""A grant compiled once into SQL text: selected items, row filter, masks, for PostgreSQL and for DuckDB. Django-free.

Ibis writes the inner select; literals are quoted by sqlglot from typed values, never pasted. The gateway runs the text of
``compile_lookup`` as it stands and holds no mask code.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import ibis
import sqlglot
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from sqlglot import exp

from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.kernel.errors import Invalid
from yishu.security.masks import masked
from yishu.sharing.rules import RowCondition, check_grant, parse_value

Engine = Literal["postgres", "duckdb"]
PLACEHOLDER = "{table}"
"""Where the gateway writes the serving table. It occurs once: literals that contain these characters are split."""
_SOURCE = "yishu_source"
_KEY = "yishu_key"
_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_COMPILERS: Mapping[str, Any] = {"postgres": PostgresCompiler(), "duckdb": DuckDBCompiler()}


def compile_lookup(
    spec: ResourceSpec, items: Sequence[str], row_filter: Sequence[RowCondition], masks: Mapping[str, str]
) -> str:
    """SQL for PostgreSQL with ``$1 text[]`` (keys as loaded) and ``{table}`` (quoted serving table), as 0001_gateway.sql says.

    Gives one row: ``records`` integer, ``body`` text — a JSON array, one object per record found, in the order of the keys in
    ``$1`` — and ``found`` text, a JSON array of those keys' positions in ``$1`` counted from 0, so that a consumer can tell
    whose record it is although the key item is masked. Names are the items' Chinese names in catalogue order. Dates and timestamps are ISO 8601 text, numbers JSON numbers
    with every digit the database holds (trailing zeros of decimals removed), nulls ``null``. Keys are compared with the raw
    key column, so the primary-key index serves them whatever is masked.

    Raises ``Invalid``: the resource has no key item of text, or the grant's content does not fit it.
    """
    key = spec.key
    if key is None or key.ibis_type != "string":
        raise Invalid(
            "这个资源没有可供查询的主标识，不能联机查询",
            remedy="请提供部门在目录中指定文字型主标识，或改用其他共享方式",
            object_=spec.title,
            code="sharing.no_key",
        )
    inner = _select(spec, items, row_filter, masks, "postgres", key=key)
    source = next(iter(inner.find_all(exp.Table)))
    wanted = sqlglot.parse_one(f'"{source.alias}"."{key.column}" = ANY($1::text[])', dialect="postgres")
    inner = inner.where(wanted)
    source = next(iter(inner.find_all(exp.Table)))
    source.set("this", exp.Var(this=PLACEHOLDER))
    parts: list[str] = []
    for item in spec.items:
        if item.column in items:
            name = json.dumps(item.name, ensure_ascii=False)
            parts.append(_literal(("," if parts else "{") + name + ":"))
            parts.append(f"coalesce({_json(item, masks.get(item.column, ''))}::text, 'null')")
    row = " || ".join([*parts, "'}'"])
    place = f'array_position($1::text[], x."{_KEY}")'
    body = _array(row, place)
    found = _array(f"({place} - 1)::text", place)
    return f"select count(*)::integer as records, {body} as body, {found} as found from ({inner.sql('postgres')}) x"  # noqa: S608 (quoted by sqlglot)


def _array(element: str, place: str) -> str:
    """SQL for a JSON array's text with one ``element`` a row, ordered by ``place``."""
    return f"'[' || coalesce(string_agg({element}, ',' order by {place}), '') || ']'"


def compile_select(
    spec: ResourceSpec,
    items: Sequence[str],
    row_filter: Sequence[RowCondition],
    masks: Mapping[str, str],
    *,
    engine: Engine,
    table: str,
) -> str:
    """All rows a grant shows, as a select on ``engine``: columns are the chosen items' column ids in catalogue order.

    ``table`` is a plain table name known to the engine. Raises ``Invalid`` as ``compile_lookup`` does.
    """
    query = _select(spec, items, row_filter, masks, engine, key=None)
    for source in query.find_all(exp.Table):
        source.set("this", exp.to_identifier(table, quoted=True))
    return str(query.sql(engine))


def _select(
    spec: ResourceSpec,
    items: Sequence[str],
    row_filter: Sequence[RowCondition],
    masks: Mapping[str, str],
    engine: Engine,
    *,
    key: ItemSpec | None,
) -> exp.Select:
    """The single select a grant is: ``select <masked items>[, <raw key>] from yishu_source where <filter>``."""
    check_grant(spec, items=items, row_filter=row_filter, masks_=masks)
    for item in spec.items:
        if not _COLUMN.fullmatch(item.column) or item.column == _KEY:
            raise ValueError(f"column id {item.column!r} is not one the catalogue makes")
    table = ibis.table({i.column: i.ibis_type for i in spec.items}, name=_SOURCE)
    rows = table
    for condition in row_filter:
        rows = rows.filter(_condition(rows, spec.item(condition.column), condition))
    columns = {}
    for item in spec.items:
        if item.column in items:
            kind = masks.get(item.column, "")
            columns[item.column] = masked(kind, rows[item.column]) if kind else rows[item.column]
    if key is not None:
        columns[_KEY] = rows[key.column]
    query = _COMPILERS[engine].to_sqlglot(rows.select(**columns))
    if len(list(query.find_all(exp.Select))) != 1 or len(list(query.find_all(exp.Table))) != 1:
        raise RuntimeError("a grant must compile to one plain select, so that the key filter reaches the index")
    split: exp.Select = query.transform(_split_placeholder)
    return split


def _condition(rows: Any, item: ItemSpec, condition: RowCondition) -> Any:
    column = rows[item.column]
    values = [_value(item, v) if v or condition.op != "range" else None for v in condition.values]
    match condition.op:
        case "eq":
            return column == values[0]
        case "in":
            return column.isin(values)
        case "prefix":
            return column.startswith(values[0])
        case "range":
            low, high = values
            if low is None:
                return column <= high
            return column >= low if high is None else (column >= low) & (column <= high)
        case "is_null":
            return column.isnull()
        case _:
            return column.notnull()


def _value(item: ItemSpec, text: str) -> Any:
    """A typed literal. Floats go as text with a cast: a bare one is a decimal to DuckDB, and may come out one bit beside."""
    value = parse_value(item, text)
    if item.ibis_type == "float64":
        return ibis.literal(repr(value)).cast("float64")
    return ibis.literal(value, type=item.ibis_type)


def _split_placeholder(node: exp.Expr) -> exp.Expr:
    """A text literal that contains ``{table}`` becomes a concatenation that does not: the gateway replaces by plain text."""
    if isinstance(node, exp.Literal) and node.is_string and PLACEHOLDER in node.this:
        head, *tail = node.this.split(PLACEHOLDER)
        joined: exp.Expr = exp.Literal.string(head + "{")
        for n, part in enumerate(tail):
            more = "table}" + part + ("{" if n + 1 < len(tail) else "")
            joined = exp.DPipe(this=joined, expression=exp.Literal.string(more), safe=True)
        return exp.Paren(this=joined)
    return node


def _literal(text: str) -> str:
    return _split_placeholder(exp.Literal.string(text)).sql("postgres")


def _json(item: ItemSpec, mask: str) -> str:
    column = f'x."{item.column}"'
    if not mask and item.ibis_type.startswith("decimal"):
        column = f"trim_scale({column})"
    return f"to_json({column})"
