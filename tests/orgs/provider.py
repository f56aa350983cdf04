"""A small OpenID Connect provider on loopback: the third party sign-in is tested against. It answers wrongly where a test says so."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "yishu", "机密:与 特殊%字符"


class OidcProvider:
    """Runs until ``stop``. ``sign_in(url)`` plays the person's browser there and returns what comes back in the address."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.username: Any = "jingban"
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.description: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.asked: dict[str, dict[str, str]] = {}
        self.last: dict[str, str] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "one", **header})

    def sign_in(self, url: str) -> dict[str, str]:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.asked)}"
        self.asked[code] = self.last = asked
        return {"code": code, "state": asked["state"]}

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        } | self.description

    def keys(self) -> dict[str, Any]:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**key, "kid": "one", "use": "sig", "alg": "RS256"}]}

    def token(self, form: dict[str, str], login: str) -> dict[str, Any] | None:
        asked = self.asked.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        name, _, secret = base64.b64decode(login.removeprefix("Basic ")).decode().partition(":")
        known = unquote(name) == CLIENT and unquote(secret.replace("+", " ")) == SECRET
        if not asked or not known or challenge.rstrip(b"=").decode() != asked["code_challenge"]:
            return None
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "42", "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= {"preferred_username": self.username, "auth_time": now}
        claims |= self.claims
        token = self.sign({name: value for name, value in claims.items() if value is not None})
        return {"access_token": "access", "token_type": "Bearer", "id_token": token}


def _handler(provider: OidcProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

        def _answer(self, body: Any, status: int = 200) -> None:
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self) -> None:
            answers = {
                "/.well-known/openid-configuration": provider.described,
                "/keys": provider.keys,
                "/userinfo": lambda: provider.userinfo,
            }
            self._answer(answers[self.path]())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            found = provider.token({n: v[0] for n, v in form.items()}, self.headers.get("Authorization", ""))
            self._answer(found or {"error": "invalid_grant"}, 200 if found else 400)

    return Handler
