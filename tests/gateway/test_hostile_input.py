"""What malformed, oversized and hostile requests get: a clear problem, nothing done, nothing leaked."""

import json
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Any]


@pytest.fixture
def post(world: Any, sign_in: SignIn) -> Callable[..., httpx.Response]:
    """Posts raw bytes to the lookup of a granted resource."""
    holder = world.holder()
    world.grant(holder)
    caller = sign_in(holder)

    def send(content: Any, content_type: str = "application/json", query: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {caller.token}", "Content-Type": content_type}
        answer: httpx.Response = caller.http.post(
            f"/v1/resources/{world.url_code}/lookup{query}", content=content, headers=headers
        )
        return answer

    return send


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "gateway.bad_body"),
        (b"{", 400, "gateway.bad_body"),
        (b"[]", 400, "gateway.bad_body"),
        (b"null", 400, "gateway.bad_body"),
        (b'"keys"', 400, "gateway.bad_body"),
        (b"{}", 400, "gateway.bad_body"),
        (b'{"keys": "x"}', 400, "gateway.bad_body"),
        (b'{"keys": 5}', 400, "gateway.bad_body"),
        (b'{"keys": null}', 400, "gateway.bad_body"),
        (b'{"keys": {"a": 1}}', 400, "gateway.bad_body"),
        (b'{"keys": ["a"], "sql": "select"}', 400, "gateway.bad_body"),
        (b'{"keys": ["a"], "keys": ["b"]}', 400, "gateway.bad_body"),
        (b'{"keys": ["a"], "k\\u0065ys": ["b"]}', 400, "gateway.bad_body"),
        (b'{"keys": ["a"], "grant": "no uuid"}', 400, "gateway.bad_body"),
        (b'{"keys": ["a"], "grant": 5}', 400, "gateway.bad_body"),
        (b'{"keys": ["\xff\xfe"]}', 400, "gateway.bad_body"),
        (b'{"keys": ["\\ud800"]}', 400, "gateway.bad_body"),
        (b'{"keys": ["a\x00b"]}', 400, "gateway.bad_body"),
        (b'{"keys": [NaN]}', 400, "gateway.bad_body"),
        (b"[" * 50_000, 400, "gateway.bad_body"),
        (b'{"keys":' + b"[" * 500 + b"]" * 500 + b"}", 422, "gateway.bad_keys"),
        (b'{"keys": [["a"]]}', 422, "gateway.bad_keys"),
        (b'{"keys": ["a\\u0000b"]}', 422, "gateway.bad_keys"),
        (b'{"keys": ["' + b"1" * 70_000 + b'"]}', 413, "gateway.body_too_large"),
    ],
)
def test_body_hostile_gets_a_problem(post: Callable[..., httpx.Response], body: bytes, status: int, code: str) -> None:
    answer = post(body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] and answer.json()["next"] and answer.json()["status"] == status


def test_body_chunked_within_limit_read_beyond_refused(post: Callable[..., httpx.Response], people: Any) -> None:
    pieces = [b'{"keys": [', json.dumps(people.ids[0]).encode(), b"]}"]
    assert post(iter(pieces)).status_code == 200
    assert post(iter([b" " * 10_000] * 10)).status_code == 413


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=gbk"]
)
def test_content_type_wrong_refused(post: Callable[..., httpx.Response], people: Any, kind: str) -> None:
    answer = post(json.dumps({"keys": [people.ids[0]]}), kind)
    assert (answer.status_code, answer.json()["code"]) == (415, "gateway.bad_content_type")


def test_key_in_address_refused_and_never_logged(
    post: Callable[..., httpx.Response], people: Any, gateway: Any
) -> None:
    answer = post(json.dumps({"keys": [people.ids[5]]}), query=f"?id={people.ids[5]}")
    assert (answer.status_code, answer.json()["code"]) == (400, "gateway.no_query_allowed")
    assert people.ids[5] not in gateway.log.read_text() and people.ids[5] not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/resources/1-1/lookup", "POST"),
        ("DELETE", "/v1/resources/1-1", "GET"),
        ("POST", "/v1/resources", "GET"),
        ("GET", "/oauth/token", "POST"),
        ("PUT", "/healthz", "GET"),
        ("OPTIONS", "/openapi.json", "GET"),
    ],
)
def test_method_wrong_refused_with_allow(gateway: Any, method: str, path: str, allow: str) -> None:
    answer = httpx.request(method, gateway.url + path)
    assert answer.status_code == 405 and answer.headers["allow"] == allow


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/resources", "/metrics", "/log", "/v1/receipts", "/admin", "//healthz", "/healthz/"]
)
def test_path_unknown_not_found(gateway: Any, path: str) -> None:
    answer = httpx.get(gateway.url + path)
    assert (answer.status_code, answer.json()["code"]) == (404, "gateway.no_such_path")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\nContent-Length: zz\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"GET /%zz%ff%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\nConnection: close\r\n\r\n0\r\n\r\n",
        b"GET /v1/resources HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\xfe\r\nConnection: close\r\n\r\n",
        b"GET /v1/resources HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 600_000 + b"\r\n\r\n",
    ],
)
def test_raw_bytes_never_a_server_error_and_the_gateway_lives(gateway: Any, request_: bytes) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        try:
            connection.sendall(request_)
            answer = connection.recv(4096)
        except OSError:
            answer = b""
    assert not answer or answer.split(b" ")[1][:1] == b"4"
    assert httpx.get(f"{gateway.url}/healthz").status_code == 200


def test_answers_carry_no_header_from_the_request(gateway: Any) -> None:
    answer = httpx.get(f"{gateway.url}/v1/resources/%0d%0aX-Injected:%201", headers={"Authorization": "Bearer x"})
    assert "x-injected" not in answer.headers and answer.status_code == 401
