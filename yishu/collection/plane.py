"""The lake work of one load: raw, checked, clean and rejects. No Django; nothing it writes counts until a row names it."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import ibis
import pyarrow as pa

from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.collection import rules
from yishu.collection.textfile import TextFacts
from yishu.lake.engine import Engine
from yishu.lake.errors import BadSource
from yishu.lake.tables import Lake
from yishu.quality.definitions import check_definitions
from yishu.quality.plane import checked, newest
from yishu.quality.rules import Rule, compile_rules

SAMPLES = 5
"""Rows shown per reason in a load report."""
Stage = Callable[[str, int], None]
"""Told the stage that begins and the percentage done; whatever it raises ends the load there."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One rejected row as the report shows it: ``row`` counts data rows from 1, ``value`` is the masked cell or empty."""

    row: int
    value: str = ""


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many rows one rule rejected, with the first of them. Order of the list: the order of checking."""

    rule: Rule
    rows: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Pooled:
    """What a load became in the lake. Versions are Delta versions; counts are rows; read = kept + rejected + superseded."""

    raw_version: int
    clean_version: int
    rejects_version: int
    read: int
    kept: int
    rejected: int
    superseded: int
    reasons: tuple[ReasonCount, ...]


Mask = Callable[[ibis.Table, ItemSpec], ibis.Value | None]
"""A masked column of rejected raw text, or None where the item's cells must not be shown at all."""


def no_values(rows: ibis.Table, item: ItemSpec) -> None:
    """Show no cell of any item."""
    return


def pool_file(
    *,
    engine: Engine,
    lake: Lake,
    file_name: str,
    facts: TextFacts,
    spec: ResourceSpec,
    load_id: uuid.UUID,
    stage: Stage,
    mask: Mask = no_values,
) -> Pooled:
    """Read a decoded file into the resource's pool: every row into ``raw``, then ``clean`` and ``rejects``.

    Raises ``BadFile`` for everything a provider can put right, ``lake.errors.LakeFull``, ``Invalid`` for item definitions
    no rule can be made of. Twice the same file gives the same rows.
    """
    check_definitions(spec)
    columns = rules.match_heading(spec, rules.read_heading(facts.path, file_name), file_name)
    titles = {item.column: item.name for item in spec.items}
    ordered = ["_row", *(item.column for item in spec.items)]

    stage("read", 10)
    raw_table = lake.table(spec.id, "raw")
    try:
        source = engine.read_text(facts.path, columns).select(*ordered)
        raw_version = raw_table.write_version(engine, source, load_id, titles)
    except BadSource as error:
        raise rules.explain_rows(facts.path, len(columns), file_name) from error
    raw = raw_table.read_version(engine, raw_version, "raw_rows")

    stage("check", 35)
    compiled = compile_rules(spec, invisible=facts.invisible)
    rows = engine.materialise("checked_rows", checked(raw, spec, compiled, blanks=facts.blanks))
    bad = rows.filter(rows["_rule"].notnull()).select("_row", "_rule")
    totals = engine.rows(
        rows.aggregate(read=rows.count(), rejected=rows["_rule"].notnull().sum().fill_null(0).cast("int64"))
    )[0]

    stage("clean", 55)
    clean_table = lake.table(spec.id, "clean")
    good = newest(rows.filter(rows["_rule"].isnull()).drop("_rule"), spec).select(*ordered)
    clean_version = clean_table.write_version(engine, good, load_id, titles)
    clean = clean_table.read_version(engine, clean_version, "clean_rows")
    kept = int(engine.rows(clean.aggregate(rows=clean.count()))[0]["rows"])

    reject_table = lake.table(spec.id, "rejects")
    rejects_version = reject_table.write_version(engine, _rejects(raw, bad, compiled), load_id, titles)
    rejects = reject_table.read_version(engine, rejects_version, "reject_rows")
    reasons = _reasons(engine, rejects, compiled, mask)
    read, rejected = int(totals["read"]), int(totals["rejected"])
    return Pooled(raw_version, clean_version, rejects_version, read, kept, rejected, read - rejected - kept, reasons)


def clean_batches(engine: Engine, lake: Lake, spec: ResourceSpec, version: int) -> Iterator[pa.RecordBatch]:
    """The clean rows of one version in serving order, column order of the items with ``_row`` last."""
    rows = lake.table(spec.id, "clean").read_version(engine, version, "serving_rows")
    return engine.batches(rows.select(*(item.column for item in spec.items), "_row"))


def reject_batches(engine: Engine, lake: Lake, spec: ResourceSpec, version: int) -> Iterator[pa.RecordBatch]:
    """Rejected rows of one version in file order: ``_row``, ``_item``, ``_code``, then the items' original text."""
    rows = lake.table(spec.id, "rejects").read_version(engine, version, "rejected_rows")
    known = [item.column for item in spec.items if item.column in rows.columns]
    return engine.batches(rows.select("_row", "_item", "_code", *known).order_by("_row"))


def _rejects(raw: ibis.Table, bad: ibis.Table, compiled: tuple[Rule, ...]) -> ibis.Table:
    joined = raw.join(bad, "_row")
    number = joined["_rule"]
    item = ibis.cases(*((number == rule.number, rule.item.column) for rule in compiled), else_="")
    code = ibis.cases(*((number == rule.number, rule.code) for rule in compiled), else_="")
    return joined.mutate(_item=item, _code=code).order_by("_row")


def _reasons(engine: Engine, rejects: ibis.Table, compiled: tuple[Rule, ...], mask: Mask) -> tuple[ReasonCount, ...]:
    counts = rejects.group_by("_rule").aggregate(rows=lambda t: t.count())
    found = {int(row["_rule"]): int(row["rows"]) for row in engine.rows(counts)}
    return tuple(
        ReasonCount(rule, found[rule.number], _samples(engine, rejects, rule, mask))
        for rule in compiled
        if rule.number in found
    )


def _samples(engine: Engine, rejects: ibis.Table, rule: Rule, mask: Mask) -> tuple[Sample, ...]:
    mine = rejects.filter(rejects["_rule"] == rule.number).order_by("_row").limit(SAMPLES)
    value = mask(mine, rule.item)
    shown = mine.select("_row", value=ibis.literal("") if value is None else value.fill_null(""))
    return tuple(Sample(int(row["_row"]), str(row["value"])) for row in engine.rows(shown.order_by("_row")))
