"""``GET /openapi.json``: OpenAPI 3.1 for this caller alone, with the granted resources and their items and nothing else."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from yishu.gateway.access import Accesses, Granted
from yishu.gateway.callers import Callers
from yishu.gateway.http import Answer, Exchange, Scope, json_answer, require_no_query
from yishu.gateway.keys import MAX_KEY_LENGTH, MAX_KEYS
from yishu.gateway.rules import may_look_up
from yishu.kernel import codes
from yishu.kernel.time import shanghai_date

_JSON_TYPES: Mapping[str, str] = {
    "int64": "integer",
    "float64": "number",
    "decimal(38, 6)": "number",
    "boolean": "boolean",
    "N": "number",
    "Y": "number",
    "B": "number",
    "F": "number",
    "I": "integer",
    "L": "boolean",
}
"""Item types (Ibis names or guide 1272 letters) that are not strings in JSON; a masked item is always a string or null."""
_PATTERNS = {
    "person_id": f"^{codes.PERSON_ID_PATTERN}$",
    "identity_document": f"^{codes.IDENTITY_DOCUMENT_PATTERN}$",
    "uscc": f"^{codes.USCC_PATTERN}$",
}


class Description:
    """Describes the service to each caller."""

    def __init__(self, *, callers: Callers, accesses: Accesses, version: str) -> None:
        self._callers, self._accesses, self._version = callers, accesses, version

    async def __call__(self, scope: Scope, _: Exchange, __: str) -> Answer:
        """The caller's document; grants that cannot be used today are left out."""
        now = datetime.now(UTC)
        subject = self._callers.subject(scope, now)
        require_no_query(scope)
        today = shanghai_date(now)
        granted = [g for g in await self._accesses.all(subject) if may_look_up(g.grant, today).allowed]
        return json_answer(document(granted, self._version))


def document(granted: Sequence[Granted], version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document over these grants."""
    schemas: dict[str, Any] = {"Problem": _problem_schema()}
    paths: dict[str, Any] = {"/oauth/token": {"post": _token_operation()}}
    for one in granted:
        url_code = one.code.replace("/", "-")
        name = f"Record.{url_code}"
        if name not in schemas:
            schemas[name] = _record_schema(one)
            paths[f"/v1/resources/{url_code}/lookup"] = {"post": _lookup_operation(one, name)}
    for path, summary, kind in (
        ("/v1/resources", "本部门获得的授权", "application/json"),
        ("/v1/receipts/{id}", "调用记录凭证", "application/json"),
        ("/log/checkpoint", "存证日志的签名检查点", "text/plain"),
        ("/log/proof", "两个检查点之间的一致性证明", "application/json"),
        ("/healthz", "服务状态", "application/json"),
    ):
        paths[path] = {"get": _get(summary, kind, _parameters(path))}
    for public in ("/oauth/token", "/log/checkpoint", "/healthz"):
        for operation in paths[public].values():
            operation["security"] = []
    return {
        "openapi": "3.1.0",
        "info": {"title": "一数 Yishu 数据共享网关", "version": version, "description": "仅列出本客户端可用的资源。"},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "client": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
                }
            },
        },
        "security": [{"client": []}],
    }


def _record_schema(one: Granted) -> dict[str, Any]:
    properties = {}
    for item in one.grant.spec.get("items", ()):
        masked = item.get("mask") or ""
        kind = "string" if masked else _JSON_TYPES.get(str(item.get("type", "")), "string")
        properties[str(item["name"])] = {
            "type": [kind, "null"],
            "description": f"信息项 {item['column']}" + (f"，已脱敏（{masked}）" if masked else ""),
        }
    title = str(one.grant.spec.get("title", one.code))
    return {"type": "object", "title": title, "properties": properties, "required": list(properties)}


def _lookup_operation(one: Granted, schema: str) -> dict[str, Any]:
    grant = one.grant
    key: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH}
    if grant.key_identifier in _PATTERNS:
        key["pattern"] = _PATTERNS[grant.key_identifier]
    body = {
        "type": "object",
        "required": ["keys"],
        "additionalProperties": False,
        "properties": {
            "keys": {"type": "array", "minItems": 1, "maxItems": MAX_KEYS, "items": key},
            "grant": {"type": "string", "format": "uuid", "description": "本部门对此资源有多个授权时指明其一"},
        },
    }
    answer = {
        "type": "object",
        "required": ["records", "found", "receipt", "resource", "version", "load", "grant"],
        "properties": {
            "records": {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}},
            "found": {
                "type": "array",
                "items": {"type": "integer", "minimum": 0},
                "description": "每条记录对应的标识在 keys 中的位置（从 0 起）",
            },
            "receipt": {"type": "string", "format": "uuid", "description": "调用记录凭证编号"},
            "resource": {"type": "string"},
            "version": {"type": "integer", "description": "目录版本"},
            "load": {"type": "string", "format": "uuid", "description": "数据批次"},
            "grant": {"type": "string", "format": "uuid"},
        },
    }
    return {
        "summary": f"按标识查询 {grant.spec.get('title', one.code)}",
        "description": f"具体用途：{grant.purpose}；使用期限：{grant.starts_on} 至 {grant.ends_on}。",
        "operationId": f"lookup_{one.code.replace('/', '_')}",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {
                "description": "查到的记录",
                "headers": {"X-Receipt-Id": {"schema": {"type": "string", "format": "uuid"}}},
                "content": {"application/json": {"schema": answer}},
            },
            **_problems(),
        },
    }


def _parameters(path: str) -> list[dict[str, Any]]:
    if path == "/v1/receipts/{id}":
        return [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}]
    if path == "/log/proof":
        number = {"type": "integer", "minimum": 0}
        return [{"name": name, "in": "query", "required": True, "schema": number} for name in ("from", "to")]
    return []


def _get(summary: str, kind: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": parameters,
        "responses": {"200": {"description": summary, "content": {kind: {}}}, **_problems()},
    }


def _token_operation() -> dict[str, Any]:
    form = {"type": "object", "required": ["grant_type"], "properties": {}}
    form["properties"] = {
        "grant_type": {"const": "client_credentials"},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
    }
    return {
        "summary": "申请访问令牌",
        "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": form}}},
        "responses": {"200": {"description": "访问令牌", "content": {"application/json": {}}}, **_problems()},
    }


def _problems() -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"default": {"description": "错误（RFC 9457）", "content": problem}}


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["type", "title", "status", "code", "next"],
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "稳定的错误代码"},
            "next": {"type": "string", "description": "怎么办"},
            "reference": {"type": "object", "description": "法规依据"},
        },
    }
