"""A Vault to test against: its transit engine and its AppRole login, over a real socket, and all that can be wrong with it."""

from __future__ import annotations

import ssl
import threading
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_bytes
from types import TracebackType
from typing import Any, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from headworks.testing.certificates import Certificate

TOKEN, ROLE, ROLE_SECRET = "hvs.a-token-of-tests", "role-of-tests", "secret-id-of-tests"
NAMES = {"VAULT_TOKEN": TOKEN}


class Refusal(Exception):
    """An answer that is none: status, and Vault's words."""

    def __init__(self, status: int, words: str) -> None:
        self.status = status
        self.words = words


@dataclass
class Engine:
    """What it keeps: one key called `headworks`, in versions."""

    versions: list[bytes] = field(default_factory=lambda: [AESGCM.generate_key(256)])
    oldest: int = 1
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    sealed: bool = False
    denied: bool = False
    answer: tuple[int, bytes] | None = None
    """Instead of what is asked for."""
    silent: threading.Event | None = None
    """It says nothing until this is set."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list[tuple[str, dict[str, str]]])
    """Paths and headers."""

    def act(self, path: str, headers: dict[str, str], body: dict[str, str]) -> dict[str, Any]:
        """Do it. Raises `Refusal`."""
        if self.sealed:
            raise Refusal(503, "Vault is sealed")
        if path == "/v1/auth/approle/login":
            return self._logged_in(body)
        if headers.get("x-vault-token") not in self.tokens:
            raise Refusal(403, "permission denied")
        if self.denied:
            raise Refusal(403, "1 error occurred:\n\t* permission denied\n\n")
        mount, _, rest = path.removeprefix("/v1/").partition("/")
        act, _, name = rest.partition("/")
        if mount != "transit":
            raise Refusal(404, "no handler for route")
        if name != "headworks":
            raise Refusal(400, "encryption key not found")
        return {"data": {"encrypt": self._encrypted, "decrypt": self._decrypted}[act](body)}

    def _logged_in(self, body: dict[str, str]) -> dict[str, Any]:
        if body != {"role_id": ROLE, "secret_id": ROLE_SECRET}:
            raise Refusal(400, "invalid role or secret ID")
        token = f"hvs.{len(self.asked)}"
        self.tokens.add(token)
        return {"auth": {"client_token": token, "lease_duration": 60}}

    def _encrypted(self, body: dict[str, str]) -> dict[str, Any]:
        nonce, version = token_bytes(12), len(self.versions)
        hidden = AESGCM(self.versions[-1]).encrypt(nonce, b64decode(body["plaintext"]), b64decode(body["associated_data"]))
        return {"ciphertext": f"vault:v{version}:{b64encode(nonce + hidden).decode()}", "key_version": version}

    def _decrypted(self, body: dict[str, str]) -> dict[str, Any]:
        _, version, text = body["ciphertext"].split(":")
        number, hidden = int(version[1:]), b64decode(text)
        if number < self.oldest:
            raise Refusal(400, "ciphertext or signature version is disallowed by policy (too old)")
        try:
            opened = AESGCM(self.versions[number - 1]).decrypt(hidden[:12], hidden[12:], b64decode(body["associated_data"]))
        except InvalidTag:
            raise Refusal(400, "cipher: message authentication failed") from None
        return {"plaintext": b64encode(opened).decode()}


class _Answering(BaseHTTPRequestHandler):
    """One connection."""

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, FakeVault)
        engine = server.engine
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = msgspec.json.decode(self.rfile.read(int(headers["content-length"])))
        engine.asked.append((self.path, headers))
        if engine.silent is not None:
            engine.silent.wait(30)
            return
        try:
            status, told = engine.answer or (200, msgspec.json.encode(engine.act(self.path, headers, body)))
        except Refusal as refusal:
            status, told = refusal.status, msgspec.json.encode({"errors": [refusal.words]})
        self.send_response(status)
        self.send_header("location", "https://elsewhere.example/")
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        """Quietly."""


class FakeVault(ThreadingHTTPServer):
    """Up within a `with`."""

    daemon_threads = True

    def __init__(self, certificate: Certificate | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.engine = Engine()
        self.url = f"http{'s' * (certificate is not None)}://127.0.0.1:{self.server_port}"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.cert, certificate.key)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that do not trust it hang up: nothing to tell."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.engine.silent is not None:
            self.engine.silent.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
