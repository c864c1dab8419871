"""A small OpenID provider over real HTTP, honest unless told otherwise: each knob is one thing that a bad one, or somebody in between, does."""

from __future__ import annotations

import hashlib
import hmac
import threading
from base64 import b64decode, urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import msgspec
from joserfc.jwk import ECKey, Key

from tests.identity.issuers import elliptic, signed

CLIENT, SECRET = "console", "of the client"
GOOD = {"sub": "u-1", "email": "ann@example.com", "groups": ["platform-admins"]}


class Provider:
    """`person` is who signs in; what is asked of it is in `asked`, what its token endpoint was sent in `redeemed`."""

    def __init__(self, now: int) -> None:
        """`now`: seconds since the epoch, as the control plane's clock says."""
        self.now = now
        self.person: dict[str, Any] = dict(GOOD)
        self.changes: dict[str, Any] = {}
        """Of the ID token; None leaves a claim out."""
        self.key: Key = elliptic(90)
        """What it signs with: `published` is what it says that it signs with."""
        self.published: ECKey = elliptic(90)
        self.algorithm = ""
        self.says_it_is = ""
        self.sends_iss = True
        self.iss_sent = ""
        self.methods = ["client_secret_basic"]
        self.secret = SECRET
        """Empty: we are a public client there."""
        self.checks_pkce = True
        self.endpoints: dict[str, str] = {}
        self.left_out: list[str] = []
        self.down = False
        self.fetched: list[str] = []
        """Addresses of documents."""
        self.asked: list[dict[str, str]] = []
        self.redeemed: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def discovery(self) -> dict[str, Any]:
        told = {
            "issuer": self.says_it_is or self.url,
            "authorization_endpoint": f"{self.url}/authorise",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": self.methods,
            "authorization_response_iss_parameter_supported": self.sends_iss,
            **self.endpoints,
        }
        return {name: value for name, value in told.items() if name not in self.left_out}

    def authorise(self, query: dict[str, str]) -> str:
        """Somebody signs in there; answers where their browser is sent."""
        self.asked.append(query)
        code = f"code-{len(self.asked)}"
        self._codes[code] = query
        sent = {"code": code, "state": query["state"]} | ({"iss": self.iss_sent or self.url} if self.sends_iss else {})
        return f"{query['redirect_uri']}?{urlencode(sent)}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, str]]:
        self.redeemed.append(form)
        asked = self._codes.pop(form.get("code", ""), None)
        challenge = _encoded(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        wrong = asked is None or form.get("redirect_uri") != asked["redirect_uri"] or not self._knows(form, authorization)
        if asked is None or wrong or (self.checks_pkce and asked.get("code_challenge") != challenge):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def _knows(self, form: dict[str, str], authorization: str) -> bool:
        if not self.secret:
            return not authorization and form.get("client_id") == CLIENT and "client_secret" not in form
        if "client_secret_basic" in self.methods:
            user, _, secret = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            return (unquote(user), unquote(secret)) == (CLIENT, self.secret)
        return form.get("client_secret") == self.secret

    def id_token(self, nonce: str) -> str:
        return self.signed(**{"aud": CLIENT, "nonce": nonce, **self.person, **self.changes})

    def signed(self, **claims: Any) -> str:
        """A token of five minutes."""
        told = {"iss": self.url, "iat": self.now, "exp": self.now + 300, **claims}
        told = {name: value for name, value in told.items() if value is not None}
        if self.algorithm in {"none", "HS256"}:
            unsigned = ".".join(_encoded(msgspec.json.encode(part)) for part in ({"alg": self.algorithm, "kid": "k1"}, told))
            secret = self.published.as_pem(private=False)  # anybody has it, so anybody can sign like this
            seal = hmac.digest(secret, unsigned.encode(), "sha256") if self.algorithm == "HS256" else b""
            return f"{unsigned}.{_encoded(seal)}"
        return signed(told, self.key, "k1", self.algorithm).decode()


def _encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def _handler_of(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path != "/authorise":
                provider.fetched.append(parts.path)
            match parts.path:
                case "/.well-known/openid-configuration" if not provider.down:
                    self.answer(200, provider.discovery())
                case "/keys" if not provider.down:
                    self.answer(200, {"keys": [{**provider.published.as_dict(private=False), "kid": "k1", "use": "sig"}]})
                case "/authorise":
                    self.send_response(302)
                    self.send_header("location", provider.authorise(query))
                    self.end_headers()
                case _:
                    self.answer(503 if provider.down else 404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.answer(*provider.token(form, self.headers.get("authorization", "")))

        def answer(self, status: int, told: object) -> None:
            body = msgspec.json.encode(told)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Says nothing."""

    return Handler
