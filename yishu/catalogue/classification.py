"""本地分类: the 目 and 细目 a jurisdiction adds below the pack's 类 and 项. Kept by its data authority."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from yishu.catalogue import guide
from yishu.catalogue.class_tree import CATEGORY_DIGITS, PATH_DIGITS, ClassTree
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.element_rules import standard_of
from yishu.catalogue.item_rules import has_hidden
from yishu.catalogue.models import ClassNode, Resource
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from yishu.kernel.time import shanghai_date
from yishu.ledger.actions import record
from yishu.orgs.models import Jurisdiction, Person, RoleKind
from yishu.orgs.queries import held_roles

MOST_LINES = 5_000
LONGEST_TITLE = 80
_TREE_ROWS = ("path", "code", "title")


def tree(jurisdiction: Jurisdiction) -> ClassTree:
    """The active 目 and 细目 of a jurisdiction, codes in order."""
    found: dict[str, dict[str, str]] = {}
    for path, code, title in nodes(jurisdiction).filter(active=True).values_list(*_TREE_ROWS):
        found.setdefault(path, {})[code] = title
    return ClassTree(found)


def nodes(jurisdiction: Jurisdiction) -> QuerySet[ClassNode]:
    """All 目 and 细目 of a jurisdiction, by code."""
    return ClassNode.objects.filter(jurisdiction=jurisdiction).order_by("path", "code")


def may_keep(person: Person, jurisdiction: Jurisdiction, at: datetime) -> bool:
    """Whether a person keeps the tree: they are the data authority of this very jurisdiction, not of one of its areas alone."""
    held = held_roles(person, at).filter(kind=RoleKind.AUTHORITY, department__is_authority=True, department__area=None)
    return held.filter(department__jurisdiction=jurisdiction).exists()


def in_use(node: ClassNode) -> int:
    """How many resources carry the node in their code or draft."""
    path = node.path
    found = Resource.objects.filter(
        jurisdiction_id=node.jurisdiction_id, attribute_class=path[:1], item_class=path[1:PATH_DIGITS]
    )
    if len(path) == PATH_DIGITS:
        return found.filter(category=node.code).count()
    return found.filter(category=path[PATH_DIGITS:], subcategory=node.code).count()


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import of the tree did."""

    added: int
    renamed: int


@transaction.atomic
def add_class(*, jurisdiction: Jurisdiction, path: str, code: str, title: str, by: Person, at: datetime) -> ClassNode:
    """Add a 目 (``path`` three digits) or a 细目 (``path`` six). Raises NotAllowed, Invalid, Conflict for a code given twice."""
    law = _keeper(jurisdiction, by, at)
    if problems := _problems(law, tree(jurisdiction), path, code, title):
        raise _refused(problems, f"{path}{code}")
    if ClassNode.objects.filter(jurisdiction=jurisdiction, path=path, code=code).exists():
        raise Conflict(
            f"编码 {code} 已经有了", remedy="请换一个编码；要改名称的，在列表中修改", object_=f"{path}{code}",
            code="catalogue.class_twice",
        )  # fmt: skip
    node = ClassNode.objects.create(
        jurisdiction=jurisdiction, path=path, code=code, title=title.strip(), added_by=by, added_at=at
    )
    _record("catalogue.class_added", node, by, at)
    return node


@transaction.atomic
def rename_class(*, node_id: int, title: str, by: Person, at: datetime) -> ClassNode:
    """Give a 目 or 细目 another name; its code stays. Raises NotAllowed, NotFound, Invalid."""
    node = _locked(node_id, by, at)
    if problem := _title_problem(title):
        raise _refused([problem], f"{node.path}{node.code}")
    node.title = title.strip()
    node.save(update_fields=["title"])
    _record("catalogue.class_renamed", node, by, at)
    return node


@transaction.atomic
def set_class_active(*, node_id: int, active: bool, by: Person, at: datetime) -> ClassNode:
    """Take a 目 or 细目 out of use, or back. Resources that carry it keep their code. Raises NotAllowed, NotFound."""
    node = _locked(node_id, by, at)
    node.active = active
    node.save(update_fields=["active"])
    _record("catalogue.class_opened" if active else "catalogue.class_closed", node, by, at)
    return node


@transaction.atomic
def import_classes(*, jurisdiction: Jurisdiction, text: str, by: Person, at: datetime) -> Imported:
    """Take over a table of ``编码<tab>名称`` (``307016 食品经营``; a 细目 after its 目): all of it, or nothing and every wrong line told.

    Known codes get the name of the table and become active again. Raises NotAllowed, Invalid.
    """
    law = _keeper(jurisdiction, by, at)
    held = {(n.path, n.code): n for n in nodes(jurisdiction).select_for_update()}
    growing = {path: dict(below) for path, below in tree(jurisdiction).nodes.items()}
    problems: list[Problem] = []
    rows: list[tuple[str, str, str]] = []
    named: set[tuple[str, str]] = set()
    for number, path, code, title in _lines(text):
        found = _problems(law, ClassTree(growing), path, code, title)
        problems += [replace(p, where=f"第 {number} 行 {p.where}") for p in found]
        if (path, code) in named and not found:
            problems.append(Problem(f"第 {number} 行", f"编码 {path}{code} 出现了两次", "请删除一行"))
        if not found:
            rows.append((path, code, title))
            named.add((path, code))
            growing.setdefault(path, {})[code] = title
    if not rows and not problems:
        problems.append(Problem("表格", "没有读到分类", "每行一个：编码、名称，中间用制表符或空格隔开"))
    if problems:
        raise _refused(problems, "")
    new = [
        ClassNode(jurisdiction=jurisdiction, path=p, code=c, title=t, added_by=by, added_at=at)
        for p, c, t in rows
        if (p, c) not in held
    ]
    ClassNode.objects.bulk_create(new)
    changed = [held[p, c] for p, c, t in rows if (p, c) in held and (held[p, c].title != t or not held[p, c].active)]
    titles = {(p, c): t for p, c, t in rows}
    for node in changed:
        node.title, node.active = titles[node.path, node.code], True
    ClassNode.objects.bulk_update(changed, ["title", "active"])
    record(
        kind="event", by=by, at=at, department=by.department_id,
        facts={"event": "catalogue.classes_imported", "object": "catalogue.class", "count": len(rows)},
    )  # fmt: skip
    return Imported(len(new), len(changed))


def _lines(text: str) -> list[tuple[int, str, str, str]]:
    """Line number, path, code and title of every line that is not blank or a heading."""
    found = []
    for number, line in enumerate(text.replace("\x00", "").splitlines()[:MOST_LINES], 1):
        digits, _, title = line.strip().replace("\t", " ", 1).partition(" ")
        plain = re.sub(r"[-./]", "", digits)
        if not plain or (number == 1 and not plain.isascii()):
            continue
        cut = PATH_DIGITS if len(plain) <= PATH_DIGITS + CATEGORY_DIGITS else PATH_DIGITS + CATEGORY_DIGITS
        found.append((number, plain[:cut], plain[cut:], title.strip()))
    return found


def _problems(law: Demands, grown: ClassTree, path: str, code: str, title: str) -> list[Problem]:
    reference = standard_of(law)
    problem = _title_problem(title)
    problems = [problem] if problem else []
    top = guide.entry(law, "classes", path[:1])
    if top is None or path[1:PATH_DIGITS] not in {i.key for i in top.items}:
        problems.append(
            Problem("上级", "没有这个类或项", "前三位依次是类（1 位）和项（2 位）", "catalogue.class_path", reference)
        )
    if len(path) == PATH_DIGITS:
        if not re.fullmatch(r"[0-9]{3}", code):
            problems.append(Problem("编码", "目应为 3 位数字", "例如 016", "catalogue.category", reference))
    elif len(path) != PATH_DIGITS + CATEGORY_DIGITS or path[PATH_DIGITS:] not in grown.under(path[:PATH_DIGITS]):
        problems.append(
            Problem("上级", "没有这个目，或它已停用", "请先添加目，再添加它的细目", "catalogue.class_path", reference)
        )
    elif not re.fullmatch(r"[0-9]{1,8}", code):
        problems.append(Problem("编码", "细目应为 1 至 8 位数字", "例如 01", "catalogue.subcategory", reference))
    return problems


def _title_problem(title: str) -> Problem | None:
    plain = title.strip()
    if not plain or len(plain) > LONGEST_TITLE or has_hidden(plain):
        return Problem(
            "名称",
            "名称为空、太长或含有看不见的字符",
            f"请填写 1 至 {LONGEST_TITLE} 个字的名称",
            "catalogue.class_title",
        )
    return None


def _refused(problems: list[Problem], object_: str) -> Invalid:
    return Invalid(
        f"分类有 {len(problems)} 处需要改正，没有保存", remedy="请按所列逐项改正", object_=object_, problems=problems,
        reference=problems[0].reference, code="catalogue.class_wrong",
    )  # fmt: skip


def _keeper(jurisdiction: Jurisdiction, by: Person, at: datetime) -> Demands:
    if not may_keep(by, jurisdiction, at):
        raise NotAllowed(
            "本地分类由数据主管部门维护", remedy=f"请联系{jurisdiction.name}数据主管部门", object_=jurisdiction.name,
            code="catalogue.class_keeper",
        )  # fmt: skip
    return demands(jurisdiction.law, shanghai_date(at))


def _locked(node_id: int, by: Person, at: datetime) -> ClassNode:
    home = by.department.jurisdiction_id if by.department else 0
    rows = ClassNode.objects.select_for_update(of=("self",)).select_related("jurisdiction")
    node = rows.filter(pk=node_id, jurisdiction_id=home).first()
    if node is None:
        raise NotFound("没有这个分类", remedy="请从“本地分类”进入", code="catalogue.class_not_found")
    _keeper(node.jurisdiction, by, at)
    return node


def _record(event: str, node: ClassNode, by: Person, at: datetime) -> None:
    record(
        kind="event", by=by, at=at, department=by.department_id,
        facts={"event": event, "object": "catalogue.class", "object_id": str(node.pk), "code": f"{node.path}.{node.code}"},
    )  # fmt: skip
