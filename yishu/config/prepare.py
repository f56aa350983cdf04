"""What must be done before the parts start: migrations, grants compiled anew, older resources in the one-source registry, the gateway's
rights. Safe to repeat."""

from django.core.management import call_command
from django.db import connection
from django.db.utils import OperationalError
from django.utils import timezone

from yishu.config.environment import Environment
from yishu.kernel.errors import Unavailable
from yishu.runtime.roles import ensure_gateway_role, grant_gateway_rights
from yishu.sharing.adapters import republish_grants
from yishu.stewardship.backfill import backfill

PREPARE_LOCK = 0x5953_0001
"""Advisory lock: two starts on one database migrate one after the other."""


def prepare(environment: Environment) -> None:
    """Bring the database to this version.

    Raises ``Unavailable`` when the database cannot be reached, ``RoleMissing`` when the gateway's role cannot be made.
    """
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise Unavailable(
            "连不上数据库",
            remedy="请先启动平台（yishu up），或检查 YISHU_DATABASE_URL",
            code="runtime.database_unreachable",
        ) from error
    role = ensure_gateway_role(environment)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", (PREPARE_LOCK,))
        try:
            call_command("migrate", interactive=False, verbosity=1)
            republish_grants()
            backfill(at=timezone.now())
            grant_gateway_rights(connection.connection, role)
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", (PREPARE_LOCK,))
