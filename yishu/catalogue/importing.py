"""目录导入: an uploaded template is read and reported, then, on confirmation, becomes drafts. Each step is one transaction.

What was read travels between the two steps as a signed text, so that nothing half-taken lies in the database.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.core import signing
from django.db import transaction

from yishu.catalogue import actions
from yishu.catalogue.class_tree import ClassTree
from yishu.catalogue.classification import tree
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.element_rules import TITLES
from yishu.catalogue.item_rules import FieldProblem
from yishu.catalogue.models import ImportBatch, Resource
from yishu.catalogue.snapshots import item_drafts, resource_draft
from yishu.catalogue.submission_rules import submission_problems
from yishu.catalogue.template_columns import fold
from yishu.catalogue.template_file import SHEET
from yishu.catalogue.template_reading import Finding, Parsed, read_template
from yishu.catalogue.workbook import read_rows
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.ledger.actions import record
from yishu.orgs.models import Department, Person, RoleKind
from yishu.orgs.queries import may_act

KIND = "template"
MOST_REPORTED = 5_000
"""Findings kept of one file; a file with more is refused anyway."""
_SALT = "catalogue.import"
_GOOD_FOR = 12 * 3600
_MOST_PACKED = 2_000_000
_TUPLES = ("use_purposes", "open_modes", "related_codes")
_FIXED = ("attribute_class", "item_class", "category", "subcategory")


@dataclass(frozen=True, slots=True)
class Planned:
    """What confirming would do with one resource of the file; ``faults`` keep it from being taken, ``notes`` do not."""

    row: int
    title: str
    resource_id: int | None
    seen_revision: int
    draft: ResourceDraft
    items: tuple[ItemDraft, ...]
    faults: int
    notes: int

    @property
    def verb(self) -> str:
        """新增, 更新 or 不导入."""
        return "不导入" if self.faults else "更新" if self.resource_id else "新增"


@dataclass(frozen=True, slots=True)
class Preview:
    """A file as read: its batch, what would happen, and the signed text that ``confirm_import`` takes."""

    batch: ImportBatch
    plans: tuple[Planned, ...]
    packed: str

    @property
    def taken(self) -> int:
        """How many resources would be taken."""
        return sum(not plan.faults for plan in self.plans)


@transaction.atomic
def read_import(*, department: Department, name: str, content: bytes, by: Person, at: datetime) -> Preview:
    """Read an uploaded template: every error and note is kept in a batch; no draft changes yet.

    Raises NotAllowed unless ``by`` provides for the department, Invalid for a file that cannot be read at all.
    """
    may_provide(department, by, at)
    law = demands(department.jurisdiction.law, shanghai_date(at))
    if not name.casefold().endswith(".xlsx"):
        raise Invalid(
            "没有导入：只接受 .xlsx 文件", remedy="请用“下载模板”的模板填写；带宏的 .xlsm 和旧的 .xls 请另存为 .xlsx", code="catalogue.workbook"
        )  # fmt: skip
    rows = read_rows(content, SHEET)
    reading = read_template(rows, law, provider=department.name, provider_code=department.uscc)
    findings = list(reading.findings)
    plans = _plans(department, reading.resources, law, findings)
    findings.sort(key=lambda f: f.row)
    batch = ImportBatch.objects.create(
        department=department, kind=KIND, name=name.replace("\x00", "")[-120:], digest=hashlib.sha256(content).hexdigest(),
        report=[f.as_dict() for f in findings[:MOST_REPORTED]], by=by, at=at,
    )  # fmt: skip
    record(
        kind="event", by=by, at=at, department=department.pk,
        facts={
            "event": "catalogue.file_read", "object": "catalogue.import", "object_id": str(batch.pk), "rows": len(rows),
            "count": len(plans), "rejects": sum(bool(p.faults) for p in plans),
        },
    )  # fmt: skip
    return Preview(batch, plans, pack(batch, plans, by))


@transaction.atomic
def confirm_import(*, packed: str, by: Person, at: datetime) -> ImportBatch:
    """Create and update the drafts a preview showed; one that cannot be saved any more is reported and left out.

    Raises Invalid for a text that was changed or is too old, NotFound, NotAllowed, Conflict when it was confirmed before.
    """
    try:
        document = signing.loads(packed, salt=_SALT, max_age=_GOOD_FOR)
    except signing.BadSignature as error:
        raise Invalid("这次预览已失效，没有导入", remedy="请重新上传文件", code="catalogue.import_expired") from error
    batch = (
        ImportBatch.objects.select_for_update(of=("self",))
        .select_related("department__jurisdiction")
        .filter(pk=document["batch"], by=by)
        .first()
    )
    if batch is None:
        raise NotFound("没有这次导入", remedy="请重新上传文件", code="catalogue.import_not_found")
    may_provide(batch.department, by, at)
    if batch.created or batch.updated:
        raise Conflict(
            "这个文件已经导入过了",
            remedy="请在“本部门目录”查看；需要再次导入的，请重新上传",
            code="catalogue.import_twice",
        )
    report = list(batch.report)
    for raw in document["plans"]:
        problem = _take(batch, raw, by, at)
        if problem is not None:
            report.append(problem.as_dict())
    batch.report = sorted(report, key=lambda r: r["row"])[:MOST_REPORTED]
    batch.save(update_fields=["created", "updated", "report"])
    record(
        kind="event", by=by, at=at, department=batch.department_id,
        facts={
            "event": "catalogue.file_imported", "object": "catalogue.import", "object_id": str(batch.pk),
            "count": batch.created + batch.updated,
        },
    )  # fmt: skip
    return batch


def _take(batch: ImportBatch, raw: dict[str, Any], by: Person, at: datetime) -> Finding | None:
    """Save one planned resource; what keeps it from being saved is returned, not raised."""
    values: dict[str, Any] = {k: tuple(v) if k in _TUPLES else v for k, v in raw["draft"].items()}
    draft = ResourceDraft(**values)
    items = tuple(ItemDraft(**item) for item in raw["items"])
    try:
        with transaction.atomic():
            if raw["resource"] is None:
                actions.create_resource(department=batch.department, draft=draft, items=items, by=by, at=at)
                batch.created += 1
            else:
                actions.save_draft(
                    resource_id=raw["resource"], seen_revision=raw["revision"], draft=draft, items=items, by=by, at=at
                )
                batch.updated += 1
    except PublicError as error:
        return Finding(raw["row"], "信息资源名称", f"没有导入：{error.what}", error.remedy, "import_refused")
    return None


def pack(batch: ImportBatch, plans: Sequence[Planned], by: Person) -> str:
    """What a preview showed as a signed text, without what is not taken. Raises Invalid when it is too much for one import."""
    document = {
        "batch": batch.pk,
        "plans": [
            {
                "row": p.row, "resource": p.resource_id, "revision": p.seen_revision, "draft": asdict(p.draft),
                "items": [asdict(i) for i in p.items],
            }
            for p in plans
            if not p.faults
        ],
    }  # fmt: skip
    packed = signing.dumps(document, salt=_SALT, compress=True)
    if len(packed) > _MOST_PACKED:
        raise Invalid("文件内容太多，一次导入不了", remedy="请按分类拆成几个文件", code="catalogue.import_size")
    return packed


def _plans(
    department: Department, resources: Sequence[Parsed], law: Demands, findings: list[Finding]
) -> tuple[Planned, ...]:
    held = list(Resource.objects.filter(department=department).exclude(state=Resource.State.RETIRED))
    by_code = {r.code: r for r in held if r.code}
    by_title: dict[str, Resource] = {}
    for resource in held:
        by_title.setdefault(fold(resource.title), resource)
    below = tree(department.jurisdiction)
    return tuple(
        _plan(p, by_code.get(p.code) or by_title.get(fold(p.title)), law, below, department, findings)
        for p in resources
    )


def _plan(
    parsed: Parsed,
    held: Resource | None,
    law: Demands,
    below: ClassTree,
    department: Department,
    findings: list[Finding],
) -> Planned:
    default = str(law.values.get("sharing.default_type") or "unconditional")
    base = resource_draft(held) if held else ResourceDraft(title=parsed.title, share_type=default)
    values: dict[str, Any] = {k: tuple(v) if k in _TUPLES else v for k, v in parsed.values.items()}
    if "survey" in values:
        values["survey"] = {**base.survey, **values["survey"]}
    draft = _opened(replace(base, **values), parsed.values, law)
    items = _merged(parsed, held)
    against = _against_held(parsed, held, draft, base)
    faults = parsed.faults + sum(f.error for f in against)
    notes = [] if faults else _notes(parsed, draft, items, law, below, department)
    findings += [*against, *notes]
    return Planned(
        row=parsed.row,
        title=draft.title or "（没有名称）",
        resource_id=held.pk if held else None,
        seen_revision=held.revision if held else 0,
        draft=draft,
        items=items,
        faults=faults,
        notes=len(notes),
    )


def _against_held(parsed: Parsed, held: Resource | None, draft: ResourceDraft, base: ResourceDraft) -> list[Finding]:
    """What stands against the resource there is: another code, a running review, a classification fixed by its code."""
    found = []
    if parsed.code and (held is None or held.code != parsed.code):
        what = f"本部门没有代码为 {parsed.code[:40]} 的资源"
        found.append(
            Finding(parsed.row, "信息资源代码", what, "作为新资源导入，代码由平台重新生成", "code_unknown", error=False)
        )
    if held is not None and held.state in (Resource.State.SUBMITTED, Resource.State.RETIRING):
        what = f"资源{held.get_state_display()}，不能修改"
        found.append(Finding(parsed.row, "信息资源名称", what, "请等待办结后再导入，或从文件中删去", "under_review"))
    if held is not None and held.code and any(getattr(draft, f) != getattr(base, f) for f in _FIXED):
        remedy = f"请恢复为原来的分类（代码 {held.code}）"
        found.append(Finding(parsed.row, "信息资源分类（类）", "已有代码的资源不能改变分类", remedy, "code_fixed"))
    return found


def _notes(
    parsed: Parsed,
    draft: ResourceDraft,
    items: tuple[ItemDraft, ...],
    law: Demands,
    below: ClassTree,
    department: Department,
) -> list[Finding]:
    """What would keep the draft from being submitted, at its row: no reason not to take it."""
    found = []
    for p in submission_problems(draft, items, law=law, department_kind=department.kind, tree=below):
        at = parsed.item_rows[p.row] if p.row is not None and p.row < len(parsed.item_rows) else parsed.row
        code = p.code.removeprefix("catalogue.")
        found.append(Finding(at, _column(p), f"提交前须改正：{p.what}", p.remedy, code, error=False))
    return found


def _opened(draft: ResourceDraft, given: dict[str, Any], law: Demands) -> ResourceDraft:
    """是否向社会开放 follows the type where the law divides opening into types; nothing is open where it has none."""
    if not law.opening:
        return replace(draft, is_open=False, open_type="", open_condition="")
    kind = law.option("open_types", draft.open_type)
    if "open_type" in given and kind is not None:
        return replace(draft, is_open=kind.facts.get("access") != "none")
    return draft


def _merged(parsed: Parsed, held: Resource | None) -> tuple[ItemDraft, ...]:
    """The file's items, each over the item of the same name it replaces; a file without items leaves them as they are."""
    before = {fold(i.name): i for i in item_drafts(held)} if held else {}
    if not parsed.items:
        return tuple(before.values())
    found = []
    for item in parsed.items:
        old = before.get(fold(item.get("name", "")))
        found.append(replace(old, **item) if old else ItemDraft(**{"name": ""} | item))
    return tuple(found)


def _column(problem: FieldProblem) -> str:
    return (
        "信息项名称"
        if problem.row is not None or problem.field == "items"
        else TITLES.get(problem.field, problem.where)
    )


def may_provide(department: Department, by: Person, at: datetime) -> None:
    """Raise NotAllowed unless ``by`` provides for the department."""
    may = may_act(by, RoleKind.PROVIDER, department, at)
    if not may.allowed:
        raise NotAllowed(
            may.reason, remedy=may.remedy or f"请由{department.name}的提供方经办人员导入", object_=department.name,
            code="catalogue.not_provider",
        )  # fmt: skip
