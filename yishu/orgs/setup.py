"""The first visit: jurisdiction, authority department and first administrator, once, for whoever holds the setup code."""

import hmac
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from yishu.kernel.errors import Conflict, NotAllowed
from yishu.orgs import queries
from yishu.orgs.accounts import create_person, grant_role
from yishu.orgs.actions import create_department, create_jurisdiction
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind
from yishu.orgs.tenants import switch_mode

_LOCK = 0x59_49_53_48  # one number for pg_advisory_xact_lock: "YISH"


def check_setup_code(code: str) -> None:
    """Refuse anyone who cannot read the server's files: an empty platform on a network must not be anybody's."""
    if not hmac.compare_digest(code.strip().encode(), settings.SETUP_CODE.encode()):
        raise NotAllowed(
            "初始化码不正确",
            remedy="请使用启动平台（yishu up）时显示的初始化码；它保存在平台目录的 keys/setup-code 文件中",
            code="orgs.setup_code",
        )


@transaction.atomic
def first_administrator(
    *,
    code: str,
    pack: str,
    department: str,
    uscc: str,
    kind: str,
    username: str,
    name: str,
    password: str,
    at: datetime,
    mode: str = Jurisdiction.Mode.AS_WRITTEN,
) -> Person:
    """Set the platform up. Two visits at once: one wins, the other gets ``Conflict``.

    The administrator gets the role ``admin`` in the authority department. Raises ``NotAllowed`` for a wrong code, ``Conflict``
    when the platform has people already, ``Invalid`` with every problem of department, name or password; then nothing is made.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if queries.any_person():
        raise Conflict("平台已经初始化", remedy="请直接登录；如没有账号，请联系系统管理员", code="orgs.already_set_up")
    check_setup_code(code)
    # A jurisdiction without people is what an interrupted demonstration leaves; it is taken over.
    place = Jurisdiction.objects.filter(pack=pack).first()
    if place is None:
        place = create_jurisdiction(pack=pack, mode=mode, by=None, at=at)
    elif place.mode != mode:
        place = switch_mode(jurisdiction=place, mode=mode, reason="首次使用时选定", by=None, at=at)
    authority = create_department(
        jurisdiction=place, name=department, uscc=uscc, kind=kind, is_authority=True, by=None, at=at
    )
    person, _ = create_person(username=username, name=name, department=authority, password=password, by=None, at=at)
    grant_role(person=person, kind=RoleKind.ADMIN, by=None, at=at)
    return person


@transaction.atomic
def found_tenant(
    *,
    pack: str,
    mode: str,
    name: str,
    parent: Jurisdiction | None,
    department: str,
    uscc: str,
    kind: str,
    username: str,
    person_name: str,
    by: Person,
    at: datetime,
) -> tuple[Jurisdiction, Person, str]:
    """Found a further tenant with its authority and first administrator; returns both and the password, shown once.

    ``by`` is checked for the founding (``tenants.may_found``); what is made inside the new tenant is the platform's doing, since
    nobody of another tenant acts there. Raises ``NotAllowed``, ``Conflict``, ``Invalid``; then nothing is made.
    """
    place = create_jurisdiction(pack=pack, mode=mode, name=name, parent=parent, by=by, at=at)
    authority: Department = create_department(
        jurisdiction=place, name=department, uscc=uscc, kind=kind, is_authority=True, by=None, at=at
    )
    person, password = create_person(username=username, name=person_name, department=authority, by=None, at=at)
    grant_role(person=person, kind=RoleKind.ADMIN, by=None, at=at)
    return place, person, password
