"""Database roles and their rights. The gateway's role may read serving tables and compiled grants, and add to the ledger."""

from pathlib import Path
from typing import LiteralString
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from yishu.config.environment import Environment
from yishu.config.secrets import secret_text
from yishu.kernel.errors import Unavailable

GATEWAY_ROLE = "yishu_gateway"

RIGHTS: tuple[LiteralString, ...] = (
    "grant usage on schema gateway, serving, ledger to {role}",
    "grant select on all tables in schema gateway to {role}",
    "grant select on all tables in schema serving to {role}",
    "alter default privileges in schema serving grant select on tables to {role}",
    "grant insert, select (id) on ledger.inbox to {role}",
    "grant select on ledger.log, ledger.leaf, ledger.tile, ledger.checkpoint to {role}",
)
"""Everything the gateway may do (DESIGN §6); tests/runtime/test_roles.py holds it against what it must not."""

CLOSED_TO_PUBLIC: tuple[LiteralString, ...] = (
    "grant usage, create on schema public to current_user",
    "revoke all on schema public from public",
    "revoke all on all tables in schema gateway, serving, ledger from public",
)


class RoleMissing(Unavailable):
    """The operator's database lacks the gateway's role and the platform may not make it."""

    code = "runtime.gateway_role_missing"


def gateway_role(database_url: str) -> str:
    """The gateway's role in that database: ``yishu_gateway``, with the database's name behind it unless that is ``yishu``.

    Roles belong to the whole server, so two platforms on one server need two names.
    """
    name = unquote(urlsplit(database_url).path.lstrip("/"))
    return GATEWAY_ROLE if name == "yishu" else f"{GATEWAY_ROLE}_{name}"[:63]


def with_login(database_url: str, user: str, password: str) -> str:
    """The same database, for another role."""
    parts = urlsplit(database_url)
    host = parts.hostname or ""
    place = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{place}{port}"))


def gateway_url(environment: Environment, database_url: str | None = None) -> str:
    """The gateway's address of the database: ``YISHU_GATEWAY_DATABASE_URL``, or the platform's own role and password.

    ``database_url`` stands for the control plane's database where it is not the environment's (tests).
    """
    if environment.gateway_database_url and database_url is None:
        return environment.gateway_database_url
    url = environment.control_url() if database_url is None else database_url
    return with_login(url, gateway_role(url), _password(environment.home))


def _password(home: Path) -> str:
    return secret_text(home, "gateway-database-password")


def ensure_role(connection: "psycopg.Connection[tuple[object, ...]]", role: str, password: str) -> None:
    """Make a role that may sign in with that password and nothing else, or give an existing one that password.

    Raises ``psycopg.errors.InsufficientPrivilege`` where this connection may not make roles.
    """
    # Hashed here: a server that logs statements must not log the password.
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    exists = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
    # Who is no superuser may not even name these attributes of an existing role (PostgreSQL 16: nor createdb, without having it).
    statement = "alter role {} login password {}"
    if not exists:
        statement = "create role {} login nosuperuser nocreatedb nocreaterole password {}"
    connection.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(hashed)))


def ensure_gateway_role(environment: Environment, database_url: str | None = None) -> str:
    """Make sure the gateway's role exists and its address works; returns the role's name.

    Raises ``RoleMissing`` with the statements an administrator must run where the platform may not make roles.
    """
    if environment.gateway_database_url and database_url is None:
        return unquote(urlsplit(environment.gateway_database_url).username or "")
    url = environment.control_url() if database_url is None else database_url
    role, password = gateway_role(url), _password(environment.home)
    try:
        with psycopg.connect(with_login(url, role, password), connect_timeout=5):
            return role
    except psycopg.OperationalError:
        pass  # not there yet, or with another password
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            ensure_role(connection, role, password)
    except psycopg.errors.InsufficientPrivilege as error:
        raise RoleMissing(
            f"数据库里没有网关用的角色 {role}，平台也无权建立",
            remedy=f"请数据库管理员建立一个可登录的角色（create role {role} login password '…'），"
            "再用 YISHU_GATEWAY_DATABASE_URL 告诉平台",
            object_=role,
        ) from error
    return role


def grant_gateway_rights(connection: "psycopg.Connection[tuple[object, ...]]", role: str) -> None:
    """Give the gateway's role exactly its rights, after the migrations have run; safe to repeat.

    ``connection`` belongs to the owner of the schemas (the control plane's role), because new serving tables carry the
    default privileges of who makes them. Nothing is committed here.
    """
    name = sql.Identifier(role)
    # Whatever an earlier version or an administrator granted goes first.
    connection.execute(
        sql.SQL("revoke all on all tables in schema gateway, serving, ledger, public from {role}").format(role=name)
    )
    for statement in CLOSED_TO_PUBLIC:
        connection.execute(statement)
    for statement in RIGHTS:
        connection.execute(sql.SQL(statement).format(role=name))
