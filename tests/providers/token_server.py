"""A server that gives credentials, on a real socket: what it answers is up to the test."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec


class Asked(msgspec.Struct, frozen=True):
    method: str
    path: str
    headers: dict[str, str]
    body: str


class Wire(msgspec.Struct, frozen=True):
    """An answer as it goes over the wire. `rest`, where there is more, waits until it may be sent."""

    data: bytes
    headers: dict[str, str]
    rest: Callable[[], bytes] | None = None


Answer = Callable[[Asked], tuple[int, object]]
"""A request → status, and JSON, text, or an answer as it goes over the wire."""


def _wire(said: object) -> Wire:
    if isinstance(said, Wire):
        return said
    if not isinstance(said, str):
        return Wire(msgspec.json.encode(said), {"content-type": "application/json"})
    return Wire(said.encode(), {"content-type": "text/xml" if said.startswith("<") else "text/plain"})


class TokenServer:
    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.answer = answer
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                outer.asked.append(asked)
                status, said = outer.answer(asked)
                wire = _wire(said)
                self.send_response(status)
                length = {"content-length": str(len(wire.data))} if wire.rest is None else {}
                for name, value in {**wire.headers, **length}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(wire.data)
                if wire.rest is not None:
                    self.wfile.write(wire.rest())

            do_POST = do_PUT = do_GET  # noqa: N815 - the names that the library looks for

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library calls it
                """Nothing: the test looks at `asked`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Generator[TokenServer]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
