"""The engine that runs lake expressions: DuckDB in this process, bounded in memory, spilling to a folder of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from yishu.lake.errors import FULL, BadSource, LakeFull
from yishu.lake.functions import IMPLEMENTATIONS

MEMORY_LIMIT = "2GB"
"""What the engine may hold before it spills; the process itself needs some 300 MB more."""
BATCH_ROWS = 100_000
"""Rows of one record batch: about 10 MB of a register's rows."""
LINE_LIMIT = 1024 * 1024
"""Longest row of a text file, in bytes. A longer one is a cell gone wild or a missing closing quote."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An open engine. One per job, used by one thread; closed by the ``with`` that opened it."""

    backend: Backend
    scratch: Path

    def table(self, name: str) -> ibis.Table:
        """The temporary table or view of that name, as an expression this engine runs.

        Built here and not by ``Backend.table``, which calls what DuckDB 1.5 has deprecated (until Ibis does not).
        """
        arrow = self.backend.con.sql(f"select * from {name} limit 0").to_arrow_table().schema  # noqa: S608  (our names)
        return ibis.table(ibis.Schema.from_pyarrow(arrow), name=name)

    def materialise(self, name: str, expression: ibis.Table) -> ibis.Table:
        """Run the expression once and keep its rows as temporary table ``name`` (in memory, spilled when large)."""
        with translated_errors():
            self._run(f"create or replace temp table {name} as {self.backend.compile(expression)}")
        return self.table(name)

    def read_text(self, path: Path, columns: tuple[str, ...]) -> ibis.Table:
        """A comma-separated UTF-8 file with one heading row as all-text columns plus ``_row``.

        ``columns`` names the columns in the file's order. ``_row`` (int64) counts data rows from 1 in file order. Empty
        cells are NULL. Reading is strict: a row with more or fewer cells, an unclosed quote or a row over
        ``LINE_LIMIT`` bytes raises ``BadSource`` when the expression runs.
        """
        shape = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in columns)
        source = (
            f"read_csv({_text(str(path))}, columns = {{{shape}}}, auto_detect = false, header = true, delim = ',', "
            f"quote = '\"', escape = '\"', strict_mode = true, null_padding = false, "
            f"max_line_size = {LINE_LIMIT}, buffer_size = {16 * LINE_LIMIT})"
        )
        with translated_errors():
            # The path is quoted above; column ids are the catalogue's own.
            view = f"select row_number() over () as _row, * from {source}"  # noqa: S608
            self._run(f"create or replace temp view source_text as {view}")
        return self.table("source_text")

    def read_parquet(self, paths: tuple[str, ...], name: str) -> ibis.Table:
        """The rows of Parquet files as view ``name``."""
        files = ", ".join(_text(path) for path in paths)
        with translated_errors():
            source = f"select * from read_parquet([{files}])"  # noqa: S608  (the paths are quoted above)
            self._run(f"create or replace temp view {name} as {source}")
        return self.table(name)

    def write_parquet(self, expression: ibis.Table, path: Path) -> None:
        """Write the expression's rows to one Parquet file; raises ``LakeFull`` when the disk is."""
        query = self.backend.compile(expression)
        with translated_errors():
            self._run(f"copy ({query}) to {_text(str(path))} (format parquet, compression snappy)")

    def batches(self, expression: ibis.Table) -> Iterator[pa.RecordBatch]:
        """The expression's rows in batches of up to ``BATCH_ROWS``, never all in memory."""
        with translated_errors():
            yield from self.backend.con.sql(self.backend.compile(expression)).to_arrow_reader(BATCH_ROWS)

    def rows(self, expression: ibis.Table) -> list[dict[str, Any]]:
        """A small result as dicts by column name."""
        with translated_errors():
            table = self.backend.con.sql(self.backend.compile(expression)).to_arrow_table()
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def _run(self, sql: str) -> None:
        self.backend.con.execute(sql)


@contextmanager
def open_engine(scratch: Path, *, memory_limit: str = MEMORY_LIMIT) -> Iterator[Engine]:
    """Open an engine that spills into a fresh folder under ``scratch`` and leaves nothing behind.

    Extensions are never fetched: everything the engine needs is in its wheel.
    """
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="engine-", dir=scratch))
    backend = ibis.duckdb.connect(
        memory_limit=memory_limit,
        temp_directory=str(folder),
        autoinstall_known_extensions=False,
        autoload_known_extensions=False,
        allow_community_extensions=False,
    )
    for name, implementation in IMPLEMENTATIONS.items():
        backend.con.create_function(name, implementation, ["VARCHAR"], "VARCHAR")
    try:
        yield Engine(backend, folder)
    finally:
        backend.disconnect()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the engine's own errors into the lake's: a full disk and an unreadable source are things people act on."""
    try:
        yield
    except duckdb.InvalidInputException as error:
        raise BadSource(str(error).splitlines()[0]) from error
    except UnicodeDecodeError as error:
        # DuckDB cuts long rows it quotes in a message, within a character if need be (1.5.5).
        raise BadSource("a row the engine cannot quote") from error
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        if any(words in str(error).lower() for words in ("no space left", "disk quota", "max_temp_directory_size")):
            raise LakeFull() from error
        raise
    except OSError as error:
        if error.errno in FULL:
            raise LakeFull() from error
        raise


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
