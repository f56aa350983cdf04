"""Collecting one population file as a good engineer would write it by hand, with nothing around it: the yardstick.

Usage: python benchmarks/baseline_collect.py FILE.csv FOLDER POSTGRES_URL

The same seven checks as the platform's rules, rejects with a reason, the newest row per identifier, both to Delta Lake,
the clean rows by COPY into a new indexed table. No catalogue, raw layer, report, ledger, pointer or way to resume.
Prints one JSON line: rows, kept, rejects by reason, seconds by stage and in all.
"""

import json
import sys
import time
from pathlib import Path

import deltalake
import duckdb
import psycopg

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
COLUMNS = "id text, name text, sex text, nation text, address text, phone text, updated text, n bigint"


def main(source: Path, folder: Path, url: str) -> dict[str, object]:
    """Collect the file and return what is printed."""
    con = duckdb.connect()
    seconds: dict[str, float] = {}
    last = time.perf_counter()

    def mark(stage: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[stage], last = now - last, now

    total = " + ".join(f"(ascii(substr(id, {i + 1}, 1)) - 48) * {w}" for i, w in enumerate(WEIGHTS))
    con.execute(f"""
        create temp table rows as
        select *, case
            when not regexp_full_match(id, '[1-9][0-9]{{16}}[0-9X]') then 'id_format'
            when try_strptime(substr(id, 7, 8), '%Y%m%d') is null then 'id_birth_date'
            when substr('10X98765432', ({total}) % 11 + 1, 1) <> substr(id, 18, 1) then 'id_check_digit'
            when coalesce(name, '') = '' then 'name_required'
            when sex not in ('0', '1', '2', '9') then 'sex_code'
            when not regexp_full_match(phone, '1[3-9][0-9]{{9}}') then 'phone_pattern'
            when try_strptime(updated, '%Y-%m-%d') is null then 'updated_date' end as reason
        from (select *, row_number() over () as n
              from read_csv('{source}', all_varchar = true, header = true,
                            names = ['id', 'name', 'sex', 'nation', 'address', 'phone', 'updated']))""")
    mark("check")
    con.execute("""
        create temp table good as
        select * exclude (place, reason) from (
            select *, row_number() over (partition by id order by updated desc, n desc) as place from rows where reason is null
        ) where place = 1 order by id""")
    mark("newest")
    for name, query in (("rejects", "select * from rows where reason is not null"), ("clean", "select * from good")):
        deltalake.write_deltalake(
            str(folder / name), con.sql(query).to_arrow_reader(500_000), mode="overwrite", schema_mode="overwrite"
        )
    mark("delta")
    copied = folder / "good.csv"
    con.execute(f"copy (select * from good) to '{copied}' (header false)")
    with psycopg.connect(url, autocommit=True) as pg:
        pg.execute("create schema if not exists baseline")
        pg.execute("drop table if exists baseline.population")
        pg.execute(f"create unlogged table baseline.population ({COLUMNS})".encode())
        statement = "copy baseline.population from stdin (format csv)"
        with pg.cursor() as cursor, cursor.copy(statement) as copy, copied.open("rb") as file:
            while piece := file.read(1 << 20):
                copy.write(piece)
        pg.execute("alter table baseline.population add primary key (id)")
        pg.execute("alter table baseline.population set logged")
        pg.execute("analyze baseline.population")
        kept = (pg.execute("select count(*) from baseline.population").fetchone() or (0,))[0]
    copied.unlink()
    mark("serving")
    reasons = con.execute("select reason, count(*) from rows where reason is not null group by 1 order by 1").fetchall()
    read = (con.execute("select count(*) from rows").fetchone() or (0,))[0]
    return {
        "rows": read,
        "kept": kept,
        "rejects": dict(reasons),
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
        "total": round(sum(seconds.values()), 3),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]), ensure_ascii=False))
