"""A DCAT file becomes drafts of the importing department: read and reported first, taken on confirmation (``importing.confirm_import``)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from yishu.catalogue import guide, importing
from yishu.catalogue.dcat import ELEMENTS, FREQUENCIES
from yishu.catalogue.dcat_reading import YISHU, ReadDataset, Said, clean, read_datasets
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.drafts import ItemDraft, ResourceDraft
from yishu.catalogue.models import ImportBatch, Resource
from yishu.catalogue.rules import DATA_TYPES
from yishu.catalogue.template_columns import fold
from yishu.catalogue.template_reading import Finding
from yishu.kernel.time import shanghai_date
from yishu.ledger.actions import record
from yishu.orgs.models import Department, Person

KIND = "dcat"
_LONGEST_TITLE, _LONGEST_SUMMARY = 120, 2000
_LISTS: Mapping[str, str] = {
    "source_kind": "source_kinds", "subject_kind": "subject_kinds", "base_library": "base_libraries", "theme_library": "theme_libraries",
    "document_class": "equivalent_classes", "format_class": "format_classes", "share_mode_type": "share_mode_types",
    "attribute_class": "catalogue_classes",
}  # fmt: skip
"""Element carried by key in our own files → the list of the law that must hold it."""
_KEPT_ELSEWHERE: Mapping[str, str] = {
    "dct:identifier": "代码由平台生成",
    "dct:publisher": "提供方是导入的部门",
    "dcat:contactPoint": "联系方式由平台按部门登记",
    "dct:issued": "发布日期由平台在发布时记录",
    "dct:modified": "更新日期由平台记录",
    "dct:accessRights": "共享类型由提供方提出、主管部门核定",
    "dct:license": "使用要求在编辑时填写",
    "dct:language": "目录使用中文",
    "dcat:landingPage": "资源页由平台生成",
    "dcat:version": "版本由平台编号",
    "dcat:keyword": "关键词不是目录要素",
    "yishu:state": "状态由平台记录",
    "yishu:openType": "开放类型由提供方重新提出",
}
"""Known properties that do not become elements, and why."""
_USED = frozenset(
    {"dct:title", "dct:description", "dct:accrualPeriodicity", "dcat:theme", "yishu:shareType", "yishu:shareCondition",
     "yishu:updateCycle", *(f"yishu:{name}" for name in ELEMENTS)}
)  # fmt: skip
_BY_CODE = {code: key for key, (code, _) in FREQUENCIES.items()} | {"CONT": "realtime", "UPDATE_CONT": "realtime"}


@dataclass(slots=True)
class _Reader:
    """One dataset on its way to a draft, with what is said about it."""

    row: int
    law: Demands
    findings: list[Finding] = field(default_factory=list)

    def note(self, name: str, what: str, remedy: str, code: str) -> None:
        """Something that does not keep the dataset out."""
        self.findings.append(Finding(self.row, name, what, remedy, code, False))

    def fault(self, name: str, what: str, remedy: str, code: str) -> None:
        """Something that does."""
        self.findings.append(Finding(self.row, name, what, remedy, code, True))


@transaction.atomic
def read_dcat(*, department: Department, name: str, content: bytes, by: Person, at: datetime) -> importing.Preview:
    """Read a DCAT file: what could not be read of each dataset is kept in a batch; no draft changes yet.

    Raises NotAllowed unless ``by`` provides for the department, Invalid for a file that cannot be read at all.
    """
    importing.may_provide(department, by, at)
    law = demands(department.jurisdiction.law, shanghai_date(at))
    datasets = read_datasets(name, content)
    held = {
        fold(t)
        for t in Resource.objects.filter(department=department)
        .exclude(state=Resource.State.RETIRED)
        .values_list("title", flat=True)
    }
    findings: list[Finding] = []
    plans = []
    for row, dataset in enumerate(datasets, 1):
        reader = _Reader(row, law)
        draft, items = _draft(dataset, reader, department)
        if draft.title and fold(draft.title) in held:
            reader.fault("dct:title", f"已有名称为“{draft.title}”的资源", "请改名，或在已有资源上修改", "dcat_twice")
        held.add(fold(draft.title))
        faults = sum(f.error for f in reader.findings)
        plans.append(
            importing.Planned(
                row,
                draft.title or dataset.iri[:120] or "（没有名称）",
                None,
                0,
                draft,
                items,
                faults,
                len(reader.findings) - faults,
            )
        )
        findings += reader.findings
    batch = ImportBatch.objects.create(
        department=department, kind=KIND, name=name.replace("\x00", "")[-120:], digest=hashlib.sha256(content).hexdigest(),
        report=[f.as_dict() for f in findings[: importing.MOST_REPORTED]], by=by, at=at,
    )  # fmt: skip
    record(
        kind="event", by=by, at=at, department=department.pk,
        facts={
            "event": "catalogue.file_read", "object": "catalogue.import", "object_id": str(batch.pk), "rows": len(datasets),
            "count": len(plans), "rejects": sum(bool(p.faults) for p in plans),
        },
    )  # fmt: skip
    return importing.Preview(batch, tuple(plans), importing.pack(batch, plans, by))


def _draft(
    dataset: ReadDataset, reader: _Reader, department: Department
) -> tuple[ResourceDraft, tuple[ItemDraft, ...]]:
    """A dataset as a draft and its items; everything that was not taken is noted."""
    values: dict[str, Any] = {
        "title": _text(dataset, reader, "dct:title", _LONGEST_TITLE),
        "summary": _text(dataset, reader, "dct:description", _LONGEST_SUMMARY),
        "share_type": _share_type(dataset, reader),
        "update_cycle": _cycle(dataset, reader),
        **_theme(dataset, reader),
        **_format(dataset, reader),
        **_own_elements(dataset, reader),
    }
    if not values["title"]:
        reader.fault("dct:title", "没有名称", "请在文件中补上名称后重新上传", "dcat_untitled")
    if not values["summary"]:
        reader.note("dct:description", "没有摘要", "请导入后填写", "dcat_no_summary")
    publisher = dataset.first("dct:publisher")
    for name, said in sorted(dataset.properties.items()):
        if name in _USED:
            continue
        if name == "dct:publisher" and publisher and fold(publisher.text) != fold(department.name):
            reader.note(
                name, f"发布者是“{publisher.text[:60]}”，不是{department.name}", "草稿归入导入的部门", "dcat_publisher"
            )
        elif name in _KEPT_ELSEWHERE:
            if name not in ("dct:publisher", "dcat:version", "yishu:state"):
                reader.note(
                    name,
                    f"没有采用：{said[0].text[:60] or '（无文字）'}{f' 等 {len(said)} 个' if len(said) > 1 else ''}",
                    _KEPT_ELSEWHERE[name],
                    "dcat_elsewhere",
                )
        else:
            reader.note(
                name,
                f"没有读懂这个属性（{len(said)} 个值）：{said[0].text[:60]}",
                "需要的，请导入后手工填写",
                "dcat_unread",
            )
    if dataset.links:
        reader.note(
            "dcat:distribution",
            f"{dataset.links} 个下载或访问地址没有采用",
            "数据由平台汇聚后按共享方式提供",
            "dcat_links",
        )
    return ResourceDraft(**values), _items(dataset, reader)


def _text(dataset: ReadDataset, reader: _Reader, name: str, most: int) -> str:
    said = dataset.first(name)
    if said is None or not said.text:
        return ""
    if said.iri:
        reader.note(name, "值是一个地址，不是文字", "请导入后填写", "dcat_not_text")
        return ""
    if said.language and not said.language.casefold().startswith("zh"):
        reader.note(name, f"没有中文，采用了 {said.language} 的文字", "请导入后改成中文", "dcat_language")
    others = len(dataset.properties[name]) - 1
    if others:
        reader.note(name, f"另有 {others} 个值没有采用", "请核对采用的是否合适", "dcat_several")
    if len(said.text) > most:
        reader.note(name, f"超过 {most} 字，已截断", "请导入后核对", "dcat_cut")
    return clean(said.text, most)


def _share_type(dataset: ReadDataset, reader: _Reader) -> str:
    default = str(reader.law.values.get("sharing.default_type") or "unconditional")
    said = dataset.first("yishu:shareType")
    if said is None:
        return default
    if reader.law.option("share_types", said.text) is None:
        reader.note("yishu:shareType", f"没有这种共享类型：{said.text[:40]}", "请导入后选择", "dcat_unknown_key")
        return default
    return said.text


def _cycle(dataset: ReadDataset, reader: _Reader) -> str:
    own, said = dataset.first("yishu:updateCycle"), dataset.first("dct:accrualPeriodicity")
    key = own.text if own else _BY_CODE.get(said.iri.rpartition("/")[2] if said else "", "")
    if key and guide.entry(reader.law, "update_cycles", key):
        return key
    if own or said:
        shown = (own or said).text[:60]  # type: ignore[union-attr]
        reader.note("dct:accrualPeriodicity", f"没有对应的更新周期：{shown}", "请导入后选择", "dcat_frequency")
    return ""


def _theme(dataset: ReadDataset, reader: _Reader) -> dict[str, str]:
    """Themes whose title is that of a base or theme library of the law; others are noted."""
    found: dict[str, str] = {}
    for said in dataset.properties.get("dcat:theme", ()):
        for list_, name in (("base_libraries", "base_library"), ("theme_libraries", "theme_library")):
            option = next((o for o in reader.law.options(list_) if o.title == said.text), None)
            if option:
                found.setdefault(name, option.key)
                break
        else:
            if not any(c.title == said.text for c in guide.entries(reader.law, "classes")):
                reader.note("dcat:theme", f"没有对应的基础库或主题库：{said.text[:80]}", "请导入后选择", "dcat_theme")
    return found


def _format(dataset: ReadDataset, reader: _Reader) -> dict[str, str]:
    """The first format of a distribution that guide 1272 knows."""
    for text in dataset.formats:
        word = text.rpartition("/")[2].removeprefix(".").casefold()
        for entry in guide.entries(reader.law, "format_classes"):
            kind = next((t for t in entry.types if t.casefold() == word), None)
            if kind:
                return {"format_class": entry.key, "format_type": kind}
    if dataset.formats and "yishu:format_type" not in dataset.properties:
        names = "、".join(dict.fromkeys(f.rpartition("/")[2][:20] for f in dataset.formats[:6]))
        reader.note("dct:format", f"编制指南中没有这种格式：{names}", "请导入后选择格式", "dcat_format")
    return {}


def _own_elements(dataset: ReadDataset, reader: _Reader) -> dict[str, str]:
    """Elements of guide 1272 by key, from a file this platform wrote."""
    found: dict[str, str] = {}
    for name in ELEMENTS:
        said: Said | None = dataset.first(f"yishu:{name}")
        if said is None:
            continue
        list_ = _LISTS.get(name)
        if list_ and guide.entry(reader.law, list_, said.text) is None:
            reader.note(f"yishu:{name}", f"没有这个值：{said.text[:40]}", "请导入后选择", "dcat_unknown_key")
            continue
        found[name] = clean(said.text, {"category": 3, "item_class": 2}.get(name, 40))
    condition = dataset.first("yishu:shareCondition")
    if condition:
        found["share_condition"] = clean(condition.text, 500)
    return found


def _items(dataset: ReadDataset, reader: _Reader) -> tuple[ItemDraft, ...]:
    found: dict[str, ItemDraft] = {}
    for item in dataset.items:
        if fold(item.name) in found:
            reader.note(f"{YISHU}item", f"信息项“{item.name}”重复", "只取第一个", "dcat_item_twice")
            continue
        kind = item.data_type if item.data_type in DATA_TYPES else "C"
        found[fold(item.name)] = ItemDraft(
            item.name, data_type=kind, length=item.length, required=item.required, description=item.description
        )
    if not found:
        reader.note("yishu:item", "没有信息项", "请导入后填写信息项", "dcat_no_items")
    return tuple(found.values())
