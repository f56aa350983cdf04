"""Ready-made calls for a grant's page: curl and Python against the real gateway address. Django-free, no secrets in them."""

import json
from uuid import UUID

from yishu.catalogue.rules import ResourceSpec

SAMPLE_KEYS = {"person_id": "11010519491231002X", "uscc": "<18 位统一社会信用代码>"}
"""Stand-ins; the first is the example of the standard itself (GB 11643)."""


def curl(gateway: str, spec: ResourceSpec, grant_id: UUID, client_id: str) -> str:
    """Two commands: fetch a token, look a record up."""
    body = json.dumps({"keys": [_key(spec)], "grant": str(grant_id)}, ensure_ascii=False)
    return f"""# 1. 用客户端编号和密钥换取令牌（密钥只在创建时显示一次）
TOKEN=$(curl -s -u "{client_id}:$YISHU_SECRET" -d grant_type=client_credentials \\
  {gateway}/oauth/token | python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])')

# 2. 查询：标识只放在请求正文里
curl -s {gateway}/v1/resources/{spec.url_code}/lookup \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{body}'"""


def python(gateway: str, spec: ResourceSpec, grant_id: UUID, client_id: str) -> str:
    """The same in Python with the standard library's names that everybody has, plus httpx."""
    return f"""import os
import httpx

gateway = "{gateway}"
with httpx.Client(base_url=gateway, timeout=10) as http:
    answer = http.post("/oauth/token", auth=("{client_id}", os.environ["YISHU_SECRET"]),
                       data={{"grant_type": "client_credentials"}})
    answer.raise_for_status()
    http.headers["Authorization"] = f"Bearer {{answer.json()['access_token']}}"
    answer = http.post("/v1/resources/{spec.url_code}/lookup",
                       json={{"keys": ["{_key(spec)}"], "grant": "{grant_id}"}})
    answer.raise_for_status()
    for record in answer.json()["records"]:
        print(record)
    print("凭证编号", answer.json()["receipt"])"""


def _key(spec: ResourceSpec) -> str:
    return SAMPLE_KEYS.get(spec.key.identifier if spec.key else "", "标识")
