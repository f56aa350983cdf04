"""Synthetic registers for the demonstration: CSV files a department could have exported. Nobody and no company in them is real.

People carry the area code 410899, which was never assigned, so no number can be a living person's. The same seed gives the same files.
"""

import csv
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

from yishu.kernel.codes import organisation_check, person_id_check, uscc_check

AREA, DIVISION = "410899", "410821"
TOWNS = ("城关镇", "七贤镇", "郇封镇", "周庄镇", "云台山镇", "王屯乡", "五里源乡", "西村乡")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = "安柏川德恩丰广海嘉景可兰明宁培清然书泰文溪贤雅泽知舟竹子梓昀"
TRADES = ("商贸", "食品", "农业科技", "建材", "文化旅游", "餐饮管理", "物流", "机械", "环保", "信息技术")
Row = list[str]


def person_id(number: int) -> str:
    """The 18-character identity number of invented person ``number`` (0 …); different numbers give different people."""
    birth = date(1938, 1, 1) + timedelta(days=number % 30_000)
    head = f"{AREA}{birth:%Y%m%d}{number // 30_000 + number * 7 % 997:03d}"
    return head + person_id_check(head)


def uscc(number: int, kind: str = "91", division: str = DIVISION) -> str:
    """A valid 统一社会信用代码 of an invented organisation; ``kind`` is registering authority and organisation type."""
    subject = f"MAX{number:05d}"
    subject += organisation_check(subject)
    head = f"{kind}{division}{subject}"
    return head + uscc_check(head)


def department_uscc(subject: str, division: str = DIVISION) -> str:
    """The code of a demonstration department from its eight invented organisation digits."""
    head = f"11{division}{subject}{organisation_check(subject)}"
    return head + uscc_check(head)


def _day(r: random.Random, first: int, last: int) -> str:
    start = date(first, 1, 1)
    return (start + timedelta(days=r.randrange((date(last, 12, 28) - start).days))).isoformat()


def _name(r: random.Random) -> str:
    return r.choice(SURNAMES) + "".join(r.sample(GIVEN, r.choice((1, 2, 2, 2))))


def _address(r: random.Random) -> str:
    return f"河南省修武县{r.choice(TOWNS)}示例路{r.randrange(1, 200)}号"


def population(rows: int = 20_000) -> Iterator[Row]:
    """The population register: about 1 % of the rows carry one defect each, 2 % repeat a person with a later date."""
    r = random.Random(410821)  # noqa: S311  (a seed makes the demonstration repeatable; nothing here is secret)
    yield ["公民身份号码", "姓名", "性别代码", "民族代码", "住址", "联系电话", "更新日期"]
    for n in range(rows):
        number = r.randrange(n) if n > 100 and r.random() < 0.02 else n
        code = person_id(number)
        row = [
            code, _name(r), "1" if int(code[16]) % 2 else "2", "01" if r.random() < 0.96 else f"{r.randrange(2, 57):02d}",
            _address(r), f"1{r.randrange(3, 10)}{r.randrange(10**9):09d}", _day(r, 2021, 2026 if number != n else 2025),
        ]  # fmt: skip
        match r.random():
            case p if p < 0.003:
                row[0] = row[0][:17] + ("5" if row[0][17] != "5" else "6")
            case p if p < 0.005:
                row[1] = ""
            case p if p < 0.007:
                row[5] = row[5][:10]
            case p if p < 0.009:
                row[2] = "3"
            case p if p < 0.010:
                row[6] = "2024/13/40"
        yield row


def enterprises(rows: int = 800) -> Iterator[Row]:
    """The enterprise register, with the ten columns such registers are published with."""
    r = random.Random(91)  # noqa: S311
    yield [
        "企业名称",
        "统一社会信用代码",
        "注册日期",
        "企业类型",
        "法人代表",
        "注册资金",
        "经营范围",
        "所在省份",
        "地区",
        "注册地址",
    ]
    for n in range(rows):
        trade = r.choice(TRADES)
        yield [
            f"修武示例{n + 1}号{trade}有限公司", uscc(n), _day(r, 2005, 2025), "有限责任公司(自然人投资或控股)", _name(r),
            f"{r.choice((50, 100, 200, 500, 1000))}万元", f"{trade}相关经营活动", "河南省", "焦作市修武县", _address(r),
        ]  # fmt: skip


def food(rows: int = 300) -> Iterator[Row]:
    """Food business licences of the first enterprises."""
    r = random.Random(92)  # noqa: S311
    yield ["统一社会信用代码", "许可证编号", "经营者名称", "经营项目", "发证日期", "有效期至", "许可状态"]
    for n in range(rows):
        issued = date.fromisoformat(_day(r, 2021, 2025))
        yield [
            uscc(n), f"JY14108210{n:06d}", f"修武示例{n + 1}号", r.choice(("预包装食品销售", "热食类食品制售", "散装食品销售")),
            issued.isoformat(), issued.replace(year=issued.year + 5, day=min(issued.day, 28)).isoformat(), r.choice("1112"),
        ]  # fmt: skip


def clinics(rows: int = 60) -> Iterator[Row]:
    """Medical institutions with their practice licences."""
    r = random.Random(93)  # noqa: S311
    yield ["统一社会信用代码", "机构名称", "机构类别", "诊疗科目", "有效期至"]
    for n in range(rows):
        kind = r.choice(("诊所", "村卫生室", "门诊部"))
        yield [uscc(50_000 + n, "52"), f"修武示例第{n + 1}{kind}", kind, "全科医疗科", _day(r, 2026, 2030)]


def insurance(rows: int = 5_000) -> Iterator[Row]:
    """Social insurance of the first people of the population register."""
    r = random.Random(94)  # noqa: S311
    yield ["公民身份号码", "险种", "参保状态", "参保单位", "最近缴费日期"]
    for n in range(rows):
        yield [
            person_id(n), r.choice(("企业职工基本养老保险", "城乡居民基本养老保险")), r.choice("1111123"),
            f"修武示例{r.randrange(1, 801)}号有限公司", _day(r, 2025, 2026),
        ]  # fmt: skip


def divisions() -> Iterator[Row]:
    """Real division codes of the county (see data/README.md)."""
    with (Path(__file__).parent / "data" / "divisions.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


REGISTERS: dict[str, Callable[[], Iterator[Row]]] = {
    "population": population,
    "enterprises": enterprises,
    "food": food,
    "clinics": clinics,
    "insurance": insurance,
    "divisions": divisions,
}
"""By the name ``data`` has in resources.yaml."""


def write_register(name: str, path: Path) -> None:
    """Write one register as UTF-8 CSV with a header row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(REGISTERS[name]())
