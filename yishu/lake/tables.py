"""Delta tables under one root folder: writing a version, reading exactly one."""

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import deltalake
import ibis
import pyarrow.parquet
from deltalake.exceptions import TableNotFoundError
from deltalake.transaction import AddAction, create_table_with_add_actions

from yishu.lake.engine import Engine, translated_errors
from yishu.lake.errors import NoVersion


@dataclass(frozen=True, slots=True)
class Lake:
    """The folder that holds every table, named ``<resource id>/<kind>``."""

    root: Path

    def table(self, resource_id: int, kind: str) -> "LakeTable":
        """The table of one resource; ``kind`` is ``raw``, ``clean`` or ``rejects``. It need not exist yet."""
        return LakeTable(self.root / str(resource_id) / kind)


@dataclass(frozen=True, slots=True)
class LakeTable:
    """One Delta table."""

    path: Path

    def write_version(
        self, engine: Engine, rows: ibis.Table, load_id: uuid.UUID, titles: Mapping[str, str] | None = None
    ) -> int:
        """Replace the table's rows by the expression's and return the number of the new version.

        The engine writes one Parquet file, which is forced to disk before the commit names it; a crash in between
        leaves a file no version names. ``load_id`` stands in the commit; ``titles`` (column → name for people) in the
        schema. Raises ``LakeFull``. Serialised by the caller: one writer per resource.
        """
        for folder in (self.path.parent.parent, self.path.parent, self.path):
            # One by one: ``parents=True`` would leave the upper ones open to every account of the machine.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{load_id.hex}-{uuid.uuid4().hex[:8]}.parquet"
        file = self.path / name
        try:
            engine.write_parquet(rows, file)
            with translated_errors():
                _force_to_disk(file)
                _force_to_disk(self.path)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        with translated_errors():
            return self._commit(file, load_id, titles or {})

    def read_version(self, engine: Engine, version: int, name: str) -> ibis.Table:
        """The rows of one version as view ``name``; raises ``NoVersion``."""
        return engine.read_parquet(self.files(version), name)

    def files(self, version: int) -> tuple[str, ...]:
        """The Parquet files of one version; raises ``NoVersion`` when the table has no such version."""
        try:
            return tuple(deltalake.DeltaTable(self.path, version=version).file_uris())
        except (TableNotFoundError, deltalake.exceptions.DeltaError) as error:
            raise NoVersion(f"{self.path} version {version}") from error

    def load_of(self, version: int) -> str:
        """The id of the load that wrote a version, from its commit; raises ``NoVersion``."""
        self.files(version)
        commits = deltalake.DeltaTable(self.path).history()
        return next((str(commit.get("load", "")) for commit in commits if commit.get("version") == version), "")

    def _commit(self, file: Path, load_id: uuid.UUID, titles: Mapping[str, str]) -> int:
        metadata = pyarrow.parquet.read_metadata(file)
        arrow = metadata.schema.to_arrow_schema().remove_metadata()
        fields = [f.with_metadata({"title": titles[f.name]}) if f.name in titles else f for f in arrow]
        schema = deltalake.Schema.from_arrow(pyarrow.schema(fields))
        stat = file.stat()
        action = AddAction(
            path=file.name,
            size=stat.st_size,
            partition_values={},
            modification_time=int(stat.st_mtime * 1000),
            data_change=True,
            stats=json.dumps({"numRecords": metadata.num_rows}),
        )
        properties = deltalake.CommitProperties(custom_metadata={"load": str(load_id)})
        if deltalake.DeltaTable.is_deltatable(str(self.path)):
            table = deltalake.DeltaTable(self.path)
            table.create_write_transaction([action], mode="overwrite", schema=schema, commit_properties=properties)
        else:
            create_table_with_add_actions(str(self.path), schema, [action], mode="error", commit_properties=properties)
        version = int(deltalake.DeltaTable(self.path).version())
        log = self.path / "_delta_log"
        _force_to_disk(log / f"{version:020d}.json")
        for folder in (log, self.path, self.path.parent, self.path.parent.parent):  # a first version made them all
            _force_to_disk(folder)
        return version


def _force_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
