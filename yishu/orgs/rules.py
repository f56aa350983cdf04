"""Pure questions about organisations: what a profile lacks, which roles go together, which names may sign in."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from yishu.kernel.codes import person_id_problem
from yishu.law.decision import Decision
from yishu.law.kinds import Option, RequiredField

USERNAME = re.compile(r"[a-z0-9一-鿿][a-z0-9一-鿿._-]{1,39}")
_PHONE = re.compile(r"(?:\+?86)?1[3-9][0-9]{9}")
_LONG_NUMBER = re.compile(r"[0-9]{15}|[0-9]{17}[0-9x]")

APART = ({"admin", "auditor"},)
"""Roles that one person never holds together: who runs the platform does not audit it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What XW-5.2 looks at in a department: responsible person, unit, and how many officers."""

    responsible: bool
    unit: str
    officers: int


def missing_profile(profile: Profile, required: Iterable[RequiredField]) -> tuple[RequiredField, ...]:
    """The fields of ``required`` (pack form ``department.profile``) the department has not filled, in the pack's order.

    The text sets no block: a gap is shown to the authority, nothing is refused (XW-5.2). Raises KeyError for a field the
    platform does not hold, which is a defect of the pack.
    """
    filled = {"responsible": profile.responsible, "unit": bool(profile.unit.strip()), "officers": profile.officers > 0}
    return tuple(field for field in required if not filled[field.name])


def may_own_resources(kind: str, kinds: Iterable[Option]) -> Decision:
    """Whether a department of this kind may own resources and apply (XW-2.2: only the kinds the pack lists)."""
    found = next((option for option in kinds if option.key == kind), None)
    if found is None:
        return Decision(
            False,
            "该类组织不属于办法所称的政务部门",
            remedy="请核对部门类别",
            code="orgs.kind_not_listed",
        )
    owns = found.facts.get("may_own_resources", "true") in (True, "true")
    if owns:
        return Decision(True, f"{found.title}属于办法所称的政务部门", found.reference)
    return Decision(
        False,
        f"{found.title}不能作为资源的提供部门",
        found.reference,
        "请由其主管的政务部门编目",
        "orgs.kind_may_not_own",
    )


def may_hold(held: Iterable[str], wanted: str, *, in_authority: bool) -> Decision:
    """Whether a person who holds ``held`` may be given ``wanted`` in a department that is, or is not, the authority."""
    together = {*held, wanted}
    for pair in APART:
        if pair <= together and wanted in pair:
            return Decision(
                False,
                "系统管理与审计不能由同一人担任",
                remedy="请先收回另一角色，或交由其他人员担任",
                code="orgs.roles_apart",
            )
    if wanted == "authority" and not in_authority:
        return Decision(
            False,
            "“数据主管”角色只能授予数据主管部门的人员",
            remedy="请在数据主管部门中授予，或先调整人员所属部门",
            code="orgs.not_authority_department",
        )
    return Decision(True, "可以授予")


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
