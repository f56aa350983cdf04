"""The first thread of Yishu, played over HTTP alone against a running demonstration (`make demo`, or `.venv/bin/yishu demo`).

A department describes a resource, the authority publishes it, a file is uploaded, another department applies, the authority
grants, a program looks records up, the receipt is verified offline, the grant is revoked, the next call is refused. It uses
the pages that people use and the gateway that programs use, nothing else of the platform. Every run makes a new resource.

    .venv/bin/python examples/first_thread.py [--web ADDRESS] [--gateway ADDRESS] [--home FOLDER]

Exit code 0: everything went as told. Needs httpx only. Every person in it is invented (area code 410899 was never assigned).
"""

import argparse
import base64
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pages import Browser, Page, Surprise

PROVIDER, AUTHORITY, CONSUMER = "weijian", "shuju", "minzheng"
ITEMS = ("公民身份号码", "姓名", "联系电话", "服务状态", "签约机构", "签约日期")
KINDS, LENGTHS = ("字符型",) * 5 + ("日期型",), (18, 120, 11, 1, 300, 10)
PERSONAL = ITEMS[:3]
STATES = "1 服务中\n2 已解约"
PATIENCE = 60  # seconds


def say(text: str) -> None:
    """One line of the story."""
    print(text, flush=True)


def expect(holds: bool, what: str, found: object = "") -> None:
    """Stop the story unless something holds."""
    if not holds:
        raise Surprise(f"{what}；实际：{found}")


def person_id(number: int) -> str:
    """The identity number of invented person ``number``, with its check character (GB 11643)."""
    head = f"410899{date(1950, 1, 1) + timedelta(days=37 * number):%Y%m%d}{100 + number % 800:03d}"
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(head))
    return head + "10X98765432"[total % 11]


def file_of_people() -> bytes:
    """60 rows: 55 good people, one of them twice, and four rows that the checks must put aside."""
    rows = [
        [person_id(n), f"温示例{'甲乙丙丁戊己庚辛'[n % 8]}", f"1390391{n:04d}", "2" if n % 10 == 9 else "1",
         f"修武示例第{n % 5 + 1}卫生院", f"2026-0{n % 9 + 1}-15"]
        for n in range(55)
    ]  # fmt: skip
    rows.append([*rows[0][:4], "修武示例第9卫生院", "2026-10-20"])  # the same person later: the newest is served
    good = [*rows[1]]
    wrong_check = person_id(90)[:17] + ("7" if person_id(90)[17] != "7" else "8")
    rows += [
        [wrong_check, *good[1:]],
        [person_id(91), "", *good[2:]],
        [person_id(92), *good[1:3], "9", *good[4:]],
        [person_id(93), *good[1:5], "2026年1月"],
    ]
    text = io.StringIO()
    csv.writer(text).writerows([ITEMS, *rows])
    return text.getvalue().encode()


def describe(provider: Browser, title: str) -> str:
    """The provider describes the resource and submits it; returns the address of the review's case."""
    page = provider.open("/catalogue/new/")
    form = page.form("title")
    form.set(
        "paste",
        "\n".join(f"{name}\t{kind}\t{length}\t是" for name, kind, length in zip(ITEMS, KINDS, LENGTHS, strict=True)),
    )
    page = page.send(form, do="paste")
    form = page.form("title")
    for name, value in {
        "title": title,
        "summary": "本县家庭医生签约居民的公民身份号码、姓名、联系电话、签约机构、签约日期和服务状态。",
        "classification": "3-07", "category": "021", "subcategory": "0821", "unit": "规划信息股", "source_kind": "依托政务信息系统形成",
        "subject_kind": "自然人", "update_cycle": "每日", "format": "3:postgresql", "mode": "platform:interface",
        "share_type": "有条件共享", "share_condition": "仅用于核验本人申请的事项", "share_scope": "因履行职责需要核验的县级政务部门",
        "duplicate_note": "各次演示编制的同类资源，不是重复采集",
    }.items():  # fmt: skip
        form.set(name, value)
    form.tick("use_purposes", "用于数据校核", "业务协同")
    rows = {form.value(f"items-{n}-name"): f"items-{n}" for n in range(len(ITEMS))}
    expect(set(rows) == set(ITEMS), "粘贴的信息项应都在表格里", rows)
    for item, name, value in (
        ("公民身份号码", "identifier", "公民身份号码"), ("公民身份号码", "is_key", "on"), ("公民身份号码", "mask", "person_id"),
        ("姓名", "mask", "name"), ("联系电话", "mask", "phone"), ("联系电话", "pattern", "1[3-9][0-9]{9}"),
        ("服务状态", "codes", STATES), ("签约日期", "newest_by", "on"),
    ):  # fmt: skip
        form.set(f"{rows[item]}-{name}", value)
    page = page.send(form, do="submit")
    expect("/cases/" in str(page.url), "提交后应转到办件", page.alerts or page.heading)
    return str(page.url)


def decide(person: Browser, case: str, outcome: str, values: dict[str, str]) -> Page:
    """Take one outcome of a case's decision box; items are graded where grades are asked."""
    page = person.open(case)
    form = page.form(action=f"/{outcome}/")
    for name, value in values.items():
        form.set(name, value)
    for field in form.fields:
        if field.name.startswith("grade_"):
            form.set(field.name, "3" if any(f"“{item}”" in field.label for item in PERSONAL) else "2")
    page = page.send(form)
    expect(
        page.status == 200 and page.said.startswith("已办理"),
        "应已办理",
        page.alerts or page.said or f"{page.status} {page.heading} {page.facts}",
    )
    return page


def load(provider: Browser, resource: str) -> Page:
    """Upload the file and wait for its load report."""
    page = provider.open("/collection/loads/new/", resource=resource)
    form = page.form("resource", action="")
    form.set("resource", resource)
    page = page.send(form, file=("家庭医生签约.csv", file_of_people()))
    expect("/collection/loads/" in str(page.url) and page.status == 200, "文件应已接收", page.alerts)
    until = time.monotonic() + PATIENCE
    while "结束时间" not in page.facts:
        expect(time.monotonic() < until, "装载应在一分钟内结束", page.facts)
        time.sleep(0.5)
        page = provider.open(str(page.url))
    return page


def apply(consumer: Browser, resource: str) -> str:
    """Apply in three steps, with the three parts the regulation asks for; returns the address of the case."""
    page = consumer.open(f"/sharing/apply/{resource}/")
    form = page.form("items")
    form.tick("items", "公民身份号码", "姓名", "联系电话", "服务状态")
    page = page.send(form, go="2")
    form = page.form("law_basis")
    form.set("law_basis", "《社会救助暂行办法》关于核对申请家庭情况的规定（示例）")
    form.set("duty_basis", "本局三定规定：负责社会救助对象认定（示例）")
    form.set("need", "办理临时救助时核验申请人是否为家庭医生签约服务对象，并取得联系电话")
    form.set("purpose", "用于数据校核")
    page = page.send(form, go="3")
    form = page.form("starts_on")
    form.set("filter_1_column", "服务状态")
    form.set("filter_1_op", "等于")
    form.set("filter_1_values", "1")
    form.set("undertaking", "on")
    page = page.send(form, go="submit")
    expect("/cases/" in str(page.url), "申请应已提交", page.alerts or page.heading)
    return str(page.url)


def make_client(consumer: Browser, name: str) -> tuple[str, str]:
    """A machine client of the consumer's department; its secret is shown this once."""
    page = consumer.open("/orgs/clients/")
    form = page.form("name")
    form.set("name", name)
    page = page.send(form)
    expect("client-secret" in page.texts, "密钥应显示一次", page.alerts or page.heading)
    client, secret = page.texts["client-id"].strip(), page.texts["client-secret"].strip()
    again = consumer.open("/orgs/clients/")
    expect(secret not in again.answer.text, "密钥不应再次显示")
    return client, secret


def get_receipt(gateway: httpx.Client, number: str) -> dict[str, Any]:
    """The receipt, as soon as its proof is made."""
    until = time.monotonic() + PATIENCE
    while (answer := gateway.get(f"/v1/receipts/{number}")).status_code == 202:
        expect(time.monotonic() < until, "凭证应很快生成", answer.text)
        time.sleep(0.3)
    expect(answer.status_code == 200, "凭证应能取得", answer.text)
    return dict(answer.json())


def verify(receipt: dict[str, Any], keys: Path) -> "subprocess.CompletedProcess[str]":
    """`yishu receipt verify` in an empty folder, knowing nothing but the receipt and the public key."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "receipt.json"
        file.write_text(json.dumps(receipt, ensure_ascii=False), encoding="utf-8")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("YISHU_")} | {"YISHU_HOME": folder}
        words = [sys.executable, "-m", "yishu.cli", "receipt", "verify", str(file), "--trust", str(keys)]
        return subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def play(web: str, gateway_address: str, home: Path, password: str, people: ExitStack) -> None:
    """The whole story; ``people`` keeps their browsers. Raises Surprise at the first thing that is not as told."""
    mark = f"{datetime.now():%m%d-%H%M%S}"  # noqa: DTZ005  (only makes the title unique)
    title = f"家庭医生签约信息（演示{mark}）"
    names = (PROVIDER, AUTHORITY, CONSUMER)
    provider, authority, consumer = (people.enter_context(Browser(web, name, password)) for name in names)

    say(f"一、编目：卫健委编制“{title}”，提交审核")
    case = describe(provider, title)
    say("二、审核：主管部门核定共享类型，记录保密审查，逐项定级，发布")
    review = {"reviewer": "舒知行", "conclusion": "passed", "reviewed_on": date.today().isoformat()}  # noqa: DTZ011
    decide(authority, case, "approve", review)
    found = consumer.open("/catalogue/", q=title)
    resource = found.link(title).rstrip("/").rpartition("/")[2]

    say("三、汇聚：卫健委上传 CSV，平台逐行检查")
    report = load(provider, resource)
    counted = {name: report.facts.get(name, "") for name in ("读入", "发布", "问题数据", "被更新的旧记录")}
    say("    " + "，".join(f"{name} {count}" for name, count in counted.items()))
    expect(
        counted == {"读入": "60 行", "发布": "55 行", "问题数据": "4 行", "被更新的旧记录": "1 行"}, "装载数字", counted
    )

    say("四、申请：民政局写明法律政策依据、部门职责依据、业务需求，申请四个信息项")
    case = apply(consumer, resource)
    say("五、审核：主管部门批准，按默认方式脱敏，只提供“服务中”的记录")
    decide(authority, case, "approve", {})
    grant = consumer.open(case).link("查看授权")
    grant_id = grant.rstrip("/").rpartition("/")[2]

    say("六、接入：民政局建立机器客户端（密钥只显示一次），指定给这项授权")
    client, secret = make_client(consumer, f"救助核验程序{mark}")
    page = consumer.open(grant)
    form = page.form("clients")
    form.tick("clients", f"救助核验程序{mark}")
    page = page.send(form)
    expect("已保存" in page.said, "客户端应已指定", page.alerts)

    say("七、调用：程序换取令牌，查询三个人")
    with httpx.Client(base_url=gateway_address, timeout=30) as gateway:
        answer = gateway.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(client, secret))
        expect(answer.status_code == 200, "令牌应能取得", answer.text)
        gateway.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        mine = [r for r in gateway.get("/v1/resources").json()["resources"] if r["grant"] == grant_id]
        expect(len(mine) == 1 and mine[0]["usable"], "授权应在可用的资源里", mine)
        lookup = mine[0]["calls"]["lookup"]
        answer = gateway.post(lookup, json={"keys": [person_id(0), person_id(9), person_id(900)]})
        expect(answer.status_code == 200, "应能查询", answer.text)
        for record in answer.json()["records"]:
            say(f"    {record}")
        _check_records(answer.json()["records"])

        say("八、凭证：取得这次调用的凭证，离线核验")
        receipt = get_receipt(gateway, answer.json()["receipt"])
        expect(person_id(0) not in json.dumps(receipt), "凭证里没有查询标识")
        keys = home / "keys" / "ledger-verifier.txt"
        checked = verify(receipt, keys)
        expect(checked.returncode == 0, "凭证应属实", checked.stdout + checked.stderr)
        say("    " + checked.stdout.splitlines()[0])
        checked = verify(changed(receipt), keys)
        expect(checked.returncode != 0, "改动一处的凭证应被识破", checked.stdout)
        say("    改动一处再核验：" + checked.stderr.strip().splitlines()[0])

        say("九、收回：主管部门收回授权")
        page = authority.open(grant)
        form = page.form("reason", action="/revoke/")
        form.set("reason", "演示结束")
        page = page.send(form)
        expect(page.status == 200 and "收回" in page.said, "授权应已收回", page.alerts or page.said)
        answer = gateway.post(lookup, json={"keys": [person_id(0)]})
        expect(answer.status_code in (403, 404), "收回后的第一次调用应被拒绝", answer.text)
        say(f"    再次调用：{answer.status_code} {answer.json()['title']}（{answer.json()['code']}）")
    say("故事走完，一切如实。")


def _check_records(records: list[dict[str, Any]]) -> None:
    """One of the three: the second is outside the row filter, the third does not exist; the values are masked."""
    expect(len(records) == 1, "三人中只有一人在授权范围内", records)
    record = records[0]
    expect(set(record) == {"公民身份号码", "姓名", "联系电话", "服务状态"}, "只有授权的信息项", record)
    expect(record["服务状态"] == "1", "不脱敏的信息项是原值", record)
    expect(record["公民身份号码"] != person_id(0) and "示例" not in record["姓名"], "应已脱敏", record)
    expect(record["联系电话"] != "13903910000", "应已脱敏", record)


def changed(receipt: dict[str, Any]) -> dict[str, Any]:
    """The same receipt with one bit of its entry flipped."""
    text = receipt["entry"]
    entry = text.encode() if isinstance(text, str) and text.startswith("{") else base64.b64decode(text)
    place = len(entry) // 2
    flipped = entry[:place] + bytes([entry[place] ^ 1]) + entry[place + 1 :]
    return receipt | {"entry": flipped.decode() if text.startswith("{") else base64.b64encode(flipped).decode()}


def main() -> int:
    """Read where the demonstration is, play, and say how it went."""
    environment = os.environ.get
    parser = argparse.ArgumentParser(description="把整个故事用程序走一遍")
    parser.add_argument("--web", default=f"http://127.0.0.1:{environment('YISHU_WEB_PORT', '8000')}", help="平台地址")
    parser.add_argument(
        "--gateway", default=f"http://127.0.0.1:{environment('YISHU_GATEWAY_PORT', '8100')}", help="网关地址"
    )
    parser.add_argument("--home", type=Path, default=Path(environment("YISHU_HOME", "var")), help="演示的主目录")
    given = parser.parse_args()
    try:
        facts = json.loads((given.home / "demo.json").read_text(encoding="utf-8"))
        with ExitStack() as people:
            play(given.web, given.gateway, given.home.absolute(), facts["password"], people)
    except OSError as error:
        print(f"没有找到运行中的演示：{error}。请先运行 make demo，或用 --home 指明主目录", file=sys.stderr)
        return 1
    except httpx.HTTPError as error:
        print(f"平台没有回答：{error}。请先运行 make demo，或用 --web、--gateway 指明地址", file=sys.stderr)
        return 1
    except Surprise as error:
        print(f"与预期不符：{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
