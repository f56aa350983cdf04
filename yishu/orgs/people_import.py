"""Bulk import of departments and people from a workbook: what the rows say, and everything that is wrong with them at once.

Reads only. ``orgs.people_import_apply`` writes; both walk through ``check``, so that nothing is written that was not shown.
An empty cell leaves what stands; rows that already stand alike change nothing; nothing is ever removed by being left out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from yishu.kernel import codes
from yishu.kernel.errors import Invalid
from yishu.kernel.time import shanghai_date
from yishu.orgs import queries, rules
from yishu.orgs.actions import MAX_LEVELS
from yishu.orgs.forms import GRANTABLE, LATEST, end_of
from yishu.orgs.models import VENDOR_KIND, Area, Department, Jurisdiction, Person, Role, Substitute
from yishu.pages.workbooks import Row, read_sheets

DEPARTMENTS, PEOPLE = "部门", "人员"
DEPARTMENT_COLUMNS = ("部门名称", "简称", "统一社会信用代码", "部门类别", "上级部门", "专职机构", "片区")
PERSON_COLUMNS = (
    "姓名", "登录名", "所属部门", "角色", "专职人员", "邮箱", "委托部门", "委托事项", "检查部门", "有效至"
)  # fmt: skip
MOST = {DEPARTMENTS: 2_000, PEOPLE: 5_000}
"""Rows taken from one file."""
LENGTHS = {
    "部门名称": 120, "简称": 40, "统一社会信用代码": 30, "部门类别": 40, "上级部门": 120, "专职机构": 120, "片区": 80,
    "姓名": 60, "登录名": 60, "所属部门": 120, "角色": 200, "专职人员": 1, "邮箱": 254, "委托部门": 120, "委托事项": 200,
    "检查部门": 10, "有效至": 20,
}  # fmt: skip
ROLE_KEYS: Mapping[str, str] = {label: key for key, label in GRANTABLE}
_LIST = re.compile(r"[、，,;；\s]+")

Given = dict[str, str]
"""One row: column title → text; ``行`` holds its number in the sheet."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: in which sheet, row and column (titles), what, and what to do."""

    sheet: str
    row: int
    column: str
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """A department to register (``held`` None) or to bring up to date; empty texts leave what stands."""

    row: int
    name: str
    uscc: str
    short_name: str
    kind: str
    parent: str
    unit: str
    area: str
    held: Department | None


@dataclass(frozen=True, slots=True)
class WantedRole:
    """A role somebody shall hold in the department of that name."""

    kind: str
    department: str
    until: datetime | None = None
    office: str = ""
    scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person to make an account for (``held`` None) or to bring up to date; ``officer`` None leaves what stands."""

    row: int
    name: str
    username: str
    department: str
    email: str
    officer: bool | None
    roles: tuple[WantedRole, ...]
    held: Person | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What importing would do; with findings nothing is imported."""

    departments: tuple[DepartmentRow, ...]
    people: tuple[PersonRow, ...]
    findings: tuple[Finding, ...]

    @property
    def new_departments(self) -> int:
        """Departments to register."""
        return sum(row.held is None for row in self.departments)

    @property
    def new_people(self) -> int:
        """Accounts to make."""
        return sum(row.held is None for row in self.people)


@dataclass(slots=True)
class World:
    """What stands before the import, read once."""

    jurisdiction: Jurisdiction
    day: date
    at: datetime
    kinds: Mapping[str, str]
    """Title and key of each kind → its key."""
    areas: Mapping[str, Area]
    own_area: Area | None
    by_name: dict[str, Department]
    by_uscc: dict[str, Department]
    people: dict[str, Person] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    """Departments whoever imports may manage."""
    held: dict[int, set[str]] = field(default_factory=dict)
    """Kinds of role each known person holds or stands in for."""


def read(content: bytes) -> tuple[list[Given], list[Given], list[Finding]]:
    """The rows of both sheets and what is wrong with the file's form. Raises ``Invalid`` for a file that cannot be read at all."""
    sheets = read_sheets(content, (DEPARTMENTS, PEOPLE), code="orgs.workbook")
    if not sheets:
        raise Invalid(
            f"没有导入：文件里没有“{DEPARTMENTS}”或“{PEOPLE}”工作表",
            remedy="请从“下载模板”取得模板后填写，不要改工作表的名称",
            code="orgs.workbook",
        )
    findings: list[Finding] = []
    departments = _given(DEPARTMENTS, sheets.get(DEPARTMENTS, []), DEPARTMENT_COLUMNS, findings)
    people = _given(PEOPLE, sheets.get(PEOPLE, []), PERSON_COLUMNS, findings)
    return departments, people, findings


def _given(sheet: str, rows: Sequence[Row], columns: Sequence[str], findings: list[Finding]) -> list[Given]:
    if not rows:
        return []
    heads = [re.sub(r"[\s*＊]", "", cell.text) for cell in rows[0].cells]
    for head in dict.fromkeys(h for h in heads if h and h not in columns):
        findings.append(Finding(sheet, rows[0].number, head[:20], "模板里没有这一列", "请核对表头，不用的列请删除"))
    for head in dict.fromkeys(h for h in heads if h and heads.count(h) > 1):
        findings.append(Finding(sheet, rows[0].number, head[:20], "表头重复", "请只保留一列"))
    if columns[0] not in heads:
        findings.append(Finding(sheet, rows[0].number, columns[0], "缺少这一列", "表头须在第一行，请用模板填写"))
        return []
    if len(rows) - 1 > MOST[sheet]:
        findings.append(Finding(sheet, rows[0].number, "", f"超过 {MOST[sheet]} 行", "请拆成几个文件"))
        return []
    found = []
    for row in rows[1:]:
        given = {"行": str(row.number)} | dict.fromkeys(columns, "")
        for head, cell in zip(heads, row.cells, strict=False):
            if head not in columns or not cell.text:
                continue
            if cell.formula:
                findings.append(Finding(sheet, row.number, head, "不接受公式", "请粘贴为数值"))
            elif len(cell.text) > LENGTHS[head] or not cell.text.replace("\n", "").isprintable():
                findings.append(Finding(sheet, row.number, head, f"超过 {LENGTHS[head]} 字或含有控制字符", "请改短"))
            else:
                given[head] = " ".join(cell.text.split())
        if any(given[column] for column in columns):
            found.append(given)
    return found


def world_for(*, by: Person, usernames: Iterable[str], at: datetime) -> World:
    """What stands in the tenant of whoever imports, for these sign-in names. Raises ``Invalid`` without a department."""
    jurisdiction = queries.jurisdiction_of(by)
    if jurisdiction is None or by.department is None:
        raise Invalid("您的账号没有所属部门，不能导入", remedy="请联系系统管理员", code="orgs.no_department")
    day = shanghai_date(at)
    kinds = {name: option.key for option in queries.kinds_of(jurisdiction, day) for name in (option.key, option.title)}
    standing = list(
        Department.objects.filter(jurisdiction=jurisdiction)
        .select_related("parent", "area", "jurisdiction")
        .prefetch_related("officers")
    )
    seen = set(queries.departments_seen(by).values_list("pk", flat=True))
    people = Person.objects.filter(username__in=list(usernames)).select_related("department")
    world = World(
        jurisdiction, day, at, kinds,
        areas={area.name: area for area in Area.objects.filter(jurisdiction=jurisdiction)},
        own_area=by.department.area,
        by_name={d.name: d for d in standing},
        by_uscc={d.uscc: d for d in standing},
        people={p.username: p for p in people},
        seen=seen,
    )  # fmt: skip
    known = [p.pk for p in world.people.values()]
    for person, kind in Role.objects.filter(person__in=known, revoked_at=None).values_list("person", "kind"):
        world.held.setdefault(person, set()).add(kind)
    standing_in = Substitute.objects.filter(substitute__in=known, revoked_at=None, until__gt=at)
    for person, several in standing_in.values_list("substitute", "kinds"):
        world.held.setdefault(person, set()).update(several)
    return world


def check(
    departments: Sequence[Given], people: Sequence[Given], *, by: Person, at: datetime, findings: Sequence[Finding] = ()
) -> Plan:
    """Everything the rows would do and everything wrong with them, against what stands now."""
    world = world_for(by=by, usernames={rules.normalise_username(row["登录名"]) for row in people}, at=at)
    found = list(findings)
    places = tuple(_Departments(world, found).rows(departments))
    named = {row.name: row for row in places}
    persons = tuple(_People(world, named, found).rows(people))
    if not departments and not people and not found:
        found.append(Finding(PEOPLE, 2, "", "没有读到内容", "请从第二行起填写"))
    order = {DEPARTMENTS: 0, PEOPLE: 1}
    return Plan(places, persons, tuple(sorted(found, key=lambda f: (order[f.sheet], f.row))))


class _Departments:
    """Checks the rows of the sheet of departments."""

    def __init__(self, world: World, findings: list[Finding]) -> None:
        self.world, self.findings = world, findings

    def rows(self, given: Sequence[Given]) -> Iterable[DepartmentRow]:
        names = [row["部门名称"] for row in given]
        usccs = [codes.normalise_identifier(row["统一社会信用代码"]) for row in given]
        known = {*names, *self.world.by_name}
        for row, uscc in zip(given, usccs, strict=True):
            yield self._row(row, uscc, names, usccs, known)
        self._circles(given)

    def _say(self, row: Given, column: str, what: str, remedy: str = "") -> None:
        self.findings.append(Finding(DEPARTMENTS, int(row["行"]), column, what, remedy))

    def _row(self, row: Given, uscc: str, names: list[str], usccs: list[str], known: set[str]) -> DepartmentRow:
        world, name = self.world, row["部门名称"]
        held = world.by_uscc.get(uscc)
        if not 2 <= len(name) <= 120:
            self._say(row, "部门名称", "名称为 2 至 120 个字")
        elif names.count(name) > 1:
            self._say(row, "部门名称", "与另一行重复", "每个部门只填一行")
        elif name in world.by_name and world.by_name[name] != held:
            self._say(row, "部门名称", "已有同名部门，统一社会信用代码不同", "请核对代码，或换一个名称")
        problem = codes.uscc_problem(uscc)
        if problem:
            self._say(row, "统一社会信用代码", codes.PROBLEMS[problem], "请按登记证书核对")
        elif usccs.count(uscc) > 1:
            self._say(row, "统一社会信用代码", "与另一行重复", "请核对是否重复登记")
        if held is not None and held.pk not in world.seen:
            self._say(row, "部门名称", "这个部门不在您管理的片区内", "请由其片区或区域的系统管理员办理")
        kind = world.kinds.get(row["部门类别"], "")
        if not kind and (row["部门类别"] or held is None):
            words = "、".join(title for title in world.kinds if not title.isascii())
            self._say(row, "部门类别", f"应为：{words}")
        if row["上级部门"] and row["上级部门"] not in known:
            self._say(row, "上级部门", "没有这个部门", "请填写全称；也可以在本表中另起一行登记")
        area = row["片区"]
        if area and area not in world.areas:
            self._say(row, "片区", "没有这个片区", "请先在“行政区域”中建立片区")
        elif world.own_area is not None and held is None and area not in ("", world.own_area.name):
            self._say(row, "片区", "不在您管理的片区内", f"请填写“{world.own_area.name}”")
        if world.own_area is not None and held is None:
            area = world.own_area.name
        return DepartmentRow(
            int(row["行"]), name, uscc, row["简称"], kind, row["上级部门"], row["专职机构"], area, held
        )

    def _circles(self, given: Sequence[Given]) -> None:
        above = {d.name: d.parent.name for d in self.world.by_name.values() if d.parent}
        above |= {row["部门名称"]: row["上级部门"] for row in given if row["上级部门"]}
        for row in given:
            levels, name = 1, above.get(row["部门名称"], "")
            while name and levels <= MAX_LEVELS and name != row["部门名称"]:
                levels, name = levels + 1, above.get(name, "")
            if name == row["部门名称"] and name:
                self._say(row, "上级部门", "上级部门不能是本部门或其下属", "请核对上下级")
            elif levels > MAX_LEVELS:
                self._say(row, "上级部门", f"部门层级超过 {MAX_LEVELS} 级", "请核对上下级")


class _People:
    """Checks the rows of the sheet of people."""

    def __init__(self, world: World, named: Mapping[str, DepartmentRow], findings: list[Finding]) -> None:
        self.world, self.named, self.findings = world, named, findings

    def rows(self, given: Sequence[Given]) -> Iterable[PersonRow]:
        counted: dict[str, int] = {}
        for row in given:
            name = rules.normalise_username(row["登录名"])
            counted[name] = counted.get(name, 0) + 1
        for row in given:
            yield self._row(row, counted)

    def _say(self, row: Given, column: str, what: str, remedy: str = "") -> None:
        self.findings.append(Finding(PEOPLE, int(row["行"]), column, what, remedy))

    def _row(self, row: Given, counted: Mapping[str, int]) -> PersonRow:
        username = rules.normalise_username(row["登录名"])
        held = self.world.people.get(username)
        if not 2 <= len(row["姓名"]) <= 60:
            self._say(row, "姓名", "姓名为 2 至 60 个字")
        wrong = rules.username_problem(username)
        if wrong:
            self._say(row, "登录名", wrong)
        elif counted[username] > 1:
            self._say(row, "登录名", "与另一行重复", "每人只填一行，多个角色用顿号隔开")
        elif held is not None and (held.department is None or held.department.pk not in self.world.seen):
            self._say(row, "登录名", "登录名已被使用", "请换一个登录名")
            held = None
        elif held is not None and not held.is_active:
            self._say(row, "登录名", "该账号已停用", "请先在人员页面启用，或删除这一行")
        if row["邮箱"]:
            try:
                validate_email(row["邮箱"])
            except ValidationError:
                self._say(row, "邮箱", "不是邮箱地址")
        if row["专职人员"] not in ("", "是", "否"):
            self._say(row, "专职人员", "只能填“是”或“否”")
        department = self._department(row, "所属部门", row["所属部门"])
        roles = self._roles(row, held, department) if department else ()
        officer = {"是": True, "否": False}.get(row["专职人员"])
        return PersonRow(int(row["行"]), row["姓名"], username, row["所属部门"], row["邮箱"], officer, roles, held)

    def _department(self, row: Given, column: str, name: str) -> str:
        """The kind of the department of that name; empty (and a finding) when there is none, or it is not managed here."""
        planned, standing = self.named.get(name), self.world.by_name.get(name)
        if planned is None and standing is None:
            self._say(row, column, "没有这个部门" if name else "没有填写", "请填写部门全称，或先在“部门”表中登记")
            return ""
        if standing is not None and standing.pk not in self.world.seen:
            self._say(row, column, "这个部门不在您管理的片区内", "请由其系统管理员办理")
            return ""
        if standing is not None and not standing.active:
            self._say(row, column, "该部门已停用", "请先启用该部门")
            return ""
        return (planned.kind if planned else "") or (standing.kind if standing else "") or "?"

    def _roles(self, row: Given, held: Person | None, own_kind: str) -> tuple[WantedRole, ...]:
        kinds = [text for text in _LIST.split(row["角色"]) if text]
        unknown = [text for text in kinds if text not in ROLE_KEYS]
        if unknown:
            self._say(row, "角色", f"没有这个角色：{'、'.join(unknown)[:60]}", f"可填：{'、'.join(ROLE_KEYS)}")
        keys = list(dict.fromkeys(ROLE_KEYS[text] for text in kinds if text in ROLE_KEYS))
        where = row["委托部门"] if "vendor" in keys else row["所属部门"]
        if "vendor" in keys and self._department(row, "委托部门", where) in ("", VENDOR_KIND):
            self._say(row, "委托部门", "请填写委托的政务部门")
        until, office, scope = self._until(row), self._office(row), self._scope(row)
        self._fits(row, keys, own_kind, office=office, scope=scope)
        already = set(self.world.held.get(held.pk, ())) if held else set()
        found = []
        for key in keys:
            wanted = WantedRole(
                key, where, until, office if key == "inspector" else "", scope if key == "vendor" else ()
            )
            wrong = rules.term_problem(key, office=wanted.office, scope=wanted.scope, has_end=until is not None)
            if wrong:
                self._say(row, wrong[0], wrong[1])
            standing = self.world.by_name.get(where)
            decision = rules.may_hold(already, key, in_authority=bool(standing and standing.is_authority))
            if not decision.allowed:
                self._say(row, "角色", decision.reason, decision.remedy)
            already.add(key)
            found.append(wanted)
        return tuple(found)

    def _fits(self, row: Given, keys: Sequence[str], own_kind: str, *, office: str, scope: Sequence[str]) -> None:
        """Vendors' people are vendors and nobody else is; particulars belong to the role they are for."""
        if own_kind == VENDOR_KIND and set(keys) - {"vendor"}:
            self._say(row, "角色", "技术服务单位的人员只能授予“技术服务单位”角色")
        if own_kind != VENDOR_KIND and "vendor" in keys:
            self._say(row, "角色", "“技术服务单位”角色只能授予技术服务单位的人员")
        if "vendor" not in keys and (scope or row["委托部门"]):
            self._say(row, "委托事项", "只有技术服务单位的角色有委托部门和事项", "请留空")
        if "inspector" not in keys and office:
            self._say(row, "检查部门", "只有监督检查角色填写检查部门", "请留空")
        if not keys and row["有效至"]:
            self._say(row, "有效至", "没有角色，不需要期限", "请留空")

    def _until(self, row: Given) -> datetime | None:
        text = row["有效至"].replace("/", "-").replace(".", "-")
        if not text:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self._say(row, "有效至", "不是日期", "请按 2027-06-30 的样子填写")
            return None
        if not self.world.day <= day <= LATEST:
            self._say(row, "有效至", "须不早于今天", "请核对日期")
            return None
        return end_of(day)

    def _office(self, row: Given) -> str:
        keys = {title: key for key, title in rules.OFFICES.items()}
        if row["检查部门"] and row["检查部门"] not in keys:
            self._say(row, "检查部门", f"应为：{'、'.join(keys)}")
        return keys.get(row["检查部门"], "")

    def _scope(self, row: Given) -> tuple[str, ...]:
        keys = {title: key for key, title in rules.VENDOR_WORK.items()}
        given = [text for text in _LIST.split(row["委托事项"]) if text]
        unknown = [text for text in given if text not in keys]
        if unknown:
            self._say(row, "委托事项", f"没有这个事项：{'、'.join(unknown)[:60]}", f"可填：{'、'.join(keys)}")
        return tuple(sorted({keys[text] for text in given if text in keys}))
