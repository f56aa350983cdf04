"""A county of any size for the page benchmark: people by the platform's own actions, resources and cases by COPY. Import after Django is set up."""

import contextlib
import itertools
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from yishu.cases.models import Case, CaseEvent
from yishu.catalogue import actions, indexing
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.folding import fold
from yishu.catalogue.models import Item, Resource, SearchEntry, Version
from yishu.catalogue.rules import ItemSpec, ResourceSpec, to_json
from yishu.catalogue.segmenting import terms
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Department, Jurisdiction, Person, Role

PACK = "cn-henan-jiaozuo-xiuwu"
PLACES = [
    "城关镇",
    "七贤镇",
    "郇封镇",
    "周庄镇",
    "云台山镇",
    "五里源乡",
    "王屯乡",
    "岸上乡",
    "西村乡",
    "方庄镇",
    "城西街道",
    "城东街道",
    "经济开发区",
    "高新区",
    "示范区",
]
MATTERS = [
    "食品经营许可",
    "特种设备使用登记",
    "药品经营许可",
    "营业执照登记",
    "婚姻登记",
    "不动产权登记",
    "社会保险参保",
    "医疗保险结算",
    "残疾人补贴",
    "最低生活保障",
    "公积金缴存",
    "车辆年检",
    "道路运输经营许可",
    "建设工程施工许可",
    "排污许可",
    "林木采伐许可",
    "取水许可",
    "学籍注册",
    "教师资格认定",
    "校舍安全排查",
    "环境监测",
    "空气质量监测",
    "水利工程巡查",
    "农机购置补贴",
    "耕地保护补贴",
    "户籍迁移",
    "居住证办理",
    "出生医学证明",
    "死亡登记",
    "殡葬服务",
    "企业年报",
    "行政处罚",
    "消防检查",
    "安全生产许可",
    "危险化学品经营许可",
    "招标投标",
    "政府采购",
    "信访事项",
    "法律援助",
    "公证事项",
    "律师执业",
    "档案利用",
    "图书借阅",
    "文物保护",
]
FORMS = [
    "信息",
    "台账",
    "目录",
    "明细",
    "统计表",
    "审批结果",
    "办理记录",
    "证照数据",
    "备案信息",
    "公示信息",
    "变更信息",
    "注销信息",
]
NAMES = [
    "统一社会信用代码",
    "单位名称",
    "法定代表人",
    "许可证编号",
    "发证日期",
    "有效期至",
    "发证机关",
    "联系电话",
    "经营地址",
    "办理状态",
    "办理日期",
    "公民身份号码",
    "姓名",
    "性别",
    "户籍地址",
    "金额",
    "数量",
    "类别",
    "备注",
    "事项编码",
    "受理编号",
    "行政区划代码",
]
RARE, ODD_TITLE = "云台山风景名胜区古树名木", "云台山风景名胜区古树名木挂牌保护名录"
DEPARTMENTS = 60


@dataclass(frozen=True, slots=True)
class Size:
    """How much one database holds."""

    resources: int
    cases: int


class Table:
    """Rows on their way into one table by COPY; what a row does not say is the pattern's."""

    def __init__(self, model: Any, pattern: Mapping[str, Any]) -> None:
        self.fields = [f.attname for f in model._meta.concrete_fields]
        columns = ", ".join(f'"{f.column}"' for f in model._meta.concrete_fields)
        self.statement = f"copy {model._meta.db_table} ({columns}) from stdin"
        json_fields = {f.attname for f in model._meta.concrete_fields if f.get_internal_type() == "JSONField"}
        self.pattern = {
            f: json.dumps(pattern.get(f)) if f in json_fields and f in pattern else pattern.get(f) for f in self.fields
        }
        self.rows: list[list[Any]] = []

    def put(self, **values: Any) -> None:
        """Add a row."""
        self.rows.append(list({**self.pattern, **values}.values()))

    def flush(self) -> None:
        """Send the rows."""
        with connection.cursor() as cursor, cursor.copy(self.statement) as copy:
            for row in self.rows:
                copy.write_row(row)
        self.rows.clear()


class County:
    """Fills one database."""

    def __init__(self, size: Size) -> None:
        self.size = size

    def fill(self) -> dict[str, Any]:
        """Migrate, then make the county with its people, resources and cases."""
        began = time.perf_counter()
        call_command("migrate", verbosity=0)
        self._fast()
        self._people()
        template = self._template()
        indexes = self._without_indexes()
        self._in_parts()
        self._fast()
        with connection.cursor() as cursor:
            for definition in indexes:
                cursor.execute(definition)
        self._cases(template)
        with connection.cursor() as cursor:
            cursor.execute("set session_replication_role = origin")
            for table in ("catalogue_resource", "catalogue_version", "catalogue_item"):
                cursor.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))")
            cursor.execute("vacuum analyze")
        return {"seconds": round(time.perf_counter() - began)}

    def _fast(self) -> None:
        """Let this connection load in bulk: no triggers, no waiting for the disk."""
        with connection.cursor() as cursor:
            cursor.execute("set session_replication_role = replica")
            cursor.execute("set maintenance_work_mem = '1GB'")
            cursor.execute("set synchronous_commit = off")

    def _in_parts(self, parts: int = 2) -> None:
        """Write the resources from several processes, each its range."""
        connection.close()
        step = -(-self.size.resources // parts)
        children = []
        for part in range(parts):
            child = os.fork()
            if not child:
                status = 1
                with contextlib.suppress(BaseException):
                    self._fast()
                    self._resources(part * step, min(self.size.resources, (part + 1) * step))
                    connection.close()
                    status = 0
                os._exit(status)
            children.append(child)
        if any(os.waitpid(child, 0)[1] for child in children):
            raise RuntimeError("a part of the resources was not written")

    def _people(self) -> None:
        now = timezone.now()
        self.county = Jurisdiction.objects.create(
            pack=PACK, division_code="410821", name="修武县", mode="as_written", created_at=now
        )
        self.departments = [
            Department.objects.create(
                jurisdiction=self.county, name=f"{PLACES[n % len(PLACES)]}{['政务', '市场', '公安', '民政', '农业'][n // len(PLACES) % 5]}所"
                if n else "政务服务和大数据管理局", uscc=f"11410821MB{n:07d}X", kind="government", is_authority=n == 0, created_at=now,
            )
            for n in range(DEPARTMENTS)
        ]  # fmt: skip

        def person(name: str, at: int, *kinds: str) -> Person:
            made = Person.objects.create(
                username=f"bench-{name}", name=f"{name}经办", department=self.departments[at], created_at=now
            )
            for kind in kinds:
                Role.objects.create(person=made, department=self.departments[at], kind=kind, granted_at=now)
            return made

        self.reviewer = person("林", 0, "authority")
        self.clerk = person("赵", 1, "provider", "consumer")

    def _template(self) -> tuple[Any, Any]:
        """One resource made and submitted as people do it: its case is the pattern of the others."""
        now = timezone.now()
        draft = ResourceDraft(
            title="样本许可信息", summary="样本", category="016", source_kind="system", subject_kind="legal_entity", format_class="3",
            format_type="postgresql", use_purposes=("administrative_basis",), share_mode_type="interface", update_cycle="daily",
        )  # fmt: skip
        items = (
            ItemDraft("统一社会信用代码", length=18, required=True, identifier="uscc", is_key=True),
            ItemDraft("单位名称", length=200),
        )
        resource = actions.create_resource(
            department=self.departments[1], draft=draft, items=items, by=self.clerk, at=now
        )
        case = actions.submit_resource(resource_id=resource.pk, seen_revision=resource.revision, by=self.clerk, at=now)
        return Resource.objects.get(pk=resource.pk), case

    def _without_indexes(self) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(
                "select indexname, indexdef from pg_indexes where tablename in ('catalogue_searchentry', 'catalogue_resource',"
                " 'catalogue_version', 'catalogue_item') and indexdef not ilike '%unique%'"
            )
            found = cursor.fetchall()
            for name, _ in found:
                cursor.execute(f'drop index "{name}"')
        return [definition for _, definition in found]

    def _titles(self, count: int) -> Iterator[str]:
        """Titles as a county has them: the same matter in many places and years, each published by four; one odd one in 100,000."""
        for n in range(count):
            if n % 100_000 == 777:
                yield f"{ODD_TITLE}{n // 100_000 or ''}"
                continue
            m = n // 4
            place, matter, form = PLACES[m % 15], MATTERS[m // 15 % 44], FORMS[m // 660 % 12]
            year = f"{2010 + m // 7920 % 15}年" if m >= 7920 else ""
            yield f"{place}{matter}{form}{year}"

    def _resources(self, first: int, last: int) -> None:
        """Resources, versions, items and search entries by COPY, as publication would have written them."""
        pattern = Resource.objects.get()
        base = {f.attname: getattr(pattern, f.attname) for f in Resource._meta.concrete_fields}
        kept = "summary category source_kind subject_kind format_class format_type share_mode_class share_mode_type attribute_class item_class"
        elements = {k: base[k] for k in kept.split()}
        today = shanghai_date(base["created_at"])
        tables = [
            Table(Resource, base), Table(Version, {"published_by_id": self.reviewer.pk, "published_at": base["created_at"], "number": 1, "case_id": UUID(int=0)}),
            Table(SearchEntry, {}), Table(Item, list(pattern.items.values())[1]),
        ]  # fmt: skip
        resources, versions, entries, items = tables
        cycles, kinds = (
            ("daily", "monthly", "quarterly", "yearly", "irregular"),
            ("unconditional", "conditional", "conditional", "withheld"),
        )
        for n, title in enumerate(itertools.islice(self._titles(last), first, None), first):
            pk = 1000 + n
            department = self.departments[n * 7 % DEPARTMENTS]
            share, cycle = kinds[n % 4 if n % 11 else n % 3], cycles[n // 3 % 5]
            chosen = [NAMES[(n + 5 * i) % len(NAMES)] for i in range(4)]
            specs = tuple(ItemSpec(f"i{i:04d}", name, "C", 40, share_type=share) for i, name in enumerate(chosen, 1))
            summary = f"{department.name}依法履职形成的{title}，按{cycle}更新，供办理事项时核验"
            on = today - timedelta(days=n % 2500)
            spec = ResourceSpec(
                pk, f"307016410821/{pk:06d}", 1, title, self.county.pk, PACK, department.pk, department.name, share, specs, cycle,
                {**elements, "summary": summary, "base_library": "legal_entity" if n % 9 == 0 else ""},
            )  # fmt: skip
            if n == first:
                document = to_json(spec)
            state = "submitted" if n < self.size.cases else "published"
            resources.put(
                id=pk, department_id=department.pk, code=spec.code, title=title, summary=summary, share_type=share,
                confirmed_share_type=share, update_cycle=cycle, published_on=on, state=state, version=1,
            )  # fmt: skip
            snapshot = document | {
                "id": pk, "code": spec.code, "title": title, "department_id": department.pk, "department_name": department.name,
                "share_type": share, "update_cycle": cycle, "elements": spec.elements,
                "items": [old | {"name": name, "share_type": share} for old, name in zip(document["items"], chosen, strict=True)],
            }  # fmt: skip
            versions.put(id=pk, resource_id=pk, snapshot=orjson.dumps(snapshot).decode())
            row = indexing.entry_values(spec, on)
            row["keys"] = f"{{{','.join(map(str, row['keys']))}}}"
            entries.put(resource_id=pk, **row)
            for i, name in enumerate(chosen, 1):
                items.put(id=pk * 4 + i, resource_id=pk, position=i, column=f"i{i:04d}", name=name, grade=1)
            if n % 5000 == 4999:
                for table in tables:
                    table.flush()
        for table in tables:
            table.flush()
        if first == 0:
            # Years bring no words that the titles without one lack.
            names = {fold(title) for title in self._titles(min(self.size.resources, 4 * 7920))}
            indexing.keep_terms(self.county.pk, set().union(*map(terms, names)) | set(NAMES) | terms(fold("2010年")))

    def _cases(self, template: tuple[Any, Any]) -> None:
        """Open cases like the template's, one per resource, their ends spread over six weeks around today; each with its event."""
        _, case = template
        fields = [f.column for f in Case._meta.concrete_fields]
        changed = {
            "id": "uuid_generate", "number": "'修武目录〔2026〕' || (n + 10) || '号'", "subject_id": "r.id::text", "title": "'编制：' || r.title",
            "department_id": "r.department_id", "provider_id": "r.department_id", "due_on": "day", "ends_on": "day", "amber_on": "day - 1",
        }  # fmt: skip
        changed["id"] = "md5('case' || r.id)::uuid"
        listed = ", ".join(f'"{f}"' for f in fields)
        chosen = ", ".join(changed.get(f, f'c."{f}"') for f in fields)
        events = [f.column for f in CaseEvent._meta.concrete_fields if f.column != "id"]
        taken = ", ".join({"case_id": "md5('case' || r.id)::uuid"}.get(f, f'e."{f}"') for f in events)
        with connection.cursor() as cursor:
            source = (
                "from (select row_number() over (order by id) as n, * from catalogue_resource where id >= 1000 order by id limit %s) r,"
                " lateral (select current_date - 14 + (r.n * 13 %% 42)::int as day) d"
            )
            cursor.execute(
                f"insert into cases_case ({listed}) select {chosen} {source}, cases_case c where c.id = %s",
                [self.size.cases, case.pk],
            )
            event_list = ", ".join(f'"{f}"' for f in events)
            cursor.execute(
                f"insert into cases_caseevent ({event_list}) select {taken} {source}, cases_caseevent e where e.case_id = %s",
                [self.size.cases, case.pk],
            )
            cursor.execute("update catalogue_version set case_id = %s where case_id = %s", [case.pk, UUID(int=0)])
