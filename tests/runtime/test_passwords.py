"""Passwords of database roles travel as SCRAM verifiers: a server that logs statements logs no password."""

import psycopg
import pytest

from yishu.runtime.roles import ensure_role, with_login

pytestmark = pytest.mark.django_db


def test_role_password_is_hashed_before_it_is_sent_and_works(database_url: str) -> None:
    sent: list[str] = []

    class Listening(psycopg.Connection[tuple[object, ...]]):
        def execute(self, query, params=None, **rest):  # type: ignore[no-untyped-def]
            sent.append(query if isinstance(query, str) else query.as_string(self))
            return super().execute(query, params, **rest)

    role, password = "yishu_test_scram", "geheim-2026-Mima"
    with Listening.connect(database_url, autocommit=True) as connection:
        try:
            ensure_role(connection, role, password)
            ensure_role(connection, role, password)
            assert not [statement for statement in sent if password in statement]
            assert len([s for s in sent if "SCRAM-SHA-256$" in s]) == 2
            with psycopg.connect(with_login(database_url, role, password)) as mine:
                assert mine.info.user == role
        finally:
            connection.execute(f"drop role if exists {role}")
