"""Write an invented population register as CSV with a known number of each defect, and the facts about it as JSON.

Usage: python benchmarks/generate_population.py ROWS OUT.csv [--seed N] [--area 410899]

Area 410899 was never assigned, so nobody in it can be real. One row carries at most one defect; about four rows in a hundred
repeat somebody, where the latest 更新日期 counts and, among equal dates, the later row. ``OUT.csv.json`` says how many
rows were written, how many are valid, how many different people those are, and how many rows have each defect.
"""

import argparse
import json
from pathlib import Path

import duckdb

from yishu.kernel.codes import PERSON_ID_CHECKS, PERSON_ID_WEIGHTS

PER_TEN_THOUSAND = {
    "id_check_digit": 60,
    "id_birth_date": 20,
    "id_format": 20,
    "name_required": 25,
    "sex_code": 30,
    "phone_pattern": 40,
    "updated_date": 15,
}
HEADING = ("公民身份号码", "姓名", "性别代码", "民族代码", "住址", "联系电话", "更新日期")


def _defect() -> str:
    branches, low = [], 0
    for name, share in PER_TEN_THOUSAND.items():
        branches.append(f"when chance < {low + share} then '{name}'")
        low += share
    return f"case {' '.join(branches)} end"


def write_population(rows: int, out: Path, *, seed: int = 1, area: str = "410899") -> dict[str, object]:
    """Write the register and its facts; the same arguments give the same file."""

    def pick(salt: int, below: int, of: str = "i") -> str:
        return f"cast(hash({of} * 7919 + {seed} * 104729 + {salt}) % {below} as bigint)"

    digits = " + ".join(f"(ascii(substr(body, {i + 1}, 1)) - 48) * {w}" for i, w in enumerate(PERSON_ID_WEIGHTS))
    con = duckdb.connect()
    con.execute(f"""
        create table people as
        with drawn as (
            select i, {pick(1, 10_000)} as chance,
                   case when {pick(2, 100)} < 4 then {pick(3, rows)} else i end as who
            from range({rows}) as numbers(i)
        ),
        bodies as (
            select i, who, {_defect()} as defect,
                   '{area}' || strftime(date '1936-01-01' + cast({pick(4, 32_000, "who")} as int), '%Y%m%d')
                   || lpad(cast({pick(5, 1000, "who")} as varchar), 3, '0') as body
            from drawn
        ),
        coded as (
            select *, body || substr('{PERSON_ID_CHECKS}', cast(({digits}) % 11 as int) + 1, 1) as id from bodies
        )
        select i, defect,
            case defect
                when 'id_check_digit' then substr(id, 1, 17) || case when substr(id, 18, 1) = '7' then '8' else '7' end
                when 'id_birth_date' then substr(id, 1, 10) || '0231' || substr(id, 15, 4)
                when 'id_format' then substr(id, 1, 16)
                else id end as "公民身份号码",
            case when defect = 'name_required' then ''
                 else substr('王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗', {pick(6, 20, "who")} + 1, 1)
                      || chr(cast(19968 + {pick(7, 6000, "who")} as int)) || chr(cast(19968 + {pick(8, 6000, "who")} as int))
                 end as "姓名",
            case when defect = 'sex_code' then '5' when cast(substr(id, 17, 1) as int) % 2 = 1 then '1' else '2' end as "性别代码",
            case when {pick(9, 100, "who")} < 95 then '01' else lpad(cast(2 + {pick(10, 55, "who")} as varchar), 2, '0') end as "民族代码",
            '示例镇第' || {pick(11, 500)} || '社区' || {pick(12, 90)} || '号' as "住址",
            '1' || (3 + {pick(13, 7, "who")}) || lpad(cast({pick(14, 1_000_000_000)} as varchar), 9, '0') as phone,
            case when defect = 'updated_date' then '2024-02-30'
                 else strftime(date '2019-01-01' + cast({pick(15, 2500)} as int), '%Y-%m-%d') end as "更新日期"
        from coded""")
    con.execute(f"""
        copy (select "公民身份号码", "姓名", "性别代码", "民族代码", "住址",
                     case when defect = 'phone_pattern' then substr(phone, 1, 10) else phone end as "联系电话", "更新日期"
              from people order by i) to '{out}' (header)""")
    valid, different = con.execute(
        'select count(*), count(distinct "公民身份号码") from people where defect is null'
    ).fetchone() or (0, 0)
    counts = con.execute(
        "select defect, count(*) from people where defect is not null group by 1 order by 1"
    ).fetchall()
    facts: dict[str, object] = {
        "rows": rows,
        "seed": seed,
        "valid_rows": valid,
        "distinct_valid_ids": different,
        "defects": dict(counts),
    }
    Path(f"{out}.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1))
    return facts


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--area", default="410899")
    given = parser.parse_args()
    print(json.dumps(write_population(given.rows, given.out, seed=given.seed, area=given.area), ensure_ascii=False))
