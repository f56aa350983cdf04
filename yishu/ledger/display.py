"""A receipt in words for people: labels and values for the receipt page and its printed copy. Django-free."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from yishu.kernel.time import SHANGHAI
from yishu.ledger.entries import Entry, entry_from_bytes
from yishu.ledger.facts import Fact
from yishu.ledger.logs import leaf_data
from yishu.ledger.merkle import leaf_hash
from yishu.ledger.notes import read_checkpoint

KIND_TITLES: Final[Mapping[str, str]] = {
    "delivery": "数据提供",
    "refusal": "拒绝提供",
    "decision": "审核决定",
    "event": "业务记录",
}
FACT_TITLES: Final[Mapping[str, str]] = {
    "law": "依据", "article": "依据条款", "object": "对象", "object_id": "对象编号", "role": "角色", "client": "应用",
    "person": "人员编号", "department_id": "部门编号", "provider_id": "提供部门编号", "jurisdiction": "行政区域", "pack": "法规包",
    "version": "版本", "revision": "修订", "request": "请求编号", "call": "调用方式", "keys": "查询标识摘要", "key_count": "查询标识数",
    "items": "信息项", "purpose": "用途", "epoch": "授权批次", "table": "数据表", "load": "数据批次", "code": "结果代码",
    "status": "状态码", "records": "记录数", "absent": "未查到", "masks": "脱敏", "filters": "数据范围摘要", "answer": "结果摘要",
    "answer_bytes": "结果字节数", "limit": "限额", "used": "已用", "procedure": "程序", "step": "步骤", "from_step": "原步骤",
    "to_step": "新步骤", "outcome": "办理结果", "reason": "理由摘要", "number": "办件号", "share_type": "共享类型",
    "due_on": "截止日期", "due_provisional": "截止日期暂定", "law_on": "适用日期", "starts_on": "起始日期", "ends_on": "截止使用日期",
    "subject_id": "办理对象编号", "event": "事项", "action": "操作", "state": "状态", "clients": "应用", "modes": "共享方式",
    "file": "文件摘要", "bytes": "字节数", "rows": "行数", "rejects": "拒收行数", "count": "数量", "log_reason": "日志建立原因",
    "previous_log": "前一日志", "kept_size": "留存检查点条数", "kept_root": "留存检查点树根", "found_size": "数据库条数",
    "mode": "适用方式", "days": "工作日数", "for_person": "代行对象", "wanted_on": "要求办理日期",
}  # fmt: skip
"""Chinese label of every declared fact (a test holds it against ``ledger.facts``)."""


@dataclass(frozen=True, slots=True)
class Display:
    """A receipt for showing. ``what``, ``facts`` and ``proof`` are (label, value) pairs, all text; ``short`` fits a QR code.

    Showing is not checking: a page that says a receipt is good calls ``ledger.verify`` first.
    """

    title: str
    id: str
    at: str
    what: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    proof: tuple[tuple[str, str], ...]
    short: str


def display(document: Mapping[str, Any]) -> Display:
    """Label a receipt document (``Receipt.document()`` or one read from a file that has been verified).

    Times are Asia/Shanghai. Raises ``BadEntry`` or ``BadNote`` for a document of another form.
    """
    entry = entry_from_bytes(str(document["entry"]).encode())
    note = str(document["checkpoint"])
    checkpoint = read_checkpoint(note.rpartition("\n\n")[0] + "\n")
    hash = leaf_hash(leaf_data(UUID(str(document["id"])), str(document["entry"]).encode()))
    return Display(
        title=KIND_TITLES[entry.kind],
        id=str(document["id"]),
        at=entry.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        what=_what(entry),
        facts=tuple((FACT_TITLES.get(name, name), _text(value)) for name, value in sorted(entry.facts.items())),
        proof=(
            ("存证日志", checkpoint.origin),
            ("日志中的位置", f"第 {document['index']} 条（签名时共 {checkpoint.size} 条）"),
            ("存证摘要", hash.hex()),
            ("树根", checkpoint.root.hex()),
            ("证明长度", f"{len(document['inclusion_proof'])} 个摘要"),
        ),
        short=f"yishu-receipt:1:{checkpoint.origin}:{document['index']}:{document['id']}:{urlsafe_b64encode(hash[:18]).decode()}",
    )


def _what(entry: Entry) -> tuple[tuple[str, str], ...]:
    who, _, number = entry.actor.partition(":")
    actor = {"client": f"应用 {number}", "person": f"人员 {number}"}.get(who, "平台")
    rows = (
        ("经办", actor),
        ("部门", entry.department),
        ("资源代码", entry.resource),
        ("授权编号", str(entry.grant or "")),
        ("办件编号", str(entry.case or "")),
    )
    return tuple((label, value) for label, value in rows if value)


def _text(value: Fact) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        return "、".join(f"{name}：{code}" for name, code in sorted(value.items()))
    if isinstance(value, str | int):
        return _short(str(value))
    listed = "、".join(_short(item) for item in value[:10])
    return listed if len(value) <= 10 else f"{listed} 等 {len(value)} 个"


def _short(text: str) -> str:
    key, _, digest = text.partition(":")
    return f"{key}:{digest[:12]}…" if len(digest) == 64 else text
