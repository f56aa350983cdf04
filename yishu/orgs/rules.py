"""Pure questions about organisations: what a profile lacks, which roles go together, which names may sign in."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from yishu.kernel.codes import person_id_problem
from yishu.law.decision import Decision
from yishu.law.kinds import Option, RequiredField

USERNAME = re.compile(r"[a-z0-9一-鿿][a-z0-9一-鿿._-]{1,39}")
_PHONE = re.compile(r"(?:\+?86)?1[3-9][0-9]{9}")
_LONG_NUMBER = re.compile(r"[0-9]{15}|[0-9]{17}[0-9x]")

KINDS_APART: Mapping[str, frozenset[str]] = {
    "management": frozenset({"admin"}),
    "audit": frozenset({"auditor", "inspector"}),
    "operation": frozenset(
        {
            "authority",
            "provider",
            "consumer",
            "responsible",
            "reviewer",
            "office_head",
            "secrecy_reviewer",
            "delegate",
            "operator",
            "vendor",
        }
    ),
}
"""Management, audit and operation are held by different people (GB/T 39477-2020, 6.2): a person's roles stand in one group only.

The leading group, the government, the level above and the public only read and decide; they stand in none.
"""

GUARDED = KINDS_APART["management"] | KINDS_APART["audit"]
"""Roles a department's responsible person does not pass on for others: only an administrator does, or for a time the holder."""

KIND_TITLES: Mapping[str, str] = {"management": "管理", "audit": "审计监督", "operation": "业务操作"}

ALONE = frozenset({"vendor", "inspector"})
"""Roles of people from outside a department: held beside no other kind of role."""

AUTHORITY_ONLY = frozenset({"authority"})
"""Roles that exist only in a department that is the authority."""

VENDOR_WORK: Mapping[str, str] = {
    "collection": "登记汇聚",
    "governance": "数据治理",
    "sharing": "共享支撑",
    "public_service": "公共服务支撑",
    "opening": "开放开发支撑",
    "operation": "平台运维",
    "security": "安全保障",
}
"""What a vendor may be given to do; which of it somebody was given stands in their role's scope."""

OFFICES: Mapping[str, str] = {"secrecy": "保密", "cyber": "网信", "audit": "审计", "finance": "财政"}
"""Offices that inspect."""

INSPECTOR_READS: Mapping[str, frozenset[str]] = {
    "secrecy": frozenset({"catalogue", "cases"}),
    "cyber": frozenset({"catalogue", "receipts"}),
    "audit": frozenset({"catalogue", "cases", "receipts"}),
    "finance": frozenset({"catalogue", "cases"}),
}
"""What each inspecting office may read in its jurisdiction; docs/decisions/0014-tenants.md says why. Nobody of them writes."""

READS: Mapping[str, frozenset[str]] = {
    "auditor": frozenset({"catalogue", "cases", "receipts"}),
    "authority": frozenset({"catalogue", "cases", "receipts"}),
    "leader": frozenset({"catalogue", "cases"}),
    "government": frozenset({"catalogue", "cases"}),
}
"""What roles that look over a whole jurisdiction read there besides their own department's."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the law looks at in a department: responsible person, unit, how many officers, and further texts by field name."""

    responsible: bool
    unit: str
    officers: int
    texts: Mapping[str, str] = field(default_factory=dict)


def missing_profile(profile: Profile, required: Iterable[RequiredField]) -> tuple[RequiredField, ...]:
    """The fields of ``required`` (pack form ``department.profile``) the department has not filled, in the pack's order.

    The text sets no block: a gap is shown to the authority, nothing is refused (XW-5.2). A field the platform has no place of
    its own for is looked up among the profile's texts.
    """
    filled = {"responsible": profile.responsible, "unit": bool(profile.unit.strip()), "officers": profile.officers > 0}

    def has(name: str) -> bool:
        return filled[name] if name in filled else bool(profile.texts.get(name, "").strip())

    return tuple(asked for asked in required if not has(asked.name))


def may_own_resources(kind: str, kinds: Iterable[Option]) -> Decision:
    """Whether a department of this kind may own resources (XW-2.2: only the kinds the pack lists)."""
    return _kind_may(kind, kinds, "may_own_resources", "作为资源的提供部门", "请由其主管的政务部门编目")


def may_apply(kind: str, kinds: Iterable[Option]) -> Decision:
    """Whether a department of this kind may apply for data; where the pack does not tell apart, whoever may own may apply."""
    return _kind_may(kind, kinds, "may_apply", "申请共享数据", "请由其主管的政务部门申请")


def _kind_may(kind: str, kinds: Iterable[Option], fact: str, what: str, remedy: str) -> Decision:
    found = next((option for option in kinds if option.key == kind), None)
    if found is None:
        return Decision(
            False,
            "该类组织不属于办法所称的政务部门",
            remedy="请核对部门类别",
            code="orgs.kind_not_listed",
        )
    if found.facts.get(fact, found.facts.get("may_own_resources", "true")) in (True, "true"):
        return Decision(True, f"{found.title}可以{what}", found.reference)
    return Decision(False, f"{found.title}不能{what}", found.reference, remedy, "orgs.kind_may_not_own")


def may_hold(held: Iterable[str], wanted: str, *, in_authority: bool) -> Decision:
    """Whether a person who holds ``held`` may be given ``wanted`` in a department that is, or is not, the authority."""
    kinds = frozenset(held)
    group = next((key for key, members in KINDS_APART.items() if wanted in members), None)
    for key, members in KINDS_APART.items():
        if group is not None and key != group and members & kinds:
            return Decision(
                False,
                f"“{KIND_TITLES[group]}”类角色与其已有的“{KIND_TITLES[key]}”类角色不能由同一人担任",
                remedy="请先收回另一角色，或交由其他人员担任",
                code="orgs.roles_apart",
            )
    if kinds - {wanted} and (wanted in ALONE or kinds & (ALONE - {wanted})):
        return Decision(
            False,
            "技术服务人员和检查人员不兼任其他角色",
            remedy="请先收回另一角色，或交由其他人员担任",
            code="orgs.roles_apart",
        )
    if wanted in AUTHORITY_ONLY and not in_authority:
        return Decision(
            False,
            "“数据主管”角色只能授予数据主管部门的人员",
            remedy="请在数据主管部门中授予，或先调整人员所属部门",
            code="orgs.not_authority_department",
        )
    return Decision(True, "可以授予")


def term_problem(kind: str, *, office: str, scope: Iterable[str], has_end: bool) -> tuple[str, str] | None:
    """What is wrong with the particulars of a role: (field in Chinese, what); None when nothing is.

    A vendor has work and an end, an inspector an office; nobody else has either.
    """
    given = tuple(scope)
    if kind == "vendor":
        if not given or not set(given) <= set(VENDOR_WORK):
            return "委托事项", "请选择委托的事项"
        if not has_end:
            return "有效至", "技术服务单位的角色须写明委托期限"
    elif given:
        return "委托事项", "只有技术服务单位的角色有委托事项"
    if kind == "inspector":
        if office not in OFFICES:
            return "检查部门", "请选择检查部门：保密、网信、审计或财政"
    elif office:
        return "检查部门", "只有监督检查角色填写检查部门"
    return None


def may_work(scope: Iterable[str], work: str) -> bool:
    """Whether a vendor's scope covers a piece of work (a key of ``VENDOR_WORK``)."""
    return bool(work) and work in set(scope)


def reads_of(kind: str, office: str) -> frozenset[str]:
    """What a role reads over its whole jurisdiction: ``catalogue``, ``cases``, ``receipts``."""
    return INSPECTOR_READS.get(office, frozenset()) if kind == "inspector" else READS.get(kind, frozenset())


def normalise_username(text: str) -> str:
    """The one form a sign-in name is stored and compared in: NFKC, no outer blanks, lower case."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def username_problem(text: str) -> str:
    """Why a normalised sign-in name cannot be used, in Chinese; empty when it can.

    Numbers of people and telephones are refused: a sign-in name appears in lists and in the browser.
    """
    if not USERNAME.fullmatch(text):
        return "登录名为 2 至 40 个字，可用小写字母、数字、汉字和 . _ -，且不以符号开头"
    if person_id_problem(text.upper()) is None or _PHONE.fullmatch(text) or _LONG_NUMBER.fullmatch(text):
        return "登录名不能是身份证件号码或手机号码，请改用姓名拼音或工号"
    return ""
