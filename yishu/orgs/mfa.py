"""Second factors of people: an authenticator app (TOTP, RFC 6238), security keys (WebAuthn), recovery codes.

allauth keeps the rows and interrupts the sign-in (``allauth.mfa``); what is right, and every change with its ledger event, is here.
Nothing here knows a request: ceremonies of security keys stand in ``orgs.mfa_keys``.
"""

import hmac
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt, encrypt
from django.conf import settings
from django.db import transaction

from yishu.kernel.errors import Conflict, Invalid, NotAllowed, Problem
from yishu.ledger import actions as ledger
from yishu.ledger.digests import Digester
from yishu.orgs import queries
from yishu.orgs.guards import not_found, require_here
from yishu.orgs.models import Person, RoleKind

PASSED = "second_factor"
"""Session key: whose second step was taken in this session (primary key), at sign-in or by enrolling the factor in it."""
PRIVILEGED = frozenset({"admin", "authority", "auditor", "operator"})
"""Roles that must have a second factor under ``YISHU_SECOND_FACTOR=privileged``."""
APP, KEY, CODES = Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN, Authenticator.Type.RECOVERY_CODES
KIND_WORDS: Mapping[str, str] = {APP: "验证器应用", KEY: "安全密钥", CODES: "恢复码"}
STEP = 30
"""Seconds a code of the app is shown (RFC 6238, 5.2)."""
DRIFT = 1
"""Steps the telephone's clock may be off, either way."""
MOST_KEYS = 10
_BLANKS = re.compile(r"[\s-]")


def demanded(person: Person, at: datetime) -> bool:
    """Whether the operator asks this person for a second factor (``YISHU_SECOND_FACTOR``)."""
    wanted = settings.ENVIRONMENT.second_factor
    return wanted == "all" or (wanted == "privileged" and bool(queries.roles_of(person, at) & PRIVILEGED))


def enrolled(person: Person) -> bool:
    """Whether the person has an app or a key; recovery codes alone are none."""
    found: bool = Authenticator.objects.filter(user=person, type__in=(APP, KEY)).exists()
    return found


def factors_of(person: Person) -> list[Authenticator]:
    """The person's app and keys, oldest first."""
    return list(Authenticator.objects.filter(user=person, type__in=(APP, KEY)).order_by("created_at", "pk"))


def codes_left(person: Person) -> int:
    """How many recovery codes are still unused."""
    row = Authenticator.objects.filter(user=person, type=CODES).first()
    return len(row.wrap().get_unused_codes()) if row else 0


@transaction.atomic
def enrol_app(*, person: Person, secret: str, code: str, at: datetime) -> list[str]:
    """Enrol an authenticator app that shows the right code; returns the recovery codes if this made the first ones, else [].

    The code just typed cannot be used again to sign in. Raises ``Invalid`` for a wrong code, ``Conflict`` with an app enrolled.
    """
    _lock(person)
    if Authenticator.objects.filter(user=person, type=APP).exists():
        raise Conflict("已经有验证器应用", remedy="更换手机的，请先移除原来的再添加", code="orgs.factor_enrolled")
    counter = matching_counter(secret, code, at)
    if counter is None:
        raise Invalid(
            "验证器应用没有添加",
            remedy="请核对手机时间是否自动校准，再输入应用里现在显示的 6 位数字",
            problems=[Problem("验证码", "不正确或已过时", "请输入应用里现在显示的数字", "orgs.code_wrong")],
            code="orgs.code_wrong",
        )
    data = {"secret": encrypt(secret), "counter": counter}
    Authenticator.objects.create(user=person, type=APP, data=data, created_at=at)
    return _enrolled(person, "totp", at)


@transaction.atomic
def enrol_key(*, person: Person, name: str, credential: Mapping[str, Any], at: datetime) -> list[str]:
    """Enrol a security key whose registration ``orgs.mfa_keys.finish_registration`` verified; recovery codes as ``enrol_app``."""
    _lock(person)
    keys = Authenticator.objects.filter(user=person, type=KEY)
    if keys.count() >= MOST_KEYS:
        raise Conflict(f"最多登记 {MOST_KEYS} 个安全密钥", remedy="请先移除不再使用的", code="orgs.too_many_keys")
    name = "".join(c for c in unicodedata.normalize("NFKC", name) if c.isprintable()).strip()[:40]
    data = {"name": name or f"安全密钥 {keys.count() + 1}", "credential": dict(credential), "sign_count": 0}
    Authenticator.objects.create(user=person, type=KEY, data=data, created_at=at)
    return _enrolled(person, "webauthn", at)


@transaction.atomic
def remove_factor(*, person: Person, pk: int, at: datetime) -> str:
    """Remove one of the person's own factors; with the last one the recovery codes go. Returns its kind in words.

    Raises ``NotFound`` for somebody else's, ``NotAllowed`` for the last one of somebody who must have one.
    """
    _lock(person)
    row = Authenticator.objects.filter(user=person, type__in=(APP, KEY), pk=pk).first()
    if row is None:
        raise not_found()
    last = Authenticator.objects.filter(user=person, type__in=(APP, KEY)).count() == 1
    if last and demanded(person, at):
        raise NotAllowed(
            "这是最后一个第二因子，不能移除",
            why="按平台设置，您的角色登录时须使用第二因子",
            remedy="请先添加另一个，再移除这一个",
            code="orgs.last_factor",
        )
    kind: str = row.type
    row.delete()
    if last:
        Authenticator.objects.filter(user=person).delete()
    _tell(person, "orgs.factor_removed", person, at, code=kind)
    return KIND_WORDS[kind]


@transaction.atomic
def new_recovery_codes(*, person: Person, at: datetime) -> list[str]:
    """Make ten new recovery codes, shown once; the old ones stop working. Raises ``Conflict`` without a factor."""
    _lock(person)
    if not enrolled(person):
        raise Conflict("还没有第二因子，不需要恢复码", remedy="请先添加验证器应用或安全密钥", code="orgs.no_factor")
    Authenticator.objects.filter(user=person, type=CODES).delete()
    codes: list[str] = RecoveryCodes.activate(person).get_unused_codes()
    _tell(person, "orgs.recovery_codes_made", person, at)
    return codes


@transaction.atomic
def use_code(*, person: Person, code: str, at: datetime) -> bool:
    """Whether a code of the app, or an unused recovery code, is right; each works once, whoever asks at the same time."""
    code = _BLANKS.sub("", unicodedata.normalize("NFKC", code))
    if not code.isascii() or not code.isdigit():
        return False
    for row in Authenticator.objects.select_for_update().filter(user=person, type__in=(APP, CODES)).order_by("pk"):
        if row.type == CODES:
            if not row.wrap().validate_code(code):
                continue
            _tell(person, "orgs.recovery_code_used", person, at)
            Authenticator.objects.filter(pk=row.pk).update(last_used_at=at)
            return True
        counter = matching_counter(decrypt(row.data["secret"]), code, at, after=row.data.get("counter", -1))
        if counter is not None:
            row.data["counter"], row.last_used_at = counter, at
            row.save(update_fields=["data", "last_used_at"])
            return True
    return False


@transaction.atomic
def use_key(*, person: Person, pk: int, sign_count: int, at: datetime) -> bool:
    """Note that a key signed; False when its counter did not go on, which is what a copied key looks like (WebAuthn L2, 6.1.1)."""
    row = Authenticator.objects.select_for_update().get(user=person, type=KEY, pk=pk)
    before = row.data.get("sign_count", 0)
    if (sign_count or before) and sign_count <= before:
        _tell(person, "orgs.key_looks_copied", person, at)
        return False
    row.data["sign_count"], row.last_used_at = sign_count, at
    row.save(update_fields=["data", "last_used_at"])
    return True


@transaction.atomic
def reset_factors(*, person: Person, reason: str, by: Person | None, at: datetime) -> int:
    """Take all factors off somebody who lost them; returns how many. The reason goes to the ledger as a digest.

    ``by`` None: the operator, on the server (``yishu reset-factors``).
    Raises ``NotFound`` across tenants, ``NotAllowed`` for oneself and without the role, ``Invalid`` without a reason.
    """
    row = _lock(person)
    require_here(by, RoleKind.ADMIN, row, at)
    if by is not None and row.pk == by.pk:
        raise NotAllowed(
            "不能重置自己的第二因子",
            remedy="请由另一名系统管理员办理；仍能登录的请在“登录安全”中更换",
            code="orgs.not_oneself",
        )
    reason = "".join(c for c in reason if c.isprintable()).strip()
    if not 4 <= len(reason) <= 200:
        raise Invalid(
            "第二因子没有重置",
            remedy="请写明理由，如“手机遗失，已当面核实身份”",
            problems=[Problem("理由", "理由为 4 至 200 个字", "请写明怎样核实了本人身份", "orgs.reason")],
            code="orgs.reason",
        )
    count = len(factors_of(row))
    if not count:
        raise Conflict("此人没有第二因子，不需要重置", object_=row.name, remedy="请返回人员页面", code="orgs.no_factor")
    Authenticator.objects.filter(user=row).delete()
    digest = Digester.load(settings.ENVIRONMENT.home).digest(reason, "reason")
    _tell(row, "orgs.factors_reset", by, at, reason=digest)
    return count


def matching_counter(secret: str, code: str, at: datetime, *, after: int = -1) -> int | None:
    """The time step whose code this is, within ``DRIFT`` of ``at`` and later than ``after``; None when there is none."""
    code = _BLANKS.sub("", unicodedata.normalize("NFKC", code))
    now = int(at.timestamp()) // STEP
    found = None
    for counter in range(now - DRIFT, now + DRIFT + 1):
        right = hmac.compare_digest(format_hotp_value(hotp_value(secret, counter)).encode(), code.encode())
        if right and counter > after:
            found = counter
    return found


def _lock(person: Person) -> Person:
    """Changes of one person's factors wait for one another."""
    return Person.objects.select_for_update(of=("self",)).select_related("department__jurisdiction").get(pk=person.pk)


def _enrolled(person: Person, code: str, at: datetime) -> list[str]:
    _tell(person, "orgs.factor_enrolled", person, at, code=code)
    if Authenticator.objects.filter(user=person, type=CODES).exists():
        return []
    codes: list[str] = RecoveryCodes.activate(person).get_unused_codes()
    return codes


def _tell(person: Person, event: str, by: Person | None, at: datetime, **facts: str) -> None:
    ledger.record(
        kind="event", by=by, at=at, department=person.department_id,
        facts={"event": event, "person": str(person.pk), **facts},
    )  # fmt: skip
