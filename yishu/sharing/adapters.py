"""What the gateway reads, written in the transaction of the action that changes it (schema ``gateway``, sql/0001_gateway.sql)."""

import json
from typing import Any

from django.db import connection, transaction

from yishu.catalogue.queries import published_version
from yishu.catalogue.rules import ResourceSpec
from yishu.orgs.models import Client
from yishu.security.masks import MASKS
from yishu.sharing.models import Grant
from yishu.sharing.plane import compile_lookup
from yishu.sharing.queries import access_reference
from yishu.sharing.rules import LOOKUP, OPS, RowCondition, can_look_up, check_grant, conditions

_CLIENT = """
insert into gateway.client (client_id, name, department_id, department_name, secret_digest, active)
values (%s, %s, %s, %s, %s, %s)
on conflict (client_id) do update set name = excluded.name, department_id = excluded.department_id,
    department_name = excluded.department_name, secret_digest = excluded.secret_digest, active = excluded.active
"""
_GRANT = """
insert into gateway.grant_ (id, resource_code, department_id, department_name, clients, spec, key_identifier, lookup_sql,
    starts_on, ends_on, active)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (id) do update set resource_code = excluded.resource_code, department_id = excluded.department_id,
    department_name = excluded.department_name, clients = excluded.clients, spec = excluded.spec,
    key_identifier = excluded.key_identifier, lookup_sql = excluded.lookup_sql, starts_on = excluded.starts_on,
    ends_on = excluded.ends_on, active = excluded.active
"""


def publish_client(client: Client) -> None:
    """Write one machine client for the gateway; a disabled client, or one of a closed department, is inactive."""
    active = client.disabled_at is None and client.department.active
    row = (client.client_id, client.name, client.department_id, client.department.name, client.secret_digest, active)
    _execute(_CLIENT, row)


def publish_grant(grant: Grant) -> None:
    """Compile a grant on the resource version it stands on and write it for the gateway; a revoked one stays, inactive.

    Raises ``Invalid`` when the grant's content does not fit that version: then the action that asked for it fails too.
    """
    spec = published_version(grant.resource_id, grant.resource_version)
    row_filter = conditions(grant.row_filter)
    check_grant(spec, items=grant.items, row_filter=row_filter, masks_=grant.masks)
    sql = compile_lookup(spec, grant.items, row_filter, grant.masks) if can_look_up(spec, grant.modes) else ""
    programs = grant.clients.values_list("client_id", flat=True) if LOOKUP in grant.modes else ()
    row = (
        grant.pk,
        spec.code,
        grant.department_id,
        grant.department.name,
        sorted(programs),
        json.dumps(shown(grant, spec, row_filter), ensure_ascii=False),
        spec.key.identifier if spec.key else "",
        sql,
        grant.starts_on,
        grant.ends_on,
        grant.state == Grant.State.ACTIVE and grant.department.active,
    )
    _execute(_GRANT, row)


def republish_grants() -> int:
    """Compile every active grant anew; returns how many. Compiled text belongs to the program version that made it.

    ``yishu prepare`` calls it after migrating, so that an upgrade never leaves the gateway text of an older shape.
    """
    rows = Grant.objects.filter(state=Grant.State.ACTIVE).select_related("department").order_by("granted_at")
    with transaction.atomic():
        # Locked, as every writer of a grant does: one revoked meanwhile must not be published as it was before.
        grants = list(rows.select_for_update(of=("self",)))
        for grant in grants:
            publish_grant(grant)
    return len(grants)


def shown(grant: Grant, spec: ResourceSpec, row_filter: tuple[RowCondition, ...]) -> dict[str, Any]:
    """What ``GET /v1/resources`` says about a grant, in JSON-ready values."""
    return {
        "title": spec.title,
        "provider": spec.department_name,
        "version": spec.version,
        "update_cycle": spec.update_cycle,
        "key": spec.key.name if spec.key else "",
        "items": [
            {
                "column": i.column,
                "name": i.name,
                "type": i.data_type,
                "mask": grant.masks.get(i.column, ""),
                "shows": MASKS[grant.masks[i.column]].shows if grant.masks.get(i.column) else "",
                "description": i.description,
            }
            for i in spec.items
            if i.column in grant.items
        ],
        "filters": [in_words(spec, condition) for condition in row_filter],
        "purpose": grant.purpose,
        "modes": list(grant.modes),
        "article": (reference := access_reference(grant)).row or str(reference),
    }


def in_words(spec: ResourceSpec, condition: RowCondition) -> str:
    """A condition as people read it: ``行政区划代码 开头是 410821``."""
    name = next((i.name for i in spec.items if i.column == condition.column), condition.column)
    if condition.op == "range":
        low, high = condition.values
        return f"{name} {'从 ' + low if low else ''}{' ' if low and high else ''}{'到 ' + high if high else ''}".strip()
    return f"{name} {OPS[condition.op]} {'、'.join(condition.values)}".strip()


def epoch() -> int:
    """The present grant epoch: moves with every change of clients, grants and serving pointers."""
    with connection.cursor() as cursor:
        cursor.execute("select value from gateway.epoch")
        return int(cursor.fetchone()[0])


def _execute(sql: str, row: tuple[Any, ...]) -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("the gateway's tables are written in the transaction of the action that changes them")
    with connection.cursor() as cursor:
        cursor.execute(sql, row)
