"""The gateway's database role holds its rights and no other."""

import psycopg
import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "select * from serving.current",
        "select value from gateway.epoch",
        "select * from gateway.grant_",
        "select * from gateway.client",
        "select count(*) from ledger.leaf",
        "insert into ledger.inbox (id, entry) values (gen_random_uuid(), '') returning (select value from gateway.epoch)",
    ],
)
def test_gateway_role_own_work_allowed(gateway_database_url: str, statement: str) -> None:
    with psycopg.connect(gateway_database_url) as connection:
        connection.execute(statement)
        connection.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "select * from public.orgs_person",
        "select * from ledger.inbox",
        "delete from ledger.inbox",
        "update ledger.leaf set entry = ''",
        "delete from ledger.leaf",
        "update ledger.checkpoint set note = ''",
        "update gateway.epoch set value = 1",
        "insert into gateway.client values ('a', 'a', 1, 'a', 'a', true)",
        "update gateway.grant_ set active = true",
        "update serving.current set rows = 0",
        "create table serving.mine ()",
        "create table public.mine ()",
        "create schema mine",
        "set role yishu",
    ],
)
def test_gateway_role_foreign_work_refused(gateway_database_url: str, statement: str) -> None:
    with (
        psycopg.connect(gateway_database_url) as connection,
        pytest.raises(
            (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue, psycopg.errors.UndefinedTable)
        ),
    ):
        connection.execute(statement)


def test_gateway_role_new_serving_table_readable(gateway_database_url: str, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("create table serving.r0_new (k text)")
        try:
            with psycopg.connect(gateway_database_url) as connection:
                assert connection.execute("select count(*) from serving.r0_new").fetchone() == (0,)
        finally:
            owner.execute("drop table serving.r0_new")
